"""Means and differences over cases: intervals, tests, ranks, and how many cases more would tell two systems apart.

The case is the unit: seeds of one case are one cluster, and two systems are compared on the cases that both were asked
for. Intervals are the bootstrap of `a2bench.statistics.bootstrap`; tests flip the signs of whole cases; Holm's
correction and rank sets are those of human evaluation.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2bench.model.records import SampleId
from a2bench.statistics.bootstrap import clustered_intervals
from a2bench.statistics.ranks import RankSets, rank_sets_of_tests

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VERSION = 1
"""Changes whenever the same values may give other intervals, tests or ranks; `a2bench/base/changes.json` says how."""
LEVEL = 0.95
POWER = 0.8
NUM_EXACT = 13
"""Up to so many cases all 2^k ways to flip signs are tried."""
NUM_FLIPS = 9_999
FEWEST_FLIPS_PER_TEST = 40
"""Random flips per test of a family: the smallest p-value is 1 / (flips + 1), and Holm multiplies it by the family."""
_COLUMNS_AT_ONCE = 512


class CaseSums(NamedTuple):
    """Values of C columns, added up by case.

    counts: ``[k, C]`` how many values (seeds) a case has, 0 for none. sums: ``[k, C]`` their sums.
    """

    counts: Floats
    sums: Floats


class Means(NamedTuple):
    """One number per column, ``[C]`` each.

    value: mean over all values, NaN where there is none. low, high: 95 % interval, NaN below two cases.
    cases, values: how many went in. spread: standard deviation of a case's part in the mean, so that the standard error
    is ``spread / sqrt(cases)``; NaN below two cases.
    """

    value: Floats
    low: Floats
    high: Floats
    cases: Ints
    values: Ints
    spread: Floats


def case_sums(columns: Sequence[Mapping[SampleId, float]], cases: Sequence[str]) -> CaseSums:
    """Add up each column's values by case.

    Args:
        columns: values by case and seed; what has no value is not in it.
        cases: in the order of the rows.
    """
    row = {case: index for index, case in enumerate(cases)}
    counts, sums = np.zeros((2, len(cases), len(columns)))
    for number, column in enumerate(columns):
        if column:
            rows = [row[case] for case, _ in column]
            counts[:, number] = np.bincount(rows, minlength=len(cases))
            sums[:, number] = np.bincount(rows, list(column.values()), minlength=len(cases))
    return CaseSums(counts, sums)


def case_sums_of_table(values: Floats, rows: Ints, num_cases: int) -> CaseSums:
    """`case_sums` of values in a table.

    Args:
        values: ``[n, C]``, NaN where there is none.
        rows: ``[n]`` the case of each row, below ``num_cases``.
        num_cases: k, rows of the result.
    """
    present = ~np.isnan(values)
    counts, sums = np.zeros((2, num_cases, values.shape[1]))
    np.add.at(counts, rows, present)
    np.add.at(sums, rows, np.where(present, values, 0.0))
    return CaseSums(counts, sums)


def paired_differences(first: Mapping[SampleId, float], other: Mapping[SampleId, float]) -> dict[SampleId, float]:
    """``other - first`` for every case and seed that both have a value for."""
    return {sample: value - first[sample] for sample, value in other.items() if sample in first}


def means(table: CaseSums) -> Means:
    """Mean, interval and spread of each column."""
    counts, sums = table
    present = counts > 0
    cases, values = present.sum(0), counts.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = sums.sum(0) / values
        residuals = np.where(present, sums - counts * value, 0.0)
        spread = np.sqrt((residuals**2).sum(0) * cases / (cases - 1) * cases) / values
    spread[cases < 2] = np.nan
    low, high = np.full_like(value, np.nan), np.full_like(value, np.nan)
    # Only the cases that have values are drawn from, so columns are taken together by which cases these are.
    packed = np.packbits(present, axis=0)
    _, first, group = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    for number, mask in enumerate(present.T[first]):
        if mask.sum() < 2:
            continue
        chosen = np.flatnonzero(group.reshape(-1) == number)
        for part in np.array_split(chosen, math.ceil(len(chosen) / _COLUMNS_AT_ONCE)):
            block = np.ix_(mask, part)
            low[part], high[part] = clustered_intervals(counts[block], sums[block])
    return Means(value, low, high, cases, values.astype(np.int64), spread)


def sign_flip_p_values(sums: Floats, family: int) -> Floats:
    """Two-sided p-values, ``[C]``: does the mean difference differ from 0?

    If two systems are equal, a case's difference is as likely to have either sign. The share of sign flips of whole
    cases whose sum is at least as far from 0 as the observed one is the p-value: of all flips up to 13 cases, else of
    random ones with the observed one among them (Phipson and Smyth 2010, arXiv:1603.05766), so that it is never too
    small by chance. Fixed seed.

    Args:
        sums: ``[k, C]`` differences added up by case, 0 where a case has none.
        family: number of tests that Holm's correction will be over.
    """
    observed = np.abs(sums.sum(0))
    # A flip that gives the same sum in another order of addition counts as equal.
    least = observed - 1e-5 * np.abs(sums).sum(0)
    used = np.abs(sums).sum(1) > 0
    k = int(used.sum())
    if k <= NUM_EXACT:
        signs = 1 - 2 * ((np.arange(2**k)[:, None] >> np.arange(k)) & 1).astype(np.float32)
        added = 0
    else:
        flips = max(NUM_FLIPS, FEWEST_FLIPS_PER_TEST * family)
        signs = _random_signs(flips, k)
        added = 1
    reached = np.zeros(sums.shape[1])
    for start in range(0, sums.shape[1], _COLUMNS_AT_ONCE):
        part = slice(start, start + _COLUMNS_AT_ONCE)
        flipped = np.abs(signs @ sums[used, part].astype(np.float32))
        reached[part] = (flipped >= least[part].astype(np.float32)).sum(0)
    return np.asarray((reached + added) / (len(signs) + added))


@lru_cache(maxsize=2)
def _random_signs(flips: int, cases: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).choice(np.array([-1, 1], np.float32), size=(flips, cases))


def smallest_p_value(cases: int, family: int) -> float:
    """The smallest p-value that `sign_flip_p_values` can give for so many cases.

    >>> smallest_p_value(5, 1)
    0.0625
    """
    return 2.0 ** (1 - cases) if cases <= NUM_EXACT else 1 / (max(NUM_FLIPS, FEWEST_FLIPS_PER_TEST * family) + 1)


class Ranking(NamedTuple):
    """What can be said about the order of K systems by one column.

    pairs: ``[(i, j), ...]`` with ``i < j``. differences: of ``i - j``, one entry per pair. p_values: Holm-corrected.
    """

    ranks: RankSets
    pairs: tuple[tuple[int, int], ...]
    differences: Means
    p_values: Floats


def rank(case_means: Floats, higher_is_better: bool) -> Ranking:
    """Rank systems by paired tests of all pairs, with one error of 5 % shared over them by Holm.

    Args:
        case_means: ``[k, K]`` of each case and system, at least two systems; NaN where a system has no value.
        higher_is_better: which way is up.
    """
    size = case_means.shape[1]
    first, other = np.triu_indices(size, 1)
    differences = case_means[:, first] - case_means[:, other]
    shared = ~np.isnan(differences)
    table = CaseSums(shared.astype(np.float64), np.where(shared, differences, 0.0))
    found = means(table)
    gaps = np.zeros((size, size))
    gaps[first, other] = found.value if higher_is_better else -found.value
    gaps[other, first] = -gaps[first, other]
    ranks = rank_sets_of_tests(gaps, sign_flip_p_values(table.sums, len(first)), LEVEL)
    pairs = tuple(combinations(range(size), 2))
    return Ranking(ranks, pairs, found, ranks.p_values[first, other])


def cases_to_separate(difference: float, spread: float, family: int) -> int | None:
    """How many cases in all would show this difference with a chance of 80 %, if it is the true one; None if it is 0.

    ``n = ((z_a + z_b) * spread / difference)^2 + z_a^2 / 2`` with the first step of Holm, ``a = 0.05 / family``, and
    the term that makes up for an estimated spread (Guenther 1981, The American Statistician 35(4):243).
    """
    if difference == 0 or not math.isfinite(difference) or not math.isfinite(spread):
        return None
    z_a = NormalDist().inv_cdf(1 - (1 - LEVEL) / family / 2)
    z_b = NormalDist().inv_cdf(POWER)
    return math.ceil(((z_a + z_b) * spread / difference) ** 2 + z_a**2 / 2)
