"""A system over a suite, from Python: the same run, folder and resumption as ``a2bench eval``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from a2bench.base import registry
from a2bench.door.objects import GivenMetric, Named, System, named_metrics, named_system
from a2bench.door.opened import OpenedRun
from a2bench.errors import InputError, UnknownNameError
from a2bench.model.cases import Suite, load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.results.validity_file import known_validity
from a2bench.run.execute import InlineExecutor, check_guarded, leave_if_imported_by_a_worker
from a2bench.run.request import ExecutionOptions, RunRequest, default_metrics
from a2bench.run.stages import Progress, generate, open_system, score
from a2bench.run.store import RunStore
from a2bench.show.progress import TerminalProgress


def evaluate(
    system: System,
    suite: str | Suite = "a2bench-mini",
    metrics: Sequence[GivenMetric] | GivenMetric | None = None,
    *,
    output: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    limit: int | None = None,
    seeds: Sequence[int] = (0,),
    settings: GenerationSettings | None = None,
    workers: int = 0,
    name: str | None = None,
    revision: str | None = None,
    progress: bool = True,
) -> OpenedRun:
    """Let a system make the videos of a suite and measure them; the same call goes on where it was stopped.

    What other processes can import runs in workers; everything else in this process, which is said.

    Args:
        system: a name (``a2bench systems list``), ``"module:Class"``, a class, an instance, or a function of case, seed
            and settings that returns a `Video`, frames ``[T, H, W, 3]`` uint8 RGB, or the path of a video file.
        suite: name or path of a suite, or the suite itself.
        metrics: names (``default``, ``all``), ``"module:Class"``, classes or instances; the default ones if None.
        output: folder of the run; ``runs/SYSTEM-SUITE`` if None.
        options: of the system, as ``--set`` gives them.
        limit: only the first cases.
        seeds: of every case.
        settings: size, number of frames and rate; those that the system was released for if None.
        workers: processes; 0 for as many as suit the system.
        name: of a function.
        revision: of a system or metric that is an object, in place of the hash of its source: equal revisions reuse
            what was made, others make it anew.
        progress: whether to tell how far it is.

    Returns:
        The run. A sample that failed raises nothing: it has no values, and the reason.

    Raises:
        InputError: something was given that cannot be used; nothing was recorded.
    """
    leave_if_imported_by_a_worker()
    text_options = {key: str(value) for key, value in (options or {}).items()}
    named = named_system(system, text_options, name, revision)
    full = load_suite(str(suite)) if isinstance(suite, (str, Path)) else suite
    asked = asked_metrics(metrics, revision)
    request = RunRequest(
        adapter=named.name,
        options=text_options,
        suite=full.select(limit=limit),
        full_suite=full,
        seeds=tuple(seeds),
        settings=settings or GenerationSettings(),
        metrics=tuple(metric.name for metric in asked),
        output=Path(),
    )
    meta = open_system(request).meta
    request = replace(
        request,
        settings=settings or meta.default_settings,
        output=Path(output) if output is not None else Path("runs") / f"{meta.name}-{full.name}",
    )
    how = ExecutionOptions(workers=workers)
    if not (named.here_only and all(metric.here_only for metric in asked)):
        check_guarded()
    told = TerminalProgress(0 if progress else -1)
    store = RunStore(request.output)
    with store.locked():
        _note_here(told, [named, *asked])
        generate(request, how, told, InlineExecutor(told.step) if named.here_only else None)
        _score(request, how, told, asked)
    return open_run(request.output)


def open_run(folder: str | Path) -> OpenedRun:
    """A run that was made before: samples, scores, means, summary and ledger as rows.

    Raises:
        InputError: there is none in that folder.
    """
    return OpenedRun(RunStore(Path(folder)), known_validity(None))


def asked_metrics(metrics: Sequence[GivenMetric] | GivenMetric | None, revision: str | None) -> list[Named]:
    """The names of what `evaluate` and `score` take as metrics.

    Raises:
        InputError: nothing was named, or something that is no metric.
        UnknownNameError: no metric of that name.
    """
    given = ["default"] if metrics is None else metrics if isinstance(metrics, (list, tuple)) else [metrics]
    if not given:
        raise InputError("metrics is empty; name one, or leave it out for the default ones")
    known = registry.paths("metric")
    groups = {"default": default_metrics(), "all": tuple(known)}
    every: list[Any] = []
    for metric in given:
        if isinstance(metric, str) and metric not in groups and metric not in known and ":" not in metric:
            raise UnknownNameError("metric", metric, [*known, *groups])
        every += groups.get(metric, (metric,)) if isinstance(metric, str) else (metric,)
    return named_metrics(every, revision)


def _score(request: RunRequest, how: ExecutionOptions, told: Progress, metrics: Sequence[Named]) -> None:
    """What workers can import first, then the rest in this process."""
    for here_only in (False, True):
        names = tuple(metric.name for metric in metrics if metric.here_only is here_only)
        if names:
            score(replace(request, metrics=names), how, told, InlineExecutor(told.step) if here_only else None)


def _note_here(told: Progress, things: Sequence[Named]) -> None:
    here = [thing.name.removeprefix(registry.IN_PYTHON) for thing in things if thing.here_only]
    if here:
        told.note(f"in this process, since no other can import it: {', '.join(here)}")
