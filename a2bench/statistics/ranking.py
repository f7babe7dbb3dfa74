"""Which system is better by one number? Paired tests of all pairs, and the ranks that remain possible."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from a2bench.statistics.case_means import Means, means, sums_of_case_means
from a2bench.statistics.clusters import UNBOUNDED, Bounds
from a2bench.statistics.estimates import LEVEL, Floats
from a2bench.statistics.ranks import RankSets, rank_sets_of_tests
from a2bench.statistics.sign_flips import sign_flip_p_values


class Ranking(NamedTuple):
    """What can be said about the order of K systems by one column.

    pairs: ``[(i, j), ...]`` with ``i < j``. differences: of ``i - j``, one entry per pair. p_values: Holm-corrected.
    """

    ranks: RankSets
    pairs: tuple[tuple[int, int], ...]
    differences: Means
    p_values: Floats


def rank(case_means: Floats, higher_is_better: bool, bounds: Bounds = UNBOUNDED) -> Ranking:
    """Rank systems by paired tests of all pairs, with one error of 5 % shared over them by Holm.

    Args:
        case_means: ``[k, K]`` of each case and system, at least two systems; NaN where a system has no value.
        higher_is_better: which way is up.
        bounds: of the values.
    """
    size = case_means.shape[1]
    first, other = np.triu_indices(size, 1)
    table = sums_of_case_means(case_means[:, first] - case_means[:, other])
    found = means(table, [bounds] * len(first), differences=True)
    gaps = np.zeros((size, size))
    gaps[first, other] = found.value if higher_is_better else -found.value
    gaps[other, first] = -gaps[first, other]
    ranks = rank_sets_of_tests(gaps, sign_flip_p_values(table.sums, len(first)), LEVEL)
    pairs = tuple(combinations(range(size), 2))
    return Ranking(ranks, pairs, found, ranks.p_values[first, other])
