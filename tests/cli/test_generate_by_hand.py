"""``a2bench generate --prompt``: one video by hand, as a person types it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from a2bench.cli import cli
from a2bench.errors import A2BenchError
from a2bench.model.cases import Suite
from tests.loopback import PATIENCE, hear_interrupts, wait_until

Type = Callable[..., Result]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def generate(suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types the command with a prompt and three references; more can be added."""
    monkeypatch.chdir(tmp_path)
    elements = {element.role: str(element.reference.path) for element in suite.cases[0].elements}

    def type_(*more: str, model: str = "collage", **changed: str) -> Result:
        arguments = ["generate", "-m", model, "--prompt", "A stranger.", "--size", "96x64", "--num-frames", "4"]
        for role, path in {**elements, **changed}.items():
            arguments += [f"--{role}", path]
        return CliRunner().invoke(cli, [*arguments, *more], standalone_mode=False)

    return type_


def said(result: Result) -> str:
    """The sentence of a refused command."""
    assert isinstance(result.exception, A2BenchError), result
    assert result.exception.exit_code == 2
    assert result.stdout == ""
    return str(result.exception)


def test_a_video_and_its_record_are_written_and_named(generate: Type) -> None:
    result = generate("-o", "out.mp4", "--seed", "5")
    assert result.stdout == "out.mp4\n"
    assert "4 frames of 96x64, seed 5" in result.stderr and "out.json" in result.stderr
    assert sorted(path.name for path in Path().glob("*.*")) == ["out.json", "out.mp4"]
    assert "out.mp4 exists" in said(generate("-o", "out.mp4"))
    forced = generate("-o", "out.mp4", "--force", "--json")
    document = json.loads(forced.stdout)
    assert document["path"] == "out.mp4" and document["seed"] == 0
    assert document["video"]["sha256"] == json.loads(Path("out.json").read_text())["video"]["sha256"]


def test_roles_may_repeat(generate: Type) -> None:
    more = ("--character", str(next(Path("suite").rglob("character-1.png"))))
    document = json.loads(generate("-o", "out.mp4", "--json", *more).stdout)
    assert [reference["role"] for reference in document["references"]] == [
        "character", "character", "object", "background",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "out.mp4", "--suite", "a2bench-mini"), "--suite is for the videos of a suite; leave it out"),
        (("-o", "out.mp4", "--fail-on-error"), "--fail-on-error is for the videos of a suite"),
        ((), "--output is missing: name the video, such as -o out.mp4"),
        (("-o", "out.mp4", "--steps", "4"), "unknown option of collage 'steps'. Known: none."),
        (("-o", "out.mp4", "--size", "big"), "--size 'big' is not WIDTHxHEIGHT"),
        (("-o", "out.mp4", "--background", "x.png"), "the background's reference x.png is not there"),
        (("-o", "out.txt",), "out.txt is not called like a video; expected a name that ends with .mp4"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(generate: Type, arguments: tuple[str, ...], words: str) -> None:
    assert words in said(generate(*arguments))
    assert not list(Path().glob("*out*"))


def test_options_of_one_video_are_refused_for_a_suite() -> None:
    result = CliRunner().invoke(cli, ["generate", "-m", "collage", "--seed", "3"], standalone_mode=False)
    assert "--seed is for one video by hand; add --prompt, or leave it out" in said(result)


def test_steps_from_the_project_file_are_only_for_systems_that_know_them(generate: Type) -> None:
    Path("a2bench.toml").write_text('steps = "4"\n')
    assert generate("-o", "out.mp4").stdout == "out.mp4\n"


def test_the_steps_are_told_where_there_is_no_terminal(generate: Type) -> None:
    result = generate("-o", "out.mp4", model="tests.run.work_items:InSteps")
    assert "out.mp4: step 3/3" in result.stderr


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="asks Linux whether the worker has started")
def test_an_interrupt_ends_the_worker_and_leaves_nothing(suite: Suite, tmp_path: Path) -> None:
    (reference, *_) = suite.cases[0].elements
    process = subprocess.Popen(
        [sys.executable, "-m", "a2bench", "generate", "-m", "tests.run.work_items:InSteps", "--set", "pause=60",
         "--prompt", "x", "--character", str(reference.reference.path), "-o", str(tmp_path / "out.mp4")],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, preexec_fn=hear_interrupts,
    )  # fmt: skip
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: children.read_text().split(), "a worker")
    workers = children.read_text().split()
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "interrupted; nothing was written" in errors.decode()
    assert not list(tmp_path.glob("*out*"))
    assert workers
    wait_until(lambda: not any(map(alive, workers)), "the end of the workers")


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
