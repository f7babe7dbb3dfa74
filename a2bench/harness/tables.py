"""The numbers of a run as tables: one row per metric, one row per score; for the terminal, the page and other programs.

Everything here is derived from the records of the run and holds neither times nor places on this machine, so a run that
was interrupted and resumed gives byte-identical files.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from a2bench import registry
from a2bench.assets.extras import spoken
from a2bench.cases import ROLES
from a2bench.errors import A2BenchError
from a2bench.harness.records import RunManifest, SampleRecord, ScoreRecord
from a2bench.harness.store import RunStore, SampleId, write_atomically
from a2bench.harness.summary import summarise, summarise_roles
from a2bench.harness.validity_file import ValidityFile, installed_expectations, standing
from a2bench.harness.wrapping import wrapped

MARKS = {"valid": "valid", "fails": "FAILS", "not checked": "?"}
"""How tables show whether a metric puts the controls in the right order."""

ARROWS = {"higher": "↑", "lower": "↓", "none": "·", "unknown": "?"}


class CurrentRecords:
    """The records of a run that count: of its planned samples, made with its settings, and scores of those videos.

    An older record (other settings, another video) is as good as none: its sample or score is missing.
    """

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self.manifest: RunManifest = store.manifest()

    @cached_property
    def planned(self) -> tuple[SampleId, ...]:
        """Case id and seed of every planned sample, in suite order."""
        return self.manifest.samples

    @cached_property
    def planned_set(self) -> frozenset[SampleId]:
        """The planned samples, for looking one up."""
        return frozenset(self.planned)

    @cached_property
    def samples(self) -> dict[SampleId, SampleRecord]:
        """The current record of each planned sample that has one, in suite order."""
        records = ((sample, self.store.samples.get(sample)) for sample in self.planned)
        return {sample: record for sample, record in records if record is not None and self._is_of_this_run(record)}

    def _is_of_this_run(self, record: SampleRecord) -> bool:
        made_by, system = record.identity.get("system"), self.manifest.system
        if made_by and (made_by.get("name"), made_by.get("revision")) != (system.name, system.revision):
            return False
        settings = record.identity.get("settings")
        return settings is None or settings == self.manifest.settings.model_dump(mode="json")

    def score(self, sample: SampleId, metric: str) -> ScoreRecord | None:
        """The score of the current video of a sample, if there is one."""
        record = self.samples.get(sample)
        score = self.store.scores.get((*sample, metric))
        if record is None or record.video is None or score is None or score.video_sha256 != record.video.sha256:
            return None
        return score

    def scores(self, metric: str) -> list[ScoreRecord]:
        """All current scores of a metric, in suite order."""
        found = (self.score(sample, metric) for sample in self.planned)
        return [score for score in found if score is not None]

    def why_missing(self, sample: SampleId) -> str:
        """Why there is no score of a sample."""
        record = self.samples.get(sample)
        if record is None:
            return "not made yet"
        return "not scored yet" if record.status == "done" else f"no video: {record.error or 'it failed'}"


def making_counts(current: CurrentRecords) -> list[dict[str, Any]]:
    """How the finished videos were made: ``tier`` and ``rung`` (None where the system does not say), ``samples``."""
    done = [record for record in current.samples.values() if record.status == "done"]
    counts = Counter((record.tier, record.rung) for record in done)
    return [
        {"tier": tier, "rung": rung, "samples": number}
        for (tier, rung), number in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    ]


def making_text(current: CurrentRecords) -> str | None:
    """`making_counts` in words, and in what the run departs from its system's native settings; None for neither.

    ``12 samples exact; 3 samples approximate (memory: tile); not native: 81 frames instead of 69``
    """
    parts = [
        f"{entry['samples']} {'sample' if entry['samples'] == 1 else 'samples'} {entry['tier']}"
        + (f" (memory: {entry['rung']})" if entry["rung"] not in (None, "none") else "")
        for entry in making_counts(current)
        if entry["tier"]
    ]
    departures = current.manifest.system.departures(current.manifest.settings)
    if departures:
        parts.append(f"not native: {', '.join(departures.values())}")
    return "; ".join(parts) or None


def remark_counts(current: CurrentRecords) -> list[dict[str, Any]]:
    """What must be said of finished videos: each ``remark``, and the ``samples`` (case and seed) that it is about."""
    found: dict[str, list[SampleId]] = {}
    for sample, record in current.samples.items():
        for remark in record.remarks if record.status == "done" else ():
            found.setdefault(shown_text(remark), []).append(sample)
    return [{"remark": remark, "samples": [list(sample) for sample in samples]} for remark, samples in found.items()]


def remark_lines(current: CurrentRecords) -> list[str]:
    """`remark_counts` in words, one line for each remark; none where nothing must be said.

    ``1 of 4 videos: every frame is black: ... (cat seed 0)``
    """
    done = sum(record.status == "done" for record in current.samples.values())
    lines = []
    for entry in remark_counts(current):
        names = [f"{case} seed {seed}" for case, seed in entry["samples"]]
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        lines.append(f"{len(names)} of {done} videos: {entry['remark']} ({', '.join(names[:6])}{more})")
    return lines


def metric_table(
    store: RunStore, metrics: tuple[str, ...], validity: Sequence[ValidityFile] = ()
) -> list[dict[str, Any]]:
    """One row per metric: what it is, its mean and standard error, what is covered, and the same for each role.

    ``roles`` says for each role of an element also how many were ``lost``: looked for and not found in the video.
    ``reasons`` counts why samples have no value, ``element_reasons`` why elements have none, ``notes`` what a reader of
    the values should know, such as videos outside the metric's protocol. ``validity`` says whether the metric put the
    controls in the right order, by the first of the given files that checked this very version.
    """
    current = CurrentRecords(store)
    return [_metric_row(current, metric, validity) for metric in metrics]


def _metric_row(current: CurrentRecords, metric: str, validity: Sequence[ValidityFile]) -> dict[str, Any]:
    records = current.scores(metric)
    summary = summarise(records, len(current.planned))
    row = {**describe_metric(metric, records), **asdict(summary), "coverage": summary.coverage}
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
            "scored": part.scored,
            "unscored": part.unscored,
            "total": part.total,
            "lost": lost_by_role[role],
        }
        for role, part in sorted(summarise_roles(records).items(), key=lambda item: _role_rank(item[0]))
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


def _role_rank(role: str) -> tuple[int, str]:
    return (ROLES.index(role) if role in ROLES else len(ROLES), role)


def _element_rank(element: str) -> tuple[tuple[int, str], int, str]:
    role, _, number = element.partition("-")
    return _role_rank(role), int(number) if number.isdecimal() else 1, element


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


_PATH = re.compile(r"(?<![\w.:/~-])(?:/[^\s/'\"`:;,()<>]+)+/([^\s/'\"`:;,()<>]+/[^\s/'\"`:;,()<>]+)")


def shown_text(text: str) -> str:
    """A text without the places of files on this machine: of an absolute path only the last two parts are kept.

    >>> shown_text("no such file: /home/me/runs/one/videos/a.mp4; run it again")
    'no such file: …/videos/a.mp4; run it again'
    """
    return _PATH.sub(r"…/\1", text)


def number_text(value: float | None) -> str:
    """A number with about three digits that matter; ``-`` for none."""
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}"


def mean_text(mean: float | None, stderr: float | None) -> str:
    """``mean ± standard error``."""
    return number_text(mean) if stderr is None else f"{number_text(mean)} ± {number_text(stderr)}"


def table_text(rows: list[dict[str, Any]]) -> str:
    """The table for a terminal, followed by what was lost, why values are missing, and notes."""
    roles = sorted({role for row in rows for role in row["roles"]}, key=_role_rank)
    head = ["metric", "", "mean", "scored", "controls", *roles]
    body = [
        [
            row["name"],
            ARROWS[row["direction"]],
            mean_text(row["mean"], row["stderr"]),
            f"{row['scored']}/{row['total']}",
            MARKS[row["validity"]["state"]],
            *(_role_text(row["roles"].get(role)) for role in roles),
        ]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [head, *body]]
    texts = [
        *_lost_lines(rows),
        *(
            f"{row['name']} FAILS its validity check: {one_line(row['validity']['reason'])}"
            for row in rows
            if row["validity"]["state"] == "fails"
        ),
        *_grouped_reasons(rows),
    ]
    return "\n".join([*(line.rstrip() for line in lines), *(line for text in texts for line in wrapped(text))])


def _grouped_reasons(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Why values are missing and what is to be noted: each cause once, with the metrics that it concerns."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        for entry in (*row["reasons"], *row["notes"]):
            found.setdefault((entry["status"], entry["reason"]), {})[row["name"]] = entry["count"]
    for (status, reason), metrics in found.items():
        counts = sorted(set(metrics.values()))
        number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        who = "all metrics" if len(metrics) == len(rows) > 1 else ", ".join(metrics)
        yield f"{who}: {number} {status}: {one_line(spoken(reason))}"


def told_reasons(rows: list[dict[str, Any]]) -> list[str]:
    """Every cause that `table_text` tells."""
    return list(dict.fromkeys(entry["reason"] for row in rows for entry in row["reasons"]))


def _role_text(role: dict[str, Any] | None) -> str:
    if role is None:
        return "-"
    return number_text(role["mean"]) + (f" ({role['lost']} of {role['total']} lost)" if role["lost"] else "")


def _lost_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        names = [f"{entry['case']} {entry['element']}" for entry in row["lost"]]
        if names:
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            yield f"lost by {row['name']}: {', '.join(names[:6])}{more}"


def one_line(text: str) -> str:
    """A text on one line of at most 160 characters, without anything that would steer a terminal."""
    text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= 160 else text[:159] + "…"


_FACTS = ("title", "group", "direction", "unit", "version", "backend")
_NUMBERS = ("mean", "stderr", "scored", "unscored", "failed", "missing", "total", "coverage")


Totals = Mapping[str, list[dict[str, Any]]]
"""The summary of each run (`a2bench.totals.run.run_totals`)."""


def write_tables(
    runs: Mapping[str, RunStore],
    metrics: tuple[str, ...],
    folder: Path,
    totals: Totals,
    validity: Sequence[ValidityFile] = (),
) -> list[Path]:
    """Write ``totals.csv``, ``summary.csv``, ``summary.md``, ``summary.json`` and ``scores.csv`` of named runs."""
    tables = {name: metric_table(store, metrics, validity) for name, store in runs.items()}
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "summary.csv": csv_text(_summary_lines(tables)),
        "totals.csv": csv_text(_totals_lines(totals)),
        "summary.md": markdown_text(runs, tables, totals),
        "summary.json": json.dumps(_summary_document(runs, tables, totals), indent=2, ensure_ascii=False) + "\n",
        "scores.csv": csv_text(score_lines(runs, metrics)),
    }
    for name, text in contents.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in contents]


def _totals_lines(totals: Totals) -> Iterator[list[Any]]:
    facts = ("name", "title", "version", "value")
    yield ["run", *facts, "low", "high", "scored", "total", "coverage", "validity", "validity_reason"]
    for run, rows in totals.items():
        for row in rows:
            counts = (row["scored"], row["total"], row["coverage"])
            checked = (row["validity"]["state"], row["validity"]["reason"])
            yield [run, *(row[fact] for fact in facts), *(row["interval"] or (None, None)), *counts, *checked]


def _summary_lines(tables: Mapping[str, list[dict[str, Any]]]) -> Iterator[list[Any]]:
    roles = sorted({role for rows in tables.values() for row in rows for role in row["roles"]}, key=_role_rank)
    parts = ("mean", "stderr", "scored", "unscored", "total", "lost")
    by_role = [f"{role}_{part}" for role in roles for part in parts]
    yield ["run", "metric", *_FACTS, "range_low", "range_high", *_NUMBERS, "validity", "validity_reason", *by_role]
    for run, rows in tables.items():
        for row in rows:
            facts, numbers = [row[fact] for fact in _FACTS], [row[number] for number in _NUMBERS]
            checked = [row["validity"]["state"], row["validity"]["reason"]]
            cells = [row["roles"].get(role, {}).get(part) for role in roles for part in parts]
            yield [run, row["name"], *facts, *row["range"], *numbers, *checked, *cells]


def score_lines(runs: Mapping[str, RunStore], metrics: tuple[str, ...]) -> Iterator[list[Any]]:
    """Names of columns, then one line per planned score, each followed by its elements."""
    yield ["run", "case", "seed", "metric", "element", "status", "value", "reason", "tier", "rung", "remarks"]
    for run, store in runs.items():
        current = CurrentRecords(store)
        for sample in current.planned:
            for metric in metrics:
                record = current.score(sample, metric)
                if record is None:
                    reason = shown_text(current.why_missing(sample))
                    yield [run, *sample, metric, "", "missing", None, reason, None, None, None]
                    continue
                made = current.samples[sample]
                making = (made.tier, made.rung, "; ".join(map(shown_text, made.remarks)) or None)
                yield [run, *sample, metric, "", record.status, record.value, shown_text(record.reason or ""), *making]
                for element, entry in elements_in_order(record):
                    status = "unscored" if entry["value"] is None else "scored"
                    reason = shown_text(entry["reason"] or "")
                    yield [run, *sample, metric, element, status, entry["value"], reason, *making]


def csv_text(lines: Iterable[Iterable[Any]]) -> str:
    """Lines as CSV. A text that a spreadsheet would take for a formula gets a leading apostrophe; None is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in lines:
        writer.writerow([_csv_cell(cell) for cell in line])
    return out.getvalue()


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
    return repr(cell) if isinstance(cell, float) else cell


def markdown_text(runs: Mapping[str, RunStore], tables: Mapping[str, list[dict[str, Any]]], totals: Totals) -> str:
    """The summary in Markdown: for each run a table of totals, the tiers of its videos and a table of metrics."""
    parts = []
    for run, rows in tables.items():
        parts.append(f"## {markdown_cell(run)}\n\n{_markdown_table(_totals_cells(totals[run]))}\n")
        if making := making_text(CurrentRecords(runs[run])):
            parts.append(f"{markdown_cell(making)}\n")
        parts += [f"**Remark:** {markdown_cell(line)}\n" for line in remark_lines(CurrentRecords(runs[run]))]
        roles = sorted({role for row in rows for role in row["roles"]}, key=_role_rank)
        head = ["metric", "better", "mean ± standard error", "scored", "controls", *roles]
        lines = [head, ["---"] * len(head)]
        lines += [
            [
                row["name"],
                ARROWS[row["direction"]],
                mean_text(row["mean"], row["stderr"]),
                f"{row['scored']}/{row['total']}",
                MARKS[row["validity"]["state"]],
                *(_role_text(row["roles"].get(role)) for role in roles),
            ]
            for row in rows
        ]
        parts.append(_markdown_table(lines) + "\n")
    return "\n".join(parts)


def _totals_cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Head, rule and rows of the table of totals: value of 100, 95 % interval, coverage."""
    lines = [["summary", "0 to 100", "95 % interval", "scored", "controls"], ["---"] * 5]
    for row in rows:
        value = "-" if row["value"] is None else f"{row['value']:.1f}"
        interval = "{:.1f} to {:.1f}".format(*row["interval"]) if row["interval"] else "-"
        mark = MARKS[row["validity"]["state"]]
        lines.append([row["title"], value, interval, f"{row['scored']}/{row['total']}", mark])
    return lines


def _markdown_table(lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(map(markdown_cell, line)) + " |" for line in lines)


def markdown_cell(text: str) -> str:
    """A text in one cell of a Markdown table, without markup of its own."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|])", r"\\\1", one_line(text))


def _summary_document(
    runs: Mapping[str, RunStore], tables: Mapping[str, list[dict[str, Any]]], totals: Totals
) -> dict[str, Any]:
    document: dict[str, Any] = {"schema": 1, "runs": []}
    for name, store in runs.items():
        current = CurrentRecords(store)
        manifest, samples = current.manifest, current.samples.values()
        done = sum(sample.status == "done" for sample in samples)
        document["runs"].append(
            {
                "run": name,
                "system": {"name": manifest.system.name, "revision": manifest.system.revision},
                "suite": {"name": manifest.suite.name, "revision": manifest.suite.revision},
                "settings": manifest.settings.model_dump(mode="json"),
                "cases": len(manifest.suite.cases),
                "seeds": list(manifest.seeds) or "suite",
                "samples": {
                    "total": len(current.planned),
                    "done": done,
                    "failed": len(samples) - done,
                    "missing": len(current.planned) - len(samples),
                },
                "making": making_counts(current),
                "remarks": remark_counts(current),
                "totals": totals[name],
                "metrics": tables[name],
            }
        )
    return document
