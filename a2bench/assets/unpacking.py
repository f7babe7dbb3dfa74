"""Unpacks a file that comes compressed with A2Bench into our cache, once for all processes of a machine."""

import bz2
import hashlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from a2bench.base.hashing import file_sha256
from a2bench.errors import WeightsError

SUFFIX = ".bz2"


def unpacked(packed: Path, target: Path, sha256: str) -> Path:
    """The file at ``target``, unpacked from ``packed`` unless it is there already with that hash.

    Any number of processes may do it at the same time: each writes its own temporary file and gives it the final name
    when it is complete and right, so that nobody ever reads half a file.

    Raises:
        WeightsError: the packed file is damaged, or the folder of the target cannot be written.
    """
    try:
        if target.is_file() and file_sha256(target) == sha256:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                made = _unpack(packed, file)
            if made != sha256:
                raise WeightsError(
                    f"{packed} is damaged: unpacked, it has the SHA-256 {made[:12]}..., not {sha256[:12]}..."
                )
            temporary.chmod(0o644)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise WeightsError(
            f"{packed.name} cannot be unpacked into {target.parent} ({reason}); set A2BENCH_CACHE to a folder that can "
            "be written and has room"
        ) from error
    return target


def _unpack(packed: Path, file: BinaryIO) -> str:
    """Write the unpacked bytes, and on to the disk; returns their SHA-256.

    Raises:
        WeightsError: the packed bytes are no whole bzip2 file.
    """
    digest = hashlib.sha256()
    with packed.open("rb") as raw:
        stream = bz2.BZ2File(raw)
        while chunk := _read(stream, packed):
            digest.update(chunk)
            file.write(chunk)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def _read(stream: bz2.BZ2File, packed: Path) -> bytes:
    try:
        return stream.read(1 << 20)
    except (EOFError, OSError) as error:  # cut short; or no bzip2 data, which is an OSError without a number
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise WeightsError(f"{packed} is damaged: {error}") from error
