"""Runs the consistency metrics over real clips and judges them by what the clips show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from a2bench.base import registry
from a2bench.model.systems import GenerationSettings
from a2bench.results.run import Run
from a2bench.results.validity_clips import ClipScore, ClipsRow, judge_clips
from a2bench.run.execute import Executor
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import Progress, generate, score
from a2bench.run.store import RunStore
from a2bench.suites.real_clips import NAME, build_real_clips


@dataclass(frozen=True)
class RealClipsResult:
    """What was found on real clips. complete: whether every clip was measured with every metric."""

    rows: tuple[ClipsRow, ...]
    num_clips: int
    complete: bool

    @property
    def broken(self) -> bool:
        """Whether a metric does not order them rightly."""
        return any(row.state == "fails" for row in self.rows)


def consistency_metrics(metrics: Iterable[str]) -> tuple[str, ...]:
    """Those that say of elements how far they are there and themselves: what real clips can judge."""
    infos = [registry.load("metric", name).info for name in metrics]
    return tuple(i.name for i in infos if i.group == "consistency" and i.direction == "higher" and i.roles)


def run_real_clips(
    media: Path,
    limit: int | None,
    metrics: Sequence[str],
    output: Path,
    workers: int,
    progress: Progress,
    executor: Executor | None = None,
) -> RealClipsResult:
    """Score clips (the first ``limit``) with the consistency metrics among these; resumes what is below ``output``.

    Raises:
        InputError: the folder of clips is not as its catalogues say.
    """
    chosen = consistency_metrics(metrics)
    folder = output / NAME
    progress.note(f"real clips of {media}")
    clips = build_real_clips(media, folder, limit)
    options = {"path": str(clips.clips), "map": str(clips.map), "name": NAME}
    run = folder / "run"
    request = RunRequest("folder", options, clips.suite, clips.suite, (0,), GenerationSettings(), chosen, run)
    how = ExecutionOptions(workers=workers)
    with RunStore(run).locked():
        made = generate(request, how, progress, executor)
        scored = score(request, how, progress, executor)
    records = Run.open(run)
    rows: list[ClipsRow] = []
    for metric in chosen:
        values = {record.case: record.value for record in records.scores(metric)}
        scores = [
            ClipScore(pair.clip, pair.candidate.category, pair.shown, values.get(case))
            for case, pair in clips.pairs.items()
        ]
        rows += judge_clips(metric, registry.load("metric", metric).info.roles, scores)
    num_clips = len({pair.clip for pair in clips.pairs.values()})
    return RealClipsResult(tuple(rows), num_clips, made.complete and scored.complete)
