"""The log of arrivals: what was handed in and when, chained by hashes, with nothing ever taken out.

    log.jsonl            a journal (`a2bench.run.journal`) of events, each with the hash of the one before
    archives/            every archive that arrived, by its SHA-256

A submission that is withdrawn stays listed: whoever hands in ten and withdraws nine is seen to have done so. A
changed, dropped or inserted event breaks the chain; a log cut off at its end shows against a hash that was published
before, such as the one on every board that was built with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from a2bench.base.files import check_outside_of_runs, copy_file, explained_output_errors, sync_folder
from a2bench.base.hashing import file_sha256, value_sha256
from a2bench.base.text import one_line
from a2bench.errors import InputError, RunLockedError
from a2bench.run.journal import append_records, read_journal
from a2bench.run.store import now
from a2bench_leaderboard.submissions.check import Checked
from a2bench_leaderboard.submissions.recompute import Recomputed

FIRST = "0" * 64
JOURNAL, ARCHIVES = "log.jsonl", "archives"


class Event(BaseModel):
    """One line of the log.

    archive: SHA-256 of the archive that it is about. previous: ``sha256`` of the event before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    at: str
    action: Literal["arrived", "checked", "withdrawn"]
    archive: str
    detail: dict[str, Any]
    previous: str
    sha256: str

    @property
    def digest(self) -> str:
        """What ``sha256`` must be."""
        return value_sha256([self.number, self.at, self.action, self.archive, self.detail, self.previous])


@dataclass(frozen=True)
class Submission:
    """What the log says of one archive, by its latest check.

    number: of its arrival, from 1, by which people name it. sha256: of its manifest, None of what could not be read.
    state: ``accepted`` (nothing was found wrong), ``refused`` or ``withdrawn``. why: for the latter two.
    recomputed: whether all its scores were made again from its videos with the same result.
    """

    number: int
    at: str
    archive: str
    sha256: str | None
    state: Literal["accepted", "refused", "withdrawn"]
    why: str
    recomputed: bool
    facts: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {**vars(self), "facts": dict(self.facts)}


class SubmissionLog:
    """The log in a folder; reading needs no lock.

    Raises:
        InputError: the folder holds no log (and ``create`` is not given), or one that was altered.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        if create:
            if folder.exists() and not (folder / JOURNAL).is_file() and (not folder.is_dir() or any(folder.iterdir())):
                raise InputError(f"{folder} is no log of submissions and not empty; choose another folder with --log")
        elif not (folder / JOURNAL).is_file():
            raise InputError(
                f"{folder} is no log of submissions; `a2bench submit receive ARCHIVE --log FOLDER` starts one"
            )
        self.events = self._whole_events()

    def _whole_events(self) -> list[Event]:
        events, problems = read_events(self.folder)
        if problems:
            raise InputError(f"{self.folder} was altered: {problems[0]}; `a2bench submit log {self.folder}` says all")
        return events

    @property
    def head(self) -> str:
        """Hash of the last event, which stands for all of them."""
        return self.events[-1].sha256 if self.events else FIRST

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the log for writing.

        Raises:
            RunLockedError: another process holds it.
        """
        if not (self.folder / JOURNAL).exists():
            check_outside_of_runs(self.folder)
        with explained_output_errors(self.folder):
            (self.folder / ARCHIVES).mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock", timeout=30)
            try:
                lock.acquire()
            except Timeout:
                raise RunLockedError(f"another process writes to {self.folder}; try again when it has ended") from None
        try:
            self.events = self._whole_events()
            yield
        finally:
            lock.release()

    def _add(self, action: Literal["arrived", "checked", "withdrawn"], archive: str, detail: dict[str, Any]) -> Event:
        facts = {
            "number": len(self.events) + 1, "at": now(), "action": action, "archive": archive, "detail": detail,
            "previous": self.head, "sha256": "",
        }  # fmt: skip
        draft = Event.model_validate(facts)
        event = draft.model_copy(update={"sha256": draft.digest})
        with explained_output_errors(self.folder):
            append_records(self.folder / JOURNAL, [event.model_dump(mode="json")])
        self.events.append(event)
        return event

    def arrive(self, path: Path) -> tuple[str, bool]:
        """Keep an archive and write down that it came, before anybody looks into it; the caller holds the lock.

        Returns:
            Its SHA-256, and whether it is new: the same bytes arrive once.
        """
        archives = self.folder / ARCHIVES
        with explained_output_errors(self.folder):
            temporary = archives / ".part"  # left by a killed process: the next arrival takes its place
            copy_file(path, temporary)
            sha256 = file_sha256(temporary)
            if is_new := all(event.archive != sha256 for event in self.events):
                temporary.replace(archives / f"{sha256}.zip")
                sync_folder(archives)
            else:
                temporary.unlink()
        if is_new:
            self._add("arrived", sha256, {"bytes": (archives / f"{sha256}.zip").stat().st_size})
        return sha256, is_new

    def lacks(self, path: Path, checked: Checked) -> str | None:
        """Why a submission is not one that arrived, or None when it is: what was edited to fit shows here."""
        known = self.submissions()
        archive = file_sha256(path) if path.is_file() else None
        if any(one.archive == archive if archive else one.sha256 == checked.sha256 for one in known):
            return None
        name = checked.records.run.system.name if checked.records else None
        same = [str(one.number) for one in known if name and one.facts["system"] == name]
        instead = f"number {', '.join(same)} of {name!r} is another" if same else "nothing of this system did"
        return f"it never arrived in {self.folder}: {instead}"

    def checked(self, archive: str, result: Checked | str, recomputed: Recomputed | None = None) -> None:
        """Write down what a check of an archive found (or why it could not be opened); the caller holds the lock."""
        self._add("checked", archive, _check_facts(result, recomputed))

    def withdraw(self, which: str, reason: str) -> Submission:
        """Take a submission back; it stays listed. The caller holds the lock.

        Raises:
            InputError: no such submission, or it was withdrawn already.
        """
        found = self.find(which)
        if found.state == "withdrawn":
            raise InputError(f"submission {found.number} was withdrawn already: {found.why}")
        self._add("withdrawn", found.archive, {"reason": one_line(reason)})
        return self.find(which)

    def find(self, which: str) -> Submission:
        """A submission by its number, or by the beginning (eight digits or more) of the hash of archive or manifest.

        Raises:
            InputError: none, or several.
        """
        known = self.submissions()
        found = [
            one
            for one in known
            if str(one.number) == which
            or (
                len(which) >= 8
                and (one.archive.startswith(which.lower()) or (one.sha256 or "").startswith(which.lower()))
            )
        ]
        if len(found) != 1:
            numbers = ", ".join(str(one.number) for one in known) or "none"
            raise InputError(
                f"{len(found) or 'no'} submissions in {self.folder} are {which!r}; it has the numbers {numbers}"
            )
        return found[0]

    def submissions(self) -> list[Submission]:
        """Every archive that ever arrived, in that order."""
        by_archive: dict[str, list[Event]] = {}
        for event in self.events:
            by_archive.setdefault(event.archive, []).append(event)
        return [_submission(number, events) for number, events in enumerate(by_archive.values(), start=1)]


def _submission(number: int, events: Sequence[Event]) -> Submission:
    latest = {event.action: event.detail for event in events}
    facts, withdrawn = latest.get("checked", {}), latest.get("withdrawn")
    state: Literal["accepted", "refused", "withdrawn"] = "accepted"
    why = ""
    if withdrawn:
        state, why = "withdrawn", withdrawn["reason"]
    elif facts.get("errors") != 0:
        messages = facts.get("messages") or ["not checked yet"]
        state, why = (
            "refused",
            messages[0] + (f" (and {facts['errors'] - 1} more)" if facts.get("errors", 0) > 1 else ""),
        )
    recomputed = any(
        event.action == "checked" and event.detail["errors"] == 0 and event.detail["recomputed"] for event in events
    )
    first = events[0]
    return Submission(
        number, first.at, first.archive, facts.get("sha256"), state, why, recomputed,
        {**first.detail, **{key: facts.get(key) for key in ("system", "revision", "suite", "samples", "signed_by")}},
    )  # fmt: skip


def _check_facts(result: Checked | str, recomputed: Recomputed | None) -> dict[str, Any]:
    if isinstance(result, str):
        return {"errors": 1, "warnings": 0, "messages": [one_line(result)], "recomputed": False}
    findings = [*result.findings, *(recomputed.findings if recomputed else ())]
    errors = [finding.message for finding in findings if finding.severity == "error"]
    run = result.records.run if result.records else None
    return {
        "errors": len(errors),
        "warnings": len(findings) - len(errors),
        "messages": errors[:10],
        "sha256": result.sha256,
        "signed_by": result.signed_by,
        "with_videos": result.with_videos,
        "system": run.system.name if run else None,
        "revision": one_line(run.system.revision) if run else None,
        "suite": f"{one_line(run.suite.name)} {one_line(run.suite.revision)}" if run else None,
        "samples": len(run.samples) if run else None,
        "recomputed": recomputed is not None and recomputed.all_equal,
        "scores": {"claimed": recomputed.claimed, "equal": recomputed.equal} if recomputed else None,
    }


def read_events(folder: Path) -> tuple[list[Event], list[str]]:
    """The events of a log, and where it was altered: lines that are damaged or do not follow from the one before."""
    contents = read_journal(folder / JOURNAL)
    problems = [f"line {line} is damaged" for line in contents.damaged_lines]
    events: list[Event] = []
    previous = FIRST
    for number, record in enumerate(contents.records, start=1):
        try:
            event = Event.model_validate(record)
        except ValidationError:
            problems.append(f"event {number} is none of this version")
            continue
        if (event.number, event.previous, event.sha256) != (number, previous, event.digest):
            problems.append(f"event {number} was changed, dropped or inserted")
        previous = event.sha256
        events.append(event)
    return events, problems


def log_problems(folder: Path, expected: Sequence[str] = ()) -> list[str]:
    """Everything that is wrong with a log: its chain, its archives, and events that it no longer has.

    Args:
        folder: of the log.
        expected: hashes of events that it must hold, as published by a board or told to a submitter.
    """
    events, problems = read_events(folder)
    hashes = {event.sha256 for event in events}
    problems += [
        f"no event has the hash {one}: the log was cut off or made anew" for one in expected if one not in hashes
    ]
    for event in events:
        if event.action == "arrived":
            kept = folder / ARCHIVES / f"{event.archive}.zip"
            if not kept.is_file():
                problems.append(f"{ARCHIVES}/{kept.name} is missing")
            elif file_sha256(kept) != event.archive:
                problems.append(f"{ARCHIVES}/{kept.name} was altered")
    return problems
