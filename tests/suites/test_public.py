"""`a2bench suites fetch NAME` without an option: the pack, then public repositories, from a server in both roles."""

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from a2bench.base.data import cache_dir, fetched_path
from a2bench.base.hashing import file_sha256
from a2bench.cli.suites import suites_group
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import Suite, load_suite
from a2bench.model.catalogue import read_catalogue
from a2bench.suites.fetch import missing_images, require_images
from a2bench.suites.header import read_header, write_version
from a2bench.suites.pack import build_pack, suite_images
from a2bench.suites.public import PublicFetch
from a2bench.suites.sources import pack_address, public_copies
from tests.conftest import write_suite
from tests.loopback import answering

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PACK = "/packs/tiny references.zip"
COPIES = [f"{role}-{number}.png" for number in (0, 1) for role in ("character", "object")] + ["background-1.png"]
BESIDE = "background-0.png"
PACK_ONLY = ["character-2.png", "object-2.png", "background-2.png"]


class Host(ThreadingHTTPServer):
    """Serves bytes by path, and misbehaves as it is told.

    manners: by path. asked: path and Range of every request. held: set when an answer stops half-way; go: lets it end.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.manners: dict[str, str] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.held, self.go = threading.Event(), threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the other side hung up or was killed, as some tests want it to


class Handler(BaseHTTPRequestHandler):
    server: Host
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, asked = unquote(self.path), self.headers["Range"]
        self.server.asked.append((path, asked))
        self.close_connection = True
        manner = self.server.manners.get(path, "")
        if manner == "garbage":
            self.wfile.write(b"220 smtp.example.org ready\r\n")
        elif manner == "redirects":
            self._head(302, Location=self.path)
        elif manner.isdigit() or path not in self.server.files:
            self._head(int(manner or 404))
        else:
            self._file(manner, self.server.files[path], asked)

    def _file(self, manner: str, data: bytes, asked: str | None) -> None:
        if manner == "altered":
            data = bytes([data[0] ^ 1]) + data[1:]
        if manner == "endless":
            self._head(200)
            while True:
                self.wfile.write(bytes(1 << 20))
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and manner != "no ranges" else 0
        if asked and start >= len(data):
            self._head(416)
            return
        size = len(data) - start + (1000 if manner == "announces more" else 0)
        headers = {"Content_Length": str(size)}
        if start:
            first = 0 if manner == "other part" else start
            headers["Content_Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        self._head(206 if start else 200, **headers)
        if manner == "silent":
            self.server.go.wait(60)
            return
        if manner == "stops at once":
            return
        if manner == "stops":
            self.wfile.write(data[start : start + max(1, len(data) // 3)])
            return
        if manner == "holds":
            self.wfile.write(data[start : start + len(data) // 2])
            self.wfile.flush()
            self.server.held.set()
            self.server.go.wait(60)
            return
        self.wfile.write(data[start:])

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@dataclass
class World:
    """A suite whose images lie elsewhere, and the host that has them."""

    suite: Suite
    host: Host
    folder: Path
    """With the images that do not lie beside the suite."""

    def raw(self, file: str) -> str:
        return f"/somebody/pictures/{COMMIT}/some where/{file}"

    def publish_pack(self, change: Callable[[Path], None] = lambda path: None) -> None:
        """Give out a pack of everything, and name it in the suite's own file."""
        path = build_pack(self.suite, self.folder, self.folder.parent / "pack.zip").path
        change(path)
        self.host.files[PACK] = path.read_bytes()
        self.name_pack(file_sha256(path))

    def name_pack(self, sha256: str) -> None:
        write_version(self.suite, "1.0-draft")
        header = self.suite.path.with_name("tiny.suite.json")
        url = f"{self.host.address}{PACK.replace(' ', '%20')}#sha256={sha256}"
        header.write_text(json.dumps({**json.loads(header.read_text()), "pack": url}))

    def here(self) -> set[str]:
        return {file for file, image in suite_images(self.suite).items() if image.path.is_file()}

    def asked_for(self) -> list[str]:
        return [Path(path).name for path, _ in self.host.asked]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("drawn"))


@pytest.fixture
def world(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    suite_path = shutil.copytree(drawn.parent, tmp_path / "suite") / drawn.name
    references, folder = suite_path.parent / "references", tmp_path / "elsewhere"
    folder.mkdir()
    host = Host()
    world = World(load_suite(str(suite_path)), host, folder)
    with (references / "catalogue.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        columns = ["licence", "attribution", "source", "source_path", "sha256", "commit", "byte_copy", "bytes"]
        writer.writerow(["file", *columns])
        for image in sorted(references.glob("*.png")):
            sha256, said = file_sha256(image), ["", "", ""]
            if image.name != BESIDE:
                said = [COMMIT, "yes" if image.name in COPIES else "no", str(image.stat().st_size)]
            source = "drawn" if image.name == BESIDE else "github:somebody/pictures"
            writer.writerow([image.name, "CC0-1.0", "us", source, f"some where/{image.name}", sha256, *said])
            if image.name in COPIES:
                host.files[world.raw(image.name)] = image.read_bytes()
            if image.name != BESIDE:
                image.rename(folder / image.name)
    monkeypatch.setenv("A2BENCH_RAW_FILES", host.address)
    with answering(host):
        yield world
        host.go.set()


def fetch(world: World, *more: str) -> Result:
    return CliRunner().invoke(suites_group, ["fetch", str(world.suite.path), *more])


def leftovers() -> list[Path]:
    """Whatever lies in the cache that is not a whole image under its hash."""
    lock = cache_dir() / "downloads/suites.lock"
    return [
        path for path in cache_dir().rglob("*") if path.is_file() and path != lock and file_sha256(path) != path.stem
    ]


def parts() -> list[Path]:
    return sorted((cache_dir() / "downloads").glob("*.part"))


# --- what comes from where -------------------------------------------------------------------------------------------


def test_without_a_pack_byte_copies_come_from_repositories_and_the_rest_is_named(world: World) -> None:
    result = fetch(world)
    assert result.exit_code == 3, result.output
    assert sorted(world.asked_for()) == sorted(COPIES)
    assert world.here() == {*COPIES, BESIDE} and not leftovers()
    assert "5 images, " in result.stderr and "3 more are only in the reference pack" in result.stderr
    assert "3 images are only in the reference pack" in result.stdout and "has no public address yet" in result.stdout
    assert all(file in result.stdout for file in PACK_ONLY)
    assert "2 of 3 cases have all their images and can be run now" in result.stdout

    again = fetch(world, "--json")
    assert again.exit_code == 3 and len(world.host.asked) == len(COPIES)  # nothing is asked for twice
    document = json.loads(again.stdout)
    assert sorted(document["pack_only"]) == sorted(PACK_ONLY) and sorted(document["kept"]) == sorted(COPIES)
    assert (document["complete"], document["runnable"]) == (False, ["case-0", "case-1"])
    require_images(world.suite.select(document["runnable"]))


def test_a_pack_that_the_suite_names_comes_first_and_brings_everything(world: World) -> None:
    world.publish_pack()
    result = fetch(world)
    assert result.exit_code == 0, result.output
    assert world.host.asked == [(PACK, None)]
    assert not missing_images(world.suite) and not leftovers() and not parts()
    assert "all 3 cases can be run" in result.stdout
    require_images(world.suite)
    assert fetch(world).exit_code == 0 and len(world.host.asked) == 1


def test_a_long_download_is_told_in_lines_where_there_is_no_terminal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish_pack()
    monkeypatch.setattr("a2bench.cli.suites_fetch._LINE_EVERY", 0)
    size = len(world.host.files[PACK]) / 1e6
    assert f"fetch: reference pack: {size:.1f} of {size:.1f} MB" in fetch(world).stderr
    silent = fetch(world, "--json")
    assert silent.stderr == "" and json.loads(silent.stdout)["complete"]


def test_what_a_pack_lacks_comes_from_repositories(world: World) -> None:
    def without_some(path: Path) -> None:
        whole = path.rename(path.with_name("whole.zip"))
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                if name not in ("object-1.png", "object-2.png"):
                    new.writestr(name, old.read(name))

    world.publish_pack(without_some)
    result = fetch(world)
    assert result.exit_code == 3
    assert world.asked_for() == [Path(PACK).name, "object-1.png"]
    assert "FAILED object-2.png: is not in the reference pack" in result.stderr
    assert {image.file for image in missing_images(world.suite)} == {"object-2.png"}


def test_the_pack_can_be_named_by_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish_pack()
    header = world.suite.path.with_name("tiny.suite.json")
    monkeypatch.setenv("A2BENCH_SUITE_PACK", json.loads(header.read_text())["pack"])
    header.unlink()
    assert fetch(world).exit_code == 0 and world.host.asked == [(PACK, None)]
    monkeypatch.setenv("A2BENCH_SUITE_PACK", "https://example.org/pack.zip")
    with pytest.raises(InputError, match="A2BENCH_SUITE_PACK: .* is not the address of a pack; expected https://HOST"):
        pack_address(world.suite)


def test_a_part_of_a_suite_fetches_its_own_images_only(world: World) -> None:
    fetched = PublicFetch(world.suite.select(["case-1"])).run()
    assert sorted(fetched.fetched) == sorted(file for file in COPIES if "-1" in file) and fetched.complete


# --- killed and resumed ----------------------------------------------------------------------------------------------


def killed(world: World, *, holding: str) -> None:
    """Start the command as a process of its own, and kill it while ``holding`` is half-way."""
    world.host.manners[holding] = "holds"
    process = subprocess.Popen(
        [sys.executable, "-m", "a2bench", "suites", "fetch", str(world.suite.path)],
        env={**os.environ, "A2BENCH_CACHE": str(cache_dir())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert world.host.held.wait(60), "the server was never asked for it"
        size = len(world.host.files[holding])
        while not any(size // 3 < part.stat().st_size < size for part in parts()):
            assert process.poll() is None
            threading.Event().wait(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    del world.host.manners[holding]
    world.host.go.set()


def test_after_a_kill_within_a_file_only_what_is_missing_is_asked_for(world: World) -> None:
    victim = world.raw("object-0.png")
    killed(world, holding=victim)
    before = world.here()
    assert before < {*COPIES, BESIDE} and "object-0.png" not in before
    (part,) = parts()
    start = part.stat().st_size
    assert leftovers() == [part]
    world.host.asked.clear()

    assert fetch(world).exit_code == 3  # the pack-only ones
    assert world.host.asked[0] == (victim, f"bytes={start}-")
    assert sorted(world.asked_for()) == sorted({*COPIES, BESIDE} - before)
    assert world.here() == {*COPIES, BESIDE} and not leftovers() and not parts()


def test_after_a_kill_within_the_pack_it_goes_on_in_the_middle(world: World) -> None:
    world.publish_pack()
    killed(world, holding=PACK)
    assert world.here() == {BESIDE}
    (part,) = parts()
    start = part.stat().st_size
    world.host.asked.clear()
    assert fetch(world).exit_code == 0
    assert world.host.asked == [(PACK, f"bytes={start}-")]
    assert not missing_images(world.suite) and not parts()


def test_a_whole_pack_that_was_not_unpacked_is_not_asked_for_again(world: World) -> None:
    world.publish_pack()
    folder = cache_dir() / "downloads"
    folder.mkdir(parents=True)
    pack = pack_address(world.suite)
    assert pack
    (folder / f"{pack.sha256}.zip.part").write_bytes(world.host.files[PACK])
    assert fetch(world).exit_code == 0 and world.host.asked == []


def test_a_partial_file_that_is_not_the_start_of_the_file_is_fetched_anew(world: World) -> None:
    folder = cache_dir() / "downloads"
    folder.mkdir(parents=True)
    sha256 = suite_images(world.suite)["object-0.png"].sha256
    (folder / f"{sha256}.part").write_bytes(b"something else")
    assert fetch(world).exit_code == 3
    asked = [range_ for path, range_ in world.host.asked if path == world.raw("object-0.png")]
    assert asked == ["bytes=14-", None] and "object-0.png" in world.here()


@pytest.mark.parametrize("manner", ["stops", "no ranges"])
def test_a_server_that_breaks_off_is_asked_for_the_rest(world: World, manner: str) -> None:
    victim = world.raw("object-0.png")
    if manner == "no ranges":
        folder = cache_dir() / "downloads"
        folder.mkdir(parents=True)
        image = suite_images(world.suite)["object-0.png"]
        (folder / f"{image.sha256}.part").write_bytes(world.host.files[victim][:1000])
    world.host.manners[victim] = manner
    result = fetch(world)
    assert result.exit_code == 3 and "FAILED" not in result.stderr
    assert world.here() == {*COPIES, BESIDE} and not leftovers()
    ranges = [range_ for path, range_ in world.host.asked if path == victim]
    third = max(1, len(world.host.files[victim]) // 3)
    expected = ["bytes=1000-"] if manner == "no ranges" else [None, f"bytes={third}-", f"bytes={2 * third}-"]
    assert ranges[:3] == expected


# --- a server that fails ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ("404", "answers 404 Not Found for github:somebody/pictures@0123456789ab some where/object-0.png"),
        ("altered", "has SHA-256 .* at github:somebody/pictures@0123456789ab .*; not kept"),
        ("announces more", r"has \d+ bytes, expected about \d+; not kept"),
        ("endless", r"is larger than the \d+ bytes that were expected; not kept"),
    ],
)
def test_a_file_that_is_not_what_was_announced_fails_alone(world: World, manner: str, words: str) -> None:
    world.host.manners[world.raw("object-0.png")] = manner
    document = json.loads(fetch(world, "--json").stdout)
    assert list(document["failures"]) == ["object-0.png"]
    assert re.search(words, document["failures"]["object-0.png"])
    assert world.here() == {*COPIES, BESIDE} - {"object-0.png"} and not leftovers() and not parts()


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ("redirects", "redirects without end"),
        ("503", "answers 503 Service Unavailable"),
        ("429", "answers 429 Too Many Requests"),
        ("garbage", r"does not answer as a web server does \(BadStatusLine\)"),
        ("stops at once", r"ended the connection after 0 of \d+ bytes"),
        ("silent", "sent nothing for 1 seconds"),
    ],
)
def test_a_host_that_fails_ends_the_fetch_in_one_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch, manner: str, words: str
) -> None:
    monkeypatch.setattr("a2bench.assets.download.TIMEOUT", 1.0)
    world.host.manners[world.raw("object-0.png")] = manner
    result = fetch(world)
    assert isinstance(result.exception, InputError)
    with pytest.raises(InputError, match=rf"^object-0.png could not be fetched: .*{words}; \d images were fetched"):
        raise result.exception
    assert "run the same command again to go on" in str(result.exception)
    world.host.manners.clear()
    assert fetch(world).exit_code == 3 and world.here() == {*COPIES, BESIDE}


def test_a_host_that_is_not_there_is_said_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_RAW_FILES", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="127.0.0.1:9 cannot be reached: Connection refused; 0 images were fetched"):
        PublicFetch(world.suite).run()


def test_a_part_of_another_file_is_not_appended(world: World) -> None:
    folder = cache_dir() / "downloads"
    folder.mkdir(parents=True)
    sha256, victim = suite_images(world.suite)["object-0.png"].sha256, world.raw("object-0.png")
    (folder / f"{sha256}.part").write_bytes(world.host.files[victim][:1000])
    world.host.manners[victim] = "other part"
    with pytest.raises(InputError, match="answers with another part of the file"):
        PublicFetch(world.suite).run()
    assert (folder / f"{sha256}.part").stat().st_size == 1000


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ("404", "answers 404 Not Found"),
        ("altered", "has SHA-256 .*, but the suite names .*; not kept"),
        ("redirects", "redirects without end"),
        ("stops at once", "ended the connection after 0 of"),
        ("endless", "is larger than 3 MB, the limit of a pack"),
    ],
)
def test_a_pack_that_cannot_be_used_is_said_and_repositories_are_asked(
    world: World, monkeypatch: pytest.MonkeyPatch, manner: str, words: str
) -> None:
    monkeypatch.setattr("a2bench.suites.public.MAX_PACK_BYTES", 3_000_000)
    world.publish_pack()
    world.host.manners[PACK] = manner
    result = fetch(world)
    assert result.exit_code == 3
    host = re.escape(world.host.address.removeprefix("http://"))
    assert re.search(rf"the reference pack could not be used: (http://)?{host}.* {words}", result.stderr), result.stderr
    assert "3 images are only in the reference pack" in result.stdout and "could not be used" in result.stdout
    assert world.here() == {*COPIES, BESIDE} and leftovers() == parts()  # an empty one goes on


@pytest.mark.parametrize("name", ["../../outside.png", "/etc/outside.png", "..\\outside.png", "C:outside.png"])
def test_a_pack_with_a_name_that_leads_outside_gives_nothing(world: World, name: str) -> None:
    def add(path: Path) -> None:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, "x")

    world.publish_pack(add)
    for file in COPIES:
        del world.host.files[world.raw(file)]
    result = fetch(world)
    assert result.exit_code == 3 and world.here() == {BESIDE}
    assert "the reference pack could not be used" in result.stderr and "nothing was taken from it" in result.stderr
    assert not leftovers() and not list(cache_dir().parent.rglob("outside.png"))


def test_a_pack_that_is_no_archive_is_said(world: World) -> None:
    world.host.files[PACK] = b"<html>sign in first</html>"
    digest = hashlib.sha256(world.host.files[PACK]).hexdigest()
    world.name_pack(digest)
    result = fetch(world)
    assert result.exit_code == 3 and "is not a usable zip archive" in result.stderr and not leftovers()


# --- this machine fails ----------------------------------------------------------------------------------------------


def test_a_full_disk_is_one_sentence_and_leaves_nothing_under_a_final_name(world: World) -> None:
    folder = cache_dir() / "downloads"
    folder.mkdir(parents=True)
    image = suite_images(world.suite)["object-0.png"]
    (folder / f"{image.sha256}.part").symlink_to("/dev/full")
    with pytest.raises(InputError, match="cannot write to .*: No space left on device; make room or set A2BENCH_CACHE"):
        PublicFetch(world.suite).run()
    assert not fetched_path(image.sha256, ".png").exists()


def test_what_does_not_fit_on_the_disk_is_refused_before_it_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(cache_dir())
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(InputError, match="has 0 MB free, but .* MB are still to come; make room"):
        PublicFetch(world.suite).run()
    assert world.here() == {BESIDE}


def test_a_cache_that_cannot_be_written_is_one_sentence(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("A2BENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot write to .*: Not a directory; make room or set A2BENCH_CACHE"):
        PublicFetch(world.suite).run()


def test_two_fetches_do_not_write_into_one_file(world: World) -> None:
    world.host.manners[world.raw("object-0.png")] = "holds"
    first = threading.Thread(target=PublicFetch(world.suite).run)
    first.start()
    assert world.host.held.wait(60)
    with pytest.raises(InputError, match="another `a2bench suites fetch` works in"):
        PublicFetch(world.suite).run()
    del world.host.manners[world.raw("object-0.png")]
    world.host.go.set()
    first.join(60)
    assert world.here() == {*COPIES, BESIDE}


def test_a_closed_network_is_not_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_OFFLINE", "1")
    with pytest.raises(InputError, match="the network is closed .*--from"):
        PublicFetch(world.suite).run()
    assert world.host.asked == []


# --- what is said where images are missing ---------------------------------------------------------------------------


def test_messages_name_the_command_that_works(world: World) -> None:
    with pytest.raises(
        CaseError, match=r"8 of the 9 .*suites fetch \S*tiny.jsonl`, which brings 5 .* other 3 are only"
    ):
        require_images(world.suite)
    with pytest.raises(CaseError, match=r"type `a2bench suites fetch \S*tiny.jsonl`$"):
        require_images(world.suite.select(["case-1"]))
    with pytest.raises(CaseError, match=r"fetch \S*tiny.jsonl --from SOURCE`, with a folder, an archive or hub:"):
        require_images(world.suite.select(["case-2"]))
    world.publish_pack()
    with pytest.raises(CaseError, match=r"type `a2bench suites fetch \S*tiny.jsonl`$"):
        require_images(world.suite)


def test_a_suite_that_no_public_place_has_asks_for_a_source(world: World) -> None:
    catalogue = world.suite.references_dir / "catalogue.csv"
    catalogue.write_text(catalogue.read_text().replace(",yes,", ",no,"))
    with pytest.raises(InputError, match=r"8 images of tiny are not here and no public place has them.*--from SOURCE"):
        PublicFetch(world.suite)
    assert world.host.asked == []


# --- the catalogue and the suite's own file --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",yes,", ",maybe,", "byte_copy is 'maybe'; expected yes, no or nothing"),
        (COMMIT + ",yes", "main,yes", "commit 'main' is not the 40 hex digits of a commit"),
        (COMMIT + ",yes", COMMIT.upper() + ",yes", "is not the 40 hex digits of a commit"),
        ("github:somebody/pictures", "github:somebody/../pictures", "is not github:OWNER/NAME"),
        ("github:somebody/pictures", "pypi:pictures 1.0", "is not github:OWNER/NAME"),
        ("some where/", "some where/../", "is not the path of a file of the repository"),
        ("some where/", "/", "is not the path of a file of the repository"),
    ],
)
def test_a_row_that_names_no_public_file_is_refused(world: World, old: str, new: str, words: str) -> None:
    catalogue = world.suite.references_dir / "catalogue.csv"
    catalogue.write_text(catalogue.read_text().replace(old, new))
    with pytest.raises(CaseError, match=words):
        read_catalogue(world.suite.references_dir)


def test_a_catalogue_without_the_new_columns_is_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "catalogue.csv").write_text("file,licence,attribution,source\na.png,CC0-1.0,us,github:a/b\n")
    row = read_catalogue(tmp_path)["a.png"]
    assert (row.source, row.copy_of) == ("github:a/b", None)


def test_a_row_of_other_bytes_than_the_suite_names_is_no_copy(world: World) -> None:
    catalogue = world.suite.references_dir / "catalogue.csv"
    sha256 = suite_images(world.suite)["object-0.png"].sha256
    catalogue.write_text(catalogue.read_text().replace(sha256, "0" * 64))
    assert set(public_copies(world.suite)) == set(COPIES) - {"object-0.png"}


def test_the_address_of_the_pack_outlives_a_new_version_and_is_checked(world: World) -> None:
    world.name_pack("0" * 64)
    named = pack_address(world.suite)
    write_version(world.suite, "1.1")
    assert named and pack_address(world.suite) == named
    header = world.suite.path.with_name("tiny.suite.json")
    for wrong in ("https://example.org/pack.zip", "http://example.org/p.zip#sha256=" + "0" * 64, "file:///p#sha256=0"):
        header.write_text(json.dumps({**json.loads(header.read_text()), "pack": wrong}))
        with pytest.raises(CaseError, match="tiny.suite.json: pack: .* is not the address of a pack; expected https"):
            read_header(world.suite.path)


def test_every_row_of_a_public_repository_says_its_commit_and_whether_it_is_a_copy() -> None:
    suite = load_suite("a2bench-v1")
    with (suite.references_dir / "catalogue.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        if row["source_package_or_repo"].startswith("github:"):
            assert len(row["commit"]) == 40 and row["byte_copy"] in ("yes", "no") and int(row["bytes"]) > 0, row
        else:
            assert (row["commit"], row["byte_copy"], row["bytes"]) == ("", "", ""), row
    copies = public_copies(suite)
    assert copies and all((copy.bytes or 0) > 0 for copy in copies.values())
    beside = {file for file in suite_images(suite) if (suite.references_dir / file).is_file()}
    assert not beside & copies.keys()
    public, copied = sum(bool(row["commit"]) for row in rows), sum(row["byte_copy"] == "yes" for row in rows)
    page = " ".join((suite.references_dir / "README.md").read_text(encoding="utf-8").split())
    assert f"Of these {public} images {copied} are byte copies" in page
    assert f"the other {public - copied} were scaled, cropped or rendered" in page
