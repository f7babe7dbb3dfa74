"""Do the weights fit into the memory of the device? Asked before they are loaded, which takes minutes."""

import math
from pathlib import Path

import torch

from a2bench.e2v.checkpoint import COMPONENTS, tensor_shapes
from a2bench.errors import InputError

_AT_LOW_PRECISION = ("transformer", "text_encoder")


def weight_bytes(folder: Path, bytes_of_low: int) -> int:
    """Bytes that all weights take when loaded.

    Args:
        folder: a checkpoint in the published layout.
        bytes_of_low: bytes of a parameter of network and text encoder, 2 or 4; VAE and CLIP always take 4.
    """
    total = 0
    for name, component in COMPONENTS.items():
        if component.stem:
            shapes = tensor_shapes(folder / name, component.stem)
            if "shared.weight" in shapes:
                shapes.pop("encoder.embed_tokens.weight", None)  # stored twice by some, held once
            parameters = sum(math.prod(shape) for shape in shapes.values())
            total += parameters * (bytes_of_low if name in _AT_LOW_PRECISION else 4)
    return total


def free_bytes(device: str) -> int | None:
    """Memory that is free on a device; None where it cannot be found out."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    if device == "cpu" and (meminfo := Path("/proc/meminfo")).is_file():
        values = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        if "MemAvailable" in values:
            return int(values["MemAvailable"].split()[0]) * 1024
    return None


def check_memory(folder: Path, precision: str, device: str) -> None:
    """Refuse a device that cannot hold the weights; what a video needs beside them depends on its size.

    Raises:
        InputError: says how much is needed, how much there is, and what to do.
    """
    needed, free = weight_bytes(folder, getattr(torch, precision).itemsize), free_bytes(device)
    if free is not None and needed > free:
        smaller = " or --set precision=bfloat16 for half of it" if precision == "float32" else ""
        raise InputError(
            f"the weights take {needed / 1e9:.1f} GB in {precision}, and {device} has {free / 1e9:.1f} GB free; "
            f"give a device with more memory with --device{smaller}"
        )
