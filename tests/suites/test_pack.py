"""Packs: built the same every time, fetched from anywhere, whole or not at all, and found again by the suite."""

import csv
import json
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from a2bench.base.data import cache_dir, fetched_path
from a2bench.base.hashing import file_sha256
from a2bench.cli.suites import suites_group
from a2bench.errors import A2BenchError, CaseError, InputError
from a2bench.model.cases import Suite, load_suite
from a2bench.suites.fetch import fetch_images, missing_images, require_images
from a2bench.suites.pack import build_pack
from tests.loopback import answering


@pytest.fixture
def elsewhere(suite_path: Path, tmp_path: Path) -> tuple[Suite, Path]:
    """A suite with one image beside it; the other eight lie in another folder. All have rows in the catalogue."""
    references, folder = suite_path.parent / "references", tmp_path / "elsewhere"
    folder.mkdir()
    with (references / "catalogue.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "licence", "attribution", "source", "sha256"])
        for image in sorted(references.glob("*.png")):
            writer.writerow([image.name, "CC0-1.0", "us", "drawn", file_sha256(image)])
    for image in sorted(references.glob("*.png"))[1:]:
        image.rename(folder / image.name)
    return load_suite(str(suite_path)), folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(suites_group, [str(argument) for argument in arguments])


def test_a_pack_is_the_same_bytes_every_time(elsewhere: tuple[Suite, Path], tmp_path: Path) -> None:
    suite, folder = elsewhere
    first = build_pack(suite, folder, tmp_path / "one.zip")
    for image in folder.iterdir():
        image.touch()
    second = build_pack(suite, folder, tmp_path / "two.zip")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256 == file_sha256(first.path)


def test_the_manifest_describes_every_file(elsewhere: tuple[Suite, Path], tmp_path: Path) -> None:
    suite, folder = elsewhere
    path = build_pack(suite, folder, tmp_path / "pack.zip").path
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = set(archive.namelist())
    assert (manifest["name"], manifest["suite_revision"]) == ("tiny-references", suite.revision)
    assert names == {"manifest.json", "README.md", *(file["path"] for file in manifest["files"])}
    assert len(manifest["files"]) == 8
    for file in manifest["files"]:
        assert file["sha256"] == file_sha256(folder / file["path"])
        assert (file["licence"], file["attribution"], file["source"]) == ("CC0-1.0", "us", "drawn")


def test_everything_that_keeps_a_pack_from_being_built_is_said_at_once(
    elsewhere: tuple[Suite, Path], tmp_path: Path
) -> None:
    suite, folder = elsewhere
    (folder / "object-0.png").unlink()
    (folder / "object-1.png").write_bytes(b"another picture")
    catalogue = suite.references_dir / "catalogue.csv"
    catalogue.write_text(catalogue.read_text().replace("object-2.png,CC0-1.0", "object-2.png,"))
    with pytest.raises(CaseError) as caught:
        build_pack(suite, folder, tmp_path / "pack.zip")
    message = str(caught.value)
    assert "object-0.png: no such file" in message
    assert "object-1.png: " in message and "its SHA-256 differs" in message
    assert "object-2.png: its row in catalogue.csv has no licence" in message
    assert not (tmp_path / "pack.zip").exists()


@pytest.mark.parametrize("kind", ["folder", "archive", "packed folder"])
def test_what_was_fetched_is_found_by_the_suite(elsewhere: tuple[Suite, Path], tmp_path: Path, kind: str) -> None:
    suite, folder = elsewhere
    name = {"folder": None, "archive": "pack.zip", "packed folder": "pack"}[kind]
    source = build_pack(suite, folder, tmp_path / name).path if name else folder
    assert len(missing_images(suite)) == 8
    with pytest.raises(CaseError, match="8 of the 9 images of tiny are not here .*fetch .*tiny.jsonl --from"):
        require_images(suite)
    result = fetch_images(suite, str(source))
    assert (len(result.beside), len(result.fetched), result.failures) == (1, 8, {})
    require_images(suite)
    for case in suite.cases:
        for element in case.elements:
            assert element.reference.verified_path().is_file()


def test_fetching_goes_on_where_it_stopped_and_mends_what_was_damaged(elsewhere: tuple[Suite, Path]) -> None:
    suite, folder = elsewhere
    (folder / "object-1.png").rename(folder / "hidden.png")
    first = fetch_images(suite, str(folder))
    assert first.failures == {"object-1.png": f"is not in {folder}"}
    (folder / "hidden.png").rename(folder / "object-1.png")
    image = suite.cases[2].elements[2].reference
    fetched_path(image.sha256, ".png").write_bytes(b"torn")
    second = fetch_images(suite, str(folder))
    assert sorted(second.fetched) == sorted(["object-1.png", image.file])
    assert len(second.kept) == 6 and second.complete


def test_other_bytes_under_the_right_name_are_not_kept(elsewhere: tuple[Suite, Path]) -> None:
    suite, folder = elsewhere
    (folder / "object-1.png").write_bytes((folder / "object-2.png").read_bytes())
    result = fetch_images(suite, str(folder))
    assert "has SHA-256" in result.failures["object-1.png"] and "not kept" in result.failures["object-1.png"]
    assert not suite.cases[1].elements[1].reference.path.is_file()


def test_only_what_the_suite_names_is_taken_from_an_archive(elsewhere: tuple[Suite, Path], tmp_path: Path) -> None:
    suite, folder = elsewhere
    path = build_pack(suite, folder, tmp_path / "pack.zip").path
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra/strange.py", "print()")
    assert fetch_images(suite, str(path)).complete
    assert {p.suffix for p in cache_dir().rglob("*") if p.is_file()} == {".png"}


def test_a_hostile_archive_is_refused_and_nothing_is_taken(elsewhere: tuple[Suite, Path], tmp_path: Path) -> None:
    suite, folder = elsewhere
    path = build_pack(suite, folder, tmp_path / "pack.zip").path
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../outside.txt", "x")
    with pytest.raises(InputError, match="leads outside"):
        fetch_images(suite, str(path))
    assert len(missing_images(suite)) == 8


def test_the_commands_say_what_is_missing_and_how_it_ended(elsewhere: tuple[Suite, Path], tmp_path: Path) -> None:
    suite, folder = elsewhere
    packed = run("pack", suite.path, "--from", folder, "-o", tmp_path / "pack.zip")
    assert packed.exit_code == 0 and "8 images" in packed.stdout
    (folder / "object-1.png").unlink()
    partial = run("fetch", suite.path, "--from", folder)
    assert partial.exit_code == 3 and "FAILED object-1.png: is not in" in partial.stderr
    whole = run("fetch", suite.path, "--from", tmp_path / "pack.zip", "--json")
    assert whole.exit_code == 0
    assert json.loads(whole.stdout)["fetched"] == ["object-1.png"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere", "no nowhere; expected a folder, a .zip archive, or hub:OWNER/NAME@REVISION"),
        ("hub:somebody", "is not hub:OWNER/NAME@REVISION"),
    ],
)
def test_a_source_that_is_none_is_refused(elsewhere: tuple[Suite, Path], source: str, words: str) -> None:
    with pytest.raises(A2BenchError, match=words):
        fetch_images(elsewhere[0], source)


def test_the_network_can_be_closed(elsewhere: tuple[Suite, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_OFFLINE", "1")
    with pytest.raises(InputError, match="the network is closed"):
        fetch_images(elsewhere[0], "hub:somebody/images@main")


# --- a stand-in for a hub on loopback --------------------------------------------------------------------------------


class _Hub(BaseHTTPRequestHandler):
    """The two requests that `huggingface_hub` makes for a file of a data set."""

    folder: Path
    asked: list[str]
    refuses = False

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        prefix = "/datasets/somebody/images/resolve/main/"
        name = unquote(self.path).removeprefix(prefix)
        path = self.folder / name
        if body and self.path.startswith(prefix):
            self.asked.append(name)
        if self.refuses or not self.path.startswith(prefix) or not path.is_file():
            self.send_response(403 if self.refuses else 404)
            if not self.refuses:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Repo-Commit", "1" * 40)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("X-Repo-Commit", "1" * 40)
        self.send_header("ETag", f'"{file_sha256(path)}"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def hub(elsewhere: tuple[Suite, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
    pytest.importorskip("huggingface_hub")
    handler = type("Handler", (_Hub,), {"folder": elsewhere[1], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    with answering(server):
        yield handler


def test_images_come_from_a_hub_one_by_one(elsewhere: tuple[Suite, Path], hub: type[_Hub]) -> None:
    suite, folder = elsewhere
    (folder / "object-1.png").rename(folder / "hidden")
    result = fetch_images(suite, "hub:somebody/images@main")
    assert result.failures == {"object-1.png": "is not in hub:somebody/images@main"}
    assert len(result.fetched) == len(set(hub.asked)) == 7
    (folder / "hidden").rename(folder / "object-1.png")
    assert fetch_images(suite, "hub:somebody/images@main").fetched == ["object-1.png"]
    assert hub.asked[7:] == ["object-1.png"]
    require_images(suite)
    assert not list((cache_dir() / "downloads").iterdir())


def test_a_hub_that_refuses_stops_at_once_and_says_how_to_go_on(elsewhere: tuple[Suite, Path], hub: type[_Hub]) -> None:
    hub.refuses = True
    with pytest.raises(InputError, match="could not be fetched .*run the same command again to go on"):
        fetch_images(elsewhere[0], "hub:somebody/images@main")
