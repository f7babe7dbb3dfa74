"""What ``a2bench metrics validate`` prints: metrics by controls, a verdict per expectation, and real clips."""

import math
from collections.abc import Iterator
from typing import Any

from a2bench.results.expectations import PREFIX
from a2bench.results.summary import Summary, summarise, summarise_roles
from a2bench.results.validity import Verdict, why_not_checked
from a2bench.results.validity_clips import KINDS, MIN_CLIPS, ClipsRow
from a2bench.results.validity_file import ValidityFile
from a2bench.statistics.quantities import FEWEST_CASES
from a2bench.suites.real_clips import NUM_FRAMES
from a2bench.validation.real_clips import RealClipsResult
from a2bench.validation.validate import ControlRuns


def _rows(runs: ControlRuns) -> Iterator[tuple[str, dict[str, Summary]]]:
    """``(metric or metric:role, {control: summary})``."""
    for info in runs.infos:
        chosen = {name: [r for r in records if r.metric == info.name] for name, records in runs.scores.items()}
        yield info.name, {name: summarise(records, len(records)) for name, records in chosen.items()}
        by_role = {name: summarise_roles(records) for name, records in chosen.items()}
        for role in info.roles if len(info.roles) > 1 else ():
            yield f"{info.name}:{role}", {name: roles[role] for name, roles in by_role.items() if role in roles}


def verdict_document(runs: ControlRuns) -> dict[str, Any]:
    """Everything as one JSON document."""
    return {
        "controls": list(runs.scores),
        "table": {
            row: {name: {"mean": s.mean, "stderr": s.stderr, "scored": s.scored, "total": s.total}
                  for name, s in cells.items()}
            for row, cells in _rows(runs)
        },
        "verdicts": [
            {
                "metric": verdict.metric,
                "text": verdict.expectation.text,
                "quantity": verdict.expectation.quantity,
                "control": verdict.expectation.control,
                "than": verdict.expectation.than,
                "role": verdict.expectation.role,
                "bounds": [_finite(verdict.expectation.low), _finite(verdict.expectation.high)],
                "estimate": verdict.estimate,
                "interval": list(verdict.interval) if verdict.interval else None,
                "cases": verdict.num_cases,
                "met": verdict.met,
                "not_checked": None if verdict.interval else why_not_checked(verdict.num_cases),
            }
            for verdict in runs.verdicts
        ],
        "real_clips": clips_document(runs.real_clips) if runs.real_clips else None,
        "complete": runs.complete,
    }  # fmt: skip


def validity_lines(runs: ControlRuns) -> Iterator[str]:
    """The table and the verdicts in lines for a terminal."""
    rows = list(_rows(runs))
    width = max(len(name) for name, _ in rows)
    names = list(runs.scores)
    yield " " * width + "".join(f" {name[:10]:>10}" for name in names)
    for row, cells in rows:
        yield f"{row:<{width}}" + "".join(f" {_cell(cells.get(name)):>10}" for name in names)
    yield ""
    for info in runs.infos:
        own = [verdict for verdict in runs.verdicts if verdict.metric == info.name]
        yield f"{info.name}: {_state(own)}"
        for verdict in own:
            mark = "?   " if verdict.interval is None else "ok  " if verdict.met else "FAIL"
            yield f"  {mark}  {_sentence(verdict)}"
    if runs.real_clips:
        yield ""
        yield from clips_lines(runs.real_clips)


def validity_markdown(runs: ControlRuns) -> str:
    """The table and the verdicts as a page in Markdown."""
    settings, file = runs.settings, runs.file()
    lines = [
        "# Do the metrics order the controls rightly?",
        "",
        f"Means over {runs.num_cases} cases of `{runs.suite.name}`, {settings.num_frames} frames of {settings.width}x"
        f"{settings.height}, seed 0, measured on {file.date} with `a2bench metrics validate`. {verdict_counts(file)}",
        "",
        "| metric | " + " | ".join(name.replace("-", " ") for name in runs.scores) + " |",
        "| --- |" + " ---: |" * len(runs.scores),
    ]
    for row, cells in _rows(runs):
        name, _, role = row.partition(":") if not row.startswith(PREFIX) else (row, "", "")
        shown = f"&nbsp;&nbsp;of {role}s" if role else f"`{name}`"
        lines.append(f"| {shown} | " + " | ".join(_cell(cells.get(name)) for name in runs.scores) + " |")
    lines += ["", *verdict_table(file)]
    if runs.real_clips:
        lines += ["", "## On real clips", "", *clips_markdown(runs.real_clips)]
    return "\n".join(lines) + "\n"


def verdict_counts(file: ValidityFile) -> str:
    """How many expectations are met, and how that was judged."""
    states = [entry.state for metric in file.metrics for entry in metric.expectations]
    return (
        f"Of {len(states)} expectations {states.count('met')} are met, {states.count('fails')} are not, "
        f"{states.count('not checked')} were not checked (weights that are not there, or fewer than {FEWEST_CASES} "
        "cases). Intervals: 95 %, over cases ([how](statistics.md))."
    )


def verdict_table(file: ValidityFile) -> Iterator[str]:
    """A row for each expectation in Markdown."""
    yield "| metric | verdict | expectation | found | wanted | cases |"
    yield "| --- | --- | --- | --- | --- | ---: |"
    for metric in file.metrics:
        for entry in metric.expectations:
            mark = "**fails**" if entry.state == "fails" else entry.state
            found = f"{entry.quantity} {entry.estimate:.3f}" if entry.estimate is not None else "-"
            if entry.state != "not checked" and entry.interval is not None:
                found += " [{}, {}]".format(*("-" if end is None else f"{end:.3f}" for end in entry.interval))
            elif entry.cases:
                found += f", {why_not_checked(entry.cases)}"
            wanted = _bounds(entry.low, entry.high)
            cells = (f"`{metric.name}`", mark, entry.text, found, wanted, str(entry.cases))
            yield "| " + " | ".join(cells) + " |"
        if not metric.expectations:
            yield f"| `{metric.name}` | not checked | none: it says nothing of the controls | - | - | 0 |"


def clips_document(found: RealClipsResult) -> dict[str, Any]:
    """What was found on real clips as a JSON document."""
    rows = [{**row.model_dump(mode="json"), "state": row.state} for row in found.rows]
    return {"clips": found.num_clips, "frames": NUM_FRAMES, "rows": rows, "complete": found.complete}


def clips_lines(found: RealClipsResult) -> Iterator[str]:
    """What was found on real clips in lines for a terminal."""
    yield f"{found.num_clips} real clips: share of pairs in which what a clip shows scores above what it does not"
    marks = {"met": "ok  ", "fails": "FAIL", "not checked": "?   "}
    for row in found.rows:
        yield f"  {marks[row.state]}  {row.metric:<22} {KINDS[row.category]:<8} {_share(row)}"


def _share(row: ClipsRow) -> str:
    if row.share is None:
        return "nothing to compare"
    interval = (
        f"[{row.interval[0]:.3f}, {row.interval[1]:.3f}]"
        if row.state != "not checked" and row.interval
        else f"({why_not_checked(row.clips, 'clips')})"
    )
    return (
        f"{row.share:.3f} {interval}, means {row.shown:.3f} and {row.others:.3f} ({row.pairs} pairs, {row.clips} clips)"
    )


def clips_markdown(found: RealClipsResult) -> Iterator[str]:
    """What was found on real clips as a table in Markdown."""
    yield (
        f"{found.num_clips} clips, {NUM_FRAMES} frames of each, against references that they show and others that they "
        "do not. Ordered rightly: share of (shown, other) pairs within a clip in which the shown reference scores "
        "higher; ties count half, so 0.5 is chance. Intervals: 95 %, over clips. Met: the whole interval "
        f"lies above 0.5; not checked: fewer than {MIN_CLIPS} clips, or the weights are not there."
    )
    yield ""
    yield "| metric | references | verdict | ordered rightly | mean, shown | mean, others | clips | pairs |"
    yield "| --- | --- | --- | --- | ---: | ---: | ---: | ---: |"
    for row in found.rows:
        mark = "**fails**" if row.state == "fails" else row.state
        share = "-" if row.share is None else f"{row.share:.3f}"
        if row.state == "not checked" and row.clips:
            share += f", {why_not_checked(row.clips, 'clips')}"
        elif row.interval:
            share += f" [{row.interval[0]:.3f}, {row.interval[1]:.3f}]"
        means = ["-" if mean is None else f"{mean:.3f}" for mean in (row.shown, row.others)]
        cells = (f"`{row.metric}`", KINDS[row.category], mark, share, *means, str(row.clips), str(row.pairs))
        yield "| " + " | ".join(cells) + " |"


def _bounds(low: float | None, high: float | None) -> str:
    parts = [f"at least {low:g}"] if low is not None and math.isfinite(low) else []
    parts += [f"at most {high:g}"] if high is not None and math.isfinite(high) else []
    return " and ".join(parts)


def _state(own: list[Verdict]) -> str:
    if not own:
        return "has no expectations"
    if all(verdict.met for verdict in own):
        return "valid"
    if any(verdict.interval and not verdict.met for verdict in own):
        return "FAILS its validity check"
    few = next((verdict for verdict in own if verdict.interval is None and verdict.num_cases), None)
    return f"not checked: {why_not_checked(few.num_cases) if few else 'it measured nothing here'}"


def _cell(summary: Summary | None) -> str:
    return "-" if summary is None or summary.mean is None else f"{summary.mean:.3f}"


def _sentence(verdict: Verdict) -> str:
    wanted = verdict.expectation
    if verdict.interval is None or verdict.estimate is None:
        return f"{wanted.text}: {why_not_checked(verdict.num_cases)}"
    low, high = verdict.interval
    return (
        f"{wanted.text}: {wanted.quantity} {verdict.estimate:.3f} [{low:.3f}, {high:.3f}], wanted "
        f"{_bounds(wanted.low, wanted.high)} ({verdict.num_cases} cases)"
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
