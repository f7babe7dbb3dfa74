"""Boards of earlier releases: their bytes hold, they are listed and compared, and their runs make a board again."""

import json
from pathlib import Path
from typing import Any

from frozen_data import A2Bench, Frozen

from a2bench.base.hashing import file_sha256

RELEASE = "2026.1"
RUNS = ("runs/collage-a2bench-mini", "runs/noise", "runs/实验一", "runs/second try")


def document(board: Path, name: str) -> Any:
    return json.loads((board / name).read_text(encoding="utf-8"))


def test_every_byte_of_a_release_is_as_it_was(frozen: Frozen) -> None:
    board = frozen.place / "boards" / RELEASE
    sums = dict(reversed(line.split("  ", 1)) for line in (board / "SHA256SUMS").read_text("utf-8").splitlines())
    assert {name: file_sha256(board / name) for name in sums} == sums
    files = {str(path.relative_to(board)) for path in board.rglob("*") if path.is_file()}
    assert files == sums.keys() | {"SHA256SUMS"}


def test_a_release_is_verified(frozen: Frozen, a2bench: A2Bench) -> None:
    """A later version draws other pages, so it says (3) that it held all but them; nothing is wrong with a release."""
    result = a2bench(frozen.place, "board", "verify", f"boards/{RELEASE}", "--json")
    assert result.code == 3, result
    found = json.loads(result.out)
    assert (found["problems"], found["built_by_another_version"]) == ([], frozen.version)


def test_a_release_whose_values_were_edited_is_not_verified(working: Frozen, a2bench: A2Bench) -> None:
    inputs = working.place / "boards" / RELEASE / "inputs.json"
    values = document(inputs.parent, "inputs.json")
    values["entries"][0]["values"]["sharpness"][0] += 1
    inputs.write_text(json.dumps(values), encoding="utf-8")
    result = a2bench(working.place, "board", "verify", f"boards/{RELEASE}", "--json")
    assert result.code == 1
    assert "are not those of its hash" in result.out


def test_a_release_stands_in_the_list_of_a_later_board_of_the_same_runs(
    frozen: Frozen, a2bench: A2Bench, tmp_path: Path
) -> None:
    frozen_board, board = frozen.place / "boards" / RELEASE, tmp_path / "board"
    made = a2bench(
        frozen.place, "board", "build", *RUNS, "-o", board, "--release", "later", "--releases", "boards",
        "--votes", "studies/export/results.json", "--submissions", "submissions", "--media", "none",
    )  # fmt: skip
    assert made.code == 0, made
    old, new = document(frozen_board, "inputs.json"), document(board, "inputs.json")
    assert [(one["name"], one["suite"]["revision"]) for one in new["releases"]] == [(RELEASE, old["suite"]["revision"])]
    entries = {entry["name"]: entry for entry in new["entries"]}
    assert entries.keys() == {entry["name"] for entry in old["entries"]} and len(entries) == len(RUNS)
    for entry in old["entries"]:
        again = entries[entry["name"]]
        assert again["samples"] == entry["samples"] and again["videos"] == entry["videos"]
        measured = {name: values for name, values in entry["values"].items() if ":" not in name}
        assert "sharpness" in measured
        for name, values in measured.items():
            assert again["values"][name] == values, name
    diff = a2bench(frozen.place, "board", "diff", f"boards/{RELEASE}", board, "--json").document
    assert RELEASE in diff["old"]


def test_a_release_is_never_written_over(working: Frozen, a2bench: A2Bench) -> None:
    before = (working.place / "boards" / RELEASE / "SHA256SUMS").read_bytes()
    result = a2bench(working.place, "board", "build", *RUNS[:2], "-o", f"boards/{RELEASE}", "--release", "other")
    assert result.code == 2 and f"frozen release {RELEASE}" in result.err
    assert (working.place / "boards" / RELEASE / "SHA256SUMS").read_bytes() == before


def test_a_release_is_drawn(frozen: Frozen, a2bench: A2Bench, tmp_path: Path) -> None:
    drawn = tmp_path / "picture.svg"
    kind = ["--kind", "forest", "--number", "sharpness"]
    result = a2bench(frozen.place, "board", "plot", f"boards/{RELEASE}", *kind, "-o", drawn)
    assert result.code == 0 and drawn.stat().st_size > 1000, result
