"""Brings a checkpoint onto this machine: from its hub, a mirror of it, or a local folder; resumable, verified.

The hub says which commit a name means now, and size and hash of each file of it. That is recorded first, so that an
interrupted fetch goes on with the same commit, and a file counts only when its hash is the hub's.
"""

import os
import shutil
import threading
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import BaseModel, Field

from a2bench.assets.checkpoints import (
    Checkpoint,
    Record,
    RecordedFile,
    complaint,
    file_hashes,
    read_record,
    write_record,
)
from a2bench.assets.download import TIMEOUT, download
from a2bench.assets.weights_fetch import network_is_closed, require_space
from a2bench.errors import WeightsError, first_line

AT_ONCE = 4
"""Files that are downloaded at the same time."""

Told = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole checkpoint; from several threads."""


@dataclass(frozen=True)
class Source:
    """Where a checkpoint comes from: a folder, or a hub by its address (None: the public one, or ``HF_ENDPOINT``)."""

    folder: Path | None = None
    endpoint: str | None = None

    @property
    def text(self) -> str:
        """For people."""
        return str(self.folder or self.hub)

    @property
    def hub(self) -> str:
        """The address of the hub."""
        return (self.endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def source(text: str | None) -> Source:
    """What ``--from`` means.

    Raises:
        WeightsError: neither an address nor a folder.
    """
    if not text:
        return Source()
    if text.startswith(("http://", "https://")):
        return Source(endpoint=text.rstrip("/"))
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise WeightsError(f"--from {text!r} is neither a folder nor the address of a hub (https://...)")
    return Source(folder=folder)


def listing(wanted: Checkpoint, origin: Source, target: Path, revision: str | None = None) -> Record:
    """What is to be in the folder: the record of an interrupted fetch, or what the source says.

    Raises:
        WeightsError: the source cannot be asked or has no such checkpoint, or the folder holds another one.
    """
    before = read_record(target)
    if before and (before.name != wanted.name or revision and before.revision != revision):
        raise WeightsError(
            f"{target} holds {before.name} at {before.revision or 'no commit'}; choose another folder with --to"
        )
    if before:
        return before
    record = _of_folder(wanted, origin.folder) if origin.folder else _of_hub(wanted, origin, revision)
    if not record.files:
        raise WeightsError(f"{origin.text} has no files of {wanted.name} in the folders {', '.join(wanted.folders)}")
    return record


def missing_files(record: Record, target: Path, told: Told = lambda *_: None) -> tuple[str, ...]:
    """Files that are not there or not right, by hashing all that are there."""
    progress = _Progress(record.bytes, told)
    return tuple(path for path, file in record.files.items() if complaint(file, target / path, progress.add))


def fetch(record: Record, missing: Iterable[str], origin: Source, target: Path, told: Told = lambda *_: None) -> Path:
    """Fetch the missing files; what is interrupted goes on where it stopped.

    Returns:
        The folder, with every file verified.

    Raises:
        WeightsError: offline, no room, network or disk fail, or a file is not the one that the hub says.
    """
    missing = list(missing)
    size = sum(record.files[path].bytes for path in missing)
    if missing and not origin.folder and network_is_closed():
        raise WeightsError(
            f"{record.name} is not complete in {target} and the network is closed (offline mode); copy it from "
            f"another machine with `a2bench weights fetch {record.name} --from DIR`"
        )
    require_space(record.name, target, size)
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_record(target, record.model_copy(update={"complete": False}))
        found = _bring(record, missing, origin, target, _Progress(record.bytes, told, done=record.bytes - size))
        files = record.files | found
        for path, file in files.items():
            if file.sha256 is None:  # it lay there already
                files[path] = file.model_copy(update={"sha256": file_hashes(target / path).sha256})
        write_record(target, record.model_copy(update={"complete": True, "files": files}))
    except OSError as error:
        raise WeightsError(
            f"{record.name} could not be fetched from {origin.text} into {target}: {first_line(error)}; run the same "
            "command again to go on where it stopped"
        ) from error
    shutil.rmtree(target / PARTIAL, ignore_errors=True)
    return target


PARTIAL = ".a2bench-partial"
"""Folder of files under way, beside the others."""


class _Progress:
    """Adds up what several threads have; ends them when the fetch is interrupted."""

    def __init__(self, total: int, told: Told, done: int = 0) -> None:
        self.total, self.done, self.told = total, done, told
        self.stopped = False
        self._lock = threading.Lock()

    def add(self, number: int) -> None:
        if self.stopped:
            raise InterruptedError("stopped")
        with self._lock:
            self.done += number
            self.told(self.done, self.total)


def _bring(
    record: Record, missing: list[str], origin: Source, target: Path, progress: _Progress
) -> dict[str, RecordedFile]:
    """Bring and check files, several at a time; the first failure ends the others, which keep what they have."""
    found: dict[str, RecordedFile] = {}

    def bring(path: str) -> None:
        try:
            found[path] = _bring_one(record, path, origin, target, progress)
        except BaseException:
            progress.stopped = True
            raise

    with ThreadPoolExecutor(AT_ONCE) as threads:
        jobs = [threads.submit(bring, path) for path in missing]
        try:
            for job in as_completed(jobs):
                if (error := job.exception()) and not isinstance(error, InterruptedError):
                    raise error
        finally:
            progress.stopped = True
    return found


def _bring_one(record: Record, path: str, origin: Source, target: Path, progress: _Progress) -> RecordedFile:
    progress.add(0)
    file, partial = record.files[path], target / PARTIAL / path
    (target / path).unlink(missing_ok=True)  # it is there, but not right
    if origin.folder:
        _copy(origin.folder / path, partial, progress)
    else:
        _download(record, path, origin, partial, progress)
    wrong = complaint(file, partial)
    if wrong:
        partial.unlink()
        raise WeightsError(
            f"{record.name}: {path} from {origin.text} {wrong}; it was not kept: run the same command again, and if "
            "that does not help, take another source with --from"
        )
    sha256 = file.sha256 or file_hashes(partial).sha256
    (target / path).parent.mkdir(parents=True, exist_ok=True)
    partial.replace(target / path)
    return file.model_copy(update={"sha256": sha256})


def _download(record: Record, path: str, origin: Source, partial: Path, progress: _Progress) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    progress.add(have)

    def told(done: int, _: int) -> None:
        nonlocal have
        progress.add(done - have)
        have = done

    url = f"{origin.hub}/{record.repository}/resolve/{record.revision}/{quote(path)}"
    while True:
        before = have
        try:
            return download(url, partial, expected=record.files[path].bytes, exact=True, told=told)
        except OSError:
            if progress.stopped or have == before:  # as long as something comes, a broken connection is taken up again
                raise


def _copy(original: Path, partial: Path, progress: _Progress) -> None:
    partial.parent.mkdir(parents=True, exist_ok=True)
    with original.open("rb") as reader, partial.open("wb") as writer:
        while piece := reader.read(1 << 22):
            writer.write(piece)
            progress.add(len(piece))
        writer.flush()
        os.fsync(writer.fileno())


def _of_folder(wanted: Checkpoint, folder: Path) -> Record:
    """What a local folder holds: by its own record, or by hashing it."""
    known = read_record(folder)
    if known and known.name == wanted.name:
        return known.model_copy(update={"complete": False})
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {
        name: RecordedFile(bytes=path.stat().st_size, sha256=file_hashes(path).sha256)
        for path in paths
        if wanted.wants(name := path.relative_to(folder).as_posix())
    }
    return Record(name=wanted.name, repository=wanted.repository, revision=None, licence=wanted.licence, files=files)


def _of_hub(wanted: Checkpoint, origin: Source, revision: str | None) -> Record:
    if network_is_closed():
        raise WeightsError(
            f"{wanted.name} is not on this machine and the network is closed (offline mode); copy it from another "
            f"machine with `{wanted.command} --from DIR`"
        )
    where = f"/api/models/{wanted.repository}" + (f"/revision/{quote(revision, safe='')}" if revision else "")
    try:
        with urllib.request.urlopen(f"{origin.hub}{where}?blobs=true", timeout=TIMEOUT) as response:
            model = _Model.model_validate_json(response.read(MAX_LISTING))
        files = {
            sibling.rfilename: RecordedFile(
                bytes=sibling.size,
                sha256=sibling.lfs.sha256 if sibling.lfs else None,
                git_sha1=None if sibling.lfs else sibling.blob_id,
            )
            for sibling in model.siblings
            if wanted.wants(sibling.rfilename)
        }
        tagged = next((tag.removeprefix("license:") for tag in model.tags if tag.startswith("license:")), None)
        licence = f"{wanted.licence}; tagged {tagged!r} on the hub" if tagged else wanted.licence
        return Record(name=wanted.name, repository=wanted.repository, revision=model.sha, licence=licence, files=files)
    except (OSError, ValueError) as error:  # network, hub and format errors all derive from these
        raise WeightsError(
            f"{origin.text} cannot be asked for {wanted.repository}: {first_line(error)}; check the network, or give "
            f"a mirror or a local folder: `{wanted.command} --from https://MIRROR` or `--from DIR`"
        ) from error


MAX_LISTING = 16 << 20


class _LargeFile(BaseModel):
    sha256: str


class _Sibling(BaseModel):
    rfilename: str
    size: int = 0
    blob_id: Annotated[str | None, Field(alias="blobId")] = None
    lfs: _LargeFile | None = None


class _Model(BaseModel):
    """What the hub says about a repository at a revision; the rest of it is not looked at."""

    sha: str
    siblings: list[_Sibling]
    tags: list[str] = []
