"""What the page of one or more runs shows, as one JSON document and one more per case.

The document has what the tables, the grid, sorting and filters need; the curves and evidence of a case are read by the
page only when its card comes into view, so that a thousand samples open at once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from a2bench.base.text import shown_text
from a2bench.errors import A2BenchError, InputError
from a2bench.model.cases import Case, ImageFile, element_ids, element_role
from a2bench.model.ledger import MEANING, STATES
from a2bench.model.records import SampleId, SampleRecord, ScoreRecord
from a2bench.peers.reported import Reported
from a2bench.results.ledger import METRIC as LEDGER_METRIC
from a2bench.results.ledger import ledger_of, verdict_counts
from a2bench.results.metric_facts import metric_facts
from a2bench.results.run import Run
from a2bench.results.validity_file import installed_expectations, standing
from a2bench.show.ledger import story
from a2bench.show.report.media import MediaFolder
from a2bench.statistics.clusters import clustered_interval, clustered_mean
from a2bench.suites.header import suite_as_of

DrawReference = Callable[[ImageFile], tuple[str | None, str | None]]
"""Makes the picture of a reference: its name on the page, or None and why there is none."""


@dataclass(frozen=True)
class PageData:
    """``overview`` for the whole page; ``cases`` in the same order as ``overview["cases"]``."""

    overview: dict[str, Any]
    cases: list[list[dict[str, dict[str, Any]]]]
    """For each case, for each run, by seed: video, curves, evidence, errors."""


def check_comparable(runs: Mapping[str, Run]) -> None:
    """Runs can be shown side by side when they are over one suite and were asked for the same in each case.

    A suite that has gained cases or order since is the same suite.

    Raises:
        InputError: they are not; the message says which.
    """
    (first_name, first), *others = runs.items()
    for name, other in others:
        a, b = first.manifest.suite, other.manifest.suite
        changed = [] if a.revision == b.revision else _asked_otherwise(first, other)
        if a.name != b.name or changed:
            about = f" (case {changed[0]!r} differs)" if changed else ""
            raise InputError(
                f"cannot put runs over different suites side by side: {first_name!r} is over {a.name!r} (revision "
                f"{a.revision}), {name!r} over {b.name!r} (revision {b.revision}){about}; report them one by one"
            )


def _asked_otherwise(first: Run, other: Run) -> list[str]:
    """Cases of two runs whose records say that different things were asked for, or do not say it at all."""
    asked = [{case: record.asked for (case, _), record in run.samples.items()} for run in (first, other)]
    shared = set(first.manifest.suite.cases) & set(other.manifest.suite.cases)
    known = asked[0].keys() & asked[1].keys()
    return sorted(case for case in shared & known if asked[0][case] is None or asked[0][case] != asked[1][case])


def page_data(
    runs: Mapping[str, Run],
    metrics: tuple[str, ...],
    media: MediaFolder,
    reported: Sequence[Reported] = (),
) -> PageData:
    """Collect everything for the page; pictures and videos go to ``media``."""
    records = list(runs.values())
    known, suite_note = suite_cases(records[0])
    case_ids = list(dict.fromkeys(case for run in records for case in run.manifest.suite.cases))
    seeds = list(dict.fromkeys(seed for run in records for _, seed in run.planned))
    table = _comparison(records, metrics)
    cases, details = [], []
    for case_id in case_ids:
        cases.append(
            {
                **describe_case(case_id, known.get(case_id), records, media.add_reference),
                "samples": [
                    {str(seed): _sample_overview(run, (case_id, seed), metrics) for seed in seeds} for run in records
                ],
            }
        )
        details.append(
            [
                {str(seed): _sample_detail(name, run, (case_id, seed), metrics, media) for seed in seeds}
                for name, run in runs.items()
            ]
        )
    suite = records[0].manifest.suite
    overview = {
        "suite": {"name": suite.name, "revision": suite.revision, "note": suite_note},
        "seeds": seeds,
        "runs": [_describe_run(name, run, metrics) for name, run in runs.items()],
        "totals": [[row.document() for row in run.totals] for run in records],
        "reported": reported_groups(reported),
        "metrics": table,
        "ledger": {
            "states": [[state, MEANING[state]] for state in STATES],
            "runs": [verdict_counts(run.ledger) for run in records],
        },
        "cases": cases,
    }
    return PageData(overview, details)


def reported_groups(rows: Sequence[Reported]) -> list[dict[str, Any]]:
    """One table per suite and source; what stands in them comes from outside."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row.suite.title, row.source), []).append(row.document())
    return [
        {
            "title": title,
            "source": shown_text(source),
            "unit": found[0]["unit"],
            "totals": [total["name"] for total in found[0]["totals"].values()],
            "dimensions": list(found[0]["titles"].values()),
            "notes": list(dict.fromkeys(note for row in found for note in row["notes"])),
            "rows": [
                {
                    "system": row["system"],
                    "totals": list(row["totals"].values()),
                    "values": [_short(value) for value in row["dimensions"].values()],
                }
                for row in found
            ],
        }
        for (title, source), found in groups.items()
    ]


def suite_cases(run: Run) -> tuple[dict[str, Case], str | None]:
    """The cases of the run's suite as it is on this machine, and what keeps them from being shown, if anything."""
    suite = run.manifest.suite
    try:
        loaded = suite_as_of(suite.path, suite.revision)
    except A2BenchError:
        return {}, "The suite is not on the machine that made this page: prompts are shown without their references."
    note = None
    if loaded.revision != suite.revision:
        note = "The suite has changed since this run was made: cases that differ are shown without their references."
    return {case.id: loaded.asked(case) for case in loaded.cases}, note


def describe_case(case_id: str, case: Case | None, runs: Iterable[Run], draw: DrawReference) -> dict[str, Any]:
    """The prompt in pieces and the elements with their pictures: of the suite's case if the runs were asked for it.

    Args:
        case_id: of the case.
        case: as the suite has it on this machine, if it does.
        runs: whose records say what was asked for.
        draw: makes the picture of a reference.
    """
    recorded = next(
        (
            record.asked
            for run in runs
            for (sample_case, _), record in run.samples.items()
            if sample_case == case_id and record.asked and "prompt" in record.asked
        ),
        None,
    )
    if case is not None and (recorded is None or recorded == case.generation_identity()):
        return {
            "id": case.id,
            "tags": list(case.tags),
            "prompt": highlighted(case.prompt, [element.phrase for element in case.elements]),
            "elements": [
                {
                    "id": name,
                    "role": element.role,
                    "phrase": element.phrase,
                    "image": draw(element.reference)[0],
                    "problem": draw(element.reference)[1],
                    "views": [view for view in (draw(v)[0] for v in element.second_views) if view],
                }
                for name, element in case.named_elements()
            ],
        }
    if recorded is None:
        return {"id": case_id, "tags": [], "prompt": [["(prompt not recorded)", -1]], "elements": []}
    problem = "not on the machine that made this page"
    elements: list[dict[str, Any]] = [
        {"id": name, "role": element_role(name), "phrase": "", "image": None, "problem": problem, "views": []}
        for name in element_ids(role for role, _ in recorded.get("references", []))
    ]
    return {"id": case_id, "tags": [], "prompt": [[str(recorded["prompt"]), -1]], "elements": elements}


def highlighted(prompt: str, phrases: Sequence[str]) -> list[tuple[str, int]]:
    """The prompt in pieces, each with the index of the element whose phrase it is, or -1.

    >>> highlighted("A cat sees a cat.", ["cat", "cat"])
    [('A ', -1), ('cat', 0), (' sees a ', -1), ('cat', 1), ('.', -1)]
    """
    taken: list[tuple[int, int, int]] = []
    for index in sorted(range(len(phrases)), key=lambda i: -len(phrases[i])):
        phrase, start = phrases[index], -1
        while (start := prompt.find(phrase, start + 1)) >= 0:
            end = start + len(phrase)
            if all(end <= other or start >= other_end for other, other_end, _ in taken):
                taken.append((start, end, index))
                break
    pieces, position = [], 0
    for start, end, index in sorted(taken):
        pieces += [(prompt[position:start], -1), (prompt[start:end], index)]
        position = end
    return [piece for piece in [*pieces, (prompt[position:], -1)] if piece[0]]


def _describe_run(name: str, run: Run, metrics: tuple[str, ...]) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "label": name,
        "system": manifest.system.model_dump(mode="json", exclude={"roles"}),
        "facts": [*run_facts(run), ["Started", manifest.created], ["Last written", manifest.updated]],
        "created": manifest.created,
        "video": _made_videos(run),
        "seeds": list(dict.fromkeys(seed for _, seed in run.planned)),
        "samples": run.sample_counts,
        "making": run.making_text,
        "remarks": list(run.remark_lines),
        "scored": sum(record.status == "scored" for metric in metrics for record in run.scores(metric)),
        "scores": len(run.planned) * len(metrics),
        "damaged": len(run.store.damaged),
    }


def _made_videos(run: Run) -> dict[str, list[str]]:
    """Sizes and lengths of the videos that there are (those of a folder need not be what was asked for)."""
    files = [sample.video for sample in run.done if sample.video]
    made = [(file.width, file.height, file.num_frames, file.fps) for file in files]
    settings = run.manifest.settings
    made = made or [(settings.width, settings.height, settings.num_frames, str(settings.fps))]
    return {
        "sizes": _few(f"{width} × {height}" for width, height, _, _ in made),
        "lengths": _few(f"{frames} frames, {fps} fps" for _, _, frames, fps in made),
    }


def _few(texts: Iterable[str]) -> list[str]:
    """Different ones, the most frequent first; of many the first three and how many more there are."""
    found = [text for text, _ in Counter(texts).most_common()]
    return found if len(found) <= 4 else [*found[:3], f"{len(found) - 3} others"]


def run_facts(run: Run) -> list[list[str]]:
    """What a run is and what it was made with, as names and texts; without times and places on this machine."""
    manifest = run.manifest
    system, settings = manifest.system, manifest.settings
    return [
        ["System", f"{system.title or system.name}, revision {system.revision}"],
        ["Kind", "control: a yardstick with a known place" if system.kind == "control" else "system"],
        ["Licence", system.licence],
        ["Tier", run.making_text or "not stated"],
        *(["Remark", line] for line in run.remark_lines),
        ["Adapter", shown_text(manifest.adapter)],
        *([f"Option {key}", shown_text(value)] for key, value in manifest.options.items()),
        ["Video", f"{settings.width} × {settings.height}, {settings.num_frames} frames at {settings.fps} fps"],
        ["Seeds", ", ".join(map(str, manifest.seeds)) or "each case's own"],
        *([key, shown_text(value)] for key, value in _flat(manifest.environment)),
    ]


def _flat(value: Any, where: str = "") -> list[list[str]]:
    if isinstance(value, dict):
        return [line for key, part in value.items() for line in _flat(part, f"{where} {key}".strip())]
    return [[where, "-" if value is None else str(value)]]


def _comparison(runs: Sequence[Run], metrics: tuple[str, ...]) -> list[dict[str, Any]]:
    """For each metric what it is, its row in each run, and each run's difference to the first."""
    rows = []
    for metric in metrics:
        facts = metric_facts(metric, [score for run in runs for score in run.scores(metric)])
        entries = [run.metric(metric).numbers() for run in runs]
        for entry, run in zip(entries, runs, strict=True):
            del entry["lost"]  # each sample's overview has them
            entry["delta"] = None if run is runs[0] else paired_difference(runs[0], run, metric)
        checked = standing(facts.made_with, runs[0].validity, installed_expectations(metric)).document()
        best = _best(entries, facts.direction)
        rows.append({**facts.document(), "runs": entries, "best": best, "validity": checked})
    return rows


def paired_difference(first: Run, other: Run, metric: str) -> dict[str, Any] | None:
    """Mean of ``other - first`` over the samples that both have scored, with interval and standard error over cases."""
    base = {(s.case, s.seed): s.value for s in first.scores(metric) if s.value is not None}
    pairs = [
        (score.case, score.value - base[score.case, score.seed])
        for score in other.scores(metric)
        if score.value is not None and (score.case, score.seed) in base
    ]
    mean, stderr = clustered_mean(pairs)
    if mean is None:
        return None
    least, most = metric_facts(metric).range
    low, high = clustered_interval(pairs, (least, most), differences=True) or (None, None)
    return {"mean": mean, "low": low, "high": high, "stderr": stderr, "pairs": len(pairs)}


def _best(entries: list[dict[str, Any]], direction: str) -> list[int]:
    means = [entry["mean"] for entry in entries if entry["mean"] is not None]
    if len(means) < 2 or direction not in ("higher", "lower"):
        return []
    best = max(means) if direction == "higher" else min(means)
    return [index for index, entry in enumerate(entries) if entry["mean"] == best]


def _sample_overview(run: Run, sample: SampleId, metrics: tuple[str, ...]) -> dict[str, Any]:
    """What sorting, filters and the grid need: per metric the value and status, per element the value."""
    if sample not in run.planned_set:
        return {"status": "absent", "values": [], "elements": []}
    record = run.samples.get(sample)
    values: list[list[Any]] = []
    elements: list[dict[str, Any]] = []
    for metric in metrics:
        score, facts = run.score(sample, metric), run.metric(metric).facts
        values.append(["missing", None] if score is None else [score.status, _short(score.value)])
        elements.append(
            {
                name: [_short(element.value), int(facts.lost(element))]
                for name, element in (score.elements.items() if score else ())
            }
        )
    return {"status": record.status if record else "missing", "values": values, "elements": elements}


def _sample_detail(
    name: str, run: Run, sample: SampleId, metrics: tuple[str, ...], media: MediaFolder
) -> dict[str, Any]:
    record = run.samples.get(sample)
    if sample not in run.planned_set:
        return {"note": "This case or seed is not part of this run."}
    if record is None:
        return {"note": "Not made yet."}
    if record.status == "failed":
        return {"error": shown_text(record.error or "failed"), "traceback": shown_text(record.traceback or "")}
    scores = {metric: run.score(sample, metric) for metric in metrics}
    return {
        **_video_detail(name, run, record, media),
        "scores": {metrics.index(name): _score_detail(score) for name, score in scores.items() if score is not None},
        "ledger": _ledger_detail(scores.get(LEDGER_METRIC)),
    }


def _ledger_detail(score: ScoreRecord | None) -> list[dict[str, Any]]:
    """For each element its time line and verdict; nothing when it was not computed."""
    rows = ledger_of(score) if score is not None else ()
    return [
        {
            "element": row.element,
            "verdict": row.entry["verdict"],
            "spans": [[span.state, _short(span.start), _short(span.end)] for span in row.entry["spans"]],
            "story": story(row.entry),
        }
        if row.entry is not None
        else {"element": row.element, "verdict": None, "spans": [], "story": shown_text(row.reason or "not measured")}
        for row in rows
    ]


def _video_detail(name: str, run: Run, record: SampleRecord, media: MediaFolder) -> dict[str, Any]:
    made, file = media.add_video(run.store, name, record), record.video
    if made.problem is not None or file is None:
        return {"error": f"The video cannot be shown: {shown_text(made.problem or '')}."}
    numerator, _, denominator = file.fps.partition("/")
    return {
        "video": {
            "file": made.video,
            "poster": made.poster,
            "strip": made.strip,
            "stripFrames": made.strip_frames,
            "width": file.width,
            "height": file.height,
            "frames": file.num_frames,
            "fps": float(numerator) / float(denominator or 1),
        },
        "seconds": record.seconds,
        "tier": record.tier,
        "rung": record.rung,
        "remarks": [shown_text(remark) for remark in record.remarks],
    }


def _score_detail(record: ScoreRecord) -> dict[str, Any]:
    score = record.score
    return {
        "reason": shown_text(record.reason) if record.reason else None,
        "traceback": shown_text(record.traceback) if record.traceback else None,
        "notes": [shown_text(note) for note in score.notes],
        "frames": list(score.frames),
        "curve": [_short(value) for value in score.per_frame],
        "elements": {
            name: {
                "value": _short(element.value),
                "reason": shown_text(element.reason) if element.reason else None,
                "presence": _short(element.presence),
                "curve": [_short(value) for value in element.per_frame],
            }
            for name, element in record.elements.items()
        },
        "evidence": [
            {
                "frame": evidence.frame,
                "box": [round(float(side), 1) for side in evidence.box] if evidence.box else None,
                "element": evidence.element,
                "value": _short(evidence.value),
            }
            for evidence in score.evidence
        ],
        # The ledger has its own place on the page.
        "details": [
            [key, shown_text(value)]
            for key, value in _flat({key: part for key, part in score.details.items() if key != "ledger"})
        ],
    }


def _short(value: float | None) -> float | None:
    """Five digits: enough for the page; the tables have all."""
    return None if value is None else float(f"{value:.5g}")
