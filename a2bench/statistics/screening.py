"""Which raters answer unlike the others? For a flag and a weight, not for a silent deletion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from a2bench.statistics.correlations import pearson, spearman
from a2bench.statistics.estimates import Bools, Floats
from a2bench.statistics.opinion import rating_matrix


@dataclass(frozen=True, eq=False)
class Screening:
    """Result of a screening rule.

    rejected: ``[I]`` bool, what the rule says; never all raters.
    statistic: ``[I]`` what it decided on (`kurtosis_screening`: share of outlying ratings; `correlation_screening`: r),
        NaN where it cannot be computed; such a rater is not rejected.
    threshold: of the statistic.
    """

    rejected: Bools
    statistic: Floats
    threshold: float


def kurtosis_screening(ratings: ArrayLike) -> Screening:
    """The rule of ITU-R BT.500-14, Annex 1, A1-2.3.1, for ``[J, I]`` ratings, videos x raters, NaN where missing.

    It misses random clickers (of five in the P.910 sample it finds two); `fit_subject_model` does not. Shares are over
    the ratings a rater gave, not over the full grid, so incomplete designs are fine.
    """
    matrix = rating_matrix(ratings)
    matrix = matrix[(~np.isnan(matrix)).any(1)]
    given = ~np.isnan(matrix)
    mean, spread = np.nanmean(matrix, axis=1, keepdims=True), np.nanstd(matrix, axis=1, keepdims=True)
    centred = np.where(given, matrix - mean, 0)
    count = given.sum(1, keepdims=True)
    fourth, second = (centred**4).sum(1, keepdims=True) / count, (centred**2).sum(1, keepdims=True) / count
    # Equal ratings have no kurtosis and mark nobody.
    kurtosis = np.divide(fourth, second**2, out=np.full_like(fourth, 9.0), where=second > 0)
    limit = np.where((kurtosis >= 2) & (kurtosis <= 4), 2.0, np.sqrt(20)) * spread
    usable = given & (spread > 0)
    above = (usable & (matrix >= mean + limit)).sum(0)
    below = (usable & (matrix <= mean - limit)).sum(0)
    given_by = given.sum(0)
    share = np.divide(above + below, given_by, out=np.full(matrix.shape[1], np.nan), where=given_by > 0)
    lopsided = np.abs(above - below) / np.maximum(above + below, 1)
    rejected = np.nan_to_num(share) > 0.05
    rejected &= lopsided < 0.3
    return Screening(_never_all(rejected), share, 0.05)


def correlation_screening(
    ratings: ArrayLike, *, rank: bool = False, leave_one_out: bool = True, cap: float = 0.7
) -> Screening:
    """Rejects raters whose correlation with the mean of the others is at most ``min(cap, mean(r) - sd(r))``.

    Args:
        ratings: ``[J, I]`` videos x raters, NaN where missing.
        rank: Spearman instead of Pearson.
        leave_one_out: leave the rater out of the mean; SUREAL does not, which flatters everyone.
        cap: a correlation above this is never rejected.
    """
    matrix = rating_matrix(ratings)
    correlations = np.full(matrix.shape[1], np.nan)
    total, count = np.nansum(matrix, axis=1), (~np.isnan(matrix)).sum(1)
    for rater in range(matrix.shape[1]):
        own = matrix[:, rater]
        others, of = (total - np.nan_to_num(own), count - ~np.isnan(own)) if leave_one_out else (total, count)
        both = ~np.isnan(own) & (of > 0)
        x, y = own[both], others[both] / of[both]
        found = (spearman if rank else pearson)(x, y) if len(x) >= 3 else None
        correlations[rater] = np.nan if found is None else found
    known = correlations[~np.isnan(correlations)]
    threshold = min(cap, float(known.mean() - known.std())) if len(known) else cap
    return Screening(_never_all(np.nan_to_num(correlations, nan=np.inf) <= threshold), correlations, threshold)


def _never_all(rejected: Bools) -> Bools:
    return np.zeros_like(rejected) if rejected.all() else rejected
