"""What makes a feature, and where a run looks features up before it computes them."""

import os
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from a2bench.assets.weights import weights_entry
from a2bench.base import registry
from a2bench.base.hashing import file_sha256, value_sha256
from a2bench.features.store import FeatureStore
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench.model.video import Video, VideoOnDisk, read_video

SCHEMA = 1


@cache
def feature_identity(name: str) -> dict[str, Any]:
    """Everything that a feature is made of: version, back-end, weights, its module's code, and the features below it.

    The code is part of it so that an edited feature never answers from before the edit.
    """
    info: FeatureInfo = registry.load("feature", name).info
    return {
        "name": info.name,
        "version": info.version,
        "backend": info.backend,
        "weights": {weights: weights_entry(weights).digest for weights in info.weights},
        "code": _code_sha256(_module(name)),
        "features": [feature_identity(other) for other in info.features],
    }


def _module(feature: str) -> str:
    return str(registry.load("feature", feature).__module__)


def _code_sha256(module: str) -> str:
    file = sys.modules[module].__file__
    return file_sha256(Path(file)) if file else ""


def _resources() -> dict[str, str]:
    """Choices of the user that may change the last digits of a network."""
    names = ("A2BENCH_DEVICE", "A2BENCH_PRECISION")
    return {name: os.environ.get(name, "auto") for name in names}


class DiskFeatures:
    """The features of one video, and of its case, in a store on disk."""

    def __init__(self, store: FeatureStore, video_sha256: str) -> None:
        self.store, self.video_sha256 = store, video_sha256

    def of_video(self, sample: Sample, info: FeatureInfo, compute: Callable[[], Any]) -> Any:
        """A feature of the sample's video."""
        identity = {
            "schema": SCHEMA,
            "feature": feature_identity(info.name),
            "resources": _resources(),
            "video": self.video_sha256,
            "frames": list(sample.frames),
            "case": value_sha256(sample.case.scoring_identity()) if info.looks_at_case else None,
        }
        return self.store.get_or_compute(info.name, _module(info.name), identity, compute)

    def of_case(self, info: FeatureInfo, what: str, compute: Callable[[], Any]) -> Any:
        """A reference or a prompt as a feature sees it."""
        identity = {
            "schema": SCHEMA,
            "feature": feature_identity(info.name),
            "resources": _resources(),
            "what": what,
        }
        return self.store.get_or_compute(f"reference:{info.name}", _module(info.name), identity, compute, shared=True)

    def video(self, path: Path) -> Video:
        """The video, decoded now where its facts are not known yet, and else when its frames are asked for."""
        decoded: list[Video] = []

        def facts() -> tuple[Fraction, int, tuple[int, int]]:
            decoded.append(read_video(path))
            return decoded[0].fps, decoded[0].num_frames, decoded[0].size

        identity = {"schema": SCHEMA, "facts": self.video_sha256}
        fps, num_frames, size = self.store.get_or_compute("facts", __name__, identity, facts)
        return decoded[0] if decoded else VideoOnDisk(path, fps, num_frames, size)
