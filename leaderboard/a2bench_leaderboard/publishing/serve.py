"""A server for a look at a board: its own files by name and nothing else, with the ranges that players ask for."""

import http.server
import os
import re
import socket
import sys
import urllib.parse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from a2bench.errors import InputError
from a2bench_leaderboard.board.reading import MANIFEST, read_sums

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".tex": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CHUNK = 1 << 16
TIMEOUT = 30
"""Seconds without a word from the other side."""


def make_server(folder: Path, host: str = "127.0.0.1", port: int = 8321) -> http.server.ThreadingHTTPServer:
    """A server of a board, not yet running.

    Args:
        folder: of the board.
        host: address to listen at; the default is this machine only.
        port: 0 for one that is free.

    Raises:
        InputError: the folder is no board, or the address cannot be used.
    """
    sums = read_sums(folder)
    if "index.html" not in sums:
        raise InputError(
            f"{folder} is no board: it has no {MANIFEST}; `a2bench board build RUN... -o {folder}` makes one"
        )
    try:
        server = _Server((host, port), partial(Handler, folder=folder.resolve(), sums=sums))
    except (OSError, OverflowError) as error:
        raise InputError(f"cannot listen at {host}:{port}: {error}; --port 0 takes a free port") from None
    return server


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of those who hung up, as players do when one jumps in a video."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD for the files that the board's manifest names."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "A2Bench", ""
    timeout = TIMEOUT

    def __init__(self, *args: Any, folder: Path, sums: Mapping[str, str]) -> None:
        self.folder, self.sums = folder, sums
        super().__init__(*args)

    def do_GET(self) -> None:
        """A file, or the part of it that was asked for."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """The same without its bytes."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lstrip("/")
        if f"{name}/index.html" in self.sums:  # links on that page are relative to the folder
            self._say(301, {"Location": f"/{urllib.parse.quote(name)}/"})
            return
        if not name or name.endswith("/"):
            name += "index.html"
        path = self.folder / name
        # Only names of the manifest, and no link that leads elsewhere.
        known = name in self.sums or name == MANIFEST
        if not known or path.is_symlink() or not path.resolve().is_relative_to(self.folder) or not path.is_file():
            self._say(404, {}, b"There is no such page on this board.\n", body=body)
            return
        with path.open("rb") as file:
            self._send(file, path.stat().st_size, name, body=body)

    def _send(self, file: BinaryIO, size: int, name: str, *, body: bool) -> None:
        changed = os.fstat(file.fileno()).st_mtime_ns
        tag = f'"{self.sums.get(name, "")[:16]}-{changed:x}"'
        headers = {"Content-Type": TYPES.get(Path(name).suffix, "application/octet-stream"), "ETag": tag}
        headers |= {"Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
        if self.headers["If-None-Match"] == tag:
            self._say(304, headers)
            return
        start, end = 0, size
        asked = byte_range(self.headers["Range"], size)
        if asked == "unsatisfiable":
            self._say(416, {"Content-Range": f"bytes */{size}"})
            return
        if isinstance(asked, tuple):
            start, end = asked
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        self._head(206 if asked else 200, {**headers, "Content-Length": str(end - start)})
        if not body:
            return
        file.seek(start)
        while start < end and (data := file.read(min(CHUNK, end - start))):
            self.wfile.write(data)
            start += len(data)

    def _say(self, status: int, headers: Mapping[str, str], data: bytes = b"", *, body: bool = True) -> None:
        kind = {"Content-Type": "text/plain; charset=utf-8"} if data else {}
        self._head(status, {**headers, **kind, "Content-Length": str(len(data))})
        if body:
            self.wfile.write(data)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in {**HEADERS, **headers}.items():
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a look at a board is nobody's business."""


def byte_range(header: str | None, size: int) -> "tuple[int, int] | str | None":
    """Which bytes a ``Range`` header asks for: start and end (not included), ``unsatisfiable``, or None for all.

    >>> byte_range("bytes=2-5", 10), byte_range("bytes=-3", 10), byte_range("bytes=4-", 10), byte_range(None, 10)
    ((2, 6), (7, 10), (4, 10), None)
    >>> byte_range("bytes=10-", 10), byte_range("bytes=0-1,4-5", 10)
    ('unsatisfiable', None)
    """
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if first and last and int(last) < int(first):
        return None
    return (start, end) if start < end else "unsatisfiable"
