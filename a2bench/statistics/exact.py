"""Sums that are the same on every processor, whatever the order in which its kernels add.

Matrix products add in an order that depends on the processor. Whole numbers below 2**53 add up exactly in any order, so
values are brought to whole multiples of one power of two before they are multiplied.
"""

import math

import numpy as np

from a2bench.statistics.estimates import Floats

_BITS = 44
"""Of a column's sum of sizes: far finer than scores, which are multiples of 1e-6, and than what is printed."""


def column_sums(table: Floats) -> Floats:
    """``[C]`` sums of the columns of ``[k, C]``, each exact before its one rounding (`math.fsum`)."""
    return np.array([math.fsum(column) for column in table.T.tolist()], dtype=np.float64).reshape(table.shape[1])


def whole_units(table: Floats) -> tuple[Floats, Floats]:
    """A table as whole numbers of a unit per column: any sum of them with whole weights below 2**8 is exact.

    Args:
        table: ``[k, C]`` finite.

    Returns:
        ``[k, C]`` whole numbers, whose sizes add up to less than 2**45 in each column, and ``[C]`` the units: powers of
        two. A value is rounded by at most half a unit, 2**-45 of the sum of the sizes of its column.
    """
    sizes = column_sums(np.abs(table))
    _, exponents = np.frexp(np.where(sizes > 0, sizes, 1.0))
    units = np.ldexp(1.0, exponents - _BITS)
    return np.rint(table / units), units
