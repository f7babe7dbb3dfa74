"""Where does a mean, a difference or a ratio of means over cases lie? For a gate, which must not pass what is noise.

The interval holds both Student's t interval with the cluster-robust error (of a ratio: linearised, Cochran 1977,
Sampling Techniques, 6.3) and the expanded percentile bootstrap over cases (Hesterberg 2015), so that neither few cases
nor a skewed quantity make it too narrow. It knows no range: where every case says the same, so does the interval.
"""

from typing import Literal, NamedTuple

import numpy as np

from a2bench.statistics.bootstrap import FEWEST_RESAMPLED, percentile_interval, resamples
from a2bench.statistics.estimates import LEVEL, Floats
from a2bench.statistics.exact import column_sums, whole_units
from a2bench.statistics.student import t_quantile

Quantity = Literal["value", "difference", "ratio"]
FEWEST_CASES = FEWEST_RESAMPLED
"""Below it there is no interval: a gate is not passed on so few cases."""


class QuantityInterval(NamedTuple):
    """estimate: of all cases. low, high: its 95 % interval; None below `FEWEST_CASES`. Ratios may be infinite."""

    estimate: float
    interval: tuple[float, float] | None


def quantity_interval(quantity: Quantity, table: Floats) -> QuantityInterval:
    """A quantity with its interval over cases.

    Args:
        quantity: of all values: the mean of the first column; the mean of the first minus the second; the sum of the
            first over that of the second.
        table: ``[k, 3]`` of each case: how many values, the sum of the first, the sum of the second; k at least 1.
    """
    whole, units = whole_units(table)
    estimate = float(_quantity(quantity, column_sums(table)[None])[0])
    k = len(table)
    if k < FEWEST_CASES:
        return QuantityInterval(estimate, None)
    drawn = _quantity(quantity, (resamples(k) @ whole) * units)
    low, high = percentile_interval(drawn, LEVEL, k)
    if np.isfinite(estimate):
        counts, first, second = table.T
        base = second if quantity == "ratio" else counts
        gained = first if quantity != "difference" else first - second
        squares = column_sums(((gained - estimate * base) ** 2)[:, None])[0] * k / (k - 1)
        half = t_quantile(LEVEL, k - 1) * float(np.sqrt(squares)) / abs(float(column_sums(base[:, None])[0]))
        low, high = min(low, estimate - half), max(high, estimate + half)
    return QuantityInterval(estimate, (low, high))


def _quantity(quantity: Quantity, sums: Floats) -> Floats:
    counts, first, second = sums.T
    if quantity == "ratio":
        return np.asarray(np.divide(first, second, out=np.full(len(sums), np.inf), where=second != 0))
    return np.asarray((first - second if quantity == "difference" else first) / counts)
