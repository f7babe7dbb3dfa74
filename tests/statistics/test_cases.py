import math

import numpy as np
import pytest
from scipy import stats

from a2bench.statistics.bootstrap import clustered_interval, clustered_mean
from a2bench.statistics.case_simulation import World, draw, rates
from a2bench.statistics.cases import (
    case_sums,
    cases_to_separate,
    means,
    paired_differences,
    rank,
    sign_flip_p_values,
    smallest_p_value,
)

RNG = np.random.default_rng(7)


def column(cases: int, seeds: int = 1, shift: float = 0.0, missing: float = 0.0) -> dict[tuple[str, int], float]:
    return {
        (f"c{case:03}", seed): float(RNG.normal() + shift)
        for case in range(cases)
        for seed in range(seeds)
        if RNG.random() >= missing
    }


def test_means_and_intervals_are_those_of_reports_whatever_is_missing() -> None:
    columns = [column(12, 3), column(12, 3, missing=0.3), column(5), column(1, 4), {}]
    cases = [f"c{number:03}" for number in range(12)]
    found = means(case_sums(columns, cases))
    for number, values in enumerate(columns):
        pairs = [(case, value) for (case, _), value in values.items()]
        mean, stderr = clustered_mean(pairs)
        interval = clustered_interval(pairs)
        assert found.values[number] == len(values) and found.cases[number] == len({case for case, _ in pairs})
        if mean is None:
            assert math.isnan(found.value[number])
            continue
        assert found.value[number] == pytest.approx(mean, rel=1e-12)
        if stderr is None or interval is None:
            assert math.isnan(found.low[number]) and math.isnan(found.spread[number])
            continue
        assert (found.low[number], found.high[number]) == pytest.approx(interval, rel=1e-12)
        assert found.spread[number] / math.sqrt(found.cases[number]) == pytest.approx(stderr, rel=1e-12)


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


def test_seeds_of_a_case_do_not_count_as_cases() -> None:
    once = {(f"c{case:03}", 0): 1.0 + 0.01 * case for case in range(4)}
    often = {(case, seed): value for (case, _), value in once.items() for seed in range(50)}
    cases = [f"c{case:03}" for case in range(4)]
    for values in (once, often):
        table = case_sums([values], cases)
        assert sign_flip_p_values(table.sums, 1)[0] == pytest.approx(2 ** (1 - 4))
        assert means(table).high[0] == pytest.approx(means(case_sums([once], cases)).high[0])


def test_only_samples_that_both_have_are_compared() -> None:
    assert paired_differences({("a", 0): 1.0, ("b", 0): 2.0}, {("b", 0): 5.0, ("b", 1): 9.0}) == {("b", 0): 3.0}


@pytest.mark.parametrize("higher", [True, False])
def test_systems_that_cannot_be_told_apart_share_a_rank(higher: bool) -> None:
    cases = [f"c{number:03}" for number in range(60)]
    base = column(60)
    noisy = [{key: value + float(RNG.normal(0, 0.3)) + shift for key, value in base.items()} for shift in (0, 0, -2)]
    found = rank(case_sums(noisy, cases).sums, higher)
    assert found.ranks.rank == ((1, 1, 3) if higher else (2, 2, 1))
    assert list(zip(found.ranks.best or (), found.ranks.worst or (), strict=True)) == (
        [(1, 2), (1, 2), (3, 3)] if higher else [(2, 3), (2, 3), (1, 1)]
    )
    assert found.differences.value[1] == pytest.approx(2, abs=0.3) and found.p_values[1] < 0.05


@pytest.mark.parametrize(("difference", "family"), [(0.5, 1), (0.35, 6)])
def test_as_many_cases_as_are_asked_for_show_the_difference_four_times_in_five(difference: float, family: int) -> None:
    needed = cases_to_separate(difference, 1.0, family)
    assert needed is not None
    table = draw(World(needed, difference=difference, seed_noise=0), 1500, seed=3)
    power = (sign_flip_p_values(table.sums, 1) * family < 0.05).mean()
    # 4 standard deviations of a share of 1,500 are 0.041.
    assert power == pytest.approx(0.8, abs=0.045)
    t = difference * math.sqrt(needed)
    exact = stats.nct.sf(stats.t.ppf(1 - 0.025 / family, needed - 1), needed - 1, t)
    assert exact == pytest.approx(0.8, abs=0.02)


def test_no_number_of_cases_separates_what_does_not_differ() -> None:
    assert cases_to_separate(0.0, 1.0, 1) is None
    assert cases_to_separate(0.1, math.nan, 1) is None


@pytest.mark.parametrize(
    ("world", "least"),
    [
        (World(2), 0.935),
        (World(4), 0.935),
        (World(19), 0.935),
        (World(50, 3, difference=1, missing=0.1), 0.935),
        (World(60, shape="lost elements"), 0.92),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(world: World, least: float) -> None:
    # 1,200 draws: a standard deviation of 0.006.
    found = rates(world, 1200, seed=11)
    assert least <= found.covered <= 0.972
    if not world.difference and world.cases > 10:
        assert 0.03 <= found.rejected <= 0.08


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["normal", "skewed", "lost elements"])
def test_intervals_hold_the_truth_over_the_cases_of_the_large_suite(shape: str) -> None:
    # 8,000 draws: a standard deviation of 0.0024.
    found = rates(World(216, 2, shape=shape, missing=0.05), 8000, seed=5)  # type: ignore[arg-type]
    assert 0.935 <= found.covered <= 0.96 and 0.04 <= found.rejected <= 0.065
