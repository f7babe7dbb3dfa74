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
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Literal, Protocol

from a2bench.base.counting import take_counts
from a2bench.base.steps import listening
from a2bench.errors import A2BenchError, InputError, OutputError


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


@dataclass(frozen=True)
class _Made:
    """What a worker says when it can begin another item while it finishes this one."""


@dataclass(frozen=True)
class Later:
    """What the function of an item returns when the rest needs no GPU: it is done beside the next item.

    finish: makes the result; runs in a thread, one at a time in each worker.
    """

    finish: Callable[[], Any]


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
class _Job:
    item: WorkItem
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    making: _Job | None = None
    finishing: _Job | None = None

    @property
    def jobs(self) -> list[_Job]:
        """What it works on, the older first."""
        return [job for job in (self.finishing, self.making) if job]


class LocalExecutor:
    """Runs items in ``workers`` spawned processes.

    retry: how often a crashed item is given to a worker again. timeout: seconds for one item, after which its worker is
    killed. logs: folder for what workers print. environment: set in the workers before they import anything.
    on_step: is told of the steps of the items under way, of each item about ten times a second at most. gpus: one value
    of ``CUDA_VISIBLE_DEVICES`` for each worker, in turn; none leaves all GPUs to all.
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
            while waiting or any(worker.jobs for worker in self._workers):
                self._hand_out(waiting)
                for outcome in self._collect(waiting):
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
            if worker.making is None and waiting:
                worker.making = _Job(waiting.popleft())
                with contextlib.suppress(BrokenPipeError, ConnectionError):  # a dead worker is seen by _collect
                    worker.connection.send(worker.making.item)

    def _collect(self, waiting: deque[WorkItem]) -> Iterator[Outcome]:
        busy = [worker for worker in self._workers if worker.jobs]
        wait([worker.connection for worker in busy], timeout=self._seconds_to_next_timeout(busy))
        for worker in busy:
            try:
                yield from self._heard(worker)
            except (EOFError, ConnectionError):
                worker.process.join()
                if worker.process.exitcode == UNGUARDED:
                    raise InputError(UNGUARDED_TEXT) from None
                # What it was making is to blame, not what it was writing.
                yield self._lost(worker, worker.jobs[-1], _death(worker.process.exitcode), waiting)
            late = [job for job in worker.jobs if self.timeout is not None and job.seconds > self.timeout]
            if late:
                self._kill(worker)
                yield self._lost(worker, late[0], f"took longer than {self.timeout:g} s; see --timeout", waiting)

    def _heard(self, worker: _Worker) -> Iterator[Outcome]:
        """The outcomes that a worker has sent; steps before them are passed on."""
        while worker.jobs and worker.connection.poll():
            message: Outcome | _StepDone | _Made = worker.connection.recv()
            if isinstance(message, Outcome):
                if worker.finishing and worker.finishing.item == message.item:
                    worker.finishing = None
                else:
                    worker.making = None
                yield message
            elif isinstance(message, _Made):
                worker.making, worker.finishing = None, worker.making
            elif self.on_step and worker.making:
                self.on_step(worker.making.item.id, message.done, message.total)

    def _lost(self, worker: _Worker, guilty: _Job, error: str, waiting: deque[WorkItem]) -> Outcome:
        """A worker is gone, by one of its jobs; the other is done again."""
        waiting.extendleft(job.item for job in worker.jobs if job is not guilty)
        worker.making = worker.finishing = None
        self._restart(worker)
        return Outcome(guilty.item, "crashed", guilty.seconds, error=error)

    def _seconds_to_next_timeout(self, busy: list[_Worker]) -> float | None:
        if self.timeout is None:
            return None
        return max(0.0, self.timeout - max(job.seconds for worker in busy for job in worker.jobs) + 0.01)

    def _restart(self, worker: _Worker) -> None:
        worker.connection.close()
        fresh = self._start(self._workers.index(worker))
        worker.process, worker.connection = fresh.process, fresh.connection

    def _kill(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()

    def _stop(self) -> None:
        for worker in self._workers:
            if worker.jobs:
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
    """Do all of an item."""
    outcome = _begin(item, on_step)
    return _finish(outcome) if isinstance(outcome.result, Later) else outcome


def _begin(item: WorkItem, on_step: StepObserver | None = None) -> Outcome:
    """Do an item; its result may be `Later`."""
    module, _, name = item.function.partition(":")
    take_counts()
    with listening(lambda done, total: on_step(item.id, done, total) if on_step else None):
        started = time.monotonic()
        outcome = _attempt(item, started, lambda: getattr(importlib.import_module(module), name)(item.argument))
    return replace(outcome, counts=take_counts())


def _finish(made: Outcome) -> Outcome:
    """The rest of an item; counts are left to what is made at the same time."""
    outcome = _attempt(made.item, time.monotonic() - made.seconds, made.result.finish)
    return replace(outcome, counts=made.counts)


def _attempt(item: WorkItem, started: float, call: Callable[[], Any]) -> Outcome:
    """Call something and say what became of it."""
    status: Literal["failed", "output"]
    try:
        result = call()
    except A2BenchError as error:
        status = "output" if isinstance(error, OutputError) else "failed"
        refused = isinstance(error, InputError)
        return Outcome(item, status, time.monotonic() - started, error=str(error), refused=refused)
    except Exception as error:  # an unexpected failure of one sample is recorded with its traceback; the rest goes on
        message = f"{type(error).__name__}: {error}"
        return Outcome(item, "crashed", time.monotonic() - started, None, message, traceback.format_exc())
    return Outcome(item, "done", time.monotonic() - started, result)


def _serve(connection: Connection, log: str) -> None:
    """Life of a worker: perform items until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _die_with_parent()
    # What adapters and libraries print must not get between results on stdout or the progress bar on stderr.
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sending = threading.Lock()

    def send(message: Outcome | _StepDone | _Made) -> None:
        with sending:
            connection.send(message)

    def finish(made: Outcome) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionError):
            send(_finish(made))

    finishing: threading.Thread | None = None
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            outcome = _begin(connection.recv(), _StepSender(send))
            if finishing:
                finishing.join()
                finishing = None
            if isinstance(outcome.result, Later):
                send(_Made())
                finishing = threading.Thread(target=finish, args=(outcome,), daemon=True)
                finishing.start()
            else:
                send(outcome)


class _StepSender:
    """Tells the parent of steps: the last one always, others when a tenth of a second has passed."""

    def __init__(self, send: Callable[[_StepDone], None]) -> None:
        self.send = send
        self.last = 0.0

    def __call__(self, _: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self.last >= 0.1:
            self.last = now
            self.send(_StepDone(done, total))


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


UNGUARDED = 86
"""With what a worker ends whose start came to the call that had started it."""
UNGUARDED_TEXT = (
    "the script calls A2Bench while it is imported, which every worker process does; put the call under "
    '`if __name__ == "__main__":`'
)


def leave_if_imported_by_a_worker() -> None:
    """End this process, if it is a worker that is only importing its parent's script."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        os._exit(UNGUARDED)


def check_guarded() -> None:
    """Find out, before anything is written, whether workers can be started from this script.

    Raises:
        InputError: it has no ``__main__`` guard.
    """
    if getattr(sys.modules["__main__"], "__file__", None) is None:
        return  # a prompt or a notebook: workers import nothing of it
    process = multiprocessing.get_context("spawn").Process(target=_nothing)
    process.start()
    process.join()
    if process.exitcode == UNGUARDED:
        raise InputError(UNGUARDED_TEXT)


def _nothing() -> None:
    pass


def _death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"the worker process died of {signal.Signals(-exitcode).name}"
    return f"the worker process ended with exit code {exitcode}"
