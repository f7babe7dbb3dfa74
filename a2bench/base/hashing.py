"""How bytes and records get their identity: SHA-256 of a file, and of a value in canonical JSON."""

import hashlib
import json
from pathlib import Path
from typing import Any


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_sha256(data: bytes) -> str:
    """SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> str:
    """One line of JSON that is equal for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def value_sha256(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
