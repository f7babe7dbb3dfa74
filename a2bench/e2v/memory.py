"""Which networks stay on a device and which come to it by groups of layers: decided before anything is loaded or moved.

Works for the networks of any pipeline of diffusers; `a2bench.e2v.offload` carries it out::

    parts = {"transformer": part_of_module("network", pipe.transformer),
             "text_encoder": part_of_module("encoder", pipe.text_encoder), "vae": part_of_module("vae", pipe.vae)}
    placement = choose_placement("auto", parts, "cuda", wan_working(832, 480, 81))
    placed = PlacedModel({name: getattr(pipe, name) for name in parts}, parts, placement)  # all still on the CPU
    made = placed.run(lambda: pipe(prompt, ...).frames)  # made.value, made.rung

A profile never changes frames, size or steps, and no number of a video either, unless the VAE must work by tiles, which
is recorded with the sample. Nothing heavy is imported here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from a2bench.errors import InputError
from a2bench.model.tiers import Tier

Kind = Literal["network", "encoder", "vae"]
"""``network`` denoises and has a list of equal blocks; ``encoder`` reads text or images; ``vae`` is always resident."""

PROFILES: dict[str, int | None] = {
    "auto": None,
    "24gb": 24_000_000_000,
    "40gb": 40_000_000_000,
    "80gb": 80_000_000_000,
    "cpu": None,
}
"""How much of a GPU may be used; ``auto`` takes what is free, ``cpu`` uses none."""

RESERVE = 2_500_000_000
"""Bytes of a GPU beside the tensors that are counted. On one H200, for 81 frames of 832x480: 0.9 GB for CUDA itself and
1.3 GB for buffers of kernels (the peak of what PyTorch allocated, above what is counted)."""


class Part(NamedTuple):
    """A network by its size.

    num_bytes: of all its tensors. group_bytes: what is on the device at a time when it comes by groups: two groups (the
    next is fetched while one computes) and what belongs to none. stored: how equal to the published weights those are
    that its files hold.
    """

    kind: Kind
    num_bytes: int
    group_bytes: int
    stored: Tier = "exact"


class Working(NamedTuple):
    """Bytes that one video takes beside the weights: in the network, and in the VAE, whole and by tiles."""

    network: int
    vae: int
    tiled_vae: int


@dataclass(frozen=True)
class Placement:
    """Where networks are.

    device: of all that is computed. offloaded: kinds that wait in main memory and come by groups. tiled: whether the
    VAE works by tiles, which changes the video a little. needed: bytes on the device, weights and work.
    """

    device: str
    offloaded: frozenset[Kind] = frozenset()
    tiled: bool = False
    needed: int = 0


LEVELS: tuple[tuple[frozenset[Kind], bool], ...] = (
    (frozenset(), False),
    (frozenset({"encoder"}), False),
    (frozenset({"encoder", "network"}), False),
    (frozenset({"encoder", "network"}), True),
)
"""What is offloaded and whether the VAE is tiled, from fast to small; the first that fits is taken."""


def part_of(kind: Kind, tensors: Iterable[tuple[str, int]]) -> Part:
    """A network from the names and bytes of its tensors.

    >>> part_of("network", [("blocks.0.w", 5), ("blocks.1.w", 5), ("blocks.2.w", 5), ("head", 1)])
    Part(kind='network', num_bytes=16, group_bytes=11, stored='exact')
    """
    groups: dict[str, int] = {}
    for name, num_bytes in tensors:
        block = re.match(r"\w+\.\d+\.", name) if kind == "network" else None
        group = block[0] if block else "" if kind == "network" else name
        groups[group] = groups.get(group, 0) + num_bytes
    rest = groups.pop("", 0)
    return Part(kind, sum(groups.values()) + rest, rest + 2 * max(groups.values(), default=0))


def part_of_module(kind: Kind, module: Any) -> Part:
    """A network (a ``torch.nn.Module``) that is loaded already."""
    tensors = dict(module.named_parameters()) | dict(module.named_buffers())
    return part_of(kind, [(name, tensor.nbytes) for name, tensor in tensors.items()])


def at_half(part: Part) -> Part:
    """A network in 8 bits instead of 16; the few layers that keep their type are not seen."""
    return part._replace(num_bytes=part.num_bytes // 2, group_bytes=part.group_bytes // 2)


def wan_working(
    width: int, height: int, num_frames: int, *, batch: int = 1, hidden: int = 5120, vae_base: int = 96
) -> Working:
    """What a video takes in a Wan network (bfloat16) and the Wan VAE (float32).

    Straight lines through peaks of full-size forwards with fake tensors, which follow every tensor and compute none
    (``python tests/e2v/working_memory.py``).

    Args:
        width: of the video in pixels.
        height: of the video in pixels.
        num_frames: that the network makes.
        batch: videos in one forward, 2 for batched guidance.
        hidden: width of the network, 5120 in the 14B ones.
        vae_base: ``base_dim`` of the VAE.
    """
    tokens = (width // 16) * (height // 16) * ((num_frames - 1) // 4 + 1)
    network = 115_000 * tokens * batch * hidden // 5120
    whole, tiles = (size * vae_base // 96 for size in (19_400 * width * height, 950_000_000))
    pixels = width * height * num_frames  # the decoded frames themselves and copies; tiles are kept until all are there
    return Working(network, whole + 18 * pixels, min(whole + 18 * pixels, tiles + 44 * pixels))


def free_bytes(device: str) -> int | None:
    """Memory that is free on a device; None where it cannot be found out."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    if device == "cpu" and (meminfo := Path("/proc/meminfo")).is_file():
        values = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        if "MemAvailable" in values:
            return int(values["MemAvailable"].split()[0]) * 1024
    return None


def choose_placement(profile: str, parts: Mapping[str, Part], device: str, working: Working) -> Placement:
    """The fastest placement that fits.

    Args:
        profile: a name in `PROFILES`.
        parts: the networks, by name.
        device: where to compute, such as ``cuda:0``; with the profile ``cpu`` it is not used.
        working: what one video takes.

    Raises:
        InputError: unknown profile, or too little memory; the message says which profile fits.
    """
    check_profile(profile)
    if device == "cpu" and profile not in ("auto", "cpu"):
        raise InputError(f"memory profile {profile!r} is for a GPU and the device is the CPU; take auto or cpu")
    if device == "cpu" or profile == "cpu":
        return _on_cpu(parts, working)
    free = free_bytes(device)
    wanted = _fastest(parts, working, device, PROFILES[profile] or free)
    if wanted is None or free is not None and wanted.needed > free:
        raise InputError(_too_little(profile, parts, working, device, free))
    waiting = sum(part.num_bytes for part in parts.values() if part.kind in wanted.offloaded)
    main = free_bytes("cpu")
    if main is not None and waiting > main:
        raise InputError(
            f"{gigabytes(waiting)} of weights would wait in main memory, which has {gigabytes(main)} free; "
            f"{_resident_text(parts, working, device)}"
        )
    return wanted


def needed_bytes(parts: Mapping[str, Part], working: Working, offloaded: frozenset[Kind], tiled: bool) -> int:
    """Bytes on the device: weights that stay, and the most that encoding, denoising or decoding takes beside them."""
    stays = sum(part.num_bytes for part in parts.values() if part.kind not in offloaded)

    def comes(kind: Kind) -> int:
        return max((p.group_bytes for p in parts.values() if p.kind == kind and kind in offloaded), default=0)

    decoding = working.tiled_vae if tiled else working.vae
    return stays + max(comes("encoder"), comes("network") + working.network, decoding)


def gigabytes(num_bytes: int) -> str:
    """Bytes in words.

    >>> gigabytes(47_300_000_000)
    '47.3 GB'
    """
    return f"{num_bytes / 1e9:.1f} GB"


def _fastest(parts: Mapping[str, Part], working: Working, device: str, budget: int | None) -> Placement | None:
    for offloaded, tiled in LEVELS:
        needed = needed_bytes(parts, working, offloaded, tiled) + RESERVE
        if budget is None or needed <= budget:
            return Placement(device, offloaded, tiled, needed)
    return None


def _on_cpu(parts: Mapping[str, Part], working: Working) -> Placement:
    needed = needed_bytes(parts, working, frozenset(), tiled=False)
    free = free_bytes("cpu")
    if free is not None and needed > free:
        raise InputError(
            f"weights and one video take {gigabytes(needed)} on the CPU, which has {gigabytes(free)} free; "
            "give a GPU with --device cuda, or ask for a smaller video"
        )
    return Placement("cpu", needed=needed)


def _too_little(profile: str, parts: Mapping[str, Part], working: Working, device: str, free: int | None) -> str:
    least = min(needed_bytes(parts, working, *level) for level in LEVELS) + RESERVE
    wanted = _fastest(parts, working, device, PROFILES[profile] or free)
    fitting = [
        name
        for name, budget in PROFILES.items()
        if budget and (found := _fastest(parts, working, device, budget)) and (free is None or found.needed <= free)
    ]
    has = f", and {device} has {gigabytes(free)} free" if free is not None else ""
    text = f"memory profile {profile!r} does not fit: it takes {gigabytes(wanted.needed if wanted else least)}{has}; "
    if fitting:
        return text + f"profile {' or '.join(fitting)} fits"
    everything = gigabytes(needed_bytes(parts, working, frozenset(), tiled=False))
    return text + f"no profile for a GPU fits; cpu fits where {everything} of main memory are free, or a smaller video"


def _resident_text(parts: Mapping[str, Part], working: Working, device: str) -> str:
    resident = gigabytes(needed_bytes(parts, working, frozenset(), tiled=False) + RESERVE)
    return f"a machine with more main memory, or a GPU with {resident} free, fits"


def check_profile(name: str) -> str:
    """A profile's name, as given by a user.

    Raises:
        InputError: there is none of that name.
    """
    if name not in PROFILES:
        raise InputError(f"memory profile {name!r} must be one of {', '.join(PROFILES)}")
    return name
