"""Evaluating a part of a suite: what the system is asked, under which name it runs, and that it can be scored again."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from a2bench.cli import main
from a2bench.run.store import RunStore

TINY = ["--size", "96x64", "--num-frames", "6", "--metrics", "sharpness"]
SHORT = "a round stranger, a striped ball, a chequered field"
PORTUGUESE = {
    "prompt": "Um estranho redondo chuta uma bola listrada num campo xadrez.",
    "phrases": ["estranho redondo", "bola listrada", "campo xadrez"],
}


@pytest.fixture
def parted(suite_path: Path) -> Path:
    lines = [json.loads(line) for line in suite_path.read_text("utf-8").splitlines()]
    lines[0] |= {"split": "dev", "seeds": [3, 5], "variants": {"short": SHORT}, "translations": {"pt": PORTUGUESE}}
    lines[1] |= {"split": "dev", "seeds": [7]}
    suite_path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return suite_path


def evaluate(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["a2bench", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert isinstance(caught.value.code, int)
    return caught.value.code


def asked(run: str) -> dict[tuple[str, int], Any]:
    return {sample: record.identity["case"]["prompt"] for sample, record in RunStore(Path(run)).samples.items()}


def test_each_case_is_made_with_its_own_seeds_and_the_run_can_be_scored_again(
    parted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evaluate(monkeypatch, "eval", "-m", "collage", "--suite", f"{parted}:dev", "--seeds", "suite", *TINY) == 0
    assert set(asked("runs/collage-tiny-dev")) == {("case-0", 3), ("case-0", 5), ("case-1", 7)}
    capsys.readouterr()
    assert evaluate(monkeypatch, "score", "runs/collage-tiny-dev", "--metrics", "sharpness", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["stages"]["score"]["planned"] == document["stages"]["score"]["resumed"] == 3
    assert document["metrics"][0]["total"] == 3


def test_own_seeds_of_cases_that_have_none_are_refused(
    parted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evaluate(monkeypatch, "eval", "-m", "collage", "--suite", str(parted), "--seeds", "suite", *TINY) == 2
    assert "case 'case-2' has no seeds of its own; give numbers, such as 0-3" in capsys.readouterr().err


def test_the_system_is_told_the_other_words_and_metrics_read_english(
    parted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    common = ["eval", "-m", "collage", "--suite", str(parted), *TINY]
    assert evaluate(monkeypatch, *common, "--variant", "short") == 0
    assert asked("runs/collage-tiny-short") == {("case-0", 0): SHORT}
    assert evaluate(monkeypatch, *common, "--language", "pt") == 0
    assert asked("runs/collage-tiny-pt") == {("case-0", 0): PORTUGUESE["prompt"]}
    page = Path("runs/collage-tiny-pt/report/index.html").read_text("utf-8")
    assert "estranho redondo" in page
    assert "without their references" not in page
