"""Where work is done: in worker processes of this machine, which are restarted when they die.

An item names a function and carries paths and hashes, never frames, so that another executor (Ray) differs only in who
calls the function. Workers compute with one thread each: results then do not depend on how many there are.
"""

import contextlib
import ctypes
import importlib
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Literal, Protocol

from a2bench.counting import take_counts
from a2bench.errors import A2BenchError, InputError, OutputError
from a2bench.steps import listening


@dataclass(frozen=True)
class WorkItem:
    """One unit of work: a function by its ``"module:function"``, and its JSON argument."""

    id: str
    function: str
    argument: dict[str, Any]
    attempts: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of an item.

    status: ``done``; ``failed`` (an error with a message for the user); ``crashed`` (an unexpected error, with its
    traceback, or a worker that died or ran out of time); ``output`` (the output folder cannot be written: stop).
    refused: it failed because of what was asked for, which will not do at any time.
    """

    item: WorkItem
    status: Literal["done", "failed", "crashed", "output"]
    seconds: float
    result: Any = None
    error: str | None = None
    traceback: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    refused: bool = False


StepObserver = Callable[[str, int, int], None]
"""Called with an item's id, the number of its steps that are done and the total."""


@dataclass(frozen=True)
class _StepDone:
    """What a worker says between an item and its outcome."""

    done: int
    total: int


class Executor(Protocol):
    """Runs items in any order and yields each outcome as soon as it is there."""

    def run(self, items: Iterable[WorkItem]) -> Iterator[Outcome]:
        """Run all items."""
        ...


class InlineExecutor:
    """Runs items in this process, one after another: for scripts, tests and debuggers."""

    def __init__(self, on_step: StepObserver | None = None) -> None:
        self.on_step = on_step

    def run(self, items: Iterable[WorkItem]) -> Iterator[Outcome]:
        """Run all items."""
        for item in items:
            yield _perform(item, self.on_step)


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    item: WorkItem | None = None
    started: float = 0.0


class LocalExecutor:
    """Runs items in ``workers`` spawned processes.

    retry: how often a crashed item is given to a worker again. timeout: seconds for one item, after which its worker is
    killed. logs: folder for what workers print. environment: set in the workers before they import anything.
    on_step: is told of the steps of the items under way, of each item about ten times a second at most. gpus: shared
    out among the workers, each of which sees one; none leaves them all that there are.
    """

    def __init__(
        self,
        workers: int,
        logs: Path,
        *,
        retry: int = 0,
        timeout: float | None = None,
        environment: dict[str, str] | None = None,
        on_step: StepObserver | None = None,
        gpus: Sequence[str] = (),
    ) -> None:
        self.num_workers, self.retry, self.timeout = workers, retry, timeout
        self.logs, self.environment, self.on_step = logs, environment or {}, on_step
        self.gpus = gpus
        self._workers: list[_Worker] = []

    def run(self, items: Iterable[WorkItem]) -> Iterator[Outcome]:
        """Run all items; closing the iterator early kills the workers."""
        waiting = deque(items)
        try:
            for number in range(min(self.num_workers, len(waiting))):
                self._workers.append(self._start(number))
            while waiting or any(worker.item for worker in self._workers):
                self._hand_out(waiting)
                for outcome in self._collect():
                    attempts = outcome.item.attempts + 1
                    item = replace(outcome.item, attempts=attempts)
                    if outcome.status in ("crashed", "failed") and attempts <= self.retry:
                        waiting.append(item)
                    else:
                        yield replace(outcome, item=item)
        finally:
            self._stop()

    def _start(self, number: int) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        one_gpu = {"CUDA_VISIBLE_DEVICES": self.gpus[number % len(self.gpus)]} if self.gpus else {}
        with _changed_environment({**self.environment, **one_gpu, **SINGLE_THREAD}):
            process = context.Process(
                target=_serve, args=(theirs, str(self.logs / f"worker-{number}.log")), name=f"a2bench-worker-{number}"
            )
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _hand_out(self, waiting: deque[WorkItem]) -> None:
        for worker in self._workers:
            if worker.item is None and waiting:
                worker.item, worker.started = waiting.popleft(), time.monotonic()
                with contextlib.suppress(BrokenPipeError, ConnectionError):  # a dead worker is seen by _collect
                    worker.connection.send(worker.item)

    def _collect(self) -> Iterator[Outcome]:
        busy = [worker for worker in self._workers if worker.item]
        wait([worker.connection for worker in busy], timeout=self._seconds_to_next_timeout(busy))
        for worker in busy:
            item, seconds = worker.item, time.monotonic() - worker.started
            assert item is not None
            outcome = self._heard(worker, item, seconds)
            if outcome is None and self.timeout is not None and seconds > self.timeout:
                self._kill(worker)
                outcome = Outcome(item, "crashed", seconds, error=f"took longer than {self.timeout:g} s; see --timeout")
                self._restart(worker)
            if outcome is not None:
                worker.item = None
                yield outcome

    def _heard(self, worker: _Worker, item: WorkItem, seconds: float) -> Outcome | None:
        """The outcome of a worker's item if it is there; steps that come before it are passed on."""
        while worker.connection.poll():
            try:
                message: Outcome | _StepDone = worker.connection.recv()
            except (EOFError, ConnectionError):
                worker.process.join()
                outcome = Outcome(item, "crashed", seconds, error=_death(worker.process.exitcode))
                self._restart(worker)
                return outcome
            if isinstance(message, Outcome):
                return message
            if self.on_step:
                self.on_step(item.id, message.done, message.total)
        return None

    def _seconds_to_next_timeout(self, busy: list[_Worker]) -> float | None:
        if self.timeout is None:
            return None
        return max(0.0, min(worker.started + self.timeout - time.monotonic() for worker in busy) + 0.01)

    def _restart(self, worker: _Worker) -> None:
        worker.connection.close()
        fresh = self._start(self._workers.index(worker))
        worker.process, worker.connection = fresh.process, fresh.connection

    def _kill(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()

    def _stop(self) -> None:
        for worker in self._workers:
            if worker.item is not None:
                self._kill(worker)
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(timeout=5)
            if worker.process.is_alive():
                self._kill(worker)
        self._workers.clear()


SINGLE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def _perform(item: WorkItem, on_step: StepObserver | None = None) -> Outcome:
    with listening(lambda done, total: on_step(item.id, done, total) if on_step else None):
        return _performed(item)


def _performed(item: WorkItem) -> Outcome:
    take_counts()
    started = time.monotonic()
    module, _, name = item.function.partition(":")
    try:
        result = getattr(importlib.import_module(module), name)(item.argument)
    except OutputError as error:
        return Outcome(item, "output", time.monotonic() - started, error=str(error), counts=take_counts())
    except A2BenchError as error:
        refused = isinstance(error, InputError)
        seconds = time.monotonic() - started
        return Outcome(item, "failed", seconds, error=str(error), counts=take_counts(), refused=refused)
    except Exception as error:  # an unexpected failure of one sample is recorded with its traceback; the rest goes on
        message = f"{type(error).__name__}: {error}"
        return Outcome(
            item, "crashed", time.monotonic() - started, None, message, traceback.format_exc(), counts=take_counts()
        )
    return Outcome(item, "done", time.monotonic() - started, result, counts=take_counts())


def _serve(connection: Connection, log: str) -> None:
    """Life of a worker: perform items until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _die_with_parent()
    # What adapters and libraries print must not get between results on stdout or the progress bar on stderr.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            connection.send(_perform(connection.recv(), _StepSender(connection)))


class _StepSender:
    """Tells the parent of steps: the last one always, others when a tenth of a second has passed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.last = 0.0

    def __call__(self, _: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self.last >= 0.1:
            self.last = now
            self.connection.send(_StepDone(done, total))


def _die_with_parent() -> None:
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)


@contextlib.contextmanager
def _changed_environment(changes: dict[str, str]) -> Iterator[None]:
    """Set variables for a child that is started inside: spawned processes take over ``os.environ``."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"the worker process died of {signal.Signals(-exitcode).name}"
    return f"the worker process ended with exit code {exitcode}"
