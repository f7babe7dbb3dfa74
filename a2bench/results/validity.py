"""Does a metric put the controls where they belong? A metric earns its place by it.

The controls are run like any system; each expectation of a metric is then checked with a 95 % interval over cases
(`a2bench.statistics.quantities`). An expectation is met when the whole interval lies inside its bounds; below six cases
it is not checked, for of two cases noise met one in four.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from a2bench.model.cases import element_role
from a2bench.model.records import ScoreRecord
from a2bench.model.scores import Expectation, MetricInfo
from a2bench.statistics.quantities import FEWEST_CASES, quantity_interval

Values = dict[tuple[str, int, str], float]
"""Value by case, seed and element id ('' for the whole sample)."""


@dataclass(frozen=True)
class Verdict:
    """One expectation and what was found.

    estimate is None when there was nothing to compare, interval also when there were fewer than `FEWEST_CASES` cases;
    an expectation without an interval is not met, and not checked.
    """

    metric: str
    expectation: Expectation
    estimate: float | None
    interval: tuple[float, float] | None
    num_cases: int

    @property
    def met(self) -> bool:
        """Whether the whole interval lies inside the bounds."""
        inside = self.interval is not None
        return inside and self.expectation.low <= self.interval[0] and self.interval[1] <= self.expectation.high  # type: ignore[index]


def needed_controls(infos: Iterable[MetricInfo]) -> list[str]:
    """The controls that the expectations of these metrics speak of, in order and without repetition."""
    names: dict[str, None] = {}
    for info in infos:
        for expectation in info.expectations:
            names[expectation.control] = None
            if expectation.than:
                names[expectation.than] = None
    return list(names)


def judge(info: MetricInfo, scores: Mapping[str, Iterable[ScoreRecord]]) -> Iterator[Verdict]:
    """Check each expectation of a metric on the score records of each control."""
    for expectation in info.expectations:
        control = _values(scores.get(expectation.control, ()), info.name, expectation.role)
        other = _values(scores.get(expectation.than, ()), info.name, expectation.role) if expectation.than else {}
        yield _verdict(info.name, expectation, control, other)


def _values(records: Iterable[ScoreRecord], metric: str, role: str | None) -> Values:
    values = {}
    for record in records:
        if record.metric != metric:
            continue
        if role is None:
            if record.value is not None:
                values[record.case, record.seed, ""] = record.value
            continue
        for element, score in record.elements.items():
            if element_role(element) == role and score.value is not None:
                values[record.case, record.seed, element] = score.value
    return values


def _verdict(metric: str, expectation: Expectation, control: Values, other: Values) -> Verdict:
    keys = sorted(control.keys() & other.keys() if expectation.than else control.keys())
    if not keys:
        return Verdict(metric, expectation, None, None, 0)
    cases = {case: row for row, case in enumerate(sorted({case for case, _, _ in keys}))}
    table = np.zeros((len(cases), 3))
    for key in keys:
        table[cases[key[0]]] += (1, control[key], other.get(key, 0.0))
    found = quantity_interval(expectation.quantity, table)
    return Verdict(metric, expectation, found.estimate, found.interval, len(cases))


def why_not_checked(cases: int, what: str = "cases") -> str:
    """Why an expectation over so many cases has no verdict."""
    return f"too few {what} ({cases} of {FEWEST_CASES})" if cases else "nothing to compare"
