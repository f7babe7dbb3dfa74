"""The numbers of a run for a terminal: a row for each metric, then what was lost, why values are missing, and notes."""

from collections.abc import Iterator, Sequence

from a2bench.assets.extras import spoken
from a2bench.base.text import number_text, one_line
from a2bench.base.wrapping import wrapped
from a2bench.model.cases import role_rank
from a2bench.results.metric_rows import MetricRow, RoleRow
from a2bench.results.summary import Summary

MARKS = {"valid": "valid", "fails": "FAILS", "not checked": "?"}
"""How tables show whether a metric puts the controls in the right order."""

ARROWS = {"higher": "↑", "lower": "↓", "none": "·", "unknown": "?"}


def mean_text(row: Summary) -> str:
    """``mean [low, high]``, with the ends of the 95 % interval where there is one."""
    if row.low is None:
        return number_text(row.mean)
    return f"{number_text(row.mean)} [{number_text(row.low)}, {number_text(row.high)}]"


def roles_of(rows: Sequence[MetricRow]) -> list[str]:
    """The roles that any of the metrics has, in the order of columns."""
    return sorted({role for row in rows for role in row.roles}, key=role_rank)


def metric_cells(row: MetricRow, roles: Sequence[str]) -> list[str]:
    """The cells of one metric: name, direction, mean, coverage, verdict of the controls, and each role."""
    return [
        row.name,
        ARROWS[row.facts.direction],
        mean_text(row.summary),
        f"{row.summary.scored}/{row.summary.total}",
        MARKS[row.validity.state],
        *(_role_text(row.roles.get(role)) for role in roles),
    ]


def table_text(rows: Sequence[MetricRow]) -> str:
    """The table for a terminal, followed by what was lost, why values are missing, and notes."""
    roles = roles_of(rows)
    lines = [["metric", "", "mean", "scored", "controls", *roles], *(metric_cells(row, roles) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    failing = (row for row in rows if row.validity.state == "fails")
    texts = [
        *_lost_lines(rows),
        *(f"{row.name} FAILS its validity check: {one_line(row.validity.reason)}" for row in failing),
        *grouped_reasons(rows),
    ]
    return "\n".join([*(line.rstrip() for line in table), *(line for text in texts for line in wrapped(text))])


def grouped_reasons(rows: Sequence[MetricRow]) -> Iterator[str]:
    """Why values are missing and what is to be noted: each cause once, with the metrics that it concerns."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        for reason in (*row.reasons, *row.notes):
            found.setdefault((reason.about, reason.text), {})[row.name] = reason.times
    for (about, text), metrics in found.items():
        counts = sorted(set(metrics.values()))
        number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        who = "all metrics" if len(metrics) == len(rows) > 1 else ", ".join(metrics)
        yield f"{who}: {number} {about}: {one_line(spoken(text))}"


def told_reasons(rows: Sequence[MetricRow]) -> list[str]:
    """Every cause that `table_text` tells."""
    return list(dict.fromkeys(reason.text for row in rows for reason in row.reasons))


def _role_text(row: RoleRow | None) -> str:
    if row is None:
        return "-"
    return number_text(row.summary.mean) + (f" ({row.lost} of {row.summary.total} lost)" if row.lost else "")


def _lost_lines(rows: Sequence[MetricRow]) -> Iterator[str]:
    for row in rows:
        names = [f"{lost.case} {lost.element}" for lost in row.lost]
        if names:
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            yield f"lost by {row.name}: {', '.join(names[:6])}{more}"
