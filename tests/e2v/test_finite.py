"""NaN and infinity are found where they arise, in every way of making a video, and named."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from poisoned import poison
from test_pipeline import asked

from a2bench.base.counting import take_counts
from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.finite import FiniteNumbers, OutputWatch, is_finite
from a2bench.e2v.loading import load_pipeline
from a2bench.e2v.pipeline import Pipeline, Step
from a2bench.errors import AdapterError

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize("value", [NAN, INFINITE, -INFINITE])
@pytest.mark.parametrize("step", [1, 3, 4])
def test_the_step_that_gives_bad_numbers_is_named_and_the_next_are_not_made(
    pipeline: Pipeline, step: int, value: float
) -> None:
    calls = poison(pipeline.transformer.proj_out, at=2 * step, value=value)  # two passes a step: the second is bad
    heard: list[Step] = []
    words = f"step {step} of 4 gave numbers that are not finite (precision=float32, attention=native)"
    with pytest.raises(AdapterError, match=re.escape(words)):
        pipeline.generate(asked("character", steps=4), heard.append)
    assert len(calls) == 2 * step and len(heard) == step - 1


@pytest.mark.parametrize("value", [NAN, INFINITE, -INFINITE])
def test_bad_numbers_of_the_decoder_alone_are_found_though_the_vae_clamps_them(
    pipeline: Pipeline, value: float
) -> None:
    poison(pipeline.spatial.vae.decoder, at=1, value=value)
    with pytest.raises(AdapterError, match="decoding the video gave numbers that are not finite"):
        pipeline.generate(asked("character"))


@pytest.mark.parametrize("value", [NAN, INFINITE])
def test_bad_numbers_behind_the_decoder_are_found(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    decode = pipeline.spatial.vae.decode

    def broken(*given: Any, **named: Any) -> Any:
        video = decode(*given, **named)[0].clone()
        video[..., 0, 0] = value
        return (video,)

    monkeypatch.setattr(pipeline.spatial.vae, "decode", broken)
    with pytest.raises(AdapterError, match="decoding the video gave"):
        pipeline.generate(asked("character"))


def test_an_encoder_with_bad_numbers_is_named_before_the_first_step(pipeline: Pipeline) -> None:
    with torch.no_grad():
        pipeline.semantic.text_encoder.shared.weight[:] = NAN
    take_counts()
    with pytest.raises(AdapterError, match="the text encoder gave numbers that are not finite"):
        pipeline.generate(asked("character"))
    assert "step" not in take_counts()


@pytest.mark.parametrize(
    "acceleration",
    [
        Acceleration(guidance="batched"),
        Acceleration(cache="first-block"),
        Acceleration(cache="taylorseer", cache_interval=2),
        Acceleration(storage="fp8"),
        Acceleration(vae="bfloat16"),
        Acceleration(attention="native_math"),
    ],
    ids=lambda acceleration: "+".join(f"{key}={value}" for key, value in acceleration.shown().items()),
)
def test_every_way_of_making_a_video_looks_and_says_what_is_safer(checkpoint: Path, acceleration: Acceleration) -> None:
    pipeline = load_pipeline(checkpoint, acceleration=acceleration)
    poison(pipeline.transformer.proj_out, at=1 if acceleration.guidance == "batched" else 2)
    with pytest.raises(AdapterError) as told:
        pipeline.generate(asked("character", steps=2))
    said = str(told.value)
    assert said.startswith("step 1 of 2 gave numbers that are not finite (precision=bfloat16, attention=")
    assert "--set precision=float32" in said
    for name, safer in (("cache", "none"), ("storage", "full"), ("vae", "float32"), ("attention", "native")):
        changed = getattr(acceleration, name) != getattr(Acceleration(), name)
        assert (f"--set {name}={safer}" in said) is changed, said


@pytest.mark.parametrize("profile", ["cpu", "auto"])
def test_offloaded_networks_are_looked_at_too(checkpoint: Path, monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    pipeline = load_pipeline(checkpoint, precision="float32", profile=profile)
    if profile == "auto":
        assert pipeline.placed._climb("offload") and pipeline.placed._climb("tile")
    poison(pipeline.transformer.proj_out, at=4)
    with pytest.raises(AdapterError, match="step 2 of 3 gave"):
        pipeline.make(asked("character", steps=3))


def test_what_to_try_names_only_what_is_not_tried_yet() -> None:
    safe = FiniteNumbers({"precision": "float32", "attention": "native"}, "skyreels-a2").error("step 1 of 2")
    assert "--set" not in str(safe)
    assert "try weights that were neither quantised nor converted (`a2bench weights verify skyreels-a2`)" in str(safe)
    lora = FiniteNumbers({"precision": "bfloat16", "attention": "sage", "lora": "x.safetensors"}, "skyreels-a2")
    words = (
        "try --set precision=float32, or --set attention=native, or no LoRA, or a smaller --set lora_scale, or weights"
    )
    assert words in str(lora.error("step 1 of 2"))


def test_a_good_video_is_made_as_before_and_a_failure_leaves_nothing_behind(pipeline: Pipeline) -> None:
    request = asked("character", steps=2)
    whole = pipeline.generate(request)
    handles = len(pipeline.spatial.vae.decoder._forward_hooks)
    with pytest.raises(AdapterError):
        pipeline.generate(replace(request, sampling=replace(request.sampling, guidance_scale=3e38)))
    assert (pipeline.generate(request) == whole).all()
    assert len(pipeline.spatial.vae.decoder._forward_hooks) == handles == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_one_bad_number_among_many_is_enough(dtype: torch.dtype) -> None:
    values = torch.linspace(-60_000, 60_000, 1001).to(dtype)
    assert is_finite(values)
    for bad in (NAN, INFINITE, -INFINITE):
        assert not is_finite(values.index_fill(0, torch.tensor([500]), bad))


def test_a_watch_that_saw_nothing_is_content() -> None:
    with OutputWatch(torch.nn.Linear(2, 2)) as watch:
        pass
    assert is_finite(watch.ends)
