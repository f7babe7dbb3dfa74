"""How well could the best possible metric agree with these people?

People disagree, so no metric agrees with all of them. For single votes the ceiling is bracketed as in Nili et al. 2014
(PLoS Comput. Biol. 10:e1003553, "noise ceiling"): predicting each vote from the other raters is too low, from all
raters including this one too high. For mean ratings it is the square root of the split-half reliability (Spearman 1910,
Brown 1910).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from a2bench.statistics.estimates import Floats
from a2bench.statistics.opinion import rating_matrix
from a2bench.statistics.preferences import Preferences


@dataclass(frozen=True)
class VoteCeiling:
    """Agreement with single decided votes that people allow, prompts weighted equally.

    lower: majority of the other raters predicts the vote. upper: majority of all raters does.
    votes: decided votes on prompts and pairs with at least two of them.
    """

    lower: float | None
    upper: float | None
    votes: int
    reason: str | None = None


@dataclass(frozen=True)
class RatingCeiling:
    """Correlation with mean ratings that a perfect metric would reach.

    reliability: of the mean over all raters, Spearman-Brown ``2r / (1 + r)``. ceiling: its square root.
    """

    reliability: float | None
    ceiling: float | None
    reason: str | None = None


def vote_ceiling(preferences: Preferences) -> VoteCeiling:
    """Ceiling of the agreement with single votes; ties are left out and an undecided majority scores one half."""
    decided = preferences.wins + preferences.losses
    several = decided >= 2
    if not several.any():
        return VoteCeiling(None, None, 0, "no prompt and pair has two decided votes")
    wins, losses, decided = preferences.wins[several], preferences.losses[several], decided[several]
    upper = np.maximum(wins, losses) / decided
    # A vote for the first sees wins - 1 against losses among the others, and so on.
    for_first = np.heaviside(wins - 1 - losses, 0.5)
    for_second = np.heaviside(losses - 1 - wins, 0.5)
    lower = (wins * for_first + losses * for_second) / decided
    prompt = preferences.prompt[several]
    return VoteCeiling(
        weighted_by_prompt(lower, decided, prompt), weighted_by_prompt(upper, decided, prompt), int(decided.sum())
    )


def rating_ceiling(ratings: ArrayLike, *, draws: int = 200, seed: int = 0) -> RatingCeiling:
    """Split-half ceiling of correlations with mean ratings.

    Args:
        ratings: ``[J, I]`` videos x raters, NaN where missing. Raters of each video are split at random, anew in each
            draw.
        draws: number of splits whose correlations are averaged.
        seed: of the splits.
    """
    matrix = rating_matrix(ratings)
    matrix = matrix[(~np.isnan(matrix)).sum(1) >= 2]
    if len(matrix) < 3:
        return RatingCeiling(None, None, "fewer than three videos have two ratings")
    given = ~np.isnan(matrix)
    rng = np.random.default_rng(seed)
    correlations = []
    for _ in range(draws):
        order = np.where(given, rng.random(matrix.shape), np.inf).argsort(1).argsort(1)
        half = order < (given.sum(1, keepdims=True) // 2)
        one, two = _mean(matrix, given & half), _mean(matrix, given & ~half)
        if np.ptp(one) > 0 and np.ptp(two) > 0:
            correlations.append(float(np.corrcoef(one, two)[0, 1]))
    if not correlations:
        return RatingCeiling(None, None, "no variation: all videos are rated the same")
    r = float(np.mean(correlations))
    if r <= 0:
        return RatingCeiling(
            None, None, f"halves of the raters do not agree (r = {r:.2f}): there is nothing to predict"
        )
    reliability = 2 * r / (1 + r)
    return RatingCeiling(reliability, float(np.sqrt(reliability)))


def weighted_by_prompt(values: Floats, weights: Floats, prompts: ArrayLike) -> float:
    """Weighted mean within each prompt, then the plain mean over prompts."""
    _, label = np.unique(np.asarray(prompts), return_inverse=True)
    return float((np.bincount(label, values * weights) / np.bincount(label, weights)).mean())


def _mean(matrix: Floats, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    return np.asarray(np.where(mask, matrix, 0).sum(1) / mask.sum(1))
