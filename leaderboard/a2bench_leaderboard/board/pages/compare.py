"""Two entries side by side: who wins each case, by any number. The page holds all values; its script shows any pair."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from a2bench.show.report.page import json_block
from a2bench.statistics.case_means import means, sums_of_case_means
from a2bench.statistics.sign_flips import sign_flip_p_values
from a2bench_leaderboard.board.pages.site import Site


def compare_page(site: Site) -> str:
    """The page; without scripts it shows the first two entries by the number that the board is sorted by."""
    if len(site.entries) < 2 or site.by is None:
        return site.render("compare.html.j2", "", "Two systems", pair=None, data=None)
    data = {
        "entries": [{key: entry[key] for key in ("label", "kind", "page")} for entry in site.entries],
        "cases": [[case, site.case_pages[case]] for case in site.table.cases],
        "columns": [
            {
                "name": column["name"],
                "title": column["title"],
                "direction": column["direction"],
                "fails": column["validity"]["state"] == "fails",
                "numbers": [
                    [entry["numbers"][column["name"]][key] for key in ("value", "low", "high")]
                    for entry in site.entries
                ],
                "values": _values(site, column["name"]),
                "tests": {**_other_tests(site, column), **_board_tests(site, column["name"])},
            }
            for column in site.columns
        ],
        "by": site.by.name,
    }
    return site.render("compare.html.j2", "", "Two systems", pair=_first_pair(data), data=Markup(json_block(data)))


def _values(site: Site, column: str) -> list[list[float | None]]:
    """For each entry the value of each case."""
    table = site.means[column]
    return [
        [None if value != value else float(f"{value:.6g}") for value in table[:, entry["place"]].tolist()]
        for entry in site.entries
    ]


def _board_tests(site: Site, column: str) -> dict[str, list[Any]]:
    """The pairs that the board has ranked: difference, interval, p-value after Holm."""
    place = {entry["name"]: number for number, entry in enumerate(site.entries)}
    found = {}
    for row in site.document["pairs"].get(column, ()):
        first, other = place[row["first"]], place[row["other"]]
        sign = 1 if first < other else -1
        ends = [row["low"], row["high"]] if sign > 0 else [_minus(row["high"]), _minus(row["low"])]
        found[f"{min(first, other)},{max(first, other)}"] = [sign * row["difference"], *ends, row["p_holm"], True]
    return found


def _other_tests(site: Site, column: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Pairs that the board does not rank (controls, missing cases), for the summary: each tested alone, uncorrected."""
    if column["group"] != "summary":
        return {}
    table = site.means[column["name"]][:, [entry["place"] for entry in site.entries]]
    ranked = _board_tests(site, column["name"])
    first, other = (ends.tolist() for ends in np.triu_indices(table.shape[1], 1))
    pairs = [(i, j) for i, j in zip(first, other, strict=True) if f"{i},{j}" not in ranked]
    if not pairs:
        return {}
    gaps = np.stack([table[:, i] - table[:, j] for i, j in pairs], 1)
    sums = sums_of_case_means(gaps)
    found = means(sums, [tuple(column["range"])] * len(pairs), differences=True)
    p_values = sign_flip_p_values(sums.sums, 1)
    return {
        f"{i},{j}": [_number(found.value[n]), _number(found.low[n]), _number(found.high[n]), float(p_values[n]), False]
        for n, (i, j) in enumerate(pairs)
        if found.cases[n] > 1
    }


def _first_pair(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows at first: rows from the largest win of the first entry to its largest loss."""
    column = next(column for column in data["columns"] if column["name"] == data["by"])
    sign = -1 if column["direction"] == "lower" else 1
    rows = [
        {"case": case, "page": page, "first": one, "other": two, "difference": one - two}
        for (case, page), one, two in zip(data["cases"], column["values"][0], column["values"][1], strict=True)
        if one is not None and two is not None
    ]
    rows.sort(key=lambda row: (-sign * row["difference"], row["case"]))
    most = max((abs(row["difference"]) for row in rows), default=0.0) or 1.0
    return {
        "column": column,
        "first": data["entries"][0],
        "other": data["entries"][1],
        "test": column["tests"].get("0,1"),
        "wins": sum(sign * row["difference"] > 0 for row in rows),
        "ties": sum(row["difference"] == 0 for row in rows),
        "losses": sum(sign * row["difference"] < 0 for row in rows),
        "rows": [{**row, "share": 50 * sign * row["difference"] / most} for row in rows],
    }


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _minus(value: float | None) -> float | None:
    return None if value is None else -value
