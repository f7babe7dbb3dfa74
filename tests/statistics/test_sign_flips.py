"""The sign-flip test against scipy, and the floor of its p-values."""

import numpy as np
import pytest
from scipy import stats

from a2bench.statistics.sign_flips import can_tell_apart, fewest_cases, sign_flip_p_values, smallest_p_value

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("cases", [3, 7, 12])
def test_the_test_is_scipys_permutation_test_where_all_flips_can_be_tried(cases: int) -> None:
    for _ in range(4):
        values = RNG.normal(0.5, 1, cases).round(1)  # rounded, so that sums tie
        oracle = stats.permutation_test(
            (values,), lambda x, axis: np.abs(x.sum(axis)), permutation_type="samples", alternative="greater",
            vectorized=True, n_resamples=np.inf,
        ).pvalue  # fmt: skip
        assert sign_flip_p_values(values[:, None], 1)[0] == pytest.approx(oracle, abs=1e-12)


def test_with_many_cases_the_test_agrees_with_students() -> None:
    values = RNG.normal(0.2, 1, (100, 8))
    assert sign_flip_p_values(values, 8) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.02)


def test_a_p_value_is_never_smaller_than_it_can_be_and_no_difference_gives_one() -> None:
    for cases in (1, 5, 13, 14, 200):
        p = sign_flip_p_values(np.ones((cases, 1)), 300)[0]
        assert p >= smallest_p_value(cases, 300) * (1 - 1e-12)
        assert sign_flip_p_values(np.zeros((cases, 1)), 1)[0] == 1
    assert smallest_p_value(200, 1225) * 1225 < 0.05  # fifty systems can still be told apart


@pytest.mark.parametrize("family", [1, 3, 30, 100])
def test_the_fewest_cases_are_just_enough_for_a_difference_of_any_size(family: int) -> None:
    needed = fewest_cases(family)
    for cases in (needed - 1, needed):
        p = sign_flip_p_values(np.ones((cases, 1)), family)[0]
        assert (p * family < 0.05) == can_tell_apart(cases, family) == (cases == needed)


def test_flips_that_give_the_same_sum_count_as_equal_whatever_their_unit() -> None:
    # 0.1 + 0.2 and 0.3 are one sum, though not in binary: 4 of the 8 flips are as far from 0 as 0.1 + 0.2 - 0.3.
    for unit in (1.0, 1e-9, 1e9):
        assert sign_flip_p_values(np.array([[0.1], [0.2], [-0.3]]) * unit, 1)[0] == 1
        assert sign_flip_p_values(np.array([[0.1], [0.2], [0.3]]) * unit, 1)[0] == 0.25
