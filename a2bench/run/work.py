"""What a worker does with one item: make one video, or score one video. Idempotent; nothing here is published.

Networks and systems stay resident: the first item of a process loads them, the others use them.
"""

import json
import os
import shutil
import sys
import time
import traceback
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from a2bench.assets.packages import broken_import
from a2bench.assets.weights import feature_infos, unmet_needs
from a2bench.base import registry
from a2bench.base.counting import count, take_counts
from a2bench.base.files import explained_output_errors
from a2bench.base.hashing import file_sha256
from a2bench.base.resources import device
from a2bench.errors import A2BenchError, AdapterError, VideoError
from a2bench.features.identity import DiskFeatures
from a2bench.features.store import default_store
from a2bench.model.blank import blank_remark
from a2bench.model.cases import Case, load_suite
from a2bench.model.metrics import Metric, Sample, score_within_protocol
from a2bench.model.pictures import draw_pictures, picture_paths
from a2bench.model.scores import Score
from a2bench.model.systems import GenerationSettings, NeedsSuite, VideoModel
from a2bench.model.tiers import Making
from a2bench.model.video import Video, decoded_frames, probe_video, read_video, write_video
from a2bench.run.cost import peak_memory, watch_memory
from a2bench.run.execute import Later

GENERATE = "a2bench.run.work:generate"
SCORE = "a2bench.run.work:score"

_systems: dict[str, VideoModel] = {}
_metrics: dict[tuple[str, str], Metric] = {}
"""By name, and by the code of one that a script handed over."""


def generate(argument: dict[str, Any]) -> dict[str, Any] | Later:
    """Make the video of one sample and leave it, complete and synced, at the temporary path.

    Where a GPU makes the videos, only the frames are made here, and writing them is left for later.

    Raises:
        AdapterError: the system gave no usable video.
    """
    case = _case(argument)
    settings = GenerationSettings.model_validate(argument["settings"])
    for _, element in case.named_elements():
        element.reference.verified_path()
    system = resident_system(argument["adapter"], argument["options"], argument["suite"])
    watch_memory()
    made = system.generate(case, seed=argument["seed"], settings=settings)
    memory = peak_memory()
    temporary = Path(argument["temporary"])
    if isinstance(made, Path):
        return _written(made, temporary, memory)
    video = _checked(made, settings, system.meta.name)
    if not overlaps(system):
        return _written(video, temporary, memory)
    # A copy, should the system use its frames' memory again.
    return Later(partial(_written, replace(video, frames=video.frames.copy()), temporary, memory))


def overlaps(system: VideoModel) -> bool:
    """Whether a video is written while the next is made: where a GPU does that, whose worker has a core to spare."""
    return system.meta.device == "gpu" and "torch" in sys.modules and device().startswith("cuda")


def _written(made: Video | Path, temporary: Path, memory: dict[str, int]) -> dict[str, Any]:
    # A file that is taken over keeps its container; everything we encode is MP4.
    suffix = made.suffix.lower() if isinstance(made, Path) else ".mp4"
    path = temporary.with_name(temporary.name + suffix)
    with explained_output_errors(path.parent):
        if isinstance(made, Path):
            _take_over(made, path)
        else:
            write_video(made, path)
    making = (made.making if isinstance(made, Video) else None) or Making()
    if blank := blank_remark(made.frames if isinstance(made, Video) else decoded_frames(path)):
        making = replace(making, remarks=(*making.remarks, blank))
    info = probe_video(path)
    return {
        "temporary": str(path),
        "sha256": file_sha256(path),
        "width": info.width,
        "height": info.height,
        "num_frames": info.num_frames,
        "fps": str(info.fps),
        "peak_memory": memory,
        "making": asdict(making),
    }


def resident_system(adapter: str, options: dict[str, str], suite: str) -> VideoModel:
    """The one instance of a system in this process, prepared with the full suite if it wants to be."""
    name = json.dumps([adapter, registry.code_of("adapter", adapter), options, suite], sort_keys=True)
    if name not in _systems:
        system: VideoModel = registry.load("adapter", adapter)(**options)
        if isinstance(system, NeedsSuite):
            system.prepare(load_suite(suite))
        count("load:system")
        _systems[name] = system
    return _systems[name]


def _checked(made: object, settings: GenerationSettings, system: str) -> Video:
    if not isinstance(made, Video):
        raise AdapterError(f"{system} returned {type(made).__name__}; expected a Video or the Path of a video file")
    expected = (settings.num_frames, settings.height, settings.width, 3)
    if made.frames.shape != expected:
        raise AdapterError(f"{system} returned frames {list(made.frames.shape)}; expected {list(expected)}")
    return made


def _take_over(source: Path, path: Path) -> None:
    probe_video(source)
    shutil.copyfile(source, path)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def score(argument: dict[str, Any]) -> list[dict[str, Any]]:
    """Score one video with all wanted metrics: one decode, each feature once; neither where the features are kept.

    Raises:
        VideoError: the video is not the recorded one, or cannot be decoded.
    """
    for name, place in argument.get("given", {}).items():
        if registry.given("metric", name) is None:
            registry.give("metric", name, registry.Given(registry.import_object(place), "", place))
    case, path = _case(argument), Path(argument["video"])
    if not path.is_file() or file_sha256(path) != argument["sha256"]:
        raise VideoError(f"{path} is not the recorded video any more; `a2bench eval` makes it again")
    _verify_references(case)
    lacking = {name: unmet_needs(name) for name in argument["metrics"]}
    sample = None if all(lacking.values()) else _sample(case, path, argument["sha256"])
    if sample:
        paths = picture_paths(Path(argument["pictures"]), argument["sha256"])
        if not paths.exist:
            with explained_output_errors(Path(argument["pictures"])):
                draw_pictures(sample.video, paths)
    counts = take_counts()
    results = {
        name: {**_entry(Score(None, reason=needs[0])), "seconds": 0.0, "counts": {}}
        for name, needs in lacking.items()
        if needs
    }
    waiting = {name: registry.load("metric", name).info.features for name in argument["metrics"] if not lacking[name]}
    while sample and waiting:
        name = _next(waiting, sample)
        del waiting[name]
        started = time.monotonic()
        entry = _scored(name, sample)
        results[name] = {**entry, "seconds": time.monotonic() - started, "counts": take_counts()}
        sample.keep_only(feature for features in waiting.values() for feature in features)
    ordered = [{"metric": name, **results[name]} for name in argument["metrics"]]
    for event, times in counts.items():  # the decode belongs to all of them; it is booked on the first
        ordered[0]["counts"][event] = ordered[0]["counts"].get(event, 0) + times
    return ordered


def _next(waiting: dict[str, tuple[str, ...]], sample: Sample) -> str:
    """The metric that needs the fewest new features, and of several the one that uses most of those that are held.

    Features are large: so the old ones are used up and freed before others are made.
    """

    def cost(name: str) -> tuple[int, int]:
        held, missing = sample.needs(waiting[name])
        return len(missing), -len(held)

    return min(waiting, key=cost)


def _sample(case: Case, path: Path, sha256: str) -> Sample:
    store = default_store()
    if store is None:
        return Sample(case, read_video(path))
    kept = DiskFeatures(store, sha256)
    return Sample(case, kept.video(path), kept)


def _scored(name: str, sample: Sample) -> dict[str, Any]:
    try:
        known = (name, registry.code_of("metric", name))
        if known not in _metrics:
            _metrics[known] = registry.load("metric", name)()
        return _entry(score_within_protocol(_metrics[known], sample))
    except A2BenchError as error:
        return {"status": "failed", "reason": str(error)}
    except Exception as error:  # recorded with its traceback in this score; the other metrics go on
        broken = broken_import([registry.load("metric", name).info, *feature_infos(name)], error)
        if broken:
            return {"status": "failed", "reason": broken}
        return {"status": "failed", "reason": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


DECIMALS = 6
"""Scores are kept to a millionth: finer digits differ between processors and mean nothing."""


def _entry(score: Score) -> dict[str, Any]:
    detail = _rounded({key: value for key, value in asdict(score).items() if key not in ("value", "reason")})
    status = "unscored" if score.value is None else "scored"
    return {"status": status, "value": _rounded(score.value), "reason": score.reason, "detail": detail}


def _rounded(value: Any) -> Any:
    """Plain JSON values with floats rounded; rejects NaN and infinity, which JSON does not have."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    if isinstance(value, int):
        return value
    number = round(float(value), DECIMALS)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"a metric returned {number}; what cannot be measured is None with a reason")
    return number + 0.0  # -0.0 becomes 0.0


def _case(argument: dict[str, Any]) -> Case:
    return Case.model_validate(argument["case"], context={"root": Path(argument["references"])})


def _verify_references(case: Case) -> None:
    for _, element in case.named_elements():
        for image in (element.reference, *element.second_views, *([element.cutout] if element.cutout else [])):
            image.verified_path()
