"""How large is a mean over cases, and how sure is that? The seeds of a case are one cluster."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from a2bench.statistics.bootstrap import FEWEST_RESAMPLED, expanded_tail, resamples
from a2bench.statistics.bounded import all_equal, bounded_intervals, unseen_ends
from a2bench.statistics.estimates import LEVEL, Floats, Ints
from a2bench.statistics.exact import column_sums, whole_units
from a2bench.statistics.student import t_quantile

Bounds = tuple[float | None, float | None]
"""The smallest and the largest possible value, None where there is none or it is not known."""
UNBOUNDED: Bounds = (None, None)
_COLUMNS_AT_ONCE = 512


class MeanErrors(NamedTuple):
    """``[C]`` each: mean over all values, its cluster-robust standard error (NaN below two clusters), clusters."""

    mean: Floats
    stderr: Floats
    clusters: Ints


def mean_errors(counts: Floats, sums: Floats) -> MeanErrors:
    """Means of columns and their standard errors.

    The error is the cluster-robust one of a mean (Miller 2024, arXiv:2411.00640, eq. 4) with the usual correction
    ``k / (k - 1)`` for k clusters; with one value per cluster it is the ordinary standard error.

    Args:
        counts: ``[k, C]`` values of each cluster; 0 for a cluster without any.
        sums: ``[k, C]`` their sums.
    """
    clusters = (counts > 0).sum(0)
    values = column_sums(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = column_sums(sums) / values
        residuals = np.where(counts > 0, sums - counts * mean, 0.0)
        stderr = np.sqrt(column_sums(residuals**2) * clusters / (clusters - 1)) / values
    stderr[clusters < 2] = np.nan
    return MeanErrors(mean, stderr, clusters)


def clustered_mean(values: Iterable[tuple[str, float]]) -> tuple[float | None, float | None]:
    """Mean of ``(cluster, value)`` pairs and its standard error (`mean_errors`); None where there is none.

    Sums are exact, so the order of the values does not matter.
    """
    pairs = list(values)
    if not pairs:
        return None, None
    found = mean_errors(*_by_cluster(pairs))
    mean = math.fsum(value for _, value in pairs) / len(pairs)
    return mean, float(found.stderr[0]) if found.clusters[0] > 1 else None


def clustered_interval(
    values: Iterable[tuple[str, float]], bounds: Bounds = UNBOUNDED, *, differences: bool = False
) -> tuple[float, float] | None:
    """95 % interval of the mean of ``(cluster, value)`` pairs, see `clustered_intervals`; None where there is none.

    Args:
        values: of all clusters.
        bounds: of a value; of differences, of what is subtracted.
        differences: whether the values are differences.
    """
    pairs = list(values)
    if not pairs:
        return None
    low, high = clustered_intervals(*_by_cluster(pairs), [bounds], differences=differences)
    return None if np.isnan(low[0]) else (float(low[0]), float(high[0]))


def no_interval(clusters: int) -> str:
    """Why a mean over so many cases has no interval."""
    if clusters < 2:
        return "fewer than two cases: how much another would differ is unknown"
    return "all cases are equal and the range of the number is open: how much another would differ is unknown"


def clustered_intervals(
    counts: Floats, sums: Floats, bounds: Sequence[Bounds] | None = None, *, differences: bool = False
) -> tuple[Floats, Floats]:
    """95 % intervals of the means of many columns.

    Of values whose range is known, at least at one end: the score interval of `a2bench.statistics.bounded`. Of
    differences, and of values without a known range: whole clusters are drawn again (`a2bench.statistics.bootstrap`);
    below `FEWEST_RESAMPLED` clusters Student's t interval. No interval leaves the range.

    Args:
        counts: ``[k, C]`` values of each cluster; 0 for a cluster without any.
        sums: ``[k, C]`` their sums.
        bounds: of the values of each column; of differences, of what is subtracted. Unknown when None.
        differences: whether the values are differences of two numbers of these ranges.

    Returns:
        The lower and upper ends, ``[C]`` each, NaN where there is no interval (`no_interval`).
    """
    known = np.array([UNBOUNDED] * sums.shape[1] if bounds is None else list(bounds), dtype=np.float64).reshape(-1, 2)
    low, high = np.where(np.isnan(known), [-np.inf, np.inf], known).T
    low, high = _where_kept(counts, sums, low, high) if not differences else (low - high, high - low)
    found = mean_errors(counts, sums)
    ends = np.full((2, sums.shape[1]), np.nan)
    scored = np.flatnonzero((np.isfinite(low) | np.isfinite(high)) & (not differences))
    mean, stderr, clusters = found
    ends[:, scored] = bounded_intervals(
        counts[:, scored],
        sums[:, scored],
        low[scored],
        high[scored],
        mean[scored],
        stderr[scored],
        clusters[scored],
    )
    others = np.setdiff1d(np.arange(sums.shape[1]), scored)
    ends[:, others] = _resampled(counts[:, others], sums[:, others], low[others], high[others], found, others)
    return ends[0], ends[1]


def _where_kept(counts: Floats, sums: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The range, open where a value lies beyond it: then it is not what it is said to be."""
    with np.errstate(invalid="ignore", divide="ignore"):
        values = sums / counts
    below = (np.where(counts > 0, values, np.inf) < low - 1e-9 * np.abs(low)).any(0)
    above = (np.where(counts > 0, values, -np.inf) > high + 1e-9 * np.abs(high)).any(0)
    return np.where(below, -np.inf, low), np.where(above, np.inf, high)


def _resampled(
    counts: Floats, sums: Floats, low: Floats, high: Floats, found: MeanErrors, columns: Ints
) -> tuple[Floats, Floats]:
    ends = np.full((2, sums.shape[1]), np.nan)
    # Only the clusters that have values are drawn from, so columns are taken together by which clusters these are.
    present = counts > 0
    _, first, group = np.unique(np.packbits(present, axis=0), axis=1, return_index=True, return_inverse=True)
    for number, mask in enumerate(present.T[first]):
        k = int(mask.sum())
        chosen = np.flatnonzero(group.reshape(-1) == number)
        if k < 2 or not len(chosen):
            continue
        if k < FEWEST_RESAMPLED:
            mean, stderr = found.mean[columns[chosen]], found.stderr[columns[chosen]]
            half = t_quantile(LEVEL, k - 1) * stderr
            ends[:, chosen] = mean - half, mean + half
        else:
            for part in np.array_split(chosen, math.ceil(len(chosen) / _COLUMNS_AT_ONCE)):
                block = np.ix_(mask, part)
                ends[:, part] = _percentiles(counts[block], sums[block])
    for column in np.flatnonzero(all_equal(counts, sums)):
        one = slice(column, column + 1)
        low_, high_ = unseen_ends(counts[:, one], sums[:, one], low[one], high[one])
        whole = bool(np.isfinite(low_[0]) and np.isfinite(high_[0])) and present[:, column].sum() > 1
        ends[:, column] = (low_[0], high_[0]) if whole else np.nan
    return np.maximum(ends[0], low), np.minimum(ends[1], high)


def _percentiles(counts: Floats, sums: Floats) -> tuple[Floats, Floats]:
    """Expanded percentiles of the means of columns without a gap; products are of whole numbers, so exact."""
    k = len(sums)
    weights, tail = resamples(k), expanded_tail(k)
    if (counts == counts[:, :1]).all():
        counts = counts[:, :1]
    whole, units = whole_units(sums)
    drawn = (whole.T @ weights.T) / (counts.T @ weights.T)  # [C, resamples]: quantiles are fastest along the last axis
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=1, overwrite_input=True)
    return low * units, high * units


def _by_cluster(pairs: Iterable[tuple[str, float]]) -> tuple[Floats, Floats]:
    """``[k, 1]`` counts and exact sums, clusters in order of their names."""
    parts: dict[str, list[float]] = defaultdict(list)
    for cluster, value in pairs:
        parts[cluster].append(value)
    table = np.array([[len(parts[name]), math.fsum(parts[name])] for name in sorted(parts)], dtype=np.float64)
    return table[:, :1], table[:, 1:]
