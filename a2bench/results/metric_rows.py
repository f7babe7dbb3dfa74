"""The numbers of a run, one row for each metric: what it is, its mean, what is covered, what each role lost."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from a2bench.base.text import shown_text
from a2bench.model.cases import element_role
from a2bench.results.current import CurrentRecords
from a2bench.results.metric_facts import MetricFacts, metric_facts
from a2bench.results.summary import Summary, summarise, summarise_roles
from a2bench.results.validity_file import Standing, ValidityFile, installed_expectations, standing


class Reason(NamedTuple):
    """Why something has no value, or what is to be noted, and how often. about: a status, or the role of elements."""

    about: str
    text: str
    times: int

    def document(self, about: str = "status") -> dict[str, Any]:
        """As JSON values."""
        return {about: self.about, "reason": self.text, "count": self.times}


class LostElement(NamedTuple):
    """An element of a sample that was looked for and not found."""

    case: str
    seed: int
    element: str


@dataclass(frozen=True)
class RoleRow:
    """The elements of one role; lost: how many were looked for and not found."""

    summary: Summary
    lost: int

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        found = {
            key: getattr(self.summary, key) for key in ("mean", "stderr", "low", "high", "scored", "unscored", "total")
        }
        return {**found, "lost": self.lost}


@dataclass(frozen=True)
class MetricRow:
    """One metric over a run.

    validity: whether it put the controls in the right order. reasons: why samples have no value. notes: what a reader
    of the values should know, such as videos outside the metric's protocol. element_reasons: why elements have none.
    """

    facts: MetricFacts
    summary: Summary
    roles: Mapping[str, RoleRow]
    validity: Standing
    lost: tuple[LostElement, ...]
    reasons: tuple[Reason, ...]
    notes: tuple[Reason, ...]
    element_reasons: tuple[Reason, ...]

    @property
    def name(self) -> str:
        """Of the metric."""
        return self.facts.name

    def numbers(self) -> dict[str, Any]:
        """What differs from run to run, as JSON values."""
        return {
            **asdict(self.summary),
            "coverage": self.summary.coverage,
            "roles": {role: row.document() for role, row in self.roles.items()},
            "lost": [lost._asdict() for lost in self.lost],
            "reasons": [reason.document() for reason in self.reasons],
            "notes": [note.document() for note in self.notes],
            "element_reasons": [reason.document("role") for reason in self.element_reasons],
        }

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        facts, numbers = self.facts.document(), self.numbers()
        first = (
            "mean", "stderr", "total", "scored", "unscored", "failed", "missing", "low", "high", "no_interval",
            "coverage", "roles",
        )  # fmt: skip
        return {
            **facts,
            **{key: numbers.pop(key) for key in first},
            "validity": self.validity.document(),
            **numbers,
        }


def metric_row(run: CurrentRecords, metric: str, validity: Sequence[ValidityFile]) -> MetricRow:
    """The row of one metric; the first of the files that checked this very version says whether it is valid."""
    records = run.scores(metric)
    facts = metric_facts(metric, records)
    lost = tuple(
        LostElement(record.case, record.seed, element)
        for record in records
        for element, score in record.elements.items()
        if facts.lost(score)
    )
    lost_by_role = Counter(element_role(entry.element) for entry in lost)
    return MetricRow(
        facts,
        summarise(records, len(run.planned), facts.range),
        {role: RoleRow(part, lost_by_role[role]) for role, part in summarise_roles(records, facts.range).items()},
        standing(facts.made_with, validity, installed_expectations(metric)),
        lost,
        missing_reasons(run, metric),
        _counted(("noted", note) for record in records for note in [*record.score.notes, *_departures(run, facts)]),
        _counted(
            (element_role(element), score.reason or "")
            for record in records
            for element, score in record.elements.items()
            if score.value is None
        ),
    )


def _departures(run: CurrentRecords, facts: MetricFacts) -> list[str]:
    """A note on what the run departs in from its system's native settings, where that touches the metric's values."""
    departures = run.manifest.system.departures(run.manifest.settings)
    touching = [text for what, text in departures.items() if what in facts.touched_by]
    return [f"not native, which touches it: {', '.join(touching)}"] if touching else []


def missing_reasons(run: CurrentRecords, metric: str) -> tuple[Reason, ...]:
    """Why samples have no value of a metric, the most frequent reason first."""
    found = []
    for sample in run.planned:
        record = run.score(sample, metric)
        if record is None:
            found.append(("missing", run.why_missing(sample)))
        elif record.status != "scored":
            found.append((record.status, record.reason or ""))
    return _counted(found)


def _counted(pairs: Iterable[tuple[str, str]]) -> tuple[Reason, ...]:
    counts = Counter((about, shown_text(text)) for about, text in pairs)
    return tuple(
        Reason(about, text, number)
        for (about, text), number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
