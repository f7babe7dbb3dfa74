"""What must not matter to a score does not, for any registered metric: names, order, batches, workers, kept features.

Devices: `tests/gpu/test_metrics_on_a_gpu.py`.
"""

import math
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from a2bench.assets.weights import unmet_needs
from a2bench.base import registry
from a2bench.model.metrics import Sample, score_within_protocol
from a2bench.model.scores import Limit
from a2bench.model.video import Video
from tests.metrics.every_metric import (
    CASES,
    METRICS,
    Entries,
    case_of,
    difference,
    entries,
    entries_in_workers,
    tolerance,
    write_clips,
)
from tests.metrics.small_networks import small_networks, start_afresh, write_networks

ByCase = dict[str, Entries]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With small networks and small videos."""
    folder = tmp_path_factory.mktemp("insensitivity")
    write_networks(folder)
    write_clips(folder)
    return folder


@pytest.fixture(scope="module")
def clips(folder: Path) -> dict[str, Path]:
    return {name: folder / f"{name}.mp4" for name in CASES}


@pytest.fixture(scope="module", autouse=True)
def _networks(folder: Path) -> Iterator[None]:
    with small_networks(folder):
        yield


@pytest.fixture(scope="module")
def usual(clips: dict[str, Path]) -> ByCase:
    """One after the other in this process, each frame on its own, nothing kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("A2BENCH_FEATURE_CACHE", "0")
        start_afresh(patch)
        return {name: entries(path, case_of(name)) for name, path in clips.items()}


def largest(found: ByCase, usual: ByCase) -> dict[str, float]:
    """Of each metric, in shares of its range."""
    return {name: max(difference(usual[case][name], found[case][name]) for case in CASES) for name in METRICS}


def test_every_metric_has_a_score_that_can_be_compared(usual: ByCase) -> None:
    """But for the judge, which nobody has chosen."""
    scored = {name for name in METRICS if any(usual[case][name]["status"] == "scored" for case in CASES)}
    assert set(METRICS) - scored == {"judge_alignment"}
    assert all(entry["status"] != "failed" for case in CASES for entry in usual[case].values())


def test_names_of_files_their_order_and_batches_do_not_matter(
    usual: ByCase, clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2BENCH_BATCH_SIZE", "3")
    start_afresh(monkeypatch)
    found = {}
    for number, name in enumerate(reversed(CASES)):
        path = tmp_path / f"sub folder {number}" / f"{'zyx'[number]} – 0001.final.MP4"
        path.parent.mkdir()
        shutil.copy(clips[name], path)
        found[name] = entries(path, case_of(name))
    apart = {name: value for name, value in largest(found, usual).items() if value > tolerance(name)}
    assert apart == {}


def test_kept_features_give_the_same_scores(
    usual: ByCase, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2BENCH_FEATURE_CACHE", "1")
    start_afresh(monkeypatch)
    name = CASES[0]
    first = entries(clips[name], case_of(name))
    start_afresh(monkeypatch)
    second = entries(clips[name], case_of(name))
    assert sum(entry["counts"].get("decode", 0) for entry in first.values()) == 1
    again = {key: n for entry in second.values() for key, n in entry["counts"].items() if key.startswith("forward")}
    assert again.keys() <= {"forward:niqe"}, "no network sees a frame again; NIQE is arithmetic on pixels"
    assert {key: value for key in METRICS if (value := difference(first[key], second[key]))} == {}
    assert {key: value for key in METRICS if (value := difference(usual[name][key], second[key]))} == {}


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "batch"), [(1, "0"), (2, "0"), (2, "1"), (2, "7"), (1, "256")])
def test_workers_and_batches_do_not_matter(
    usual: ByCase, folder: Path, clips: dict[str, Path], tmp_path: Path, workers: int, batch: str
) -> None:
    environment = {"A2BENCH_DEVICE": "cpu", "A2BENCH_BATCH_SIZE": batch}
    found = entries_in_workers(clips, folder, tmp_path, environment, workers)
    bound = {name: 0.0 if batch in ("0", "1") else tolerance(name) for name in METRICS}
    assert {name: value for name, value in largest(found, usual).items() if value > bound[name]} == {}


PLAIN = {
    "one frame": (1, 144, 240, 90),
    "black and static": (5, 144, 240, 0),
    "tiny": (3, 16, 16, 120),
    "narrow": (3, 400, 32, 120),
}
"""Number of frames, height, width and grey of videos that show nothing."""


@pytest.mark.parametrize("video", PLAIN)
def test_every_metric_says_something_of_a_video_that_shows_nothing(video: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number in its range, or None with a reason."""
    monkeypatch.setenv("A2BENCH_FEATURE_CACHE", "0")
    number, height, width, grey = PLAIN[video]
    sample = Sample(case_of(CASES[1]), Video(np.full((number, height, width, 3), grey, np.uint8), Fraction(8)))
    for name in METRICS:
        if unmet_needs(name):
            continue
        score = score_within_protocol(registry.load("metric", name)(), sample)
        low, high = registry.load("metric", name).info.range
        if score.value is None:
            assert score.reason, name
        else:
            assert math.isfinite(score.value) and (low is None or low <= score.value), name
            assert high is None or score.value <= high, name


LIMITED = [(name, limit) for name in METRICS for limit in registry.load("metric", name).info.protocol]


@pytest.mark.parametrize(("name", "limit"), LIMITED, ids=lambda value: getattr(value, "quantity", value))
def test_a_video_outside_a_protocol_is_refused_or_noted(name: str, limit: Limit) -> None:
    shape = {"short_side": (4, 48, 96), "num_frames": (1, 96, 160), "fps": (6, 96, 160)}[limit.quantity]
    video = Video(np.full((*shape, 3), 120, np.uint8), Fraction(4))
    score = score_within_protocol(registry.load("metric", name)(), Sample(case_of(CASES[1]), video))
    if limit.otherwise == "refuse":
        assert score.value is None and limit.why in str(score.reason)
    else:
        assert score.value is not None and any(limit.why in note for note in score.notes)
