"""Runs all controls over a suite and judges every metric by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from a2bench import registry
from a2bench.cases import load_suite
from a2bench.harness.records import ScoreRecord
from a2bench.harness.request import ExecutionOptions, RunRequest
from a2bench.harness.run import Progress, generate, score
from a2bench.harness.store import RunStore
from a2bench.harness.validity import Verdict, judge, needed_controls
from a2bench.scores import MetricInfo
from a2bench.suites.fetch import require_images
from a2bench.systems import GenerationSettings


@dataclass(frozen=True)
class ControlRuns:
    """The controls' scores and the verdict on each expectation.

    scores: records by control. complete: whether every sample of every control has all its scores.
    """

    infos: tuple[MetricInfo, ...]
    scores: dict[str, list[ScoreRecord]]
    verdicts: tuple[Verdict, ...]
    complete: bool


def controls() -> list[str]:
    """Names of all registered controls, in the order of their registration."""
    return [name for name in registry.paths("adapter") if registry.load("adapter", name).meta.kind == "control"]


def run_controls(
    suite_name: str,
    limit: int | None,
    metrics: Sequence[str],
    output: Path,
    workers: int,
    progress: Progress,
    settings: GenerationSettings | None = None,
) -> ControlRuns:
    """Run every control (resuming runs that exist below ``output``) and judge the metrics.

    Raises:
        InputError: an expectation speaks of a control that is not registered.
    """
    full = load_suite(suite_name)
    suite = full.select(limit=limit)
    require_images(suite)
    infos = tuple(registry.load("metric", name).info for name in metrics)
    how = ExecutionOptions(workers=workers)
    scores: dict[str, list[ScoreRecord]] = {}
    complete = True
    for name in dict.fromkeys([*controls(), *needed_controls(infos)]):
        folder = output / f"{name}-{full.file_name}"
        request = RunRequest(name, {}, suite, full, (0,), settings or GenerationSettings(), tuple(metrics), folder)
        progress.note(f"control {name}")
        with RunStore(folder).locked():
            made = generate(request, how, progress)
            scored = score(request, how, progress)
        complete &= made.complete and scored.complete
        cases = {case.id for case in suite.cases}
        scores[name] = [
            record
            for (case, _, metric), record in RunStore(folder).scores.items()
            if case in cases and metric in metrics
        ]
    verdicts = tuple(verdict for info in infos for verdict in judge(info, scores))
    return ControlRuns(infos, scores, verdicts, complete)
