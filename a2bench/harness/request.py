"""What is wanted of a run, and how it is done: the one record that commands hand to the harness."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from a2bench import registry
from a2bench.cases import Suite, load_suite
from a2bench.errors import InputError
from a2bench.harness.store import RunStore
from a2bench.systems import GenerationSettings


@dataclass(frozen=True)
class RunRequest:
    """What is wanted: which system over which cases, measured by what, and where to.

    seeds: for every case; empty means each case's own.
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


def request_of_run(folder: Path, metrics: tuple[str, ...] | None = None) -> RunRequest:
    """The request that made a run, so that it can be scored again or reported.

    Raises:
        InputError: no run there, or its suite has changed since.
    """
    manifest = RunStore(folder).manifest()
    full = load_suite(manifest.suite.path)
    if full.revision != manifest.suite.revision:
        raise InputError(
            f"suite {manifest.suite.name!r} has changed since this run was made (revision {manifest.suite.revision}, "
            f"now {full.revision}); `a2bench eval` with the run's options brings it up to date"
        )
    return RunRequest(
        adapter=manifest.adapter,
        options=manifest.options,
        suite=full.select(manifest.suite.cases),
        full_suite=full,
        seeds=manifest.seeds,
        settings=manifest.settings,
        metrics=metrics or tuple(registry.paths("metric")),
        output=folder,
        origins=manifest.origins,
    )
