"""Is our pipeline the same function as the released one? Held against what the released code computed (golden/)."""

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from golden_errors import GOLDEN, golden_request, largest
from safetensors.torch import load_file

from a2bench.e2v.pipeline import Pipeline, Step, make_scheduler
from a2bench.e2v.references import fit_to_frame, pixels
from a2bench.e2v.request import Request

CONDITION_TOLERANCE = 1e-5
LATENT_TOLERANCE = 1e-4


@dataclass
class GoldenCase:
    request: Request
    expected: dict[str, torch.Tensor]


@pytest.fixture(params=range(3), ids=lambda number: f"case{number}")
def golden(request: Any) -> GoldenCase:
    return GoldenCase(golden_request(request.param), load_file(GOLDEN / f"case{request.param}.safetensors"))


def test_references_are_fitted_to_the_frame_pixel_by_pixel(golden: GoldenCase) -> None:
    for reference, expected in zip(golden.request.references, golden.expected["image_vae"], strict=True):
        found = pixels(fit_to_frame(reference, golden.request.width, golden.request.height))
        assert np.abs(found - expected[:, 0].numpy()).max() < 1e-6


def test_noise_condition_and_image_tokens_are_the_released_ones(golden: GoldenCase, pipeline: Pipeline) -> None:
    conditions = pipeline.conditions(golden.request)
    assert largest(conditions.noise, golden.expected["initial_latents"]) == 0
    assert largest(conditions.image, golden.expected["image_embeds"]) < CONDITION_TOLERANCE
    assert largest(conditions.spatial, golden.expected["condition"]) < CONDITION_TOLERANCE
    assert torch.equal(conditions.spatial[:, :4], golden.expected["condition"][:, :4])


def test_latents_of_every_step_and_the_video_are_the_released_ones(golden: GoldenCase, pipeline: Pipeline) -> None:
    guided = golden.request.sampling.guidance_scale > 1
    conditions = replace(
        pipeline.conditions(golden.request),
        text=golden.expected["prompt_embeds"],
        negative=golden.expected["negative_prompt_embeds"] if guided else None,
    )
    steps: list[Step] = []
    latents = pipeline.denoise(conditions, golden.request.sampling, steps.append)
    assert [step.number for step in steps] == list(range(golden.request.sampling.steps))
    for step, expected in zip(steps, golden.expected["latents_by_step"], strict=True):
        assert largest(step.latents, expected) < LATENT_TOLERANCE
    assert largest(latents, golden.expected["final_latents"]) < LATENT_TOLERANCE
    with torch.inference_mode():
        video = pipeline.spatial.decode(latents)
    assert largest(video, golden.expected["video"][0]) < LATENT_TOLERANCE


def test_a_wrong_random_order_would_be_noticed(golden: GoldenCase, pipeline: Pipeline) -> None:
    other = replace(golden.request, sampling=replace(golden.request.sampling, posterior="mode"))
    assert largest(pipeline.conditions(other).spatial, golden.expected["condition"]) > 100 * CONDITION_TOLERANCE


def test_the_scheduler_is_set_as_the_released_one() -> None:
    expected = json.loads((GOLDEN / "model/scheduler/scheduler_config.json").read_text())
    found = dict(make_scheduler(8.0).config)
    assert {key: found.get(key) for key in expected if not key.startswith("_")} == {
        key: value for key, value in expected.items() if not key.startswith("_")
    }
