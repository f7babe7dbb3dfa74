"""How much do the videos of one case differ from seed to seed?

LPIPS between the frames that two videos show at equal times, averaged over times and over all pairs of seeds, as
BicycleGAN (Zhu et al. 2017, arXiv:1711.11586) measures the diversity of images. It belongs to the videos of a case
together, so it is no score of a sample, and it is kept in our cache folder by all that makes it: reading a run does not
change it. A2Bench 0.1.0 kept it in the run, in ``diversity.jsonl``, which is still read.
"""

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from a2bench.assets.weights import unmet, verified_weights, weights_entry
from a2bench.base.counting import take_counts
from a2bench.base.data import cache_dir
from a2bench.base.files import write_atomically
from a2bench.base.hashing import value_sha256
from a2bench.base.resources import in_batches
from a2bench.errors import InputError, VideoError, WeightsError
from a2bench.model.metrics import SAMPLING, num_sampled_frames, sampled_frames
from a2bench.model.records import SampleRecord
from a2bench.model.video import Video, read_video
from a2bench.results.run import Run
from a2bench.run.journal import read_journal
from a2bench.run.store import RunStore, now
from a2bench.run.work import DECIMALS
from a2bench.statistics.clusters import clustered_interval
from a2bench_metrics.flow import small
from a2bench_metrics.perceptual import BYTES_PER_FRAME, PerceptualFeature, as_numbers, layers_distance, layers_of
from a2bench_metrics.temporal_lpips import MIN_SIDE

VERSION = 1
"""Changes whenever the numbers may change."""
JOURNAL = "diversity.jsonl"
"""In a run: what A2Bench 0.1.0 wrote."""

logger = logging.getLogger(__name__)


class PairDistance(BaseModel):
    """Mean LPIPS between the videos of two seeds, at least 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: tuple[int, int]
    value: float


class CaseDiversity(BaseModel):
    """Diversity of one case: the mean over its pairs, or nothing and the reason.

    key: SHA-256 of all that makes it; empty where it was not measured and is looked at again by the next call.
    seeds: whose videos were compared. missing: planned seeds without a usable video, and why.
    times: at how many times frames were compared. counts: decodes and forwards of the measurement.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = ""
    case: str
    value: float | None
    reason: str | None = None
    seeds: tuple[int, ...] = ()
    missing: dict[int, str] = Field(default_factory=dict)
    times: int = 0
    pairs: tuple[PairDistance, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    finished: str = ""


@dataclass(frozen=True)
class RunDiversity:
    """Diversity of all cases of a run, in suite order; ``measured`` says how many were computed just now."""

    cases: tuple[CaseDiversity, ...]
    measured: int

    @cached_property
    def values(self) -> list[tuple[str, float]]:
        """Case and value of the cases that have one."""
        return [(entry.case, entry.value) for entry in self.cases if entry.value is not None]

    @property
    def mean(self) -> float | None:
        """Mean over cases; None where none has a value."""
        return float(np.mean([value for _, value in self.values])) if self.values else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the mean over cases; None below two of them, or where all are equal."""
        return clustered_interval(self.values, (0.0, None))


def diversity_of_run(run: Path, told: Callable[[str, int, int], None] = lambda *_: None) -> RunDiversity:
    """Diversity of each case of a run; what was measured before and is still true is not computed again.

    Args:
        run: folder of the run.
        told: called with a case, how many are done and of how many; first with none done, then after each.

    Raises:
        InputError: no run, or one seed only.
        WeightsError: the network's package or weights are not here.
    """
    store = RunStore(run)
    current = Run(store)
    planned = Counter(case for case, _ in current.planned)
    if max(planned.values()) < 2:
        raise InputError(
            f"{run} has one seed of each case; diversity needs two or more: run its `a2bench eval` command again "
            "with --seeds 0-2 (videos that exist are kept)"
        )
    recorded = _recorded(run / JOURNAL)
    found: dict[str, CaseDiversity] = {}
    waiting: list[tuple[str, str, dict[int, SampleRecord], dict[int, str]]] = []
    for case in planned:
        usable, missing = _videos(current, case)
        if len(usable) < 2:
            reasons = "; ".join(f"seed {seed}: {why}" for seed, why in missing.items())
            reason = f"needs two or more seeds with a video, has {len(usable)}" + (f" ({reasons})" if reasons else "")
            found[case] = CaseDiversity(case=case, value=None, reason=reason, seeds=tuple(usable), missing=missing)
            continue
        key = value_sha256(_identity({seed: _sha256(record) for seed, record in usable.items()}))
        old = _kept(key) or recorded.get(case)
        if old is not None and old.key == key:
            found[case] = old.model_copy(update={"case": case, "missing": missing})
        else:
            waiting.append((case, key, usable, missing))
    if waiting:
        _require_network()
        told("", 0, len(waiting))
        for number, (case, key, usable, missing) in enumerate(waiting, start=1):
            entry = _measured(store, case, key, usable)
            if entry.value is not None:
                _keep(entry)
            found[case] = entry.model_copy(update={"missing": missing})
            told(case, number, len(waiting))
    return RunDiversity(tuple(found[case] for case in planned), len(waiting))


def _kept_path(key: str) -> Path:
    return cache_dir() / "diversity" / key[:2] / f"{key}.json"


def _kept(key: str) -> CaseDiversity | None:
    """What was measured before of the same videos in the same way; what cannot be read counts as nothing."""
    with contextlib.suppress(OSError, ValidationError):
        return CaseDiversity.model_validate_json(_kept_path(key).read_bytes())
    return None


def _keep(entry: CaseDiversity) -> None:
    """Keep a measurement, for runs over the same videos too; a cache folder that cannot be written costs only time."""
    path = _kept_path(entry.key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (entry.model_dump_json() + "\n").encode())
    except OSError as error:
        logger.warning("the diversity of %s cannot be kept in %s: %s", entry.case, path.parent, error.strerror or error)


def _recorded(path: Path) -> dict[str, CaseDiversity]:
    """The latest intact record of each case; a record of another version of A2Bench counts as none."""
    latest: dict[str, CaseDiversity] = {}
    for record in read_journal(path).records:
        try:
            entry = CaseDiversity.model_validate(record)
        except ValidationError:
            continue
        latest[entry.case] = entry
    return latest


def _videos(current: Run, case: str) -> tuple[dict[int, SampleRecord], dict[int, str]]:
    """The records of a case's intact videos by seed, and why the other seeds have none."""
    usable, missing = {}, {}
    for sample in current.planned:
        if sample[0] != case:
            continue
        record = current.samples.get(sample)
        if record is None or record.video is None:
            missing[sample[1]] = current.why_missing(sample)
        elif damage := current.store.damage(record):
            missing[sample[1]] = damage
        else:
            usable[sample[1]] = record
    return usable, missing


def _sha256(record: SampleRecord) -> str:
    assert record.video is not None
    return record.video.sha256


def _identity(videos: dict[int, str]) -> dict[str, Any]:
    """All that makes the diversity of a case: what the videos show, and how that is looked at."""
    info = PerceptualFeature.info
    return {
        "diversity": VERSION,
        "backend": info.backend,
        "weights": {name: weights_entry(name).digest for name in info.weights},
        "sampling": SAMPLING,
        "videos": videos,
    }


def _require_network() -> None:
    lacking = unmet(PerceptualFeature.info)
    if lacking:
        raise WeightsError(f"diversity {lacking[0]}")
    for name in PerceptualFeature.info.weights:
        verified_weights(name)


def _measured(store: RunStore, case: str, key: str, usable: dict[int, SampleRecord]) -> CaseDiversity:
    take_counts()
    seeds = tuple(usable)
    entry = CaseDiversity(key=key, case=case, value=None, reason="not measured", seeds=seeds, finished=now())
    try:
        videos = [_small_video(store.video_path(record)) for record in usable.values()]
        distances = video_distances(videos)
    except VideoError as error:
        return entry.model_copy(update={"reason": str(error), "counts": take_counts()})
    pairs = tuple(
        PairDistance(seeds=(seeds[i], seeds[j]), value=round(float(distances[:, i, j].mean()), DECIMALS))
        for i, j in combinations(range(len(seeds)), 2)
    )
    value = round(float(np.mean([pair.value for pair in pairs])), DECIMALS)
    return entry.model_copy(
        update={"value": value, "reason": None, "pairs": pairs, "times": len(distances), "counts": take_counts()}
    )


def _small_video(path: Path) -> Video:
    """A video as the network looks at it; only this is held for all seeds at once."""
    video = read_video(path)
    return Video(np.stack([small(frame) for frame in video.frames]), video.fps)


def video_distances(videos: Sequence[Video]) -> NDArray[np.float64]:
    """LPIPS ``[T, V, V]`` between V videos of one size at T equal times of what all of them last.

    Raises:
        VideoError: they differ in size, or are too small for the network.
    """
    sizes = sorted({video.size for video in videos})
    if len(sizes) > 1:
        texts = " and ".join(f"{width}x{height}" for height, width in sizes)
        raise VideoError(f"videos of {texts}; their frames can only be compared at one size")
    height, width = sizes[0]
    if min(height, width) < MIN_SIDE:
        raise VideoError(f"frames of {width}x{height}; LPIPS needs {MIN_SIDE} pixels on the short side")
    return np.stack([image_distances(frames) for frames in frames_at_equal_times(videos)])


def frames_at_equal_times(videos: Sequence[Video]) -> list[list[NDArray[np.uint8]]]:
    """For each time one frame ``[H, W, 3]`` of each video; times are those of the sampled frames of the slowest."""
    slowest = min(videos, key=lambda video: video.fps)
    shortest = min(video.num_frames / video.fps for video in videos)
    shared = max(1, int(shortest * slowest.fps))
    times = [(2 * i + 1) / (2 * slowest.fps) for i in sampled_frames(shared, num_sampled_frames(float(shortest)))]
    return [[video.frames[min(int(time * video.fps), video.num_frames - 1)] for video in videos] for time in times]


def image_distances(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """LPIPS ``[N, N]`` between images ``[h, w, 3]`` of one size: one forward for each image, whatever the pairs."""
    layers = in_batches(layers_of, images, BYTES_PER_FRAME)
    pairs = list(combinations(range(len(images)), 2))
    found = as_numbers([layers_distance(layers[i], layers[j]) for i, j in pairs])
    distances = np.zeros((len(images), len(images)))
    for (i, j), distance in zip(pairs, found, strict=True):
        distances[i, j] = distances[j, i] = distance
    return distances
