"""Does a metric put the controls where they belong? A metric earns its place by it.

The controls are run like any system; each expectation of a metric is then checked with a 95 % bootstrap interval over
cases. An expectation is met when the whole interval lies inside its bounds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from a2bench.model.cases import element_role
from a2bench.model.records import ScoreRecord
from a2bench.model.scores import Expectation, MetricInfo

NUM_RESAMPLES = 2000

Values = dict[tuple[str, int, str], float]
"""Value by case, seed and element id ('' for the whole sample)."""


@dataclass(frozen=True)
class Verdict:
    """One expectation and what was found.

    estimate and interval are None when there was nothing to compare; such an expectation is not met.
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
    cases = sorted({case for case, _, _ in keys})
    if not keys:
        return Verdict(metric, expectation, None, None, 0)
    rows = np.array([[cases.index(key[0]), control[key], other.get(key, 0.0)] for key in keys])
    # Sums per case, so that a resample of cases is a weighted sum: [cases, (count, control, other)].
    sums = np.zeros((len(cases), 3))
    np.add.at(sums, rows[:, 0].astype(int), np.column_stack([np.ones(len(rows)), rows[:, 1:]]))
    estimate = float(_quantity(expectation, sums.sum(axis=0)[None])[0])
    weights = np.random.default_rng(0).multinomial(len(cases), np.full(len(cases), 1 / len(cases)), NUM_RESAMPLES)
    resampled = _quantity(expectation, weights @ sums)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Verdict(metric, expectation, estimate, (float(low), float(high)), len(cases))


def _quantity(expectation: Expectation, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    counts, control, other = sums.T
    result: NDArray[np.float64] = control / counts
    if expectation.quantity == "difference":
        result = (control - other) / counts
    elif expectation.quantity == "ratio":
        result = np.divide(control, other, out=np.full(len(sums), np.inf), where=other != 0)
    return result
