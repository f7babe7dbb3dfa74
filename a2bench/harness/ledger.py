"""The element ledger of a run, read from its score records: which elements were kept, and what became of the others."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from a2bench.cases import ROLES
from a2bench.harness.records import ScoreRecord
from a2bench.harness.tables import CurrentRecords, elements_in_order, role_of
from a2bench.harness.wrapping import wrapped
from a2bench.ledger import STATES, Entry, State, read_entry

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
        return role_of(self.element)


def run_ledger(run: CurrentRecords) -> list[LedgerRow]:
    """The ledger of every element of every scored sample of a run, in suite order; empty without `METRIC`."""
    return [row for record in run.scores(METRIC) for row in ledger_of(record)]


def ledger_of(record: ScoreRecord) -> Iterator[LedgerRow]:
    """The ledger in one score record."""
    entries = record.detail.get("details", {}).get("ledger", {})
    for element, score in elements_in_order(record):
        entry = read_entry(entries[element]) if element in entries else None
        yield LedgerRow(record.case, record.seed, element, entry, score.get("reason"))


def verdict_counts(rows: Iterable[LedgerRow]) -> dict[str, dict[State, int]]:
    """How many elements of each role got each verdict: ``{"character": {"kept": 12, "lost": 3, ...}}``.

    Every verdict is named, also those that nothing got. Elements that could not be looked for do not count.
    """
    counts: dict[str, Counter[State]] = {}
    for row in rows:
        if row.entry is not None:
            counts.setdefault(row.role, Counter())[row.entry["verdict"]] += 1
    return {role: {state: counts[role][state] for state in STATES} for role in ROLES if role in counts}


def ledger_document(rows: list[LedgerRow]) -> dict[str, Any]:
    """The ledger as JSON: verdicts by role, and one object per element."""
    return {
        "by_role": verdict_counts(rows),
        "elements": [
            {
                "case": row.case,
                "seed": row.seed,
                "element": row.element,
                **({"reason": row.reason} if row.entry is None else _without_boxes(row.entry)),
            }
            for row in rows
        ],
    }


def _without_boxes(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "boxes"}


def ledger_text(rows: list[LedgerRow]) -> str:
    """For a terminal: a table of verdicts by role, and one line for each element that was not kept."""
    counts = verdict_counts(rows)
    if not counts:
        return ""
    head = ["elements", *STATES]
    body = [[f"{role}s", *(str(counts[role][state] or "-") for state in STATES)] for role in counts]
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [head, *body]]
    troubled = [(row, row.entry) for row in rows if row.entry is not None and row.entry["verdict"] != "kept"]
    troubled.sort(key=lambda pair: (-STATES.index(pair[1]["verdict"]), pair[1]["score"]))
    for row, entry in troubled[:MOST_LINES]:
        lines += wrapped(f"{row.case} {row.element}, seed {row.seed}: {story(entry)}")
    if len(troubled) > MOST_LINES:
        lines.append(f"and {len(troubled) - MOST_LINES} more; `--json` and the report have all")
    return "\n".join(line.rstrip() for line in lines)


MOST_LINES = 10


def story(entry: Entry) -> str:
    """The time line in words, such as ``swapped: kept 0.0-5.0 s, swapped 5.0-7.0 s (a stranger)``."""
    spans = ", ".join(f"{span.state} {span.start:.1f}-{span.end:.1f} s" for span in entry["spans"])
    others = f" (by {', '.join(entry['others'])})" if entry["others"] else ""
    return f"{entry['verdict']}: {spans}{others}"
