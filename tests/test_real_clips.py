"""The script that holds metrics against real clips: its arithmetic, and which references it takes for whose."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks/real_clips.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("real_clips", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["real_clips"] = module
    spec.loader.exec_module(module)
    return module


def test_pairs_are_compared_within_a_clip_only_and_ties_count_half(script: ModuleType) -> None:
    def pair(clip: str, matches: bool, value: float | None) -> object:
        return script.Pair(clip, "object", "thing", matches, value)

    pairs = [pair("a", True, 0.9), pair("a", False, 0.9), pair("a", False, 0.1), pair("a", False, None)]
    assert script.ordered_share(pairs) == (1.5, 2)
    # Clip b is darker as a whole: its matching reference is below a's other one, but above its own.
    line = script.row([*pairs, pair("b", True, 0.05), pair("b", False, 0.01), pair("c", True, 0.5)])
    assert line is not None and "| 0.83 |" in line and line.endswith("| 2 | 3 |")


def test_nothing_to_compare_has_no_row(script: ModuleType) -> None:
    assert script.row([script.Pair("a", "object", "thing", True, 0.5)]) is None


def test_two_pictures_of_one_thing_are_never_each_others_stranger(script: ModuleType) -> None:
    clips = [
        {"file": "one.mp4", "matching_references": "character-animal/bbb_bunny_upper.jpg"},
        {"file": "two.mp4", "matching_references": "character-animal/bbb_bunny_full.jpg;character-animal/bbb_bird.jpg"},
    ]
    catalogue = [f"character-animal/cat{n}.jpg" for n in range(8)] + ["background/hill.jpg"]
    found = list(script.chosen(clips[0], clips, catalogue))
    assert found[0] == ("character-animal/bbb_bunny_upper.jpg", True)
    others = [reference for reference, matches in found if not matches]
    assert "character-animal/bbb_bird.jpg" in others and "character-animal/bbb_bunny_full.jpg" not in others
    assert len(others) == 1 + script.NUM_STRANGERS and "background/hill.jpg" not in others


def test_without_clips_it_says_that_it_is_skipped(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("skipped: no real clips at")
