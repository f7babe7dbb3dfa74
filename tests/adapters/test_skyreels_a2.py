import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).parents[1] / "e2v"))

from tiny_checkpoint import write_tiny_checkpoint  # noqa: E402

from a2bench.adapters.conformance import check_adapter, passed  # noqa: E402
from a2bench.adapters.skyreels_a2 import SkyReelsA2  # noqa: E402
from a2bench.base.counting import take_counts  # noqa: E402
from a2bench.cli import cli  # noqa: E402
from a2bench.errors import AdapterError, CaseError, InputError, WeightsError  # noqa: E402
from a2bench.model.cases import Case, Role, Suite  # noqa: E402
from a2bench.model.systems import GenerationSettings  # noqa: E402
from a2bench.model.video import read_video  # noqa: E402
from a2bench.run.execute import InlineExecutor  # noqa: E402
from a2bench.run.one_video import generate_video  # noqa: E402
from a2bench.run.store import RunStore  # noqa: E402

SMALL = GenerationSettings(width=64, height=48, num_frames=9, fps=Fraction(15))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_checkpoint(tmp_path_factory.mktemp("weights")))


@pytest.fixture
def system(weights: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SkyReelsA2]:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    yield SkyReelsA2(weights=weights, steps="1", negative_prompt="blur")


def make(system: SkyReelsA2, case: Case, seed: int = 0, **settings: Any) -> Any:
    return system.generate(case, seed=seed, settings=SMALL.model_copy(update=settings))


def test_it_keeps_the_promises_of_an_adapter(weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    checks = list(check_adapter("skyreels-a2", {"weights": weights, "steps": "1"}))
    assert passed(checks), checks
    refusal = next(check for check in checks if check.name == "refuses with AdapterError")
    assert (refusal.status, "unreadable.png cannot be read as an image" in refusal.found) == ("pass", True)


def test_making_the_adapter_imports_nothing_heavy(weights: str) -> None:
    code = (
        "import sys; from a2bench.base import registry; "
        f"registry.load('adapter', 'skyreels-a2')(weights={weights!r}); "
        "print([n for n in ('torch', 'diffusers', 'transformers') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_loads_once_and_encodes_each_thing_once(system: SkyReelsA2, suite: Suite) -> None:
    take_counts()
    for case in suite.cases:
        for seed in range(2):
            make(system, case, seed)
    counts = take_counts()
    assert len(suite.cases) == 3
    assert counts["load:WanTransformer3DModel"] == counts["load:UMT5EncoderModel"] == 1
    assert counts["encode:text"] == 3 + 1  # and the negative prompt
    assert counts["encode:image"] == 3 * 3
    assert counts["encode:reference"] == 3
    assert counts["step"] == 6


def test_the_video_has_the_frames_that_were_asked_for_and_none_of_the_references(
    system: SkyReelsA2, suite: Suite
) -> None:
    video = make(system, suite.cases[0])
    assert video.frames.shape == (9, 48, 64, 3)
    assert video.fps == 15


def test_what_it_cannot_make_is_refused_without_loading(system: SkyReelsA2, suite: Suite, tmp_path: Path) -> None:
    case = suite.cases[0]
    take_counts()
    with pytest.raises(InputError, match="72x48: both sides must be multiples of 16"):
        make(system, case, width=72)
    with pytest.raises(InputError, match=r"22 frames \(10 without the 12 of the references\)"):
        make(system, case, num_frames=10)
    with pytest.raises(CaseError, match="512 fit; shorten it, or these words would be cut: '.*'"):
        make(system, case.model_copy(update={"prompt": case.prompt + " and so on" * 60}))
    case.elements[0].reference.path.write_text("no image")
    with pytest.raises(CaseError, match="the character's reference .* cannot be read as an image"):
        make(system, case)
    assert take_counts() == {}


def test_a_checkpoint_of_another_model_is_told_for_the_case(
    weights: str, tmp_path: Path, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    copy = Path(shutil.copytree(weights, tmp_path / "copy"))
    config = copy / "transformer/config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "num_layers": 1}))
    with pytest.raises(WeightsError, match=r"32 not expected: blocks\.1\.attn1"):
        make(SkyReelsA2(weights=str(copy)), suite.cases[0])


def test_running_out_of_gpu_memory_fails_the_sample_in_one_sentence(
    system: SkyReelsA2, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(system, suite.cases[0])

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    assert system._pipeline is not None
    monkeypatch.setattr(system._pipeline, "generate", full)
    with pytest.raises(AdapterError, match="out of GPU memory making 9 frames of 64x48"):
        make(system, suite.cases[0])


def test_identity_and_revision_say_what_makes_the_video(weights: str, suite: Suite) -> None:
    case = suite.cases[0]
    base = SkyReelsA2(weights=weights)
    assert base.meta.revision == f"1-{base.weights.revision}-current"
    assert base.earlier_revisions == (f"1-{base.weights.revision}",)  # how 0.1.0 called the same
    assert "weights" not in base.identity(case)
    assert "sampler" not in base.identity(case)  # what is hashed of it is what it was in 0.1.0
    old = SkyReelsA2(weights=weights, sampler="released-2025")
    assert old.meta.revision == f"1-{base.weights.revision}-released-2025" and old.earlier_revisions == ()
    assert old.identity(case) == {**base.identity(case), "sampler": "released-2025"}
    for option, value in (
        ("steps", "49"), ("guidance_scale", "4"), ("flow_shift", "3"), ("margin", "0"), ("posterior", "mode"),
        ("negative_prompt", "blur"), ("precision", "float32"),
    ):  # fmt: skip
        other = SkyReelsA2(weights=weights, **{option: value})
        assert other.identity(case) != base.identity(case), option


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": "many"}, "steps 'many' must be a whole number"),
        ({"steps": "0"}, "steps '0' must be a whole number from 1 to 1000"),
        ({"guidance_scale": "high"}, "guidance_scale 'high' must be a number"),
        ({"posterior": "mean"}, "posterior 'mean' must be sample or mode"),
        ({"sampler": "unipc"}, "sampler 'unipc' must be current or released-2025"),
        ({"steps": "1001"}, "steps '1001' must be a whole number from 1 to 1000"),
        ({"flow_shift": "-1"}, "flow_shift must be a positive number, got -1"),
        ({"precision": "float16"}, "precision 'float16' must be bfloat16 or float32"),
    ],
)
def test_an_option_that_cannot_be_understood_is_refused(weights: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        SkyReelsA2(weights=weights, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"memory": "16gb"}, "memory profile '16gb' must be one of auto, 24gb, 40gb, 80gb, cpu"),
        ({"attention": "flash9"}, "attention 'flash9' must be one of native, "),
        ({"guidance": "parallel"}, "guidance=parallel comes by itself with gpus=2"),
        ({"gpus": "two"}, "gpus 'two' must be a whole number"),
        ({"gpus": "3"}, "3 GPUs cannot make one video together: 2 heads, 2 passes .* 1, 2, 4 can"),
    ],
)
def test_a_setting_of_speed_or_memory_is_refused_with_the_choices(
    weights: str, options: dict[str, str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        SkyReelsA2(weights=weights, **options)


@pytest.mark.slow
def test_two_processes_make_the_video_of_one(
    system: SkyReelsA2, weights: str, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = make(system, suite.cases[0])
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")  # so that they are as before when this test is over
    together = SkyReelsA2(weights=weights, steps="1", negative_prompt="blur", gpus="2")
    assert together.meta.gpus == 2
    try:
        made = make(together, suite.cases[0])
        assert (made.frames == alone.frames).all()
        assert together.identity(suite.cases[0]) == system.identity(suite.cases[0])
    finally:
        assert together._followers is not None
        together._followers.close()


@pytest.mark.slow
def test_processes_that_make_a_video_together_name_the_step_and_end(
    weights: str, tmp_path: Path, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")  # so that they are as before when this test is over
    folder = broken(weights, tmp_path)
    together = SkyReelsA2(weights=str(folder), steps="2", negative_prompt="blur", gpus="2")
    with pytest.raises(AdapterError, match="step 1 of 2 gave numbers that are not finite"):
        make(together, suite.cases[0])
    assert together._followers is None and not torch.distributed.is_initialized()


def broken(weights: str, folder: Path) -> Path:
    """A copy of a checkpoint whose network gives NaN."""
    copy = Path(shutil.copytree(weights, folder / "broken"))
    (shard,) = (path for path in (copy / "transformer").glob("*.safetensors") if "proj_out.weight" in load_file(path))
    tensors = load_file(shard)
    tensors["proj_out.weight"][0, 0] = float("nan")
    save_file(tensors, shard, metadata={"format": "pt"})
    return copy


def test_a_network_that_gives_nan_is_no_success(
    weights: str, suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    options = {"weights": str(broken(weights, tmp_path)), "steps": "2"}
    person = [("character", suite.cases[0].elements[0].reference.path)]
    words = "step 1 of 2 gave numbers that are not finite (precision=bfloat16, attention=native)"
    with pytest.raises(AdapterError, match=re.escape(words)):
        generate_video("skyreels-a2", "A man.", person, tmp_path / "out.mp4", settings=SMALL, options=options)
    assert not list(tmp_path.glob("*out*"))


def test_settings_of_speed_are_part_of_the_identity_and_those_of_memory_are_not(weights: str, suite: Suite) -> None:
    def identity(**options: str) -> Any:
        return SkyReelsA2(weights=weights, **options).identity(suite.cases[0])

    assert identity(memory="cpu") == identity(attention="native", cache="none") == identity()
    assert identity(cache="first-block")["acceleration"] == {"cache": "first-block"}


def test_without_weights_the_message_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"not on this machine; type `a2bench weights fetch skyreels-a2` \(about 60"):
        SkyReelsA2()


def test_eval_makes_and_measures_videos_and_resumes(weights: str, tmp_path: Path) -> None:
    arguments = [
        "eval", "--model", "skyreels-a2", "--set", f"weights={weights}", "--set", "steps=2", "--suite", "a2bench-mini",
        "--limit", "2", "--size", "64x64", "--num-frames", "9", "--metrics", "sharpness", "--device", "cpu",
        "--output", str(tmp_path / "run"),
    ]  # fmt: skip
    first = CliRunner().invoke(cli, arguments)
    assert first.exit_code == 0, first.output
    samples = list(RunStore(tmp_path / "run").samples.values())
    assert [sample.video.num_frames for sample in samples if sample.video] == [9, 9]
    counts = [sample.counts for sample in samples]
    assert sum(count.get("load:WanTransformer3DModel", 0) for count in counts) == 1
    assert sum(count["encode:text"] for count in counts) == 3
    assert [(sample.tier, sample.rung) for sample in samples] == [("other sampler", "none")] * 2  # 2 steps, not 50
    assert "made: 2 samples other sampler" in first.output
    report = tmp_path / "run/report"
    summary = json.loads((report / "tables/summary.json").read_text())
    assert summary["runs"][0]["making"] == [{"tier": "other sampler", "rung": "none", "samples": 2}]
    assert "2 samples other sampler" in (report / "tables/summary.md").read_text()
    assert "2 samples other sampler" in (report / "index.html").read_text()
    lines = list(csv.DictReader((report / "tables/scores.csv").read_text().splitlines()))
    assert {(line["tier"], line["rung"]) for line in lines} == {("other sampler", "none")}
    again = CliRunner().invoke(cli, arguments)
    assert again.exit_code == 0, again.output
    assert list(RunStore(tmp_path / "run").samples.values()) == samples


ROLES: list[tuple[Role, ...]] = [
    ("character",),
    ("object",),
    ("background",),
    ("character", "object"),
    ("character", "background"),
    ("object", "background"),
    ("character", "object", "background"),
    ("character", "character", "background"),
]


@pytest.mark.parametrize("roles", ROLES, ids="+".join)
def test_one_video_by_hand_of_every_subset_of_roles(
    weights: str, suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles: tuple[Role, ...]
) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    images = [element.reference.path for element in suite.cases[0].elements]
    heard: list[tuple[str, int, int]] = []
    made = generate_video(
        "skyreels-a2", "A stranger and a ball.", list(zip(roles, images, strict=False)), tmp_path / "out.mp4",
        settings=SMALL, options={"weights": weights, "steps": "2"},
        executor=InlineExecutor(on_step=lambda *step: heard.append(step)),
    )  # fmt: skip
    assert read_video(made.path).frames.shape == (9, 48, 64, 3)
    assert [reference["role"] for reference in made.record["references"]] == list(roles)
    assert heard == [("video", 1, 2), ("video", 2, 2)]
    assert (made.record["tier"], made.record["rung"]) == ("other sampler", "none")  # 2 steps instead of 50
    assert weights not in made.record_path.read_text() and made.record["system"]["revision"].endswith("-current")


@pytest.mark.slow
def test_killed_while_generating_a_run_resumes_with_the_same_command(weights: str, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "a2bench", "eval", "--model", "skyreels-a2", "--weights", weights, "--steps", "40",
        "--limit", "3", "--size", "64x64", "--num-frames", "9", "--metrics", "sharpness", "--device", "cpu",
    ]  # fmt: skip

    def start(folder: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*command, "--output", str(tmp_path / folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    journal = tmp_path / "killed/samples.jsonl"
    killed = start("killed")
    deadline = time.monotonic() + 300
    while not (journal.is_file() and journal.read_bytes().count(b"\n")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)  # into the steps of the second
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    kept = journal.read_bytes()
    assert 1 <= kept.count(b"\n") < 3, "it was faster than the kill"
    for folder in ("killed", "undisturbed"):
        process = start(folder)
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors.decode()
    assert journal.read_bytes().startswith(kept) and journal.read_bytes().count(b"\n") == 3
    resumed, undisturbed = (
        {key: sample.video.sha256 for key, sample in RunStore(tmp_path / folder).samples.items() if sample.video}
        for folder in ("killed", "undisturbed")
    )
    assert len(resumed) == 3 and resumed == undisturbed
    assert not list((tmp_path / "killed/videos").glob(".tmp-*"))
