"""Does a metric keep the promises that the harness relies on? Tried out on a few drawn videos."""

import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.adapters.conformance import Check, construction, draw_suite, in_words
from a2bench.assets.weights import unmet_needs
from a2bench.base import registry
from a2bench.model.cases import Case
from a2bench.model.metrics import Metric, Sample, score_within_protocol
from a2bench.model.scores import MetricInfo, Score
from a2bench.model.systems import ModelMeta
from a2bench.model.video import Video

ODD = {"black": 0, "white": 255}
"""Videos that show nothing, in one tone: a metric says so and does not fail."""


def check_metric(name: str) -> Iterator[Check]:
    """Check the metric of a name (or ``module:class``), one promise after another, as they are found out."""
    metric: Metric | None = yield from construction("metric", name, {})
    if metric is None:
        return
    info = getattr(metric, "info", None)
    if not isinstance(info, MetricInfo):
        yield Check("info", "fail", f"info is {type(info).__name__}", "set the class attribute info = MetricInfo(...)")
        return
    first = list(_info(info))
    yield from first
    if first[0].status == "fail":
        return
    if not callable(getattr(metric, "score", None)):
        yield Check("score", "fail", "there is no method score", "write score(self, sample) -> Score")
        return
    if needs := unmet_needs(name):
        yield Check("score", "note", f"not tried: {needs[0]}", "get it, and check again")
        return
    with tempfile.TemporaryDirectory(prefix="a2bench-check-") as folder:
        case = draw_suite(Path(folder), ModelMeta(name="check", revision="1")).cases[0]
        yield from _scores(metric, case)


def _info(info: MetricInfo) -> Iterator[Check]:
    problems = []
    if not info.name.isidentifier() or info.name != info.name.lower():
        problems.append(f"name {info.name!r} is no snake_case word")
    problems += [f"{field} is empty" for field in ("title", "backend") if not getattr(info, field)]
    low, high = info.range
    if low is not None and high is not None and not low < high:
        problems.append(f"range {info.range} is empty")
    problems += [f"there is no feature {name!r}" for name in info.features if name not in registry.paths("feature")]
    controls = {control for e in info.expectations for control in (e.control, e.than) if control}
    problems += [f"there is no control {name!r}" for name in sorted(controls - registry.paths("adapter").keys())]
    if problems:
        yield Check("info", "fail", "; ".join(problems), "tables and keys are made of it")
    else:
        yield Check("info", "pass", f"{info.name} version {info.version}")
    if not info.expectations:
        advice = "say how it must order the controls; until then every page marks it as not checked"
        yield Check("expectations", "note", "it says nothing of the controls", advice)


def _scores(metric: Metric, case: Case) -> Iterator[Check]:
    moving = _moving(0)
    before = moving.tobytes()
    try:
        score = _score(metric, case, moving)
    except Exception as error:  # whatever somebody else's metric raises is what is found out
        advice = "return Score(None, reason=...) for what cannot be measured; declare in info what it asks for"
        yield Check("score", "fail", in_words(error), advice)
        return
    problem = _problem(metric.info, case, score)
    if problem:
        yield Check("score", "fail", *problem)
        return
    found = f"{score.value:.4g}" if score.value is not None else f"no value: {score.reason}"
    yield Check("score", "pass", found)
    if moving.tobytes() == before:
        yield Check("frames untouched", "pass")
    else:
        yield Check("frames untouched", "fail", "it changed the frames", "copy them: all metrics share one decode")
    again = _score(metric, case, _moving(0))
    if again.value == score.value and again.per_frame == score.per_frame:
        yield Check("same video, same score", "pass")
    else:
        advice = "keep no state between calls, and draw all randomness from a fixed seed"
        yield Check("same video, same score", "fail", f"{score.value} and then {again.value}", advice)
    other = _score(metric, case, _moving(7))
    if score.value is not None and other.value == score.value:
        yield Check("videos matter", "note", "two different videos have one score", "does it look at the frames?")
    else:
        yield Check("videos matter", "pass")
    for name, tone in ODD.items():
        yield _odd(metric, case, name, np.full_like(moving, tone))
    yield _odd(metric, case, "two frames", _moving(0)[:2])


def _odd(metric: Metric, case: Case, name: str, frames: NDArray[np.uint8]) -> Check:
    try:
        score = _score(metric, case, frames)
    except Exception as error:  # the same
        return Check(name, "fail", in_words(error), "return Score(None, reason=...), or set a Limit in info.protocol")
    problem = _problem(metric.info, case, score)
    return Check(name, "fail", *problem) if problem else Check(name, "pass", score.reason or f"{score.value:.4g}")


def _score(metric: Metric, case: Case, frames: NDArray[np.uint8]) -> Any:
    return score_within_protocol(metric, Sample(case, Video(frames, Fraction(8))))


def _problem(info: MetricInfo, case: Case, score: Any) -> tuple[str, str] | None:
    """What is wrong with a score, and what to do; None if nothing is."""
    if not isinstance(score, Score):
        return f"score returned {type(score).__name__}", "return Score(value) or Score(None, reason=...)"
    values = [score.value, *score.per_frame, *(part.value for part in score.per_element.values())]
    if any(value is not None and not math.isfinite(value) for value in values):
        return "it holds NaN or infinity", "return Score(None, reason=...) for what cannot be measured"
    low, high = info.range
    if score.value is not None and not (low is None or low <= score.value) & (high is None or score.value <= high):
        return f"{score.value} lies outside of the range {info.range}", "correct info.range, or the score"
    if score.per_frame and len(score.per_frame) != len(score.frames):
        return (
            f"{len(score.per_frame)} values for {len(score.frames)} frames",
            "give one value for each of Score.frames",
        )
    if unknown := score.per_element.keys() - set(case.element_ids):
        return f"scores the element {min(unknown)!r}, which the case has not", "use the ids of case.named_elements()"
    try:
        json.dumps(asdict(score), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"it cannot be kept as JSON: {error}", "turn arrays and NumPy's numbers into lists, int and float"
    return None


def _moving(offset: int) -> NDArray[np.uint8]:
    """Nine frames of 128x96: a disc that moves over a gradient."""
    rows, columns = np.mgrid[0:96, 0:128]
    frames = np.empty((9, 96, 128, 3), np.uint8)
    for number in range(len(frames)):
        disc = (rows - 48) ** 2 + (columns - 24 - 8 * number - offset) ** 2 < 400
        frames[number] = np.where(disc[..., None], (220, 120, 40), (columns + offset)[..., None])
    return frames
