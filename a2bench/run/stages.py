"""One run from plan to scores: what the commands ``eval``, ``generate`` and ``score`` do.

Only this process writes to the run folder. Workers leave complete files under temporary names; publishing and
recording happens here, one sample at a time, so that being killed loses at most what was under way.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any, Protocol

from a2bench.assets.weights import verify_present_weights
from a2bench.base import registry
from a2bench.base.inputs import check_num_frames, check_seed, check_text
from a2bench.base.resources import gpus, num_cores
from a2bench.errors import A2BenchError, InputError, OutputError, UnknownNameError
from a2bench.model.cases import Case
from a2bench.model.records import RunManifest, SuiteIdentity, VideoFile
from a2bench.model.systems import HasRemarks, ModelMeta, VideoModel
from a2bench.run.begun import begun_with
from a2bench.run.environment import environment
from a2bench.run.estimate import add_timings, generation_name, scoring_name
from a2bench.run.execute import Executor, LocalExecutor, Outcome, WorkItem
from a2bench.run.items import failure_record, generation_item, score_records, scoring_item, video_record
from a2bench.run.plan import PlannedSample, PlannedScore, differences, plan_samples, plan_scores, unsupported
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.store import RunStore, now, video_file
from a2bench.run.work import resident_system


class Progress(Protocol):
    """Who is told how far it is."""

    def stage(self, name: str, total: int, already_done: int) -> None:
        """A stage begins with ``total`` samples to do, besides those that are done already."""

    def step(self, name: str, done: int, total: int) -> None:
        """``done`` of ``total`` steps of a sample under way are done."""

    def sample(self, name: str, text: str, failed: bool) -> None:
        """One sample is finished; ``text`` says what became of it."""

    def note(self, text: str) -> None:
        """Something worth knowing."""

    def end(self) -> None:
        """The stage is over."""


@dataclass
class RunResult:
    """What a call of `generate` or `score` did, and what is left.

    done: finished samples (or scores) of the plan, ``resumed`` of which were there before. failures: for each sample
    that is not finished, why.
    """

    planned: int = 0
    resumed: int = 0
    done: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == self.planned


def open_system(request: RunRequest) -> VideoModel:
    """The system of a run, cheap to make; nothing heavy is loaded.

    Raises:
        InputError: unknown name, wrong options.
    """
    return system_with(request.adapter, request.options, request.full_suite.address)


def system_with(adapter: str, options: dict[str, str], suite: str) -> VideoModel:
    """The system of a name with its options; ``suite`` is the address of the one that it is prepared with.

    Raises:
        InputError: unknown name, wrong options.
    """
    for name, value in options.items():
        check_text(value, f"the option {check_text(name, 'the name of an option')}")
    parameters = signature(registry.load("adapter", adapter)).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        for name in options:
            if name not in parameters:
                raise UnknownNameError(f"option of {adapter}", name, parameters)
    try:
        return resident_system(adapter, options, suite)
    except TypeError as error:  # a required option is missing
        raise InputError(
            f"system {adapter!r} cannot be made with the options {options or 'none'}: {error}; "
            f"see `a2bench systems show {adapter}`"
        ) from error


def plan(request: RunRequest, store: RunStore, *, read_all: bool = False) -> list[PlannedSample]:
    """Every sample of the request with its state.

    Raises:
        InputError: the output folder is not for this run, a seed has more than 32 bits, or a video is a single frame.
    """
    system = open_system(request)
    for seed in request.seeds:
        check_seed(seed)
    check_num_frames(request.settings.num_frames)
    check_output(store, system.meta.name)
    planned = list(
        plan_samples(
            store,
            request.suite,
            system,
            request.options,
            request.settings,
            request.seeds,
            read_all=read_all,
            remake=request.remake,
            code=registry.code_of("adapter", request.adapter),
        )
    )
    if not request.remake:
        _check_one_making(store, request, planned)
    return planned


def _check_one_making(store: RunStore, request: RunRequest, planned: list[PlannedSample]) -> None:
    """Refuse to mix what different settings, revisions or encodings make, where a run has finished videos.

    Raises:
        InputError: says what the run was begun with, and how to begin anew.
    """
    begun = begun_with(store)
    anew = "choose another folder with --output, or make all of its videos again with --remake"
    finished = [record for record in store.samples.values() if record.status == "done"]
    if begun and finished and begun.settings != request.settings:
        was, asked = (settings.model_dump(mode="json") for settings in (begun.settings, request.settings))
        changed = "; ".join(differences(was, asked))
        raise InputError(f"{store.folder} was begun with other settings ({changed}); to begin anew, {anew}")
    stale, before = any(sample.state == "stale" for sample in planned), store.intact_manifest
    if before and finished and stale and (before.adapter, before.options) != (request.adapter, request.options):
        was, asked = ({"model": one.adapter, **one.options} for one in (before, request))
        changed = "; ".join(
            f"{key}: {was.get(key, 'nothing')} -> {asked.get(key, 'nothing')}"
            for key in sorted(was.keys() | asked.keys())
            if was.get(key) != asked.get(key)
        )
        raise InputError(f"{store.folder} was begun with other options ({changed}); to begin anew, {anew}")
    kept = next((sample.kept for sample in planned if sample.kept), None)
    others = [sample for sample in planned if sample.kept != kept]
    if kept and others:
        left = sum(sample.state != "done" for sample in others)
        which = f"its {left} unfinished samples would" if left else f"{len(others)} of its samples"
        raise InputError(
            f"{store.folder} was begun before an update ({kept}), and {which} differ from the other finished ones; to "
            f"begin anew, {anew}; `a2bench score {store.folder}` measures what is there"
        )


_RUN_NAMES = {"run.json", "samples.jsonl", "scores.jsonl", "videos", "pictures", "logs", "report"}


def check_output(store: RunStore, system: str) -> None:
    """Refuse a folder that is not for a run of this system, before anything is written.

    Raises:
        InputError: it is a file, holds the run of another system, or holds other things.
    """
    if store.folder.exists() and not store.folder.is_dir():
        raise InputError(f"{store.folder} is a file; choose a folder with --output")
    if begun := begun_with(store):
        if begun.system != system:
            raise InputError(
                f"{store.folder} holds a run of {begun.system!r}, not of {system!r}; choose another folder with "
                "--output"
            )
    elif store.folder.is_dir():
        strange = {path.name for path in store.folder.iterdir() if not path.name.startswith(".")} - _RUN_NAMES
        if strange:
            raise InputError(
                f"{store.folder} is not a run, it holds {sorted(strange)[0]!r}; choose another folder with --output"
            )


def generate(
    request: RunRequest, how: ExecutionOptions, progress: Progress, executor: Executor | None = None
) -> RunResult:
    """Make every video of the request that is not done; the caller holds the store's lock.

    Raises:
        WeightsError: weights of a metric that is to measure the videos are damaged.
    """
    store = RunStore(request.output)
    started = time.monotonic()
    system = open_system(request)
    planned = plan(request, store, read_all=how.read_all)
    for damaged in store.damaged:
        progress.note(f"{damaged} is damaged; its sample is done again")
    if isinstance(system, HasRemarks):
        for remark in system.remarks(request.full_suite, request.seeds):
            progress.note(f"{system.meta.name}: {remark}")
    kept = [sample for sample in planned if sample.kept]
    if kept:
        progress.note(
            f"{len(kept)} finished videos are kept as they were made before an update ({kept[0].kept}); "
            "--remake makes them again"
        )
    meta = system.meta
    for text in meta.departures(request.settings).values():
        progress.note(f"{meta.name}: {text}, which is what it was released for")
    if kept:  # the run stays one of the system as it was
        made_by = store.samples[kept[0].case.id, kept[0].seed].identity["system"]
        meta = meta.model_copy(update={"revision": made_by["revision"]})
    _write_manifest(store, request, meta, ())
    todo = {_id(sample): sample for sample in planned if sample.state != "done"}
    if todo:
        verify_present_weights(request.metrics)  # now, not after hours of generation
    result = RunResult(planned=len(planned), resumed=len(planned) - len(todo), done=len(planned) - len(todo))
    progress.stage("generate", len(todo), result.resumed)
    possible = []
    reasons = {case.id: unsupported(system, case, request.settings) for case in _cases(todo.values())}
    for name, sample in todo.items():
        reason = reasons[sample.case.id]
        if reason is None:
            possible.append(generation_item(name, sample, request, store))
        else:
            refused = Outcome(generation_item(name, sample, request, store), "failed", 0.0, error=reason)
            store.record_sample(failure_record(sample, refused))
            result.failures[name] = reason
            progress.sample(name, reason, failed=True)
    timings: list[tuple[float, int]] = []
    shares = gpu_shares(how, system.meta.gpus)
    for outcome in _outcomes(possible, num_workers(request, how), store, how, executor, progress, shares):
        sample = todo[outcome.item.id]
        result.counts.update(outcome.counts)
        if outcome.status == "done":
            video = _publish(store, sample, outcome.result)
            store.record_sample(video_record(sample, outcome, video))
            timings.append((outcome.seconds, video.bytes))
            result.done += 1
            made = "; ".join((f"made in {outcome.seconds:.1f} s", *outcome.result["making"]["remarks"]))
            progress.sample(outcome.item.id, made, failed=False)
        else:
            error = outcome.error or "unknown error"
            store.record_sample(failure_record(sample, outcome))
            result.failures[outcome.item.id] = error
            progress.sample(outcome.item.id, error, failed=True)
            _stop_if(how.fail_on_error, outcome)
    progress.end()
    if timings:
        add_timings({generation_name(system.meta.name, request.settings): timings})
    result.seconds = time.monotonic() - started
    return result


def score(
    request: RunRequest, how: ExecutionOptions, progress: Progress, executor: Executor | None = None
) -> RunResult:
    """Score every finished video of the request with every wanted metric; the caller holds the store's lock.

    Raises:
        WeightsError: weights of a metric are damaged.
    """
    store = RunStore(request.output)
    started = time.monotonic()
    before = store.intact_manifest
    _write_manifest(store, request, before.system if before else open_system(request).meta, request.metrics)
    planned = list(plan_scores(store, request.suite, request.seeds, request.metrics))
    todo = [entry for entry in planned if entry.state != "done"]
    if todo:
        verify_present_weights(request.metrics)
    result = RunResult(planned=request.num_samples * len(request.metrics))
    result.resumed = result.done = len(planned) - len(todo)
    grouped: dict[str, list[PlannedScore]] = {}
    for entry in todo:
        grouped.setdefault(f"{entry.sample.case} seed {entry.sample.seed}", []).append(entry)
    progress.stage("score", len(grouped), len({(e.sample.case, e.sample.seed) for e in planned}) - len(grouped))
    items = [scoring_item(name, entries, request, store) for name, entries in grouped.items()]
    timings: dict[str, list[tuple[float, int]]] = {}
    workers = num_workers(request, how, scoring=True)
    for outcome in _outcomes(items, workers, store, how, executor, progress, gpu_shares(how, 1)):
        entries = grouped[outcome.item.id]
        records = list(score_records(entries, outcome))
        store.record_scores(records)
        for record in records:
            result.counts.update(record.counts)
            timings.setdefault(scoring_name(record.metric, request.settings), []).append((record.seconds, 0))
        failed = {record.metric: record.reason or "" for record in records if record.status == "failed"}
        result.done += len(records) - len(failed)
        if failed:
            result.failures[outcome.item.id] = "; ".join(f"{metric}: {reason}" for metric, reason in failed.items())
            progress.sample(outcome.item.id, result.failures[outcome.item.id], failed=True)
            _stop_if(how.fail_on_error, outcome)
        else:
            progress.sample(outcome.item.id, f"scored in {outcome.seconds:.1f} s", failed=False)
    progress.end()
    damaged = sum(times for event, times in result.counts.items() if event.startswith("damaged:"))
    if damaged:
        progress.note(f"{damaged} damaged entries of the feature cache were computed again")
    add_timings(timings)
    result.seconds = time.monotonic() - started
    return result


def num_workers(request: RunRequest, how: ExecutionOptions, *, scoring: bool = False) -> int:
    """How many processes: what was asked for, else one per core, or what suits the system's device."""
    if how.workers:
        return how.workers
    if scoring:
        return num_cores()
    meta = open_system(request).meta
    return {"cpu": num_cores(), "gpu": len(gpu_shares(how, meta.gpus)) or 1, "remote": 4}[meta.device]


def gpu_shares(how: ExecutionOptions, size: int) -> list[str]:
    """The GPUs of this machine in groups of a size, for one worker each; none where there are too few."""
    found = gpus(how.environment.get("A2BENCH_DEVICE", "auto"))
    return [",".join(found[start : start + size]) for start in range(0, len(found) - size + 1, size)]


def _cases(samples: Iterable[PlannedSample]) -> Iterable[Case]:
    """Their cases, each once."""
    return {sample.case.id: sample.case for sample in samples}.values()


def _id(sample: PlannedSample) -> str:
    return f"{sample.case.id} seed {sample.seed}"


def _outcomes(
    items: list[WorkItem],
    workers: int,
    store: RunStore,
    how: ExecutionOptions,
    executor: Executor | None,
    progress: Progress,
    shares: list[str],
) -> Iterator[Outcome]:
    executor = executor or LocalExecutor(
        workers,
        store.logs,
        retry=how.retry,
        timeout=how.timeout,
        environment=dict(how.environment),
        on_step=progress.step,
        gpus=shares,
    )
    for outcome in executor.run(items):
        if outcome.status == "output":
            raise OutputError(outcome.error or "cannot write")
        yield outcome


def _stop_if(fail_on_error: bool, outcome: Outcome) -> None:
    if fail_on_error:
        raise A2BenchError(f"{outcome.item.id}: {outcome.error or 'a metric failed'} (stopped by --fail-on-error)")


def _publish(store: RunStore, sample: PlannedSample, made: dict[str, Any]) -> VideoFile:
    temporary = Path(made["temporary"])
    final = store.publish_video(temporary, sample.video_name + temporary.suffix)
    return video_file(
        final, store.folder, made["sha256"], made["width"], made["height"], made["num_frames"], made["fps"]
    )


def _write_manifest(store: RunStore, request: RunRequest, system: ModelMeta, metrics: tuple[str, ...]) -> None:
    """Write what the run is now; metrics that were asked for before stay part of it."""
    before = store.intact_manifest
    known = list(registry.paths("metric"))
    asked = {*metrics, *(before.metrics if before else ())}
    suite = request.full_suite
    store.write_manifest(
        RunManifest(
            system=system,
            adapter=request.adapter,
            options=request.options,
            settings=request.settings,
            suite=SuiteIdentity(
                name=suite.name,
                path=suite.address,
                revision=suite.revision,
                cases=tuple(case.id for case in request.suite.cases),
            ),
            seeds=request.seeds,
            case_seeds={} if request.seeds else {case.id: case.seeds for case in request.suite.cases},
            metrics=tuple(sorted(asked, key=lambda name: known.index(name) if name in known else len(known))),
            origins=request.origins,
            environment=environment(),
            created=before.created if before else now(),
            updated=now(),
        )
    )
