"""Do raters agree more than by chance? Krippendorff's alpha, from counts.

``alpha = 1 - Do / De``. For unit u with ``m_u >= 2`` ratings, of which ``n_uc`` are c::

    o_ck = sum_u n_uc (n_uk - [c = k]) / (m_u - 1)      n_c = sum_k o_ck      e_ck = n_c (n_k - [c = k]) / (n - 1)

Do and De sum o and e with the squared difference of c and k. Source: Krippendorff 2011, "Computing Krippendorff's
Alpha-Reliability". Work and memory grow with units x values**2, not with the square of the ratings.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from a2bench.statistics.bootstrap import percentile_interval
from a2bench.statistics.estimates import LEVEL, Estimate, Floats, Ints, StatisticsError

Level = Literal["nominal", "ordinal", "interval", "ratio"]


@dataclass(frozen=True)
class Alpha:
    """Agreement of raters.

    value: alpha, 1 for perfect agreement, 0 for chance, may be negative; None when undefined (``reason``).
    raw_agreement: share of equal pairs of ratings within units, in [0, 1], None without pairs; defined also for
        unanimous raters.
    observed, expected: disagreement per pair.
    units, ratings: with at least two ratings in the unit.
    """

    value: float | None
    raw_agreement: float | None
    observed: float
    expected: float
    units: int
    ratings: int
    reason: str | None = None


def rating_counts(ratings: ArrayLike) -> tuple[Floats, Floats]:
    """Counts ``[U, C]`` of each value in each unit, and the C values in order, from ``[U, I]`` ratings with NaN."""
    matrix = np.asarray(ratings, dtype=np.float64)
    if matrix.ndim != 2:
        raise StatisticsError(f"ratings must be a [units, raters] matrix, this has shape {matrix.shape}")
    values = np.unique(matrix[~np.isnan(matrix)])
    return (matrix[:, :, None] == values).sum(1).astype(np.float64), values


def krippendorff_alpha(counts: ArrayLike, values: ArrayLike | None = None, level: Level = "nominal") -> Alpha:
    """Krippendorff's alpha of ``[U, C]`` counts, units x values.

    For pairwise votes, orient each vote to one order of its pair first.

    Args:
        counts: how many raters gave unit u the value c.
        values: ``[C]`` increasing numbers; needed for "interval" and "ratio".
        level: of measurement.

    Raises:
        StatisticsError: counts that are not counts, or values that do not fit the level.
    """
    table = _checked(counts)
    coincidences = _coincidences(table)
    return _alpha(coincidences.sum(0), table, values, level)


def alpha_interval(
    counts: ArrayLike,
    values: ArrayLike | None = None,
    level: Level = "nominal",
    *,
    clusters: ArrayLike | None = None,
    confidence: float = LEVEL,
    draws: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Alpha with a percentile interval from resampled units, or clusters of units (all ballots of one prompt).

    Draws without any disagreement to expect count as alpha 1. Arguments as for `krippendorff_alpha`; ``clusters`` is
    ``[U]`` int.
    """
    table = _checked(counts)
    alpha = krippendorff_alpha(table, values, level)
    if alpha.value is None:
        return Estimate(None, n=alpha.units, reason=alpha.reason)
    pairable = table.sum(1) >= 2
    labels = np.arange(len(table)) if clusters is None else np.asarray(clusters)
    _, label = np.unique(labels[pairable], return_inverse=True)
    groups = int(label.max()) + 1
    if groups < 2:
        return Estimate(alpha.value, n=alpha.units, reason="one cluster: how much another would differ is unknown")
    by_group = np.zeros((groups, table.shape[1], table.shape[1]))
    np.add.at(by_group, label, _coincidences(table)[pairable])
    rng = np.random.default_rng(seed)
    times = rng.multinomial(groups, np.full(groups, 1 / groups), size=draws).astype(np.float64)
    samples = np.empty(draws)
    for draw, matrix in enumerate(np.tensordot(times, by_group, axes=1)):
        observed, expected = _disagreements(matrix, values, level)
        samples[draw] = 1 - observed / expected if expected > 1e-12 else 1.0
    low, high = percentile_interval(samples, confidence, groups)
    return Estimate(alpha.value, low, min(1.0, high), float(samples.std(ddof=1)), alpha.units)


def alpha_pair_interval(
    counts: ArrayLike,
    values: ArrayLike | None = None,
    level: Level = "nominal",
    *,
    confidence: float = LEVEL,
    draws: int = 5000,
    seed: int = 0,
) -> Estimate:
    """Alpha with Krippendorff's own bootstrap, which redraws pairs of ratings and keeps the expected disagreement.

    It takes pairs as independent and is therefore narrower than `alpha_interval`; here for comparison with other
    software. Source: Krippendorff 2006, "Bootstrapping Distributions for Krippendorff's Alpha".
    """
    table = _checked(counts)
    alpha = krippendorff_alpha(table, values, level)
    if alpha.value is None:
        return Estimate(None, n=alpha.units, reason=alpha.reason)
    delta = _differences(_coincidences(table).sum((0, 2)), values, level)
    table = table[table.sum(1) >= 2]
    pairs = (table[:, :, None] * (table[:, None, :] - np.eye(table.shape[1]))).sum(0) / 2
    chance = pairs / pairs.sum()
    ratings = table.sum(1)
    errors = (2 * delta / (alpha.expected * ratings.sum())).reshape(-1)
    rng = np.random.default_rng(seed)
    samples = np.ones(draws)
    for size in ratings:
        drawn = rng.multinomial(int(size * (size - 1) / 2), chance.reshape(-1), size=draws)
        samples -= drawn @ errors / (size - 1)
    low, high = np.quantile(np.maximum(samples, -1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(alpha.value, float(low), float(high), float(samples.std(ddof=1)), alpha.units)


def fleiss_kappa(counts: ArrayLike) -> Estimate:
    """Fleiss' kappa of ``[U, C]`` counts (Fleiss 1971, Psych. Bull. 76:378).

    Every unit must have the same number of ratings, at least two; otherwise there is a reason instead of a value.
    """
    table = _checked(counts)
    per_unit = table.sum(1)
    if not len(table) or per_unit.min() != per_unit.max() or per_unit[0] < 2:
        return Estimate(None, n=len(table), reason="units have different numbers of ratings; use krippendorff_alpha")
    m = per_unit[0]
    observed = float(((table**2).sum(1) - m).mean() / (m * (m - 1)))
    expected = float(((table.sum(0) / table.sum()) ** 2).sum())
    if expected == 1:
        return Estimate(None, n=len(table), reason="no variation: every rating is the same")
    return Estimate((observed - expected) / (1 - expected), n=len(table))


def _checked(counts: ArrayLike) -> Floats:
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any() or (table != np.round(table)).any():
        raise StatisticsError("counts must be a [units, values] matrix of whole numbers >= 0")
    return table


def _coincidences(table: Floats) -> Floats:
    """``[U, C, C]`` contribution of each unit to the coincidence matrix; zeros for units with one rating."""
    ratings = table.sum(1)
    pairs = table[:, :, None] * (table[:, None, :] - np.eye(table.shape[1]))
    return np.asarray(pairs * np.divide(1, ratings - 1, out=np.zeros(len(table)), where=ratings >= 2)[:, None, None])


def _alpha(coincidences: Floats, table: Floats, values: ArrayLike | None, level: Level) -> Alpha:
    pairable = table.sum(1) >= 2
    units, ratings = int(pairable.sum()), int(table[pairable].sum())
    observed, expected = _disagreements(coincidences, values, level)
    if not units:
        return Alpha(None, None, 0.0, 0.0, 0, 0, "no unit has two ratings")
    agreement = float(np.trace(coincidences) / coincidences.sum())
    if expected <= 0:
        reason = "no variation: every rating is the same, so chance agreement is perfect too"
        return Alpha(None, agreement, observed, expected, units, ratings, reason)
    return Alpha(1 - observed / expected, agreement, observed, expected, units, ratings)


def _disagreements(coincidences: Floats, values: ArrayLike | None, level: Level) -> tuple[float, float]:
    marginal = coincidences.sum(1)
    total = marginal.sum()
    delta = _differences(marginal, values, level)
    if total < 2:
        return 0.0, 0.0
    expected = (np.outer(marginal, marginal) - np.diag(marginal)) / (total - 1)
    return float((coincidences * delta).sum() / total), float((expected * delta).sum() / total)


def _differences(marginal: Floats, values: ArrayLike | None, level: Level) -> Floats:
    """``[C, C]`` squared difference of values c and k."""
    size = len(marginal)
    if level == "nominal":
        return 1 - np.eye(size)
    if level == "ordinal":
        middle = np.cumsum(marginal) - marginal / 2
        return np.asarray((middle[:, None] - middle[None, :]) ** 2)
    numbers = None if values is None else np.asarray(values, dtype=np.float64)
    if numbers is None or numbers.shape != (size,) or (np.diff(numbers) <= 0).any():
        raise StatisticsError(f"level {level!r} needs {size} increasing values")
    if level == "interval":
        return np.asarray((numbers[:, None] - numbers[None, :]) ** 2)
    if numbers.min() < 0:
        raise StatisticsError("level 'ratio' needs values >= 0")
    total = numbers[:, None] + numbers[None, :]
    return np.divide(numbers[:, None] - numbers[None, :], total, out=np.zeros((size, size)), where=total > 0) ** 2


def oriented_counts(unit: Ints, outcome: Ints, flipped: ArrayLike, *, both_bad: bool = True) -> Floats:
    """Counts ``[U, 3 or 4]`` of (first, tie, second[, both bad]) per unit from votes.

    Args:
        unit: ``[V]`` int labels 0..U-1: the question (prompt and unordered pair).
        outcome: ``[V]`` int, an `Outcome`.
        flipped: ``[V]`` bool: the second system of the pair was on the left.
        both_bad: keep both bad as a fourth category; leave it out for the ordinal level.
    """
    oriented = np.where(np.asarray(flipped, dtype=bool), np.array([2, 1, 0, 3])[outcome], outcome)
    counts = np.zeros((int(unit.max(initial=-1)) + 1, 4))
    np.add.at(counts, (unit, oriented), 1)
    return counts if both_bad else counts[:, :3]
