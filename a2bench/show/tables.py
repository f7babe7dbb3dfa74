"""The numbers of a run as tables: one row per metric, one row per score; for the terminal, the page and other programs.

Everything here is derived from the records of the run and holds neither times nor places on this machine, so a run that
was interrupted and resumed gives byte-identical files.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from a2bench.assets.extras import spoken
from a2bench.base.files import write_atomically
from a2bench.base.text import csv_text, markdown_cell, number_text, one_line, shown_text
from a2bench.base.wrapping import wrapped
from a2bench.results.current import CurrentRecords, making_counts, making_text, remark_counts, remark_lines
from a2bench.results.metric_rows import elements_in_order, metric_table, role_rank
from a2bench.results.validity_file import ValidityFile
from a2bench.run.store import RunStore

MARKS = {"valid": "valid", "fails": "FAILS", "not checked": "?"}
"""How tables show whether a metric puts the controls in the right order."""

ARROWS = {"higher": "↑", "lower": "↓", "none": "·", "unknown": "?"}


def mean_text(row: Mapping[str, Any]) -> str:
    """``mean [low, high]``, with the ends of the 95 % interval where there is one."""
    if row["low"] is None:
        return number_text(row["mean"])
    return f"{number_text(row['mean'])} [{number_text(row['low'])}, {number_text(row['high'])}]"


def table_text(rows: list[dict[str, Any]]) -> str:
    """The table for a terminal, followed by what was lost, why values are missing, and notes."""
    roles = sorted({role for row in rows for role in row["roles"]}, key=role_rank)
    head = ["metric", "", "mean", "scored", "controls", *roles]
    body = [
        [
            row["name"],
            ARROWS[row["direction"]],
            mean_text(row),
            f"{row['scored']}/{row['total']}",
            MARKS[row["validity"]["state"]],
            *(_role_text(row["roles"].get(role)) for role in roles),
        ]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [head, *body]]
    texts = [
        *_lost_lines(rows),
        *(
            f"{row['name']} FAILS its validity check: {one_line(row['validity']['reason'])}"
            for row in rows
            if row["validity"]["state"] == "fails"
        ),
        *_grouped_reasons(rows),
    ]
    return "\n".join([*(line.rstrip() for line in lines), *(line for text in texts for line in wrapped(text))])


def _grouped_reasons(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Why values are missing and what is to be noted: each cause once, with the metrics that it concerns."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        for entry in (*row["reasons"], *row["notes"]):
            found.setdefault((entry["status"], entry["reason"]), {})[row["name"]] = entry["count"]
    for (status, reason), metrics in found.items():
        counts = sorted(set(metrics.values()))
        number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        who = "all metrics" if len(metrics) == len(rows) > 1 else ", ".join(metrics)
        yield f"{who}: {number} {status}: {one_line(spoken(reason))}"


def told_reasons(rows: list[dict[str, Any]]) -> list[str]:
    """Every cause that `table_text` tells."""
    return list(dict.fromkeys(entry["reason"] for row in rows for entry in row["reasons"]))


def _role_text(role: dict[str, Any] | None) -> str:
    if role is None:
        return "-"
    return number_text(role["mean"]) + (f" ({role['lost']} of {role['total']} lost)" if role["lost"] else "")


def _lost_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        names = [f"{entry['case']} {entry['element']}" for entry in row["lost"]]
        if names:
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            yield f"lost by {row['name']}: {', '.join(names[:6])}{more}"


_FACTS = ("title", "group", "direction", "unit", "version", "backend")
_NUMBERS = ("mean", "low", "high", "stderr", "scored", "unscored", "failed", "missing", "total", "coverage")


Totals = Mapping[str, list[dict[str, Any]]]
"""The summary of each run (`a2bench.results.totals.run_totals`)."""


def write_tables(
    runs: Mapping[str, RunStore],
    metrics: tuple[str, ...],
    folder: Path,
    totals: Totals,
    validity: Sequence[ValidityFile] = (),
) -> list[Path]:
    """Write ``totals.csv``, ``summary.csv``, ``summary.md``, ``summary.json`` and ``scores.csv`` of named runs."""
    tables = {name: metric_table(store, metrics, validity) for name, store in runs.items()}
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "summary.csv": csv_text(_summary_lines(tables)),
        "totals.csv": csv_text(_totals_lines(totals)),
        "summary.md": markdown_text(runs, tables, totals),
        "summary.json": json.dumps(_summary_document(runs, tables, totals), indent=2, ensure_ascii=False) + "\n",
        "scores.csv": csv_text(score_lines(runs, metrics)),
    }
    for name, text in contents.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in contents]


def _totals_lines(totals: Totals) -> Iterator[list[Any]]:
    facts = ("name", "title", "version", "value")
    yield ["run", *facts, "low", "high", "scored", "total", "coverage", "validity", "validity_reason"]
    for run, rows in totals.items():
        for row in rows:
            counts = (row["scored"], row["total"], row["coverage"])
            checked = (row["validity"]["state"], row["validity"]["reason"])
            yield [run, *(row[fact] for fact in facts), *(row["interval"] or (None, None)), *counts, *checked]


def _summary_lines(tables: Mapping[str, list[dict[str, Any]]]) -> Iterator[list[Any]]:
    roles = sorted({role for rows in tables.values() for row in rows for role in row["roles"]}, key=role_rank)
    parts = ("mean", "low", "high", "stderr", "scored", "unscored", "total", "lost")
    by_role = [f"{role}_{part}" for role in roles for part in parts]
    yield ["run", "metric", *_FACTS, "range_low", "range_high", *_NUMBERS, "validity", "validity_reason", *by_role]
    for run, rows in tables.items():
        for row in rows:
            facts, numbers = [row[fact] for fact in _FACTS], [row[number] for number in _NUMBERS]
            checked = [row["validity"]["state"], row["validity"]["reason"]]
            cells = [row["roles"].get(role, {}).get(part) for role in roles for part in parts]
            yield [run, row["name"], *facts, *row["range"], *numbers, *checked, *cells]


def score_lines(runs: Mapping[str, RunStore], metrics: tuple[str, ...]) -> Iterator[list[Any]]:
    """Names of columns, then one line per planned score, each followed by its elements."""
    yield ["run", "case", "seed", "metric", "element", "status", "value", "reason", "tier", "rung", "remarks"]
    for run, store in runs.items():
        current = CurrentRecords(store)
        for sample in current.planned:
            for metric in metrics:
                record = current.score(sample, metric)
                if record is None:
                    reason = shown_text(current.why_missing(sample))
                    yield [run, *sample, metric, "", "missing", None, reason, None, None, None]
                    continue
                made = current.samples[sample]
                making = (made.tier, made.rung, "; ".join(map(shown_text, made.remarks)) or None)
                yield [run, *sample, metric, "", record.status, record.value, shown_text(record.reason or ""), *making]
                for element, entry in elements_in_order(record):
                    status = "unscored" if entry["value"] is None else "scored"
                    reason = shown_text(entry["reason"] or "")
                    yield [run, *sample, metric, element, status, entry["value"], reason, *making]


def markdown_text(runs: Mapping[str, RunStore], tables: Mapping[str, list[dict[str, Any]]], totals: Totals) -> str:
    """The summary in Markdown: for each run a table of totals, the tiers of its videos and a table of metrics."""
    parts = []
    for run, rows in tables.items():
        parts.append(f"## {markdown_cell(run)}\n\n{_markdown_table(_totals_cells(totals[run]))}\n")
        if making := making_text(CurrentRecords(runs[run])):
            parts.append(f"{markdown_cell(making)}\n")
        parts += [f"**Remark:** {markdown_cell(line)}\n" for line in remark_lines(CurrentRecords(runs[run]))]
        roles = sorted({role for row in rows for role in row["roles"]}, key=role_rank)
        head = ["metric", "better", "mean [95 % interval]", "scored", "controls", *roles]
        lines = [head, ["---"] * len(head)]
        lines += [
            [
                row["name"],
                ARROWS[row["direction"]],
                mean_text(row),
                f"{row['scored']}/{row['total']}",
                MARKS[row["validity"]["state"]],
                *(_role_text(row["roles"].get(role)) for role in roles),
            ]
            for row in rows
        ]
        parts.append(_markdown_table(lines) + "\n")
    return "\n".join(parts)


def _totals_cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Head, rule and rows of the table of totals: value of 100, 95 % interval, coverage."""
    lines = [["summary", "0 to 100", "95 % interval", "scored", "controls"], ["---"] * 5]
    for row in rows:
        value = "-" if row["value"] is None else f"{row['value']:.1f}"
        interval = "{:.1f} to {:.1f}".format(*row["interval"]) if row["interval"] else "-"
        mark = MARKS[row["validity"]["state"]]
        lines.append([row["title"], value, interval, f"{row['scored']}/{row['total']}", mark])
    return lines


def _markdown_table(lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(map(markdown_cell, line)) + " |" for line in lines)


def _summary_document(
    runs: Mapping[str, RunStore], tables: Mapping[str, list[dict[str, Any]]], totals: Totals
) -> dict[str, Any]:
    document: dict[str, Any] = {"schema": 1, "runs": []}
    for name, store in runs.items():
        current = CurrentRecords(store)
        manifest, samples = current.manifest, current.samples.values()
        done = sum(sample.status == "done" for sample in samples)
        document["runs"].append(
            {
                "run": name,
                "system": {"name": manifest.system.name, "revision": manifest.system.revision},
                "suite": {"name": manifest.suite.name, "revision": manifest.suite.revision},
                "settings": manifest.settings.model_dump(mode="json"),
                "cases": len(manifest.suite.cases),
                "seeds": list(manifest.seeds) or "suite",
                "samples": {
                    "total": len(current.planned),
                    "done": done,
                    "failed": len(samples) - done,
                    "missing": len(current.planned) - len(samples),
                },
                "making": making_counts(current),
                "remarks": remark_counts(current),
                "totals": totals[name],
                "metrics": tables[name],
            }
        )
    return document
