import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.errors import A2BenchError
from a2bench_leaderboard.submissions.pack import pack
from tests.leaderboard.submissions.submission_helpers import Made


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)
    if result.exception is not None:
        assert isinstance(result.exception, A2BenchError), result.exception
        assert result.exception.exit_code == code
        return str(result.exception)
    assert (result.return_value or 0) == code, result.output
    return result.output


@pytest.fixture
def log(made: Made, tmp_path: Path) -> Path:
    """A log in which two archives arrived; the first was scored again, the second has no videos."""
    folder = tmp_path / "arrivals"
    pack(made.run, tmp_path / "numbers.zip", scores_only=True)
    run("submit", "receive", made.archive, "--log", folder, "--suite", made.suite, "--recompute", "-j", "1")
    run("submit", "receive", tmp_path / "numbers.zip", "--log", folder, "--suite", made.suite)
    return folder


def arrivals(log: Path) -> dict[int, tuple[str, bool]]:
    listed = json.loads(run("submit", "log", log, "--json"))
    return {one["number"]: (one["state"], one["recomputed"]) for one in listed["submissions"]}


def test_every_arrival_stays_listed_also_a_withdrawn_one(made: Made, log: Path) -> None:
    assert arrivals(log) == {1: ("accepted", True), 2: ("accepted", False)}
    run("submit", "receive", made.archive, "--log", log, "--suite", made.suite)
    assert len(arrivals(log)) == 2, "the same archive arrives once"
    run("submit", "withdraw", "2", "--log", log, "--reason", "not our best")
    assert arrivals(log) == {1: ("accepted", True), 2: ("withdrawn", False)}
    assert "not our best" in run("submit", "log", log)
    assert "withdrawn already" in run("submit", "withdraw", "2", "--log", log, "--reason", "again", code=2)


@pytest.mark.parametrize("how", ["change", "drop", "insert", "archive"])
def test_a_log_that_was_altered_is_found(log: Path, how: str) -> None:
    path = log / "log.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    if how == "change":
        path.write_bytes(b"".join(lines).replace(b'"collage"', b'"collagf"', 1))
    elif how == "drop":
        path.write_bytes(b"".join(lines[:1] + lines[2:]))
    elif how == "insert":
        path.write_bytes(b"".join([*lines, lines[-1]]))
    else:
        archive = next((log / "archives").glob("*.zip"))
        archive.write_bytes(archive.read_bytes()[:-1] + b"x")
    run("submit", "log", log, code=1)


def test_a_log_whose_end_was_cut_off_lacks_the_hash_that_was_published(log: Path) -> None:
    head = json.loads(run("submit", "log", log, "--json"))["head"]
    path = log / "log.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    run("submit", "log", log)
    assert "cut off" in run("submit", "log", log, "--holds", head, code=1)


def test_a_board_says_where_scores_come_from_and_lists_every_arrival(made: Made, log: Path, tmp_path: Path) -> None:
    run("submit", "withdraw", "2", "--log", log, "--reason", "=HYPERLINK(1) <script>")
    build = ["board", "build", "--submissions", log, "--suite", made.suite, "--media", "none", "-o"]
    run(*build, tmp_path / "board", made.archive)
    page = (tmp_path / "board/index.html").read_text()
    assert '<span class="small source">recomputed</span>' in page
    assert "2 received, 1 withdrawn, 0 refused" in page
    assert "<script>" not in page.replace('<script type="application/json"', "").replace('<script src="', "")
    board = json.loads((tmp_path / "board/leaderboard.json").read_text())
    assert [entry["scores_from"] for entry in board["entries"]] == ["recomputed"]
    assert "withdrawn" in run(*build, tmp_path / "other", tmp_path / "numbers.zip", code=2)
