"""Runs all controls over a suite and judges every metric by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from a2bench.base import registry
from a2bench.base.version import __version__
from a2bench.model.cases import Suite, load_suite
from a2bench.model.records import ScoreRecord
from a2bench.model.scores import MetricInfo
from a2bench.model.systems import GenerationSettings
from a2bench.results.expectations import summary_infos
from a2bench.results.run import Run
from a2bench.results.summary import summarise
from a2bench.results.totals import summary_scores
from a2bench.results.validity import Verdict, judge, needed_controls
from a2bench.results.validity_file import ValidityFile, checked_metric
from a2bench.run.execute import Executor
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import Progress, generate, score
from a2bench.run.store import RunStore, now
from a2bench.suites.fetch import require_images
from a2bench.validation.real_clips import RealClipsResult


@dataclass(frozen=True)
class ControlRuns:
    """The controls' scores and the verdict on each expectation.

    infos: the metrics, then the rows of the summary. scores: records by control. complete: whether every sample of
    every control has all its scores. suite: the whole suite, of which the first ``num_cases`` cases were run.
    real_clips: what was found on real clips, where there were any.
    """

    infos: tuple[MetricInfo, ...]
    scores: dict[str, list[ScoreRecord]]
    verdicts: tuple[Verdict, ...]
    complete: bool
    suite: Suite
    num_cases: int
    settings: GenerationSettings
    real_clips: RealClipsResult | None = None

    def file(self) -> ValidityFile:
        """The verdicts as a file that reports read."""
        return ValidityFile(
            suite=self.suite.name,
            suite_revision=self.suite.revision,
            cases=self.num_cases,
            settings=self.settings.model_dump(mode="json"),
            controls={name: registry.load("adapter", name).meta.revision for name in self.scores},
            date=now()[:10],
            a2bench=__version__,
            metrics=tuple(checked_metric(info, self._verdicts(info), self._means(info)) for info in self.infos),
            real_clips=self.real_clips.rows if self.real_clips else (),
        )

    def _verdicts(self, info: MetricInfo) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.metric == info.name]

    def _means(self, info: MetricInfo) -> dict[str, float | None]:
        chosen = {name: [r for r in records if r.metric == info.name] for name, records in self.scores.items()}
        return {name: summarise(records, len(records)).mean for name, records in chosen.items()}


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
    executor: Executor | None = None,
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
    used = settings or GenerationSettings()
    for name in dict.fromkeys([*controls(), *needed_controls((*infos, *summary_infos()))]):
        folder = output / f"{name}-{full.file_name}"
        request = RunRequest(name, {}, suite, full, (0,), used, tuple(metrics), folder)
        progress.note(f"control {name}")
        with RunStore(folder).locked():
            made = generate(request, how, progress, executor)
            scored = score(request, how, progress, executor)
        complete &= made.complete and scored.complete
        run = Run.open(folder)
        scores[name] = [*(record for metric in metrics for record in run.scores(metric)), *summary_scores(run)]
    infos += summary_infos()
    verdicts = tuple(verdict for info in infos for verdict in judge(info, scores))
    return ControlRuns(infos, scores, verdicts, complete, full, len(suite.cases), used)
