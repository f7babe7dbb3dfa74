"""What does a statistic hand back? A number with its interval, or nothing and the reason."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from a2bench.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


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


def t_quantile(level: float, degrees_of_freedom: float) -> float:
    """Two-sided Student t quantile, for instance 1.96 for level 0.95 and infinitely many degrees of freedom."""
    return float(special.stdtrit(degrees_of_freedom, 0.5 + level / 2))


def percentile_interval(samples: Floats, level: float, clusters: int) -> tuple[float, float]:
    """Percentile interval of bootstrap values, widened for few clusters.

    A percentile interval is too narrow by about ``sqrt((n-1)/n)`` and ignores that the spread is estimated. The
    "expanded" interval takes the tail ``Phi(-sqrt(n/(n-1)) t)`` instead, with t on n-1 degrees of freedom.
    Source: Hesterberg 2015, The American Statistician 69(4) (arXiv:1411.5279).

    Args:
        samples: ``[B]`` bootstrap values.
        level: nominal coverage, in (0, 1).
        clusters: number of resampled clusters, at least 2.
    """
    tail = float(special.ndtr(-np.sqrt(clusters / (clusters - 1)) * t_quantile(level, clusters - 1)))
    low, high = np.quantile(samples, [tail, 1 - tail])
    return float(low), float(high)


def wilson_interval(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Wilson score interval of a share of ``n`` (effective) observations (Wilson 1927, JASA 22:209)."""
    centre = (share + quantile**2 / (2 * n)) / (1 + quantile**2 / n)
    half = quantile / (1 + quantile**2 / n) * np.sqrt(share * (1 - share) / n + quantile**2 / (4 * n**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
