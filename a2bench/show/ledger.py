"""The element ledger of a run as JSON and for a terminal."""

from collections.abc import Sequence
from typing import Any

from a2bench.base.wrapping import wrapped
from a2bench.model.ledger import STATES, Entry
from a2bench.results.ledger import LedgerRow, verdict_counts


def ledger_document(rows: Sequence[LedgerRow]) -> dict[str, Any]:
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


def ledger_text(rows: Sequence[LedgerRow]) -> str:
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
