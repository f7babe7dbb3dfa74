import json
import re
import shutil
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).parent))

from tiny_pipelines import write_wan_vace  # noqa: E402, I001
from poisoned import poison  # noqa: E402

from a2bench.adapters.wan_vace import WanVACE13B, WanVACE14B  # noqa: E402
from a2bench.model.cases import Case, Suite  # noqa: E402
from a2bench.show.progress import TerminalProgress  # noqa: E402
from a2bench.adapters.conformance import check_adapter, passed  # noqa: E402
from a2bench.base.counting import take_counts  # noqa: E402
from a2bench.errors import AdapterError, CaseError, InputError, WeightsError  # noqa: E402
from a2bench.run.execute import InlineExecutor  # noqa: E402
from a2bench.run.request import ExecutionOptions, RunRequest  # noqa: E402
from a2bench.run.stages import generate, score  # noqa: E402
from a2bench.run.store import RunStore  # noqa: E402
from a2bench.base.steps import listening  # noqa: E402
from a2bench.model.systems import GenerationSettings  # noqa: E402

SMALL = GenerationSettings(width=64, height=48, num_frames=9, fps=Fraction(16))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_wan_vace(tmp_path_factory.mktemp("wan-vace")))


@pytest.fixture
def system(weights: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[WanVACE13B]:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    yield WanVACE13B(weights=weights, steps="1", negative_prompt="blur")


def make(system: WanVACE13B, case: Case, seed: int = 0, **settings: Any) -> Any:
    return system.generate(case, seed=seed, settings=SMALL.model_copy(update=settings))


def with_elements(case: Case, number: int) -> Case:
    return case.model_copy(update={"elements": case.elements[:number]})


def test_it_keeps_the_promises_of_an_adapter(weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    checks = list(check_adapter("wan-vace-1.3b", {"weights": weights, "steps": "1"}, SMALL))
    assert passed(checks), checks


def test_it_makes_what_the_pipeline_of_diffusers_makes(system: WanVACE13B, weights: str, suite: Suite) -> None:
    from diffusers import UniPCMultistepScheduler, WanVACEPipeline
    from PIL import Image
    from transformers import AutoTokenizer, UMT5EncoderModel

    case = suite.cases[0]
    system.precision = "float32"
    ours = make(system, case, seed=7)
    folder = Path(weights)
    from diffusers import AutoencoderKLWan, WanVACETransformer3DModel

    pipeline = WanVACEPipeline(
        tokenizer=AutoTokenizer.from_pretrained(folder / "tokenizer"),
        text_encoder=UMT5EncoderModel.from_pretrained(folder / "text_encoder"),
        vae=AutoencoderKLWan.from_pretrained(folder / "vae"),
        transformer=WanVACETransformer3DModel.from_pretrained(folder / "transformer"),
        scheduler=UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=16.0
        ),
    )
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(
        prompt=case.prompt, negative_prompt="blur", width=64, height=48, num_frames=9, num_inference_steps=1,
        reference_images=[Image.open(e.reference.path).convert("RGB") for e in case.elements],
        generator=torch.Generator().manual_seed(7), output_type="np",
    ).frames[0]  # fmt: skip
    # The orders of sums differ: on some CPUs a value that lies on the half between two levels falls to the other side.
    apart = np.abs(ours.frames.astype(int) - (theirs * 255).round().astype(int))
    assert apart.max() <= 1 and (apart > 0).mean() < 1e-4


@pytest.mark.parametrize("number", [1, 2, 3])
def test_any_number_of_references_gives_the_frames_that_were_asked_for(
    system: WanVACE13B, suite: Suite, number: int
) -> None:
    video = make(system, with_elements(suite.cases[0], number))
    assert video.frames.shape == (9, 48, 64, 3) and video.fps == 16


def test_it_loads_once_encodes_each_prompt_once_and_tells_its_steps(system: WanVACE13B, suite: Suite) -> None:
    take_counts()
    heard: list[tuple[int, int]] = []
    with listening(lambda *step: heard.append(step)):
        for case in suite.cases[:2]:
            for seed in range(2):
                video = make(system, case, seed)
    counts = take_counts()
    assert counts["load:WanVACETransformer3DModel"] == counts["load:UMT5EncoderModel"] == 1
    assert counts["encode:text"] == 2 + 1
    assert heard == [(1, 1)] * 4 and counts["step"] == 4
    assert (video.making.tier, video.making.rung) == ("other sampler", "none")  # one step instead of 50


def test_what_it_cannot_make_is_refused_without_loading(system: WanVACE13B, suite: Suite) -> None:
    case = suite.cases[0]
    take_counts()
    for settings, words in (
        ({"width": 72}, "72x48: both sides must be multiples of 16"),
        ({"num_frames": 10}, r"10 frames cannot be made: the number must be 4k\+1, such as 9 frames or 13 frames"),
        ({"num_frames": 121}, "133 frames of 64x48 are too large for this network: it has 32 positions"),
    ):
        with pytest.raises(InputError, match=words):
            system.check(case, SMALL.model_copy(update=settings))
        with pytest.raises(InputError, match=words):
            make(system, case, **settings)
    with pytest.raises(CaseError, match="512 fit; shorten it, or these words would be cut"):
        make(system, case.model_copy(update={"prompt": case.prompt + " and so on" * 60}))
    case.elements[0].reference.path.write_text("no image")
    with pytest.raises(CaseError, match="the character's reference .* cannot be read as an image"):
        make(system, case)
    assert take_counts() == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": "0"}, "steps '0' must be a whole number from 1 to 1000"),
        ({"guidance_scale": "nan"}, "guidance_scale 'nan' must be a number"),
        ({"precision": "float16"}, "precision 'float16' must be bfloat16 or float32"),
        ({"memory": "8gb"}, "8gb"),
    ],
)
def test_an_option_that_cannot_be_understood_is_refused(weights: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        WanVACE13B(weights=weights, **options)


def test_a_damaged_checkpoint_is_told_before_loading(weights: str, tmp_path: Path, suite: Suite) -> None:
    copy = Path(shutil.copytree(weights, tmp_path / "copy"))
    path = copy / "text_encoder/model.safetensors"
    tensors = load_file(path)
    lost = sorted(tensors)[0]
    save_file({name: tensor for name, tensor in tensors.items() if name != lost}, path, metadata={"format": "pt"})
    take_counts()
    with pytest.raises(WeightsError, match=f"1 missing: {lost}"):
        make(WanVACE13B(weights=str(copy)), suite.cases[0])
    assert take_counts() == {}
    (copy / "vae/config.json").unlink()
    with pytest.raises(WeightsError, match="weights are incomplete: no such file .*vae/config.json"):
        WanVACE13B(weights=str(copy))


def test_another_models_weights_are_told_apart(weights: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(weights, tmp_path / "copy"))
    config = copy / "transformer/config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "num_attention_heads": 40}))
    with pytest.raises(WeightsError, match=r"holds Wan2\.1-VACE 14B; type --model wan-vace-14b"):
        WanVACE13B(weights=str(copy))
    assert WanVACE14B(weights=str(copy)).meta.name == "wan-vace-14b"
    config.write_text(json.dumps({**json.loads(config.read_text()), "_class_name": "WanTransformer3DModel"}))
    with pytest.raises(WeightsError, match=r"'WanTransformer3DModel', expected WanVACETransformer3DModel; is this Wan"):
        WanVACE13B(weights=str(copy))


def test_without_weights_the_message_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"1\.3B needs its weights, .*; type `a2bench weights fetch wan-vace-1\.3b`"):
        WanVACE13B()


def test_a_run_makes_and_measures_videos(weights: str, tmp_path: Path, suite: Suite, monkeypatch: Any) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    request = RunRequest(
        "wan-vace-1.3b", {"weights": weights, "steps": "1"}, suite, suite, (0,), SMALL, ("sharpness",), tmp_path / "run"
    )
    store = RunStore(request.output)
    with store.locked():
        made = generate(request, ExecutionOptions(), TerminalProgress(-1), InlineExecutor())
        scored = score(request, ExecutionOptions(), TerminalProgress(-1), InlineExecutor())
    assert made.complete and scored.complete and scored.done == 3
    samples = RunStore(request.output).samples.values()
    assert [sample.video.num_frames for sample in samples if sample.video] == [9] * 3
    assert {(sample.tier, sample.rung) for sample in samples} == {("other sampler", "none")}


def test_numbers_that_are_not_finite_fail_the_sample_and_name_the_step(
    weights: str, monkeypatch: pytest.MonkeyPatch, suite: Suite
) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    broken, wanted = WanVACE13B(weights=weights, steps="3", negative_prompt="blur"), with_elements(suite.cases[0], 2)
    make(broken, wanted)  # loads
    calls = poison(broken._pipe.transformer.proj_out, at=4)
    words = "step 2 of 3 gave numbers that are not finite (precision=bfloat16, attention=native)"
    with pytest.raises(AdapterError, match=re.escape(words)):
        make(broken, wanted)
    assert len(calls) == 4  # the third step is not made


def test_infinity_that_the_decoder_gives_fails_the_sample(system: WanVACE13B, suite: Suite) -> None:
    wanted = with_elements(suite.cases[0], 2)
    make(system, wanted)
    poison(system._pipe.vae.decoder, value=float("inf"))  # which the pipeline would clamp to white
    with pytest.raises(AdapterError, match="decoding the video gave numbers that are not finite"):
        make(system, wanted)
