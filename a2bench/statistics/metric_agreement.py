"""Does a metric prefer the videos that people prefer?

The number to lead with is the accuracy within prompts: a correlation over all videos also rewards a metric for knowing
which prompts are hard. Prompts weigh equally and are what is resampled.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from a2bench.statistics.ceiling import VoteCeiling, vote_ceiling, weighted_by_prompt
from a2bench.statistics.clusters import clustered_interval, clustered_mean
from a2bench.statistics.estimates import Estimate, Floats, Ints
from a2bench.statistics.opinion import rating_matrix
from a2bench.statistics.preferences import Preferences

Ties = Literal["half", "calibrated"]


@dataclass(frozen=True)
class MetricAgreement:
    """Agreement of one metric with people, within prompts.

    accuracy: share of prompts' pairs in which the metric prefers what the majority prefers; n is the number of pairs.
    vote_accuracy: the same for single decided votes, on pairs with at least two; comparable with the ceiling.
    ceiling: of ``vote_accuracy``.
    share_of_ceiling: vote_accuracy / ceiling.upper; a coin already has 0.5 / ceiling.upper.
    share_above_chance: (vote_accuracy - 0.5) / (ceiling.upper - 0.5): 0 for a coin, 1 for the best possible.
    unscored: pairs left out because the metric has no value for one of the videos.
    """

    accuracy: Estimate
    vote_accuracy: float | None
    ceiling: VoteCeiling
    share_of_ceiling: float | None
    share_above_chance: float | None
    unscored: int


def metric_agreement(
    metric: ArrayLike,
    preferences: Preferences,
    *,
    higher_is_better: bool = True,
    ties: Ties = "half",
    seed: int = 0,
) -> MetricAgreement:
    """Within-prompt pairwise accuracy with an interval over prompts, and its share of the noise ceiling.

    Args:
        metric: ``[P, K]`` prompts x systems, NaN where the metric has no value.
        preferences: of people, on the same prompts and systems.
        higher_is_better: direction of the metric.
        ties: "half": pairs on which people are undecided are left out, and equal metric values score one half.
            "calibrated": ties count, and a metric difference up to a threshold is a tie; the threshold that serves
            other prompts best is chosen in five folds of prompts (after Deutsch, Foster and Freitag 2023,
            arXiv:2305.14324, acc_eq).
        seed: of the folds.
    """
    gap, used, unscored = _gaps(metric, preferences, higher_is_better)
    hits, prompt = _hits(gap, used, ties, seed)
    accuracy = _over_prompts(hits, prompt)
    decided = used.wins + used.losses
    several = decided >= 2
    ceiling = vote_ceiling(used)
    if not several.any() or ceiling.upper is None:
        return MetricAgreement(accuracy, None, ceiling, None, None, unscored)
    first = np.heaviside(gap[several], 0.5)
    per_pair = (used.wins[several] * first + used.losses[several] * (1 - first)) / decided[several]
    votes = weighted_by_prompt(per_pair, decided[several], used.prompt[several])
    above = (votes - 0.5) / (ceiling.upper - 0.5) if ceiling.upper > 0.5 else None
    return MetricAgreement(accuracy, votes, ceiling, votes / ceiling.upper, above, unscored)


def compare_metrics(
    metric: ArrayLike,
    other: ArrayLike,
    preferences: Preferences,
    *,
    higher_is_better: tuple[bool, bool] = (True, True),
) -> Estimate:
    """Accuracy of ``metric`` minus that of ``other``, with the interval of a paired difference over prompts.

    Only pairs that both can score are used. Arguments as for `metric_agreement`, ties as "half".
    """
    both = np.isnan(rating_matrix(metric)) | np.isnan(rating_matrix(other))
    one, used, _ = _gaps(np.where(both, np.nan, metric), preferences, higher_is_better[0])
    two, _, _ = _gaps(np.where(both, np.nan, other), preferences, higher_is_better[1])
    hits, prompt = _hits(one, used, "half", seed=0)
    others, _ = _hits(two, used, "half", seed=0)
    return _over_prompts(hits - others, prompt, differences=True)


def disagreements(metric: ArrayLike, preferences: Preferences, *, higher_is_better: bool = True) -> Ints:
    """Rows of ``preferences`` in which metric and majority differ, the clearest majority first: what to look at."""
    gap, used, _ = _gaps(metric, preferences, higher_is_better)
    rows = np.flatnonzero(_scored(metric, preferences))
    wrong = np.flatnonzero(np.sign(gap) * used.sign < 0)
    return rows[wrong[np.argsort(-np.abs(used.margin[wrong]), kind="stable")]]


def _scored(metric: ArrayLike, preferences: Preferences) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    values = rating_matrix(metric)
    return np.asarray(
        ~np.isnan(values[preferences.prompt, preferences.first] + values[preferences.prompt, preferences.second])
    )


def _gaps(metric: ArrayLike, preferences: Preferences, higher_is_better: bool) -> tuple[Floats, Preferences, int]:
    """Metric of the first minus that of the second, for the pairs that have both values."""
    values = rating_matrix(metric) * (1 if higher_is_better else -1)
    keep = _scored(metric, preferences)
    used = preferences.select(keep)
    return values[used.prompt, used.first] - values[used.prompt, used.second], used, int((~keep).sum())


def _hits(gap: Floats, used: Preferences, ties: Ties, seed: int) -> tuple[Floats, Ints]:
    if ties == "half":
        decided = used.sign != 0
        return np.heaviside(gap[decided] * used.sign[decided], 0.5), used.prompt[decided]
    return calibrated_hits(gap, used.sign, used.prompt, seed=seed), used.prompt


def calibrated_hits(gap: Floats, sign: Ints, prompt: Ints, *, folds: int = 5, seed: int = 0) -> Floats:
    """``[N]`` 1 where metric and people agree on better, worse or tie; the tie threshold comes from other prompts."""
    prompts = np.unique(prompt)
    fold_of = np.random.default_rng(seed).permutation(len(prompts)) % max(2, min(folds, len(prompts)))
    fold = fold_of[np.searchsorted(prompts, prompt)]
    hits = np.zeros(len(gap))
    for number in np.unique(fold):
        test, train = fold == number, fold != number
        threshold = _best_threshold(gap[train], sign[train], prompt[train])
        called = np.where(np.abs(gap[test]) <= threshold, 0, np.sign(gap[test]))
        hits[test] = called == sign[test]
    return hits


def _best_threshold(gap: Floats, sign: Ints, prompt: Ints) -> float:
    if not len(gap):
        return 0.0
    sizes = np.unique(np.abs(gap))
    candidates = np.concatenate([[0.0], np.quantile(sizes, np.linspace(0, 1, 101))]) if len(sizes) > 101 else sizes
    candidates = np.unique(np.concatenate([[0.0], candidates]))
    one = np.ones(len(gap))

    def accuracy(threshold: float) -> float:
        called = np.where(np.abs(gap) <= threshold, 0, np.sign(gap))
        return weighted_by_prompt((called == sign).astype(float), one, prompt)

    return float(max(candidates.tolist(), key=accuracy))


def _over_prompts(hits: Floats, prompt: Ints, *, differences: bool = False) -> Estimate:
    """Mean over prompts of the mean of each, with its interval over prompts."""
    if not len(hits):
        return Estimate(None, reason="no pair of one prompt has both a metric difference and a preference")
    _, label = np.unique(prompt, return_inverse=True)
    means = (np.bincount(label, hits) / np.bincount(label)).tolist()
    pairs = [(f"{number:09}", mean) for number, mean in enumerate(means)]
    mean, stderr = clustered_mean(pairs)
    interval = clustered_interval(pairs, (0.0, 1.0), differences=differences)
    if interval is None:
        return Estimate(mean, n=len(hits), reason="one prompt: how much another would differ is unknown")
    return Estimate(mean, interval[0], interval[1], stderr, len(hits))
