"""Scores made again from a submission's own videos, and held against those that it claims.

The videos are scored by the harness as those of any run: decoded in worker processes, checked for their limits, with
the suite's own prompts and references. The adapter that a submission names is never imported.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from a2bench.base import registry
from a2bench.base.text import one_line, shown_text
from a2bench.errors import InputError
from a2bench.model.records import ScoreRecord
from a2bench.run.execute import Executor
from a2bench.run.plan import differences
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import Progress, score
from a2bench.run.store import RunStore
from a2bench.suites.fetch import require_images
from a2bench.suites.finding import Finding
from a2bench_leaderboard.submissions.check import Checked
from a2bench_leaderboard.submissions.content import made_by

TOLERANCE = 1e-3
"""Two numbers are equal when they differ by at most this share of the larger one."""
SMALLEST = 1e-5
"""Or by at most this much: scores are kept to a millionth."""

Scores = Mapping[tuple[str, int, str], ScoreRecord]


@dataclass(frozen=True)
class Recomputed:
    """How many of the claimed scores were made again, and what came out.

    claimed: scores with a value in the submission. equal: of these, made again with the same result.
    findings: what differs, and what could not be made again and why.
    """

    claimed: int
    equal: int
    findings: tuple[Finding, ...]

    @property
    def all_equal(self) -> bool:
        """Whether nothing is left that somebody merely says."""
        return self.claimed > 0 and self.equal == self.claimed


def scores_again(
    checked: Checked, how: ExecutionOptions, progress: Progress, executor: Executor | None = None
) -> dict[tuple[str, int, str], ScoreRecord]:
    """Score the videos of a submission with those of its metrics that are installed.

    Raises:
        InputError: it has no videos, its records or suite cannot be read, or images of the suite are not here.
    """
    if not checked.records or not checked.suite:
        raise InputError("its scores cannot be computed: records or suite cannot be read")
    if not checked.with_videos:
        raise InputError("its scores cannot be computed: it has no videos, so that they stay `reported`")
    run, full = checked.records.run, checked.suite
    known = {case.id for case in full.cases}
    suite = full.select([case for case in run.suite.cases if case in known])
    if full.is_built_in:
        require_images(suite)
    metrics = tuple(metric for metric in run.metrics if metric in registry.paths("metric"))
    with tempfile.TemporaryDirectory(prefix="a2bench-recompute-") as work:
        store = RunStore(Path(work) / "run")
        options = {"path": str(store.videos), "name": run.system.name}
        request = RunRequest("folder", options, suite, full, run.seeds, run.settings, metrics, store.folder)
        with store.locked():
            for record in checked.records.samples.values():
                if record.video and record.video.file in checked.files and record.case in known:
                    (store.folder / record.video.file).unlink(missing_ok=True)
                    (store.folder / record.video.file).symlink_to(checked.files[record.video.file].resolve())
                    store.record_sample(record)
            score(request, how, progress, executor)
        return dict(store.scores)


def compare_scores(claimed: Scores, again: Scores, tolerance: float = TOLERANCE) -> Recomputed:
    """Hold every claimed score, with all its detail, against the one that was made again."""
    findings: list[Finding] = []
    scored = equal = 0
    left: dict[str, list[str]] = {}
    for key, record in claimed.items():
        scored += record.value is not None
        reason = _not_comparable(record, again.get(key))
        if reason:
            left.setdefault(f"{record.metric}: {reason}", []).append(f"{record.case} seed {record.seed}")
            continue
        problems = list(_differing(_content(record), _content(again[key]), tolerance))
        equal += record.value is not None and not problems
        where = f"{record.metric} of {record.case} seed {record.seed}"
        findings += [_finding("error", f"{where}: {problem}", record.case) for problem in problems[:3]]
        if len(problems) > 3:
            findings.append(_finding("error", f"{where}: {len(problems) - 3} more numbers differ", record.case))
    for reason, samples in left.items():
        findings.append(_finding("warning", f"{reason}; {len(samples)} scores were not computed again", None))
    for key, record in again.items():
        if record.status == "scored" and (key not in claimed or _was_unmet(claimed[key])):
            text = f"{record.metric} of {record.case} seed {record.seed}: left out, but is {record.value}"
            findings.append(_finding("warning", text, record.case))
    return Recomputed(scored, equal, tuple(findings))


def _was_unmet(claimed: ScoreRecord) -> bool:
    """Whether a metric could not be measured, for want of weights or packages, where the scores were made."""
    return claimed.value is None and bool(claimed.identity.get("unmet"))


def _finding(severity: Any, text: str, case: str | None) -> Finding:
    return Finding(severity, case, one_line(text))


def _not_comparable(claimed: ScoreRecord, again: ScoreRecord | None) -> str | None:
    if again is None:
        return "no such metric, video or case here"
    if claimed.value is not None and (unmet := again.identity.get("unmet")):
        return str(unmet[0])
    if _was_unmet(claimed):
        return f"not measured by the submitter: {claimed.reason}"
    if lines := differences(made_by(claimed), made_by(again)):
        return f"made in another way: {'; '.join(lines)}"
    return None


def _content(record: ScoreRecord) -> dict[str, Any]:
    reason = shown_text(record.reason) if record.reason else None
    return {"status": record.status, "value": record.value, "reason": reason, "detail": record.detail}


def _differing(claimed: Any, again: Any, tolerance: float, where: str = "") -> Iterator[str]:
    """Where two results differ, as ``detail.per_frame[3]: 0.4 claimed, 0.5 computed``."""
    if isinstance(claimed, dict) and isinstance(again, dict) and claimed.keys() == again.keys():
        for key in sorted(claimed):
            yield from _differing(claimed[key], again[key], tolerance, f"{where}.{key}".lstrip("."))
    elif isinstance(claimed, list) and isinstance(again, list) and len(claimed) == len(again):
        for index, (one, two) in enumerate(zip(claimed, again, strict=True)):
            yield from _differing(one, two, tolerance, f"{where}[{index}]")
    elif _is_number(claimed) and _is_number(again):
        if abs(claimed - again) > max(SMALLEST, tolerance * max(abs(claimed), abs(again))):
            yield f"{where}: {claimed} claimed, {again} computed"
    elif claimed != again or type(claimed) is not type(again):
        yield f"{where}: {_short(claimed)} claimed, {_short(again)} computed"


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
