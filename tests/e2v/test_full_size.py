"""The published sizes, on the meta device: nothing is allocated."""

import json
import math
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from a2bench.e2v.checkpoint import SKYREELS_A2
from a2bench.e2v.components import expected_shapes

PUBLISHED = json.loads((Path(__file__).parent / "published/transformer.json").read_text())
D, FFN, CLIP, TEXT, LAYERS = 5120, 13824, 1280, 4096, 40


def linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def norm(name: str, size: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def implied_by_the_published_config() -> dict[str, tuple[int, ...]]:
    """Every tensor of Wan2.1-I2V-14B, written down from the architecture, not from the class."""
    shapes: dict[str, tuple[int, ...]] = {
        "patch_embedding.weight": (D, 36, 1, 2, 2),
        "patch_embedding.bias": (D,),
        "scale_shift_table": (1, 2, D),
        **linear("proj_out", D, 16 * 4),
        **linear("condition_embedder.time_embedder.linear_1", 256, D),
        **linear("condition_embedder.time_embedder.linear_2", D, D),
        **linear("condition_embedder.time_proj", D, 6 * D),
        **linear("condition_embedder.text_embedder.linear_1", TEXT, D),
        **linear("condition_embedder.text_embedder.linear_2", D, D),
        **norm("condition_embedder.image_embedder.norm1", CLIP),
        **linear("condition_embedder.image_embedder.ff.net.0.proj", CLIP, CLIP),
        **linear("condition_embedder.image_embedder.ff.net.2", CLIP, D),
        **norm("condition_embedder.image_embedder.norm2", D),
    }
    for layer in range(LAYERS):
        block = f"blocks.{layer}"
        shapes |= {f"{block}.scale_shift_table": (1, 6, D), **norm(f"{block}.norm2", D)}
        for attention in ("attn1", "attn2"):
            for part in ("to_q", "to_k", "to_v", "to_out.0"):
                shapes |= linear(f"{block}.{attention}.{part}", D, D)
            shapes |= {f"{block}.{attention}.norm_{part}.weight": (D,) for part in "qk"}
        for part in ("add_k_proj", "add_v_proj"):
            shapes |= linear(f"{block}.attn2.{part}", D, D)
        shapes[f"{block}.attn2.norm_added_k.weight"] = (D,)
        shapes |= linear(f"{block}.ffn.net.0.proj", D, FFN)
        shapes |= linear(f"{block}.ffn.net.2", FFN, D)
    return shapes


def test_the_network_has_every_tensor_that_the_published_config_implies() -> None:
    assert (
        expected_shapes(SKYREELS_A2.components["transformer"], PUBLISHED, "SkyReels-A2")
        == implied_by_the_published_config()
    )


def test_the_network_has_16_39_billion_parameters() -> None:
    shapes = expected_shapes(SKYREELS_A2.components["transformer"], PUBLISHED, "SkyReels-A2")
    assert sum(math.prod(shape) for shape in shapes.values()) == 16_394_878_784
    added = sum(math.prod(shape) for name, shape in shapes.items() if ".add_" in name or "norm_added" in name)
    assert round(added / 1e9, 3) == 2.098


def test_the_network_takes_36_channels_and_771_image_tokens_at_full_size() -> None:
    own: dict[str, Any] = {key: value for key, value in PUBLISHED.items() if not key.startswith("_")}
    with torch.device("meta"):
        network = import_module("diffusers").WanTransformer3DModel(**own)
        out = network(
            hidden_states=torch.empty(1, 36, 21, 60, 104),
            timestep=torch.empty(1, dtype=torch.int64),
            encoder_hidden_states=torch.empty(1, 512, TEXT),
            encoder_hidden_states_image=torch.empty(1, 3 * 257, CLIP),
            return_dict=False,
        )[0]
    assert out.shape == (1, 16, 21, 60, 104)


TEXT_ENCODER = {
    "vocab_size": 256384, "d_model": TEXT, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}  # fmt: skip
IMAGE_ENCODER = {
    "hidden_size": CLIP, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 16,
    "image_size": 224, "patch_size": 14, "hidden_act": "gelu",
}  # fmt: skip
VAE = {"base_dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2}


def test_all_weights_take_47_gb_as_the_documentation_says() -> None:
    def parameters(name: str, config: dict[str, Any]) -> int:
        shapes = expected_shapes(SKYREELS_A2.components[name], config, "SkyReels-A2")
        shapes.pop("encoder.embed_tokens.weight", None)  # the same tensor as shared.weight
        return sum(math.prod(shape) for shape in shapes.values())

    text = parameters("text_encoder", TEXT_ENCODER)
    assert round(4 * text / 1e9, 1) == 22.7  # the published shards hold 4.97 + 4.90 + 4.97 + 5.00 + 2.89 GB
    low = parameters("transformer", PUBLISHED) + text
    full = parameters("image_encoder", IMAGE_ENCODER) + parameters("vae", VAE)
    assert round((2 * low + 4 * full) / 1e9) == 47
