"""Does a metric order all videos, or the systems, as people do? Read after the accuracy within prompts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from a2bench.statistics.bootstrap import percentile_interval
from a2bench.statistics.estimates import LEVEL, Estimate, Floats, StatisticsError
from a2bench.statistics.opinion import rating_matrix


@dataclass(frozen=True)
class Correlations:
    """Correlations of a metric with people's scores.

    items: Spearman's rho over all videos; also high for a metric that only knows which prompts are hard.
    systems, systems_kendall: Spearman's rho and Kendall's tau-b over the systems' means; with eight systems nearly
        useless, which the interval shows.
    """

    items: Estimate
    systems: Estimate
    systems_kendall: Estimate


def pearson(x: ArrayLike, y: ArrayLike) -> float | None:
    """Pearson's r, None when either is constant or there are fewer than two."""
    return _correlate(lambda a, b: float(np.corrcoef(a, b)[0, 1]), x, y)


def spearman(x: ArrayLike, y: ArrayLike) -> float | None:
    """Spearman's rho with average ranks for ties, None when either is constant."""
    return _correlate(lambda a, b: float(np.corrcoef(stats.rankdata(a), stats.rankdata(b))[0, 1]), x, y)


def kendall(x: ArrayLike, y: ArrayLike) -> float | None:
    """Kendall's tau-b, None when either is constant."""
    return _correlate(lambda a, b: float(np.asarray(stats.kendalltau(a, b))[0]), x, y)


def metric_correlations(
    metric: ArrayLike, human: ArrayLike, *, level: float = LEVEL, draws: int = 500, seed: int = 0
) -> Correlations:
    """Item-level and system-level correlations with intervals from resampled prompts.

    Args:
        metric: ``[P, K]`` prompts x systems, NaN where missing.
        human: ``[P, K]`` mean ratings or `mean_preference`, NaN where missing. Only videos with both are used.
        level: nominal coverage.
        draws: of the bootstrap over prompts. Systems are not redrawn: the interval is about these systems.
        seed: of the bootstrap.

    Raises:
        StatisticsError: the two matrices have different shapes.
    """
    one, two = rating_matrix(metric), rating_matrix(human)
    if one.shape != two.shape:
        raise StatisticsError(f"metric and human must have one shape, they have {one.shape} and {two.shape}")
    missing = np.isnan(one) | np.isnan(two)
    keep = ~missing.all(1)
    one, two = np.where(missing, np.nan, one)[keep], np.where(missing, np.nan, two)[keep]

    def of_items(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float | None:
        a, b = one[rows].reshape(-1), two[rows].reshape(-1)
        there = ~np.isnan(a)
        return spearman(a[there], b[there])

    def of_systems(rows: np.ndarray[tuple[int], np.dtype[np.int64]], kind: Callable[..., float | None]) -> float | None:
        a, b = one[rows], two[rows]
        seen = (~np.isnan(a)).any(0)
        return kind(_column_means(a[:, seen]), _column_means(b[:, seen])) if seen.sum() >= 2 else None

    rng = np.random.default_rng(seed)
    samples = [rng.integers(0, len(one), len(one)) for _ in range(draws)] if len(one) >= 2 else []
    return Correlations(
        _estimate(of_items, len(one), samples, int((~np.isnan(one)).sum()), level),
        _estimate(lambda rows: of_systems(rows, spearman), len(one), samples, one.shape[1], level),
        _estimate(lambda rows: of_systems(rows, kendall), len(one), samples, one.shape[1], level),
    )


def _estimate(
    statistic: Callable[[np.ndarray[tuple[int], np.dtype[np.int64]]], float | None],
    prompts: int,
    samples: list[np.ndarray[tuple[int], np.dtype[np.int64]]],
    n: int,
    level: float,
) -> Estimate:
    value = statistic(np.arange(prompts)) if prompts else None
    if value is None:
        return Estimate(None, n=n, reason="fewer than two to compare, or no variation")
    if prompts < 2:
        return Estimate(value, n=n, reason="one prompt: how much another would differ is unknown")
    drawn = [statistic(rows) for rows in samples]
    found = np.array([x for x in drawn if x is not None])
    if len(found) < len(drawn) / 2:
        return Estimate(value, n=n, reason="most resampled prompts show no variation")
    low, high = percentile_interval(found, level, prompts)
    return Estimate(value, low, high, float(found.std(ddof=1)), n)


def _correlate(kind: Callable[[Floats, Floats], float], x: ArrayLike, y: ArrayLike) -> float | None:
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return kind(a, b) if len(a) >= 2 and np.ptp(a) > 0 and np.ptp(b) > 0 else None


def _column_means(matrix: Floats) -> Floats:
    there = ~np.isnan(matrix)
    return np.asarray(np.where(there, matrix, 0).sum(0) / there.sum(0))
