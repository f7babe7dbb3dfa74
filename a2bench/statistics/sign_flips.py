"""Do two systems differ? A test that flips the signs of whole cases."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from a2bench.statistics.estimates import LEVEL, Floats
from a2bench.statistics.exact import column_sums, whole_units

NUM_EXACT = 13
"""Up to so many cases all 2^k ways to flip signs are tried."""
NUM_FLIPS = 9_999
FEWEST_FLIPS_PER_TEST = 40
"""Random flips per test of a family: the smallest p-value is 1 / (flips + 1), and Holm multiplies it by the family."""
_COLUMNS_AT_ONCE = 256
_FLIPS_AT_ONCE = 8_192


def sign_flip_p_values(sums: Floats, family: int) -> Floats:
    """Two-sided p-values, ``[C]``: does the mean difference differ from 0?

    If two systems are equal, a case's difference is as likely to have either sign. The share of sign flips of whole
    cases whose sum is at least as far from 0 as the observed one is the p-value: of all flips up to 13 cases, else of
    random ones with the observed one among them (Phipson and Smyth 2010, arXiv:1603.05766), so that it is never too
    small by chance. Fixed seed; sums are of whole numbers, so every processor counts the same flips.

    Args:
        sums: ``[k, C]`` differences added up by case, 0 where a case has none.
        family: number of tests that Holm's correction will be over.
    """
    used = (sums != 0).any(1)
    k = int(used.sum())
    whole, _ = whole_units(sums[used])
    # Sums that were equal before each case was rounded to a whole number may now be k apart.
    least = np.abs(column_sums(whole)) - k
    added = 0 if k <= NUM_EXACT else 1
    flips = 2**k if k <= NUM_EXACT else max(NUM_FLIPS, FEWEST_FLIPS_PER_TEST * family)
    reached = np.zeros(sums.shape[1])
    for signs in _signs(flips, k):
        for start in range(0, sums.shape[1], _COLUMNS_AT_ONCE):
            part = slice(start, start + _COLUMNS_AT_ONCE)
            reached[part] += (np.abs(signs @ whole[:, part]) >= least[part]).sum(0)
    return np.asarray((reached + added) / (flips + added))


def _signs(flips: int, cases: int) -> Iterator[Floats]:
    """``[_, cases]`` of 1 and -1, ``flips`` rows in all."""
    for start in range(0, flips, _FLIPS_AT_ONCE):
        stop = min(start + _FLIPS_AT_ONCE, flips)
        if cases <= NUM_EXACT:
            yield np.asarray(1.0 - 2.0 * ((np.arange(start, stop)[:, None] >> np.arange(cases)) & 1), np.float64)
        else:
            yield _random_signs(flips, cases)[start:stop].astype(np.float64)


@lru_cache(maxsize=2)
def _random_signs(flips: int, cases: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).choice(np.array([-1, 1], np.float32), size=(flips, cases))


def smallest_p_value(cases: int, family: int) -> float:
    """The smallest p-value that `sign_flip_p_values` can give for so many cases.

    >>> smallest_p_value(5, 1)
    0.0625
    """
    return 2.0 ** (1 - cases) if cases <= NUM_EXACT else 1 / (max(NUM_FLIPS, FEWEST_FLIPS_PER_TEST * family) + 1)


def can_tell_apart(cases: int, family: int) -> bool:
    """Whether any difference over so many cases, however large, could be clear among so many tests.

    It could where the smallest p-value, times the first factor of Holm's correction, is below 0.05.

    >>> can_tell_apart(5, 1), can_tell_apart(6, 1), can_tell_apart(10, 30)
    (False, True, False)
    """
    return cases > 0 and smallest_p_value(cases, family) * family < 1 - LEVEL


def fewest_cases(family: int) -> int:
    """The fewest cases over which a difference can be clear among so many tests.

    >>> fewest_cases(1), fewest_cases(30)
    (6, 11)
    """
    return next(cases for cases in range(1, NUM_EXACT + 2) if can_tell_apart(cases, family))
