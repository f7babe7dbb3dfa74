"""The page of one entry: what it is, how it ran, its numbers, what became of its elements, its best and worst cases."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markupsafe import Markup

from a2bench.base.text import number_text
from a2bench.model.cases import ROLES, element_role
from a2bench.model.ledger import STATES
from a2bench_leaderboard.board.extremes import extremes
from a2bench_leaderboard.board.pages.site import Site, state_class
from a2bench_leaderboard.board.tables import coverage_text, interval_text, people_of, rank_text

Entry = Mapping[str, Any]

MOST_FAILURES = 200


def entry_pages(site: Site) -> Iterator[tuple[str, str]]:
    """Path and text of each entry's page."""
    scales = {column["name"]: _scale(site, column) for column in site.columns}
    outstanding = extremes(site.table, site.by)
    labels = [entry["label"] for entry in site.entries]
    for own, entry in enumerate(site.entries):
        found = outstanding[entry["place"]]
        shown = [
            {"title": title, "cases": [_shown_case(site, entry, case) for case in cases]}
            for title, cases in (("Best cases", found.best), ("Worst cases", found.worst))
            if cases
        ]
        failures = entry["failures"]
        yield (
            entry["page"],
            site.render(
                "entry.html.j2",
                "../",
                entry["label"],
                entry=entry,
                own=own,
                others=[(label, number) for number, label in enumerate(labels) if number != own],
                rows=[_row(site, entry, column, scales[column["name"]]) for column in site.columns],
                people=people_of(site.document, entry),
                cost=_cost(entry),
                ledger=_ledger(site, entry),
                states=STATES,
                shown=shown,
                cases=_case_rows(site, entry),
                failures=failures[:MOST_FAILURES],
                more_failures=max(0, len(failures) - MOST_FAILURES),
                titles={column["name"]: column["title"] for column in site.columns},
            ),
        )


def _scale(site: Site, column: Mapping[str, Any]) -> tuple[float, float] | None:
    """What is at the left and right end of a column's bars: 0 and 100 of the summary, else the ends on this board."""
    if column["group"] == "summary":
        return 0.0, 100.0
    cells = [entry["numbers"][column["name"]] for entry in site.entries]
    found = [cell[key] for cell in cells for key in ("value", "low", "high") if cell[key] is not None]
    low, high = min(found, default=0.0), max(found, default=0.0)
    if low == high:
        return None
    return (high, low) if column["direction"] == "lower" else (low, high)


def _row(site: Site, entry: Entry, column: Mapping[str, Any], scale: tuple[float, float] | None) -> dict[str, Any]:
    cell = entry["numbers"][column["name"]]
    return {
        "column": column,
        "value": number_text(cell["value"]),
        "interval": interval_text(cell),
        "rank": rank_text(cell) or (f"not ranked: {cell['unranked']}" if cell.get("unranked") else ""),
        "coverage": coverage_text(cell),
        "bar": _bar(cell, [other["numbers"][column["name"]]["value"] for other in site.entries], scale),
    }


def _bar(cell: Mapping[str, Any], everybody: Iterable[float | None], scale: tuple[float, float] | None) -> Markup:
    """This entry's value and interval, with a tick for every entry of the board."""
    if scale is None or cell["value"] is None:
        return Markup("")
    left, right = scale

    def at(value: float) -> float:
        return 100 * min(1.0, max(0.0, (value - left) / (right - left)))

    parts = [
        f'<rect class="tick" x="{at(value):.1f}" width=".5" height="10"/>' for value in everybody if value is not None
    ]
    if cell["low"] is not None and cell["high"] is not None:
        low, high = sorted((at(cell["low"]), at(cell["high"])))
        parts.append(f'<rect class="range" x="{low:.1f}" y="2" width="{high - low:.1f}" height="6"/>')
    parts.append(f'<rect class="point" x="{at(cell["value"]) - 0.6:.1f}" width="1.2" height="10"/>')
    return Markup(f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>')


def _cost(entry: Entry) -> list[tuple[str, str]]:
    cost, price = entry["cost"], entry["price"]
    found = [("Videos", f"{cost['videos']} made, {cost['failed']} failed")]
    seconds, paid = entry["spending"]["seconds"], entry["spending"]["price"]
    found.append(("Seconds of a worker per video", seconds["reason"] or number_text(seconds["value"])))
    names = {"gpu": "GPU", "host": "this process", "children": "its programs"}
    found += [
        (f"Peak memory, {names.get(kind, kind)}", f"{size / 1e9:.2f} GB") for kind, size in cost["peak_memory"].items()
    ]
    if paid["value"] is not None:
        given = [
            f"{number_text(price[key])} {words}"
            for key, words in (("per_hour", "an hour"), ("per_call", "a call"))
            if price[key] is not None
        ]
        found.append(("Price per video", f"{paid['value']:.4g} ({', '.join(given)})"))
    return found


def _ledger(site: Site, entry: Entry) -> list[dict[str, Any]]:
    """Counts of verdicts over all elements, by role, and by the number of elements in the case."""
    sizes = {case["id"]: len(case["elements"]) for case in site.cases}
    found = Counter(
        (sizes[case], row["element"], row["verdict"])
        for (case, _), elements in zip(entry["samples"], entry["ledger"], strict=True)
        for row in elements or ()
        if row["verdict"] is not None
    )
    groups: dict[str, Counter[str]] = {}
    for (size, element, verdict), count in found.items():
        for group in ("all", element_role(element), f"cases of {size} element{'s' * (size != 1)}"):
            groups.setdefault(group, Counter())[verdict] += count
    order = ["all", *ROLES, *sorted(name for name in groups if name.startswith("cases of"))]
    titles: dict[str, str] = {"all": "all elements"} | {str(role): f"{role}s" for role in ROLES}
    return [_ledger_row(titles.get(name, name), groups[name]) for name in order if name in groups]


def _ledger_row(title: str, counts: Counter[str]) -> dict[str, Any]:
    total = sum(counts.values())
    parts, start = [], 0.0
    for state in STATES:
        share = 100 * counts[state] / total
        parts.append(f'<rect class="{state_class(state)}" x="{start:.2f}" width="{share:.2f}" height="10"/>')
        start += share
    bar = Markup(f'<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>')
    cells = [(counts[state], f"{100 * counts[state] / total:.0f} %" if counts[state] else "") for state in STATES]
    return {"title": title, "cells": cells, "total": total, "bar": bar}


def _shown_case(site: Site, entry: Entry, case: str) -> dict[str, Any]:
    """A case with the first of the entry's videos of it that the board has."""
    samples = [place for place, (name, _) in enumerate(entry["samples"]) if name == case]
    videos = site.media["videos"]
    held = [s for s in samples if (known := videos.get(entry["videos"][s])) is not None and known["file"]]
    sample = next(iter(held or samples))
    return {
        "id": case,
        "value": number_text(site.value(entry, case)),
        "prompt": site.prompts[case],
        "references": site.references[case],
        "figure": site.figure(entry, sample, f"Video of {entry['label']} for {case}"),
        "seed": entry["samples"][sample][1],
    }


def _case_rows(site: Site, entry: Entry) -> list[dict[str, Any]]:
    verdicts: dict[str, Counter[str]] = {case["id"]: Counter() for case in site.cases}
    for (case, _), elements in zip(entry["samples"], entry["ledger"], strict=True):
        verdicts[case].update(row["verdict"] for row in elements or () if row["verdict"] is not None)
    return [
        {
            "id": case["id"],
            "value": site.value(entry, case["id"]),
            "elements": [element["id"] for element in case["references"]],
            "verdicts": [(state, count) for state in STATES if (count := verdicts[case["id"]][state])],
        }
        for case in site.cases
    ]
