"""How many cases more would tell two systems apart?"""

import math
from statistics import NormalDist
from typing import Any

from a2bench.statistics.estimates import LEVEL
from a2bench.statistics.sign_flips import can_tell_apart, fewest_cases

POWER = 0.8
MOST_CASES = 100_000
"""Beyond it a number of cases is no advice."""


def cases_to_separate(difference: float, spread: float, family: int, cases: int) -> float | None:
    """How many cases in all would show this difference with a chance of 80 %, if it is the true one.

    ``n = ((z_a + z_b) * spread / difference)^2 + z_a^2 / 2`` with the first step of Holm, ``a = 0.05 / family``, and
    the term that makes up for an estimated spread (Guenther 1981, The American Statistician 35(4):243). Never fewer
    than the sign-flip test needs to show anything, nor, since these did not show it, than one more than there are.

    Args:
        difference: that was measured.
        spread: standard deviation of a case's difference.
        family: number of tests that share one error.
        cases: that the difference was measured over, and was not clear.

    Returns:
        A whole number, infinite above `MOST_CASES`; None where the difference is 0 or its spread is unknown.
    """
    if difference == 0 or not math.isfinite(difference) or not math.isfinite(spread):
        return None
    z_a = NormalDist().inv_cdf(1 - (1 - LEVEL) / family / 2)
    z_b = NormalDist().inv_cdf(POWER)
    needed = ((z_a + z_b) * spread / difference) ** 2 + z_a**2 / 2
    return math.inf if needed > MOST_CASES else max(math.ceil(needed), fewest_cases(family), cases + 1)


def cases_document(needed: float | None, cases: int) -> dict[str, Any]:
    """A result of `cases_to_separate` as JSON values: the number, None above `MOST_CASES`, and what it means.

    >>> cases_document(1200, 10)["cases_to_separate"], cases_document(1200, 10)["advice"]
    (1200, 'about 1,200 cases would show one of this size (10 here)')
    """
    if needed is None:
        return {"cases_to_separate": None, "advice": None}
    number = int(needed) if math.isfinite(needed) else None
    who = "more cases than anyone has" if number is None else f"about {number:,} cases"
    return {"cases_to_separate": number, "advice": f"{who} would show one of this size ({cases:,} here)"}


def cannot_tell_apart(cases: int, family: int, what: str) -> str | None:
    """That no difference could have been clear, where the smallest p-value times Holm's factor does not reach 0.05.

    >>> cannot_tell_apart(4, 1, "pairs")
    'with 4 cases no difference, however large, can be clear'
    >>> cannot_tell_apart(10, 30, "numbers")
    'with 10 cases no difference, however large, can be clear among 30 numbers'
    """
    if not family or can_tell_apart(cases, family):
        return None
    among = f" among {family} {what}" if family > 1 else ""
    return f"with {cases} case{'s' * (cases != 1)} no difference, however large, can be clear{among}"
