"""Which rank can each system claim? Rank sets from pairwise tests with Holm's correction."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from a2bench.statistics.estimates import LEVEL, Bools, Floats

if TYPE_CHECKING:  # boards use the rest of this file, and need no fit
    from a2bench.statistics.covariance import Covariance
    from a2bench.statistics.paired import PairedFit


@dataclass(frozen=True, eq=False)
class RankSets:
    """What can be said about ranks, 1 is best.

    rank: ``[K]`` int, 1 + number of systems that are surely better; ties share a rank. None when nothing can be tested.
    best, worst: ``[K]`` int, the set of ranks that the votes leave open.
    better: ``[K, K]`` bool, row is surely better than column.
    p_values: ``[K, K]``, two-sided, Holm-corrected over all pairs, NaN on the diagonal.
    """

    rank: tuple[int, ...] | None
    best: tuple[int, ...] | None
    worst: tuple[int, ...] | None
    better: Bools
    p_values: Floats
    reason: str | None = None


def holm(p_values: ArrayLike) -> Floats:
    """Holm's adjusted p-values, ``[M]``, which bound the chance of any false claim (1979, Scand. J. Statistics 6:65).

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted p-values, ``[M]``, for exploratory questions: bound the share of false claims (1995, JRSS-B 57:289)."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[::-1]
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(p[order] * len(p) / np.arange(len(p), 0, -1)), 1)
    return adjusted


def rank_sets(fit: "PairedFit", cov: "Covariance", level: float = LEVEL) -> RankSets:
    """Ranks of all systems, with the error ``1 - level`` shared over all pairs of the board by Holm.

    Differences are tested with the full covariance; comparing overlapping intervals of single ratings wastes power.
    """
    size = len(fit.systems)
    p_values = np.full((size, size), np.nan)
    if cov.matrix is None or size < 2:
        reason = cov.reason if cov.matrix is None else "one system: there is nothing to rank"
        return RankSets(None, None, None, np.zeros((size, size), dtype=bool), p_values, reason)
    raw = []
    for i, j in zip(*np.triu_indices(size, 1), strict=True):
        contrast = fit.contrast(int(i), int(j))
        stderr = float(np.sqrt(cov.variance(contrast) or 0.0))
        gap = abs(fit.ratings[i] - fit.ratings[j])
        raw.append(
            2 * float(special.stdtr(cov.degrees_of_freedom(contrast), -gap / stderr)) if stderr else float(gap < 1e-12)
        )
    return rank_sets_of_tests(fit.ratings[:, None] - fit.ratings[None, :], raw, level)


def rank_sets_of_tests(differences: ArrayLike, raw: ArrayLike, level: float = LEVEL) -> RankSets:
    """Rank sets from tests of all pairs.

    Args:
        differences: ``[K, K]``, row minus column; above 0 where the row is better.
        raw: ``[K (K - 1) / 2]`` uncorrected two-sided p-values, in the order of ``np.triu_indices(K, 1)``.
        level: one minus the error shared over all pairs.
    """
    gaps = np.asarray(differences, dtype=np.float64)
    size = len(gaps)
    first, second = np.triu_indices(size, 1)
    p_values = np.full((size, size), np.nan)
    p_values[first, second] = p_values[second, first] = holm(raw)
    better = (p_values < 1 - level) & (gaps > 0)
    lost, won = better.sum(0), better.sum(1)
    best = tuple(int(1 + n) for n in lost)
    return RankSets(best, best, tuple(int(size - n) for n in won), better, p_values)
