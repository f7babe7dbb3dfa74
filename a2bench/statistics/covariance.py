"""How sure are the ratings? Votes share prompts and raters, so they are not independent.

The default is the two-way cluster-robust sandwich (Cameron, Gelbach and Miller 2011, J. Business & Economic Statistics
29:238): variance by prompt plus variance by rater minus variance by their intersection, each with the
correction ``G / (G - 1)``. Intervals take Student's t; its degrees of freedom are Satterthwaite's (1946, Biometrics
Bulletin 2:110) for the two one-way variances, at least ``min(G_prompt, G_rater) - 1``, which Cameron et al.
use throughout and which is too cautious when few raters contribute little of the variance. Treating votes as
independent is far too sure; `benchmarks/interval_coverage.py` shows all of this.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import special

from a2bench.statistics.estimates import LEVEL, Estimate, Floats, Ints
from a2bench.statistics.paired import ELO_PER_LOGIT, PairedFit
from a2bench.statistics.student import t_quantile
from a2bench.statistics.votes import PairVotes

Method = Literal["two-way", "prompt", "rater", "vote", "model"]
"""Clusters of votes that vary together; "vote" takes votes as independent, "model" also trusts the likelihood."""
FEW_RATERS, FEW_PROMPTS = 8, 20


@dataclass(frozen=True, eq=False)
class Covariance:
    """Covariance of the parameters of a `PairedFit`.

    matrix: ``[P, P]``, positive semidefinite; None when it cannot be estimated (``reason``).
    floors: covariances below whose value no variance is taken: the one-way ones for "two-way".
    least_degrees_of_freedom: of Student's t; infinite for "vote" and "model".
    parts: the one-way covariances of "two-way" with their degrees of freedom.
    warnings: sentences to print beside the intervals.
    """

    method: Method
    matrix: Floats | None
    least_degrees_of_freedom: float
    floors: tuple[Floats, ...] = ()
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    parts: tuple[tuple[Floats, float], ...] = ()

    def variance(self, contrast: Floats) -> float | None:
        """Variance of ``contrast @ parameters``; None when the covariance cannot be estimated."""
        if self.matrix is None:
            return None
        return max(float(contrast @ matrix @ contrast) for matrix in (self.matrix, *self.floors))

    def degrees_of_freedom(self, contrast: Floats) -> float:
        """Degrees of freedom of Student's t for ``contrast @ parameters``."""
        variance = self.variance(contrast)
        shares = sum(float(contrast @ matrix @ contrast) ** 2 / freedom for matrix, freedom in self.parts)
        if not variance or not shares:
            return self.least_degrees_of_freedom
        return max(self.least_degrees_of_freedom, variance**2 / shares)


def covariance(fit: PairedFit, votes: PairVotes, method: Method = "two-way") -> Covariance:
    """Covariance of ratings that were fitted to ``votes``.

    Args:
        fit: the result of `fit_davidson` or `fit_bradley_terry` on the same votes.
        votes: ``[V]`` votes; their ``prompt`` and ``rater`` are the clusters.
        method: see `Method`.

    Two prompts and two raters are the least for "two-way"; below `FEW_PROMPTS` or `FEW_RATERS` a warning says so.
    """
    ranked = votes.ranked
    scores, prompt, rater = fit.scores[ranked], votes.prompt[ranked], votes.rater[ranked]
    prompts, raters = len(np.unique(prompt)), len(np.unique(rater))
    # A penalised fit of separated systems has hardly any residuals; the model's own variance keeps it honest.
    floors: tuple[Floats, ...] = (fit.bread,) if fit.ridge and method != "model" else ()
    if method == "model":
        return Covariance(method, _sandwich(fit, fit.information), np.inf)
    if method == "vote":
        return Covariance(method, _sandwich(fit, scores.T @ scores), np.inf, floors)
    warnings = []
    if prompts < FEW_PROMPTS:
        warnings.append(f"only {prompts} prompts (at least {FEW_PROMPTS} are advised): intervals are rough")
    if raters < FEW_RATERS:
        warnings.append(f"only {raters} raters (at least {FEW_RATERS} are advised): intervals are rough")
    needed = {"prompt": prompts, "rater": raters, "two-way": min(prompts, raters)}[method]
    if needed < 2:
        what = "prompt" if method == "prompt" or (method == "two-way" and prompts < 2) else "rater"
        reason = f"one {what}: how much another {what} would differ cannot be estimated"
        return Covariance(method, None, 0, reason=reason, warnings=tuple(warnings))
    by_prompt = _sandwich(fit, cluster_meat(scores, prompt)) if method != "rater" else None
    by_rater = _sandwich(fit, cluster_meat(scores, rater)) if method != "prompt" else None
    if by_prompt is None or by_rater is None:
        one = by_prompt if by_rater is None else by_rater
        return Covariance(method, one, needed - 1, floors, warnings=tuple(warnings))
    both = _sandwich(fit, cluster_meat(scores, prompt * (int(rater.max()) + 1) + rater))
    total = _positive(by_prompt + by_rater - both)
    parts = ((by_prompt, prompts - 1.0), (by_rater, raters - 1.0))
    return Covariance(method, total, needed - 1, (by_prompt, by_rater, *floors), None, tuple(warnings), parts)


def cluster_meat(scores: Floats, clusters: Ints) -> Floats:
    """``G/(G-1) * sum over clusters of (sum of scores)(sum of scores)'``.

    Args:
        scores: ``[V, P]`` gradient of each vote.
        clusters: ``[V]`` int labels, at least two different ones.
    """
    _, label = np.unique(clusters, return_inverse=True)
    count = int(label.max()) + 1
    sums = np.zeros((count, scores.shape[1]))
    np.add.at(sums, label, scores)
    return np.asarray(sums.T @ sums * (count / (count - 1)) if count > 1 else sums.T @ sums)


def rating_intervals(fit: PairedFit, cov: Covariance, level: float = LEVEL) -> tuple[Estimate, ...]:
    """Rating of each system in logits with its interval; multiply by `ELO_PER_LOGIT` for Elo.

    A system whose rating is unbounded keeps only the end of the interval that the votes can bound.
    """
    estimates = []
    for system, name in enumerate(fit.systems):
        estimate = _interval(float(fit.ratings[system]), fit.contrast(system), cov, level, len(fit.scores))
        side = fit.unbounded[system]
        if side is not None and estimate.stderr is not None:
            says = {
                "above": f"{name} never lost to a system outside its group",
                "below": f"{name} never won against a system outside its group",
                "between": f"{name} always won against some systems and always lost to others",
            }[side]
            reason = f"unbounded {side}: {says}; the rating is finite only by a penalty of {fit.ridge:g}"
            low = estimate.low if side == "above" else None
            high = estimate.high if side == "below" else None
            estimate = Estimate(estimate.value, low, high, estimate.stderr, estimate.n, reason)
        estimates.append(estimate)
    return tuple(estimates)


def rating_difference(fit: PairedFit, cov: Covariance, plus: int, minus: int, level: float = LEVEL) -> Estimate:
    """Rating of system ``plus`` minus that of ``minus``, logits, from the full covariance."""
    value = float(fit.ratings[plus] - fit.ratings[minus])
    return _interval(value, fit.contrast(plus, minus), cov, level, len(fit.scores))


def side_effect(fit: PairedFit, cov: Covariance, level: float = LEVEL) -> Estimate:
    """Advantage of the left side in logits: 0 when raters do not care where a video is shown."""
    if fit.side is None:
        return Estimate(None, reason="the model was fitted without a side effect")
    contrast = np.zeros(len(fit.information))
    contrast[len(fit.systems)] = 1
    estimate = _interval(fit.side, contrast, cov, level, len(fit.scores))
    if fit.ridge and estimate.reason is None:
        return replace(estimate, reason=f"held back by a penalty of {fit.ridge:g}, see PairedFit.ridge")
    return estimate


def likelihood_ratio_test(larger: PairedFit, smaller: PairedFit) -> tuple[float, float]:
    """Likelihood-ratio statistic and p-value (chi-squared) of nested fits to the same votes.

    It takes votes as independent: beside it, look at the clustered interval of `side_effect`.
    """
    statistic = 2 * (larger.log_likelihood - smaller.log_likelihood)
    added = len(larger.information) - len(smaller.information)
    return statistic, float(special.chdtrc(added, statistic))


def elo_interval(estimate: Estimate) -> Estimate:
    """A rating in logits as Elo, ``1000 + 173.7 * t``."""
    value, low, high = (None if x is None else float(1000 + ELO_PER_LOGIT * x) for x in _ends(estimate))
    stderr = None if estimate.stderr is None else float(ELO_PER_LOGIT * estimate.stderr)
    return Estimate(value, low, high, stderr, estimate.n, estimate.reason)


def _ends(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high


def _interval(value: float, contrast: Floats, cov: Covariance, level: float, n: int) -> Estimate:
    variance = cov.variance(contrast)
    if variance is None:
        return Estimate(value, n=n, reason=cov.reason)
    stderr = float(np.sqrt(variance))
    half = t_quantile(level, cov.degrees_of_freedom(contrast)) * stderr
    return Estimate(value, value - half, value + half, stderr, n)


def _sandwich(fit: PairedFit, meat: Floats) -> Floats:
    return np.asarray(fit.bread @ meat @ fit.bread)


def _positive(matrix: Floats) -> Floats:
    """The matrix with negative eigenvalues set to zero."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)
