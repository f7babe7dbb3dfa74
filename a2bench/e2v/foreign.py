"""Weights in another layout than the published one: which it is, and the line that converts it.

Nothing large is read: names of files, and the names of tensors in the heads of files.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from a2bench.e2v.tensor_files import file_entries
from a2bench.errors import WeightsError


class Foreign(NamedTuple):
    """A layout that is not the published one, and what to type, without a full stop."""

    name: str
    cure: str


SCRIPT = "python scripts/convert_wan_to_diffusers.py --model_type Wan-I2V-14B-480p --output_path OUT"
"""Of the repository of diffusers; it fetches Wan's own weights and writes every folder."""

_SCALED = "fp8 with scales (fp8_scaled, as ComfyUI has it)"
_SCALES = ("scale_weight", "scale_input", "weight_scale", "input_scale", "scaled_fp8", "comfy_quant")
_QUANTISED = (
    (re.compile(rf"(^|\.)({'|'.join(_SCALES)})$"), _SCALED),
    (re.compile(r"\.(absmax|quant_map|nested_absmax|nested_quant_map|SCB)$|\.quant_state\."), "bits by bitsandbytes"),
    (re.compile(r"\.(qweight|qzeros|g_idx)$"), "bits by GPTQ or AWQ"),
    (re.compile(r"\.(wscales|smooth_factor|smooth_factor_orig)$"), "bits by SVDQuant (Nunchaku)"),
    (re.compile(r"\.weight(:_?|\._?weight_|_scale_inv)\w*$"), "bits by torchao or of blocks with scales"),
)
"""Names of tensors that only a quantised network has."""

_WAN, _VAE = "WanTransformer3DModel", "AutoencoderKLWan"
_ORIGINAL = (
    (re.compile(r"(^|\.)blocks\.\d+\.(self|cross)_attn\."), _WAN, "Wan's original naming"),
    (re.compile(r"(^|\.)(encoder\.downsamples|decoder\.upsamples)\."), _VAE, "Wan's original naming (Wan2.1_VAE)"),
    (re.compile(r"(^|\.)token_embedding\.weight$|(^|\.)blocks\.\d+\.pos_embedding\."), "UMT5EncoderModel",
     "Wan's original naming (models_t5_umt5-xxl-enc)"),
    (re.compile(r"(^|\.)visual\.(conv1|transformer|patch_embedding)\b"), "CLIPVisionModel",
     "OpenCLIP's naming (models_clip_open-clip-xlm-roberta-large-vit-huge-14)"),
)  # fmt: skip
"""Names of tensors that tell a naming, and the class that holds them today."""

_LORA = re.compile(r"(^|[._])lora[._](A|B|down|up)[._]|\.alpha$")

_GET = "get them as safetensors"
_ENDINGS = {
    ".gguf": Foreign(
        "GGUF, quantised for llama.cpp and ComfyUI",
        "get the safetensors that it was made from; what fewer bits lost does not come back",
    ),
    ".pth": Foreign("a pickle of PyTorch, as in Wan's original layout", f"diffusers' script makes folders: `{SCRIPT}`"),
    ".pt": Foreign("a pickle of PyTorch", _GET),
    ".ckpt": Foreign("a pickle of PyTorch", _GET),
    ".bin": Foreign("a pickle of PyTorch", _GET),
    ".msgpack": Foreign("weights of Flax", _GET),
    ".h5": Foreign("weights of TensorFlow", _GET),
    ".onnx": Foreign("ONNX", _GET),
    ".xml": Foreign("OpenVINO", _GET),
    ".engine": Foreign("TensorRT", _GET),
    ".npz": Foreign("weights of MLX or NumPy", _GET),
}
"""Files of weights that are never loaded here."""


def refuse_quantised(place: Path, config: Mapping[str, Any]) -> None:
    """Refuse a component whose configuration says that a package has quantised it.

    Raises:
        WeightsError: names the package.
    """
    told = config.get("quantization_config")
    if told:
        method = told.get("quant_method") if isinstance(told, Mapping) else None
        raise WeightsError(
            f"the network in {place} is quantised by {method or 'a package that it does not name'}; get the weights "
            "whole, in bfloat16 or float32"
        )


def refuse_foreign(folder: Path, title: str, components: Collection[str]) -> None:
    """Refuse a folder without the published layout by the name of its own.

    Args:
        folder: what ``weights`` names.
        title: of the system.
        components: the folders that it should have.

    Raises:
        WeightsError: its layout is known.
    """
    found = _whole_folder(folder, components)
    if found:
        raise WeightsError(f"{folder} is {found.name}, not the layout in which {title} is published: {found.cure}")


def refuse_file(path: Path, title: str, command: str) -> None:
    """Refuse a file where a folder is wanted, by the name of what it is.

    Raises:
        WeightsError: always.
    """
    found = _one_file(path)
    raise WeightsError(
        f"{path} is {found.name}, and {title} is loaded from a folder: {found.cure}; the published folder comes by "
        f"`{command}`"
    )


def refuse_unreadable(place: Path, stem: str, network: str) -> None:
    """Refuse a component whose weights are there, but not as safetensors files of the expected name.

    Args:
        place: folder of the component.
        stem: of its weights.
        network: its class in diffusers or transformers.

    Raises:
        WeightsError: what they are instead, and how to convert them. Nothing is raised where there are none at all.
    """
    names = sorted(path.name for path in place.iterdir() if path.is_file())
    if f"{stem}.safetensors" in names or f"{stem}.safetensors.index.json" in names:
        return
    found = _files_of_component(place, names, stem, network)
    if found:
        raise WeightsError(f"the weights in {place} are {found.name}: {found.cure}")


def refuse_original(place: Path, network: str, names: Collection[str]) -> None:
    """Refuse a component whose files have the right names, but whose tensors belong to another layout.

    Args:
        place: folder of the component.
        network: its class in diffusers or transformers.
        names: of its tensors.

    Raises:
        WeightsError: which layout it is, and how to convert it.
    """
    found = _naming(names, network, f"{place}/*.safetensors", f", config='{place}'")
    if found:
        raise WeightsError(f"the tensors in {place} are in {found.name}: {found.cure}")


def _naming(names: Collection[str], network: str, files: str, config: str = "") -> Foreign | None:
    """The layout of tensors by their names; ``network`` is the class that they should be of, empty where unknown."""

    def found(pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(name) for name in names)

    quantised = next((name for pattern, name in _QUANTISED if found(pattern)), None)
    original, holder = next(
        (
            (name, holder)
            for pattern, holder, name in _ORIGINAL
            if found(pattern)
            and network in (holder, "")
            or holder == _WAN
            and network.startswith("Wan")
            and found(pattern)
        ),
        (None, ""),
    )
    if original and any(name.startswith("model.diffusion_model.") for name in names):
        original += " below model.diffusion_model. (a single file of ComfyUI)"
    if quantised:
        both = f"{quantised}, in {original}" if original else quantised
        if quantised == _SCALED:
            return Foreign(both, _unscale(files))
        return Foreign(
            f"fewer {both}", "get the weights whole, in bfloat16 or float32; what was lost does not come back"
        )
    if original:
        return Foreign(original, _convert(holder, network or holder, files, config))
    if names and all(_LORA.search(name) for name in names):
        return Foreign("the layout of a LoRA", "give it as --set lora=FILE beside the network itself")
    return None


def _read(files: str) -> str:
    return f"{{k: v for f in glob('{files}') for k, v in load_file(f).items()}}"


def _convert(holder: str, network: str, files: str, config: str) -> str:
    """The line that turns tensors in another naming into a folder of diffusers."""
    if holder not in (_WAN, _VAE):
        return f"the script in diffusers' repository makes the folder that transformers loads: `{SCRIPT}`"
    converter = "convert_wan_transformer_to_diffusers" if holder == _WAN else "convert_wan_vae_to_diffusers"
    return (
        f'{converter} of diffusers converts them: type `python -c "from glob import glob; from safetensors.torch '
        f"import load_file; from diffusers import {network} as C; C.from_single_file({_read(files)}{config})"
        ".save_pretrained('OUT')\"` and put OUT in its place"
    )


def _unscale(files: str) -> str:
    return (
        'multiply each weight by its scale: type `python -c "from glob import glob; from safetensors.torch import '
        f"load_file, save_file; t = {_read(files)}; scale = lambda k: next((t[n].float() for n in (k[:-6] + "
        "'scale_weight', k + '_scale') if n in t), 1); save_file({k: (v.float() * scale(k)).bfloat16() for k, v in "
        f"t.items() if not k.endswith({_SCALES})}}, 'OUT.safetensors', {{'format': 'pt'}})\"`, or get the weights "
        "whole; what 8 bits lost does not come back"
    )


def _reload(network: str, place: Path, argument: str) -> str:
    library = "transformers" if network.endswith(("EncoderModel", "VisionModel")) else "diffusers"
    return (
        f"type `python -c \"from {library} import {network} as C; C.from_pretrained('{place}', {argument})"
        f".save_pretrained('{place}')\"`, which writes safetensors beside them"
    )


def _files_of_component(place: Path, names: list[str], stem: str, network: str) -> Foreign | None:
    variant = re.compile(rf"{stem}\.(\w+)(?:-\d+-of-\d+)?\.safetensors|{stem}\.safetensors\.index\.(\w+)\.json")
    for name in names:
        if match := variant.fullmatch(name):
            kind = match[1] or match[2]
            return Foreign(f"those of variant={kind} ({name})", _reload(network, place, f"variant='{kind}'"))
    for name in names:
        if name.endswith((".bin", ".bin.index.json")) and not name.startswith("training_args"):
            return Foreign(f"pickles of PyTorch ({name})", _reload(network, place, "use_safetensors=False"))
    if any(re.fullmatch(rf"{stem}-\d+-of-\d+\.safetensors", name) for name in names):
        return Foreign(f"shards without their {stem}.safetensors.index.json", "get the folder again")
    for name in names:
        if Path(name).suffix in _ENDINGS or name.endswith((".safetensors", ".sft")):
            found = _one_file(place / name, network)
            return Foreign(f"{found.name} ({name}), expected {stem}.safetensors", found.cure)
    return None


def _one_file(path: Path, network: str = "") -> Foreign:
    """What one file of weights is."""
    if path.suffix in _ENDINGS:
        return _ENDINGS[path.suffix]
    if path.suffix not in (".safetensors", ".sft"):
        return Foreign("no file of weights", "name the folder of a checkpoint")
    found = _naming(file_entries(path), network, str(path))
    if found:
        return Foreign(f"a single file in {found.name}", found.cure)
    return Foreign("a single safetensors file", "name the folder that holds the one it lies in")


def _whole_folder(folder: Path, components: Collection[str]) -> Foreign | None:
    """The layout of a whole folder, by its files and folders."""
    names = {path.name for path in folder.iterdir()}
    if any(re.match(r"Wan2\.\d_VAE\.|models_t5_|models_clip_", name) for name in names) or _is_of_wan(folder):
        return Foreign(
            "Wan's original layout (WanModel, Wan2.1_VAE.pth, models_t5_umt5-xxl-enc-bf16.pth)",
            f"the script in diffusers' repository fetches Wan's weights in diffusers' layout: `{SCRIPT}`; their "
            "transformer alone is converted by convert_wan_transformer_to_diffusers, which "
            "WanTransformer3DModel.from_single_file calls",
        )
    above = (*folder.glob("*/transformer/config.json"), *folder.glob("snapshots/*/transformer/config.json"))
    if above:
        return Foreign("the folder above a checkpoint", f"name --weights {above[0].parents[1]}")
    if folder.name in components and "config.json" in names and (folder.parent / "model_index.json").is_file():
        return Foreign("one folder of a checkpoint", f"name the one above, --weights {folder.parent}")
    if names & {"split_files", "diffusion_models", "text_encoders", "clip_vision"}:
        return Foreign(
            "the folders of ComfyUI (diffusion_models, text_encoders, vae: single files)",
            'convert_wan_transformer_to_diffusers of diffusers converts such a transformer: type `python -c "from '
            "diffusers import WanTransformer3DModel as C; C.from_single_file('FILE').save_pretrained"
            "('OUT/transformer')\"`; the other folders are those of the published checkpoint",
        )
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        if path.suffix in _ENDINGS or path.suffix in (".safetensors", ".sft"):
            found = _one_file(path)
            return Foreign(f"a folder with {found.name} ({path.name})", found.cure)
    return None


def _is_of_wan(folder: Path) -> bool:
    """Whether a folder's own configuration is that of the original code."""
    try:
        text = (folder / "config.json").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return re.search(r'"_class_name":\s*"(Vace)?WanModel"', text) is not None
