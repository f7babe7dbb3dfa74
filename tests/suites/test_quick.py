"""``--quick``: few cases that stand for all, and what can be known by them."""

import math
import statistics
from collections import Counter

import numpy as np
import pytest

from a2bench.model.cases import Suite, load_suite
from a2bench.suites.quick import CASE_SPREAD, half_width, quick_cases, quick_number


@pytest.fixture(scope="module", params=["a2bench-mini", "a2bench-v1"])
def whole(request: pytest.FixtureRequest) -> Suite:
    return load_suite(request.param)


def kinds(suite: Suite) -> Counter[tuple[str, ...]]:
    return Counter((case.split or "", *sorted(e.role for e in case.elements)) for case in suite.cases)


def test_every_kind_has_its_share(whole: Suite) -> None:
    number = quick_number(whole)
    quick = quick_cases(whole, number)
    assert len(quick.cases) == number
    for kind, there in kinds(whole).items():
        share = number * there / len(whole.cases)
        assert math.floor(share) <= kinds(quick)[kind] <= math.ceil(share)


def test_the_choice_is_the_same_whatever_the_order_and_keeps_the_suites(whole: Suite) -> None:
    from dataclasses import replace

    quick = quick_cases(whole, 8)
    turned = quick_cases(replace(whole, cases=whole.cases[::-1]), 8)
    assert {case.id for case in quick.cases} == {case.id for case in turned.cases}
    order = [case.id for case in whole.cases]
    assert [case.id for case in quick.cases] == sorted((case.id for case in quick.cases), key=order.index)


def test_a_run_that_goes_on_keeps_its_cases(whole: Suite) -> None:
    small = {case.id for case in quick_cases(whole, 6).cases}
    assert small <= {case.id for case in quick_cases(whole, 16, first=small).cases}


@pytest.mark.parametrize("cases", [6, 24])
def test_the_width_that_is_said_holds_the_mean_in_95_of_100(cases: int) -> None:
    """Against scipy's t interval, and by simulation of what it claims."""
    from scipy import stats

    half = half_width(cases)
    assert half == pytest.approx(stats.t.ppf(0.975, cases - 1) * CASE_SPREAD / math.sqrt(cases), rel=2e-3)
    rng = np.random.default_rng(0)
    values = rng.normal(50, CASE_SPREAD, (4000, cases))
    own = stats.t.ppf(0.975, cases - 1) * values.std(1, ddof=1) / math.sqrt(cases)
    assert statistics.fmean(own) == pytest.approx(half, rel=0.06)
    assert half_width(1) is None
