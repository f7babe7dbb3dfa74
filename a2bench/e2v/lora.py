"""A LoRA, such as that of a distilled model: read, compared with the network key by key, and merged into its weights.

Merged, because what is left is the same network with other numbers: compiled blocks, caches, offloading, 8 bits and
several GPUs work as without, and a step costs nothing more. W' = W + scale * alpha / rank * up @ down
(arXiv:2106.09685, section 4.1).

Files of four kinds are read: diffusers' own names, those of the original Wan code with and without the prefix
``diffusion_model.``, and those of kohya and musubi-tuner (``lora_unet_blocks_0_...``). Distilled LoRAs also hold whole
differences of small tensors (``.diff``, ``.diff_b``), which diffusers' loader drops; here they are added. Nothing heavy
is imported at the top.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from a2bench.assets.extras import install_line
from a2bench.counting import count
from a2bench.e2v.tensor_files import METADATA, Shape, listed, read_head
from a2bench.errors import InputError, WeightsError

DTYPES = ("F64", "F32", "F16", "BF16")
_KEY = re.compile(
    r"(?:transformer\.|diffusion_model\.)?(?P<module>.+?)"
    r"\.(?P<part>lora[._](?:A|down)(?:\.default)?\.weight|lora[._](?:B|up)(?:\.default)?\.(?:weight|bias)"
    r"|alpha|diff|diff_b)"
)
_KOHYA = re.compile(r"lora_unet_blocks_(\d+)_(self_attn|cross_attn|ffn)_(\w+)")


class Pair(NamedTuple):
    """Keys of one layer's LoRA in the file; ``alpha`` is a scalar's key, a number, or None for the rank."""

    down: str
    up: str
    bias: str | None
    alpha: str | float | None


@dataclass(frozen=True)
class Lora:
    """A file that fits a network: pairs by layer, and whole differences by the network's tensor."""

    path: Path
    pairs: dict[str, Pair]
    differences: dict[str, str]


@dataclass
class _Found:
    """What a file holds, by layer (pairs) and tensor (differences), and what is wrong with it."""

    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    differences: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)


def lora_path(text: str) -> Path:
    """The file that the option ``lora`` names, looked at as far as its head.

    Raises:
        InputError: it is not there, cut off, no safetensors file, or its numbers are not floating-point ones.
    """
    path = Path(text).expanduser()
    if not path.is_file():
        raise InputError(f"lora {text!r}: no such file; give a LoRA of Wan2.1-I2V-14B as a .safetensors file")
    entries = {name: entry for name, entry in read_head(path).items() if name != METADATA}
    if not entries:
        raise WeightsError(f"the LoRA {path} holds no tensors")
    other = sorted(
        f"{name} ({entry['dtype']})"
        for name, entry in entries.items()
        if entry["dtype"] not in DTYPES and not name.endswith(".alpha")  # some write a whole number
    )
    if other:
        raise WeightsError(f"the LoRA {path} must hold {', '.join(DTYPES)}, {listed([('do not', other)])}")
    return path


def match_lora(text: str, network: Mapping[str, Shape]) -> Lora:
    """Compare a file with a network, without reading its tensors.

    Args:
        text: the option ``lora``.
        network: names and shapes of the network's tensors, by diffusers' names.

    Raises:
        InputError: a file that cannot be used, or one of its keys; the message names them.
    """
    path = lora_path(text)
    head = read_head(path)
    alphas = _alphas_of_head(path, head.pop(METADATA, {}))
    found = _Found()
    for key in sorted(head):
        _place(key, tuple(head[key]["shape"]), network, found)
    pairs = {
        layer: _pair(layer, parts, head, network[f"{layer}.weight"], alphas, found)
        for layer, parts in found.parts.items()
    }
    faults = listed(
        [
            ("match no layer", found.unknown),
            ("of another shape", found.misshapen),
            ("without its other half", found.alone),
            ("given twice", found.twice),
        ]
    )
    if faults:
        raise WeightsError(f"the keys of the LoRA {path} do not fit the network: {faults}")
    return Lora(path, {layer: pair for layer, pair in pairs.items() if pair}, found.differences)


def merge_lora(transformer: Any, lora: Lora, scale: float) -> None:
    """Add a LoRA to the weights of a network that lies in main memory, by diffusers' own loader and peft.

    Args:
        transformer: the network whose shapes `match_lora` was given.
        lora: from `match_lora`.
        scale: how much of it; with 0 no bit changes.

    Raises:
        WeightsError: numbers that are not finite, or keys that were not loaded.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(lora.path)
    except SafetensorError as error:
        raise WeightsError(f"the LoRA {lora.path} cannot be read: {error}; get it again") from None
    wrong = sorted(key for key, tensor in tensors.items() if not torch.isfinite(tensor).all())
    if wrong:
        raise WeightsError(f"the LoRA {lora.path} holds numbers that are not finite: {listed([('tensors', wrong)])}")
    given: dict[str, torch.Tensor] = {}
    alphas: dict[str, float] = {}
    for layer, pair in lora.pairs.items():
        down, up = tensors[pair.down], tensors[pair.up]
        given[f"transformer.{layer}.lora_A.weight"] = down
        given[f"transformer.{layer}.lora_B.weight"] = up
        if pair.bias:
            given[f"transformer.{layer}.lora_B.bias"] = tensors[pair.bias]
        alpha = tensors[pair.alpha].item() if isinstance(pair.alpha, str) else pair.alpha
        alphas[f"transformer.{layer}.alpha"] = float(down.shape[0] if alpha is None else alpha)
    if given:
        transformer.load_lora_adapter(given, prefix="transformer", network_alphas=alphas, adapter_name="lora")
        loaded = {f"transformer.{name.replace('.lora.', '.')}" for name, _ in transformer.named_parameters()}
        if lost := sorted(given.keys() - loaded):
            raise WeightsError(f"the LoRA {lora.path} was not loaded whole: {listed([('missing', lost)])}")
        transformer.fuse_lora(lora_scale=scale)
        transformer.unload_lora()
    weights = dict(transformer.named_parameters())
    with torch.no_grad():
        for name, key in lora.differences.items():
            weights[name].copy_(weights[name].float() + scale * tensors[key].float())
    transformer.requires_grad_(False)
    count("load:lora")


def require_peft() -> None:
    """Refuse to go on without the package that diffusers needs for LoRAs.

    Raises:
        InputError: says what to type.
    """
    if find_spec("peft") is None:
        raise InputError(f"a LoRA needs the package 'peft'; type `{install_line('e2v')}`")


def _place(key: str, shape: Shape, network: Mapping[str, Shape], found: _Found) -> None:
    """Find the layer or the tensor of the network that a key of the file is for."""
    match = _KEY.fullmatch(key)
    if not match:
        found.unknown.append(key)
        return
    module, part = _KOHYA.sub(r"blocks.\1.\2.\3", match["module"]), match["part"]
    if part in ("diff", "diff_b"):
        name = _name_in(network, f"{module}.{'weight' if part == 'diff' else 'bias'}")
        if name is None:
            found.unknown.append(key)
        elif network[name] != shape:
            found.misshapen.append(f"{key} {list(shape)} instead of {list(network[name])}")
        elif name in found.differences:
            found.twice.append(key)
        else:
            found.differences[name] = key
        return
    name = _name_in(network, f"{module}.weight")
    if name is None or len(network[name]) != 2:
        found.unknown.append(key)
        return
    parts = found.parts.setdefault(name.removesuffix(".weight"), {})
    kind = "alpha" if part == "alpha" else "bias" if part.endswith("bias") else "down" if _is_down(part) else "up"
    if kind in parts:
        found.twice.append(key)
    parts[kind] = key


def _is_down(part: str) -> bool:
    return part.startswith(("lora_A", "lora.A", "lora_down", "lora.down"))


def _name_in(network: Mapping[str, Shape], name: str) -> str | None:
    """A tensor's name in the network, from that or from its name in the original Wan code; None if there is none."""
    if name in network:
        return name
    if "motion_encoder" in name or "face_adapter" in name:  # of other networks, whose tensors are converted by value
        return None
    convert = import_module("diffusers.loaders.single_file_utils").convert_wan_transformer_to_diffusers
    converted = next(iter(convert({name: None})))
    return converted if converted in network else None


def _pair(
    layer: str,
    parts: dict[str, str],
    head: Mapping[str, Any],
    weight: Shape,
    alphas: "_Alphas",
    found: _Found,
) -> Pair | None:
    if "down" not in parts or "up" not in parts:
        found.alone += parts.values()
        return None
    outputs, inputs = weight
    rank = next(iter(head[parts["down"]]["shape"]), 0)
    expected = {"down": [rank, inputs], "up": [outputs, rank], "bias": [outputs]}
    if not 1 <= rank <= min(weight):
        found.misshapen.append(f"{parts['down']} of rank {rank} instead of 1 to {min(weight)}")
    for kind, key in parts.items():
        shape = head[key]["shape"]
        if kind == "alpha" and math.prod(shape) != 1:
            found.misshapen.append(f"{key} {shape} instead of one number")
        if kind != "alpha" and shape != expected[kind]:
            found.misshapen.append(f"{key} {shape} instead of {expected[kind]}")
    return Pair(parts["down"], parts["up"], parts.get("bias"), parts.get("alpha", alphas.of(layer)))


class _Alphas(NamedTuple):
    """What diffusers writes into the file's head when it saves a LoRA; empty in other files."""

    common: float | None = None
    pattern: Mapping[str, float] = {}

    def of(self, layer: str) -> float | None:
        for ending, alpha in self.pattern.items():
            if f".{layer}".endswith(f".{ending.removeprefix('^')}"):
                return alpha
        return self.common


def _alphas_of_head(path: Path, metadata: Any) -> _Alphas:
    try:
        told = json.loads(metadata.get("lora_adapter_metadata") or "{}")
        told = {key.removeprefix("transformer."): value for key, value in told.items()}
        common = told.get("lora_alpha")
        pattern = {str(key): float(value) for key, value in (told.get("alpha_pattern") or {}).items()}
        found = _Alphas(None if common is None else float(common), pattern)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"the LoRA {path} has metadata that cannot be read: {error}") from None
    if not all(math.isfinite(alpha) for alpha in (found.common or 0, *found.pattern.values())):
        raise WeightsError(f"the LoRA {path} has a lora_alpha that is not finite")
    for kind in ("use_dora", "use_rslora"):
        if told.get(kind):
            raise WeightsError(f"the LoRA {path} says {kind}, which is not supported; a plain LoRA is")
    return found
