"""What does a statistic hand back? A number with its interval, or nothing and the reason."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from a2bench.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEVEL = 0.95
"""Of every published interval; one minus it is the error that the tests of a family share."""


class StatisticsError(InputError):
    """The data cannot answer this question at all; the message says what is missing."""


class DisconnectedError(StatisticsError):
    """Some systems were never compared, not even through others, so they have no common scale."""

    def __init__(self, kind: str, groups: list[list[str]]) -> None:
        self.groups = groups
        listed = " | ".join(", ".join(group[:8]) + (", ..." if len(group) > 8 else "") for group in groups[:6])
        super().__init__(
            f"{kind} fall into {len(groups)} groups that nothing connects: {listed}. "
            "Collect votes across these groups, or analyse each group by itself."
        )


@dataclass(frozen=True)
class Estimate:
    """One estimated number.

    value: the number, None when it cannot be estimated; ``reason`` then says why.
    low, high: ends of the confidence interval, None where there is none (``reason`` says why).
    stderr: standard error on the scale of the value, None when none was computed.
    n: how many observations went in (votes, clips, prompts: the function says which).
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    stderr: float | None = None
    n: int = 0
    reason: str | None = None
