"""The folder of one run: what is in it, who holds it, and what counts as done.

    run.json          what the run is (RunManifest)
    samples.jsonl     journal of samples           scores.jsonl   journal of scores
    videos/           finished videos              pictures/      strips and posters of videos, for pages
    report/           the page and the tables      logs/          what worker processes printed
    .lock             held by the one process that writes

A file that merely exists is not done. Done is a record whose video has the recorded size and hash.
"""

import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from a2bench.base.files import explained_output_errors, sync_folder, write_atomically
from a2bench.base.hashing import file_sha256
from a2bench.base.invalid import complaint
from a2bench.errors import InputError, RunLockedError
from a2bench.model.records import RunManifest, SampleId, SampleRecord, ScoreRecord, VideoFile
from a2bench.run.journal import append_records, read_journal


class RunStore:
    """One run folder; reading needs no lock, writing does (`locked`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.videos = folder / "videos"
        self.logs = folder / "logs"
        self.damaged: list[str] = []
        """Lines that failed their check, as ``file:line``; their samples count as not done."""

    @cached_property
    def samples(self) -> dict[SampleId, SampleRecord]:
        """The latest record of each sample."""
        latest: dict[SampleId, SampleRecord] = {}
        for record in self._read("samples.jsonl"):
            sample = SampleRecord.model_validate(record)
            latest[sample.case, sample.seed] = sample
        return latest

    @cached_property
    def scores(self) -> dict[tuple[str, int, str], ScoreRecord]:
        """The latest record of each score, by case id, seed and metric."""
        latest: dict[tuple[str, int, str], ScoreRecord] = {}
        for record in self._read("scores.jsonl"):
            score = ScoreRecord.model_validate(record)
            latest[score.case, score.seed, score.metric] = score
        return latest

    def _read(self, name: str) -> Iterator[dict[str, object]]:
        contents = read_journal(self.folder / name)
        self.damaged += [f"{name}:{line}" for line in contents.damaged_lines]
        yield from contents.records

    @property
    def exists(self) -> bool:
        """Whether the folder holds a run."""
        return (self.folder / "run.json").is_file()

    def manifest(self) -> RunManifest:
        """What the run is.

        Raises:
            InputError: the folder holds no run, or its ``run.json`` is damaged.
        """
        if self.folder.is_file():
            raise InputError(
                f"{self.folder} is a file, not the folder of a run; one video is measured in Python: "
                f"a2bench.score({self.folder.name!r}, PROMPT, character=IMAGE)"
            )
        if not self.exists:
            raise InputError(
                f"{self.folder} is not a run: it has no run.json; `a2bench eval -o {self.folder}` makes one"
            )
        try:
            return RunManifest.model_validate_json((self.folder / "run.json").read_bytes())
        except ValidationError as error:
            raise InputError(
                f"{self.folder / 'run.json'} is damaged ({complaint(error).text('JSON')}); "
                "run the `a2bench eval` command of this run again, finished samples are kept"
            ) from None

    @property
    def intact_manifest(self) -> RunManifest | None:
        """What the run is, or None when there is no run or its ``run.json`` is damaged (and will be written anew)."""
        try:
            return self.manifest()
        except InputError:
            return None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for writing; leftovers of a killed process are removed.

        Raises:
            RunLockedError: another process holds it; the message says which.
            OutputError: the folder cannot be written.
        """
        owner = self.folder / ".lock-owner"
        with explained_output_errors(self.folder):
            self.videos.mkdir(parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            with explained_output_errors(self.folder):
                lock.acquire()
        except Timeout:
            raise RunLockedError(f"{self.folder} is in use by {_owner_text(owner)}; wait for it or stop it") from None
        try:
            with explained_output_errors(self.folder):
                owner.write_text(
                    json.dumps(
                        {"host": socket.gethostname(), "pid": os.getpid(), "started": now(), "args": sys.argv[1:]}
                    )
                )
                for place in (".tmp-*", "videos/.tmp-*", "pictures/*/.tmp-*"):
                    for leftover in self.folder.glob(place):
                        leftover.unlink()
            yield
        finally:
            owner.unlink(missing_ok=True)
            lock.release()

    def write_manifest(self, manifest: RunManifest) -> None:
        """Replace ``run.json`` in one step."""
        with explained_output_errors(self.folder):
            write_atomically(self.folder / "run.json", (manifest.model_dump_json(indent=2) + "\n").encode())

    def temporary_video(self, name: str) -> Path:
        """Where a worker writes a video before it is published."""
        return self.videos / f".tmp-{name}"

    def publish_video(self, temporary: Path, name: str) -> Path:
        """Give a complete, synced video its final name."""
        final = self.videos / name
        with explained_output_errors(self.folder):
            temporary.replace(final)
            sync_folder(self.videos)
        return final

    def record_sample(self, record: SampleRecord) -> None:
        """Write down what became of a sample."""
        with explained_output_errors(self.folder):
            append_records(self.folder / "samples.jsonl", [record.model_dump(mode="json")])
        self.samples[record.case, record.seed] = record

    def record_scores(self, records: Iterable[ScoreRecord]) -> None:
        """Write down scores, all or (after a crash) some of them; the missing ones are computed again."""
        records = list(records)
        with explained_output_errors(self.folder):
            append_records(self.folder / "scores.jsonl", [record.model_dump(mode="json") for record in records])
        for record in records:
            self.scores[record.case, record.seed, record.metric] = record

    def video_path(self, record: SampleRecord) -> Path:
        """Where the video of a finished sample lies."""
        if record.video is None:
            raise InputError(f"sample {record.case} seed {record.seed} has no video: {record.error}")
        return self.folder / record.video.file

    def damage(self, record: SampleRecord, *, read_all: bool = False) -> str | None:
        """Why the video of a finished sample is not the recorded one, or None when it is.

        A file whose size and modification time are the recorded ones is not read again unless ``read_all``.
        """
        if record.video is None:
            return "has no video"
        path = self.folder / record.video.file
        try:
            stat = path.stat()
        except FileNotFoundError:
            return "its video is missing"
        if stat.st_size != record.video.bytes:
            return f"its video has {stat.st_size} bytes instead of {record.video.bytes}"
        untouched = stat.st_mtime_ns == record.video.mtime_ns and not read_all
        if not untouched and file_sha256(path) != record.video.sha256:
            return "its video was altered (SHA-256 differs)"
        return None


def video_file(path: Path, folder: Path, sha256: str, width: int, height: int, num_frames: int, fps: str) -> VideoFile:
    """Describe a published video."""
    stat = path.stat()
    return VideoFile(
        file=path.relative_to(folder).as_posix(),
        sha256=sha256,
        bytes=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        width=width,
        height=height,
        num_frames=num_frames,
        fps=fps,
    )


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _owner_text(owner: Path) -> str:
    try:
        data = json.loads(owner.read_text())
        return f"process {data['pid']} on {data['host']} since {data['started']} (`a2bench {' '.join(data['args'])}`)"
    except (OSError, ValueError, KeyError):
        return "another process"
