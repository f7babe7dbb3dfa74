"""Which tensor of the network a key of somebody's LoRA is for: the names that such files have in the wild.

One tensor is named by diffusers, by the original Wan code, or by either with points flattened to underscores (kohya,
musubi-tuner, LyCORIS, VideoX-Fun, OneTrainer), behind one of many prefixes, with one of many endings. All come down to
one table: every name of the network, in both namings, flattened.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from a2bench.e2v.tensor_files import Shape

Part = Literal["down", "up", "bias", "alpha", "diff", "diff_b", "diff_m"]
"""What a tensor is to its layer: half of a pair, the bias or the scale of a pair, or a whole difference: of the weight,
of the bias, or of the modulation."""


class Key(NamedTuple):
    """A key of a file: the layer as the file names it, without a prefix, and what it is to that."""

    module: str
    part: Part


_HALF = r"[._]lora(_linear_layer)?[._]"
_NAME = r"(\.(?!bias$)[\w-]+)?(\.weight)?"
# lora_A.weight, lora_A.default.weight, lora_A, lora_down.weight, lora.down.weight, to_q_lora.down.weight
_ENDINGS: dict[Part, re.Pattern[str]] = {
    "down": re.compile(rf"(?P<module>.+?){_HALF}(A|down){_NAME}"),
    "bias": re.compile(rf"(?P<module>.+?){_HALF}(B|up)(\.[\w-]+)?\.bias"),
    "up": re.compile(rf"(?P<module>.+?){_HALF}(B|up){_NAME}"),
    "alpha": re.compile(r"(?P<module>.+?)\.(lora[._])?alpha"),
    "diff": re.compile(r"(?P<module>.+?)\.(diff|w_norm)"),
    "diff_b": re.compile(r"(?P<module>.+?)\.(diff_b|b_norm)"),
    "diff_m": re.compile(r"(?P<module>.+?)\.diff_m"),
}

_PREFIXES = (
    "base_model.model.",  # peft
    "model.diffusion_model.",  # a checkpoint of ComfyUI
    "diffusion_model.",  # ComfyUI
    "diffusion.model.",
    "transformer.",  # diffusers
    "pipe.dit.",  # DiffSynth-Studio
    "dit.",
    "unet.",
    "model.",
    "module.",
    "_orig_mod.",  # compiled when it was saved
    "lora_unet__",  # VideoX-Fun
    "lora_unet_",  # kohya, musubi-tuner
    "lora_transformer_",  # OneTrainer
    "lycoris_",  # SimpleTuner, ai-toolkit
)
_WRAPPERS = re.compile(r"\.(_orig_mod|_fsdp_wrapped_module|base_layer|processor)(?=\.)")

_TEXT_ENCODER = re.compile(
    r"lora_(prior_)?te\d?_|text_encoders?(_\d)?\.|te\d?\.|text_model\.|conditioner\.|clip_[lgh]\."
)

_OTHER_KINDS = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\.hada_[wt]\d", "LoHa"),
        (r"\.lokr_[wt]\d", "LoKr"),
        (r"\.dora_scale$|[._]lora_magnitude_vector\b", "DoRA"),
        (r"\.boft_", "BOFT"),
        (r"\.oft_", "OFT"),
        (r"\.(on_input|ia3_l\b)", "(IA)^3"),
        (r"\.(a1|a2|b1|b2)\.weight$", "GLoRA"),
        (r"[._]lora_mid\b", "LoCon with a Tucker core (lora_mid)"),
        (r"[._]vera_", "VeRA"),
        (r"[._]lora_E\b|\.ranknum\b", "AdaLoRA"),
        (
            r"[._](hra_u|fourierft_spectrum|vblora_|randlora_|c3a_kernel|bone_|miss_block|shira_weight)",
            "adapter of peft",
        ),
        (r"\.(set_weight|reshape_weight)$", "control LoRA that replaces or reshapes weights"),
    )
)
"""Names of tensors that only another way of adapting a network has."""


def other_kind(keys: Mapping[str, object]) -> tuple[str, str] | None:
    """What a file is that is no plain LoRA, and a key that tells it; None for a LoRA."""
    for pattern, name in _OTHER_KINDS:
        for key in sorted(keys):
            if pattern.search(key):
                return name, key
    return None


def read_key(key: str) -> Key | None:
    """The layer and part that a key names; None where it ends as none of a LoRA does.

    >>> read_key("base_model.model.blocks.0.ffn.0.lora_A.default.weight")
    Key(module='blocks.0.ffn.0', part='down')
    >>> read_key("lora_unet__blocks_0_cross_attn_k_img.alpha")
    Key(module='blocks_0_cross_attn_k_img', part='alpha')
    """
    for part, pattern in _ENDINGS.items():
        if match := pattern.fullmatch(key):
            return Key(_without_prefixes(_WRAPPERS.sub("", match["module"])), part)
    return None


def is_for_text_encoder(key: str) -> bool:
    """Whether a key is for the network that reads the prompt."""
    return _TEXT_ENCODER.match(key) is not None


def _without_prefixes(module: str) -> str:
    while prefix := next((prefix for prefix in _PREFIXES if module.startswith(prefix)), None):
        module = module.removeprefix(prefix)
    return module


class Names:
    """Tensors of a network by all names that files have for them.

    Args:
        network: shapes by diffusers' names.
    """

    def __init__(self, network: Mapping[str, Shape]) -> None:
        self._known: dict[str, str] = {}
        for name in network:
            for other in (name, original_name(name), name.replace(".to_out.0.", ".to_out.")):
                known = self._known.setdefault(_flat(other), name)
                assert known == name, f"{other} means {known} and {name}"

    def tensor(self, key: Key) -> str | None:
        """The tensor that a key is for, by diffusers' name: a weight for all parts of a pair; None if there is none."""
        endings = {"diff_m": ("modulation", ""), "diff_b": ("bias",), "diff": ("weight", "")}.get(key.part, ("weight",))
        found = (self._known.get(_flat(f"{key.module}.{ending}")) for ending in endings)
        return next((name for name in found if name), None)


def _flat(name: str) -> str:
    return re.sub(r"[._]+", "_", name).strip("_")


_ORIGINAL = (
    ("condition_embedder.time_embedder.linear_1.", "time_embedding.0."),
    ("condition_embedder.time_embedder.linear_2.", "time_embedding.2."),
    ("condition_embedder.text_embedder.linear_1.", "text_embedding.0."),
    ("condition_embedder.text_embedder.linear_2.", "text_embedding.2."),
    ("condition_embedder.time_proj.", "time_projection.1."),
    ("condition_embedder.image_embedder.norm1.", "img_emb.proj.0."),
    ("condition_embedder.image_embedder.ff.net.0.proj.", "img_emb.proj.1."),
    ("condition_embedder.image_embedder.ff.net.2.", "img_emb.proj.3."),
    ("condition_embedder.image_embedder.norm2.", "img_emb.proj.4."),
    ("condition_embedder.image_embedder.pos_embed", "img_emb.emb_pos"),
    ("proj_out.", "head.head."),
    (".attn1.", ".self_attn."),
    (".attn2.", ".cross_attn."),
    (".to_q.", ".q."),
    (".to_k.", ".k."),
    (".to_v.", ".v."),
    (".to_out.0.", ".o."),
    (".add_k_proj.", ".k_img."),
    (".add_v_proj.", ".v_img."),
    (".norm_added_k.", ".norm_k_img."),
    (".ffn.net.0.proj.", ".ffn.0."),
    (".ffn.net.2.", ".ffn.2."),
    (".norm2.", ".norm3."),
    (".scale_shift_table", ".modulation"),
)
"""The inverse of diffusers' ``convert_wan_transformer_to_diffusers``; a test holds it to that for every tensor."""


def original_name(name: str) -> str:
    """The name of a tensor in the original Wan code, from diffusers' name.

    >>> original_name("blocks.3.attn2.add_k_proj.weight"), original_name("scale_shift_table")
    ('blocks.3.cross_attn.k_img.weight', 'head.modulation')
    """
    if name == "scale_shift_table":
        return "head.modulation"
    for ours, theirs in _ORIGINAL:
        if not (ours == "proj_out." and not name.startswith(ours)):
            name = name.replace(ours, theirs)
    return name
