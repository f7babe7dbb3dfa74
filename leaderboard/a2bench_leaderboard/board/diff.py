"""What changed between two boards: methods, entries, numbers, ranks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from a2bench.base.text import number_text, one_line

Document = Mapping[str, Any]


def board_diff(old: Document, new: Document) -> dict[str, Any]:
    """Changes from one ``leaderboard.json`` to another, over all cases.

    ``methods`` has a row for each change of a number's version, back-end, direction or standing, of a feature
    behind it, and of the statistics; ``explained`` is what the changelog says of the versions in between.
    """
    before = {entry["name"]: entry for entry in old["entries"]}
    after = {entry["name"]: entry for entry in new["entries"]}
    columns = {column["name"]: column for column in old["columns"]}
    changed, compared = [], 0
    for name in sorted(before.keys() & after.keys()):
        one, two = before[name]["numbers"]["all"], after[name]["numbers"]["all"]
        for column in (column["name"] for column in new["columns"] if column["name"] in one):
            compared += 1
            if _shown(one[column]) != _shown(two[column]):
                changed.append(
                    {"entry": name, "column": column, "old": _shown(one[column]), "new": _shown(two[column])}
                )
    return {
        "schema": 1,
        "suite": None if old["suite"] == new["suite"] else {"old": old["suite"], "new": new["suite"]},
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "methods": list(_methods(old, new)),
        "new_columns": sorted({column["name"] for column in new["columns"]} - columns.keys()),
        "removed_columns": sorted(columns.keys() - {column["name"] for column in new["columns"]}),
        "compared": compared,
        "changed": changed,
    }


def _methods(old: Document, new: Document) -> Iterator[dict[str, Any]]:
    columns = {column["name"]: column for column in old["columns"]}
    log = [*new["changes"], *(change for change in old["changes"] if change not in new["changes"])]
    if old["statistics"] != new["statistics"]:
        versions = old["statistics"], new["statistics"]
        yield _method("statistics", "version", *versions, [], _explained(log, "statistics", "statistics", *versions))
    features: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for column in new["columns"]:
        was = columns.get(column["name"])
        if was is None:
            continue
        for key in ("version", "backend", "direction", "validity"):
            if was[key] != column[key]:
                kind, name = ("summary", "summary") if column["group"] == "summary" else ("metric", column["name"])
                why = _explained(log, kind, name, was[key], column[key]) if key == "version" else []
                yield _method(column["name"], key, was[key], column[key], [], why)
        for name in sorted(was["features"].keys() & column["features"].keys()):
            if was["features"][name] != column["features"][name]:
                features[name, was["features"][name], column["features"][name]].append(column["name"])
    for (name, one, two), behind in features.items():
        versions = one.partition(" ")[0], two.partition(" ")[0]
        yield _method(name, "feature", one, two, behind, _explained(log, "feature", name, *versions))


def _method(name: str, key: str, old: Any, new: Any, behind: Sequence[str], explained: list[Any]) -> dict[str, Any]:
    return {"name": name, "key": key, "old": old, "new": new, "behind": list(behind), "explained": explained}


def _explained(log: Sequence[Mapping[str, Any]], kind: str, name: str, old: Any, new: Any) -> list[Mapping[str, Any]]:
    """What the changelog says of the versions from one to the other, in either direction, the oldest first."""
    if not (str(old).isdecimal() and str(new).isdecimal()):
        return []
    low, high = sorted((int(old), int(new)))
    found = [change for change in log if (change["kind"], change["name"]) == (kind, name)]
    return sorted((c for c in found if low < int(c["version"]) <= high), key=lambda change: int(change["version"]))


def _shown(cell: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("value", "low", "high", "scored", "total", "ranks")
    return {key: cell.get(key) for key in keys}


def diff_text(diff: Mapping[str, Any]) -> Iterator[str]:
    """The changes for a terminal: what was measured otherwise first, then who came and went, then numbers."""
    if diff["suite"]:
        old, new = diff["suite"]["old"], diff["suite"]["new"]
        yield f"Suite: {old['name']} {old['revision']} -> {new['name']} {new['revision']}"
    if diff["methods"]:
        yield "Methods"
        for row in diff["methods"]:
            yield from _method_lines(row)
    names = [
        f"  {word}: {one_line(name)}"
        for key, word in (
            ("added", "new entry"), ("removed", "entry gone"), ("new_columns", "new number"),
            ("removed_columns", "number gone"),
        )
        for name in diff[key]
    ]  # fmt: skip
    if names:
        yield from ("Entries and numbers", *names)
    if diff["changed"]:
        yield f"Values: {len(diff['changed'])} of {diff['compared']} changed (* measured otherwise)"
        otherwise = {
            name for row in diff["methods"] if row["key"] != "validity" for name in (row["name"], *row["behind"])
        }
        width = max(len(row["column"]) for row in diff["changed"])
        entry = None
        for row in diff["changed"]:
            if row["entry"] != entry:
                entry = row["entry"]
                yield f"  {one_line(entry)}"
            mark = "*" if row["column"] in otherwise else " "
            yield f"  {mark} {row['column']:<{width}}  {_cell_text(row['old'])} -> {_cell_text(row['new'])}"
    if not any(diff[key] for key in diff if key not in ("schema", "compared")):
        yield "no difference"


def _method_lines(row: Mapping[str, Any]) -> Iterator[str]:
    old, new = (value["state"] if isinstance(value, dict) else str(value) for value in (row["old"], row["new"]))
    if row["key"] == "validity":
        said = f"still {new}, now because" if old == new else f"{old} -> {new}:"
        yield f"  {row['name']}: controls {said} {one_line(row['new']['reason'])}"
    elif row["key"] == "feature":
        yield f"  feature {row['name']} (behind {', '.join(row['behind'])}): {one_line(old)} -> {one_line(new)}"
    else:
        yield f"  {row['name']}: {row['key']} {one_line(old)} -> {one_line(new)}"
    for change in row["explained"]:
        yield f"    {change['version']}, {change['date']}: {one_line(change['what'])}"
        yield f"      Comparable? {one_line(change['comparable'])}"


def _cell_text(cell: Mapping[str, Any]) -> str:
    interval = "" if cell["low"] is None else f" [{number_text(cell['low'])}, {number_text(cell['high'])}]"
    rank = f" rank {cell['ranks'][0]}-{cell['ranks'][1]}" if cell["ranks"] else ""
    return f"{number_text(cell['value'])}{interval}{rank} {cell['scored']}/{cell['total']}"
