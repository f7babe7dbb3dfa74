"""How good is each video on an absolute scale, and is the panel as noisy as panels are?"""

import numpy as np
from numpy.typing import ArrayLike

from a2bench.statistics.estimates import LEVEL, Estimate, Floats, StatisticsError
from a2bench.statistics.student import t_quantile


def rating_matrix(ratings: ArrayLike) -> Floats:
    """``[J, I]`` float with NaN where rater i did not rate video j, checked.

    Raises:
        StatisticsError: not two-dimensional, empty, or with infinite values.
    """
    matrix = np.asarray(ratings, dtype=np.float64)
    if matrix.ndim != 2 or not matrix.size:
        raise StatisticsError(f"ratings must be a [videos, raters] matrix, this has shape {matrix.shape}")
    if np.isinf(matrix).any():
        raise StatisticsError("ratings must be finite, or NaN where there is none")
    return matrix


def mean_opinion_scores(ratings: ArrayLike, level: float = LEVEL) -> tuple[Estimate, ...]:
    """Mean opinion score of each video with Student's t interval, ``mean +- t * s / sqrt(n)``.

    The interval is about this panel's raters on this video; for a mean over videos, raters are shared, see
    `subject_model`.

    Args:
        ratings: ``[J, I]`` videos x raters, NaN where missing.
        level: nominal coverage.
    """
    estimates = []
    for row in rating_matrix(ratings):
        given = row[~np.isnan(row)]
        n = len(given)
        if n == 0:
            estimates.append(Estimate(None, reason="no rating"))
        elif n == 1:
            estimates.append(Estimate(float(given[0]), n=1, reason="one rating: its spread cannot be estimated"))
        else:
            mean, stderr = float(given.mean()), float(given.std(ddof=1) / np.sqrt(n))
            half = t_quantile(level, n - 1) * stderr
            estimates.append(Estimate(mean, mean - half, mean + half, stderr, n))
    return tuple(estimates)


def sos_parameter(ratings: ArrayLike, scale: tuple[float, float] = (1, 5)) -> Estimate:
    """Parameter a of the SOS hypothesis: ``variance_j = a * (MOS_j - low) * (high - MOS_j)``, by least squares.

    It says how much raters differ for the level of quality, in [0, 1]; far above about 0.3 the panel is noisy.
    Variances have n-1 in the denominator. Source: Hossfeld, Schatz and Egger 2011, "SOS: The MOS is not enough!",
    QoMEX.

    Args:
        ratings: ``[J, I]`` videos x raters, NaN where missing; videos with fewer than two ratings are left out.
        scale: lowest and highest possible rating.
    """
    matrix = rating_matrix(ratings)
    matrix = matrix[(~np.isnan(matrix)).sum(1) >= 2]
    if not len(matrix):
        return Estimate(None, reason="no video has two ratings")
    mean, variance = np.nanmean(matrix, axis=1), np.nanvar(matrix, axis=1, ddof=1)
    room = (mean - scale[0]) * (scale[1] - mean)
    if not np.any(room):
        return Estimate(None, n=len(matrix), reason="all ratings are at the ends of the scale")
    return Estimate(float(room @ variance / (room @ room)), n=len(matrix))
