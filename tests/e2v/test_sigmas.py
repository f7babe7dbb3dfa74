"""Which noise levels a video was made with is ours to say, by name, whichever library is installed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden_errors import golden_request
from safetensors.torch import load_file
from test_golden import GOLDEN

from a2bench.e2v.pipeline import Pipeline, make_scheduler
from a2bench.e2v.request import Sampling, check_flow_shift
from a2bench.e2v.sigmas import SAMPLERS, Sampler, named_sampler, sigma_table
from a2bench.errors import InputError

TABLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "published/unipc_sigmas.json").read_text())["tables"]


@pytest.mark.parametrize("row", TABLES, ids=lambda row: f"{row['sampler']}-{row['steps']}-{row['flow_shift']:g}")
def test_each_table_is_that_of_the_library_it_is_named_after(row: dict[str, Any]) -> None:
    found = sigma_table(row["sampler"], row["steps"], row["flow_shift"])
    assert found.sigmas.dtype == np.float32 and found.timesteps.dtype == np.int64
    assert found.sigmas.tolist() == row["sigmas"] and found.timesteps.tolist() == row["timesteps"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_scheduler_follows_our_table_and_not_that_of_the_library(
    sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import UniPCMultistepScheduler

    theirs = UniPCMultistepScheduler.set_timesteps

    def another(self: Any, num_inference_steps: int, device: Any = None) -> None:
        theirs(self, num_inference_steps, device=device)
        self.sigmas, self.timesteps = self.sigmas * 0.9, self.timesteps - 9

    monkeypatch.setattr(UniPCMultistepScheduler, "set_timesteps", another)
    scheduler = make_scheduler(8.0, sampler)
    scheduler.set_timesteps(50, device="cpu")
    table = sigma_table(sampler, 50, 8.0)
    assert scheduler.sigmas.tolist() == table.sigmas.tolist() and scheduler.sigmas.dtype == torch.float32
    assert scheduler.timesteps.tolist() == table.timesteps.tolist() and scheduler.timesteps.dtype == torch.int64
    assert scheduler.sigmas.tolist() != (scheduler.sigmas * 0.9).tolist()


def test_the_installed_library_has_the_current_table() -> None:
    """When this fails, diffusers has changed it again: our videos stay, but docs/skyreels-a2.md must say so."""
    from diffusers import UniPCMultistepScheduler

    for steps, shift in ((1, 8.0), (4, 8.0), (50, 8.0), (50, 16.0), (30, 3.0)):
        scheduler: Any = UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=shift
        )
        scheduler.set_timesteps(steps)
        table = sigma_table("current", steps, shift)
        assert scheduler.sigmas.tolist() == table.sigmas.tolist()
        assert scheduler.timesteps.tolist() == table.timesteps.tolist()


def test_the_two_tables_differ_as_the_audit_found() -> None:
    old, new = (sigma_table(sampler, 50, 8.0) for sampler in ("released-2025", "current"))
    assert int((old.timesteps != new.timesteps).sum()) == 29 and int(abs(old.timesteps - new.timesteps).max()) == 6
    assert abs(old.sigmas - new.sigmas).max() == pytest.approx(0.0061, abs=5e-5)
    assert float(old.sigmas[0]) == pytest.approx(0.999875) and float(new.sigmas[0]) == pytest.approx(0.999999)


@pytest.mark.parametrize("number", range(3))
def test_the_golden_videos_are_the_current_ones_and_those_of_2025_are_others(pipeline: Pipeline, number: int) -> None:
    """The released code under diffusers 0.33.1 ended 0.106 to 0.143 from the golden latents; ours by that name does."""
    expected = load_file(GOLDEN / f"case{number}.safetensors")
    request = golden_request(number)
    conditions = replace(
        pipeline.conditions(request),
        text=expected["prompt_embeds"],
        negative=expected["negative_prompt_embeds"] if request.sampling.guidance_scale > 1 else None,
    )

    def distance(sampler: Sampler) -> float:
        latents = pipeline.denoise(conditions, replace(request.sampling, sampler=sampler))
        return float((latents - expected["final_latents"]).abs().max())

    assert distance("current") < 1e-4
    assert 0.05 < distance("released-2025") < 0.3


@pytest.mark.parametrize("steps", [1, 125, 126, 200, 1000])
def test_any_number_of_steps_up_to_the_trained_ones_comes_to_its_end(steps: int) -> None:
    """From 126 steps on the first timestep stands twice: the library's own search begins behind it, and fails."""
    scheduler = make_scheduler(8.0)
    scheduler.set_timesteps(steps)
    latents = torch.ones(1, 1, 1, 2, 2)
    for time in scheduler.timesteps:
        latents = scheduler.step(latents * 0.5, time, latents, return_dict=False)[0]
    assert scheduler.step_index == steps and torch.isfinite(latents).all()


@pytest.mark.parametrize("shift", [0.0, -1.0, float("nan"), float("inf"), 1e9, 1e300, 1e-300])
def test_a_shift_without_a_noise_level_between_steps_is_refused(shift: float) -> None:
    with pytest.raises(InputError, match="flow_shift"):
        check_flow_shift(shift, 50)
    with pytest.raises(InputError, match="flow_shift"):
        Sampling(flow_shift=shift)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("steps", [1, 2, 50, 1000])
def test_every_shift_that_is_in_use_is_taken(sampler: Sampler, steps: int) -> None:
    for shift in (0.5, 1, 3, 5, 7, 8, 12, 16, 32, 100):
        check_flow_shift(shift, steps, sampler)


def test_an_unknown_table_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="sampler 'old' must be current or released-2025"):
        named_sampler("old")
    with pytest.raises(InputError, match="must be current or released-2025"):
        Sampling(sampler="old")  # type: ignore[arg-type]
