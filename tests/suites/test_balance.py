"""The balance of a suite: counts by split, in text, JSON and as a picture."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from a2bench.cli.suites import suites_group
from a2bench.errors import InputError
from a2bench.model.cases import load_suite
from a2bench.suites.balance import balance_lines, suite_balance, write_balance


@pytest.fixture
def split_suite(suite_path: Path) -> Path:
    lines = [json.loads(line) for line in suite_path.read_text("utf-8").splitlines()]
    for line, split in zip(lines, ("dev", "test", "test"), strict=True):
        line["split"] = split
    lines[0]["tags"] = ["tiny", "hold"]
    del lines[0]["elements"][1]
    suite_path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return suite_path


def test_counts_are_by_split_and_the_most_frequent_first(split_suite: Path) -> None:
    balance = suite_balance(load_suite(str(split_suite)))
    assert balance["cases"] == {"cases": {"dev": 1, "test": 2}}
    assert balance["elements"] == {"character + object + background": {"test": 2}, "character + background": {"dev": 1}}
    assert list(balance["tags"].items()) == [("tiny", {"dev": 1, "test": 2}), ("hold", {"dev": 1})]


def test_the_text_gives_totals_and_splits(split_suite: Path) -> None:
    lines = balance_lines(load_suite(str(split_suite)))
    assert lines[0] == "Splits: dev 1, test 2"
    assert "     3  tiny  (1 / 2)" in lines


def test_the_picture_has_a_bar_for_each_split(split_suite: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        suites_group,
        ["show", str(split_suite), "--json", "--balance", str(tmp_path / "new" / "b.png")],
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout)["balance"]["tags"]["hold"] == {"dev": 1}
    with Image.open(tmp_path / "new" / "b.png") as picture:
        colours = {colour for _, colour in picture.getcolors(1_000_000) or []}
    assert {(0x25, 0x63, 0xEB), (0x04, 0x78, 0x57)} <= colours


def test_another_ending_is_refused(split_suite: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="drawn as a .png file"):
        write_balance(load_suite(str(split_suite)), tmp_path / "b.jpg")
