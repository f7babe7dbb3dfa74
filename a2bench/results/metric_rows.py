"""The numbers of a run, one row for each metric: what it is, its mean, what is covered, what each role lost."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from a2bench.base import registry
from a2bench.base.text import shown_text
from a2bench.errors import A2BenchError
from a2bench.model.cases import ROLES
from a2bench.model.records import ScoreRecord
from a2bench.results.current import CurrentRecords
from a2bench.results.summary import summarise, summarise_roles
from a2bench.results.validity_file import ValidityFile, installed_expectations, standing
from a2bench.run.store import RunStore


def metric_table(
    store: RunStore, metrics: tuple[str, ...], validity: Sequence[ValidityFile] = ()
) -> list[dict[str, Any]]:
    """One row per metric: what it is, its mean with interval and standard error, what is covered; also by role.

    ``roles`` says for each role of an element also how many were ``lost``: looked for and not found in the video.
    ``reasons`` counts why samples have no value, ``element_reasons`` why elements have none, ``notes`` what a reader of
    the values should know, such as videos outside the metric's protocol. ``validity`` says whether the metric put the
    controls in the right order, by the first of the given files that checked this very version.
    """
    current = CurrentRecords(store)
    return [_metric_row(current, metric, validity) for metric in metrics]


def _metric_row(current: CurrentRecords, metric: str, validity: Sequence[ValidityFile]) -> dict[str, Any]:
    records = current.scores(metric)
    facts = describe_metric(metric, records)
    bounds = (facts["range"][0], facts["range"][1])
    summary = summarise(records, len(current.planned), bounds)
    row = {**facts, **asdict(summary), "coverage": summary.coverage}
    lost: list[dict[str, Any]] = [
        {"case": record.case, "seed": record.seed, "element": element}
        for record in records
        for element, entry in elements_in_order(record)
        if is_lost(entry, row)
    ]
    lost_by_role = Counter(role_of(entry["element"]) for entry in lost)
    row["roles"] = {
        role: {
            "mean": part.mean,
            "stderr": part.stderr,
            "low": part.low,
            "high": part.high,
            "scored": part.scored,
            "unscored": part.unscored,
            "total": part.total,
            "lost": lost_by_role[role],
        }
        for role, part in sorted(summarise_roles(records, bounds).items(), key=lambda item: role_rank(item[0]))
    }
    row["validity"] = standing(row, validity, installed_expectations(metric)).document()
    row["lost"] = lost
    row["reasons"] = missing_reasons(current, metric)
    departures = current.manifest.system.departures(current.manifest.settings)
    touching = [text for what, text in departures.items() if what in row["touched_by"]]
    told = [f"not native, which touches it: {', '.join(touching)}"] if touching else []
    row["notes"] = _counted(
        "status",
        (("noted", shown_text(note)) for record in records for note in [*record.detail.get("notes", ()), *told]),
    )
    row["element_reasons"] = _counted(
        "role",
        (
            (role_of(element), shown_text(entry["reason"] or ""))
            for record in records
            for element, entry in elements_in_order(record)
            if entry["value"] is None
        ),
    )
    return row


def describe_metric(metric: str, records: Iterable[ScoreRecord] = ()) -> dict[str, Any]:
    """What a metric says about itself; of one that is not installed here, what its records say.

    Version and back-end are those of the records, where there are any: they made the numbers.
    """
    row: dict[str, Any] = {
        "name": metric,
        "title": metric.replace("_", " "),
        "group": "other",
        "direction": "unknown",
        "range": [None, None],
        "unit": "",
        "version": None,
        "backend": "",
        "touched_by": [],
    }
    try:
        info = registry.load("metric", metric).info
    except A2BenchError:
        pass
    else:
        row |= {
            "title": info.title or row["title"],
            "group": info.group,
            "direction": info.direction,
            "range": list(info.range),
            "unit": info.unit,
            "version": info.version,
            "backend": info.backend,
            "touched_by": list(info.touched_by),
        }
    makers = [record.identity["metric"] for record in records if isinstance(record.identity.get("metric"), dict)]
    for key in ("version", "backend"):
        found = sorted({str(maker[key]) for maker in makers if maker.get(key) is not None})
        if found and found != [str(row[key])]:
            row[key] = ", ".join(found)
    return row


def is_lost(entry: Mapping[str, Any], metric: Mapping[str, Any]) -> bool:
    """Whether an element was looked for and not found: its presence, or else its value, is at the very bottom."""
    if entry["value"] is None or metric["direction"] not in ("higher", "unknown"):
        return False
    if entry.get("presence") is not None:
        return bool(entry["presence"] == 0)
    return bool(metric["range"][0] == 0 and entry["value"] == 0)


def role_of(element: str) -> str:
    """The role in an element's id (``character-2`` is a character)."""
    return element.partition("-")[0]


def elements_in_order(record: ScoreRecord) -> list[tuple[str, dict[str, Any]]]:
    """The per-element scores of a record: characters, objects, background, and each role by number."""
    return sorted(record.detail.get("per_element", {}).items(), key=lambda item: _element_rank(item[0]))


def role_rank(role: str) -> tuple[int, str]:
    """Where a role stands in tables: those of E2V first, in their order, then others by name."""
    return (ROLES.index(role) if role in ROLES else len(ROLES), role)


def _element_rank(element: str) -> tuple[tuple[int, str], int, str]:
    role, _, number = element.partition("-")
    return role_rank(role), int(number) if number.isdecimal() else 1, element


def missing_reasons(current: CurrentRecords, metric: str) -> list[dict[str, Any]]:
    """Why samples have no value of a metric: ``status``, ``reason`` and ``count``, the most frequent first."""
    found = []
    for sample in current.planned:
        record = current.score(sample, metric)
        if record is None:
            found.append(("missing", shown_text(current.why_missing(sample))))
        elif record.status != "scored":
            found.append((record.status, shown_text(record.reason or "")))
    return _counted("status", found)


def _counted(key: str, pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    counts = sorted(Counter(pairs).items(), key=lambda item: (-item[1], item[0]))
    return [{key: first, "reason": reason, "count": number} for (first, reason), number in counts]
