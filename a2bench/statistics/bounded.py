"""What is known of a mean whose values cannot leave a range? An interval that does not leave it either.

The score interval of Wilson (1927, JASA 22:209) for means of any values in a range, over clusters: it holds all means m
with ``(mean - m)**2 <= t**2 s**2 v(m) / v(mean)``, where s is the cluster-robust standard error, t is Student's on one
degree of freedom less than there are clusters, and v is how the variance goes to 0 at the ends of the range (a, b)::

    v(m) = (m - a) (b - m)        v(m) = m - a  where only a is known        v(m) = b - m  where only b is

For yes and no this is Wilson's interval with the effective sample size of Korn and Graubard (1998, Survey Methodology
24:193); for the rest a quasi-score interval (Wedderburn 1974, Biometrika 61:439), which far from the ends is Student's.

Where all cases are equal, or one lies at an end of the range, values are not spread smoothly, and s says nothing of
what was not seen. There the interval also holds the means that arise when a share ``1 - 0.05**(1 / k)`` of the cases,
which k cases miss in 5 % of all draws, lies at an end: for 0 of 20 the upper end is 0.139 (Louis 1981, The American
Statistician 35:154; "rule of three"). For other samples it is the likelihood region of that mass with the geometric
mean of the rest (empirical likelihood with the ends as possible values: Owen 2001, Empirical Likelihood; Honda and
Takemura 2010, COLT, for the bound). Choice and coverage: `docs/statistics.md`.
"""

import numpy as np

from a2bench.statistics.estimates import LEVEL, Bools, Floats, Ints
from a2bench.statistics.student import t_quantile


def score_ends(mean: Floats, variance: Floats, quantile: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Ends of the score interval, ``[C]`` each.

    Args:
        mean: ``[C]``, inside the range.
        variance: ``[C]`` of the mean, as estimated.
        quantile: ``[C]`` of Student's t.
        low: ``[C]`` lower end of the range; infinite where it is open.
        high: ``[C]`` upper end.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        below, above = mean - low, high - mean
        width = high - low
        both, lower = np.isfinite(width), np.isfinite(low)
        reach = quantile**2 * variance
        # In units of the width: (y - m)**2 = c m (1 - m), and with one end: (y - m)**2 = c m.
        y = np.where(both, below / width, np.where(lower, below, above))
        c = reach / np.where(both, below * above, y)
        c = np.where(reach > 0, c, 0.0)
        centre = np.where(both, (y + c / 2) / (1 + c), y + c / 2)
        half = np.sqrt(c * np.where(both, y * (1 - y), y) + c * c / 4) / np.where(both, 1 + c, 1.0)
        one, other = np.maximum(centre - half, 0.0), centre + half
        scale = np.where(both, width, 1.0)
        from_low = low + scale * one, np.minimum(low + scale * other, high)
        from_high = high - other, high - one
    return np.where(lower, from_low[0], from_high[0]), np.where(lower, from_low[1], from_high[1])


def unseen_ends(counts: Floats, sums: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """How far the mean may be out because of what no case showed, ``[C]`` each; NaN where nothing is to be said.

    Args:
        counts: ``[k, C]`` values of each cluster; 0 for a cluster without any.
        sums: ``[k, C]`` their sums.
        low: ``[C]`` lower end of the range; infinite where it is open.
        high: ``[C]`` upper end.
    """
    ends = np.full((2, sums.shape[1]), np.nan)
    equals = all_equal(counts, sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
    for column in np.flatnonzero(equals | ((means == low) | (means == high)).any(0)):
        there, equal = counts[:, column] > 0, bool(equals[column])
        number, values = counts[there, column], means[there, column]
        a, b = float(low[column]), float(high[column])
        share = number / number.sum()
        for side, (end, distances) in enumerate(((a, values - a), (b, b - values))):
            if not np.isfinite(end) or distances.min() <= 0:
                if equal:  # at the end itself, or towards an open one
                    ends[side, column] = end
                continue
            kept = float(np.exp((share * np.log(distances)).sum())) * (1 - LEVEL) ** (1 / there.sum())
            if kept <= 1 / float((share / distances).sum()) * (1 + 1e-12):
                ends[side, column] = end + kept if side == 0 else end - kept
    return ends[0], ends[1]


def all_equal(counts: Floats, sums: Floats) -> Bools:
    """``[C]`` whether the means of all clusters are one, up to their last digits; not where there is none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts
    least, most = np.where(counts > 0, means, np.inf).min(0), np.where(counts > 0, means, -np.inf).max(0)
    close = most - least <= 1e-12 * np.maximum(np.abs(least), np.abs(most))
    return np.asarray(close & (counts > 0).any(0))


def bounded_intervals(
    counts: Floats, sums: Floats, low: Floats, high: Floats, mean: Floats, stderr: Floats, clusters: Ints
) -> tuple[Floats, Floats]:
    """Interval of each mean, ``[C]`` each; NaN below two clusters, and where equal values meet an open end.

    Args:
        counts: ``[k, C]`` values of each cluster; 0 for a cluster without any.
        sums: ``[k, C]`` their sums.
        low: ``[C]`` lower end of the range; infinite where it is open, but not both.
        high: ``[C]`` upper end.
        mean: ``[C]`` of each column.
        stderr: ``[C]`` of each mean, cluster-robust.
        clusters: ``[C]`` with a value.
    """
    quantile = np.array([t_quantile(LEVEL, k - 1) if k > 1 else np.nan for k in clusters.tolist()])
    lower, upper = score_ends(mean, stderr**2, quantile, low, high)
    seen_low, seen_high = unseen_ends(counts, sums, low, high)
    lower, upper = np.fmin(lower, seen_low), np.fmax(upper, seen_high)
    nothing: Bools = (clusters < 2) | ~np.isfinite(lower) | ~np.isfinite(upper)
    return np.where(nothing, np.nan, lower), np.where(nothing, np.nan, upper)
