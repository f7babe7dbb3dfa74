"""Where the files of a submission are: in a folder, or in an archive that is unpacked first; both are hostile."""

import os
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from a2bench.base.archives import ArchiveLimits, checked_zip, extract_member
from a2bench.base.text import one_line
from a2bench.errors import InputError, OutputError
from a2bench.suites.finding import Finding
from a2bench_leaderboard.submissions.content import (
    MANIFEST,
    MAX_VIDEO_BYTES,
    RECORDS,
    RUN,
    SIGNATURE,
    belongs,
    max_bytes,
)

LIMITS = ArchiveLimits(members=20_000, member_bytes=MAX_VIDEO_BYTES, total_bytes=4_000_000_000, ratio=100)


class Opened(NamedTuple):
    """The files of a submission by name, all of them plain ones, and what is wrong with them as files.

    folder: a run folder as long as this is open.
    """

    folder: Path
    files: Mapping[str, Path]
    findings: tuple[Finding, ...]


def is_submission(path: Path) -> bool:
    """Whether a path that was given is a submission, and not a run of one's own."""
    return path.suffix.lower() == ".zip" or (path / MANIFEST).is_file()


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """The files of a submission; an archive is unpacked into a temporary folder.

    Raises:
        InputError: no submission at all, or an archive that is refused.
        OutputError: there is no room to unpack it.
    """
    if path.is_dir():
        if not (path / MANIFEST).is_file():
            hint = f"type: a2bench submit pack {path} -o FILE.zip" if (path / RUN).exists() else "is it unpacked here?"
            raise InputError(f"{path} is no submission, it has no {MANIFEST}; {hint}")
        yield _folder(path)
        return
    if not path.is_file():
        raise InputError(f"no such submission: {path}; expected a folder or a .zip archive of `a2bench submit pack`")
    with checked_zip(path, LIMITS) as archive, tempfile.TemporaryDirectory(prefix="a2bench-submission-") as parent:
        folder = Path(parent) / (path.stem if path.stem not in ("", ".", "..") else "submission")
        yield _unpacked(archive, path, folder)


def _unpacked(archive: zipfile.ZipFile, path: Path, folder: Path) -> Opened:
    files: dict[str, Path] = {}
    findings = []
    try:
        (folder / "videos").mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"cannot unpack {path} into {folder.parent}: {error.strerror}; see TMPDIR") from None
    for name in archive.namelist():
        if name.endswith("/"):
            continue  # the folders are there; our own packing has none, which is seen below
        if not belongs(name):
            findings.append(_error(f"{name!r}: does not belong to a submission"))
            continue
        try:
            extract_member(archive, name, folder / name, replace(LIMITS, member_bytes=max_bytes(name)))
        except OutputError:
            raise
        except InputError as error:
            findings.append(_error(str(error)))
        else:
            files[name] = folder / name
    if not findings and not _is_our_packing(path, files):
        text = "the archive is not written as `a2bench submit pack` writes it; unpack it and pack the folder anew"
        findings.append(_error(text))
    return Opened(folder, files, tuple(findings))


def _folder(folder: Path) -> Opened:
    files: dict[str, Path] = {}
    findings = []
    try:
        for name, entry in _entries(folder):
            mode = entry.stat(follow_symlinks=False)
            if not stat.S_ISREG(mode.st_mode):
                findings.append(_error(f"{name!r}: not a plain file but a link or a device"))
            elif not belongs(name):
                findings.append(_error(f"{name!r}: does not belong to a submission"))
            elif mode.st_size > max_bytes(name):
                findings.append(_error(f"{name!r}: larger than {max_bytes(name) / 1e6:.0f} MB"))
            else:
                files[name] = Path(entry.path)
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror or error}") from None
    return Opened(folder, files, tuple(findings))


def _entries(folder: Path) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """All that is not a folder, in the order of names; links are not followed."""
    number = 0
    todo = [folder]
    while todo:
        with os.scandir(todo.pop()) as found:
            for entry in sorted(found, key=lambda entry: entry.name):
                number += 1
                if number > LIMITS.members:
                    raise InputError(f"{folder} holds more than {LIMITS.members} files; is it a submission?")
                if entry.is_dir(follow_symlinks=False):
                    todo.append(Path(entry.path))
                else:
                    yield Path(entry.path).relative_to(folder).as_posix(), entry


def _error(text: str) -> Finding:
    return Finding("error", None, one_line(text))


def write_packing(files: Mapping[str, Path], write: Callable[[bytes], object]) -> None:
    """The one archive of these files: stored, in the order of names, with one date and mode; no byte is left open.

    Videos do not pack smaller, and what a packer makes of the rest would depend on its version.
    """
    with zipfile.ZipFile(_Stream(write), "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for name in sorted(files, key=lambda name: (name not in (MANIFEST, SIGNATURE, *RECORDS), name)):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            with files[name].open("rb") as source, archive.open(entry, "w") as member:
                while piece := source.read(1 << 20):
                    member.write(piece)


def _is_our_packing(path: Path, files: Mapping[str, Path]) -> bool:
    with path.open("rb") as file:
        same = True

        def compare(piece: bytes) -> None:
            nonlocal same
            same = same and file.read(len(piece)) == piece

        write_packing(files, compare)
        return same and not file.read(1)


class _Stream:
    """What `zipfile` writes to when it cannot go back: each byte is final."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def write(self, data: bytes) -> int:
        self._write(data)
        return len(data)

    def flush(self) -> None: ...
