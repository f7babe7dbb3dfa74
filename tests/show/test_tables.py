import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from a2bench.assets.extras import install_line, neutral_line
from a2bench.base.text import csv_text, number_text, shown_text
from a2bench.model.records import RunManifest, SampleRecord, ScoreRecord, SuiteIdentity, VideoFile
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.results.metric_facts import metric_facts
from a2bench.results.metric_rows import MetricRow, Reason
from a2bench.results.run import Run
from a2bench.results.summary import Summary
from a2bench.results.validity_file import Standing
from a2bench.run.store import RunStore
from a2bench.show.files import write_tables
from a2bench.show.tables import grouped_reasons as grouped_reasons
from a2bench.show.tables import table_text

TIME = "2026-01-01T00:00:00Z"


def make_store(folder: Path, seeds: tuple[int, ...] = (0,), cases: tuple[str, ...] = ("b", "a", "c")) -> RunStore:
    store = RunStore(folder)
    folder.mkdir(parents=True)
    store.write_manifest(
        RunManifest(
            system=ModelMeta(name="mine", revision="1"),
            adapter="folder",
            options={},
            settings=GenerationSettings(),
            suite=SuiteIdentity(name="tiny", path="tiny", revision="0", cases=cases),
            seeds=seeds,
            metrics=("similarity",),
            created=TIME,
            updated=TIME,
        )
    )
    return store


def add_sample(store: RunStore, case: str, seed: int = 0, video: str | None = "v", **more: Any) -> None:
    identity = {"settings": GenerationSettings().model_dump(mode="json")}
    file = (
        VideoFile(file="x", sha256=video, bytes=1, mtime_ns=0, width=2, height=2, num_frames=2, fps="1")
        if video
        else None
    )
    record = {"key": "k", "identity": identity, "case": case, "seed": seed, "seconds": 0, "finished": TIME, **more}
    store.record_sample(SampleRecord(status="done" if video else "failed", video=file, **record))


def add_score(store: RunStore, case: str, value: float | None, seed: int = 0, video: str = "v", **more: Any) -> None:
    record = {"status": "unscored" if value is None else "scored", "reason": "dark" if value is None else None, **more}
    store.record_scores(
        [
            ScoreRecord(
                key="k", identity={}, case=case, seed=seed, metric="similarity", video_sha256=video, value=value,
                seconds=0, finished=TIME, **record,
            )
        ]
    )  # fmt: skip


def element(value: float | None, presence: float | None = None) -> dict[str, Any]:
    return {"value": value, "reason": "no face" if value is None else None, "presence": presence, "per_frame": []}


def test_every_planned_sample_is_counted_once(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run", seeds=(0, 1))
    for case in "abc":
        add_sample(store, case)
    add_sample(store, "a", seed=1, video=None, error="no power")
    add_score(store, "a", 0.5)
    add_score(store, "b", None)
    add_score(store, "c", None, status="failed", reason="ValueError")
    row = Run(store).metric("similarity").document()
    counts = {key: row[key] for key in ("scored", "unscored", "failed", "missing", "total", "coverage")}
    assert counts == {"scored": 1, "unscored": 1, "failed": 1, "missing": 3, "total": 6, "coverage": 1 / 6}
    assert row["mean"] == 0.5 and row["stderr"] is None
    assert {"status": "missing", "reason": "no video: no power", "count": 1} in row["reasons"]
    assert {"status": "unscored", "reason": "dark", "count": 1} in row["reasons"]


def test_scores_of_an_earlier_video_do_not_count(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    add_sample(store, "a", video="old")
    add_score(store, "a", 0.9, video="old")
    add_sample(store, "a", video="new")
    row = Run(store).metric("similarity").document()
    assert row["scored"] == 0 and row["missing"] == 3


def test_samples_outside_the_plan_or_with_other_settings_do_not_count(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    for case, seed in (("z", 0), ("a", 7)):
        add_sample(store, case, seed)
        add_score(store, case, 0.9, seed)
    add_sample(store, "b", identity={"settings": GenerationSettings(width=64).model_dump(mode="json")})
    add_score(store, "b", 0.9)
    row = Run(store).metric("similarity").document()
    assert row["scored"] == 0 and row["total"] == 3


def test_table_says_at_a_glance_which_elements_are_lost(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    for case in "abc":
        add_sample(store, case)
    add_score(store, "a", 0.4, detail={"per_element": {"object": element(0.0, 0.0), "character": element(0.8, 1.0)}})
    add_score(store, "b", 0.7, detail={"per_element": {"character": element(0.6, 1.0), "character-2": element(None)}})
    row = Run(store).metric("similarity").document()
    assert list(row["roles"]) == ["character", "object"]
    assert row["roles"]["object"]["lost"] == 1 and row["roles"]["character"]["lost"] == 0
    none = {"stderr": None, "low": None, "high": None}
    assert row["roles"]["character"] | none == none | {
        "mean": pytest.approx(0.7), "scored": 2, "unscored": 1, "total": 3, "lost": 0
    }  # fmt: skip
    assert row["lost"] == [{"case": "a", "seed": 0, "element": "object"}]
    assert row["element_reasons"] == [{"role": "character", "reason": "no face", "count": 1}]
    text = table_text([Run(store).metric("similarity")])
    assert "0.000 (1 of 1 lost)" in text
    assert "lost by similarity: a object" in text
    assert f"0.550 [{number_text(row['low'])}, {number_text(row['high'])}]  2/3" in text
    half = stats.t.ppf(0.975, 1) * 0.15  # its range is not known here
    assert (row["low"], row["high"]) == pytest.approx((0.55 - half, 0.55 + half))


def test_columns_of_the_terminal_table_are_aligned(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    add_sample(store, "a")
    add_score(store, "a", 123.4)
    head, line, *_ = table_text(
        [Run(store).metric(name) for name in ("similarity", "another_longer_metric")]
    ).splitlines()
    assert head.index("scored") == line.index("1/3")


def test_tables_hold_no_times_and_no_places(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    add_sample(store, "a")
    add_score(store, "a", None, reason=f"cannot open {tmp_path}/cache/model.bin")
    text = "".join(
        path.read_text() for path in write_tables({"mine": Run(store)}, ("similarity",), tmp_path / "tables")
    )
    assert str(tmp_path) not in text and "2026" not in text
    assert "cannot open …/cache/model.bin" in text


def test_scores_stand_in_suite_order_with_their_elements(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run", seeds=(1, 0))
    for case in "abc":
        add_sample(store, case)
    details = {
        "background": element(0.1),
        "character-2": element(0.2),
        "character": element(0.25),
        "object": element(0.3),
    }
    add_score(store, "a", 1 / 3, detail={"per_element": details})
    write_tables({"mine": Run(store)}, ("similarity",), tmp_path / "tables")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "tables" / "scores.csv").read_text())))
    assert [(row["case"], row["seed"]) for row in rows if not row["element"]] == [
        ("b", "1"), ("b", "0"), ("a", "1"), ("a", "0"), ("c", "1"), ("c", "0")
    ]  # fmt: skip
    assert [row["element"] for row in rows if row["element"]] == ["character", "character-2", "object", "background"]
    assert next(row for row in rows if row["status"] == "scored")["value"] == repr(1 / 3)
    assert rows[0]["status"] == "missing" and rows[0]["reason"] == "not made yet"


def test_csv_cells_that_look_like_formulas_are_neutralised() -> None:
    text = csv_text([["=1+1", "+a", "-b", "@c", "\tx", "plain", -0.5, None, 'a "quote", here']])
    assert text == '\'=1+1,\'+a,\'-b,\'@c,\'\tx,plain,-0.5,,"a ""quote"", here"\n'


def test_markdown_cells_cannot_break_the_table(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    write_tables({"a|b <img>\n": Run(store)}, ("similarity",), tmp_path / "tables")
    assert r"## a\|b &lt;img&gt;" in (tmp_path / "tables" / "summary.md").read_text()


def test_json_holds_the_same_numbers_as_the_table(tmp_path: Path) -> None:
    store = make_store(tmp_path / "run")
    add_sample(store, "a")
    add_score(store, "a", 0.1 + 0.2)
    write_tables({"mine": Run(store)}, ("similarity",), tmp_path / "tables")
    document = json.loads((tmp_path / "tables" / "summary.json").read_text())
    assert document["runs"][0]["metrics"] == [Run(store).metric("similarity").document()]
    assert document["runs"][0]["samples"] == {"total": 3, "done": 1, "failed": 0, "missing": 2}


def test_addresses_and_relative_paths_are_left_as_they_are() -> None:
    for text in ("see https://example.org/a/b/c", "in runs/one/videos/a.mp4", "a ratio of 3/4/5"):
        assert shown_text(text) == text


def test_what_is_typed_for_a_missing_package_is_what_works_for_this_copy() -> None:
    """Records are read on other machines and hold the neutral line; a terminal shows the one for this installation."""
    needs = f"needs the package 'transformers'; type `{neutral_line('text')}`"
    reasons = (Reason("unscored", needs, 2),)
    summary = Summary(None, None, 2, 0, 2)
    standing = Standing("not checked", "nobody did")
    row = MetricRow(metric_facts("text_alignment"), summary, {}, standing, (), reasons, (), ())
    (line,) = grouped_reasons([row])
    assert line == f"text_alignment: 2 unscored: needs the package 'transformers'; type `{install_line('text')}`"
