"""Logs of submissions of earlier releases: the chain holds, what was accepted is checked again, and the log goes on."""

import json
from pathlib import Path

from frozen_data import A2Bench, Frozen


def archive(frozen: Frozen, number: int) -> Path:
    """The archive of a submission, by the number that the log gave it."""
    return (
        frozen.place
        / "submissions/archives"
        / f"{frozen.said('submissions.json')['submissions'][number - 1]['archive']}.zip"
    )


def test_the_log_says_what_it_said(frozen: Frozen, a2bench: A2Bench) -> None:
    then, now = (
        frozen.said("submissions.json"),
        a2bench(frozen.place, "submit", "log", "submissions", "--json").document,
    )
    assert [one["state"] for one in then["submissions"]] == ["accepted", "withdrawn", "refused"]
    for old, new in zip(then["submissions"], now["submissions"], strict=True):
        assert old.items() <= new.items()
    last = json.loads((frozen.place / "submissions/log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    holds = a2bench(frozen.place, "submit", "log", "submissions", "--holds", last["record"]["sha256"])
    assert holds.code == 0, holds


def test_an_archive_over_a_suite_of_ones_own_is_whole(frozen: Frozen, a2bench: A2Bench) -> None:
    result = a2bench(frozen.place, "submit", "check", archive(frozen, 2), "--suite", "suites/tiny.jsonl", "--json")
    assert result.code == 0, result


def test_an_archive_over_a_built_in_suite_is_whole_but_for_the_suites_revision(
    frozen: Frozen, a2bench: A2Bench
) -> None:
    result = a2bench(frozen.place, "submit", "check", archive(frozen, 1), "--log", "submissions", "--json")
    assert result.code in (0, 1), result
    found = [one["message"] for one in json.loads(result.out)["findings"] if one["severity"] == "error"]
    assert not [text for text in found if "revision" not in text], found


def test_the_log_takes_in_what_a_later_version_packs(working: Frozen, a2bench: A2Bench, tmp_path: Path) -> None:
    packed = tmp_path / "noise.zip"
    run = "runs/own-suite-pt"
    suite = ["--suite", "suites/tiny.jsonl"]
    assert a2bench(working.place, "submit", "pack", run, "-o", packed).code == 0
    received = a2bench(working.place, "submit", "receive", packed, "--log", "submissions", *suite)
    assert received.code == 0, received
    log = a2bench(working.place, "submit", "log", "submissions", "--json").document
    assert [one["state"] for one in log["submissions"]] == ["accepted", "withdrawn", "refused", "accepted"]


def test_a_board_takes_an_archive(frozen: Frozen, a2bench: A2Bench, tmp_path: Path) -> None:
    """Over a suite of one's own: that of an archive over a built-in one may have got a new version since."""
    made = a2bench(
        frozen.place, "board", "build", archive(frozen, 2), "--suite", "suites/tiny.jsonl", "-o", tmp_path / "board"
    )
    assert made.code == 0, made
