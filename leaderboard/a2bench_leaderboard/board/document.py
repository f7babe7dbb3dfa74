"""From the inputs of a board to its numbers: means, intervals, coverage, rank sets, pairs, slices of the cases."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from a2bench.model.cases import ROLES
from a2bench.results.dimensions import DIMENSIONS
from a2bench.results.expectations import PREFIX
from a2bench.statistics import VERSION
from a2bench.statistics.case_means import CaseSums, means
from a2bench.statistics.clusters import no_interval
from a2bench.statistics.estimates import LEVEL
from a2bench.statistics.harmonic import soft_harmonic_means
from a2bench.statistics.power import cannot_tell_apart, cases_document, cases_to_separate
from a2bench.statistics.ranking import rank
from a2bench_leaderboard.board.methods import feature_versions
from a2bench_leaderboard.board.spending import spending
from a2bench_leaderboard.board.table import BoardTable, read_table
from a2bench_leaderboard.columns import HEADLINE_COLUMN, WITHOUT_TEXT_COLUMN

NUM_WEIGHTS = 2000
"""Draws of other weights for the dimensions of the headline."""


def board_document(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The whole board as JSON values, rounded to six digits; it depends on ``inputs`` and on nothing else.

    Systems are ranked by paired tests over cases. A system without a value where another has one is not ranked by that
    column, and the headline needs every planned sample: missing values cannot help. Controls have numbers and no rank.
    """
    columns = inputs["columns"]
    table = read_table(inputs)
    entries = [_facts(entry) for entry in inputs["entries"]]
    slices = list(_slices(inputs["cases"]))
    for part in slices:
        for entry, numbers in zip(entries, _numbers(table, columns, part["cases"]), strict=True):
            entry["numbers"][part["name"]] = numbers
    order = _order_column(inputs, entries)
    pairs = {
        column["name"]: _rank(column, entries, table)
        for column in columns
        if column["direction"] in ("higher", "lower")
    }
    weights = weight_sensitivity(entries, table)
    sign = -1 if next((c["direction"] for c in columns if c["name"] == order), "higher") == "lower" else 1
    entries.sort(key=lambda entry: _place(entry, order, sign))
    return {
        "schema": 1,
        "a2bench": inputs["a2bench"],
        "release": inputs["release"],
        "releases": inputs["releases"],
        "suite": inputs["suite"],
        "statistics": VERSION,
        "level": LEVEL,
        "order": order,
        "columns": [
            {key: value for key, value in column.items() if key != "made_by"}
            | {"agreement": ((inputs["people"] or {}).get("agreement") or {}).get(column["name"])}
            | {"features": feature_versions(column["made_by"])}
            for column in columns
        ],
        "slices": [{"name": s["name"], "title": s["title"], "cases": len(s["cases"])} for s in slices],
        "entries": entries,
        "pairs": pairs,
        "cannot_tell": _cannot_tell(pairs),
        "weights": weights,
        "submissions": inputs["submissions"],
        "people": inputs["people"] and {key: value for key, value in inputs["people"].items() if key != "agreement"},
        "published": inputs["published"],
        "changes": inputs["methods"]["changes"],
    }


def _facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    of_samples = ("samples", "values", "videos", "ledger", "seconds")
    facts = {key: value for key, value in entry.items() if key not in of_samples}
    spent = {
        name: {key: _rounded(value) if isinstance(value, float) else value for key, value in cost.items()}
        for name, cost in spending(entry).items()
    }
    return facts | {"samples": len(entry["samples"]), "spending": spent, "numbers": {}}


def _slices(cases: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """All cases; by number of elements, by role, by tag: parts of two or more cases that are not all of them."""
    yield {"name": "all", "title": "all cases", "cases": {case["id"] for case in cases}}
    parts: list[tuple[str, str, set[str]]] = []
    for count in sorted({len(case["elements"]) for case in cases}):
        chosen = {case["id"] for case in cases if len(case["elements"]) == count}
        parts.append((f"elements:{count}", f"{count} element{'' if count == 1 else 's'}", chosen))
    for role in ROLES:
        chosen = {case["id"] for case in cases if role in case["elements"]}
        parts.append((f"role:{role}", f"with a {role}", chosen))
    for tag in sorted({tag for case in cases for tag in case["tags"]}):
        parts.append((f"tag:{tag}", f"tag {tag}", {case["id"] for case in cases if tag in case["tags"]}))
    for name, title, chosen in parts:
        if 2 <= len(chosen) < len(cases):
            yield {"name": name, "title": title, "cases": chosen}


def _numbers(table: BoardTable, columns: Sequence[Mapping[str, Any]], chosen: set[str]) -> list[dict[str, Any]]:
    """For each entry and column the mean over some of the cases, with interval (or why there is none) and coverage."""
    rows = [case in chosen for case in table.cases]
    flat = CaseSums(*(part[rows].reshape(sum(rows), -1) for part in (table.counts, table.sums)))
    found = means(flat, [tuple(column["range"]) for column in columns] * len(table.values))
    planned = table.planned[rows].sum(0)
    result = []
    for number, total in enumerate(planned.astype(int).tolist()):
        row = {}
        for place, name in enumerate(table.columns):
            index = number * len(table.columns) + place
            scored = int(found.values[index])
            whole = scored == total or name not in (HEADLINE_COLUMN, WITHOUT_TEXT_COLUMN)
            ends = [_rounded(found.low[index]), _rounded(found.high[index])]
            row[name] = {
                "value": _rounded(found.value[index]) if whole else None,
                "low": ends[0] if whole else None,
                "high": ends[1] if whole else None,
                "scored": scored,
                "total": total,
                "cases": int(found.cases[index]),
                "no_interval": no_interval(int(found.cases[index])) if whole and scored and ends[0] is None else None,
            }
        result.append(row)
    return result


def _rank(column: Mapping[str, Any], entries: list[dict[str, Any]], table: BoardTable) -> list[dict[str, Any]]:
    """Write rank sets into the entries' numbers and return all pairs of ranked systems."""
    name = column["name"]
    systems = [number for number, entry in enumerate(entries) if entry["kind"] == "system"]
    case_means = table.case_means(name)
    present = ~np.isnan(case_means)
    wanted = present[:, systems].any(1)
    ranked = []
    for number in systems:
        cell = entries[number]["numbers"]["all"][name]
        lacking = int((wanted & ~present[:, number]).sum())
        partly = cell["scored"] < table.planned[present[:, number], number].sum()
        if cell["value"] is None:
            cell["unranked"] = "no value" if not cell["scored"] else f"{cell['scored']} of {cell['total']} samples"
        elif lacking or partly:
            cell["unranked"] = (
                f"lacks {lacking} case{'s' * (lacking > 1)} that others have" if lacking else "lacks seeds"
            )
        else:
            ranked.append(number)
    if len(ranked) < 2:
        for number in ranked:
            entries[number]["numbers"]["all"][name]["unranked"] = "no other system to compare with"
        return []
    found = rank(case_means[:, ranked], column["direction"] == "higher", tuple(column["range"]))
    for place, number in enumerate(ranked):
        ranks = found.ranks
        if ranks.best is not None and ranks.worst is not None:
            entries[number]["numbers"]["all"][name]["ranks"] = [ranks.best[place], ranks.worst[place]]
    rows = []
    for index, (i, j) in enumerate(found.pairs):
        p, gap = float(found.p_values[index]), float(found.differences.value[index])
        differ, cases = p < 1 - LEVEL, int(found.differences.cases[index])
        spread = float(found.differences.spread[index])
        needed = None if differ else cases_to_separate(gap, spread, len(found.pairs), cases)
        rows.append(
            {
                "first": entries[ranked[i]]["name"],
                "other": entries[ranked[j]]["name"],
                "difference": _rounded(gap),
                "low": _rounded(found.differences.low[index]),
                "high": _rounded(found.differences.high[index]),
                "p_holm": _rounded(p),
                "differ": differ,
                "cases": cases,
                **cases_document(needed, cases),
            }
        )
    return rows


def _cannot_tell(pairs: Mapping[str, Sequence[Mapping[str, Any]]]) -> str | None:
    """That no pair of systems could differ clearly in any column, or None."""
    found = [(max(row["cases"] for row in rows), len(rows)) for rows in pairs.values() if rows]
    said = [cannot_tell_apart(cases, family, "pairs of systems") for cases, family in found]
    return max(said, key=lambda text: text or "") if said and all(said) else None


def weight_sensitivity(entries: Sequence[Mapping[str, Any]], table: BoardTable) -> list[dict[str, Any]]:
    """How often each system with a headline would lead by it, were the weights of the dimensions others.

    Weights are drawn evenly from all that add up to 1 (Dirichlet); ``leads`` is the share of the draws, with the
    samples that there are, and says nothing of chance, which the ranks do. Empty with fewer than two such systems.
    """
    systems = [
        number
        for number, entry in enumerate(entries)
        if entry["kind"] == "system" and entry["numbers"]["all"][HEADLINE_COLUMN]["value"] is not None
    ]
    if len(systems) < 2:
        return []
    names = [PREFIX + dimension.name for dimension in DIMENSIONS]
    weights = np.random.default_rng(0).dirichlet(np.ones(len(names)), NUM_WEIGHTS)
    means_of = []
    for number in systems:
        parts = table.values[number][:, [table.columns.index(name) for name in names]] / 100
        means_of.append(soft_harmonic_means(parts, weights).mean(0))
    leads = np.bincount(np.argmax(means_of, axis=0), minlength=len(systems)) / NUM_WEIGHTS
    return [
        {"entry": entries[number]["name"], "leads": float(leads[place])}
        for place, number in sorted(enumerate(systems), key=lambda item: -leads[item[0]])
    ]


def _order_column(inputs: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    """The headline, or the first column that has a better side and a value of some system; without systems, of any."""
    names = [str(column["name"]) for column in inputs["columns"] if column["direction"] in ("higher", "lower")]
    systems = [entry for entry in entries if entry["kind"] == "system"]
    for name in (HEADLINE_COLUMN, *names):
        if any(entry["numbers"]["all"][name]["value"] is not None for entry in systems or entries):
            return name
    return HEADLINE_COLUMN


def _place(entry: Mapping[str, Any], order: str, sign: int) -> tuple[bool, bool, float, str]:
    value = entry["numbers"]["all"][order]["value"]
    return entry["kind"] == "control", value is None, -sign * (value or 0.0), entry["name"]


def _rounded(value: float) -> float | None:
    """Six digits that matter: the last bits differ between processors, and nobody reads them."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
