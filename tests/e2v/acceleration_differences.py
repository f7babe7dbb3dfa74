"""Print each acceleration against exact on the tiny model: ``python tests/e2v/acceleration_differences.py``.

With ``--compile`` compiled blocks too, which takes a C++ compiler and a minute.

The network, VAE and inputs are those of golden case 0 (random weights, float32, CPU), with 10 steps so that caches have
something to skip. On trained weights the numbers differ; the bounds of the tiers are asserted in test_acceleration.py.
"""

import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from golden_errors import golden_request
from numpy.typing import NDArray
from tiny_checkpoint import write_tiny_checkpoint

from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.caching import MagCalibration
from a2bench.e2v.loading import load_pipeline
from a2bench.e2v.memory import Placement
from a2bench.e2v.offload import PlacedModel
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.request import Request
from a2bench.model.tiers import Tier

STEPS = 10


@dataclass(frozen=True)
class Difference:
    """Frames in [0, 1] against the exact ones: largest difference, and PSNR in dB (infinite when equal)."""

    largest: float
    psnr: float
    tier: Tier


def tiny_request() -> Request:
    request = golden_request(0)
    return replace(request, sampling=replace(request.sampling, steps=STEPS))


def make(checkpoint: Path, acceleration: Acceleration | None = None, change: Callable[[Pipeline], Any] = id) -> Any:
    """Frames ``[F, 3, H, W]`` float in [0, 1] before they become bytes, and the pipeline that made them."""
    pipeline = load_pipeline(checkpoint, precision="float32", acceleration=acceleration)
    change(pipeline)
    request = tiny_request()
    return decoded(pipeline, request), pipeline


def decoded(pipeline: Pipeline, request: Request) -> NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        frames = pipeline.spatial.decode(pipeline.denoise(pipeline.conditions(request), request.sampling))
    return np.asarray(frames.float().numpy(), np.float32)


def ways(ratios: Path, *, compiled: bool = False) -> Iterator[tuple[str, Acceleration, Callable[[Pipeline], Any]]]:
    for attention in ("native_math", "native_flash"):
        yield f"attention={attention}", Acceleration(attention=attention), id
    yield "guidance=batched", Acceleration(guidance="batched"), id
    if compiled:
        yield "compile=true", Acceleration(compile=True), id
    yield "vae=bfloat16", Acceleration(vae="bfloat16"), id
    yield "encoders offloaded by groups", Acceleration(), lambda pipeline: offloaded(pipeline, "encoder")
    yield "all offloaded by groups", Acceleration(), lambda pipeline: offloaded(pipeline, "encoder", "network")
    yield "VAE by tiles", Acceleration(), tiled
    yield "storage=fp8", Acceleration(storage="fp8"), id
    yield "cache=first-block", Acceleration(cache="first-block", cache_threshold=0.1), id
    yield "cache=taylorseer", Acceleration(cache="taylorseer", cache_interval=3), id
    yield "cache=mag", Acceleration(cache="mag", cache_ratios=str(ratios), cache_threshold=0.3), id


def offloaded(pipeline: Pipeline, *kinds: Any) -> None:
    placed = pipeline.placed
    pipeline.placed = PlacedModel(placed.modules, placed.parts, Placement("cpu", frozenset(kinds)))


def tiled(pipeline: Pipeline) -> None:
    """Tiles of 24 pixels, so that a frame of 48x32 has several."""
    pipeline.placed._tile()
    pipeline.spatial.vae.enable_tiling(
        tile_sample_min_height=24, tile_sample_min_width=24, tile_sample_stride_height=16, tile_sample_stride_width=16
    )


def write_ratios(pipeline: Pipeline, path: Path) -> None:
    with MagCalibration(pipeline.transformer, STEPS) as calibration:
        decoded(pipeline, tiny_request())
    path.write_text(json.dumps(calibration.ratios))


def differences(folder: Path, *, compiled: bool = False) -> Iterator[tuple[str, Difference]]:
    checkpoint = write_tiny_checkpoint(folder / "checkpoint")
    exact, pipeline = make(checkpoint)
    write_ratios(pipeline, folder / "ratios.json")
    released = replace(tiny_request().sampling, steps=50)  # the tier is that of the setting, not of the short run
    for name, acceleration, change in ways(folder / "ratios.json", compiled=compiled):
        found, pipeline = make(checkpoint, acceleration, change)
        largest = float(np.abs(found - exact).max())
        yield name, Difference(largest, psnr(found, exact), pipeline.tier(released))


def psnr(found: NDArray[np.float32], exact: NDArray[np.float32]) -> float:
    """In dB, of frames in [0, 1]; infinite when equal."""
    error = float(((found.astype(np.float64) - exact) ** 2).mean())
    return math.inf if error == 0 else -10 * math.log10(error)


def main() -> None:
    sys.stdout.write("| against exact | largest difference | PSNR | tier |\n| --- | --- | --- | --- |\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, found in differences(Path(folder), compiled="--compile" in sys.argv):
            ratio = "equal" if math.isinf(found.psnr) else f"{found.psnr:.1f} dB"
            sys.stdout.write(f"| {name} | {found.largest:.1e} | {ratio} | {found.tier} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
