"""Ranks from paired tests."""

import numpy as np
import pytest

from a2bench.statistics.case_means import case_sums
from a2bench.statistics.ranking import rank

RNG = np.random.default_rng(7)


def column(cases: int, seeds: int = 1, shift: float = 0.0, missing: float = 0.0) -> dict[tuple[str, int], float]:
    return {
        (f"c{case:03}", seed): float(RNG.normal() + shift)
        for case in range(cases)
        for seed in range(seeds)
        if RNG.random() >= missing
    }


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
