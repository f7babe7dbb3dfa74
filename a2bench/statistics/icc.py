"""How much of the spread of ratings is about the videos? Intraclass correlations of a complete panel."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from a2bench.statistics.estimates import LEVEL, Estimate
from a2bench.statistics.opinion import rating_matrix

Kind = Literal["1,1", "2,1", "3,1", "1,k", "2,k", "3,k"]
KINDS: tuple[Kind, ...] = ("1,1", "2,1", "3,1", "1,k", "2,k", "3,k")


def intraclass_correlations(ratings: ArrayLike, level: float = LEVEL) -> dict[Kind, Estimate]:
    """The six coefficients of Shrout and Fleiss 1979 (Psych. Bull. 86:420) with F intervals.

    Intervals are those of McGraw and Wong 1996 (Psych. Methods 1:30).
    "2,1" is the reliability of one rater drawn from many, in absolute agreement; "2,k" of the mean of k such raters;
    "3" takes the raters as fixed; "1" has other raters for each video.

    Args:
        ratings: ``[J, I]`` videos x raters, complete, at least 2 x 2. With gaps use Krippendorff's alpha (interval).
        level: nominal coverage.
    """
    matrix = rating_matrix(ratings)
    n, k = matrix.shape
    if np.isnan(matrix).any():
        return dict.fromkeys(
            KINDS, Estimate(None, n=n, reason="ratings are missing; use Krippendorff's alpha (interval)")
        )
    if min(n, k) < 2:
        return dict.fromkeys(KINDS, Estimate(None, n=n, reason="at least two videos and two raters are needed"))
    mean = matrix.mean()
    rows, columns = matrix.mean(1) - mean, matrix.mean(0) - mean
    between, raters = k * float(rows @ rows) / (n - 1), n * float(columns @ columns) / (k - 1)
    residual = matrix - mean - rows[:, None] - columns
    error = float((residual**2).sum()) / ((n - 1) * (k - 1))
    within = float(((matrix - matrix.mean(1, keepdims=True)) ** 2).sum()) / (n * (k - 1))
    if between <= 1e-12 * max(1.0, mean**2) or within <= 1e-12 * max(1.0, mean**2):
        what = "all videos have the same mean" if within > between else "all raters agree exactly"
        return dict.fromkeys(KINDS, Estimate(None, n=n, reason=f"no variation to compare: {what}"))
    error = max(error, 1e-300)

    def quantile(a: float, b: float) -> float:
        return float(stats.f.ppf(0.5 + level / 2, a, b))

    def simple(noise: float, freedom: float) -> tuple[float, float, float]:
        ratio = between / noise
        ends = ratio / quantile(n - 1, freedom), ratio * quantile(freedom, n - 1)
        one, low, high = ((x - 1) / (x + k - 1) for x in (ratio, *ends))
        return one, low, high

    one = simple(within, n * (k - 1))
    three = simple(error, (n - 1) * (k - 1))
    two_value = (between - error) / (between + (k - 1) * error + k * (raters - error) / n)
    two = (two_value, *_absolute_agreement_interval(two_value, between, raters, error, n, k, quantile))
    singles: dict[Kind, tuple[float, float, float]] = {"1,1": one, "2,1": two, "3,1": three}
    means: dict[Kind, tuple[float, float, float]] = {"1,k": one, "2,k": two, "3,k": three}
    found: dict[Kind, Estimate] = {}
    for kind, (value, low, high) in singles.items():
        found[kind] = Estimate(value, low, high, n=n)
    for kind, values in means.items():
        value, low, high = (k * x / (1 + (k - 1) * x) for x in values)
        found[kind] = Estimate(value, low, high, n=n)
    return found


def _absolute_agreement_interval(
    value: float,
    between: float,
    raters: float,
    error: float,
    n: int,
    k: int,
    quantile: Callable[[float, float], float],
) -> tuple[float, float]:
    """Interval of ICC(2,1) by Satterthwaite's degrees of freedom (McGraw and Wong 1996)."""
    ratio = raters / error
    rest = n * (1 + (k - 1) * value) - k * value
    freedom = (k - 1) * (n - 1) * (k * value * ratio + rest) ** 2 / ((n - 1) * (k * value * ratio) ** 2 + rest**2)
    upper, lower = quantile(n - 1, freedom), quantile(freedom, n - 1)
    noise = k * raters + (k * n - k - n) * error
    low = n * (between - upper * error) / (upper * noise + n * between)
    high = n * (lower * between - error) / (noise + n * lower * between)
    return low, high
