"""``a2bench suites fetch``: the images of a suite that do not lie beside it, and what can be run with those that do."""

import json
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import click

from a2bench.model.cases import SPLITS, Suite, load_suite

if TYPE_CHECKING:
    from a2bench.show.progress import TerminalProgress
    from a2bench.suites.fetch import FetchResult

EXIT_INCOMPLETE = 3
_LINE_EVERY = 10.0
"""Seconds between two lines about one file where there is no terminal."""


@click.command("fetch")
@click.argument("suite_name", metavar="SUITE")
@click.option(
    "--from",
    "source",
    metavar="DIR|ARCHIVE|hub:OWNER/NAME@REVISION",
    help="Where the images are: a folder, a .zip archive, or a data set on a model hub. Default: the suite's "
    "reference pack, then the public repositories of its catalogue.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def fetch_command(ctx: click.Context, suite_name: str, source: str | None, as_json: bool) -> None:
    """Fetch the images of a suite that do not lie beside it into the cache, verified one by one.

    The same command goes on where it stopped. Exit code 0 when every image is here, 3 when some are not.
    """
    from a2bench.cli.interrupt import interruptible
    from a2bench.show.progress import TerminalProgress

    suite = load_suite(suite_name)
    progress = TerminalProgress(-1 if as_json else 0)
    with interruptible(ctx, "what was fetched is kept; run the same command again to go on"):
        result = _fetch_from(suite, source, progress) if source else _fetch(suite, progress)
    _echo(suite, result, as_json=as_json)
    if not result.complete:
        ctx.exit(EXIT_INCOMPLETE)


def _fetch_from(suite: Suite, source: str, progress: "TerminalProgress") -> "FetchResult":
    from a2bench.suites.fetch import fetch_images, missing_images

    progress.stage("fetch", len(missing_images(suite)), 0, noun="images")
    try:
        return fetch_images(
            suite, source, lambda file, failure: progress.sample(file, failure or "fetched", failed=failure is not None)
        )
    finally:
        progress.end()


def _fetch(suite: Suite, progress: "TerminalProgress") -> "FetchResult":
    from a2bench.suites.public import PublicFetch

    fetch = PublicFetch(suite)
    if fetch.number:
        progress.note(f"{suite.name}: {fetch.plan}")
    told = _Told(progress, fetch.number, late=bool(fetch.pack) and not sys.stderr.isatty())
    try:
        return fetch.run(told.image, told.bytes)
    finally:
        progress.end()


class _Told:
    """Hands on what was fetched: images to the progress, bytes to a bar on a terminal or a line now and then elsewhere.

    late: the stage begins with the first image, so that the time that the pack took is not taken for an image's.
    """

    def __init__(self, progress: "TerminalProgress", number: int, *, late: bool) -> None:
        self._progress, self._number, self._last, self._begun = progress, number, time.monotonic(), False
        if number and not late:
            self._begin()

    def _begin(self) -> None:
        self._begun = True
        self._progress.stage("fetch", self._number, 0, noun="images")

    def image(self, file: str, failure: str | None) -> None:
        if not self._begun:
            self._begin()
        self._progress.sample(file, failure or "fetched", failed=failure is not None)

    def bytes(self, name: str, done: int, whole: int) -> None:
        from a2bench.suites.public import PACK

        if self._progress.verbosity < 0:
            return
        if sys.stderr.isatty():
            if name == PACK:  # an image is soon there
                self._progress.step(f"{name}, kB", done // 1000, whole // 1000)
        elif time.monotonic() - self._last > _LINE_EVERY:
            self._last = time.monotonic()
            click.echo(f"fetch: {name}: {done / 1e6:.1f} of {whole / 1e6:.1f} MB", err=True)


def _echo(suite: Suite, result: "FetchResult", *, as_json: bool) -> None:
    from a2bench.base.data import cache_dir
    from a2bench.suites.fetch import runnable_cases
    from a2bench.suites.sources import NAMED_SOURCES

    cases = runnable_cases(suite)
    if as_json:
        facts = {"cases": len(suite.cases), "runnable": [case.id for case in cases]}
        click.echo(json.dumps({"suite": suite.name, "complete": result.complete, **vars(result), **facts}, indent=2))
        return
    click.echo(
        f"{suite.name}: {len(result.beside)} images come with the suite, {len(result.kept)} were here, "
        f"{len(result.fetched)} fetched into {cache_dir() / 'references'}, "
        f"{len(result.failures) + len(result.pack_only)} missing"
    )
    if result.pack_failure:
        click.echo(f"the reference pack could not be used: {result.pack_failure}", err=True)
    if result.pack_only:
        trouble = "could not be used" if result.pack_failure else "has no public address yet"
        click.echo(
            f"{len(result.pack_only)} images are only in the reference pack, which {trouble} (no public repository has "
            f"these very bytes: they were scaled, cropped or rendered); --from takes them from {NAMED_SOURCES}:"
        )
        names = "  ".join(sorted(result.pack_only))
        click.echo(
            textwrap.fill(
                names, 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
            )
        )
    if result.failures:
        click.echo("to try the failed ones again, run the same command again")
    click.echo(_runnable(suite, [case.split or "no split" for case in cases]))


def _runnable(suite: Suite, splits: list[str]) -> str:
    """How many cases have all their images, in all and by split; ``splits`` has the split of each such case."""
    if len(splits) == len(suite.cases):
        return f"all {len(suite.cases)} cases can be run"
    names = [split for split in SPLITS if any(case.split == split for case in suite.cases)]
    counts = [f"{splits.count(name)} of {sum(case.split == name for case in suite.cases)} in {name}" for name in names]
    parts = f" ({', '.join(counts)})" if len(names) > 1 else ""
    return (
        f"{len(splits)} of {len(suite.cases)} cases have all their images and can be run now{parts}; --json names them "
        "(`runnable`), and `a2bench eval --cases ID,ID,...` runs them"
    )
