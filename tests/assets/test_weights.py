"""Weights: what the manifest may say, and that a file is fetched only when asked for, resumed, capped and verified."""

import hashlib
import http.server
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from a2bench.assets import weights
from a2bench.assets.weights import WeightsEntry, manifest, verified_folder, verified_weights, weights_entry
from a2bench.assets.weights_fetch import fetch
from a2bench.errors import WeightsError
from tests.loopback import answering

DATA = bytes(range(256)) * 5000
SHA256 = hashlib.sha256(DATA).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves ``DATA`` at /net.bin, in ranges; ``cut`` ends a connection early, ``redirect`` sends elsewhere."""

    cut: int | None = None
    redirect: str | None = None
    ranges: list[str | None]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the other side hung up, as some tests want it to


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers["Range"])
        if self.server.redirect:
            self.send_response(302)
            self.send_header("Location", self.server.redirect)
            self.end_headers()
            return
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if self.headers["Range"] else 0
        if start >= len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        self.end_headers()
        self.wfile.write(DATA[start : self.server.cut])
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("needs the program openssl to make a certificate for a server on this machine")
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out", f"{path}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    server = Server(("localhost", 0), Handler)
    server.ranges = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with answering(server):
        yield server


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Callable[..., WeightsEntry]:
    """Put one entry into the manifest whose file is on the server."""
    verified_folder.cache_clear()

    def enter(server: Server, **part: Any) -> WeightsEntry:
        file = {"path": "net.bin", "bytes": len(DATA), **(part or {"sha256": SHA256})}
        source = f"url:https://localhost:{server.server_address[1]}/"
        made = entry(files=[file]).model_copy(update={"source": source})  # a port is not allowed in a manifest
        monkeypatch.setattr(weights, "manifest", lambda: {"net": made})
        return made

    return enter


def entry(**changes: Any) -> WeightsEntry:
    good = {
        "name": "net",
        "what": "a network",
        "source": "url:https://example.org/models/",
        "files": [{"path": "net.bin", "sha256": SHA256, "bytes": len(DATA)}],
        "licence": "MIT",
        "commercial_use": True,
    }
    return WeightsEntry.model_validate_json(json.dumps(good | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "url:http://example.org/"},
        {"source": "url:https://example.org/net.bin"},
        {"source": "hub:owner/name@main"},
        {"source": "package:some-net"},
        {"source": "package:some-net==1.0"},
        {"module": "some_net"},
        {"files": []},
        {"files": [{"path": "net.bin", "bytes": 1}]},
        {"files": [{"path": "../net.bin", "sha256": SHA256, "bytes": 1}]},
        {"files": [{"path": "/net.bin", "sha256": SHA256, "bytes": 1}]},
        {"files": [{"path": "net.bin", "sha256_prefix": "abc", "bytes": 1}]},
        {"colour": "blue"},
    ],
)
def test_an_entry_that_pins_too_little_or_reaches_outside_is_refused(changes: dict[str, Any]) -> None:
    entry()
    with pytest.raises(ValidationError):
        entry(**changes)


def test_every_entry_of_the_manifest_names_licence_and_size() -> None:
    assert all(entry.licence and entry.bytes > 1000 for entry in manifest().values())


def test_a_file_is_fetched_verified_and_then_found(server: Server, enter: Callable[..., WeightsEntry]) -> None:
    made = enter(server)
    told: list[tuple[str, int, int]] = []
    fetch(made, lambda *progress: told.append(progress))
    assert verified_weights("net").read_bytes() == DATA
    assert told[-1] == ("net.bin", len(DATA), len(DATA))
    fetch(made)
    assert server.ranges == [None], "a file that is here is not fetched again"


def test_a_broken_download_goes_on_where_it_stopped(server: Server, enter: Callable[..., WeightsEntry]) -> None:
    made = enter(server)
    server.cut = 400_000
    with pytest.raises(WeightsError, match="run the command again to go on"):
        fetch(made)
    assert not made.is_here
    server.cut = None
    fetch(made)
    assert verified_weights("net").read_bytes() == DATA
    assert server.ranges == [None, "bytes=400000-"]


def test_more_bytes_than_announced_are_refused(server: Server, enter: Callable[..., WeightsEntry]) -> None:
    made = enter(server, sha256=SHA256, bytes=1000)
    with pytest.raises(WeightsError, match="expected about 1000"):
        fetch(made)
    assert not made.is_here


def test_other_bytes_than_the_manifests_are_not_kept(server: Server, enter: Callable[..., WeightsEntry]) -> None:
    made = enter(server, sha256="0" * 64)
    with pytest.raises(WeightsError, match="expected 000000000000...; not kept"):
        fetch(made)
    assert not made.is_here
    assert made.folder and not list(made.folder.glob("net*"))


def test_where_only_a_prefix_is_published_the_full_hash_is_recorded(
    server: Server, enter: Callable[..., WeightsEntry]
) -> None:
    made = enter(server, sha256_prefix=SHA256[:8], bytes=len(DATA) - 5000)
    fetch(made)
    assert made.recorded() == {"net.bin": SHA256}
    assert made.digest == SHA256
    path = verified_weights("net")
    path.write_bytes(b"other")
    verified_folder.cache_clear()
    with pytest.raises(WeightsError, match="damaged"):
        verified_weights("net")


def test_a_redirect_away_from_https_is_refused(server: Server, enter: Callable[..., WeightsEntry]) -> None:
    server.redirect = "http://localhost:1/net.bin"
    with pytest.raises(WeightsError, match="not https"):
        fetch(enter(server))


def test_a_damaged_file_is_named_with_exit_code_2_and_fetched_again(
    server: Server, enter: Callable[..., WeightsEntry]
) -> None:
    from a2bench.cli.weights import weights_group

    made = enter(server)
    fetch(made)
    path = verified_weights("net")
    path.write_bytes(DATA[:-1] + b"x")
    verified_folder.cache_clear()
    result = CliRunner().invoke(weights_group, ["verify"], standalone_mode=False)
    assert result.return_value == 2
    assert f"weights 'net' are damaged: {path}" in result.output
    fetch(made)
    assert path.read_bytes() == DATA


def test_nothing_is_fetched_when_the_network_is_closed(
    server: Server, enter: Callable[..., WeightsEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = enter(server)
    monkeypatch.setenv("A2BENCH_OFFLINE", "1")
    with pytest.raises(WeightsError, match="network is closed"):
        fetch(made)
    assert server.ranges == []


def test_a_hub_that_cannot_be_reached_is_named_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("A2BENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("A2BENCH_OFFLINE", raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else takes it
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
        with pytest.raises(WeightsError, match=r"http://127.0.0.1:\d+ cannot be reached \(.+\); check the network; "):
            fetch(weights_entry("bert-vocabulary"))
    assert capfd.readouterr() == ("", "")


def test_missing_weights_say_what_to_type() -> None:
    with pytest.raises(WeightsError, match="a2bench weights fetch clip-vit-l14"):
        verified_weights("clip-vit-l14")


def test_several_files_are_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"config.json": b"{}", "model/net.safetensors": b"abc"}
    files = [
        {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for path, data in parts.items()
    ]
    made = entry(source=f"hub:owner/name@{'0' * 40}", files=files)
    monkeypatch.setattr(weights, "manifest", lambda: {"net": made})
    verified_folder.cache_clear()
    assert made.folder and not made.is_here
    for path, data in parts.items():
        (made.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (made.folder / path).write_bytes(data)
    assert verified_folder("net") == made.folder
    assert verified_weights("net", "model/net.safetensors").read_bytes() == b"abc"
    assert made.bytes == 5
