"""Means over cases are those of reports, whatever is missing."""

import math

import numpy as np
import pytest

from a2bench.statistics.case_means import case_sums, means, paired_differences
from a2bench.statistics.clusters import clustered_interval, clustered_mean
from a2bench.statistics.sign_flips import sign_flip_p_values

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
