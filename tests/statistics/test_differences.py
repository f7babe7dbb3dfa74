"""Do intervals of differences hold the truth, and tests their promise?"""

import pytest

from a2bench.statistics.case_simulation import World, rates


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
