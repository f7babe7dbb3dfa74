"""What a metric gives back, and what it says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Evidence:
    """Where in the video a score comes from.

    frame: index of the frame in display order.
    box: ``(x0, y0, x1, y1)`` in pixels of the video, or None for the whole frame.
    element: id of the element that was looked for, or None.
    value: what was measured there, in the metric's unit.
    """

    frame: int
    box: tuple[float, float, float, float] | None = None
    element: str | None = None
    value: float | None = None


@dataclass(frozen=True)
class ElementScore:
    """The score of one element: a value, or nothing and the reason.

    presence: share of the sampled frames in which the element was found, in [0, 1], where the metric looks for it.
    """

    value: float | None
    reason: str | None = None
    presence: float | None = None
    per_frame: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("an element score has either a value or a reason")


@dataclass(frozen=True)
class Score:
    """One metric on one sample: a value, or nothing and the reason.

    frames: indices of the frames that ``per_frame`` curves (here and in ``per_element``) belong to.
    details: further numbers worth keeping, such as a detection rate; JSON values only.
    notes: what a reader of the value should know, such as a video outside the metric's protocol; shown on pages.
    """

    value: float | None
    reason: str | None = None
    frames: tuple[int, ...] = ()
    per_frame: tuple[float | None, ...] = ()
    per_element: Mapping[str, ElementScore] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("a score has either a value or a reason")


@dataclass(frozen=True)
class Expectation:
    """What a metric must say of a control, for the metric to be trusted.

    quantity: ``difference`` is the value of ``control`` minus the value of ``than``, paired by case and seed;
    ``ratio`` is the mean of ``control`` divided by the mean of ``than``; ``value`` is the mean of ``control`` alone.
    low, high: the 95 % interval of the quantity must lie inside them.
    role: look at the elements of this role instead of the whole sample.
    """

    text: str
    quantity: Literal["difference", "ratio", "value"]
    control: str
    than: str | None = None
    low: float = float("-inf")
    high: float = float("inf")
    role: str | None = None


@dataclass(frozen=True)
class Limit:
    """What a metric's protocol demands of a video.

    quantity: frame rate, number of frames, length, or a side in pixels. low, high: where it must lie, both included.
    otherwise: ``refuse`` leaves the sample unscored with the reason; ``warn`` scores it and notes it.
    why: what goes wrong outside, as the end of the sentence "... because".
    """

    quantity: Literal["fps", "num_frames", "seconds", "short_side", "long_side"]
    why: str
    low: float = float("-inf")
    high: float = float("inf")
    otherwise: Literal["refuse", "warn"] = "refuse"

    def complaint(self, found: float) -> str | None:
        """One sentence for a video that is outside, else None.

        >>> Limit("num_frames", "motion needs a next frame", low=2).complaint(1)
        'the video has 1 frame; at least 2 are needed because motion needs a next frame'
        """
        if self.low <= found <= self.high:
            return None
        has, unit = _QUANTITIES[self.quantity]
        need = f"at least {self.low:g}" if found < self.low else f"at most {self.high:g}"
        verb = "are needed" if self.otherwise == "refuse" else "are meant"
        one = unit.removesuffix("s") if found == 1 and unit == "frames" else unit
        return f"the video {has} {round(found, 3):g} {one}; {need} {verb} because {self.why}"

    def demand(self) -> str:
        """What it demands, in words.

        >>> Limit("num_frames", "motion needs a next frame", low=2).demand()
        'at least 2 frames, or it is not scored, because motion needs a next frame'
        """
        unit = _QUANTITIES[self.quantity][1]
        ends = [f"at least {self.low:g}"] * (self.low > float("-inf")) + [f"at most {self.high:g}"] * (
            self.high < float("inf")
        )
        otherwise = "it is not scored" if self.otherwise == "refuse" else "its score carries a note"
        return f"{' and '.join(ends)} {unit}, or {otherwise}, because {self.why}"


_QUANTITIES = {
    "fps": ("has", "frames per second"),
    "num_frames": ("has", "frames"),
    "seconds": ("lasts", "seconds"),
    "short_side": ("has", "pixels on its short side"),
    "long_side": ("has", "pixels on its long side"),
}


@dataclass(frozen=True)
class MetricInfo:
    """What a metric says about itself, readable without loading any network.

    name: what is measured, ``snake_case``.
    version: changes whenever the numbers may change.
    group: ``consistency``, ``text``, ``quality`` or ``motion``.
    range: smallest and largest possible value (None: unbounded).
    direction: which values are better; ``none`` when neither end is (an amount of motion).
    features: names of the features it needs.
    backend: the networks and finders behind it, as they are named in tables; part of its identity.
    weights: names in the weights manifest. packages: import names that must be installed (`a2bench[metrics]`).
    roles: the roles it scores per element; empty for a metric of the whole video.
    protocol: what it demands of a video, checked before it is asked.
    touched_by: what of the settings changes its values for one and the same motion: the frame rate, the length. Values
        of runs that differ in it are not alike, and pages say so.
    default: whether it is measured when no metrics are named.
    lacking: what else this machine lacks for it, each with its remedy, where packages and weights are not all.
    expectations: the order in which it must put the controls.
    """

    name: str
    version: int
    title: str
    group: Literal["consistency", "text", "quality", "motion"]
    range: tuple[float | None, float | None]
    direction: Literal["higher", "lower", "none"]
    features: tuple[str, ...]
    backend: str
    weights: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    unit: str = ""
    paper: str = ""
    licence: str = "Apache-2.0"
    protocol: tuple[Limit, ...] = ()
    touched_by: tuple[Literal["length", "fps"], ...] = ()
    default: bool = True
    lacking: tuple[str, ...] = ()
    expectations: tuple[Expectation, ...] = ()
