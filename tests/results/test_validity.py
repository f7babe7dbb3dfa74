"""An expectation is met only when its whole interval lies inside the bounds."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from a2bench.model.records import ScoreRecord
from a2bench.model.scores import Expectation, MetricInfo
from a2bench.results.validity import judge, why_not_checked

INFO = MetricInfo("thing", 1, "Thing", "quality", (0, 1), "higher", (), "none")


def records(values: dict[str, float | None], elements: dict[str, dict[str, float]] | None = None) -> list[ScoreRecord]:
    return [
        ScoreRecord(
            key=case, identity={}, case=case, seed=0, metric="thing", video_sha256="",
            status="unscored" if value is None else "scored", value=value, seconds=0, finished="",
            reason="no face" if value is None else None,
            detail={"per_element": {n: {"value": v} for n, v in (elements or {}).get(case, {}).items()}},
        )
        for case, value in values.items()
    ]  # fmt: skip


HIGH = records({f"c{n}": 0.8 + 0.01 * n for n in range(8)})
LOW = records({f"c{n}": 0.2 + 0.01 * n for n in range(8)})


def verdict(expectation: Expectation, **scores: list[ScoreRecord]):  # type: ignore[no-untyped-def]
    return next(judge(replace(INFO, expectations=(expectation,)), scores))


def test_a_paired_difference_ignores_what_the_cases_have_in_common() -> None:
    found = verdict(Expectation("", "difference", "a", "b", low=0.5), a=HIGH, b=LOW)
    assert found.met
    assert found.interval == pytest.approx((0.6, 0.6))
    assert found.num_cases == 8


def test_the_wrong_order_is_not_met() -> None:
    assert not verdict(Expectation("", "difference", "a", "b", low=0.0), a=LOW, b=HIGH).met


def test_an_interval_that_leaves_the_bounds_is_not_met() -> None:
    wide = records({f"c{n}": float(n % 2) for n in range(8)})
    assert not verdict(Expectation("", "value", "a", low=0.4, high=0.6), a=wide).met
    assert verdict(Expectation("", "value", "a", low=0.0, high=1.0), a=wide).met


def test_a_ratio_is_of_means() -> None:
    found = verdict(Expectation("", "ratio", "a", "b", low=0.2, high=0.4), a=LOW, b=HIGH)
    assert found.estimate == pytest.approx(sum(r.value or 0 for r in LOW) / sum(r.value or 0 for r in HIGH))
    assert found.met


def test_nothing_to_compare_is_not_met() -> None:
    found = verdict(Expectation("", "difference", "a", "b", low=0.0), a=HIGH, b=records({"c0": None}))
    assert (found.met, found.estimate, found.num_cases) == (False, None, 0)


def test_a_role_looks_at_its_elements_only() -> None:
    cases = [f"c{n}" for n in range(6)]
    both = records(dict.fromkeys(cases, 0.5), {case: {"object": 0.0, "character": 1.0} for case in cases})
    assert verdict(Expectation("", "value", "a", low=0.0, high=0.1, role="object"), a=both).met
    assert verdict(Expectation("", "value", "a", low=0.9, high=1.0, role="character"), a=both).met


def test_below_six_cases_an_expectation_is_not_checked() -> None:
    few = verdict(Expectation("", "difference", "a", "b", low=0.5), a=HIGH[:5], b=LOW[:5])
    assert (few.met, few.interval, few.num_cases) == (False, None, 5) and few.estimate == pytest.approx(0.6)
    assert why_not_checked(5) == "too few cases (5 of 6)" and why_not_checked(0) == "nothing to compare"
    assert verdict(Expectation("", "difference", "a", "b", low=0.5), a=HIGH[:6], b=LOW[:6]).met


def test_an_expectation_is_held_at_the_level_of_95_percent() -> None:
    # Of these eight values the 95 % interval goes below 0.1, the 80 % one does not.
    values = [0.0, 1.0, 0.2, 1.2, 0.0, 1.6, -0.4, 0.4]
    found = verdict(Expectation("", "value", "a", low=0.1), a=records({f"c{n}": v for n, v in enumerate(values)}))
    low, high = stats.t.interval(0.95, 7, np.mean(values), stats.sem(values))
    assert found.interval is not None and found.interval[0] <= low + 1e-9 and found.interval[1] >= high - 1e-9
    assert not found.met
    assert stats.t.interval(0.8, 7, np.mean(values), stats.sem(values))[0] > 0.1
