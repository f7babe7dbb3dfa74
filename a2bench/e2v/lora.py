"""A LoRA, such as that of a distilled model: read, compared with the network key by key, and merged into its weights.

Merged, because what is left is the same network with other numbers: compiled blocks, caches, offloading, 8 bits and
several GPUs work as without, and a step costs nothing more. W' = W + scale * alpha / rank * up @ down
(arXiv:2106.09685, section 4.1).

Files are read as they are in the wild (`a2bench.e2v.lora_names`). Distilled LoRAs also hold whole differences of small
tensors (``.diff``, ``.diff_b``, ``.diff_m``), which diffusers' loader drops; here they are added. Those of a
text-to-video network have an input of 16 channels instead of 36: these are the first of ours, the noise, and the rest
is zero. Every tensor of a file is used, or the file is refused by its name. Nothing heavy is imported at the top.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from a2bench.assets.extras import install_line
from a2bench.base.counting import count
from a2bench.e2v.lora_names import Key, Names, is_for_text_encoder, other_kind, read_key
from a2bench.e2v.tensor_files import METADATA, Shape, listed, read_head
from a2bench.errors import InputError, WeightsError

DTYPES = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")
INPUT = "patch_embedding.weight"


class Pair(NamedTuple):
    """Keys of one layer's LoRA in the file; ``alpha`` is a scalar's key, a number, or None for the rank."""

    down: str
    up: str
    bias: str | None
    alpha: str | float | None


@dataclass(frozen=True)
class Lora:
    """A file that fits a network: pairs by layer, and whole differences by the network's tensor.

    shapes: of the network's tensors that are changed. left_out: keys that fit nothing, where that was allowed.
    """

    path: Path
    pairs: dict[str, Pair]
    differences: dict[str, str]
    shapes: dict[str, Shape]
    left_out: tuple[str, ...] = ()


@dataclass
class _Found:
    """What a file holds, by layer (pairs) and tensor (differences), and what is wrong with it."""

    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    differences: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    misshapen: dict[str, str] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)


def lora_path(text: str) -> Path:
    """The file that the option ``lora`` names, looked at as far as its head.

    Raises:
        InputError: it is not there, cut off, no safetensors file, no LoRA or another kind of adapter, or its numbers
            are not floating-point ones.
    """
    path = Path(text).expanduser()
    if not path.is_file():
        raise InputError(f"lora {text!r}: no such file; give a LoRA of Wan2.1-I2V-14B as a .safetensors file")
    entries = {name: entry for name, entry in read_head(path).items() if name != METADATA}
    if not entries:
        raise WeightsError(f"the LoRA {path} holds no tensors")
    if kind := other_kind(entries):
        raise WeightsError(
            f"{path} is a {kind[0]} by its key {kind[1]}, which is not supported; a plain LoRA is: two matrices a "
            "layer, or whole differences"
        )
    if not any(read_key(name) for name in entries) and any(name.endswith(".weight") for name in entries):
        raise WeightsError(
            f"{path} holds whole weights such as {min(entries)}: it is a network and no LoRA; a folder of networks is "
            "given as --weights DIR"
        )
    other = sorted(
        f"{name} ({entry['dtype']})"
        for name, entry in entries.items()
        if entry["dtype"] not in DTYPES and not name.endswith(".alpha")  # some write a whole number
    )
    if other:
        raise WeightsError(f"the LoRA {path} must hold {', '.join(DTYPES)}, {listed([('do not', other)])}")
    return path


def match_lora(text: str, network: Mapping[str, Shape], strict: bool = True) -> Lora:
    """Compare a file with a network, without reading its tensors.

    Args:
        text: the option ``lora``.
        network: names and shapes of the network's tensors, by diffusers' names.
        strict: refuse a file with keys that fit nothing; otherwise they are left out and named in what is returned.

    Raises:
        InputError: a file that cannot be used, or one of its keys; the message names them.
    """
    path = lora_path(text)
    head = read_head(path)
    alphas = _alphas_of(path, head.pop(METADATA, {}))
    found, names = _Found(), Names(network)
    for key in sorted(head):
        _place(key, tuple(head[key]["shape"]), names, network, found)
    pairs = {
        layer: pair
        for layer, parts in found.parts.items()
        if (pair := _pair(layer, parts, head, network, alphas, found))
    }
    faults = [
        ("match no layer", found.unknown),
        ("for a text encoder, which is not changed", found.text),
        ("of another shape", list(found.misshapen.values())),
        ("without its other half", found.alone),
    ]
    twice = [("given twice", found.twice)]
    left_out = tuple(sorted({*found.unknown, *found.text, *found.misshapen, *found.beside, *found.alone}))
    if found.twice or strict and left_out or not pairs and not found.differences:
        how = "; lora_strict=false takes the rest and records what was left out" if pairs and not found.twice else ""
        raise WeightsError(f"the keys of the LoRA {path} do not fit the network: {listed([*faults, *twice])}{how}")
    changed = {*found.differences, *(f"{layer}.weight" for layer in pairs)}
    shapes = {name: network[name] for name in changed}
    return Lora(path, pairs, found.differences, shapes, left_out)


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
    # In 8 bits little can be computed; what is left out may be anything.
    tensors = {key: tensor.float() if tensor.itemsize == 1 else tensor for key, tensor in tensors.items()}
    tensors = {key: tensor for key, tensor in tensors.items() if key not in lora.left_out}
    wrong = sorted(key for key, tensor in tensors.items() if not torch.isfinite(tensor).all())
    if wrong:
        raise WeightsError(f"the LoRA {lora.path} holds numbers that are not finite: {listed([('tensors', wrong)])}")
    given: dict[str, torch.Tensor] = {}
    alphas: dict[str, float] = {}
    for layer, pair in lora.pairs.items():
        down, up = _like(tensors[pair.down], tensors[pair.up], lora.shapes[f"{layer}.weight"])
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
            difference = _filled(tensors[key].float(), lora.shapes[name])
            weights[name].copy_(weights[name].float() + scale * difference)
    transformer.requires_grad_(False)
    count("load:lora")


def require_peft() -> None:
    """Refuse to go on without the package that diffusers needs for LoRAs.

    Raises:
        InputError: says what to type.
    """
    if find_spec("peft") is None:
        raise InputError(f"a LoRA needs the package 'peft'; type `{install_line('e2v')}`")


def _like(down: Any, up: Any, weight: Shape) -> tuple[Any, Any]:
    """Both halves in the shapes that peft gives them beside a weight: of a convolution, ``up`` is one of size 1."""
    if len(weight) == 2:
        return down, up
    rank = down.shape[0]
    kernel = weight[2:]
    down = down.reshape(rank, -1, *kernel)
    return _filled(down, (rank, *weight[1:])), up.reshape(weight[0], rank, *(1 for _ in kernel))


def _filled(tensor: Any, shape: Shape) -> Any:
    """A tensor in a shape of the network: the same numbers, or the first channels of the input and zeros behind."""
    if tensor.ndim < 2 or tensor.numel() == math.prod(shape):
        return tensor.reshape(shape)
    filled = tensor.new_zeros(shape)
    filled[:, : tensor.shape[1]] = tensor
    return filled


def _place(key: str, shape: Shape, names: Names, network: Mapping[str, Shape], found: _Found) -> None:
    """Find the layer or the tensor of the network that a key of the file is for."""
    if is_for_text_encoder(key):
        found.text.append(key)
        return
    read = read_key(key)
    name = names.tensor(read) if read else None
    if read is None or name is None:
        found.unknown.append(key)
    elif read.part in ("diff", "diff_b", "diff_m"):
        if not _fits(shape, name, network):
            found.misshapen[key] = f"{key} {list(shape)} instead of {list(network[name])}"
        elif name in found.differences:
            found.twice.append(key)
        else:
            found.differences[name] = key
    elif len(network[name]) < 2:
        found.unknown.append(key)
    else:
        _place_half(key, read, name.removesuffix(".weight"), found)


def _place_half(key: str, read: Key, layer: str, found: _Found) -> None:
    parts = found.parts.setdefault(layer, {})
    if read.part in parts:
        found.twice.append(key)
    parts[read.part] = key


def _fits(shape: Shape, name: str, network: Mapping[str, Shape]) -> bool:
    """Whether a difference has the shape of a tensor, axes of size 1 aside, or that of a text-to-video network's."""
    expected = network[name]
    if [size for size in shape if size > 1] == [size for size in expected if size > 1]:
        return True
    return name == INPUT and shape == (expected[0], _noise_channels(network), *expected[2:])


def _noise_channels(network: Mapping[str, Shape]) -> int:
    """Channels that the network denoises: all that a text-to-video network takes, and the first that ours takes."""
    if INPUT not in network or "proj_out.weight" not in network:
        return 0
    return network["proj_out.weight"][0] // math.prod(network[INPUT][2:])


def _pair(
    layer: str,
    parts: dict[str, str],
    head: Mapping[str, Any],
    network: Mapping[str, Shape],
    alphas: "_Alphas",
    found: _Found,
) -> Pair | None:
    if "down" not in parts or "up" not in parts:
        found.alone += parts.values()
        return None
    weight = network[f"{layer}.weight"]
    rank = next(iter(head[parts["down"]]["shape"]), 0)
    ones = [1 for _ in weight[2:]]
    wanted: dict[str, list[list[int]]] = {
        "down": [[rank, *weight[1:]]],
        "up": [[weight[0], rank, *ones], [weight[0], rank]],
        "bias": [[weight[0]]],
    }
    if f"{layer}.weight" == INPUT:
        wanted["down"].append([rank, _noise_channels(network), *weight[2:]])
    misshapen = {}
    for part, key in parts.items():
        shape = head[key]["shape"]
        if part == "alpha" and math.prod(shape) != 1:
            misshapen[key] = f"{key} {shape} instead of one number"
        if part != "alpha" and (shape not in wanted[part] or not rank):
            misshapen[key] = f"{key} {shape} instead of {wanted[part][0]}"
    if misshapen:
        found.misshapen |= misshapen
        found.beside += parts.values()
        return None
    return Pair(parts["down"], parts["up"], parts.get("bias"), parts.get("alpha", alphas.of(layer, rank)))


class _Alphas(NamedTuple):
    """What diffusers writes into the file's head when it saves a LoRA, and peft beside the file; empty elsewhere.

    stabilised: the scale is alpha / sqrt(rank) instead of alpha / rank (arXiv:2312.03732).
    """

    common: float | None = None
    pattern: Mapping[str, float] = {}
    stabilised: bool = False

    def of(self, layer: str, rank: int) -> float | None:
        """The alpha that divided by the rank gives the scale of a layer; None for a scale of 1."""
        found = self.common
        for ending, alpha in self.pattern.items():
            if f".{layer}".endswith(f".{ending.removeprefix('^')}"):
                found = alpha
                break
        if self.stabilised:
            return (rank if found is None else found) * math.sqrt(rank)
        return found


def adapter_config(path: Path) -> Path | None:
    """The settings that peft writes beside a LoRA; None where there are none."""
    beside = path.with_name("adapter_config.json")
    return beside if path.name == "adapter_model.safetensors" and beside.is_file() else None


def _alphas_of(path: Path, metadata: Any) -> _Alphas:
    beside = adapter_config(path)
    try:
        text = beside.read_text(encoding="utf-8") if beside else metadata.get("lora_adapter_metadata") or "{}"
        told = json.loads(text)
        told = {key.removeprefix("transformer."): value for key, value in told.items()}
        common = told.get("lora_alpha")
        pattern = {str(key): float(value) for key, value in (told.get("alpha_pattern") or {}).items()}
        found = _Alphas(None if common is None else float(common), pattern, bool(told.get("use_rslora")))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"the LoRA {path} has metadata that cannot be read: {error}") from None
    if not all(math.isfinite(alpha) for alpha in (found.common or 0, *found.pattern.values())):
        raise WeightsError(f"the LoRA {path} has a lora_alpha that is not finite")
    kind = str(told.get("peft_type") or "LORA").upper()
    if told.get("use_dora") or kind != "LORA":
        what = "use_dora" if told.get("use_dora") else f"peft_type {kind}"
        raise WeightsError(f"the LoRA {path} says {what}, which is not supported; a plain LoRA is")
    return found
