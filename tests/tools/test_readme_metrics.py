"""The README's table of metrics is what the metrics say of themselves."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import readme_metrics  # noqa: E402


@pytest.fixture(autouse=True)
def a_judge_is_chosen_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README is the same on every machine; what the table drops comes back after each test."""
    monkeypatch.setenv("A2BENCH_JUDGE_URL", "http://localhost/v1")
    monkeypatch.setenv("A2BENCH_JUDGE_MODEL", "a-judge")


def cells_of_the_readme() -> dict[str, list[str]]:
    """Name of a metric, with its star, to the other cells of its row."""
    text = readme_metrics.README.read_text(encoding="utf-8")
    table = text.partition(readme_metrics.BEGIN)[2].partition(readme_metrics.END)[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.strip().splitlines()]
    assert rows[0] == ["metric", "what", "range", "better", "by"]
    return {row[0]: row[1:] for row in rows[2:]}


def test_the_readme_says_of_every_metric_what_the_metric_says() -> None:
    infos = readme_metrics.built_in_metrics()
    rows = cells_of_the_readme()
    assert list(rows) == [f"`{info.name}`" + " *" * (not info.default) for info in infos]
    for info, (what, _, better, by) in zip(infos, rows.values(), strict=True):
        assert what.startswith(f"{info.title}. ") and what.endswith("?"), info.name
        assert better == {"higher": "higher", "lower": "lower", "none": "neither"}[info.direction], info.name
        assert by == info.backend, info.name


def test_make_docs_would_change_nothing() -> None:
    readme = readme_metrics.README.read_text(encoding="utf-8")
    assert readme_metrics.with_table(readme, readme_metrics.table(readme_metrics.built_in_metrics())) == readme


def test_a_metric_that_changes_its_networks_changes_the_table() -> None:
    infos = readme_metrics.built_in_metrics()
    changed = [replace(infos[0], backend="other eyes", direction="lower", default=False), *infos[1:]]
    first = readme_metrics.table(changed).splitlines()[2]
    assert first.startswith("| `identity_similarity` * |") and first.endswith("| lower | other eyes |")


@pytest.mark.parametrize(
    ("ends", "unit", "text"),
    [
        ((0, 1), "", "0 to 1"),
        ((0, None), "grey levels", "from 0 (grey levels)"),
        ((None, 5), "", "up to 5"),
        ((None, None), "", "no bounds"),
    ],
)
def test_a_range_is_said_in_words(ends: tuple[float | None, float | None], unit: str, text: str) -> None:
    info = replace(readme_metrics.built_in_metrics()[0], range=ends, unit=unit)
    assert readme_metrics.range_text(info) == text


def test_only_what_stands_between_the_comments_is_written_anew() -> None:
    begin, end = readme_metrics.BEGIN, readme_metrics.END
    assert readme_metrics.with_table(f"a\n{begin}old\n{end}b\n", "new\n") == f"a\n{begin}\nnew\n\n{end}b\n"
    with pytest.raises(ValueError, match="lacks the two comments"):
        readme_metrics.with_table(f"a\n{begin}old\n", "new\n")


def test_what_a_metric_asks_is_the_first_sentence_of_its_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert readme_metrics.question("niqe") == "Do the frames have the statistics of natural photographs?"
    cards = tmp_path / "metrics/cards"
    cards.mkdir(parents=True)
    monkeypatch.setattr(readme_metrics, "ROOT", tmp_path)
    for text in ("# new\n\nIt measures much.\n", "# new\n\nIt measures much.\n\n## But what?\n", "# other\n\nWhat?\n"):
        (cards / "new.md").write_text(text)
        with pytest.raises(ValueError, match="metrics/cards/new.md does not open with a question"):
            readme_metrics.question("new")
