"""A stand-in for the Hugging Face Hub on loopback: what `huggingface_hub` needs to make a Space and a commit to it."""

import base64
import hashlib
import json
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.loopback import answering

LARGE = (".mp4", ".jpg", ".png")
"""What the hub keeps as large files."""
TOKEN = "hf_secret"


class Hub(ThreadingHTTPServer):
    """files: of the Space, None before it is made. uploads: large files by hash. commits: their messages.

    denied: whether the token may not write.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] | None = None
        self.uploads: dict[str, bytes] = {}
        self.commits: list[str] = []
        self.made: dict[str, Any] = {}
        self.denied = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        files, path = self.server.files or {}, self.path.partition("?")[0]
        name = path.removeprefix("/spaces/me/board/resolve/main/")
        if name != path and name in files:
            data = files[name]
            self.send_response(200)
            for key, value in (("ETag", '"1"'), ("X-Repo-Commit", "0" * 40), ("Content-Length", str(len(data)))):
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data if self.command == "GET" else b"")
            return
        if "/api/spaces/me/board/tree/main" not in self.path or self.server.files is None:
            self.say(404, {"error": "Repository not found"}, code="RepoNotFound")
            return
        self.say(200, [self.entry(path, data) for path, data in sorted(self.server.files.items())])

    def entry(self, path: str, data: bytes) -> dict[str, Any]:
        oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        found: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": oid}
        if path.endswith(LARGE):
            digest = hashlib.sha256(data).hexdigest()
            found["lfs"] = {"oid": digest, "size": len(data), "pointerSize": 130}
        return found

    def body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def do_POST(self) -> None:
        body = self.body()
        path = self.path.partition("?")[0]
        if self.server.denied or self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.say(403 if self.server.denied else 401, {"error": "You may not write here"})
        elif path == "/api/repos/create":
            self.server.made = json.loads(body)
            if self.server.files is None:  # as the hub does for a static Space
                self.server.files = {"README.md": b"---\nsdk: static\n---\n", "index.html": b"hi", "style.css": b""}
            self.say(200, {"url": f"{self.server.address}/spaces/me/board"})
        elif path == "/api/validate-yaml":
            self.say(200, {"errors": [], "warnings": []})
        elif path == "/api/spaces/me/board/preupload/main":
            self.say(200, {"files": [self.mode(file["path"]) for file in json.loads(body)["files"]]})
        elif path == "/spaces/me/board.git/info/lfs/objects/batch":
            self.say(200, {"transfer": "basic", "objects": [self.upload(one) for one in json.loads(body)["objects"]]})
        elif path == "/api/spaces/me/board/commit/main":
            self.commit([json.loads(line) for line in body.splitlines()])
        else:
            self.say(404, {"error": f"no {path}"})

    def mode(self, path: str) -> dict[str, Any]:
        return {"path": path, "uploadMode": "lfs" if path.endswith(LARGE) else "regular", "shouldIgnore": False}

    def upload(self, one: dict[str, Any]) -> dict[str, Any]:
        return {**one, "actions": {"upload": {"href": f"{self.server.address}/upload/{one['oid']}", "header": {}}}}

    def do_PUT(self) -> None:
        data = self.body()
        self.server.uploads[self.path.rpartition("/")[2]] = data
        self.say(200, {})

    def commit(self, lines: list[dict[str, Any]]) -> None:
        files = self.server.files
        assert files is not None
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.server.commits.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.uploads[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        address = f"{self.server.address}/spaces/me/board/commit/{'0' * 39}{len(self.server.commits)}"
        self.say(200, {"success": True, "commitOid": address[-40:], "commitUrl": address, "hookOutput": ""})

    def say(self, status: int, document: Any, code: str = "") -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def hub() -> AbstractContextManager[Hub]:
    return answering(Hub())
