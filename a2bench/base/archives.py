"""Zip archives from outside are hostile until checked: what they may hold, how large, and what nothing is read from.

Members are read or written out one by one, bounded, by names and to paths that the caller chooses: nothing here makes a
path of a member's name.
"""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from a2bench.base.files import explained_output_errors
from a2bench.errors import InputError

_END, _ENTRY, _LOCATOR_64 = b"PK\x05\x06", b"PK\x01\x02", b"PK\x06\x07"
_ENTRY_BYTES = 600
"""Room for each entry of the directory with its name."""
_HEADER_BYTES = 30
"""Of a member's header, without its name."""


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold.

    members: how many. member_bytes, total_bytes: unpacked. ratio: of unpacked to packed bytes, of any member over 1 MB
    and of all together.
    """

    members: int = 50_000
    member_bytes: int = 25_000_000
    total_bytes: int = 4_000_000_000
    ratio: float = 100.0


@contextmanager
def checked_zip(path: Path, limits: ArchiveLimits) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive after every entry of its directory was found harmless; one bad entry refuses all of it.

    Raises:
        InputError: not a zip archive, or one that leads outside, links, repeats names, is encrypted or breaks a limit.
    """
    _check_directory_size(path, limits)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError, struct.error) as error:
        raise InputError(f"{path} is not a usable zip archive: {error}") from None
    with archive:
        problem = next(_problems(archive.infolist(), limits), None)
        if problem:
            raise InputError(f"{path} is refused: {problem}; nothing was taken from it")
        yield archive


def read_member(archive: zipfile.ZipFile, name: str, limits: ArchiveLimits) -> bytes:
    """The bytes of one member; never more than the limit is unpacked, whatever the archive says.

    Raises:
        KeyError: no such member.
        InputError: it is damaged.
    """
    try:
        with archive.open(name) as member:
            data = member.read(limits.member_bytes + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise InputError(f"{name!r} in {archive.filename} is damaged: {error}") from None
    if len(data) > limits.member_bytes:
        raise InputError(f"{name!r} in {archive.filename} is larger than {limits.member_bytes / 1e6:.0f} MB")
    return data


def extract_member(archive: zipfile.ZipFile, name: str, path: Path, limits: ArchiveLimits) -> None:
    """Write one member to a new file, a piece at a time; never more than the limit, whatever the archive says.

    Raises:
        KeyError: no such member.
        InputError: it is damaged or too large; the file is then not there.
        OutputError: the file cannot be written, or is there already.
    """
    written = 0
    with explained_output_errors(path.parent), path.open("xb") as file:
        try:
            for piece in _pieces(archive, name):
                written += len(piece)
                if written > limits.member_bytes:
                    raise InputError(f"{name!r} is larger than {limits.member_bytes / 1e6:.0f} MB")
                file.write(piece)
        except (InputError, KeyError):
            path.unlink()
            raise


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        with archive.open(name) as member:
            while piece := member.read(1 << 20):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise InputError(f"{name!r} is damaged: {error}") from None


def _check_directory_size(path: Path, limits: ArchiveLimits) -> None:
    """Refuse a directory that would fill the memory before its entries can be looked at."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            start = file.seek(max(0, end - 66_000))
            tail = file.read()
            place = tail.rfind(_END)
            if place < 0 or len(tail) < place + 22:
                raise InputError(f"{path} is not a usable zip archive: it has no end of directory")
            members, directory_bytes = struct.unpack_from("<HI", tail, place + 10)
            if _LOCATOR_64 in tail[max(0, place - 20) : place] or members == 0xFFFF or directory_bytes == 0xFFFFFFFF:
                raise InputError(f"{path} is refused: it is a zip64 archive, which no pack needs to be")
            if members > limits.members or directory_bytes > _ENTRY_BYTES * members:
                raise InputError(f"{path} is refused: it has more than {limits.members} members, or names without end")
            file.seek(max(0, start + place - directory_bytes))
            if file.read(directory_bytes).count(_ENTRY) > members:
                raise InputError(f"{path} is refused: it has more members than it says")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None


def _problems(members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> Iterator[str]:
    if len(members) > limits.members:
        yield f"it has {len(members)} members; the limit is {limits.members}"
    seen: set[str] = set()
    total = 0
    for member in members:
        name = member.orig_filename
        if problem := _name_problem(name):
            yield f"the name {name[:80]!r} {problem}"
        if name.casefold() in seen:
            yield f"{name!r} is in it twice"
        seen.add(name.casefold())
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            yield f"{name!r} is not a plain file but a link or a device"
        if member.flag_bits & 0x1:
            yield f"{name!r} is encrypted"
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield f"{name!r} is packed by a method other than stored and deflate"
        if member.file_size > limits.member_bytes:
            yield f"{name!r} has {member.file_size / 1e6:.0f} MB; the limit is {limits.member_bytes / 1e6:.0f} MB"
        if _is_bomb(member.file_size, member.compress_size, limits):
            yield f"{name!r} unpacks to more than {limits.ratio:.0f} times its packed size"
        total += member.file_size
    if _is_bomb(total, sum(member.compress_size for member in members), limits):
        yield f"it unpacks to more than {limits.ratio:.0f} times its packed size"
    yield from _overlaps(members)
    if total > limits.total_bytes:
        yield f"it unpacks to {total / 1e9:.1f} GB; the limit is {limits.total_bytes / 1e9:.1f} GB"


def _is_bomb(unpacked: int, packed: int, limits: ArchiveLimits) -> bool:
    return unpacked > 1_000_000 and unpacked > limits.ratio * max(1, packed)


def _overlaps(members: list[zipfile.ZipInfo]) -> Iterator[str]:
    """Members that share their bytes: the bomb that needs no nesting."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            yield f"{member.orig_filename!r} shares its bytes with another member"
        end = member.header_offset + _HEADER_BYTES + len(member.orig_filename) + member.compress_size


def _name_problem(name: str) -> str | None:
    """What is wrong with a member's name, on any system."""
    if not name or len(name) > 400 or re.search(r"[\x00-\x1f\x7f]", name):
        return "is empty, endless or holds control characters"
    if "\\" in name or re.match(r"[A-Za-z]:", name) or name.startswith("/"):
        return "is absolute or one of another system"
    if ".." in name.split("/"):
        return "leads outside"
    return None
