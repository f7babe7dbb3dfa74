"""What changed between two boards: entries, numbers, ranks, methods."""

from collections.abc import Iterator, Mapping
from typing import Any

from a2bench.harness.tables import number_text, one_line

Document = Mapping[str, Any]


def board_diff(old: Document, new: Document) -> dict[str, Any]:
    """Changes from one ``leaderboard.json`` to another, over all cases."""
    before = {entry["name"]: entry for entry in old["entries"]}
    after = {entry["name"]: entry for entry in new["entries"]}
    columns = {column["name"]: column for column in old["columns"]}
    changed = []
    for name in sorted(before.keys() & after.keys()):
        one, two = before[name]["numbers"]["all"], after[name]["numbers"]["all"]
        for column in sorted(one.keys() & two.keys()):
            if _shown(one[column]) != _shown(two[column]):
                changed.append(
                    {"entry": name, "column": column, "old": _shown(one[column]), "new": _shown(two[column])}
                )
    return {
        "schema": 1,
        "suite": None if old["suite"] == new["suite"] else {"old": old["suite"], "new": new["suite"]},
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "methods": [
            {"column": column["name"], "key": key, "old": columns[column["name"]][key], "new": column[key]}
            for column in new["columns"]
            if column["name"] in columns
            for key in ("version", "backend", "direction", "validity")
            if columns[column["name"]][key] != column[key]
        ],
        "new_columns": sorted({column["name"] for column in new["columns"]} - columns.keys()),
        "removed_columns": sorted(columns.keys() - {column["name"] for column in new["columns"]}),
        "changed": changed,
    }


def _shown(cell: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("value", "low", "high", "scored", "total", "ranks")
    return {key: cell.get(key) for key in keys}


def diff_text(diff: Mapping[str, Any]) -> Iterator[str]:
    """The changes for a terminal."""
    if diff["suite"]:
        old, new = diff["suite"]["old"], diff["suite"]["new"]
        yield f"suite: {old['name']} {old['revision']} -> {new['name']} {new['revision']}"
    for key, word in (
        ("added", "new entry"), ("removed", "entry gone"), ("new_columns", "new number"),
        ("removed_columns", "number gone"),
    ):  # fmt: skip
        for name in diff[key]:
            yield f"{word}: {one_line(name)}"
    for row in diff["methods"]:
        old, new = (value["state"] if isinstance(value, dict) else str(value) for value in (row["old"], row["new"]))
        yield f"method: {row['column']} {row['key']} {one_line(old)} -> {one_line(new)}"
    for row in diff["changed"]:
        yield f"{one_line(row['entry'])}  {row['column']}: {_cell_text(row['old'])} -> {_cell_text(row['new'])}"
    if not any(value for key, value in diff.items() if key != "schema"):
        yield "no difference"


def _cell_text(cell: Mapping[str, Any]) -> str:
    interval = "" if cell["low"] is None else f" [{number_text(cell['low'])}, {number_text(cell['high'])}]"
    rank = f" rank {cell['ranks'][0]}-{cell['ranks'][1]}" if cell["ranks"] else ""
    return f"{number_text(cell['value'])}{interval}{rank} {cell['scored']}/{cell['total']}"
