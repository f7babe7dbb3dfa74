"""From records to means: the one function that reports, boards and comparisons share.

The mean is over all scored samples. Seeds of one case are one cluster, so the standard error is over cases. What could
not be scored is counted beside the mean and never turned into a number.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from a2bench.model.cases import element_role, role_rank
from a2bench.model.records import ScoreRecord
from a2bench.statistics.clusters import UNBOUNDED, Bounds, clustered_interval, clustered_mean, no_interval


@dataclass(frozen=True)
class Summary:
    """One metric (or one role of it) over a run.

    total: samples of the plan, whether or not they have a video. scored + unscored + failed + missing = total.
    stderr: standard error of the mean over cases, None below two cases.
    low, high: 95 % interval of the mean over cases, None where there is none (`a2bench.statistics.clusters`), and then
    no_interval says why.
    """

    mean: float | None
    stderr: float | None
    total: int
    scored: int
    unscored: int = 0
    failed: int = 0
    missing: int = 0
    low: float | None = None
    high: float | None = None
    no_interval: str | None = None

    @property
    def coverage(self) -> float:
        """Share of the planned samples that have a value."""
        return self.scored / self.total if self.total else 0.0


def summarise(records: Iterable[ScoreRecord], total: int, bounds: Bounds = UNBOUNDED) -> Summary:
    """Summarise the records of one metric.

    Args:
        records: of the metric.
        total: number of planned samples.
        bounds: smallest and largest possible value, None where it is open.
    """
    records = list(records)
    scored = [record for record in records if record.status == "scored" and record.value is not None]
    unscored = sum(record.status == "unscored" for record in records)
    failed = sum(record.status == "failed" for record in records)
    values = [(record.case, record.value) for record in scored if record.value is not None]
    mean, stderr = clustered_mean(values)
    missing = total - len(scored) - unscored - failed
    return Summary(mean, stderr, total, len(scored), unscored, failed, missing, *_interval(values, bounds))


def summarise_roles(records: Iterable[ScoreRecord], bounds: Bounds = UNBOUNDED) -> dict[str, Summary]:
    """Summarise the per-element values of one metric by role: which kind of element does the system lose?"""
    values: dict[str, list[tuple[str, float]]] = defaultdict(list)
    unscored: dict[str, int] = defaultdict(int)
    for record in records:
        for element, score in record.elements.items():
            role = element_role(element)
            if score.value is None:
                unscored[role] += 1
            else:
                values[role].append((record.case, score.value))
    summaries = {}
    for role in sorted(values.keys() | unscored.keys(), key=role_rank):
        mean, stderr = clustered_mean(values[role])
        total = len(values[role]) + unscored[role]
        summaries[role] = Summary(
            mean, stderr, total, len(values[role]), unscored[role], 0, 0, *_interval(values[role], bounds)
        )
    return summaries


def _interval(values: list[tuple[str, float]], bounds: Bounds) -> tuple[float | None, float | None, str | None]:
    """Both ends of the interval, or why there is none."""
    if found := clustered_interval(values, bounds):
        return *found, None
    return None, None, no_interval(len({case for case, _ in values})) if values else None
