"""Result files of others, read with care: whatever is wrong is one sentence that names the file."""

import json
import math
from pathlib import Path
from typing import Any

from a2bench.errors import InputError

MAX_BYTES = 256 * 2**20


def read_text(path: Path) -> str:
    """Read a text.

    Raises:
        InputError: the file is missing, too large, or no UTF-8.
    """
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} has more than {MAX_BYTES // 2**20} MiB; no result file is that large")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file is missing, too large, no UTF-8, no JSON, or no object.
    """
    try:
        value = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path} line {error.lineno} is not JSON: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{path} is nested too deeply for a result file") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} must hold a JSON object, not a {type(value).__name__}")
    return value


def number(value: Any) -> float | None:
    """A finite number from JSON, also one written as text (``"4"``); None for anything else, such as ``"error"``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None
