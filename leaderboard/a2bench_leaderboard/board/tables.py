"""The numbers of a board as CSV, Markdown and LaTeX."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from a2bench.base.text import csv_text, markdown_cell, number_text, one_line
from a2bench.show.tables import ARROWS

Document = Mapping[str, Any]


def interval_text(cell: Mapping[str, Any]) -> str:
    """``[low, high]``, empty where there is none."""
    return "" if cell["low"] is None else f"[{number_text(cell['low'])}, {number_text(cell['high'])}]"


def coverage_text(cell: Mapping[str, Any]) -> str:
    """``scored/total`` samples."""
    return f"{cell['scored']}/{cell['total']}"


def rank_text(cell: Mapping[str, Any]) -> str:
    """The ranks that remain possible: ``rank 1`` or ``rank 1–3``; empty where there is none."""
    if not cell.get("ranks"):
        return ""
    best, worst = cell["ranks"]
    return f"rank {best}" if best == worst else f"rank {best}–{worst}"


def people_of(document: Document, entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What people said of an entry's system and revision, None if they were not asked."""
    rows = {row["system"]: row for row in (document["people"]["systems"] if document["people"] else [])}
    label = f"{entry['system']}@{entry['revision']}"
    alone = sum(other["system"] == entry["system"] for other in document["entries"]) == 1
    return rows.get(label) or (rows.get(entry["system"]) if alone else None)


def numbers_csv(document: Document) -> str:
    """One row per part of the cases, entry and column."""
    return csv_text(_number_lines(document))


def _number_lines(document: Document) -> Iterator[list[Any]]:
    yield [
        "cases_of", "entry", "kind", "scores_from", "column", "version", "direction", "value", "low", "high",
        "no_interval", "num_cases", "scored", "total", "coverage", "rank_best", "rank_worst", "unranked", "validity",
    ]  # fmt: skip
    for part in document["slices"]:
        for entry in document["entries"]:
            for column in document["columns"]:
                cell = entry["numbers"][part["name"]][column["name"]]
                coverage = cell["scored"] / cell["total"] if cell["total"] else None
                yield [
                    part["name"], entry["name"], entry["kind"], entry["scores_from"], column["name"],
                    column["version"], column["direction"], cell["value"], cell["low"], cell["high"],
                    cell.get("no_interval"),
                    cell["cases"], cell["scored"], cell["total"], coverage,
                    *(cell.get("ranks") or (None, None)), cell.get("unranked"), column["validity"]["state"],
                ]  # fmt: skip


def pairs_csv(document: Document) -> str:
    """One row per column and pair of systems."""
    keys = ("first", "other", "difference", "low", "high", "p_holm", "differ", "cases", "cases_to_separate", "advice")
    rows = ([name, *(row[key] for key in keys)] for name, found in document["pairs"].items() for row in found)
    return csv_text([["column", *keys], *rows])


def _main_columns(document: Document) -> list[Mapping[str, Any]]:
    return [column for column in document["columns"] if column["group"] == "summary"]


def markdown(document: Document) -> str:
    """``LEADERBOARD.md``: the summary, then every metric."""
    release = document["release"] or {}
    suite = document["suite"]
    parts = [
        f"# A2Bench on {markdown_cell(suite['name'])} {markdown_cell(release.get('name') or '')}".rstrip(),
        f"Suite revision {suite['revision']}, {document['slices'][0]['cases']} cases. Value [95 % interval], ranks "
        "that remain possible, samples with a value. Controls are yardsticks and have no rank.",
        _markdown_table(document, _main_columns(document), people=document["people"] is not None),
    ]
    if document["cannot_tell"]:
        parts.append(f"No pair of systems can be told apart: {document['cannot_tell']}.")
    metrics = [column for column in document["columns"] if column["group"] != "summary"]
    for group in dict.fromkeys(column["group"] for column in metrics):
        chosen = [column for column in metrics if column["group"] == group]
        parts += [f"## {markdown_cell(group)}", _markdown_table(document, chosen)]
    parts.append(
        "Results that others published are on the page and in leaderboard.json; they were not measured here and are "
        "not comparable with these."
    )
    return "\n\n".join(parts) + "\n"


def _markdown_table(document: Document, columns: Sequence[Mapping[str, Any]], people: bool = False) -> str:
    head = ["system", *(_head(column) for column in columns)]
    lines = []
    for entry in document["entries"]:
        marks = [*(["control"] if entry["kind"] == "control" else []), *_source(entry)]
        cells = [entry["name"] + (f" ({', '.join(marks)})" if marks else "")]
        for column in columns:
            cell = entry["numbers"]["all"][column["name"]]
            parts = [number_text(cell["value"]), interval_text(cell), rank_text(cell), coverage_text(cell)]
            cells.append(" ".join(part for part in parts if part))
        if people:
            cells.append(_people_text(document, entry))
        lines.append(cells)
    if people:
        head.append(f"people ({document['people']['unit']})")
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(map(markdown_cell, row)) + " |" for row in rows)


def _source(entry: Mapping[str, Any]) -> list[str]:
    """How scores of somebody else stand here: ``recomputed`` or ``reported``; nothing for those measured here."""
    return [] if entry["scores_from"] == "measured" else [entry["scores_from"]]


def _head(column: Mapping[str, Any]) -> str:
    fails = " (FAILS the controls)" if column["validity"]["state"] == "fails" else ""
    return f"{column['title']} {ARROWS[column['direction']]}{fails}"


def _people_text(document: Document, entry: Mapping[str, Any]) -> str:
    row = people_of(document, entry)
    return f"{number_text(row['value'])} {interval_text(row)}".rstrip() if row else "-"


def latex(document: Document) -> str:
    """``leaderboard.tex``: the summary as a table for a paper (booktabs)."""
    columns = _main_columns(document)
    lines = [
        f"% A2Bench on {_latex(document['suite']['name'])}, suite revision {_latex(document['suite']['revision'])}",
        "% 95 % intervals as subscripts; ranks that remain possible in parentheses",
        r"\begin{tabular}{l" + "r" * len(columns) + "}",
        r"\toprule",
        " & ".join(["System", *(_latex(column["title"]) for column in columns)]) + r" \\",
        r"\midrule",
    ]
    before = None
    for entry in document["entries"]:
        if before == "system" and entry["kind"] == "control":
            lines.append(r"\midrule")
        before = entry["kind"]
        cells = [" ".join([_latex(entry["title"]), *(f"({source})" for source in _source(entry))])]
        cells += [_latex_cell(entry["numbers"]["all"][column["name"]]) for column in columns]
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _latex_cell(cell: Mapping[str, Any]) -> str:
    if cell["value"] is None:
        return "--"
    interval = f"_{{{interval_text(cell)}}}" if cell["low"] is not None else ""
    rank = f" ({rank_text(cell).removeprefix('rank ').replace('–', '--')})" if cell.get("ranks") else ""
    partly = f" {coverage_text(cell)}" if cell["scored"] < cell["total"] else ""
    return f"${number_text(cell['value'])}{interval}${rank}{partly}"


_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def _latex(text: str) -> str:
    """A text that cannot steer LaTeX."""
    return re.sub(r"[\\~^&%$#_{}]", lambda found: _LATEX.get(found[0], "\\" + found[0]), one_line(text))
