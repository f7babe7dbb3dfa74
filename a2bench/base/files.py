"""How files of ours come to be: whole, in one step, never through a file that exists, never inside somebody's run.

Writing into a file that exists changes every name that it has: a hard link in a run, or what a symbolic link leads to.
So everything here is written to a new file beside its place, which then takes the place.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from a2bench.errors import InputError, OutputError

_RESERVED = {"index", "con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
"""Names that stand for something else: a folder's page, or a device on Windows."""
_PLAIN = re.compile(r"[a-z0-9_][a-z0-9_-]{0,59}")
_HASHED = re.compile(r"-[0-9a-f]{16}\Z")
_FICLONE = 0x40049409
"""Linux: share the blocks of a file with another one until one of them is written to."""


def file_key(text: str) -> str:
    """A name for the files of something, which is no other text's: also where case or Unicode form do not count.

    A text of 1 to 60 small letters, digits, ``-`` and ``_`` is its own name. Any other one is cut down to such
    characters and ends in the first 64 bits of its SHA-256.

    >>> file_key("skyreels-a2"), file_key("lr=1"), file_key("lr:1")
    ('skyreels-a2', 'lr-1-c50b230f42e8a73f', 'lr-1-03f7c0bf27bcafeb')
    """
    if _PLAIN.fullmatch(text) and text not in _RESERVED and not _HASHED.search(text):
        return text
    readable = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:47].strip("-") or "name"
    # A folder's name need not be Unicode: its other bytes come as lone surrogates.
    return f"{readable}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The name of a new file beside ``path``, with its suffix, that takes its place when the block ends well."""
    temporary = path.with_name(f".tmp-{secrets.token_hex(8)}{path.suffix[:16]}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file in one step: readers see the old bytes or the new ones, also after a crash."""
    with replacing(path) as temporary, temporary.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def copy_file(source: Path, target: Path) -> None:
    """Copy the bytes of a file into a new one, which takes the place of what is there; blocks are shared if they can.

    Raises:
        OSError: one cannot be read or the other not written; what was there is there still.
    """
    with replacing(target) as temporary, source.open("rb") as reader, temporary.open("xb") as writer:
        if not _cloned(reader.fileno(), writer.fileno()):
            shutil.copyfileobj(reader, writer, 1 << 20)


def _cloned(source: int, target: int) -> bool:
    """Whether the file system made a copy that takes no room (Btrfs, XFS); elsewhere nothing has happened."""
    try:
        import fcntl

        fcntl.ioctl(target, _FICLONE, source)
    except (ImportError, OSError):
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def run_around(path: Path) -> Path | None:
    """The run in whose folder a path lies or would lie; the folder itself counts."""
    whole = path.resolve()
    for folder in (whole, *whole.parents):
        if (folder / "run.json").is_file() and (folder / "samples.jsonl").is_file():
            return folder
    return None


def check_outside_of_runs(path: Path) -> None:
    """Refuse to write into a run: only its own `eval`, `generate` and `score` do.

    Raises:
        InputError: the path lies in the folder of a run.
    """
    if (run := run_around(path)) is not None:
        raise InputError(f"{path} lies in the run {run}, in which only eval, generate and score write; choose another")


@contextlib.contextmanager
def explained_output_errors(folder: Path) -> Iterator[None]:
    """Turn an operating-system error while writing into one sentence that says what to do.

    Raises:
        OutputError: in place of any ``OSError``.
    """
    try:
        yield
    except Timeout:
        raise
    except OSError as error:
        free = ""
        with contextlib.suppress(OSError):
            free = f" ({shutil.disk_usage(folder if folder.exists() else folder.parent).free / 1e6:.0f} MB free)"
        raise OutputError(
            f"cannot write to {folder}: {error.strerror or error}{free}; make room or choose another folder with "
            "--output, then run the same command again: finished samples are kept"
        ) from error
