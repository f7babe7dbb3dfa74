"""Print how far our pipeline is from the released one: ``python tests/e2v/golden_errors.py [DEVICE]``.

On a GPU TF32 is off: it keeps 10 bits of a product's factors, and the released numbers were computed with 23.
"""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from tiny_checkpoint import write_tiny_checkpoint

from a2bench.e2v.loading import load_pipeline
from a2bench.e2v.pipeline import Step
from a2bench.e2v.references import read_reference
from a2bench.e2v.request import Request, Sampling

GOLDEN = Path(__file__).parent / "golden"
ROLES: tuple[Literal["character", "object", "background"], ...] = ("character", "object", "background")


def golden_request(number: int) -> Request:
    """What the released code was asked in a golden case; the prompt is not known, only its tokens."""
    facts = json.loads((GOLDEN / "cases.json").read_text())[number]
    return Request(
        "the tokens of the prompt are given",
        tuple(read_reference(GOLDEN / f"case{number}_ref{k}.png", ROLES[k]) for k in range(facts["references"])),
        width=facts["width"],
        height=facts["height"],
        num_frames=facts["num_frames"],
        seed=facts["seed"],
        sampling=Sampling(
            steps=facts["num_inference_steps"], guidance_scale=facts["guidance_scale"], repeat=facts["vae_repeat"]
        ),
    )


def largest(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest absolute difference."""
    assert found.shape == expected.shape
    return float((found.cpu() - expected).abs().max())


def main() -> None:
    device = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    torch.backends.cudnn.allow_tf32 = False
    with tempfile.TemporaryDirectory() as folder:
        pipeline = load_pipeline(write_tiny_checkpoint(Path(folder)), device=device, precision="float32")
    lines = ["case  noise    image tokens  condition  latents (worst step)  video"]
    for number in range(3):
        request, expected = golden_request(number), load_file(GOLDEN / f"case{number}.safetensors")
        conditions = pipeline.conditions(request)
        given = replace(
            conditions,
            text=expected["prompt_embeds"].to(device),
            negative=expected["negative_prompt_embeds"].to(device) if request.sampling.guidance_scale > 1 else None,
        )
        steps: list[Step] = []
        with torch.inference_mode():
            video = pipeline.spatial.decode(pipeline.denoise(given, request.sampling, steps.append))
        worst = max(largest(step.latents, expected["latents_by_step"][step.number]) for step in steps)
        lines.append(
            f"{number:<6}{largest(conditions.noise, expected['initial_latents']):<9.1e}"
            f"{largest(conditions.image, expected['image_embeds']):<14.1e}"
            f"{largest(conditions.spatial, expected['condition']):<11.1e}{worst:<22.1e}"
            f"{largest(video, expected['video'][0]):.1e}"
        )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
