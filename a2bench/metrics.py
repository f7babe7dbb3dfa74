"""What a metric and a feature are.

A metric does only its own arithmetic; whatever needs a network is a feature, computed once for a sample and shared by
all metrics that declare it. Neither ever sees the name of a system.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from a2bench import registry
from a2bench.cases import Case
from a2bench.scores import MetricInfo, Score
from a2bench.video import Video

SAMPLES_PER_SECOND, MIN_SAMPLES, MAX_SAMPLES = 4, 16, 64
"""How many frames networks look at. A change lies between two of them, so it is timed to an eighth of a second up to 16
seconds of video, at five frames for each four of a fixed 16; longer videos cost no more and are timed more coarsely."""
SAMPLING = f"{SAMPLES_PER_SECOND} frames per second, {MIN_SAMPLES} to {MAX_SAMPLES}"
"""Part of the key of every score."""


def num_sampled_frames(seconds: float) -> int:
    """How many frames of a video are looked at.

    >>> num_sampled_frames(1.0), num_sampled_frames(81 / 16), num_sampled_frames(60.0)
    (16, 20, 64)
    """
    return min(MAX_SAMPLES, max(MIN_SAMPLES, round(SAMPLES_PER_SECOND * seconds)))


def sampled_frames(num_frames: int, count: int) -> tuple[int, ...]:
    """Indices of ``count`` frames in the middles of equal parts of the video; all frames when it has fewer.

    >>> sampled_frames(8, 4)
    (1, 3, 5, 7)
    >>> sampled_frames(3, 16)
    (0, 1, 2)
    """
    if num_frames <= count:
        return tuple(range(num_frames))
    return tuple((2 * i + 1) * num_frames // (2 * count) for i in range(count))


@dataclass(frozen=True)
class FeatureInfo:
    """What a feature says about itself, readable without loading its network.

    version: changes whenever the numbers may change (preprocessing included).
    weights: names in the weights manifest. features: further features that this one looks at.
    packages: import names that must be installed, all of them parts of the extra ``extra``. The module of a feature
        itself imports none of them, so that this record can always be read.
    """

    name: str
    version: int
    backend: str
    weights: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extra: str = "metrics"


@dataclass
class Sample:
    """What a metric sees: the case, the decoded video, and the features of this video."""

    case: Case
    video: Video
    _features: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def frames(self) -> tuple[int, ...]:
        """Indices of the frames that networks look at."""
        return sampled_frames(self.video.num_frames, num_sampled_frames(self.video.seconds))

    def feature(self, name: str) -> Any:
        """The feature of that name, computed at the first call."""
        if name not in self._features:
            self._features[name] = resident_feature(name).compute(self)
        return self._features[name]


class Feature(Protocol):
    """What a backbone computes from the frames of a sample; one instance lives as long as the process."""

    info: FeatureInfo

    def compute(self, sample: Sample) -> Any:
        """Compute the feature for one sample; loads its weights at the first call."""
        ...


class Metric(Protocol):
    """One score per sample."""

    info: MetricInfo

    def score(self, sample: Sample) -> Score:
        """Score one sample; what cannot be measured is ``Score(None, reason=...)``."""
        ...


_resident: dict[str, Feature] = {}


def resident_feature(name: str) -> Feature:
    """The one instance of a feature in this process."""
    if name not in _resident:
        _resident[name] = registry.load("feature", name)()
    return _resident[name]
