"""The element ledger of a run, read from its score records: which elements were kept, and what became of the others."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from a2bench.model.cases import ROLES, element_role
from a2bench.model.ledger import STATES, Entry, State, read_entry
from a2bench.model.records import ScoreRecord
from a2bench.results.current import CurrentRecords

METRIC = "element_integrity"
"""The metric whose records hold the ledger."""


@dataclass(frozen=True)
class LedgerRow:
    """One element of one sample; ``entry`` is None where it could not be looked for, for that ``reason``."""

    case: str
    seed: int
    element: str
    entry: Entry | None
    reason: str | None = None

    @property
    def role(self) -> str:
        """The element's role."""
        return element_role(self.element)


def run_ledger(run: CurrentRecords) -> tuple[LedgerRow, ...]:
    """The ledger of every element of every scored sample of a run, in suite order; empty without `METRIC`."""
    return tuple(row for record in run.scores(METRIC) for row in ledger_of(record))


def ledger_of(record: ScoreRecord) -> Iterator[LedgerRow]:
    """The ledger in one score record."""
    entries = record.score.details.get("ledger", {})
    for element, score in record.elements.items():
        entry = read_entry(entries[element]) if element in entries else None
        yield LedgerRow(record.case, record.seed, element, entry, score.reason)


def verdict_counts(rows: Iterable[LedgerRow]) -> dict[str, dict[State, int]]:
    """How many elements of each role got each verdict: ``{"character": {"kept": 12, "lost": 3, ...}}``.

    Every verdict is named, also those that nothing got. Elements that could not be looked for do not count.
    """
    counts: dict[str, Counter[State]] = {}
    for row in rows:
        if row.entry is not None:
            counts.setdefault(row.role, Counter())[row.entry["verdict"]] += 1
    return {role: {state: counts[role][state] for state in STATES} for role in ROLES if role in counts}
