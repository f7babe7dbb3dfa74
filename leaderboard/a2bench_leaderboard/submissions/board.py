"""Submissions on a board: which runs are some, where their scores come from, and what the log says of all of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from a2bench.base.hashing import file_sha256
from a2bench.errors import InputError
from a2bench_leaderboard.submissions.check import check_content
from a2bench_leaderboard.submissions.content import MANIFEST
from a2bench_leaderboard.submissions.folder import is_submission, opened
from a2bench_leaderboard.submissions.log import SubmissionLog


@contextmanager
def opened_runs(runs: Sequence[Path], suite_file: Path | None = None) -> Iterator[list[Path]]:
    """Run folders: runs as they are, submissions checked and archives unpacked as long as this is open.

    Raises:
        InputError: a submission that something is wrong with.
    """
    with ExitStack() as stack:
        folders = []
        for run in runs:
            if not is_submission(run):
                folders.append(run)
                continue
            found = stack.enter_context(opened(run))
            said = [finding.message for finding in check_content(found.files, found.findings, suite_file).errors]
            if said:
                more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
                raise InputError(f"{run}: {said[0]}{more}; `a2bench submit check {run}` says all")
            folders.append(found.folder)
        yield folders


def scores_from(name: str, folder: Path, log: SubmissionLog | None) -> Literal["measured", "recomputed", "reported"]:
    """Where the scores of a run come from: measured here, or those of a submission, computed again or merely said.

    Raises:
        InputError: a submission that is not in the log, or is there as withdrawn or refused.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return "measured"
    if log is None:
        return "reported"
    sha256 = file_sha256(manifest)
    known = [one for one in log.submissions() if one.sha256 == sha256]
    if not known:
        raise InputError(f"{name!r} never arrived in {log.folder}; `a2bench submit receive` takes it in")
    standing = [one for one in known if one.state == "accepted"]
    if not standing:
        raise InputError(f"{name!r} is number {known[-1].number} in the log, {known[-1].state}: {known[-1].why}")
    return "recomputed" if any(one.recomputed for one in standing) else "reported"


def logged(log: SubmissionLog) -> dict[str, Any]:
    """What a board shows of the log: every arrival, and how many there are of each system."""
    received = log.submissions()
    keys = ("number", "at", "archive", "sha256", "state", "why", "recomputed")
    states = Counter((one.facts["system"], one.state) for one in received)
    systems = sorted({one.facts["system"] for one in received} - {None})
    return {
        "head": log.head,
        "events": len(log.events),
        "received": [
            {key: getattr(one, key) for key in keys}
            | {key: one.facts[key] for key in ("system", "revision", "suite", "signed_by")}
            for one in received
        ],
        "systems": [
            {
                "system": system,
                "received": sum(number for (name, _), number in states.items() if name == system),
                "withdrawn": states[system, "withdrawn"],
                "refused": states[system, "refused"],
            }
            for system in systems
        ],
    }
