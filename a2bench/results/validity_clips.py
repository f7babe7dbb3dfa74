"""Does a metric tell what a real clip shows from what it does not?

Within a clip and a category, every reference that it shows is compared with every one that it does not: the share of
pairs in which the shown one scores higher (ties count half: the area under the ROC curve, within clips), with a 95 %
interval over clips. 0.5 is chance; a metric passes when the whole interval is above it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from a2bench.statistics.clusters import clustered_intervals
from a2bench.statistics.quantities import FEWEST_CASES

MIN_CLIPS = FEWEST_CASES
"""Fewest clips for a verdict."""
KINDS = {"character-human": "people", "character-animal": "animals", "object": "objects", "background": "places"}
"""What references of a category show. A category begins with its role."""


class ClipScore(NamedTuple):
    """The score of one clip with one reference; shown: whether the clip shows it. None: could not be measured."""

    clip: str
    category: str
    shown: bool
    value: float | None


class ClipsRow(BaseModel):
    """One metric on the references of one category.

    share: of (shown, other) pairs within a clip that are ordered rightly; None where nothing could be compared.
    interval: None with too few clips. shown, others: mean scores of the two kinds of references.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    category: str
    share: float | None = None
    interval: tuple[float, float] | None = None
    shown: float | None = None
    others: float | None = None
    clips: int = 0
    pairs: int = 0

    @property
    def state(self) -> Literal["met", "fails", "not checked"]:
        """Whether the metric orders these references rightly."""
        if self.interval is None or self.clips < MIN_CLIPS:
            return "not checked"
        return "met" if self.interval[0] > 0.5 else "fails"

    @property
    def text(self) -> str:
        """What is expected, in words."""
        return f"{KINDS[self.category]} that a real clip shows are above others"


def judge_clips(metric: str, roles: Sequence[str], scores: Sequence[ClipScore]) -> Iterator[ClipsRow]:
    """A row for each category of the metric's roles that the scores have."""
    for category in dict.fromkeys(score.category for score in scores):
        if category.partition("-")[0] in roles:
            yield _row(metric, category, (score for score in scores if score.category == category))


def _row(metric: str, category: str, scores: Iterable[ClipScore]) -> ClipsRow:
    by_clip: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for score in scores:
        if score.value is not None:
            by_clip[score.clip][0 if score.shown else 1].append(score.value)
    compared = [(shown, others) for shown, others in by_clip.values() if shown and others]
    if not compared:
        return ClipsRow(metric=metric, category=category)
    counts = np.array([ordered(shown, others) for shown, others in compared], dtype=np.float64)
    low, high = clustered_intervals(counts[:, 1:], counts[:, :1], [(0.0, 1.0)])
    means = [float(np.mean([value for pair in compared for value in pair[kind]])) for kind in (0, 1)]
    return ClipsRow(
        metric=metric,
        category=category,
        share=float(counts[:, 0].sum() / counts[:, 1].sum()),
        interval=(float(low[0]), float(high[0])) if len(compared) >= MIN_CLIPS else None,
        shown=means[0],
        others=means[1],
        clips=len(compared),
        pairs=int(counts[:, 1].sum()),
    )


def ordered(shown: Sequence[float], others: Sequence[float]) -> tuple[float, int]:
    """Sum over all (shown, other) pairs of 1, 0.5 or 0, and their number.

    >>> ordered([0.9], [0.9, 0.1])
    (1.5, 2)
    """
    return sum((a > b) + 0.5 * (a == b) for a in shown for b in others), len(shown) * len(others)
