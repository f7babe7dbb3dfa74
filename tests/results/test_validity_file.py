"""A mark belongs to one version of a metric, its back-end, its expectations and the controls: it is not kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from a2bench.cli.validity_text import verdict_counts, verdict_table
from a2bench.errors import InputError
from a2bench.model.scores import Expectation, MetricInfo
from a2bench.results.metric_facts import MetricVersion
from a2bench.results.validity import Verdict
from a2bench.results.validity_clips import ClipsRow
from a2bench.results.validity_file import (
    ValidityFile,
    checked_metric,
    read_validity,
    shipped_validity,
    standing,
    write_validity,
)

LOW = Expectation("better than noise", "difference", "collage", "noise", low=0.1)
INFO = MetricInfo("thing", 2, "Thing", "quality", (0, 1), "higher", (), "pixels", expectations=(LOW,))
ROW = MetricVersion("thing", 2, "pixels")


def file_with(*verdicts: Verdict, info: MetricInfo = INFO, revision: str | None = None) -> ValidityFile:
    from a2bench.adapters.controls import Collage

    return ValidityFile(
        suite="tiny", suite_revision="0", cases=8, settings={}, date="2026-01-01", a2bench="0.1.0",
        controls=dict.fromkeys(("collage", "noise"), revision or Collage.meta.revision),
        metrics=(checked_metric(info, verdicts, {"collage": 0.9, "noise": None}),),
    )  # fmt: skip


MET = Verdict("thing", LOW, 0.3, (0.2, 0.4), 8)
BROKEN = Verdict("thing", LOW, 0.1, (0.0, 0.2), 8)
OPEN = Verdict("thing", LOW, None, None, 0)


@pytest.mark.parametrize(
    ("verdict", "state"), [(MET, "valid"), (BROKEN, "fails"), (OPEN, "not checked")], ids=["met", "broken", "open"]
)
def test_a_metric_is_marked_by_its_verdicts(verdict: Verdict, state: str) -> None:
    found = standing(ROW, [file_with(verdict)], INFO.expectations)
    assert found.state == state
    assert {"valid": "met all 1 expectations on 8 cases of tiny", "fails": "better than noise"}.get(
        state, "it measured nothing when the controls were run (better than noise)"
    ) == found.reason


def test_a_metric_that_orders_the_controls_but_not_real_clips_fails() -> None:
    row = ClipsRow(metric="thing", category="object", share=0.9, interval=(0.8, 1.0), clips=8, pairs=20)
    seen = file_with(MET).model_copy(update={"real_clips": (row,)})
    assert standing(ROW, [seen], None).reason.endswith("on 8 cases of tiny, and on real clips for objects")
    chance = row.model_copy(update={"share": 0.6, "interval": (0.4, 0.8)})
    failing = standing(ROW, [seen.model_copy(update={"real_clips": (row, chance)})], None)
    assert (failing.state, failing.reason) == ("fails", "objects that a real clip shows are above others")
    few = chance.model_copy(update={"interval": None})
    assert standing(ROW, [seen.model_copy(update={"real_clips": (few,)})], None).state == "valid"


def test_an_infinite_ratio_counts_as_broken_and_not_as_unchecked(tmp_path: Path) -> None:
    ratio = Expectation("as good as noise", "ratio", "collage", "noise", low=0.9, high=1.1)
    infinite = Verdict("thing", ratio, float("inf"), (1.0, float("inf")), 8)
    write_validity(tmp_path / "v.json", file_with(infinite))
    assert standing(ROW, [read_validity(tmp_path / "v.json")], (ratio,)).state == "fails"


@pytest.mark.parametrize(
    ("row", "expectations", "revision", "reason"),
    [
        (ROW._replace(version=3), (LOW,), None, "checked with version 2, scored with 3"),
        (ROW._replace(version="1, 2"), (LOW,), None, "checked with version 2, scored with 1, 2"),
        (ROW._replace(backend="other"), (LOW,), None, "checked with backend pixels, scored with other"),
        (ROW, (replace(LOW, low=0.2),), None, "its expectations have changed since it was checked"),
        (ROW, (LOW,), "0", "the control 'collage' has changed since it was checked"),
        (ROW._replace(name="another"), (LOW,), None, "the controls were never run with it"),
    ],
)
def test_what_changed_since_makes_a_metric_unchecked(
    row: MetricVersion, expectations: tuple[Expectation, ...], revision: str | None, reason: str
) -> None:
    found = standing(row, [file_with(MET, revision=revision)], expectations)
    assert found.state == "not checked" and found.reason.startswith(reason)


def test_ones_own_file_comes_before_the_shipped_one_but_only_for_what_it_checked() -> None:
    older = file_with(BROKEN, info=replace(INFO, version=1))
    assert standing(ROW, [older, file_with(MET)], INFO.expectations).state == "valid"
    assert standing(ROW, [file_with(BROKEN), file_with(MET)], INFO.expectations).state == "fails"


def test_a_metric_that_is_not_installed_here_is_marked_by_what_the_file_says() -> None:
    assert standing(ROW, [file_with(MET)], None).state == "valid"


def test_a_metric_without_expectations_is_not_checked() -> None:
    info = replace(INFO, expectations=())
    assert standing(ROW, [file_with(info=info)], ()).reason == "it says nothing of how it must order the controls"


def test_a_file_comes_back_as_it_was_written_and_another_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "v.json"
    write_validity(path, file_with(MET))
    assert read_validity(path) == file_with(MET)
    path.write_text('{"suite": 3}')
    with pytest.raises(InputError, match="is no result of `a2bench metrics validate`: suite"):
        read_validity(path)
    with pytest.raises(InputError, match="no such file"):
        read_validity(tmp_path / "nothing")


def test_a_verdict_on_fewer_than_six_cases_is_not_checked_though_its_file_says_met_or_fails() -> None:
    for few in (replace(MET, num_cases=5), replace(BROKEN, num_cases=1)):
        found = standing(ROW, [file_with(few)], INFO.expectations)
        assert found.state == "not checked"
        assert found.reason == f"too few cases ({few.num_cases} of 6): better than noise"
    assert standing(ROW, [file_with(replace(MET, num_cases=6))], INFO.expectations).state == "valid"


def test_real_clips_say_nothing_below_six_of_them() -> None:
    row = ClipsRow(metric="thing", category="object", share=0.1, interval=(0.0, 0.3), clips=5, pairs=20)
    assert row.state == "not checked" and row.model_copy(update={"clips": 6}).state == "fails"
    assert standing(ROW, [file_with(MET).model_copy(update={"real_clips": (row,)})], None).state == "valid"


def test_the_shipped_verdicts_on_too_few_cases_are_those_of_the_pose() -> None:
    file = shipped_validity()
    assert file is not None
    few = [m.name for m in file.metrics if any(0 < e.cases < 6 for e in m.expectations)]
    assert few == ["pose_copy"]
    pose = next(m for m in file.metrics if m.name == "pose_copy")
    row = MetricVersion(pose.name, pose.version, pose.backend)
    assert standing(row, [file], None).reason == "too few cases (3 of 6): a collage copies the pose"


def test_the_page_of_verdicts_says_what_the_shipped_file_says() -> None:
    file, page = shipped_validity(), Path(__file__).parents[2] / "docs/validity.md"
    assert file is not None
    text = page.read_text(encoding="utf-8")
    assert verdict_counts(file) in text and "\n".join(verdict_table(file)) in text
