"""What do ratings say once each rater's bias and inconsistency are taken out?

Model: ``rating[j, i] = quality[j] + bias[i] + inconsistency[i] * noise``. Raters are weighted by the inverse square
of their inconsistency instead of being rejected: a random clicker then hardly counts. Solved by alternating projection.
Source: ITU-T P.910 (10/2023) Annex E, ITU-T P.913 12.6; Li, Bampis, Janowski and Katsavounidis 2020 (arXiv:2004.02067).
Differs from the ITU demo: the reported standard error is ``(sum_i inconsistency[i]**-2)**-0.5`` (of the paper),
not a per-video residual; inconsistency has a floor, so that a rater who always agrees does not decide alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtri

from a2bench.statistics.estimates import LEVEL, DisconnectedError, Estimate, Floats, StatisticsError
from a2bench.statistics.opinion import rating_matrix

INCONSISTENCY_FLOOR = 0.1
"""In units of the rating scale (1 to 5); real raters are at 0.4 and above."""


@dataclass(frozen=True, eq=False)
class SubjectModel:
    """Qualities of videos, biases and inconsistencies of raters.

    quality: J estimates on the rating scale, intervals from the normal distribution.
    bias: ``[I]`` mean excess of each rater, mean 0 over raters; NaN for a rater without ratings.
    inconsistency: ``[I]`` standard deviation of what bias and quality do not explain; NaN for a rater with fewer than
        two ratings, who then gets the median weight.
    iterations: of the alternating projection. converged: whether it stopped by itself.
    """

    quality: tuple[Estimate, ...]
    bias: Floats
    inconsistency: Floats
    iterations: int
    converged: bool

    @property
    def values(self) -> Floats:
        """``[J]`` qualities, NaN where there is none."""
        return np.array([np.nan if q.value is None else q.value for q in self.quality])

    @property
    def weights(self) -> Floats:
        """``[I]`` weight of each rater over the mean weight: usable as vote weights for the same raters."""
        weights = 1 / np.maximum(self.inconsistency, INCONSISTENCY_FLOOR) ** 2
        weights = np.where(np.isnan(weights), np.nanmedian(weights), weights)
        return np.asarray(weights / weights.mean())


def fit_subject_model(ratings: ArrayLike, *, level: float = LEVEL, tolerance: float = 1e-8) -> SubjectModel:
    """Fit the subject model to ``[J, I]`` ratings, videos x raters, NaN where missing.

    Raises:
        DisconnectedError: some raters and videos share nothing with the others, so bias cannot be told from quality.
        StatisticsError: no rater has two ratings.
    """
    matrix = rating_matrix(ratings)
    given = ~np.isnan(matrix)
    rated, raters = given.any(1), given.any(0)
    _require_connected(given[np.ix_(rated, raters)])
    several = given.sum(0) >= 2
    if not several.any():
        raise StatisticsError("no rater has two ratings: inconsistency cannot be estimated")
    data = np.where(given, matrix, 0.0)[rated]
    mask = given[rated].astype(np.float64)
    per_rater = np.maximum(mask.sum(0), 1)
    quality = data.sum(1) / mask.sum(1)
    bias = ((data - quality[:, None]) * mask).sum(0) / per_rater
    spread = np.zeros(matrix.shape[1])
    iteration, change = 0, np.inf
    while iteration < 1000 and change >= tolerance:
        iteration += 1
        residual = (data - quality[:, None] - bias) * mask
        centred = (residual - residual.sum(0) / per_rater) * mask
        spread = np.sqrt((centred**2).sum(0) / per_rater)
        weight = mask / _floored(spread, several) ** 2
        moved = (weight * (data - bias)).sum(1) / weight.sum(1)
        bias = ((data - moved[:, None]) * mask).sum(0) / per_rater
        change = float(np.linalg.norm(moved - quality))
        quality = moved
    shift = float(bias[raters].mean())
    stderr = 1 / np.sqrt((mask / _floored(spread, several) ** 2).sum(1))
    half = float(ndtri(0.5 + level / 2)) * stderr
    estimates: list[Estimate] = [Estimate(None, reason="no rating")] * len(matrix)
    for place, video in enumerate(np.flatnonzero(rated)):
        value, width = float(quality[place]) + shift, float(half[place])
        n = int(given[video].sum())
        estimates[int(video)] = Estimate(value, value - width, value + width, float(stderr[place]), n)
    return SubjectModel(
        quality=tuple(estimates),
        bias=np.where(raters, bias - shift, np.nan),
        inconsistency=np.where(several, spread, np.nan),
        iterations=iteration,
        converged=change < tolerance,
    )


def _floored(spread: Floats, several: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    floored = np.maximum(spread, INCONSISTENCY_FLOOR)
    return np.where(several, floored, np.median(floored[several]))


def _require_connected(given: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> None:
    videos, raters = given.shape
    links = np.zeros((videos + raters, videos + raters))
    links[:videos, videos:] = given
    count, labels = connected_components(csr_array(links), directed=False)
    if count > 1:
        names = [f"video {j}" for j in range(videos)] + [f"rater {i}" for i in range(raters)]
        groups = [[names[k] for k in np.flatnonzero(labels == label)] for label in range(count)]
        raise DisconnectedError("videos and raters", groups)
