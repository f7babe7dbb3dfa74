"""A few cases that stand for a suite, and how precise a mean over them can be."""

import math
from collections import defaultdict
from collections.abc import Collection

from a2bench.base.hashing import value_sha256
from a2bench.model.cases import Case, Suite

QUICK_CASES = 24
"""Cases of ``--quick``, where the suite has at least twice as many."""
CASE_SPREAD = 28.5
"""Standard deviation of Consistency between cases, in points of 100: of the control ``missing-object`` over the 70
cases of `a2bench-v1:dev` that have a value ([13.8, 27.4] around 20.1, prompts/README.md), the wider of the two controls
measured there."""


def quick_number(suite: Suite) -> int:
    """How many cases ``--quick`` takes of a suite: `QUICK_CASES`, but at most half of it."""
    return max(1, min(QUICK_CASES, len(suite.cases) // 2))


def quick_cases(suite: Suite, number: int, first: Collection[str] = ()) -> Suite:
    """A stratified part of a suite: each kind of case has its share, by largest remainders.

    A kind is a split with the roles that a case has, each as often as it has it. Within a kind the cases are in the
    order of a hash of their ids, so that cases added to a suite move few of the others.

    Args:
        suite: to choose from.
        number: of cases, or all where there are fewer.
        first: ids that are taken before others of their kind, for a run that goes on.
    """
    kinds: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in suite.cases:
        kinds[case.split or "", *sorted(element.role for element in case.elements)].append(case)
    number = min(number, len(suite.cases))
    shares = {kind: number * len(cases) / len(suite.cases) for kind, cases in kinds.items()}
    taken = {kind: math.floor(share) for kind, share in shares.items()}
    for kind in sorted(kinds, key=lambda kind: (taken[kind] - shares[kind], kind))[: number - sum(taken.values())]:
        taken[kind] += 1
    chosen = {
        case.id
        for kind, cases in kinds.items()
        for case in sorted(cases, key=lambda case: (case.id not in first, value_sha256(case.id)))[: taken[kind]]
    }
    return suite.select([case.id for case in suite.cases if case.id in chosen])


def half_width(cases: int) -> float | None:
    """Half the width of the 95 % interval of a mean over so many cases, in points of 100; None below two.

    Student's t with `CASE_SPREAD`: what a run will know of its Consistency, if its cases differ as much.
    """
    from a2bench.statistics.estimates import LEVEL
    from a2bench.statistics.student import t_quantile

    return t_quantile(LEVEL, cases - 1) * CASE_SPREAD / math.sqrt(cases) if cases > 1 else None


def precision_text(chosen: Suite, full: Suite) -> str:
    """How precise a run over a part of a suite will be, beside the whole of it."""
    few, all_of_it = half_width(len(chosen.cases)), half_width(len(full.cases))
    if few is None or all_of_it is None:
        return f"{len(chosen.cases)} of {len(full.cases)} cases: too few for an interval"
    return (
        f"{len(chosen.cases)} of {len(full.cases)} cases, of every kind its share: Consistency will be known to about "
        f"{few:.0f} points up or down (95 %; all cases: {all_of_it:.0f}), if cases differ as they do for the control "
        "missing-object"
    )
