"""The tables of a report as files for people, spreadsheets and other programs.

Everything here is derived from the records of the run and holds neither times nor places on this machine, so a run that
was interrupted and resumed gives byte-identical files.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from a2bench.base.files import write_atomically
from a2bench.base.text import csv_text, markdown_cell, shown_text
from a2bench.results.run import Run
from a2bench.results.totals import TotalRow
from a2bench.show.tables import MARKS, metric_cells, roles_of

Runs = Mapping[str, Run]
"""Runs by the names that they have beside each other."""

_FACTS = ("title", "group", "direction", "unit", "version", "backend")
_NUMBERS = ("mean", "low", "high", "stderr", "scored", "unscored", "failed", "missing", "total", "coverage")
_ROLE_NUMBERS = ("mean", "low", "high", "stderr", "scored", "unscored", "total")


def write_tables(runs: Runs, metrics: tuple[str, ...], folder: Path) -> list[Path]:
    """Write ``totals.csv``, ``summary.csv``, ``summary.md``, ``summary.json`` and ``scores.csv`` of named runs."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "summary.csv": csv_text(_summary_lines(runs, metrics)),
        "totals.csv": csv_text(_totals_lines(runs)),
        "summary.md": markdown_text(runs, metrics),
        "summary.json": json.dumps(_summary_document(runs, metrics), indent=2, ensure_ascii=False) + "\n",
        "scores.csv": csv_text(score_lines(runs, metrics)),
    }
    for name, text in contents.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in contents]


def _totals_lines(runs: Runs) -> Iterator[list[Any]]:
    yield [
        "run", "name", "title", "version", "value", "low", "high", "scored", "total", "coverage", "validity",
        "validity_reason",
    ]  # fmt: skip
    for name, run in runs.items():
        for row in run.totals:
            number = (row.value, *(row.interval or (None, None)), row.scored, row.total, row.coverage)
            yield [name, row.name, row.title, row.version, *number, row.validity.state, row.validity.reason]


def _summary_lines(runs: Runs, metrics: tuple[str, ...]) -> Iterator[list[Any]]:
    roles = roles_of([run.metric(metric) for run in runs.values() for metric in metrics])
    by_role = [f"{role}_{part}" for role in roles for part in (*_ROLE_NUMBERS, "lost")]
    yield ["run", "metric", *_FACTS, "range_low", "range_high", *_NUMBERS, "validity", "validity_reason", *by_role]
    for name, run in runs.items():
        for row in map(run.metric, metrics):
            facts = [getattr(row.facts, fact) for fact in _FACTS]
            numbers = [getattr(row.summary, number) for number in _NUMBERS]
            cells: list[Any] = []
            for role in roles:
                part = row.roles.get(role)
                cells += [getattr(part.summary, key) if part else None for key in _ROLE_NUMBERS]
                cells.append(part.lost if part else None)
            checked = (row.validity.state, row.validity.reason)
            yield [name, row.name, *facts, *row.facts.range, *numbers, *checked, *cells]


def score_lines(runs: Runs, metrics: tuple[str, ...]) -> Iterator[list[Any]]:
    """Names of columns, then one line per planned score, each followed by its elements."""
    yield ["run", "case", "seed", "metric", "element", "status", "value", "reason", "tier", "rung", "remarks"]
    for name, run in runs.items():
        for sample in run.planned:
            for metric in metrics:
                record = run.score(sample, metric)
                if record is None:
                    reason = shown_text(run.why_missing(sample))
                    yield [name, *sample, metric, "", "missing", None, reason, None, None, None]
                    continue
                made = run.samples[sample]
                making = (made.tier, made.rung, "; ".join(map(shown_text, made.remarks)) or None)
                yield [name, *sample, metric, "", record.status, record.value, shown_text(record.reason or ""), *making]
                for element, score in record.elements.items():
                    status = "unscored" if score.value is None else "scored"
                    reason = shown_text(score.reason or "")
                    yield [name, *sample, metric, element, status, score.value, reason, *making]


def markdown_text(runs: Runs, metrics: tuple[str, ...]) -> str:
    """The summary in Markdown: for each run a table of totals, the tiers of its videos and a table of metrics."""
    parts = []
    for name, run in runs.items():
        parts.append(f"## {markdown_cell(name)}\n\n{_markdown_table(_totals_cells(run.totals))}\n")
        if run.making_text:
            parts.append(f"{markdown_cell(run.making_text)}\n")
        parts += [f"**Remark:** {markdown_cell(line)}\n" for line in run.remark_lines]
        rows = [run.metric(metric) for metric in metrics]
        roles = roles_of(rows)
        head = ["metric", "better", "mean [95 % interval]", "scored", "controls", *roles]
        parts.append(_markdown_table([head, ["---"] * len(head), *(metric_cells(row, roles) for row in rows)]) + "\n")
    return "\n".join(parts)


def _totals_cells(rows: Sequence[TotalRow]) -> list[list[str]]:
    """Head, rule and rows of the table of totals: value of 100, 95 % interval, coverage."""
    lines = [["summary", "0 to 100", "95 % interval", "scored", "controls"], ["---"] * 5]
    for row in rows:
        value = "-" if row.value is None else f"{row.value:.1f}"
        interval = "{:.1f} to {:.1f}".format(*row.interval) if row.interval else "-"
        lines.append([row.title, value, interval, f"{row.scored}/{row.total}", MARKS[row.validity.state]])
    return lines


def _markdown_table(lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(map(markdown_cell, line)) + " |" for line in lines)


def _summary_document(runs: Runs, metrics: tuple[str, ...]) -> dict[str, Any]:
    return {"schema": 1, "runs": [_run_document(name, run, metrics) for name, run in runs.items()]}


def _run_document(name: str, run: Run, metrics: tuple[str, ...]) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "run": name,
        "system": {"name": manifest.system.name, "revision": manifest.system.revision},
        "suite": {"name": manifest.suite.name, "revision": manifest.suite.revision},
        "settings": manifest.settings.model_dump(mode="json"),
        "cases": len(manifest.suite.cases),
        "seeds": list(manifest.seeds) or "suite",
        "samples": run.sample_counts,
        "making": [made.document() for made in run.making],
        "remarks": [remark.document() for remark in run.remarks],
        "totals": [row.document() for row in run.totals],
        "metrics": [run.metric(metric).document() for metric in metrics],
    }
