"""Every bad word gets one sentence and exit code 2 before any work, by the command line and by Python alike."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_pipeline import asked
from tiny_checkpoint import write_tiny_checkpoint

from a2bench.adapters.controls import Collage
from a2bench.adapters.skyreels_a2 import SkyReelsA2
from a2bench.base.counting import take_counts
from a2bench.base.inputs import MAX_SEED, check_seed, check_text
from a2bench.cli import main
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.request import Sampling, check_request
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import Suite, load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.run.execute import InlineExecutor, LocalExecutor
from a2bench.run.one_video import generate_video
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import generate, plan
from a2bench.run.store import RunStore

SMALL = GenerationSettings(width=64, height=48, num_frames=9, fps=Fraction(15))
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins to work breaks the test."""

    def work(*_: object, **__: object) -> None:
        raise AssertionError("work was begun")

    for executor in (InlineExecutor, LocalExecutor):
        monkeypatch.setattr(executor, "run", work)
    monkeypatch.setattr("a2bench.e2v.loading.load_pipeline", work)


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    pixels = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "man.png")
    return tmp_path / "man.png"


BYTE = "A \udcff man"
"""How Python hands over a byte of the command line that is no UTF-8."""
TYPED: list[tuple[list[str], str]] = [
    (["--prompt", BYTE], "the prompt is not valid text: behind 'A ' comes the byte 0xff, which is no UTF-8"),
    (["--prompt", "A\0man"], "the prompt is not valid text: character 2 is NUL; leave it out"),
    (["--prompt", "A \ud800 man"], "the prompt is not valid text: behind 'A ' comes half of a character"),
    (["--prompt", "  "], "the prompt is empty"),
    (["--prompt", "a" * 2001], "prompt: String should have at most 2000 characters"),
    (["--character", "\udcff.png"], "the name of the character's reference is not valid text"),
    (["--character", "a" * 300 + ".png"], "is not there: File name too long"),
    (["-o", "\udcff.mp4"], "the name of the video is not valid text"),
    (["-o", "a" * 300 + ".mp4"], "the name of the video has 304 bytes; give it a shorter one"),
    (["--set", f"negative_prompt={BYTE}"], "the option negative_prompt is not valid text"),
    (["--set", "lora=\udcff"], "the option lora is not valid text"),
    (["--weights", "\udcff"], "the option weights is not valid text"),
    (["--set", "\udcff=1"], "is not KEY=VALUE"),
    (["--steps", "1001"], "steps '1001' must be a whole number from 1 to 1000"),
    (["--steps", "0"], "steps '0' must be a whole number from 1 to 1000"),
    (["--steps", "-1"], "steps '-1' must be a whole number from 1 to 1000"),
    (["--steps", "2.5"], "steps '2.5' must be a whole number from 1 to 1000"),
    (["--steps", "9" * 5000], "must be a whole number from 1 to 1000"),
    (["--seed", "-1"], "-1 is not in the range 0<=x<=4294967295"),
    (["--seed", str(2**32)], "4294967296 is not in the range 0<=x<=4294967295"),
    (["--seed", str(2**64)], "18446744073709551616 is not in the range 0<=x<=4294967295"),
    (["--seed", "1.5"], "'1.5' is not a valid integer"),
    (["--num-frames", "1"], "a video has 2 frames or more, got 1; type --num-frames 2 or more"),
    (["--num-frames", "10"], "cannot be made: the number must be 4k+1"),
    (["--num-frames", "0"], "0 is not in the range"),
    (["--set", "gpus=3"], "3 GPUs cannot make one video together: 2 heads, 2 passes of guidance do not divide"),
    (["--set", "gpus=0"], "gpus '0' must be a whole number, 1 or more"),
    (["--set", "guidance_scale=nan"], "guidance_scale 'nan' must be a number"),
    (["--set", "guidance_scale=-inf"], "guidance_scale '-inf' must be a number"),
    (["--set", "guidance_scale=1e999"], "guidance_scale '1e999' must be a number"),
    (["--set", "flow_shift=-1"], "flow_shift must be a positive number, got -1"),
    (["--set", "flow_shift=0"], "flow_shift must be a positive number, got 0"),
    (["--set", "flow_shift=1e9"], "flow_shift=1e+09 leaves no difference between 50 steps; Wan's are 3 to 16"),
    (["--set", "sampler=old"], "sampler 'old' must be current or released-2025"),
    (["--set", "margin=-1"], "margin '-1' must be a whole number, 0 or more"),
    (["--set", "margin=999999"], "frames of 64x48 are too large for this network"),
    (["--set", "cache=first-block", "--set", "cache_threshold=nan"], "cache_threshold must be between 0 and 1"),
    (["--set", "cache=taylorseer", "--set", "cache_interval=1"], "cache_interval must be 2 steps or more, got 1"),
    (["--set", "lora_scale=nan"], "lora_scale must be a number, got nan"),
    (["--size", "72x48"], "72x48: both sides must be multiples of 16; the nearest size is 64x48"),
    (["--size", "64x47"], "expected an even number of pixels"),
    (["--size", "-64x48"], "is not WIDTHxHEIGHT"),
    (["--fps", "nan"], "--fps 'nan' is not a number or a fraction"),
    (["--fps", "-1"], "--fps -1: expected greater than 0"),
]


@pytest.mark.parametrize(("words", "said"), TYPED, ids=lambda row: repr(row)[:60])
def test_the_command_line_says_it_in_one_sentence(
    words: list[str], said: str, weights: Path, person: Path, no_work: None, capsys: Any, monkeypatch: Any
) -> None:
    given = {"--weights": str(weights), "--prompt": "A man.", "--size": "64x48", "--num-frames": "9", "-o": "out.mp4"}
    given |= {"--character": str(person)}
    pairs = list(zip(words[::2], words[1::2], strict=True))
    for name, value in given.items():
        if name not in words:
            pairs.insert(0, (name, value))
    take_counts()
    monkeypatch.setattr(
        sys, "argv", ["a2bench", "generate", "-m", "skyreels-a2", *(word for pair in pairs for word in pair)]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (2, ""), shown.err
    (sentence,) = (line for line in shown.err.splitlines() if line.lower().startswith("error:"))
    assert said in sentence and "unexpected" not in shown.err and "Traceback" not in shown.err
    assert not [event for event in take_counts() if event != "load:system"]  # the object, which has no weights
    assert [path.name for path in person.parent.iterdir()] == ["man.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes")
def test_bytes_that_are_no_text_reach_nobody(weights: Path, person: Path) -> None:
    words: list[bytes | str] = [
        sys.executable, "-m", "a2bench", "generate", "-m", "collage", "--prompt", b"A \xff man",
        "--character", "man.png", "-o", "out.mp4",
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, env={"PATH": "/usr/bin", "PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stdout) == (2, b""), done.stderr
    assert done.stderr.startswith(b"error: the prompt is not valid text: behind 'A ' comes the byte 0xff")
    assert done.stderr.count(b"\n") == 1


SEEDS = [
    -1,
    2**32,
    2**63 - 1,
    2**64,
    -(2**70),
    True,
    False,
    1.0,
    float("nan"),
    "1",
    None,
    np.float32(3),
    np.bool_(True),
]
"""None of these is a seed."""


@pytest.mark.parametrize("seed", SEEDS, ids=repr)
@pytest.mark.parametrize("model", ["skyreels-a2", "collage"])
def test_a_seed_that_is_none_is_refused_in_python_too(
    model: str, seed: Any, weights: Path, person: Path, no_work: None
) -> None:
    options = {"weights": str(weights)} if model == "skyreels-a2" else {}
    with pytest.raises(InputError, match=r"seed .* must be a whole number from 0 to 4294967295"):
        generate_video(model, "A man.", [("character", person)], "out.mp4", seed=seed, settings=SMALL, options=options)


@pytest.mark.parametrize("seed", SEEDS[:4], ids=repr)
def test_every_adapter_refuses_such_a_seed_by_itself(
    seed: int, weights: Path, suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2bench.adapters.command import Command
    from a2bench.adapters.folder import Folder

    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    systems: list[Any] = [SkyReelsA2(weights=str(weights)), Collage(), Command("true"), Folder(str(tmp_path))]
    take_counts()
    for system in systems:
        with pytest.raises(InputError, match="must be a whole number from 0 to 4294967295"):
            system.generate(suite.cases[0], seed=seed, settings=SMALL)
    assert take_counts() == {}


@pytest.mark.parametrize("ask", [plan, lambda request, store: generate(request, ExecutionOptions(), Any)])
def test_a_run_refuses_bad_seeds_and_single_frames_before_any_work(
    ask: Callable[..., Any], suite: Suite, tmp_path: Path, no_work: None
) -> None:
    good = RunRequest("collage", {}, suite, suite, (0,), SMALL, ("sharpness",), tmp_path / "run")
    one = replace(good, settings=SMALL.model_copy(update={"num_frames": 1}))
    for request, said in (
        (replace(good, seeds=(0, 2**32)), "seed 4294967296 must be"),
        (one, "2 frames or more, got 1"),
    ):
        with pytest.raises(InputError, match=said):
            ask(request, RunStore(request.output))
    assert not (tmp_path / "run").exists()


def test_equal_numbers_are_equal_seeds_whatever_their_type() -> None:
    assert [check_seed(seed) for seed in (0, MAX_SEED, np.int64(7), np.uint32(7))] == [0, MAX_SEED, 7, 7]


PYTHON: list[tuple[dict[str, Any], str]] = [
    ({"prompt": BYTE}, "the prompt is not valid text"),
    ({"prompt": None}, "the prompt must be a text, got None of NoneType"),
    ({"prompt": b"A man."}, "the prompt must be a text, got b'A man.' of bytes"),
    (
        {"references": [("person", "man.png")]},
        "the role 'person' of man.png must be one of character, object, background",
    ),
    ({"references": [("character", "a\0b.png")]}, "the name of the character's reference is not valid text"),
    ({"output": "a\0b.mp4"}, "the name of the video is not valid text"),
    ({"settings": SMALL.model_copy(update={"num_frames": 1})}, "a video has 2 frames or more, got 1"),
    ({"options": {"steps": 4}}, "the option steps must be a text, got 4 of int"),
    ({"options": {"negative_prompt": "a\0"}}, "the option negative_prompt is not valid text"),
    ({"options": {"weights": "\udcff"}}, "the option weights is not valid text"),
]


@pytest.mark.parametrize(("changed", "said"), PYTHON, ids=lambda row: repr(row)[:60])
def test_python_says_it_in_the_same_words(
    changed: dict[str, Any], said: str, weights: Path, person: Path, no_work: None
) -> None:
    given: dict[str, Any] = {
        "model": "skyreels-a2", "prompt": "A man.", "references": [("character", "man.png")], "output": "out.mp4",
        "settings": SMALL, **changed,
    }  # fmt: skip
    given["options"] = {"weights": str(weights)} | given.get("options", {})
    with pytest.raises(InputError) as told:
        generate_video(**given)
    assert said in str(told.value) and told.value.exit_code == 2
    assert [path.name for path in person.parent.iterdir()] == ["man.png"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 1001}, "steps must be a whole number from 1 to 1000, got 1001"),
        ({"steps": True}, "steps must be a whole number from 1 to 1000, got True"),
        ({"steps": 2.5}, "steps must be a whole number"),
        ({"guidance_scale": float("inf")}, "guidance_scale must be a number, got inf"),
        ({"flow_shift": float("nan")}, "flow_shift must be a positive number, got nan"),
        ({"negative_prompt": BYTE}, "negative_prompt is not valid text"),
    ],
)
def test_the_pipelines_own_settings_are_checked_too(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Sampling(**change)


@pytest.mark.parametrize(
    ("change", "said"), [({"seed": 2**32}, "seed 4294967296"), ({"prompt": BYTE}, "the prompt is not valid text")]
)
def test_a_request_is_checked_too(change: dict[str, Any], said: str, pipeline: Pipeline) -> None:
    request = replace(asked("character"), **change)
    with pytest.raises(InputError, match=said):
        check_request(request)
    with pytest.raises(InputError, match=said):
        pipeline.generate(request)


def test_a_case_of_a_suite_with_such_a_prompt_names_its_line(suite_path: Path) -> None:
    whole = suite_path.read_text()
    for word in ("\\u0000", "\\udcff"):
        suite_path.write_text(whole.replace("a round stranger kicks", f"a round stranger {word} kicks", 1))
        with pytest.raises(CaseError, match=r"tiny.jsonl line 1: "):
            load_suite(str(suite_path))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there are GPUs")
def test_more_gpus_than_there_are_are_refused_before_anything_is_loaded(
    weights: Path, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("A2BENCH_DEVICE", raising=False)
    take_counts()
    with pytest.raises(
        InputError, match="gpus=2, but GPUs that this process sees: 0; type --set gpus=1, or --device cpu"
    ):
        SkyReelsA2(weights=str(weights), gpus="2").generate(suite.cases[0], seed=0, settings=SMALL)
    assert take_counts() == {}


def test_a_good_text_is_left_as_it_is() -> None:
    for text in ("", "Zwölf Boxkämpfer", "一个男人\n走", "👩‍👩‍👧", "\ufeff \u200b", "a\tb"):
        assert check_text(text, "it") is text
