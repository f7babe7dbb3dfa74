"""The gate's interval holds the truth, and noise does not pass it."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from a2bench.statistics.quantities import Quantity, quantity_interval

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]
DRAWS = 500
"""A standard deviation of 0.01 of a share of 0.95."""


def pairs(rng: np.random.Generator, cases: int) -> NDArray[np.float64]:
    """A metric around 0.4 and 0.8, correlated over cases."""
    of_case = rng.normal(0, 0.1, cases)
    first, second = 0.4 + of_case + rng.normal(0, 0.1, cases), 0.8 + of_case + rng.normal(0, 0.1, cases)
    return np.column_stack([np.ones(cases), first, second])


def skewed(rng: np.random.Generator, cases: int) -> NDArray[np.float64]:
    """Values near the upper end of 0 to 1."""
    return np.column_stack([np.ones(cases), rng.beta(4, 2, cases), rng.beta(6, 1, cases)])


TRUTHS: list[tuple[Draw, dict[Quantity, float]]] = [
    (pairs, {"value": 0.4, "difference": -0.4, "ratio": 0.5}),
    (skewed, {"value": 4 / 6, "difference": 4 / 6 - 6 / 7, "ratio": 4 / 6 / (6 / 7)}),
]


@pytest.mark.parametrize("cases", [6, 10, 20])
@pytest.mark.parametrize("quantity", ["value", "difference", "ratio"])
@pytest.mark.parametrize(("draw", "truths"), TRUTHS, ids=["normal", "skewed"])
def test_the_interval_holds_the_truth(
    draw: Draw, truths: dict[Quantity, float], quantity: Quantity, cases: int
) -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(DRAWS):
        interval = quantity_interval(quantity, draw(rng, cases)).interval
        assert interval is not None
        hits += interval[0] <= truths[quantity] <= interval[1]
    assert 0.925 <= hits / DRAWS <= 0.99


@pytest.mark.parametrize("cases", [6, 10, 20])
def test_noise_meets_that_one_control_is_above_another_in_one_of_forty(cases: int) -> None:
    rng = np.random.default_rng(4)
    met = 0
    for _ in range(1000):  # a standard deviation of 0.005
        table = np.column_stack([np.ones(cases), rng.normal(size=(cases, 2))])
        found = quantity_interval("difference", table).interval
        met += found is not None and found[0] > 0
    assert met / 1000 <= 0.025 + 3 * 0.005


def test_below_six_cases_there_is_an_estimate_and_no_interval() -> None:
    table = np.array([[1.0, 0.6, 0.2]] * 5)
    assert quantity_interval("ratio", table) == (pytest.approx(3), None)
    assert quantity_interval("ratio", np.array([[1.0, 0.6, 0.2]] * 6)).interval == pytest.approx((3, 3))


def test_a_ratio_to_nothing_is_infinite() -> None:
    found = quantity_interval("ratio", np.array([[1.0, 0.6, 0.0]] * 6))
    assert found == (np.inf, (np.inf, np.inf))
    some = quantity_interval("ratio", np.array([[1.0, 0.6, 0.0]] * 5 + [[1.0, 0.6, 0.1]])).interval
    assert some is not None and some[1] == np.inf
