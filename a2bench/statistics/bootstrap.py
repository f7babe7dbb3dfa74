"""What do resampled clusters say? Draws, and the percentiles that hold for few clusters."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from a2bench.statistics.estimates import LEVEL, Floats
from a2bench.statistics.student import t_quantile

NUM_RESAMPLES = 4000
FEWEST_RESAMPLED = 6
"""Clusters from which on there are draws enough to say anything.

Of two, percentiles are the two values, which held the truth in 50 % of 3,000 simulations.
"""


@lru_cache(maxsize=8)
def resamples(clusters: int) -> Floats:
    """``[NUM_RESAMPLES, clusters]``: how often each cluster is drawn. Fixed seed: equal values, equal intervals."""
    drawn = np.random.default_rng(0).multinomial(clusters, np.full(clusters, 1 / clusters), NUM_RESAMPLES)
    return drawn.astype(np.float64)


def expanded_tail(clusters: int, level: float = LEVEL) -> float:
    """The share to cut off at each end, ``Phi(-sqrt(k / (k - 1)) t)`` with t on ``k - 1`` degrees of freedom.

    A percentile interval is too narrow by about ``sqrt((k - 1) / k)`` and ignores that the spread is estimated; so its
    percentiles are moved out. Source: Hesterberg 2015, The American Statistician 69(4), 3.3 (arXiv:1411.5279).
    """
    return NormalDist().cdf(-math.sqrt(clusters / (clusters - 1)) * t_quantile(level, clusters - 1))


def percentile_interval(samples: Floats, level: float, clusters: int) -> tuple[float, float]:
    """Expanded percentile interval of bootstrap values.

    Args:
        samples: ``[B]`` bootstrap values; an end among infinite ones is infinite.
        level: nominal coverage, in (0, 1).
        clusters: number of resampled clusters, at least 2.
    """
    tail = expanded_tail(clusters, level)
    if np.isfinite(samples).all():
        low, high = np.quantile(samples, [tail, 1 - tail])
    else:  # between two values lies nothing where one is infinite
        low, high = np.quantile(samples, tail, method="lower"), np.quantile(samples, 1 - tail, method="higher")
    return float(low), float(high)
