"""Boards for others: what is served, and what arrives in a folder, on a branch and in a Space; no more is touched."""

import http.client
import json
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.model.cases import load_suite
from a2bench.run.store import RunStore
from a2bench_leaderboard.board.folder import verify_board
from a2bench_leaderboard.publishing.cli import _without_secret
from a2bench_leaderboard.publishing.serve import make_server
from tests.loopback import PATIENCE, answering, hear_interrupts

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "report")]
from demo_run import Demo, write_demo_run  # noqa: E402
from space_hub import TOKEN, Hub, hub  # noqa: E402

MINI = load_suite("a2bench-mini")
CASES = tuple(case.id for case in MINI.cases[4:6])


def run(*words: Any) -> Any:
    return CliRunner().invoke(cli, ["board", *map(str, words)], standalone_mode=False)


def build(folder: Path, *names: str, release: str = "") -> Path:
    runs = []
    for name in names:
        demo = Demo(system=name, quality=0.5 + 0.1 * len(name), flaws=0.0, num_frames=9)
        runs.append(write_demo_run(folder / "runs" / name, demo, MINI, CASES))
        assert RunStore(runs[-1]).manifest().system.name == name
    named = ("--release", release) if release else ()
    result = run("build", *runs, "-o", folder / "board", *named)
    assert result.return_value == 0, result.exception
    return folder / "board"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("one"), "alpha", "beta")


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("two"), "alpha", "gamma")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


# ---- serve -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(board: Path) -> Iterator[ThreadingHTTPServer]:
    with answering(make_server(board, port=0)) as server:
        yield server


def ask(server: ThreadingHTTPServer, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=PATIENCE)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    connection.request(method, path, headers=named)
    response = connection.getresponse()
    answer = response.status, response.headers, response.read()
    connection.close()
    return answer


def test_every_file_is_served_as_it_is_and_by_its_kind(server: ThreadingHTTPServer, board: Path) -> None:
    for name, data in files(board).items():
        status, headers, body = ask(server, f"/{name}")
        assert (status, body) == (200, data), name
        assert (
            headers["X-Content-Type-Options"] == "nosniff"
            and "default-src 'none'" in headers["Content-Security-Policy"]
        )
        assert headers["Content-Type"] != "application/octet-stream" or name == "SHA256SUMS"
    assert ask(server, "/")[2] == (board / "index.html").read_bytes()
    assert ask(server, "/cases")[:2][0] == 301 and ask(server, "/cases/")[0] == 200
    assert ask(server, "/index.html", "HEAD")[2] == b""
    tag = ask(server, "/index.html")[1]["ETag"]
    assert ask(server, "/index.html", If_None_Match=tag)[0] == 304


def test_players_get_the_part_that_they_ask_for(server: ThreadingHTTPServer, board: Path) -> None:
    (name, data), *_ = ((name, data) for name, data in files(board).items() if name.endswith(".mp4"))
    status, headers, body = ask(server, f"/{name}", Range="bytes=10-19")
    assert (status, body, headers["Content-Range"]) == (206, data[10:20], f"bytes 10-19/{len(data)}")
    assert ask(server, f"/{name}", Range="bytes=-5")[2] == data[-5:]
    assert ask(server, f"/{name}", Range=f"bytes={len(data)}-")[0] == 416
    assert ask(server, f"/{name}", Range="bytes=nonsense")[2] == data


@pytest.mark.parametrize(
    "path",
    ["/../runs", "/%2e%2e/board/index.html", "//etc/passwd", "/cases/../../x", "/media/", "/link", "/a\\..\\b", "/%00"],
)
def test_nothing_else_is_served(server: ThreadingHTTPServer, board: Path, path: str) -> None:
    secret = board.parent / "secret"
    secret.write_text("secret")
    (board / "link").symlink_to(secret)
    try:
        status, _, body = ask(server, path)
    finally:
        (board / "link").unlink()
    assert status == 404 and b"secret" not in body


def test_a_name_of_the_board_that_is_a_link_is_not_followed(board: Path, tmp_path: Path) -> None:
    copy = tmp_path / "board"
    shutil.copytree(board, copy)
    (tmp_path / "elsewhere").write_text("secret")
    (copy / "board.css").unlink()
    (copy / "board.css").symlink_to(tmp_path / "elsewhere")
    with answering(make_server(copy, port=0)) as server:
        assert ask(server, "/board.css")[0] == 404


def test_serving_says_where_and_ends_quietly(board: Path) -> None:
    words = [sys.executable, "-m", "a2bench", "board", "serve", str(board), "--port", "0"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear_interrupts
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()  # whatever became of the test, no server stays
    assert address.startswith("http://127.0.0.1:"), errors
    assert process.returncode == 0 and errors == "ended\n"


def test_what_cannot_be_served_is_one_sentence(board: Path, tmp_path: Path, server: ThreadingHTTPServer) -> None:
    assert "is no board" in str(run("serve", tmp_path).exception)
    assert "--port 0 takes a free port" in str(run("serve", board, "--port", server.server_address[1]).exception)


# ---- publish ---------------------------------------------------------------------------------------------------------


def test_a_folder_gets_the_board_only_with_yes_and_then_as_a_whole(board: Path, newer: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    result = run("publish", board, "--to", target)
    assert result.return_value == 0 and not target.exists() and "type the same with --yes" in result.stdout
    assert run("publish", board, "--to", target, "--yes").return_value == 0
    assert files(target) == files(board) and verify_board(target) == []
    assert "nothing to do" in run("publish", board, "--to", target, "--yes").stdout
    told = json.loads(run("publish", newer, "--to", target, "--yes", "--json").stdout)
    assert "systems/beta.html" in told["deleted"] and "systems/gamma.html" in told["added"] and told["published"]
    assert files(target) == files(newer) and [path.name for path in tmp_path.iterdir()] == ["site"]


def test_what_is_not_a_board_is_neither_published_nor_overwritten(board: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("years of work")
    assert "something other than a board (thesis.tex)" in str(
        run("publish", board, "--to", tmp_path / "mine").exception
    )
    assert "lie in each other" in str(run("publish", board, "--to", board / "below").exception)
    assert "is no board" in str(run("publish", tmp_path, "--to", tmp_path / "new").exception)
    edited = tmp_path / "edited"
    shutil.copytree(board, edited)
    (edited / "leaderboard.csv").write_text("alpha,100\n")
    assert "not as it was built" in str(run("publish", edited, "--to", tmp_path / "new", "--yes").exception)
    assert not (tmp_path / "new").exists()
    assert "--remote and --branch are of" in str(run("publish", board, "--to", "x", "--branch", "y").exception)


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bare repository; git knows nobody here."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "site.git"], check=True)
    return tmp_path / "site.git"


def branch_of(remote: Path, folder: Path) -> dict[str, bytes]:
    subprocess.run(["git", "clone", "-q", "--branch", "gh-pages", remote, folder], check=True)
    return files(folder)


def test_github_pages_get_a_commit_for_each_publication(board: Path, newer: Path, remote: Path, tmp_path: Path) -> None:
    words = ("--to", "github-pages", "--remote", remote)
    assert "type the same with --yes" in run("publish", board, *words).stdout
    assert "gh-pages" not in subprocess.check_output(["git", "-C", remote, "branch", "--all"], text=True)
    assert "published: branch gh-pages" in run("publish", board, *words, "--yes").stdout
    assert branch_of(remote, tmp_path / "first") == {**files(board), ".nojekyll": b""}
    assert "nothing to do" in run("publish", board, *words, "--yes").stdout
    (tmp_path / "first/CNAME").write_text("bench.example\n")
    for step in (["add", "."], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "name"], ["push", "-q"]):
        subprocess.run(["git", "-C", tmp_path / "first", *step], check=True)
    assert run("publish", newer, *words, "--yes").return_value == 0
    assert branch_of(remote, tmp_path / "second") == {**files(newer), ".nojekyll": b"", "CNAME": b"bench.example\n"}
    log = subprocess.check_output(["git", "-C", remote, "log", "--format=%an %s", "gh-pages"], text=True).splitlines()
    assert log == ["A2Bench A2Bench board: a2bench-mini", "x name", "A2Bench A2Bench board: a2bench-mini"]


def test_a_remote_that_cannot_or_will_not_is_one_sentence(
    board: Path, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("publish", board, "--to", "github-pages", "--yes")
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho this branch is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    assert "git push:" in str(run(*words, "--remote", remote).exception)
    assert "git ls-remote: fatal:" in str(run(*words, "--remote", f"file://{tmp_path}/none.git").exception)
    monkeypatch.chdir(tmp_path)
    assert "no remote 'origin' here" in str(run(*words).exception)
    assert "git check-ref-format" in str(run(*words, "--remote", remote, "--branch", "-x").exception)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "needs the program git" in str(run(*words, "--remote", remote).exception)


def test_a_branch_with_other_work_is_left_alone(board: Path, remote: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    subprocess.run(["git", "init", "-q", "-b", "gh-pages", work], check=True)
    (work / "docs.html").write_text("my docs")
    for step in (["add", "."], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "docs"]):
        subprocess.run(["git", "-C", work, *step], check=True)
    subprocess.run(["git", "-C", work, "push", "-q", remote, "gh-pages"], check=True)
    result = run("publish", board, "--to", "github-pages", "--remote", remote, "--yes")
    assert "something other than a board (docs.html)" in str(result.exception)
    assert branch_of(remote, tmp_path / "after") == {"docs.html": b"my docs"}


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with hub() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        yield server


@pytest.mark.filterwarnings("ignore:Use 'content=<...>'")  # of huggingface_hub's own upload
def test_a_space_gets_the_bytes_of_the_board_in_one_commit(board: Path, newer: Path, space: Hub) -> None:
    words = ("--to", "hf-space:me/board")
    assert "type the same with --yes" in run("publish", board, *words).stdout
    assert space.files is None and not space.commits, "a dry run asks and writes nothing"
    result = run("publish", board, *words, "--yes")
    assert result.return_value == 0 and "published: " in result.stdout, result.exception
    assert (space.made["type"], space.made["sdk"]) == ("space", "static")
    assert space.files is not None
    readme = space.files.pop("README.md")
    assert b"sdk: static\n" in readme and space.files == files(board)
    space.files["README.md"] = readme
    assert space.uploads.keys() == {name[6:70] for name in files(board) if name.endswith((".mp4", ".jpg"))}
    assert "nothing to do" in run("publish", board, *words, "--yes").stdout and len(space.commits) == 1
    assert run("publish", newer, *words, "--yes").return_value == 0
    assert space.files == {**files(newer), "README.md": readme}


def test_a_hub_that_denies_is_one_sentence_without_the_token(
    board: Path, space: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("publish", board, "--to", "hf-space:me/board", "--yes")
    space.denied = True
    denied = str(run(*words).exception)
    assert "does not let this token write" in denied and TOKEN not in denied
    assert "names no Space" in str(run("publish", board, "--to", "hf-space:me").exception)
    assert "is no name that the hub takes" in str(run("publish", board, "--to", "hf-space:me/a--b").exception)
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between the hub library's attempts
    assert "cannot be reached" in str(run(*words).exception)


def test_a_space_of_something_else_is_left_alone(board: Path, space: Hub) -> None:
    words = ("publish", board, "--to", "hf-space:me/board", "--yes")
    for other in (
        {"app.py": b"my app"},
        {"README.md": b"---\nsdk: gradio\n---\n"},
        {"SHA256SUMS": b"0  app.py\n", "app.py": b""},
    ):
        space.files = dict(other)
        assert "would be lost; take another" in str(run(*words).exception)
        assert space.files == other and not space.commits


def test_a_hub_without_a_token_is_one_sentence(board: Path, space: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", "/nowhere")
    assert "`hf auth login`" in str(run("publish", board, "--to", "hf-space:me/board", "--yes").exception)


def test_a_folder_of_data_with_sums_of_its_own_is_no_board(board: Path, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"data")
    (tmp_path / "SHA256SUMS").write_text("0  data.bin\n")
    assert "would be lost" in str(run("publish", board, "--to", tmp_path, "--yes").exception)
    assert (tmp_path / "data.bin").read_bytes() == b"data"


def test_a_link_on_the_branch_is_not_written_through(board: Path, remote: Path, tmp_path: Path) -> None:
    words = ("publish", board, "--to", "github-pages", "--remote", remote, "--yes")
    assert run(*words).return_value == 0
    mine = tmp_path / "mine.css"
    mine.write_text("mine")
    work = tmp_path / "work"
    branch_of(remote, work)
    (work / "board.css").unlink()
    (work / "board.css").symlink_to(mine)
    for step in (["add", "."], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "link"], ["push", "-q"]):
        subprocess.run(["git", "-C", work, *step], check=True)
    assert "holds a link (board.css)" in str(run(*words).exception)
    assert mine.read_text() == "mine"


def test_an_address_is_told_without_its_password() -> None:
    assert _without_secret("https://me:secret@host/a@b.git") == "https://host/a@b.git"


def test_who_hangs_up_is_no_error(server: ThreadingHTTPServer, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(server.server_address[:2]) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(b"GET /inputs.json HTTP/1.1\r\nHost: x\r\n\r\n")
    assert ask(server, "/")[0] == 200
    assert capfd.readouterr().err == ""


@pytest.mark.filterwarnings("ignore:Use 'content=<...>'")
def test_a_published_release_is_not_replaced_by_another_board_of_its_name(
    board: Path, remote: Path, space: Hub, tmp_path: Path
) -> None:
    first, second, later = (
        build(tmp_path / place, *names, release=release)
        for place, names, release in (
            ("1", ("alpha",), "2026.1"), ("2", ("alpha", "beta"), "2026.1"), ("3", ("alpha", "beta"), "2026.2"),
        )
    )  # fmt: skip
    targets = (
        ("--to", tmp_path / "site"), ("--to", "github-pages", "--remote", remote), ("--to", "hf-space:me/board"),
    )  # fmt: skip
    for words in targets:
        assert run("publish", first, *words, "--yes").return_value == 0
        assert "the frozen release 2026.1 with other bytes" in str(run("publish", second, *words, "--yes").exception)
        assert "nothing to do" in run("publish", first, *words).stdout
        assert run("publish", later, *words, "--yes").return_value == 0, words


def test_a_repository_that_git_is_told_of_is_not_touched(
    board: Path, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As inside a hook, where git sets GIT_DIR."""
    mine = tmp_path / "mine"
    subprocess.run(["git", "init", "-q", mine], check=True)
    before = {path: path.read_bytes() for path in (mine / ".git").rglob("*") if path.is_file()}
    monkeypatch.setenv("GIT_DIR", str(mine / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(mine))
    assert run("publish", board, "--to", "github-pages", "--remote", remote, "--yes").return_value == 0
    assert {path: path.read_bytes() for path in (mine / ".git").rglob("*") if path.is_file()} == before


def test_line_endings_stay_whatever_the_branch_says_of_them(board: Path, remote: Path, tmp_path: Path) -> None:
    words = ("publish", board, "--to", "github-pages", "--remote", remote, "--yes")
    assert run(*words).return_value == 0
    branch_of(remote, tmp_path / "work")
    (tmp_path / "work/.gitattributes").write_text("* text=auto eol=crlf\n")
    for step in (["add", "."], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "ends"], ["push", "-q"]):
        subprocess.run(["git", "-C", tmp_path / "work", *step], check=True)
    assert run(*words).return_value == 0
    for name, data in files(board).items():
        blob = subprocess.check_output(["git", "-C", remote, "show", f"gh-pages:{name}"])
        assert blob == data, name
