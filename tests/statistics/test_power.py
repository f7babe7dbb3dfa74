"""How many cases more: against the power of the t test, and never less than the sign-flip test needs."""

import math

import pytest
from scipy import stats

from a2bench.statistics.case_simulation import World, draw
from a2bench.statistics.power import cannot_tell_apart, cases_document, cases_to_separate
from a2bench.statistics.sign_flips import can_tell_apart, sign_flip_p_values


@pytest.mark.parametrize(("difference", "family"), [(0.5, 1), (0.35, 6)])
def test_as_many_cases_as_are_asked_for_show_the_difference_four_times_in_five(difference: float, family: int) -> None:
    needed = cases_to_separate(difference, 1.0, family, 2)
    assert isinstance(needed, int)
    table = draw(World(needed, difference=difference, seed_noise=0), 1500, seed=3)
    power = (sign_flip_p_values(table.sums, 1) * family < 0.05).mean()
    # 4 standard deviations of a share of 1,500 are 0.041.
    assert power == pytest.approx(0.8, abs=0.045)
    t = difference * math.sqrt(needed)
    exact = stats.nct.sf(stats.t.ppf(1 - 0.025 / family, needed - 1), needed - 1, t)
    assert exact == pytest.approx(0.8, abs=0.02)


def test_no_number_of_cases_separates_what_does_not_differ() -> None:
    assert cases_to_separate(0.0, 1.0, 1, 10) is None
    assert cases_to_separate(0.1, math.nan, 1, 10) is None


@pytest.mark.parametrize("family", [1, 6, 30, 435])
@pytest.mark.parametrize("cases", [2, 5, 10, 12, 40])
def test_a_large_difference_is_never_said_to_need_fewer_cases_than_its_test(family: int, cases: int) -> None:
    needed = cases_to_separate(1.0, 0.01, family, cases)
    assert isinstance(needed, int) and needed > cases and can_tell_apart(needed, family)


def test_more_cases_than_anyone_has_are_no_number() -> None:
    assert cases_document(cases_to_separate(1e-6, 1.0, 1, 10), 10) == {
        "cases_to_separate": None,
        "advice": "more cases than anyone has would show one of this size (10 here)",
    }
    assert cases_document(None, 10) == {"cases_to_separate": None, "advice": None}


def test_where_nothing_could_be_clear_that_is_said_and_else_nothing() -> None:
    assert cannot_tell_apart(5, 1, "pairs") == "with 5 cases no difference, however large, can be clear"
    assert cannot_tell_apart(6, 1, "pairs") is None
    assert cannot_tell_apart(10, 30, "pairs") is not None and cannot_tell_apart(11, 30, "pairs") is None
    assert cannot_tell_apart(3, 0, "pairs") is None
