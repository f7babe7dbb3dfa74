"""Archives that want to do harm do none: nothing is accepted, nothing lands outside, and nothing takes long."""

import os
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.errors import InputError
from tests.leaderboard.submissions.hostile_archives import Attacker
from tests.leaderboard.submissions.submission_helpers import Made, check

SECONDS, MEGABYTES = 2.0, 150
"""Most that one archive may take: CPU seconds, and memory of the process beyond what it had."""


def all_paths(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_thousand_hostile_archives_escape_nowhere_and_none_is_accepted(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 1000
    world, outside, work = tmp_path / "world", tmp_path / "world/outside", tmp_path / "world/inside/work"
    outside.mkdir(parents=True)
    work.mkdir(parents=True)
    (outside / "secret").write_text("secret")
    monkeypatch.chdir(work)
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    before = all_paths(world)
    check(made.archive, made)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path, told, accepted, slowest = tmp_path / "archive.zip", Counter[str](), [], 0.0
    for kind, data in Attacker(made.archive.read_bytes(), outside).archives(number):
        path.write_bytes(data)
        started = time.process_time()
        try:
            errors = check(path, made).errors
        except InputError as error:
            told["refused"] += 1
            assert "\n" not in str(error) and str(error).isprintable(), kind
        else:
            told["findings"] += 1
            if not errors:
                accepted.append(kind)
        slowest = max(slowest, time.process_time() - started)
        assert all_paths(world) == before, kind
    assert accepted == []
    assert (outside / "secret").read_text() == "secret"
    assert told.total() == number and min(told.values()) > number // 10
    assert slowest < SECONDS
    # Their own bytes are made in this process too: the largest has 4 MB.
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024 < MEGABYTES


def submit(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["submit", *map(str, words)], standalone_mode=False)
    if isinstance(result.exception, InputError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None, result.exception
    return result.return_value or 0, result.output


@pytest.mark.parametrize("what", ["missing", "fifo", "device", "empty", "run", "nothing"])
def test_what_is_no_submission_is_told_in_a_sentence(made: Made, tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.zip"
    if what == "fifo":
        os.mkfifo(path)
    elif what == "empty":
        path.touch()
    elif what == "nothing":
        path.mkdir()
    paths = {"device": Path("/dev/zero"), "run": made.run}
    code, told = submit("check", paths.get(what, path))
    assert code == 2
    expected = {
        "missing": "no such submission", "fifo": "no such submission", "device": "no such submission",
        "empty": "no end of directory", "run": "a2bench submit pack", "nothing": "it has no submission.json",
    }  # fmt: skip
    assert expected[what] in told


def test_a_folder_with_links_is_not_followed(made: Made, tmp_path: Path) -> None:
    import zipfile

    folder = tmp_path / "submission"
    with zipfile.ZipFile(made.archive) as archive:
        archive.extractall(folder)
    (folder / "run.json").rename(tmp_path / "run.json")
    (folder / "run.json").symlink_to(tmp_path / "run.json")
    (folder / "videos").rename(tmp_path / "videos")
    (folder / "videos").symlink_to(tmp_path / "videos")
    os.mkfifo(folder / "scores.json")
    said = [finding.message for finding in check(folder, made).errors]
    assert [text for text in said if "link or a device" in text] == [
        f"{name!r}: not a plain file but a link or a device" for name in ("run.json", "scores.json", "videos")
    ]
    assert "run.json: missing" in said
