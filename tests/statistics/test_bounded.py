"""Intervals that know the range of what they estimate."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import special, stats

from a2bench.statistics.bounded import score_ends
from a2bench.statistics.case_simulation import BOUNDED, bounded_rates
from a2bench.statistics.clusters import Bounds, clustered_interval, no_interval
from a2bench.statistics.student import t_quantile


def interval(values: list[float], bounds: Bounds = (0.0, 1.0), *, differences: bool = False) -> tuple[float, float]:
    found = clustered_interval([(f"c{n}", value) for n, value in enumerate(values)], bounds, differences=differences)
    assert found is not None
    return found


@pytest.mark.parametrize("freedom", [0.7, 1, 1.5, 2, 3, 5, 11, 29.3, 1e4, 99_999, 1e5, 3e6, np.inf])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.9999])
def test_the_quantile_is_scipys(freedom: float, level: float) -> None:
    assert t_quantile(level, freedom) == pytest.approx(special.stdtrit(freedom, 0.5 + level / 2), rel=1e-8)


@pytest.mark.parametrize(("hits", "n"), [(1, 20), (5, 20), (10, 10 * 2), (199, 200)])
def test_of_yes_and_no_it_is_wilsons_interval(hits: int, n: int) -> None:
    share = np.array([hits / n])
    found = score_ends(share, share * (1 - share) / n, np.array([stats.norm.ppf(0.975)]), np.zeros(1), np.ones(1))
    oracle = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert (found[0][0], found[1][0]) == pytest.approx((oracle.low, oracle.high), abs=1e-12)


def test_far_from_the_ends_it_is_students_interval() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.001, 12)
    oracle = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert interval(values.tolist()) == pytest.approx(oracle, rel=1e-4)
    for bounds in ((0.0, None), (None, 1.0)):
        assert interval(values.tolist(), bounds) == pytest.approx(oracle, rel=1e-3)


@pytest.mark.parametrize(("k", "upper"), [(4, 1 - 0.05**0.25), (20, 0.139108), (100, 0.029513)])
def test_none_of_k_has_the_upper_end_that_k_cases_cannot_rule_out(k: int, upper: float) -> None:
    assert interval([0.0] * k) == pytest.approx((0, upper), abs=1e-6)
    assert stats.binom.cdf(0, k, interval([0.0] * k)[1]) == pytest.approx(0.05)
    assert interval([1.0] * k) == pytest.approx((1 - upper, 1), abs=1e-6)
    assert interval([100.0] * k, (0.0, 100.0)) == pytest.approx((100 - 100 * upper, 100), abs=1e-4)


def test_equal_values_inside_the_range_may_hide_others_on_both_sides() -> None:
    low, high = interval([0.7] * 20)
    assert (low, high) == pytest.approx((0.7 * 0.05**0.05, 1 - 0.3 * 0.05**0.05))


def test_one_small_value_more_does_not_make_an_interval_collapse() -> None:
    ends = [interval([0.0] * 19 + [last])[1] for last in (0.0, 1e-6, 0.01, 0.1, 0.5, 1.0)]
    assert all(one <= two * 1.02 for one, two in pairwise(ends)) and ends[0] > 0.13


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (0.0, None), (None, 1.0), (0.0, 100.0)])
def test_no_interval_leaves_the_range_and_each_holds_its_mean(bounds: Bounds) -> None:
    rng = np.random.default_rng(5)
    for k in (2, 3, 5, 6, 12, 40):
        for share in (0.02, 0.3, 1.0):
            values = np.where(rng.random(k) < share, rng.random(k), 0.0)
            for differences in (False, True):
                found = clustered_interval(
                    [(f"c{n}", v) for n, v in enumerate(values.tolist())], bounds, differences=differences
                )
                if found is None:
                    assert np.ptp(values) == 0 and None in bounds
                    continue
                least, most = bounds if not differences else (None, None)
                assert (-np.inf if least is None else least) <= found[0] <= values.mean() + 1e-12
                assert values.mean() - 1e-12 <= found[1] <= (np.inf if most is None else most)
                if differences and None not in bounds:
                    assert -100.0 <= found[0] and found[1] <= 100.0


def test_equal_values_without_a_known_range_have_no_interval_and_a_reason() -> None:
    values = [(f"c{n}", 5.0) for n in range(8)]
    for bounds in ((None, None), (0.0, None), (None, 9.0)):
        assert clustered_interval(values, bounds) is None
    assert "range of the number is open" in no_interval(8) and "fewer than two" in no_interval(1)


def test_equal_differences_are_not_known_without_doubt() -> None:
    low, high = interval([0.0] * 20, differences=True)
    assert low == -high and high == pytest.approx(0.139108, abs=1e-6)


def test_a_value_beyond_its_range_opens_the_range_instead_of_breaking_the_interval() -> None:
    low, high = interval([0.9, 1.2, 0.8, 1.1])
    assert low < 1.0 < high and 0 <= low


def test_seeds_of_a_case_are_one_case() -> None:
    often = [(f"c{n}", value) for n, value in enumerate([0.2, 0.4, 0.9]) for _ in range(50)]
    assert clustered_interval(often, (0.0, 1.0)) == pytest.approx(interval([0.2, 0.4, 0.9]))


@pytest.mark.parametrize("cases", [4, 8, 20])
@pytest.mark.parametrize("kind", [kind for kind in BOUNDED if "lost" not in kind])
def test_intervals_of_bounded_means_hold_the_truth(kind: str, cases: int) -> None:
    # 800 draws, a standard deviation of 0.008; a rate of 1 % has 0.92 where one hit is too many (Wilson's dip).
    assert bounded_rates(kind, cases, 800, seed=3).covered >= (0.9 if kind == "rate of 1 %" else 0.92)


def test_what_is_lost_in_one_case_of_six_is_known_from_twenty_cases_on() -> None:
    few, enough = (bounded_rates("0.85 ± 0.05, lost in one case of six", cases, 800, seed=3) for cases in (6, 20))
    assert few.covered < 0.8 < 0.92 < enough.covered  # docs/statistics.md says so
