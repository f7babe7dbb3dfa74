"""Numbers and texts as people and spreadsheets may see them: short, on one line, and steering nothing."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

_PATH = re.compile(r"(?<![\w.:/~-])(?:/[^\s/'\"`:;,()<>]+)+/([^\s/'\"`:;,()<>]+/[^\s/'\"`:;,()<>]+)")


def shown_text(text: str) -> str:
    """A text without the places of files on this machine: of an absolute path only the last two parts are kept.

    >>> shown_text("no such file: /home/me/runs/one/videos/a.mp4; run it again")
    'no such file: …/videos/a.mp4; run it again'
    """
    return _PATH.sub(r"…/\1", text)


def number_text(value: float | None) -> str:
    """A number with about three digits that matter; ``-`` for none."""
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}"


def one_line(text: str) -> str:
    """A text on one line of at most 160 characters, without anything that would steer a terminal."""
    text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= 160 else text[:159] + "…"


def csv_text(lines: Iterable[Iterable[Any]]) -> str:
    """Lines as CSV. A text that a spreadsheet would take for a formula gets a leading apostrophe; None is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in lines:
        writer.writerow([_csv_cell(cell) for cell in line])
    return out.getvalue()


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, str):
        return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
    return repr(cell) if isinstance(cell, float) else cell


def markdown_cell(text: str) -> str:
    """A text in one cell of a Markdown table, without markup of its own."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|])", r"\\\1", one_line(text))
