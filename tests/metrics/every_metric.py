"""All registered metrics over small real samples, for tests of what must not matter to a score.

Weights that come with no package are the small networks of `small_networks`, so that no metric is left out.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from a2bench.base import registry
from a2bench.base.data import data_dir
from a2bench.base.hashing import file_sha256
from a2bench.base.resources import DEVICE_TOLERANCE
from a2bench.model.cases import Case, load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.model.video import write_video
from a2bench.run import work
from a2bench.run.execute import LocalExecutor, WorkItem
from tests.metrics.small_networks import install

METRICS = sorted(registry.paths("metric"))
assert METRICS, "no metric is registered: install A2Bench here (`pip install -e .`), or its wheel"
CASES = ("astronaut-balloon-tea-garden", "astronaut-rabbit-rooftops")
"""One with all three roles, and one with two people, of whom one has a second view."""
SETTINGS = GenerationSettings(num_frames=4, fps=Fraction(8), width=240, height=144)
Entries = dict[str, dict[str, Any]]
"""What a worker says of one video, by metric."""


def case_of(name: str) -> Case:
    return next(case for case in load_suite("a2bench-mini").cases if case.id == name)


def write_clips(folder: Path) -> dict[str, Path]:
    """Small collages of the cases, by case."""
    collage = registry.load("adapter", "collage")()
    paths = {name: folder / f"{name}.mp4" for name in CASES}
    for name, path in paths.items():
        write_video(collage.generate(case_of(name), seed=0, settings=SETTINGS), path)
    return paths


def argument(path: Path, case: Case, names: list[str]) -> dict[str, Any]:
    """What a worker is given to score a video."""
    return {
        "video": str(path),
        "sha256": file_sha256(path),
        "pictures": str(path.parent / "pictures"),
        "case": case.model_dump(mode="json"),
        "references": str(data_dir("references")),
        "metrics": names,
    }


def entries(path: Path, case: Case, names: list[str] = METRICS) -> Entries:
    """Score a video in this process."""
    return {entry["metric"]: entry for entry in work.score(argument(path, case, names))}


def entries_in_workers(
    clips: Mapping[str, Path], networks: Path, logs: Path, environment: dict[str, str], workers: int = 1
) -> dict[str, Entries]:
    """Score the clips, by case, in fresh workers as a run does, with the small networks of a folder."""
    items = [
        WorkItem(
            name,
            f"{__name__}:score_with_small_networks",
            {"networks": str(networks)} | argument(path, case_of(name), METRICS),
        )
        for name, path in clips.items()
    ]
    outcomes = list(LocalExecutor(workers, logs, environment=environment).run(items))
    for outcome in outcomes:
        assert outcome.status == "done", f"{outcome.item.id}: {outcome.error}\n{outcome.traceback}"
    return {outcome.item.id: {entry["metric"]: entry for entry in outcome.result} for outcome in outcomes}


def score_with_small_networks(given: dict[str, Any]) -> list[dict[str, Any]]:
    """`a2bench.run.work.score` of a worker whose fetched weights are the small networks."""
    _install(given["networks"])
    return work.score({key: value for key, value in given.items() if key != "networks"})


@cache
def _install(folder: str) -> None:
    install(Path(folder), pytest.MonkeyPatch())  # for as long as the worker lives


TOLERANCES = {
    # Random masks are edges all over, and of random boxes several are nearly as good as the best.
    "segmented_similarity": 3e-2,
    "masked_background": 3e-2,
    "detected_similarity": 3e-2,
    # Of two windows that fit equally well to five digits the last bits choose, and their colours differ.
    "character_similarity": 2e-2,
    "object_similarity": 2e-2,
}
"""How far any number of a metric, one frame's too, may move between devices and precisions, in shares of its range; the
others `DEVICE_TOLERANCE`."""


def tolerance(name: str) -> float:
    return TOLERANCES.get(name, DEVICE_TOLERANCE)


def scale(name: str) -> float:
    """The width of a metric's range; 1 where it has no end, of which values of at most 1 are thousandths too."""
    low, high = registry.load("metric", name).info.range
    return float(high - low) if None not in (low, high) else 1.0


def difference(one: dict[str, Any], other: dict[str, Any]) -> float:
    """How far two entries of a metric are apart at most, in shares of its range (or of the value, if that is larger).

    The value, and those of frames and elements; infinite where one has a number and the other has none.
    """
    first, second = dict(_numbers(one)), dict(_numbers(other))
    if first.keys() != second.keys() or one["status"] != other["status"] or one["reason"] != other["reason"]:
        return float("inf")
    name, largest = one["metric"], 0.0
    for key, a in first.items():
        b = second[key]
        if (a is None) != (b is None):
            return float("inf")
        if a is not None and b is not None:
            largest = max(largest, abs(a - b) / max(scale(name), abs(a)))
    return largest


def _numbers(entry: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float | None]]:
    detail = entry.get("detail") or {}
    yield ("value",), entry.get("value")
    yield from ((("frame", str(place)), value) for place, value in enumerate(detail.get("per_frame", ())))
    for name, element in detail.get("per_element", {}).items():
        yield (name, "value"), element["value"]
        yield from (((name, str(place)), value) for place, value in enumerate(element["per_frame"]))
