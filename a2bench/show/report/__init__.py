"""The report of one or more runs: one HTML file, its media and its tables, to open from disk or to send as a folder."""

import contextlib
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from a2bench.base.files import check_outside_of_runs, explained_output_errors, file_key
from a2bench.errors import InputError, OutputError
from a2bench.peers.reported import Reported
from a2bench.results.named import named_runs
from a2bench.results.run import Run
from a2bench.results.validity_file import known_validity
from a2bench.show.files import write_tables
from a2bench.show.report.data import check_comparable, page_data
from a2bench.show.report.media import MediaFolder
from a2bench.show.report.page import GENERATOR, page_html

logger = logging.getLogger(__name__)

_PARTS = {"index.html", "media", "tables"}


def write_report(
    runs: Sequence[Run | Path], output: Path, validity: Path | None = None, reported: Sequence[Reported] = ()
) -> Path:
    """Write ``index.html``, ``media/`` and ``tables/`` of these runs to the folder ``output``.

    Metrics are marked by the verdicts of the file ``validity`` (`a2bench metrics validate`) and the shipped ones; a run
    that is open already keeps those that it was opened with.
    Results of other suites (``reported``) stand in tables of their own.

    The new report is made beside the old one and takes its place when it is complete.

    Returns:
        The path of ``index.html``.

    Raises:
        InputError: a folder is no run, ``validity`` is no file of verdicts, the runs are over different suites, or
            ``output`` holds something else.
        OutputError: the folder cannot be written.
    """
    if not runs:
        raise InputError("no run to report; name at least one run folder")
    verdicts = known_validity(validity)
    named = named_runs([run if isinstance(run, Run) else Run.open(run, verdicts) for run in runs])
    check_comparable(named)
    folders = [run.store.folder for run in named.values()]
    _check_replaceable(output, folders)
    place = output.resolve()  # where a link leads: the link stays
    metrics = tuple(dict.fromkeys(metric for run in named.values() for metric in run.manifest.metrics))
    with explained_output_errors(output), _replacing(place) as folder:
        earlier = [output / "media", *(run / place for run in folders for place in ("pictures", "report/media"))]
        media = MediaFolder(folder, earlier, replaced=place)
        data = page_data(named, metrics, media, reported)
        write_tables(named, metrics, folder / "tables")
        (folder / "index.html").write_text(page_html(data), encoding="utf-8", newline="\n")
    return output / "index.html"


def _check_replaceable(output: Path, runs: list[Path]) -> None:
    if any(run.resolve().is_relative_to(output.resolve()) for run in runs):
        raise InputError(f"{output} holds a run; write the report to a folder of its own, such as {output / 'report'}")
    if output.resolve() not in [run.resolve() / "report" for run in runs]:
        check_outside_of_runs(output)
    if not output.exists():
        return
    if not output.is_dir():
        raise InputError(f"{output} is a file; choose a folder with --output")
    names = {path.name for path in output.iterdir()}
    page = output / "index.html"
    is_report = page.is_file() and GENERATOR in page.read_bytes()[:2000].decode("utf-8", "replace")
    if names and not (names <= _PARTS and is_report):
        raise InputError(f"{output} holds something other than a report; choose another folder with --output")


@contextlib.contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """A temporary folder beside ``output`` (which is no link) that takes its place when the block ends well."""
    output.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{file_key(output.name)}.tmp-"
    _remove_leftovers(output.parent, prefix)
    work = Path(tempfile.mkdtemp(prefix=prefix, dir=output.parent))
    try:
        new, old = work / "new", work / "old"
        new.mkdir()
        yield new
        if output.exists():
            output.rename(old)
        try:
            new.rename(output)
        except OSError as error:
            if old.exists():
                old.rename(output)
            raise OutputError(f"cannot put the new report in place of {output}: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _remove_leftovers(parent: Path, prefix: str) -> None:
    """Remove what a killed report left behind an hour ago or earlier."""
    for leftover in parent.iterdir():
        with contextlib.suppress(OSError):
            if leftover.name.startswith(prefix) and time.time() - leftover.lstat().st_mtime > 3600:
                shutil.rmtree(leftover, ignore_errors=True)
