"""How far a run is, on stderr: a bar with the time left on a terminal, a line now and then elsewhere."""

import sys
import time
from typing import Any

import click


class TerminalProgress:
    """Tells a person how far it is.

    verbosity: -1 only failures, 0 a bar or a line every few seconds, 1 a line for every sample.
    """

    def __init__(self, verbosity: int = 0) -> None:
        self.verbosity = verbosity
        self._bar: Any = None
        self._under_way: dict[str, Any] = {}
        self._name, self._total, self._finished, self._failed = "", 0, 0, 0
        self._started = self._last_line = 0.0

    def stage(self, name: str, total: int, already_done: int, noun: str = "samples") -> None:
        """A stage begins."""
        self._name, self._total, self._finished, self._failed = name, total, 0, 0
        self._started = self._last_line = time.monotonic()
        if self.verbosity >= 0:
            before = f", {already_done} were done before" if already_done else ""
            click.echo(f"{name}: {total} {noun} to do{before}", err=True)
        if total and self.verbosity == 0 and sys.stderr.isatty():
            self._bar = _rich_bar(name, total)
            self._bar.start()

    def step(self, name: str, done: int, total: int) -> None:
        """A step of a sample under way is done; a terminal gets a bar for each such sample."""
        if not self._bar:
            return
        if name not in self._under_way:
            self._under_way[name] = self._bar.add_task(f"  {name}", total=total, failed="")
        self._bar.update(self._under_way[name], completed=done)

    def sample(self, name: str, text: str, failed: bool) -> None:
        """One sample is finished."""
        self._finished += 1
        self._failed += failed
        if failed or self.verbosity > 0:
            self._say(f"{self._name}: {'FAILED ' if failed else ''}{name}: {text}")
        if self._bar:
            if name in self._under_way:
                self._bar.remove_task(self._under_way.pop(name))
            self._bar.update(self._bar.task_ids[0], advance=1, failed=f"{self._failed} failed" if self._failed else "")
        elif self.verbosity == 0 and self._finished < self._total and time.monotonic() - self._last_line > 10:
            self._last_line = time.monotonic()
            left = (self._last_line - self._started) / self._finished * (self._total - self._finished)
            click.echo(f"{self._name}: {self._finished}/{self._total}, about {duration(left)} left", err=True)

    def note(self, text: str) -> None:
        """Something worth knowing."""
        if self.verbosity >= 0:
            self._say(text)

    def end(self) -> None:
        """The stage is over."""
        if self._bar:
            self._bar.stop()
            self._bar = None
            self._under_way.clear()
        if self._total and self.verbosity >= 0:
            failed = f", {self._failed} failed" if self._failed else ""
            seconds = duration(time.monotonic() - self._started)
            click.echo(f"{self._name}: {self._finished}/{self._total} in {seconds}{failed}", err=True)

    def _say(self, text: str) -> None:
        if self._bar:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            click.echo(text, err=True)


def _rich_bar(name: str, total: int | None) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failed]}"),
        console=Console(stderr=True),
    )
    bar.add_task(name, total=total, failed="")
    return bar


class StepProgress:
    """One video under way: a bar of its steps with the time left on a terminal, a line now and then elsewhere.

    Used as a context; until the first step is told (loading, encoding) and from the last one on (decoding, writing) the
    bar says so.
    """

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        self.name, self.quiet = name, quiet
        self._bar: Any = None
        self._started = self._first = self._last_line = 0.0

    def __enter__(self) -> "StepProgress":
        self._started = self._last_line = time.monotonic()
        if not self.quiet and sys.stderr.isatty():
            self._bar = _rich_bar(f"{self.name}: loading", None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None

    def step(self, _: str, done: int, total: int) -> None:
        """``done`` of ``total`` steps are done."""
        now = time.monotonic()
        self._first = self._first or now
        if self._bar:
            what = "steps" if done < total else "decoding"
            self._bar.update(
                self._bar.task_ids[0], description=f"{self.name}: {what}", completed=done, total=total, refresh=True
            )
        elif not self.quiet and (now - self._last_line > 10 or done == total):
            self._last_line = now
            left = (now - self._first) / (done - 1) * (total - done) if done > 1 else None
            about = f", about {duration(left)} left" if left else ""
            click.echo(f"{self.name}: step {done}/{total}{about}", err=True)


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(7.34), duration(75), duration(7500)
    ('7.3 s', '1 min 15 s', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
