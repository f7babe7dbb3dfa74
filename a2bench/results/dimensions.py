"""What the summary is made of, and how each metric becomes a number from 0 to 1. The only place where this is said.

Anchors are measured, not invented: means of controls over `a2bench-mini` (81 frames of 832x480, as in
`metrics/validity`, which a test holds them against), real clips, or a published scale. They belong to one version
of a metric: scores of another version are not normalised, and the dimension has no value until the anchors are measured
again.
"""

from dataclasses import dataclass

VERSION = 1
"""Changes whenever the same scores may give another summary."""

HEADLINE = "headline"
"""Name of the row over all dimensions."""
WITHOUT_TEXT = "headline_without_text"
"""Name of the row over all dimensions but Text, for runs whose text could not be measured. It is a number of its own:
it is never shown in place of the headline, and never compared with it."""


@dataclass(frozen=True)
class Anchor:
    """A metric, the version that the anchors were measured with, and the values that become 0 and 1 (clamped).

    version: None where the metric is a share from 0 to 1 in every version, so that there is nothing to measure.
    """

    metric: str
    version: int | None
    zero: float
    one: float
    reason: str

    def fraction(self, value: float) -> float:
        """The value on the way from ``zero`` to ``one``, in [0, 1]."""
        return min(max((value - self.zero) / (self.one - self.zero), 0.0), 1.0)


ELEMENT_METRICS: dict[str, tuple[Anchor, ...]] = {
    "character": (
        Anchor("identity_similarity", None, 0, 1, "presence x likeness of the face already"),
        Anchor("character_similarity", None, 0, 1, "presence x fidelity already; for characters without a clear face"),
    ),
    "object": (Anchor("object_similarity", None, 0, 1, "presence x fidelity already"),),
    "background": (Anchor("background_similarity", None, 0, 1, "presence x fidelity already"),),
}
"""How well an element is there, by its role. The next metric is asked where one does not apply to the element (a
reference without a face); where one applies but could not be measured, the element has no value."""

TEXT = (Anchor("text_alignment", 1, 0, 40, "CLIPScore's own scale: 2.5 * cosine (Hessel et al. 2021, section 3)"),)
QUALITY = (
    Anchor("niqe", 1, 16.2, 5.0, "1: the control collage; 0: the control blur"),
    Anchor("temporal_flicker", 1, 0.849, 0.979, "1: the control collage, so that motion costs nothing; 0: noise"),
)
MOTION = (
    Anchor("motion_amount", 1, 0, 0.8, "0: the control frozen; 1: the calmest tenth of 20 real clips"),
    Anchor("motion_smoothness", 1, 0.934, 0.992, "1: the control collage; 0: noise"),
)


@dataclass(frozen=True)
class Dimension:
    """One line of the summary. weight: its share of the headline."""

    name: str
    title: str
    question: str
    weight: float
    anchors: tuple[Anchor, ...]


DIMENSIONS = (
    Dimension(
        "consistency", "Consistency", "Are the given elements in the video and like their references?", 1 / 2, ()
    ),
    Dimension("text", "Text", "Does the video show what the prompt says?", 1 / 6, TEXT),
    Dimension("quality", "Quality", "Is the picture good?", 1 / 6, QUALITY),
    Dimension("motion", "Motion", "Does it move, and smoothly?", 1 / 6, MOTION),
)
"""Half of the headline's weight is what an elements-to-video system is for; the other half is shared equally."""


def headline_dimensions(name: str) -> tuple[Dimension, ...]:
    """The dimensions that a row over several is made of."""
    return tuple(d for d in DIMENSIONS if name == HEADLINE or d.name != "text")


def row_metrics(name: str) -> tuple[str, ...]:
    """The metrics that a row of the summary is made of."""
    is_whole = name in (HEADLINE, WITHOUT_TEXT)
    chosen = headline_dimensions(name) if is_whole else [d for d in DIMENSIONS if d.name == name]
    elements = [anchor for anchors in ELEMENT_METRICS.values() for anchor in anchors]
    return tuple(anchor.metric for d in chosen for anchor in d.anchors or elements)


def summary_metrics() -> tuple[str, ...]:
    """The metrics that the summary is made of."""
    return row_metrics(HEADLINE)
