"""What the headline promises: nothing bad hides behind something good."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2bench.results.dimensions import DIMENSIONS
from a2bench.statistics.harmonic import OFFSET, soft_harmonic_mean

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)
WEIGHTS = [dimension.weight for dimension in DIMENSIONS]


def headline(elements: list[float], others: list[float]) -> float:
    return soft_harmonic_mean([soft_harmonic_mean(elements), *others], WEIGHTS)


@given(VALUES)
def test_it_lies_between_0_and_1_and_no_good_value_pays_for_the_worst(values: list[float]) -> None:
    mean = soft_harmonic_mean(values)
    assert 0 <= mean <= 1
    assert mean <= (min(values) + OFFSET) * len(values) - OFFSET + 1e-12
    assert min(values) - 1e-12 <= mean <= max(values) + 1e-12


@given(VALUES, st.integers(0, 7), st.floats(0, 1))
def test_it_rises_with_every_value(values: list[float], index: int, other: float) -> None:
    index %= len(values)
    low, high = sorted((values[index], other))
    below = soft_harmonic_mean([*values[:index], low, *values[index + 1 :]])
    above = soft_harmonic_mean([*values[:index], high, *values[index + 1 :]])
    assert above >= below
    if high - low > 1e-3:
        assert above > below


@given(st.floats(0, 1), st.integers(1, 8))
def test_equal_values_give_themselves(value: float, count: int) -> None:
    assert soft_harmonic_mean([value] * count) == pytest.approx(value, abs=1e-12)


@given(VALUES)
def test_the_order_does_not_matter(values: list[float]) -> None:
    assert soft_harmonic_mean(values[::-1]) == pytest.approx(soft_harmonic_mean(values), abs=1e-12)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8])
def test_one_lost_of_n_elements_leaves_what_the_formula_says(count: int) -> None:
    expected = OFFSET * (count - 1) / (1 + count * OFFSET)
    assert soft_harmonic_mean([0.0] + [1.0] * (count - 1)) == pytest.approx(expected)


@pytest.mark.parametrize(("count", "most"), [(1, 5), (2, 13), (3, 20), (4, 25), (5, 30)])
def test_a_sample_that_lost_an_element_gets_few_points_whatever_the_rest(count: int, most: float) -> None:
    """The table in docs/totals.md. The rest can do no better than 1: the mean rises with every value."""
    assert 100 * headline([0.0] + [1.0] * (count - 1), [1.0, 1.0, 1.0]) <= most
    assert 100 * headline([0.0] * count, [1.0, 1.0, 1.0]) <= 5


def test_losing_an_element_costs_at_least_45_percent_of_the_sample_whatever_the_rest() -> None:
    levels = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
    for count in (1, 2, 3):
        for rest in itertools.combinations_with_replacement(levels, count - 1):
            for others in itertools.combinations_with_replacement(levels, 3):
                kept, lost = (headline([value, *rest], list(others)) for value in (0.5, 0.0))
                assert lost <= 0.55 * kept


def test_losing_two_is_worse_than_losing_one() -> None:
    scores = [headline([0.0] * lost + [1.0] * (3 - lost), [0.8, 0.8, 0.8]) for lost in range(4)]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 4


@pytest.mark.parametrize("values", [[], [1.2], [-0.1], [float("nan")]])
def test_what_is_no_value_from_0_to_1_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected values in \[0, 1\]"):
        soft_harmonic_mean(values)
