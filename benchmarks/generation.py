"""Time SkyReels-A2 and hold it against what it must compute: steps per second, FLOP/s, memory, load time, shares.

    python benchmarks/generation.py                      # full size where there is a GPU, else the tiny model
    python benchmarks/generation.py --set compile=true --set attention=native_cudnn --memory 40gb --json

At full size the weights are random, which changes no time; ``--weights DIR`` takes a checkpoint and times its loading.
Three steps are timed after one that warms up. FLOPs are counted by a closed formula, 1 multiply-add = 2 FLOP, which
``tests/e2v/test_flops.py`` holds against PyTorch's own counter.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests/e2v"
GOAL, FLOOR = 300.0, 215.0
"""Seconds for 50 steps at 81x480x832 on one H200: the goal for the first two tiers, and 170 PFLOP at 790 TFLOP/s."""
VIDEO = (832, 480, 81)
TINY_VIDEO = (64, 48, 17)
STEPS = 50


def network_flops(config: Mapping[str, Any], width: int, height: int, num_frames: int, references: int) -> int:
    """FLOPs of one forward of the network for one video.

    Args:
        config: of a ``WanTransformer3DModel`` with image tokens.
        width: pixels.
        height: pixels.
        num_frames: pixel frames.
        references: how many; each gives 257 image tokens.
    """
    d, ffn, layers = (
        config["num_attention_heads"] * config["attention_head_dim"],
        config["ffn_dim"],
        config["num_layers"],
    )
    tokens = (width // 16) * (height // 16) * ((num_frames - 1) // 4 + 1)
    text, image = 512, config.get("tokens_per_image", 257) * references
    layer = (
        4 * tokens * d * d  # query, key, value, output of self-attention
        + 2 * tokens * d * d  # query and output of cross-attention
        + 2 * (text + image) * d * d  # keys and values
        + 2 * tokens * d * ffn
        + 2 * tokens * tokens * d  # self-attention: scores, and their weighted sum
        + 2 * tokens * (text + image) * d
    )
    patch = 4 * (config["in_channels"] + config["out_channels"]) * tokens * d
    time_embedding = config["freq_dim"] * d + d * d + 6 * d * d
    text_embedding = text * (config["text_dim"] * d + d * d)
    image_embedding = image * config["image_dim"] * (config["image_dim"] + d)
    return 2 * (layers * layer + patch + time_embedding + text_embedding + image_embedding)


Sizes = Mapping[str, Mapping[str, Any]]
"""For each network the settings of its class."""


def full_sizes() -> Sizes:
    """The published sizes."""
    return {
        "transformer": {key: value for key, value in published().items() if not key.startswith("_")},
        "vae": {"base_dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2},
        "text_encoder": {
            "vocab_size": 256384, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
            "feed_forward_proj": "gated-gelu",
        },
        "image_encoder": {
            "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 16,
            "image_size": 224, "patch_size": 14,
        },
    }  # fmt: skip


def random_pipeline(sizes: Sizes, video: tuple[int, int, int], device: str, memory: str, acceleration: Any) -> Any:
    """A pipeline with random weights, placed as one from a checkpoint is."""
    import torch
    from accelerate import init_empty_weights
    from diffusers import AutoencoderKLWan, WanTransformer3DModel
    from transformers import (  # fmt: skip
        AutoTokenizer,
        CLIPImageProcessor,
        CLIPVisionConfig,
        CLIPVisionModel,
        UMT5Config,
        UMT5EncoderModel,
    )

    from a2bench.e2v.checkpoint import SKYREELS_A2
    from a2bench.e2v.loading import accelerate
    from a2bench.e2v.memory import at_half, choose_placement, part_of_module, wan_working
    from a2bench.e2v.offload import PlacedModel
    from a2bench.e2v.pipeline import Pipeline
    from a2bench.e2v.semantic import PromptReader, SemanticBranch
    from a2bench.e2v.spatial import SpatialBranch

    with init_empty_weights(include_buffers=False):
        modules: dict[str, Any] = {
            "transformer": WanTransformer3DModel(**sizes["transformer"]),
            "vae": AutoencoderKLWan(**sizes["vae"]),
            "text_encoder": UMT5EncoderModel(UMT5Config(**sizes["text_encoder"])),
            "image_encoder": CLIPVisionModel(CLIPVisionConfig(**sizes["image_encoder"])),
        }
    dtypes = {
        "transformer": torch.bfloat16,
        "vae": getattr(torch, acceleration.vae),
        "text_encoder": torch.bfloat16,
        "image_encoder": torch.float32,
    }
    for name, module in modules.items():
        fill(module, dtypes[name])
    parts = {part.name: part_of_module(part.kind, modules[part.name]) for part in SKYREELS_A2.networks}
    if acceleration.storage == "fp8":
        parts["transformer"] = at_half(parts["transformer"])
    batch = 2 if acceleration.guidance == "batched" else 1
    placement = choose_placement(memory, parts, device, wan_working(*video, batch=batch))
    accelerate(modules["transformer"], acceleration)
    placed = PlacedModel(modules, parts, placement)
    if acceleration.compile:
        modules["transformer"].compile_repeated_blocks()
    with tempfile.TemporaryDirectory() as folder:
        reader = PromptReader(AutoTokenizer.from_pretrained(tiny_checkpoint(Path(folder)) / "tokenizer"))
    side = sizes["image_encoder"]["image_size"]
    processor = CLIPImageProcessor(size={"height": side, "width": side}, do_center_crop=False)
    semantic = SemanticBranch(
        reader, modules["text_encoder"], modules["image_encoder"], processor, device=placement.device
    )
    return Pipeline(modules["transformer"], SpatialBranch(modules["vae"]), semantic, placed, acceleration)


def fill(module: Any, dtype: Any) -> None:
    """Give a network random weights: a million numbers over and over, which is fast and changes no time."""
    import torch
    from accelerate.utils import set_module_tensor_to_device

    numbers = torch.randn(1 << 20, generator=torch.Generator().manual_seed(0)) * 0.02
    kept = getattr(module, "_keep_in_fp32_modules", None) or ()
    for key, parameter in list(module.named_parameters()):
        own = torch.float32 if any(part in key.split(".") for part in kept) else dtype
        value = numbers.to(own).repeat(-(-parameter.numel() // numbers.numel()))[: parameter.numel()]
        set_module_tensor_to_device(module, key, "cpu", value=value.reshape(parameter.shape), dtype=own)
    if hasattr(module, "tie_weights"):
        module.tie_weights()  # the text encoder holds its embedding under two names
    module.requires_grad_(False).train(False)


def published() -> dict[str, Any]:
    """The published configuration of the network."""
    return dict(json.loads((TESTS / "published/transformer.json").read_text()))


def tiny_checkpoint(folder: Path) -> Path:
    """A checkpoint of the tests' tiny model."""
    sys.path.insert(0, str(TESTS))
    from tiny_checkpoint import write_tiny_checkpoint

    return write_tiny_checkpoint(folder)


def measure(pipeline: Any, video: tuple[int, int, int], steps: int, device: str) -> dict[str, Any]:
    """Seconds of the parts of one video, its peak of memory, and FLOP/s of the denoising steps."""
    import torch
    from PIL import Image

    from a2bench.e2v.references import Reference
    from a2bench.e2v.request import Request, Sampling

    def now() -> float:
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        return time.perf_counter()

    width, height, num_frames = video
    colours = (("character", "red"), ("object", "green"), ("background", "blue"))
    references = tuple(Reference(role, Image.new("RGB", (512, 512), colour)) for role, colour in colours)
    request = Request("A man and a ball.", references, width, height, num_frames, sampling=Sampling(steps=steps + 1))
    peaks: dict[str, int] = {}
    started = now()
    with peak_of(device, "encode", peaks):
        conditions = pipeline.conditions(request)
    encoded = now()
    times = []
    with peak_of(device, "denoise", peaks):
        latents = pipeline.denoise(conditions, request.sampling, lambda step: times.append(now()))
    decoding = now()
    with torch.inference_mode(), peak_of(device, "decode", peaks):
        pipeline.spatial.decode(latents)
    decoded = now()
    per_step = (times[-1] - times[0]) / steps
    config = dict(pipeline.transformer.config)
    if (given := conditions.image.shape[1] // len(references)) != 257:
        config["tokens_per_image"] = given
    flops = 2 * network_flops(config, width, height, num_frames, len(references))
    aside = (encoded - started) + (decoded - decoding)
    return {
        "video": f"{num_frames}x{height}x{width}",
        "seconds_per_step": per_step,
        "steps_per_second": 1 / per_step,
        "flop_per_step": flops,
        "flop_per_second": flops / per_step,
        "encode_seconds": encoded - started,
        "decode_seconds": decoded - decoding,
        "seconds_for_50_steps": aside + STEPS * per_step,
        "non_denoising_share": aside / (aside + STEPS * per_step),
        "peak_bytes": max(peaks.values()),
        "peak_bytes_by_part": peaks,
        "counted_bytes": pipeline.placed.placement.needed,
        "tier": pipeline.tier(Sampling()),
        "offloaded": sorted(pipeline.placed.placement.offloaded),
        "tiled": pipeline.placed.placement.tiled,
    }


@contextmanager
def peak_of(device: str, part: str, peaks: dict[str, int]) -> Iterator[None]:
    """The most that the process took in one part: of a GPU what PyTorch reserved, else main memory so far."""
    import torch

    gpu = device.startswith("cuda")
    if gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    yield
    peaks[part] = torch.cuda.max_memory_reserved() if gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("tiny", "full"), help="full needs a GPU")
    parser.add_argument("--weights", type=Path, help="a checkpoint instead of random weights, in bfloat16")
    parser.add_argument("--memory", default="auto", help="memory profile")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an acceleration")
    parser.add_argument("--steps", type=int, default=3, help="steps to time after one that warms up")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    given = parser.parse_args(arguments)

    import torch

    from a2bench.e2v.acceleration import parse_acceleration
    from a2bench.e2v.loading import load_pipeline
    from a2bench.errors import A2BenchError

    gpu = torch.cuda.is_available()
    size, device = given.size or ("full" if gpu else "tiny"), "cuda" if gpu else "cpu"
    if size == "full" and not gpu:
        parser.error("--size full needs a GPU and there is none: nothing is guessed; --size tiny runs on the CPU")
    video = VIDEO if size == "full" else TINY_VIDEO
    try:
        acceleration = parse_acceleration(dict(pair.split("=", 1) for pair in given.set if "=" in pair))
        started = time.perf_counter()
        if size == "full" and not given.weights:
            pipeline, weights = random_pipeline(full_sizes(), video, device, given.memory, acceleration), "random"
        else:
            with tempfile.TemporaryDirectory() as folder:
                checkpoint = given.weights or tiny_checkpoint(Path(folder))
                started = time.perf_counter()
                pipeline = load_pipeline(
                    checkpoint, device=device, profile=given.memory, video=video, acceleration=acceleration
                )
            weights = "checkpoint" if given.weights else "tiny, random"
        loaded = time.perf_counter() - started
        found = measure(pipeline, video, given.steps, device)
    except A2BenchError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    found |= {
        "device": torch.cuda.get_device_name() if gpu else "CPU",
        "weights": weights,
        # Random weights are made, not read: no load time of a checkpoint.
        "load_seconds": None if weights == "random" else loaded,
        "torch": torch.__version__,
        "goal_seconds": GOAL if size == "full" else None,
        "floor_seconds": FLOOR if size == "full" else None,
    }
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if given.json else text(found))
    return 0


def text(found: Mapping[str, Any]) -> str:
    """The measurements for people."""
    placed = " and ".join(found["offloaded"]) or "nothing"
    load = "not read (random weights)" if found["load_seconds"] is None else f"{found['load_seconds']:.1f} s"
    peaks = ", ".join(f"{part} {peak / 1e9:.2f} GB" for part, peak in found["peak_bytes_by_part"].items())
    lines = [
        f"{found['device']}, torch {found['torch']}, weights: {found['weights']}, video {found['video']}",
        f"tier               {found['tier']}; offloaded: {placed}; VAE {'by tiles' if found['tiled'] else 'whole'}",
        f"load               {load}",
        f"encode, decode     {found['encode_seconds']:.2f} s, {found['decode_seconds']:.2f} s",
        f"step               {found['seconds_per_step']:.3f} s ({found['steps_per_second']:.2f} steps per second)",
        f"computing          {found['flop_per_step']:.3e} FLOP per step, {found['flop_per_second'] / 1e12:.4g} TFLOP/s",
        f"peak memory        {peaks}; counted {found['counted_bytes'] / 1e9:.2f} GB",
        f"50 steps           {found['seconds_for_50_steps']:.1f} s, {found['non_denoising_share']:.1%} not denoising",
    ]
    if found["goal_seconds"]:
        met = "met" if found["seconds_for_50_steps"] <= found["goal_seconds"] else "not met"
        lines.append(f"goal               {found['goal_seconds']:.0f} s on one H200 (floor {FLOOR:.0f} s): {met} here")
    else:
        lines.append("full size          not measured: it needs a GPU, and nothing is guessed")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
