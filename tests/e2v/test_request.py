import re
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.references import Reference
from a2bench.e2v.request import Request, Sampling, check_prompt, check_request
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import Role


def references(*roles: Role) -> tuple[Reference, ...]:
    return tuple(Reference(role, Image.new("RGB", (20, 20), "red")) for role in roles)


GOOD = Request("a man", references("character", "object", "background"))


def test_the_defaults_are_the_released_ones() -> None:
    check_request(GOOD)
    assert (GOOD.width, GOOD.height, GOOD.num_frames, GOOD.seed) == (832, 480, 81, 42)
    assert (GOOD.sampling.steps, GOOD.sampling.guidance_scale, GOOD.sampling.flow_shift) == (50, 5.0, 8.0)
    assert GOOD.num_frames - GOOD.trim == 69


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"width": 840}, InputError, "840x480: both sides must be multiples of 16; the nearest size is 832x480"),
        ({"height": 0}, InputError, "832x0: both sides must be multiples of 16; the nearest size is 832x16"),
        (
            {"num_frames": 80},
            InputError,
            "80 frames (68 without the 12 of the references) cannot be made: the number must be 4k+1, such as "
            "77 frames (65 without the 12 of the references) or 81 frames (69 without the 12 of the references)",
        ),
        ({"num_frames": 0}, InputError, "0 frames cannot be made: the number must be 4k+1, such as 1 frames"),
        ({"num_frames": 9}, InputError, "9 frames leave none: the first 12 show the references"),
        ({"references": ()}, CaseError, "SkyReels-A2 takes 1 to 3 references, got 0"),
        ({"references": references(*["object"] * 4)}, CaseError, "SkyReels-A2 takes 1 to 3 references, got 4"),
        ({"references": references("background", "background")}, CaseError, "takes one background, got several"),
        ({"prompt": " "}, CaseError, "the prompt is empty"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_in_one_sentence(
    change: dict[str, Any], kind: type[InputError], words: str
) -> None:
    with pytest.raises(kind, match=re.escape(words)):
        check_request(replace(GOOD, **change))


@pytest.mark.parametrize(
    "change", [{"steps": 0}, {"guidance_scale": float("nan")}, {"flow_shift": 0.0}, {"margin": -1}]
)
def test_impossible_settings_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(change))):
        Sampling(**change)


def test_a_prompt_of_512_tokens_fits_and_one_more_does_not() -> None:
    words = [f"w{number}" for number in range(600)]

    def tokenize(prompt: str) -> list[int]:
        return [*range(len(prompt.split())), 10_000]

    def decode(ids: list[int]) -> str:
        return " ".join(words[number] for number in ids)

    check_prompt(" ".join(words[:511]), tokenize, decode)
    with pytest.raises(CaseError, match=r"513 tokens, 512 fit; .* these words would be cut: 'w511'"):
        check_prompt(" ".join(words[:512]), tokenize, decode)
    with pytest.raises(CaseError, match=r"601 tokens, .* cut: 'w511 w512 .* \[\.\.\.\] .* w599'"):
        check_prompt(" ".join(words), tokenize, decode)


def test_a_video_larger_than_the_networks_positions_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(InputError, match=r"32 positions along each axis, so sides up to 512 pixels and 125 frames"):
        pipeline.generate(GOOD)


def test_a_long_prompt_is_refused_before_any_work(pipeline: Pipeline) -> None:
    small = replace(GOOD, width=32, height=32, num_frames=17)
    with pytest.raises(CaseError, match=r"tokens, 512 fit; .* would be cut: '[ab ]*the end'"):
        pipeline.generate(replace(small, prompt="ab " * 180 + "the end"))
    with pytest.raises(CaseError, match="512 fit"):
        pipeline.generate(replace(small, sampling=Sampling(steps=1, negative_prompt="x" * 600)))
