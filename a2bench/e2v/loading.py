"""From a folder in the published layout to a resident pipeline, component by component.

Every tensor's name and shape is checked against the architecture before anything is loaded: a tensor that is missing
would otherwise be filled with random numbers.
"""

import importlib.util
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import torch

from a2bench.assets.extras import install_line
from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.checkpoint import SKYREELS_A2, check_folder
from a2bench.e2v.components import check_component, component_part, load_component
from a2bench.e2v.lora import Lora, match_lora, merge_lora, require_peft
from a2bench.e2v.memory import Part, at_half, choose_placement, wan_working
from a2bench.e2v.offload import PlacedModel
from a2bench.e2v.parallel import Group, check_group, spread_forward
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.semantic import PromptReader, SemanticBranch
from a2bench.e2v.spatial import SpatialBranch
from a2bench.e2v.tensor_files import read_json, tensor_shapes
from a2bench.errors import InputError, WeightsError

Precision = Literal["bfloat16", "float32"]
PACKAGES = ("accelerate", "diffusers", "ftfy", "safetensors", "sentencepiece", "torch", "transformers")


def require_packages() -> None:
    """Refuse to go on without the packages of the extra ``e2v``.

    Raises:
        InputError: one is not installed; the message says what to type.
    """
    for package in PACKAGES:
        if not _is_installed(package):
            raise InputError(f"this system needs the package {package!r}; type `{install_line('e2v')}`")


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # the package that it would lie in
        return False


def load_prompt_reader(folder: Path) -> PromptReader:
    """The tokenizer alone, so that a prompt can be refused before anything large is loaded.

    Raises:
        InputError: an old tokenizer needs a package that is not installed; the message says what to type.
        WeightsError: it cannot be loaded.
    """
    from transformers import AutoTokenizer

    if not (folder / "tokenizer" / "tokenizer.json").is_file() and not _is_installed("google.protobuf"):
        raise InputError(
            f"the tokenizer in {folder / 'tokenizer'} has no tokenizer.json, only sentencepiece's model, and to read "
            "that needs the package 'protobuf'; type `pip install protobuf`"
        )
    try:
        return PromptReader(AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True))
    except Exception as error:  # tokenizers raises no class of its own
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
        WeightsError: the checkpoint is incomplete, its tensors are not those of the architecture, or the LoRA does not
            fit it.
    """
    require_packages()
    check_folder(folder)
    for component in SKYREELS_A2.networks:
        check_component(folder, component, SKYREELS_A2.title)
    acceleration = acceleration or Acceleration()
    check_group(acceleration, group)
    lora = find_lora(folder, acceleration.lora, acceleration.lora_strict) if acceleration.lora else None
    parts = checkpoint_parts(folder, precision)
    if acceleration.storage == "fp8":
        parts["transformer"] = at_half(parts["transformer"])
    network, vae = (read_json(folder / name / "config.json") for name in ("transformer", "vae"))
    hidden = network["num_attention_heads"] * network["attention_head_dim"]
    batch = 2 if acceleration.guidance == "batched" else 1
    working = wan_working(*video, batch=batch, hidden=hidden, vae_base=vae["base_dim"])
    placement = choose_placement(profile, parts, device, working)

    from transformers import CLIPImageProcessor

    small = getattr(torch, precision)
    # The network keeps its time embedding, norms and modulation in float32 (diffusers' _keep_in_fp32_modules).
    types = {"transformer": small, "text_encoder": small, "vae": getattr(torch, acceleration.vae)}
    reader = reader or load_prompt_reader(folder)
    modules = {
        component.name: load_component(folder, component, types.get(component.name, torch.float32))
        for component in SKYREELS_A2.networks
    }
    image_processor = CLIPImageProcessor.from_pretrained(folder / "image_processor", local_files_only=True)
    if lora:
        merge_lora(modules["transformer"], lora, acceleration.lora_scale)
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


def find_lora(folder: Path, text: str, strict: bool = True) -> Lora:
    """A LoRA that fits the network of a checkpoint, by names and shapes alone; ``strict`` as in `match_lora`.

    Raises:
        InputError: it does not fit, or the package that merges it is missing.
    """
    require_peft()
    component = SKYREELS_A2.components["transformer"]
    assert component.stem is not None
    return match_lora(text, tensor_shapes(folder / component.name, component.stem), strict)


def accelerate(transformer: Any, acceleration: Acceleration) -> None:
    """Give a network what of its acceleration must be there before it is placed.

    Raises:
        InputError: an attention back-end that does not work here; the message says why.
    """
    set_attention(transformer, acceleration.attention)
    if acceleration.storage == "fp8":
        transformer.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=transformer.dtype)


def set_attention(transformer: Any, name: str) -> None:
    """Set a back-end of diffusers' attention dispatcher, by the names in `acceleration.ATTENTION`.

    Said even for ``native``: diffusers makes the last one that was set the default of every network in the process.

    Raises:
        InputError: its package or kernel is not here.
    """
    dispatch: Any = import_module("diffusers.models.attention_dispatch")
    known = {backend.value.lstrip("_"): backend.value for backend in dispatch.AttentionBackendName}
    try:
        with dispatch.attention_backend("native"):  # on leaving, the default is what it was
            transformer.set_attention_backend(known[name])
    except (RuntimeError, OSError, ImportError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"attention={name} does not work here: {reason}; attention=native always works") from error


def checkpoint_parts(folder: Path, precision: Precision) -> dict[str, Part]:
    """The networks of a checkpoint by the sizes that they have when loaded, from the heads of their files."""
    low = getattr(torch, precision)
    return {component.name: component_part(folder, component, low) for component in SKYREELS_A2.networks}
