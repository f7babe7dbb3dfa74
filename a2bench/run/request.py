"""What is wanted of a run, and how it is done: the one record that commands hand to the harness."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from a2bench.base import registry
from a2bench.errors import InputError
from a2bench.model.cases import Suite
from a2bench.model.records import RunManifest
from a2bench.model.systems import GenerationSettings
from a2bench.run.store import RunStore
from a2bench.suites.header import suite_as_of


@dataclass(frozen=True)
class RunRequest:
    """What is wanted: which system over which cases, measured by what, and where to.

    seeds: for every case; empty means each case's own. remake: make again what other settings, another revision of the
    system or another encoding made.
    """

    adapter: str
    options: dict[str, str]
    suite: Suite
    full_suite: Suite
    seeds: tuple[int, ...]
    settings: GenerationSettings
    metrics: tuple[str, ...]
    output: Path
    origins: dict[str, str] = field(default_factory=dict)
    remake: bool = False

    @property
    def num_samples(self) -> int:
        """How many samples the run has."""
        return sum(len(case.chosen_seeds(self.seeds)) for case in self.suite.cases)


@dataclass(frozen=True)
class ExecutionOptions:
    """How it is done; nothing here changes a result.

    workers: processes (0: as many as the system or the cores allow). timeout: seconds per sample. retry: further
    attempts for a sample that fails. fail_on_error: stop at the first failure. read_all: hash finished videos again.
    environment: variables for the workers.
    """

    workers: int = 0
    timeout: float | None = None
    retry: int = 0
    fail_on_error: bool = False
    read_all: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


def default_metrics() -> tuple[str, ...]:
    """The metrics that are measured when nobody names any."""
    return tuple(name for name in registry.paths("metric") if registry.load("metric", name).info.default)


def request_of_run(folder: Path, metrics: tuple[str, ...] | None = None) -> RunRequest:
    """The request that made a run, so that it can be scored again or reported.

    Args:
        folder: of the run.
        metrics: to measure; those of the run if None, or the default ones where it has none yet.

    Raises:
        InputError: no run there, or its suite has lost or changed cases since.
    """
    store = RunStore(folder)
    manifest = store.manifest()
    full = suite_as_of(manifest.suite.path, manifest.suite.revision)
    if full.revision != manifest.suite.revision:
        check_cases(store, manifest, full)
    return RunRequest(
        adapter=manifest.adapter,
        options=manifest.options,
        suite=full.select(manifest.suite.cases),
        full_suite=full,
        seeds=manifest.seeds,
        settings=manifest.settings,
        metrics=metrics or manifest.metrics or default_metrics(),
        output=folder,
        origins=manifest.origins,
    )


def check_cases(store: RunStore, manifest: RunManifest, suite: Suite) -> None:
    """Refuse a suite whose cases are not those that a run's systems were asked for; further cases do not matter.

    Raises:
        InputError: names the first case that is gone or was changed.
    """
    known = {case.id: case for case in suite.cases}
    for name, seed in manifest.samples:
        if name not in known:
            raise InputError(
                f"suite {suite.name!r} has no case {name!r} any more, which {store.folder} was made for; begin anew: "
                "`a2bench eval` with another folder for --output"
            )
        record = store.samples.get((name, seed))
        asked = record.identity.get("case") if record else None
        if asked is not None and asked != suite.asked(known[name]).generation_identity():
            raise InputError(
                f"case {name!r} of suite {suite.name!r} has changed since {store.folder} was made; `a2bench eval` with "
                "the run's options makes its video again"
            )
