"""From a folder in the published layout to a resident pipeline, component by component.

Every tensor's name and shape is checked against the architecture before anything is loaded: a tensor that is missing
would otherwise be filled with random numbers.
"""

import importlib.util
import math
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import torch

from a2bench.counting import count
from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.checkpoint import COMPONENTS, Shape, check_folder, check_tensors, read_json, tensor_shapes
from a2bench.e2v.memory import Kind, Part, at_half, choose_placement, part_of, wan_working
from a2bench.e2v.offload import PlacedModel
from a2bench.e2v.parallel import Group, check_group, spread_forward
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.semantic import PromptReader, SemanticBranch
from a2bench.e2v.spatial import SpatialBranch
from a2bench.errors import InputError, WeightsError

Precision = Literal["bfloat16", "float32"]
KINDS: dict[str, Kind] = {
    "transformer": "network",
    "vae": "vae",
    "text_encoder": "encoder",
    "image_encoder": "encoder",
}
_AT_LOW_PRECISION = ("transformer", "text_encoder")
PACKAGES = ("accelerate", "diffusers", "ftfy", "safetensors", "sentencepiece", "torch", "transformers")


def require_packages() -> None:
    """Refuse to go on without the packages of the extra ``e2v``.

    Raises:
        InputError: one is not installed; the message says what to type.
    """
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise InputError(f"SkyReels-A2 needs the package {package!r}; type `pip install 'a2bench[e2v]'`")


def load_prompt_reader(folder: Path) -> PromptReader:
    """The tokenizer alone, so that a prompt can be refused before anything large is loaded."""
    from transformers import AutoTokenizer

    try:
        return PromptReader(AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True))
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WeightsError(f"the tokenizer in {folder / 'tokenizer'} cannot be loaded: {reason}") from error


def load_pipeline(
    folder: Path,
    *,
    device: str = "cpu",
    precision: Precision = "bfloat16",
    profile: str = "auto",
    video: tuple[int, int, int] = (832, 480, 81),
    acceleration: Acceleration | None = None,
    group: Group | None = None,
    reader: PromptReader | None = None,
) -> Pipeline:
    """Load a checkpoint.

    Args:
        folder: in the published layout.
        device: where to compute.
        precision: of the network and the text encoder; VAE and CLIP are float32, as released.
        profile: a name in `memory.PROFILES`: which networks stay on the device, and which come to it by groups.
        video: width, height and number of frames of the videos to make: what they need is kept free.
        acceleration: settings of speed.
        group: the GPUs that make each video together, as many as ``acceleration.ranks``; None for one.
        reader: the tokenizer, if it is loaded already.

    Raises:
        InputError: a package is missing, an acceleration cannot be used here, or the memory does not suffice; the
            message says what can, or which profile fits.
        WeightsError: the checkpoint is incomplete, or its tensors are not those of the architecture.
    """
    require_packages()
    check_folder(folder)
    for name in KINDS:
        check_component(folder, name)
    acceleration = acceleration or Acceleration()
    check_group(acceleration, group)
    parts = checkpoint_parts(folder, precision)
    if acceleration.storage == "fp8":
        parts["transformer"] = at_half(parts["transformer"])
    network, vae = (read_json(folder / name / "config.json") for name in ("transformer", "vae"))
    hidden = network["num_attention_heads"] * network["attention_head_dim"]
    batch = 2 if acceleration.guidance == "batched" else 1
    working = wan_working(*video, batch=batch, hidden=hidden, vae_base=vae["base_dim"])
    placement = choose_placement(profile, parts, device, working)

    from transformers import CLIPImageProcessor, CLIPVisionModel, UMT5EncoderModel

    diffusers: Any = import_module("diffusers")
    small, full = getattr(torch, precision), torch.float32
    reader = reader or load_prompt_reader(folder)
    modules = {
        # The network keeps its time embedding, norms and modulation in float32 (diffusers' _keep_in_fp32_modules).
        "transformer": _strict(diffusers.WanTransformer3DModel, folder / "transformer", torch_dtype=small),
        "vae": _strict(diffusers.AutoencoderKLWan, folder / "vae", torch_dtype=getattr(torch, acceleration.vae)),
        "text_encoder": _strict(UMT5EncoderModel, folder / "text_encoder", dtype=small),
        "image_encoder": _strict(CLIPVisionModel, folder / "image_encoder", dtype=full),
    }
    image_processor = CLIPImageProcessor.from_pretrained(folder / "image_processor", local_files_only=True)
    accelerate(modules["transformer"], acceleration)
    placed = PlacedModel(modules, parts, placement)
    if group is not None:
        spread_forward(modules["transformer"], acceleration, group)
    if acceleration.compile:
        modules["transformer"].compile_repeated_blocks()
    return Pipeline(
        modules["transformer"],
        SpatialBranch(modules["vae"]),
        SemanticBranch(
            reader, modules["text_encoder"], modules["image_encoder"], image_processor, device=placement.device
        ),
        placed,
        acceleration,
        group,
    )


def accelerate(transformer: Any, acceleration: Acceleration) -> None:
    """Give a network what of its acceleration must be there before it is placed.

    Raises:
        InputError: an attention back-end that does not work here; the message says why.
    """
    if acceleration.attention != "native":
        set_attention(transformer, acceleration.attention)
    if acceleration.storage == "fp8":
        transformer.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=transformer.dtype)


def set_attention(transformer: Any, name: str) -> None:
    """Set a back-end of diffusers' attention dispatcher, by the names in `acceleration.ATTENTION`.

    Raises:
        InputError: its package or kernel is not here.
    """
    dispatch: Any = import_module("diffusers.models.attention_dispatch")
    known = {backend.value.lstrip("_"): backend.value for backend in dispatch.AttentionBackendName}
    try:
        transformer.set_attention_backend(known[name])
    except (RuntimeError, OSError, ImportError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"attention={name} does not work here: {reason}; attention=native always works") from error


def checkpoint_parts(folder: Path, precision: Precision) -> dict[str, Part]:
    """The networks of a checkpoint by the sizes that they have when loaded, from the heads of their files."""
    parts = {}
    for name, kind in KINDS.items():
        stem = COMPONENTS[name].stem
        assert stem is not None
        shapes = tensor_shapes(folder / name, stem)
        if "shared.weight" in shapes:
            shapes.pop("encoder.embed_tokens.weight", None)  # stored twice by some, held once
        size = getattr(torch, precision).itemsize if name in _AT_LOW_PRECISION else 4
        parts[name] = part_of(kind, [(key, size * math.prod(shape)) for key, shape in shapes.items()])
    return parts


def check_component(folder: Path, name: str) -> None:
    """Compare the tensors of a component with those that its configuration implies, without loading either.

    Raises:
        WeightsError: names the missing, unexpected and misshapen ones.
    """
    stem = COMPONENTS[name].stem
    assert stem is not None
    found = _without_history(name, tensor_shapes(folder / name, stem))
    expected = _without_history(name, expected_shapes(name, read_json(folder / name / "config.json")))
    check_tensors(str(folder / name), found, expected)


def expected_shapes(name: str, config: Mapping[str, Any]) -> dict[str, Shape]:
    """Names and shapes of all tensors that a configuration implies; nothing is allocated."""
    with torch.device("meta"):
        model = _build(name, dict(config))
    return {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}


def _build(name: str, config: dict[str, Any]) -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModel, UMT5Config, UMT5EncoderModel

    diffusers: Any = import_module("diffusers")
    try:
        if name in ("transformer", "vae"):
            network = diffusers.WanTransformer3DModel if name == "transformer" else diffusers.AutoencoderKLWan
            own = {key: value for key, value in config.items() if not key.startswith("_")}
            return network(**own)
        if name == "text_encoder":
            return UMT5EncoderModel(UMT5Config.from_dict(config))
        return CLIPVisionModel(CLIPVisionConfig.from_dict(config))
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"the configuration of {name} cannot be built: {reason}; is this SkyReels-A2?") from error


def _without_history(name: str, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The tensors by the names that mean the same in every version of transformers.

    CLIP's were once all below ``vision_model.``. UMT5's embedding may be stored under either of two names or both.
    """
    if name == "image_encoder":
        return {re.sub(r"^vision_model\.", "", key): shape for key, shape in shapes.items() if not _UNUSED.search(key)}
    if name == "text_encoder":
        return {re.sub(r"^encoder\.embed_tokens\.", "shared.", key): shape for key, shape in shapes.items()}
    return dict(shapes)


_UNUSED = re.compile(r"(^|\.)position_ids$|^visual_projection\.weight$")
"""Tensors of older CLIP files: positions that are computed today, and the head of the class with projection."""


def _strict(network: Any, folder: Path, **dtype: torch.dtype) -> Any:
    """Load a network into main memory and refuse what its library filled up or left out, which it only tells.

    After `check_component` this never happens, unless the library maps a name that it should not.
    """
    loaded, told = network.from_pretrained(folder, local_files_only=True, output_loading_info=True, **dtype)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = sorted(str(name) for name in told[kind] if not _UNUSED.search(str(name)))
        if names:
            raise WeightsError(f"{folder} was not loaded whole: {kind.replace('_', ' ')} {names[:5]}")
    count(f"load:{type(loaded).__name__}")
    loaded.requires_grad_(False)
    loaded.train(False)
    return loaded
