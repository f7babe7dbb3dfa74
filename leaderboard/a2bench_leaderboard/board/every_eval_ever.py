"""The results of each system in the schema of Every Eval Ever 0.3.0, for those who collect results of many benchmarks.

The schema: github.com/evaleval/every_eval_ever, ``every_eval_ever/schemas/eval.schema.json`` at 9bce413 (MIT). It has
no place for a number without a better side, and none for a value that is missing: those are left out and named. A board
has no clock, so its time is the date of the release, or ``unknown``.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from a2bench.statistics.bootstrap import FEWEST_RESAMPLED, NUM_RESAMPLES
from a2bench_leaderboard.board.pages.site import page_names

VERSION = "0.3.0"
FOLDER = "every_eval_ever"


def every_eval_ever_files(document: Mapping[str, Any]) -> dict[str, str]:
    """A JSON file for each system of a board (controls are no models), by path below the board's folder."""
    systems = [entry for entry in document["entries"] if entry["kind"] == "system"]
    slugs = page_names(entry["name"] for entry in systems)
    files = {}
    for entry in systems:
        record = record_of(entry, document, slugs[entry["name"]])
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1)
        files[f"{FOLDER}/{slugs[entry['name']]}.json"] = text + "\n"
    return files


def record_of(entry: Mapping[str, Any], document: Mapping[str, Any], slug: str) -> dict[str, Any]:
    """One system's results as JSON values."""
    suite, numbers = document["suite"], entry["numbers"]["all"]
    time = _timestamp((document["release"] or {}).get("date"))
    name = f"{suite['name']}/unknown/{slug}/{time}"
    columns = {column["name"]: column for column in document["columns"]}
    told = [key for key, column in columns.items() if _expressible(column) and numbers[key]["value"] is not None]
    left_out = [
        f"{key} ({numbers[key]['scored']} of {numbers[key]['total']} samples)" for key in columns if key not in told
    ]
    openness = {True: "open_weights", False: "closed_weights", None: "unknown"}[entry["open_weights"]]
    facts = {key: entry[key] for key in ("licence", "parameters", "revision", "url", "tier", "scores_from")}
    return {
        "schema_version": VERSION,
        "evaluation_id": name,
        "retrieved_timestamp": time,
        "source_metadata": {
            "source_name": f"A2Bench board of {suite['name']}",
            "source_type": "documentation" if entry["scores_from"] == "reported" else "evaluation_run",
            "source_organization_name": "not stated",
            "evaluator_relationship": "other",
            "additional_details": _strings({"left out": "; ".join(left_out), "release": _release(document)}),
        },
        "eval_library": {"name": "a2bench", "version": document["a2bench"]},
        "model_info": {
            "name": entry["title"],
            "id": f"unknown/{slug}",
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": openness,
                **_strings({"name": entry["name"], **facts}),
            },
        },
        "evaluation_results": [_result(columns[key], numbers[key], entry, document, f"{name}/{key}") for key in told],
    }


def _expressible(column: Mapping[str, Any]) -> bool:
    return column["direction"] in ("higher", "lower")


def _result(
    column: Mapping[str, Any], cell: Mapping[str, Any], entry: Mapping[str, Any], document: Mapping[str, Any], name: str
) -> dict[str, Any]:
    low, high = column["range"]
    return {
        "evaluation_result_id": name,
        "evaluation_name": column["name"],
        "source_data": {
            "dataset_name": document["suite"]["name"],
            "source_type": "other",
            "additional_details": _strings(
                {"revision": document["suite"]["revision"], "cases": document["slices"][0]["cases"]}
            ),
        },
        "metric_config": {
            "metric_id": f"a2bench/{column['name']}",
            "metric_name": column["title"],
            **({"metric_unit": column["unit"]} if column["unit"] else {}),
            "metric_parameters": {"version": column["version"], "backend": column["backend"]},
            "lower_is_better": column["direction"] == "lower",
            "score_type": "continuous",
            "min_score": "-Infinity" if low is None else low,
            "max_score": "Infinity" if high is None else high,
            "additional_details": _strings(
                {"validity": column["validity"]["state"], "validity reason": column["validity"]["reason"]}
            ),
        },
        "score_details": {
            "score": cell["value"],
            "uncertainty": dict(_uncertainty(cell, document["level"], bounded=low is not None or high is not None)),
            "details": _strings(
                {
                    "samples with a value": cell["scored"],
                    "samples planned": cell["total"],
                    "ranks that remain possible": "-".join(map(str, cell["ranks"])) if cell.get("ranks") else None,
                    "not ranked": cell.get("unranked"),
                }
            ),
        },
        "generation_config": {"additional_details": _strings(entry["settings"])},
    }


def _uncertainty(cell: Mapping[str, Any], level: float, *, bounded: bool) -> Iterator[tuple[str, Any]]:
    """Over cases, which are what is drawn; a number of one case has none."""
    yield "num_samples", cell["cases"]
    if cell["low"] is None or cell["high"] is None:
        return
    drawn = not bounded and cell["cases"] >= FEWEST_RESAMPLED
    method = "score interval over cases" if bounded else "bootstrap over cases" if drawn else "Student t over cases"
    ends = {"lower": cell["low"], "upper": cell["high"], "confidence_level": level, "method": method}
    yield "confidence_interval", ends
    if drawn:
        yield "num_bootstrap_samples", NUM_RESAMPLES


def _timestamp(date: str | None) -> str:
    """Seconds since 1970 of a release's day, as the schema wants them; ``unknown`` where it is no date."""
    try:
        day = datetime.strptime(date or "", "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return "unknown"
    return str(int(day.timestamp()))


def _release(document: Mapping[str, Any]) -> str | None:
    return (document["release"] or {}).get("name")


def _strings(facts: Mapping[str, Any]) -> dict[str, str]:
    """What is known, as text: the schema takes nothing else there."""
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in facts.items()
        if value not in (None, "")
    }
