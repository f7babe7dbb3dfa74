"""``a2bench submit``: pack a run for a leaderboard, say all that is wrong with one, and keep the log of arrivals."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from a2bench.cli.numbers import FiniteRange
from a2bench.errors import InputError

if TYPE_CHECKING:
    from a2bench.suites.finding import Finding
    from a2bench_leaderboard.submissions.check import Checked
    from a2bench_leaderboard.submissions.log import Submission
    from a2bench_leaderboard.submissions.recompute import Recomputed

_PATH = click.Path(path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
_suite = click.option(
    "--suite", "suite_file", type=_PATH, help="File of the suite, where it does not come with A2Bench."
)
_workers = click.option(
    "--workers", "-j", type=click.IntRange(min=0), default=0, show_default=True,
    help="Worker processes of --recompute; 0 takes one per core.",
)  # fmt: skip
_timeout = click.option(
    "--timeout", type=FiniteRange(min=0, min_open=True), default=1800, show_default=True,
    help="Seconds that --recompute gives one video.",
)  # fmt: skip
_recompute = click.option(
    "--recompute", is_flag=True, help="Score the videos again and compare every number with the one claimed."
)


@click.group("submit")
def submit_group() -> None:
    """Submissions to a leaderboard: pack a run, check one, log what arrives."""


@submit_group.command("key")
@click.argument("output", type=_PATH, metavar="FILE")
def key_command(output: Path) -> None:
    """Make a key to sign with, once: FILE is the private one, and the public one is printed."""
    from a2bench_leaderboard.submissions.signature import write_key

    click.echo(f"public key {write_key(output)}")
    click.echo(f"{output}: the private key; keep it, and give it to nobody", err=True)


@submit_group.command("pack")
@click.argument("run", type=_PATH)
@click.option("--output", "-o", type=_PATH, required=True, help="A .zip archive, or a folder.")
@click.option("--scores-only", is_flag=True, help="Leave the videos out; a board then calls the scores `reported`.")
@click.option("--sign", "key", type=_PATH, metavar="KEY", help="Sign with this private key (`a2bench submit key`).")
@_suite
@_json
def pack_command(
    run: Path, output: Path, scores_only: bool, key: Path | None, suite_file: Path | None, as_json: bool
) -> None:
    """Pack a run as a submission: videos, scores, settings, and the hash of everything.

    Equal runs give equal bytes. Tracebacks and places of files on this machine are left out; options of the system go
    with it, and are printed here so that no secret leaves unseen.
    """
    from a2bench_leaderboard.submissions.pack import pack

    packed = pack(run, output, scores_only=scores_only, key=key, suite_file=suite_file)
    records = packed.checked.records
    assert records is not None
    if as_json:
        facts = {"path": str(packed.path), "submission": packed.sha256, "archive": packed.archive_sha256}
        click.echo(json.dumps({**facts, "warnings": [f.message for f in packed.checked.findings]}, indent=2))
        return
    for finding in packed.checked.findings:
        click.echo(f"{finding.severity}: {finding.message}", err=True)
    options = ", ".join(f"{name}={value}" for name, value in records.run.options.items())
    click.echo(f"{_about(packed.path, packed.checked)}; options: {options or 'none'}")
    click.echo(f"submission {packed.sha256}")
    if packed.archive_sha256:
        click.echo(f"archive    {packed.archive_sha256}")


@submit_group.command("check")
@click.argument("path", type=_PATH, metavar="FOLDER|ARCHIVE")
@_recompute
@click.option(
    "--tolerance",
    type=FiniteRange(min=0),
    default=0.001,
    show_default=True,
    help="With --recompute: share of the larger of two numbers by which they may differ.",
)
@click.option("--key", metavar="HEX", help="Public key that must have signed it.")
@click.option("--log", "log_folder", type=_PATH, help="It must be one that arrived in this log.")
@_suite
@_workers
@_timeout
@_json
def check_command(
    path: Path, recompute: bool, tolerance: float, key: str | None, log_folder: Path | None, suite_file: Path | None,
    workers: int, timeout: float, as_json: bool,
) -> int:  # fmt: skip
    """Say all that is wrong with a submission at once.

    Exit codes: 0 nothing found, 1 something found, 2 not usable at all (no submission, an archive that is refused).
    """
    from dataclasses import replace

    from a2bench.suites.finding import Finding
    from a2bench_leaderboard.submissions.check import check_content
    from a2bench_leaderboard.submissions.folder import opened
    from a2bench_leaderboard.submissions.log import SubmissionLog

    log = SubmissionLog(log_folder) if log_folder else None
    with opened(path) as found:
        checked = check_content(found.files, found.findings, suite_file, key)
        if log and (lack := log.lacks(path, checked)):
            checked = replace(checked, findings=(*checked.findings, Finding("error", None, lack)))
        recomputed = _recomputed(checked, workers, timeout, tolerance, as_json) if recompute else None
        return _tell(path, checked, recomputed, as_json)


@submit_group.command("receive")
@click.argument("archive", type=_PATH)
@click.option("--log", "log_folder", type=_PATH, required=True, help="Folder of the log; made if it is not there.")
@_recompute
@_suite
@_workers
@_timeout
@_json
def receive_command(
    archive: Path,
    log_folder: Path,
    recompute: bool,
    suite_file: Path | None,
    workers: int,
    timeout: float,
    as_json: bool,
) -> int:
    """Take in an archive: log that it came, keep it, then check it and log what was found.

    Refused ones are logged too. The same archive arrives once; a further `receive --recompute` of it adds a check.
    """
    from a2bench_leaderboard.submissions.check import check_content
    from a2bench_leaderboard.submissions.folder import LIMITS, opened
    from a2bench_leaderboard.submissions.log import SubmissionLog

    if not archive.is_file():
        raise InputError(f"no such archive: {archive}; `a2bench submit pack RUN -o FILE.zip` makes one")
    if archive.stat().st_size > 1.01 * LIMITS.total_bytes:
        raise InputError(f"{archive} is larger than {LIMITS.total_bytes / 1e9:.0f} GB; it was not taken in")
    log = SubmissionLog(log_folder, create=True)
    with log.locked():
        sha256, _ = log.arrive(archive)
        try:
            with opened(archive) as found:
                checked = check_content(found.files, found.findings, suite_file)
                recomputed = _recomputed(checked, workers, timeout, None, as_json) if recompute else None
                log.checked(sha256, checked, recomputed)
                code = _tell(archive, checked, recomputed, as_json, log.find(sha256), log.head)
        except InputError as error:
            log.checked(sha256, str(error))
            raise
    return code


@submit_group.command("withdraw")
@click.argument("which", metavar="NUMBER|HASH")
@click.option("--log", "log_folder", type=_PATH, required=True, help="Folder of the log.")
@click.option("--reason", required=True, help="Stands beside it from now on.")
def withdraw_command(which: str, log_folder: Path, reason: str) -> None:
    """Withdraw a submission. It stays in the log and on every board that shows the log."""
    from a2bench_leaderboard.submissions.log import SubmissionLog

    log = SubmissionLog(log_folder)
    with log.locked():
        withdrawn = log.withdraw(which, reason)
    click.echo(f"submission {withdrawn.number} is withdrawn; it stays listed. Log head {log.head}")


@submit_group.command("log")
@click.argument("folder", type=_PATH)
@click.option(
    "--holds", multiple=True, metavar="HASH", help="Hash that the log must hold, as a board or a receipt says it."
)
@_json
def log_command(folder: Path, holds: Sequence[str], as_json: bool) -> int:
    """List every submission that ever arrived, and check the log; exits with 1 when it was altered."""
    from a2bench_leaderboard.submissions.log import JOURNAL, SubmissionLog, log_problems

    if not (folder / JOURNAL).is_file():
        SubmissionLog(folder)  # says what is missing
    problems = log_problems(folder, holds)
    log = None if any("event" in problem or "line" in problem for problem in problems) else SubmissionLog(folder)
    known = log.submissions() if log else []
    if as_json:
        document = {"head": log.head if log else None, "submissions": [one.document() for one in known]}
        click.echo(json.dumps({**document, "problems": problems}, indent=2))
        return 1 if problems else 0
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    for one in known:
        click.echo(_line(one))
    if log:
        click.echo(
            f"{len(known)} submissions, {sum(one.state == 'withdrawn' for one in known)} withdrawn; head {log.head}"
        )
    return 1 if problems else 0


def _line(one: "Submission") -> str:
    facts = one.facts
    what = f"{facts['system']} on {facts['suite']}, {facts['samples']} samples" if facts["system"] else "unreadable"
    scores = ", recomputed" if one.recomputed else ""
    why = f": {one.why}" if one.why else ""
    return f"{one.number:>4}  {one.at}  {one.archive[:16]}  {one.state}{scores}  {what}{why}"


def _recomputed(
    checked: "Checked", workers: int, timeout: float, tolerance: float | None, quiet: bool
) -> "Recomputed | None":
    from a2bench.run.request import ExecutionOptions
    from a2bench.show.progress import TerminalProgress
    from a2bench.suites.finding import Finding
    from a2bench_leaderboard.submissions.recompute import TOLERANCE, Recomputed, compare_scores, scores_again

    progress = TerminalProgress(-1 if quiet else 0)
    try:
        again = scores_again(checked, ExecutionOptions(workers=workers, timeout=timeout), progress)
    except InputError as error:
        return Recomputed(0, 0, (Finding("error", None, str(error)),))
    assert checked.records is not None
    return compare_scores(checked.records.scores, again, TOLERANCE if tolerance is None else tolerance)


def _about(path: Path, checked: "Checked") -> str:
    if not checked.records:
        return f"{path}: its records cannot be read"
    run = checked.records.run
    videos = "with videos" if checked.with_videos else "scores only"
    signed = f"signed by {checked.signed_by[:16]}…" if checked.signed_by else "not signed"
    return (
        f"{path}: {run.system.name} on {run.suite.name}, {len(run.samples)} samples, "
        f"{len(checked.records.scores)} scores, {videos}, {signed}"
    )


def _tell(
    path: Path,
    checked: "Checked",
    recomputed: "Recomputed | None",
    as_json: bool,
    logged: "Submission | None" = None,
    receipt: str | None = None,
) -> int:
    findings: list[Finding] = [*checked.findings, *(recomputed.findings if recomputed else ())]
    errors = sum(finding.severity == "error" for finding in findings)
    scores = "recomputed" if recomputed and recomputed.all_equal and not errors else "reported"
    if as_json:
        document: dict[str, Any] = {
            "path": str(path), "submission": checked.sha256, "signed_by": checked.signed_by,
            "with_videos": checked.with_videos, "errors": errors, "warnings": len(findings) - errors, "scores": scores,
            "recomputed": {"claimed": recomputed.claimed, "equal": recomputed.equal} if recomputed else None,
            "findings": [vars(finding) for finding in findings],
        }  # fmt: skip
        if logged:
            document["log"] = {"number": logged.number, "archive": logged.archive, "head": receipt}
        click.echo(json.dumps(document, indent=2))
        return 1 if errors else 0
    for finding in findings:
        click.echo(f"{finding.severity}: {finding.message}", err=True)
    click.echo(_about(path, checked))
    if recomputed:
        click.echo(f"{recomputed.equal} of {recomputed.claimed} scores were computed again and are equal")
    count = (
        f"{errors} error{'s' * (errors != 1)}, {len(findings) - errors} warning{'s' * (len(findings) - errors != 1)}"
    )
    hint = "; --recompute would compute them again" if checked.with_videos and not recomputed else ""
    click.echo(f"{count}; a board calls its scores {scores!r}{hint}" if not errors else count)
    if logged:
        click.echo(f"number {logged.number} in the log: {logged.state}; receipt {receipt}")
    return 1 if errors else 0
