"""A stand-in for the hub's HTTP API on loopback: the listing of a model, and its files in ranges."""

import hashlib
import http.server
import json
import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.loopback import answering

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(http.server.ThreadingHTTPServer):
    """Serves a folder as one repository.

    cut: after how many bytes of answers (of files) connections end; None never. spoilt: a path whose bytes arrive
    altered. asked: paths with ranges, as they were asked for.
    """

    def __init__(self, folder: Path, repository: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.repository = folder, repository
        self.cut: int | None = None
        self.spoilt: str | None = None
        self.asked: list[tuple[str, str | None]] = []
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the other side hung up, as some tests want it to

    def listing(self) -> dict[str, Any]:
        siblings = []
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            data = path.read_bytes()
            entry: dict[str, Any] = {"rfilename": path.relative_to(self.folder).as_posix(), "size": len(data)}
            entry["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            if path.suffix == ".safetensors":
                entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
            siblings.append(entry)
        return {
            "id": self.repository, "modelId": self.repository, "sha": COMMIT, "siblings": siblings,
            "tags": ["diffusers", "license:apache-2.0"], "private": False, "downloads": 1, "likes": 1,
        }  # fmt: skip

    def take(self, size: int) -> int:
        """How much of an answer may still be given."""
        with self.lock:
            if self.cut is None:
                return size
            given = min(size, self.cut)
            self.cut -= given
            return given


class Handler(http.server.BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.close_connection = True
        if path.startswith(f"/api/models/{self.server.repository}"):
            self.answer(json.dumps(self.server.listing()).encode())
        elif path.startswith(prefix := f"/{self.server.repository}/resolve/{COMMIT}/"):
            self.file(path.removeprefix(prefix))
        else:
            self.send_error(404)

    def file(self, name: str) -> None:
        asked = self.headers["Range"]
        self.server.asked.append((name, asked))
        data = (self.server.folder / name).read_bytes()
        if name == self.server.spoilt:
            data = bytes([data[0] ^ 1]) + data[1:]
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        rest = data[start:]
        self.wfile.write(rest[: self.server.take(len(rest))])

    def answer(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def serving(folder: Path, repository: str) -> AbstractContextManager[Hub]:
    return answering(Hub(folder, repository))
