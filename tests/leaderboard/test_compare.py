import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.errors import InputError, UnknownNameError
from a2bench.model.cases import load_suite
from a2bench.results.run import Run
from a2bench.results.validity_file import Standing
from a2bench.run.store import RunStore
from a2bench.show.report.data import paired_difference
from a2bench_leaderboard.columns import read_scores
from a2bench_leaderboard.compare import cannot_fail, compare
from tests.results.test_totals import GOOD, make_run

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from demo_run import Demo, write_demo_run  # noqa: E402

MINI = load_suite("a2bench-mini")


def demo(folder: Path, limit: int | None = None, **facts: Any) -> Path:
    cases = tuple(case.id for case in MINI.cases[:limit])
    return write_demo_run(folder, Demo(shared_video=True, flaws=0.0, **facts), MINI, cases)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return {
        "good": demo(folder / "good"),
        "bad": demo(folder / "bad", system="beta", quality=0.3),
        "short": demo(folder / "short", system="beta", limit=3),
        "small": demo(folder / "small", system="beta", width=64),
        "failing": demo(folder / "failing", failed=(MINI.cases[0].id,)),
    }


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(cli, ["compare", *map(str, arguments)])


def gate(first: Path, other: Path) -> Any:
    """With the value that becomes the exit code."""
    return CliRunner().invoke(cli, ["compare", str(first), str(other), "--fail-on-regression"], standalone_mode=False)


def rows_of(result: Any) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(result.stdout)["rows"]}


def test_a_worse_run_is_told_in_numbers_and_fails_only_when_asked_to(runs: dict[str, Path]) -> None:
    result = run(runs["good"], runs["bad"])
    assert result.exit_code == 0 and "text_alignment is worse, most of all in" in result.stdout
    failed = gate(runs["good"], runs["bad"])
    assert failed.return_value == 1 and "clearly worse in" in failed.stderr
    better = gate(runs["bad"], runs["good"])
    assert better.return_value == 0 and not better.stderr


def test_the_differences_are_those_of_the_report(runs: dict[str, Path]) -> None:
    rows = rows_of(run(runs["good"], runs["bad"], "--json"))
    stores = [Run.open(runs[name]) for name in ("good", "bad")]
    for metric in ("identity_similarity", "text_alignment"):
        expected = paired_difference(*stores, metric)
        assert expected is not None and rows[metric]["difference"] == pytest.approx(expected["mean"], rel=1e-12)
        assert rows[metric]["samples"] == expected["pairs"] == len(rows[metric]["by_case"])
        assert rows[metric]["interval"][0] < rows[metric]["difference"] < rows[metric]["interval"][1]
        assert rows[metric]["other"] - rows[metric]["first"] == pytest.approx(rows[metric]["difference"], rel=1e-9)
    assert rows["text_alignment"]["verdict"] == "worse" and rows["text_alignment"]["losses"] == len(MINI.cases)
    assert rows["motion_amount"]["verdict"] == "differs"  # neither more nor less motion is better
    assert rows["summary:headline"]["verdict"] == "not tested"
    assert rows["summary:headline"]["difference"] is None


def test_equal_runs_have_no_clear_difference(runs: dict[str, Path], tmp_path: Path) -> None:
    twin = demo(tmp_path / "twin", system="gamma")
    document = json.loads(run(runs["good"], twin, "--json").stdout)
    assert document["regressions"] == [] and document["lost_values"] == {}
    assert {row["verdict"] for row in document["rows"]} <= {"no clear difference", "not tested"}


def test_a_video_that_failed_counts_as_a_regression(runs: dict[str, Path]) -> None:
    result = gate(runs["good"], runs["failing"])
    assert result.return_value == 1 and "values are missing in" in result.stderr


def test_a_metric_that_fails_its_validity_check_fails_no_build(runs: dict[str, Path]) -> None:
    """It is shown with its mark and its verdict; but by the controls, its worse need not be worse."""
    scores = [read_scores(name, Run.open(runs[name])) for name in ("good", "bad")]
    before = compare(*scores, ["text_alignment", "identity_similarity"])
    assert set(before["regressions"]) == {"text_alignment", "identity_similarity"}
    for one in scores:
        column = one.columns["text_alignment"]
        one.columns["text_alignment"] = replace(column, validity=Standing("fails", "blur is above collage"))
    after = compare(*scores, ["text_alignment", "identity_similarity"])
    assert {row["name"]: row["verdict"] for row in after["rows"]} == dict.fromkeys(before["regressions"], "worse")
    assert after["regressions"] == ["identity_similarity"]
    alone = compare(*scores, ["text_alignment"])
    assert alone["regressions"] == []
    assert cannot_fail(alone) == "no number that has a better side was measured in both runs"


def test_what_a_metric_that_fails_its_check_does_not_measure_is_no_lost_value(runs: dict[str, Path]) -> None:
    scores = [read_scores(name, Run.open(runs[name])) for name in ("good", "failing")]
    assert "text_alignment" in compare(*scores)["lost_values"]
    column = scores[0].columns["text_alignment"]
    for one in scores:
        one.columns["text_alignment"] = replace(column, validity=Standing("fails", "blur is above collage"))
    lost = compare(*scores)["lost_values"]
    assert lost and "text_alignment" not in lost


def test_so_few_cases_that_nothing_could_fail_are_refused_as_a_gate(runs: dict[str, Path]) -> None:
    result = run(runs["good"], runs["short"], "--fail-on-regression")
    assert isinstance(result.exception, InputError)
    assert "with 3 cases no difference, however large, can be clear" in str(result.exception)


def test_that_nothing_could_be_told_apart_is_said_once(runs: dict[str, Path]) -> None:
    said = "with 3 cases no difference, however large, can be clear"
    result = run(runs["good"], runs["short"])
    assert result.stdout.count(said) == 1 and "too few cases" not in result.stdout
    document = json.loads(run(runs["good"], runs["short"], "--json").stdout)
    assert document["cannot_tell"].startswith(said)
    for row in document["rows"]:  # no advice below what the test needs
        assert row["cases_to_separate"] is None or row["cases_to_separate"] > 5, row["name"]
    whole = run(runs["good"], runs["bad"])
    assert "no difference, however large" not in whole.stdout


def test_fewer_numbers_share_the_error(runs: dict[str, Path]) -> None:
    document = json.loads(run(runs["good"], runs["bad"], "--json", "--metrics", "text_alignment").stdout)
    (row,) = document["rows"]
    assert document["tests"] == 1 and row["p_holm"] == row["p_value"]


def test_every_case_of_a_number_can_be_seen(runs: dict[str, Path]) -> None:
    result = run(runs["good"], runs["bad"], "--cases", "text_alignment")
    assert all(case.id in result.stdout for case in MINI.cases)


def test_other_settings_are_refused_unless_one_says_so(runs: dict[str, Path]) -> None:
    result = run(runs["good"], runs["small"])
    assert isinstance(result.exception, InputError) and "width 96 and 64" in str(result.exception)
    assert run(runs["good"], runs["small"], "--any-settings").exit_code == 0


def test_numbers_that_the_frame_rate_changes_by_itself_say_so_and_so_do_summaries_of_them(tmp_path: Path) -> None:
    scores = []
    for name, smoothness in (("one", 0.99), ("two", 0.95)):
        run = make_run(tmp_path / name, {(case, 0): {**GOOD, "motion_smoothness": smoothness} for case in "abcdefghi"})
        fps = Fraction(16 if name == "one" else 8)
        settings = run.manifest.settings.model_copy(update={"fps": fps})
        run.manifest = run.manifest.model_copy(update={"settings": settings})
        scores.append(read_scores(name, run, ()))
    rows = {
        row["name"]: row
        for row in compare(scores[0], scores[1], ["motion_smoothness", "summary:motion", "summary:headline"])["rows"]
    }
    assert {row["verdict"] for row in rows.values()} == {"worse"}
    assert {row["reason"] for row in rows.values()} == {"the runs differ in fps, which changes it by itself"}
    assert scores[0].columns["summary:quality"].touched_by == ("fps",)  # of temporal_flicker
    assert not scores[0].columns["summary:consistency"].touched_by


def test_another_version_of_a_metric_is_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    new = demo(tmp_path / "new", system="beta")
    store = RunStore(new)
    changed = [
        score.model_copy(update={"identity": {"metric": {"name": score.metric, "version": 2, "backend": "invented"}}})
        for score in store.scores.values()
        if score.metric == "text_alignment"
    ]
    store.record_scores(changed)
    result = run(runs["good"], new)
    assert isinstance(result.exception, InputError) and "measured in two ways (version 1 and 2)" in str(
        result.exception
    )
    assert run(runs["good"], new, "--metrics", "motion_amount").exit_code == 0
    store.record_scores([changed[0].model_copy(update={"identity": {"metric": {"version": 3}}})])
    mixed = run(runs["good"], new)
    assert isinstance(mixed.exception, InputError) and "were made in 2 ways" in str(mixed.exception)


def test_other_suites_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    from tiny_suite import write_suite

    other = write_demo_run(tmp_path / "other", Demo(shared_video=True), write_suite(tmp_path / "suite", "We see"))
    result = run(runs["good"], other)
    assert isinstance(result.exception, InputError) and "different suites" in str(result.exception)


def test_names_that_are_not_there_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    assert isinstance(run(runs["good"], tmp_path).exception, InputError)
    assert isinstance(run(runs["good"], runs["good"]).exception, InputError)
    for option in ("--metrics", "--cases"):
        result = run(runs["good"], runs["bad"], option, "text_alignmnt")
        assert isinstance(result.exception, UnknownNameError) and "'text_alignment'" in str(result.exception)
