"""What a metric and a feature are.

A metric does only its own arithmetic; whatever needs a network is a feature, computed once for a sample and shared by
all metrics that declare it. Neither ever sees the name of a system.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from a2bench.base import registry
from a2bench.errors import InputError
from a2bench.model.cases import Case
from a2bench.model.scores import MetricInfo, Score
from a2bench.model.video import Video

T = TypeVar("T")
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
    packages: import names that must be installed, all of them parts of the extra ``extra`` but those in ``apart``. The
        module of a feature itself imports none of them, so that this record can always be read.
    apart: packages that no extra can hold (pip would break something with what they ask for), each with the one line
        that installs it without harm.
    looks_at_case: whether it looks at the prompt or the references; else it depends on the video alone.
    """

    name: str
    version: int
    backend: str
    weights: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    extra: str = "metrics"
    apart: Mapping[str, str] = field(default_factory=dict, hash=False)
    looks_at_case: bool = True


class KeptFeatures(Protocol):
    """Where features are looked up before they are computed; a run has `a2bench.features.identity.DiskFeatures`."""

    def of_video(self, sample: "Sample", info: FeatureInfo, compute: Callable[[], Any]) -> Any:
        """A feature of the sample's video."""
        ...

    def of_case(self, info: FeatureInfo, what: str, compute: Callable[[], Any]) -> Any:
        """A reference or a prompt as a feature sees it."""
        ...


@dataclass
class Sample:
    """What a metric sees: the case, the decoded video, and the features of this video."""

    case: Case
    video: Video
    kept: KeptFeatures | None = field(default=None, repr=False)
    _features: dict[str, Any] = field(default_factory=dict, repr=False)
    _asking: "MetricInfo | FeatureInfo | None" = field(default=None, repr=False)

    @cached_property
    def frames(self) -> tuple[int, ...]:
        """Indices of the frames that networks look at."""
        return sampled_frames(self.video.num_frames, num_sampled_frames(self.video.seconds))

    @contextlib.contextmanager
    def asked_by(self, info: "MetricInfo | FeatureInfo") -> Iterator[None]:
        """While a metric scores, or a feature is computed: only what it has declared may be asked for.

        Its key names what it has declared, so that a score never outlives a change of what it was made of.
        """
        before, self._asking = self._asking, info
        try:
            yield
        finally:
            self._asking = before

    def feature(self, name: str) -> Any:
        """The feature of that name, looked up or computed at the first call.

        Raises:
            InputError: the metric or feature under way has not declared it.
        """
        if self._asking is not None and name not in self._asking.features:
            declared = ", ".join(repr(known) for known in (*self._asking.features, name))
            raise InputError(
                f"{self._asking.name!r} asks for the feature {name!r}, which it has not declared; write "
                f"features=({declared},) in its info, so that its scores are made again when the feature changes"
            )
        if name not in self._features:
            feature = resident_feature(name)

            def compute() -> Any:
                with self.asked_by(feature.info):
                    return feature.compute(self)

            self._features[name] = self.kept.of_video(self, feature.info, compute) if self.kept else compute()
        return self._features[name]

    def keep_only(self, names: Iterable[str]) -> None:
        """Free the features that are not needed any more: not these, and not what these are still to be made of."""
        held, _ = self.needs(names)
        for name in self._features.keys() - held:
            del self._features[name]

    def needs(self, names: Iterable[str]) -> tuple[set[str], set[str]]:
        """Of these features, and of what the missing ones are made of: those that are held, and those still to make."""
        needed, waiting = set[str](), list(names)
        while waiting:
            name = waiting.pop()
            needed.add(name)
            if name not in self._features:
                waiting += resident_feature(name).info.features
        return needed & self._features.keys(), needed - self._features.keys()

    def embedded(self, info: FeatureInfo, what: str, compute: Callable[[], T]) -> T:
        """A reference or a prompt as a feature sees it: computed once for a whole suite, whatever the workers.

        Args:
            info: of the feature that asks.
            what: which of its inputs, such as the SHA-256 of an image or the text of a prompt.
            compute: makes it from that input alone.
        """
        key = (info.name, info.version, what)
        if key not in _embedded:
            _embedded[key] = self.kept.of_case(info, what, compute) if self.kept else compute()
            while len(_embedded) > MAX_EMBEDDED:
                _embedded.popitem(last=False)
        _embedded.move_to_end(key)
        value: T = _embedded[key]
        return value


MAX_EMBEDDED = 48
"""References and prompts that a process keeps in memory; a template of the finder takes 6 MB."""
_embedded: OrderedDict[tuple[str, int, str], Any] = OrderedDict()


class Feature(Protocol):
    """What a backbone computes from the frames of a sample; one instance lives as long as the process.

    What it returns consists of numbers, texts, arrays, tensors, tuples, lists, dicts and data classes of its own
    module, so that it can be kept on disk.
    """

    info: FeatureInfo

    def compute(self, sample: Sample) -> Any:
        """Compute the feature for one sample; loads its weights at the first call."""
        ...


@runtime_checkable
class Probed(Protocol):
    """A feature or metric whose weights can be checked by a golden value; each one with weights of its own is one."""

    def probe(self, image: NDArray[np.uint8]) -> Mapping[str, Sequence[float]]:
        """A few numbers, for each of its weights by name, that its network gives for an RGB image ``[H, W, 3]``.

        The numbers must depend on everything that can go wrong silently: layers, activation, colour order, scaling.
        """
        ...


class Metric(Protocol):
    """One score per sample."""

    info: MetricInfo

    def score(self, sample: Sample) -> Score:
        """Score one sample; what cannot be measured is ``Score(None, reason=...)``."""
        ...


def score_within_protocol(metric: Metric, sample: Sample) -> Score:
    """The score of a sample, or none with the reason where the video is outside what the metric was made for.

    Limits that only warn leave a note on the score.
    """
    video = sample.video
    height, width = video.size
    quantities = {
        "fps": float(video.fps),
        "num_frames": float(video.num_frames),
        "seconds": video.seconds,
        "short_side": float(min(height, width)),
        "long_side": float(max(height, width)),
    }
    notes = []
    for limit in metric.info.protocol:
        complaint = limit.complaint(quantities[limit.quantity])
        if complaint and limit.otherwise == "refuse":
            return Score(None, reason=complaint)
        if complaint:
            notes.append(complaint)
    with sample.asked_by(metric.info):
        score = metric.score(sample)
    return replace(score, notes=(*notes, *score.notes)) if notes else score


_resident: dict[str, Feature] = {}


def resident_feature(name: str) -> Feature:
    """The one instance of a feature in this process."""
    if name not in _resident:
        _resident[name] = registry.load("feature", name)()
    return _resident[name]
