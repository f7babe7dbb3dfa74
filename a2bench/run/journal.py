"""An append-only file of records that survives being killed, cut off or altered.

Each line is one JSON object ``{"check": "<16 hex>", "record": {...}}``; the check is over the exact text of the record.
A line that is torn or altered fails its check and counts as never written, so only its own sample is done again. One
process writes (the holder of the run's lock), and a record is on the disk before anybody is told of it.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from a2bench.base.hashing import canonical_json

_HEAD, _MIDDLE, _TAIL = '{"check": "', '", "record": ', "}"
_BODY_START = len(_HEAD) + 16 + len(_MIDDLE)


@dataclass(frozen=True)
class JournalContents:
    """The records of a journal in the order in which they were written, and the numbers of the damaged lines."""

    records: list[dict[str, Any]]
    damaged_lines: list[int]


def read_journal(path: Path) -> JournalContents:
    """Read all records; damaged lines are left out and reported. A missing file has no records."""
    contents = JournalContents([], [])
    if not path.is_file():
        return contents
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line:
            record = _checked_record(line)
            if record is None:
                contents.damaged_lines.append(number)
            else:
                contents.records.append(record)
    return contents


def append_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Append records and return when they are on the disk.

    A torn last line, left by a process that was killed while writing, is closed first, so that it cannot swallow
    the new record.
    """
    text = "".join(_line(record) for record in records).encode()
    with path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                text = b"\n" + text
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _line(record: dict[str, Any]) -> str:
    body = canonical_json(record)
    return f"{_HEAD}{_check(body.encode())}{_MIDDLE}{body}{_TAIL}\n"


def _check(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _checked_record(line: bytes) -> dict[str, Any] | None:
    head, body, tail = line[:_BODY_START], line[_BODY_START:-1], line[-1:]
    if head != f"{_HEAD}{_check(body)}{_MIDDLE}".encode() or tail != _TAIL.encode():
        return None
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):  # written by somebody else, with a check that fits
        return None
    return record if isinstance(record, dict) else None
