"""From a folder in the published layout to a resident pipeline, component by component.

Every tensor's name and shape is checked against the architecture before anything is loaded: a tensor that is missing
would otherwise be filled with random numbers.
"""

import importlib.util
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import torch

from a2bench.counting import count
from a2bench.e2v.checkpoint import COMPONENTS, Shape, check_folder, check_tensors, read_json, tensor_shapes
from a2bench.e2v.memory import check_memory
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.semantic import PromptReader, SemanticBranch
from a2bench.e2v.spatial import SpatialBranch
from a2bench.errors import InputError, WeightsError

Precision = Literal["bfloat16", "float32"]
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
    folder: Path, *, device: str = "cpu", precision: Precision = "bfloat16", reader: PromptReader | None = None
) -> Pipeline:
    """Load a checkpoint.

    Args:
        folder: in the published layout.
        device: where everything lives.
        precision: of the network and the text encoder; VAE and CLIP are float32, as released.
        reader: the tokenizer, if it is loaded already.

    Raises:
        InputError: a package is missing, or the weights do not fit into the device's memory.
        WeightsError: the checkpoint is incomplete, or its tensors are not those of the architecture.
    """
    require_packages()
    check_folder(folder)
    for name in ("transformer", "vae", "text_encoder", "image_encoder"):
        check_component(folder, name)
    check_memory(folder, precision, device)

    from transformers import CLIPImageProcessor, CLIPVisionModel, UMT5EncoderModel

    diffusers: Any = import_module("diffusers")
    small, full = getattr(torch, precision), torch.float32
    reader = reader or load_prompt_reader(folder)
    # The network keeps its time embedding, norms and modulation in float32 (diffusers' _keep_in_fp32_modules).
    transformer = _ready(_strict(diffusers.WanTransformer3DModel, folder / "transformer", torch_dtype=small), device)
    vae = _ready(_strict(diffusers.AutoencoderKLWan, folder / "vae", torch_dtype=full), device)
    text_encoder = _ready(_strict(UMT5EncoderModel, folder / "text_encoder", dtype=small), device)
    image_encoder = _ready(_strict(CLIPVisionModel, folder / "image_encoder", dtype=full), device)
    image_processor = CLIPImageProcessor.from_pretrained(folder / "image_processor", local_files_only=True)
    return Pipeline(
        transformer, SpatialBranch(vae), SemanticBranch(reader, text_encoder, image_encoder, image_processor)
    )


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


def _strict(model: Any, folder: Path, **dtype: torch.dtype) -> Any:
    """Load a network and refuse what its library filled up or left out, which it only tells.

    After `check_component` this never happens, unless the library maps a name that it should not.
    """
    loaded, told = model.from_pretrained(folder, local_files_only=True, output_loading_info=True, **dtype)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = sorted(str(name) for name in told[kind] if not _UNUSED.search(str(name)))
        if names:
            raise WeightsError(f"{folder} was not loaded whole: {kind.replace('_', ' ')} {names[:5]}")
    return loaded


def _ready(model: Any, device: str) -> Any:
    count(f"load:{type(model).__name__}")
    model.requires_grad_(False)
    model.train(False)
    return model.to(device)
