"""Ctrl-C and SIGTERM end a command in order, with a sentence and exit code 130."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

EXIT_INTERRUPTED = 130


@contextmanager
def interruptible(ctx: click.Context, told: str) -> Iterator[None]:
    """Let an interrupt unwind what is inside, then print ``told`` and exit."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\ninterrupted; {told}", err=True)
        ctx.exit(EXIT_INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)
