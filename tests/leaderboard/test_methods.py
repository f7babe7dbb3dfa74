"""The page of methods and the changelog behind it."""

import pytest

from a2bench.base import registry
from a2bench.base.changes import Kind, changes
from a2bench.base.data import data_dir
from a2bench.results.dimensions import VERSION as SUMMARY
from a2bench.statistics import VERSION as STATISTICS
from a2bench.suites.header import read_header
from a2bench_leaderboard.board.pages.methods import card_sections


def versions(kind: Kind, name: str) -> list[int | str]:
    return [change.version for change in changes() if (change.kind, change.name) == (kind, name)]


def current_versions() -> list[tuple[Kind, str, int]]:
    kinds: tuple[tuple[Kind, dict[str, str]], ...] = (
        ("metric", registry.paths("metric")), ("feature", registry.paths("feature")),
    )  # fmt: skip
    found: list[tuple[Kind, str, int]] = [
        (kind, name, registry.load(kind, name).info.version)  # type: ignore[arg-type]
        for kind, names in kinds
        for name, path in names.items()
        if path.startswith("a2bench_metrics")
    ]
    return [*found, ("summary", "summary", SUMMARY), ("statistics", "statistics", STATISTICS)]


def test_every_version_above_the_first_is_explained_and_no_other() -> None:
    current = current_versions()
    for kind, name, version in current:
        assert versions(kind, name) == list(range(2, version + 1)), f"a2bench/base/changes.json: {kind} {name}"
    for suite in ("a2bench-mini", "a2bench-v1"):
        header = read_header(data_dir("prompts") / f"{suite}.jsonl")
        assert header is not None
        assert versions("suite", suite) == [release.version for release in header.releases[1:]], suite
    known = {(kind, name) for kind, name, _ in current} | {("suite", "a2bench-mini"), ("suite", "a2bench-v1")}
    assert {(change.kind, change.name) for change in changes()} <= known


def test_changes_say_when_and_what_it_means() -> None:
    for change in changes():
        assert change.what.endswith(".") and change.comparable.endswith("."), change
        assert len(change.date.split("-")) == 3, change


@pytest.mark.parametrize(
    "hostile", ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "![x](https://a.b/c.png)"]
)
def test_a_card_cannot_bring_in_code_pictures_or_other_links(hostile: str) -> None:
    card = f"# m\n\nWhat {hostile}\n\n## Source\n"
    card += "[a](javascript:alert(1)) [b](../x.md) [c](https://c.org) arXiv:2501.01590\n"
    (_, what), (title, source) = card_sections(card)
    assert "<img" not in what and "<script" not in what and title == "Source"
    assert 'href="javascript' not in source and "../x.md" not in source and "b" in source
    assert source.count("<a ") == 2 and 'href="https://arxiv.org/abs/2501.01590"' in source
