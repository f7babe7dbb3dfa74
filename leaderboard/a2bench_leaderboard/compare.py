"""Is one run better than another? Every number side by side, differences with intervals, tests with Holm."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from a2bench.base.text import number_text, one_line
from a2bench.errors import InputError, UnknownNameError
from a2bench.model.records import RunManifest, SampleId
from a2bench.show.tables import MARKS
from a2bench.statistics.case_means import CaseSums, case_sums, means, paired_differences
from a2bench.statistics.estimates import LEVEL
from a2bench.statistics.power import cannot_tell_apart, cases_document, cases_to_separate
from a2bench.statistics.ranks import holm
from a2bench.statistics.sign_flips import can_tell_apart, sign_flip_p_values
from a2bench_leaderboard.columns import RunScores, made_differently, shown_columns


def check_settings(first: tuple[str, RunManifest], other: tuple[str, RunManifest]) -> None:
    """Two runs may be compared when their videos were asked for in the same way, or each as its system was released.

    Raises:
        InputError: they were not; the message says what differs.
    """
    (a, one), (b, two) = first, other
    differences = [
        f"{key} {getattr(one.settings, key)} and {getattr(two.settings, key)}"
        for key in type(one.settings).model_fields
        if getattr(one.settings, key) != getattr(two.settings, key)
    ]
    native = all(run.system.native and not run.system.departures(run.settings) for run in (one, two))
    if differences and not native:
        raise InputError(
            f"{a} and {b} made other videos: {', '.join(differences)}; run one of them again with the other's "
            "settings, or say --any-settings to compare them as they are"
        )


def compare(first: RunScores, other: RunScores, names: Sequence[str] = ()) -> dict[str, Any]:
    """Compare ``other`` with ``first``, one row per column; JSON values only.

    Each row has the means over the samples that both have a value for, the difference ``other - first`` with its
    interval, the p-value (corrected over all rows that could be tested), what it means, and every case.

    Args:
        first: the baseline.
        other: the candidate.
        names: of columns; all that either run has when empty.

    Raises:
        InputError: a metric was made in two ways, or there is nothing that both have.
        UnknownNameError: a name that neither run has.
    """
    known = {**first.columns, **other.columns}
    for name in names:
        if name not in known:
            raise UnknownNameError("metric of these runs", name, known)
    chosen = list(dict.fromkeys(names) or shown_columns([first, other]))
    for name in chosen:
        if name in first.columns and name in other.columns:
            how = made_differently(first.columns[name], other.columns[name])
            if how:
                raise InputError(
                    f"{name!r} was measured in two ways ({how}); measure both runs with one version: "
                    f"`a2bench score {first.run.store.folder}` and `a2bench score {other.run.store.folder}`, "
                    "or choose others with --metrics"
                )
    cases = list(dict.fromkeys((*first.run.manifest.suite.cases, *other.run.manifest.suite.cases)))
    pairs = [_shared(first, other, name) for name in chosen]
    table = case_sums([paired_differences(*pair) for pair in pairs], cases)
    sides = [means(case_sums([pair[side] for pair in pairs], cases)).value for side in (0, 1)]
    found = means(table, [known[name].range for name in chosen], differences=True)
    testable = np.flatnonzero(found.cases >= 2)
    if not found.values.any():
        raise InputError(
            f"{first.name} and {other.name} have no value of the same case and seed in common; "
            "score both with `a2bench score RUN`, over the same cases and seeds"
        )
    p_values = np.full(len(chosen), np.nan)
    corrected = p_values.copy()
    p_values[testable] = sign_flip_p_values(table.sums[:, testable], len(testable))
    corrected[testable] = holm(p_values[testable])
    rows = []
    for number, name in enumerate(chosen):
        column = known[name]
        row: dict[str, Any] = {
            **column.document(),
            "first": _number(sides[0][number]),
            "other": _number(sides[1][number]),
            "difference": _number(found.value[number]),
            "interval": _interval(found.low[number], found.high[number]),
            "cases": int(found.cases[number]),
            "samples": int(found.values[number]),
            "p_value": _number(p_values[number]),
            "p_holm": _number(corrected[number]),
            "lost": _lost(first, other, name),
        }
        row["verdict"] = _verdict(row)
        row["reason"] = _reason(row, first, other, can_tell_apart(row["cases"], len(testable)))
        needed = None
        if row["verdict"] == "no clear difference":
            needed = cases_to_separate(row["difference"], float(found.spread[number]), len(testable), row["cases"])
        row |= cases_document(needed, row["cases"])
        row["wins"], row["losses"] = _wins(row["direction"], table, number)
        row["by_case"] = _by_case(pairs[number], cases)
        rows.append(row)
    return {
        "schema": 1,
        "suite": {"name": first.run.manifest.suite.name, "revision": first.run.manifest.suite.revision},
        "first": first.name,
        "other": other.name,
        "level": LEVEL,
        "tests": len(testable),
        "cannot_tell": cannot_tell_apart(int(found.cases.max()), len(testable), "numbers") if len(testable) else None,
        "rows": rows,
        "regressions": [row["name"] for row in rows if row["verdict"] == "worse" and _counts(row)],
        "lost_values": {row["name"]: len(row["lost"]) for row in rows if row["lost"] and _counts(row)},
    }


Values = dict[SampleId, float]


def _lost(first: RunScores, other: RunScores, name: str) -> list[SampleId]:
    """Samples of both plans that have a value in the first run only: a video that failed must not go unseen."""
    gone = first.values.get(name, {}).keys() - other.values.get(name, {}).keys()
    return sorted(gone & other.run.planned_set)


def _shared(first: RunScores, other: RunScores, name: str) -> tuple[Values, Values]:
    one, two = first.values.get(name, {}), other.values.get(name, {})
    shared = [sample for sample in one if sample in two]
    return {sample: one[sample] for sample in shared}, {sample: two[sample] for sample in shared}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _interval(low: float, high: float) -> list[float] | None:
    return [float(low), float(high)] if np.isfinite(low) else None


def _verdict(row: dict[str, Any]) -> str:
    if row["p_holm"] is None:
        return "not tested"
    if row["p_holm"] >= 1 - LEVEL:
        return "no clear difference"
    if row["direction"] not in ("higher", "lower"):
        return "differs"
    return "better" if (row["difference"] > 0) == (row["direction"] == "higher") else "worse"


def _reason(row: dict[str, Any], first: RunScores, other: RunScores, could: bool) -> str | None:
    if row["verdict"] == "not tested":
        for word, side in (("first", first), ("other", other)):
            if not side.values.get(row["name"]):
                return f"the {word} run has no value of it"
        return "fewer than two cases have a value in both runs"
    if row["verdict"] == "no clear difference" and not could:
        return "too few cases"
    unlike = [what for what in unlike_settings(first, other) if what in row["touched_by"]]
    return f"the runs differ in {' and '.join(unlike)}, which changes it by itself" if unlike else None


def unlike_settings(first: RunScores, other: RunScores) -> list[str]:
    """In which of length and frame rate the videos of two runs differ."""
    one, two = first.run.manifest.settings, other.run.manifest.settings
    found = {"length": one.num_frames != two.num_frames, "fps": one.fps != two.fps}
    return [what for what, differs in found.items() if differs]


def _counts(row: dict[str, Any]) -> bool:
    """Whether a row may speak of a regression: it has a better side and does not fail its validity check."""
    return row["direction"] in ("higher", "lower") and row["validity"]["state"] != "fails"


def _wins(direction: str, table: CaseSums, number: int) -> tuple[int, int]:
    sign = -1 if direction == "lower" else 1
    sums = sign * table.sums[:, number]
    return int((sums > 0).sum()), int((sums < 0).sum())


def _by_case(pair: tuple[Values, Values], cases: Sequence[str]) -> list[dict[str, Any]]:
    one, two = (case_sums([side], cases) for side in pair)
    return [
        {
            "case": case,
            "first": float(one.sums[index, 0] / one.counts[index, 0]),
            "other": float(two.sums[index, 0] / two.counts[index, 0]),
            "difference": float((two.sums[index, 0] - one.sums[index, 0]) / one.counts[index, 0]),
        }
        for index, case in enumerate(cases)
        if one.counts[index, 0]
    ]


def cannot_fail(document: dict[str, Any]) -> str | None:
    """Why no number of a comparison could have shown a regression, or None when one could."""
    rows = [row for row in document["rows"] if _counts(row) and row["p_holm"] is not None]
    if not rows:
        return "no number that has a better side was measured in both runs"
    tests = document["tests"]
    return cannot_tell_apart(max(row["cases"] for row in rows), tests, "numbers")


def comparison_text(document: dict[str, Any]) -> Iterator[str]:
    """The comparison for a terminal."""
    yield f"{one_line(document['other'])} against {one_line(document['first'])} on {document['suite']['name']}"
    head = ["", "first", "other", "difference", "95 % interval", "cases", "won:lost", "p (Holm)", "controls", ""]
    body = [
        [
            row["name"],
            number_text(row["first"]),
            number_text(row["other"]),
            _signed(row["difference"]),
            "" if row["interval"] is None else f"[{_signed(row['interval'][0])}, {_signed(row['interval'][1])}]",
            str(row["cases"]),
            f"{row['wins']}:{row['losses']}" if row["cases"] and row["direction"] in ("higher", "lower") else "",
            "" if row["p_holm"] is None else f"{row['p_holm']:.4f}",
            MARKS[row["validity"]["state"]],
            _verdict_text(row, once=bool(document["cannot_tell"])),
        ]
        for row in document["rows"]
    ]
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    left = (0, len(head) - 2, len(head) - 1)
    for line in [head, *body]:
        cells = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
    yield (
        f"{document['tests']} tests share one error of 5 % (Holm); seeds of a case count as one; means are over the "
        "samples that both runs have a value for"
    )
    if document["cannot_tell"]:
        yield f"{document['cannot_tell']}; run more cases or name fewer numbers (--metrics)"
    elif any(row["reason"] == "too few cases" for row in document["rows"]):
        yield (
            "too few cases: no difference, however large, could be clear; "
            "run more cases or name fewer numbers (--metrics)"
        )
    for row in document["rows"]:
        if row["name"] in document["regressions"] and len(row["by_case"]) > 1:
            sign = -1 if row["direction"] == "lower" else 1
            worst = sorted(row["by_case"], key=lambda entry: sign * entry["difference"])[:3]
            listed = ", ".join(f"{one_line(entry['case'])} {_signed(entry['difference'])}" for entry in worst)
            yield f"{row['name']} is worse, most of all in {listed}"
    for name, count in document["lost_values"].items():
        yield f"{name}: no value for {count} of the samples that have one in the first run"


def _verdict_text(row: dict[str, Any], *, once: bool) -> str:
    """The verdict with its reason; too few cases for every row is said once, below the rows."""
    told = row["reason"] and not (once and row["reason"] == "too few cases")
    return f"{row['verdict']}: {one_line(row['reason'])}" if told else str(row["verdict"])


def case_lines(document: dict[str, Any], name: str) -> Iterator[str]:
    """Every case of one row."""
    row = next(row for row in document["rows"] if row["name"] == name)
    width = max([len(entry["case"]) for entry in row["by_case"]], default=0)
    yield f"{name} by case"
    for entry in row["by_case"]:
        numbers = (
            f"{number_text(entry['first']):>8}  {number_text(entry['other']):>8}  {_signed(entry['difference']):>8}"
        )
        yield f"  {one_line(entry['case']).ljust(width)}  {numbers}"


def _signed(value: float | None) -> str:
    if value is None:
        return "-"
    text = number_text(abs(value))
    return text if not float(text) else ("+" if value > 0 else "-") + text
