"""`metrics template` passes `metrics check`, our own metrics do, and each broken promise is named."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, MetricInfo, Score
from a2bench.validation.metric_conformance import check_metric

HERE = "tests.validation.test_metric_conformance"


def info(**more: object) -> MetricInfo:
    facts = {
        "name": "mine", "version": 1, "title": "Mine", "group": "quality", "range": (0, 1), "direction": "higher",
        "features": (), "backend": "pixels", **more,
    }  # fmt: skip
    return MetricInfo(**facts)  # type: ignore[arg-type]


class Good:
    info = info()

    def score(self, sample: Sample) -> Score:
        return Score(float(sample.video.frames.mean()) / 255)


class Outside(Good):
    info = info(range=(0, 0.1))


class NotFinite(Good):
    def score(self, sample: Sample) -> Score:
        return Score(float("nan"))


class NoJson(Good):
    def score(self, sample: Sample) -> Score:
        return Score(0.5, details={"box": np.zeros(2)})


class Painter(Good):
    def score(self, sample: Sample) -> Score:
        sample.video.frames[:] = 0
        return Score(0.5)


class Counter(Good):
    calls = 0

    def score(self, sample: Sample) -> Score:
        Counter.calls += 1
        return Score(1 / Counter.calls)


class FailsOnBlack(Good):
    def score(self, sample: Sample) -> Score:
        return Score(float(1 / int(sample.video.frames.max())))


class WrongElement(Good):
    def score(self, sample: Sample) -> Score:
        return Score(0.5, per_element={"style": ElementScore(0.5)})


class Undeclared(Good):
    def score(self, sample: Sample) -> Score:
        return Score(float(len(sample.feature("flow"))))


class Nameless(Good):
    info = info(name="My Metric", title="", features=("no_such_feature",))


class ShortCurve(Good):
    def score(self, sample: Sample) -> Score:
        return Score(0.5, frames=(0, 1), per_frame=(0.5,))


@pytest.mark.parametrize(
    ("metric", "check", "said"),
    [
        (Outside, "score", "lies outside of the range"),
        (NotFinite, "score", "NaN or infinity"),
        (NoJson, "score", "cannot be kept as JSON"),
        (Painter, "frames untouched", "it changed the frames"),
        (Counter, "same video, same score", "and then"),
        (FailsOnBlack, "black", "ZeroDivisionError"),
        (WrongElement, "score", "scores the element 'style'"),
        (Undeclared, "score", "which it has not declared"),
        (Nameless, "info", "there is no feature 'no_such_feature'"),
        (ShortCurve, "score", "1 values for 2 frames"),
    ],
)
def test_a_broken_promise_is_named(metric: type, check: str, said: str) -> None:
    failed = {entry.name: entry for entry in check_metric(f"{HERE}:{metric.__name__}") if entry.status == "fail"}
    assert said in failed[check].found and failed[check].advice


def test_a_good_metric_passes_and_is_told_what_it_lacks() -> None:
    checks = list(check_metric(f"{HERE}:Good"))
    assert {check.status for check in checks} == {"pass", "note"}
    assert [check.name for check in checks if check.status == "note"] == ["light import", "expectations"] or [
        check.name for check in checks if check.status == "note"
    ] == ["expectations"]


@pytest.mark.parametrize("name", ["sharpness", "motion_amount", "niqe", "temporal_flicker"])
def test_metrics_of_ours_pass(name: str) -> None:
    assert [check for check in check_metric(name) if check.status == "fail"] == []


def test_the_template_passes_its_own_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = CliRunner().invoke(cli, ["metrics", "template"], catch_exceptions=False)
    (tmp_path / "template_of_a_metric.py").write_text(printed.output)
    monkeypatch.syspath_prepend(tmp_path)
    result = CliRunner().invoke(
        cli, ["metrics", "check", "template_of_a_metric:MyMetric", "--json"], standalone_mode=False
    )
    document = json.loads(result.output)
    assert result.return_value == 0 and document["passed"] and document["metric"] == "template_of_a_metric:MyMetric"


def test_a_metric_that_is_not_there_is_one_sentence() -> None:
    (check,) = check_metric("no_such_module:Metric")
    assert check.status == "fail" and "cannot import 'no_such_module'" in check.found
