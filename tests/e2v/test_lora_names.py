"""LoRAs as they are in the wild: every naming comes to the same weights, every other kind of file is named."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from a2bench.adapters.skyreels_a2 import SkyReelsA2
from a2bench.e2v.acceleration import Acceleration
from a2bench.e2v.loading import load_pipeline
from a2bench.e2v.lora import match_lora, merge_lora
from a2bench.e2v.lora_names import Names, original_name, read_key
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.tensor_files import Shape, tensor_shapes
from a2bench.errors import InputError

Tensors = dict[str, torch.Tensor]
RANK, ALPHA, SCALE = 4, 2.0, 0.7


@pytest.fixture(scope="module")
def shapes(checkpoint: Path) -> dict[str, Shape]:
    return tensor_shapes(checkpoint / "transformer", "diffusion_pytorch_model")


@pytest.fixture(scope="module")
def weights(checkpoint: Path) -> Tensors:
    """Of the network without a LoRA."""
    files = sorted((checkpoint / "transformer").glob("*.safetensors"))
    return {name: tensor for path in files for name, tensor in load_file(path).items()}


def layers_of(shapes: dict[str, Shape]) -> dict[str, Shape]:
    """Every layer of the network with a matrix or a convolution, the input too."""
    return {
        name.removesuffix(".weight"): shape
        for name, shape in shapes.items()
        if name.endswith(".weight") and len(shape) > 1
    }


def halves(layer: str, shape: Shape, inputs: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(sum(layer.encode()))
    ones = [1 for _ in shape[2:]]
    down = torch.randn(RANK, inputs or shape[1], *shape[2:], generator=generator) / 5
    return down, torch.randn(shape[0], RANK, *ones, generator=generator) / 5


def flat(layer: str) -> str:
    return original(layer).replace(".", "_")


def original(layer: str) -> str:
    return original_name(f"{layer}.weight").removesuffix(".weight")


Naming = tuple[Callable[[str], str], str, str, str | None]
NAMINGS: dict[str, Naming] = {  # layer, endings of both halves, ending of alpha
    "diffusers": (lambda layer: f"transformer.{layer}", "lora_A.weight", "lora_B.weight", None),
    "diffusers, other endings": (lambda layer: f"transformer.{layer}", "lora.down.weight", "lora.up.weight", "alpha"),
    "peft": (lambda layer: f"base_model.model.{layer}", "lora_A.default.weight", "lora_B.default.weight", None),
    "peft of the original code": (
        lambda layer: f"base_model.model.{original(layer)}", "lora_A.weight", "lora_B.weight", None,
    ),
    "peft, named adapter": (lambda layer: f"base_model.model.{layer}", "lora_A.a-2.weight", "lora_B.a-2.weight", None),
    "ComfyUI": (lambda layer: f"diffusion_model.{original(layer)}", "lora_down.weight", "lora_up.weight", "alpha"),
    "ComfyUI, a checkpoint's": (
        lambda layer: f"model.diffusion_model.{original(layer)}", "lora_A.weight", "lora_B.weight", "alpha",
    ),
    "no prefix": (original, "lora_A.default.weight", "lora_B.default.weight", None),
    "no weight": (original, "lora_A", "lora_B", None),
    "DiffSynth": (lambda layer: f"pipe.dit.{original(layer)}", "lora_A.default.weight", "lora_B.default.weight", None),
    "kohya": (lambda layer: f"lora_unet_{flat(layer)}", "lora_down.weight", "lora_up.weight", "alpha"),
    "kohya, points left": (lambda layer: f"lora_unet_{original(layer)}", "lora_down.weight", "lora_up.weight", "alpha"),
    "VideoX-Fun": (lambda layer: f"lora_unet__{flat(layer)}", "lora_down.weight", "lora_up.weight", "alpha"),
    "OneTrainer": (
        lambda layer: f"lora_transformer_{layer.replace('.', '_')}", "lora_down.weight", "lora_up.weight", "alpha",
    ),
    "LyCORIS": (lambda layer: f"lycoris_{layer.replace('.', '_')}", "lora_down.weight", "lora_up.weight", "alpha"),
    "compiled": (
        lambda layer: "_orig_mod." + re.sub(r"(blocks\.[0-9])", r"\1._orig_mod", original(layer)),
        "lora_A.weight", "lora_B.weight", None,
    ),
    "DDP": (lambda layer: f"module.{layer}", "lora_linear_layer.down.weight", "lora_linear_layer.up.weight", None),
}  # fmt: skip


def lora_tensors(shapes: dict[str, Shape], naming: Naming) -> Tensors:
    name, first, second, alpha = naming
    tensors: Tensors = {}
    for layer, shape in layers_of(shapes).items():
        down, up = halves(layer, shape)
        tensors |= {f"{name(layer)}.{first}": down, f"{name(layer)}.{second}": up}
        if alpha:
            tensors[f"{name(layer)}.{alpha}"] = torch.tensor(ALPHA)
    return tensors


def merged_by_hand(weights: Tensors, shapes: dict[str, Shape], factor: float) -> Tensors:
    merged = dict(weights)
    for layer, shape in layers_of(shapes).items():
        down, up = halves(layer, shape)
        product = up.double().flatten(1) @ down.double().flatten(1)
        merged[f"{layer}.weight"] = (weights[f"{layer}.weight"].double() + factor * product.reshape(shape)).float()
    return merged


def largest(found: Tensors, expected: Tensors) -> float:
    assert found.keys() == expected.keys()
    return max(float((found[name] - expected[name]).abs().max()) for name in found)


def test_the_original_names_are_those_of_diffusers_own_converter(shapes: dict[str, Shape]) -> None:
    from diffusers.loaders.single_file_utils import convert_wan_transformer_to_diffusers

    for name in shapes:
        assert list(convert_wan_transformer_to_diffusers({original_name(name): torch.zeros(1)})) == [name]
    assert {name for name in shapes if original_name(name) == name} == {
        f"patch_embedding.{of}" for of in ("bias", "weight")
    }


def test_no_two_tensors_share_a_name_at_full_size() -> None:
    from test_full_size import implied_by_the_published_config

    network = implied_by_the_published_config()
    names = Names(network)
    for name in network:
        for alias in (name, original_name(name), original_name(name).replace(".", "_")):
            ending = alias.removesuffix(".weight").removesuffix("_weight")
            key = read_key(f"{ending}.diff" if ending != alias or "modulation" in alias or "table" in alias else alias)
            if key:
                assert names.tensor(key) == name


@pytest.mark.parametrize("naming", NAMINGS)
def test_every_naming_finds_every_layer_of_the_network(shapes: dict[str, Shape], tmp_path: Path, naming: str) -> None:
    path = tmp_path / "lora.safetensors"
    tensors = lora_tensors(shapes, NAMINGS[naming])
    save_file(tensors, path)
    lora = match_lora(str(path), shapes)
    assert lora.pairs.keys() == layers_of(shapes).keys()
    assert lora.left_out == ()
    used = {key for pair in lora.pairs.values() for key in (pair.down, pair.up, pair.alpha) if isinstance(key, str)}
    assert used == tensors.keys()


@pytest.mark.parametrize("naming", ["peft of the original code", "VideoX-Fun", "ComfyUI, a checkpoint's"])
def test_the_weights_are_those_merged_by_hand(
    pipeline: Pipeline, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path, naming: str
) -> None:
    path = tmp_path / "lora.safetensors"
    save_file(lora_tensors(shapes, NAMINGS[naming]), path)
    merge_lora(pipeline.transformer, match_lora(str(path), shapes), SCALE)
    expected = merged_by_hand(weights, shapes, SCALE * (ALPHA if NAMINGS[naming][3] else RANK) / RANK)
    assert largest(weights, expected) > 0.1
    assert largest(pipeline.transformer.state_dict(), expected) < 1e-6


@pytest.mark.parametrize("naming", ["ComfyUI", "kohya"])
def test_where_diffusers_loads_a_file_too_the_weights_are_equal(
    checkpoint: Path, pipeline: Pipeline, shapes: dict[str, Shape], tmp_path: Path, naming: str
) -> None:
    from diffusers import WanImageToVideoPipeline, WanTransformer3DModel

    tensors = {key: tensor for key, tensor in lora_tensors(shapes, NAMINGS[naming]).items() if "blocks" in key}
    path = tmp_path / "lora.safetensors"
    save_file(tensors, path)
    theirs = WanTransformer3DModel.from_pretrained(checkpoint / "transformer")
    converted = WanImageToVideoPipeline.lora_state_dict(dict(tensors))
    WanImageToVideoPipeline.load_lora_into_transformer(converted, theirs, adapter_name="a")
    theirs.fuse_lora(lora_scale=SCALE)
    theirs.unload_lora()
    merge_lora(pipeline.transformer, match_lora(str(path), shapes), SCALE)
    assert largest(pipeline.transformer.state_dict(), theirs.state_dict()) < 1e-6


def test_a_distilled_file_loads_whole_with_its_modulation_and_its_input_of_a_text_to_video_network(
    pipeline: Pipeline, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path
) -> None:
    def noise(key: str, shape: Shape) -> torch.Tensor:
        return torch.randn(shape, generator=torch.Generator().manual_seed(sum(key.encode())))

    written = {
        "diffusion_model.blocks.0.diff_m": ("blocks.0.scale_shift_table", (1, 6, 24)),
        "diffusion_model.blocks.1.modulation.diff": ("blocks.1.scale_shift_table", (6, 24)),
        "diffusion_model.head.diff_m": ("scale_shift_table", (1, 2, 24)),
        "diffusion_model.head.head.diff": ("proj_out.weight", (64, 24)),
        "diffusion_model.head.head.diff_b": ("proj_out.bias", (64,)),
        "diffusion_model.patch_embedding.diff": ("patch_embedding.weight", (24, 16, 1, 2, 2)),
        "diffusion_model.patch_embedding.diff_b": ("patch_embedding.bias", (24,)),
        "lora_unet_blocks_1_cross_attn_norm_k_img.diff": ("blocks.1.attn2.norm_added_k.weight", (24,)),
        "lora_unet_time_projection_1.diff_b": ("condition_embedder.time_proj.bias", (144,)),
        "lycoris_blocks_0_norm2.w_norm": ("blocks.0.norm2.weight", (24,)),
        "lycoris_blocks_0_norm2.b_norm": ("blocks.0.norm2.bias", (24,)),
    }
    tensors = {key: noise(key, shape) for key, (_, shape) in written.items()}
    path = tmp_path / "lora.safetensors"
    save_file(tensors, path)
    lora = match_lora(str(path), shapes)
    assert set(lora.differences.values()) == written.keys()
    merge_lora(pipeline.transformer, lora, SCALE)
    found = pipeline.transformer.state_dict()
    changed = {name: key for key, (name, _) in written.items()}
    for name, weight in weights.items():
        if name not in changed:
            assert torch.equal(found[name], weight)
            continue
        added = tensors[changed[name]]
        if name == "patch_embedding.weight":  # the first 16 channels are the noise, as in the other network
            torch.testing.assert_close(found[name][:, :16], weight[:, :16] + SCALE * added)
            assert torch.equal(found[name][:, 16:], weight[:, 16:])
        else:
            torch.testing.assert_close(found[name], weight + SCALE * added.reshape(weight.shape))


@pytest.mark.parametrize("inputs", [16, 36])
def test_a_pair_for_the_input_is_a_convolution_and_16_channels_are_the_first(
    pipeline: Pipeline, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path, inputs: int
) -> None:
    name, path = "patch_embedding.weight", tmp_path / "lora.safetensors"
    down, up = halves("patch_embedding", shapes[name], inputs)
    save_file(
        {"lora_unet_patch_embedding.lora_down.weight": down, "lora_unet_patch_embedding.lora_up.weight": up}, path
    )
    merge_lora(pipeline.transformer, match_lora(str(path), shapes), SCALE)
    added = (up.flatten(1) @ down.flatten(1)).reshape(24, inputs, 1, 2, 2)
    found = pipeline.transformer.state_dict()[name]
    torch.testing.assert_close(found[:, :inputs], weights[name][:, :inputs] + SCALE * added)
    assert torch.equal(found[:, inputs:], weights[name][:, inputs:])


def test_a_rank_beyond_the_smaller_side_and_8_bits_load_too(
    pipeline: Pipeline, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path
) -> None:
    # VideoX-Fun writes rank 128 for the head, which has 64 outputs.
    path = tmp_path / "lora.safetensors"
    down, up = torch.randn(90, 24).to(torch.float8_e4m3fn), torch.randn(64, 90).to(torch.float8_e5m2)
    save_file({"lora_unet__head_head.lora_down.weight": down, "lora_unet__head_head.lora_up.weight": up}, path)
    merge_lora(pipeline.transformer, match_lora(str(path), shapes), SCALE)
    expected = weights["proj_out.weight"] + SCALE * up.float() @ down.float()
    torch.testing.assert_close(pipeline.transformer.proj_out.weight.data, expected)


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        ("hada_w1_a", "LoHa"),
        ("lokr_w1", "LoKr"),
        ("lokr_w2_b", "LoKr"),
        ("dora_scale", "DoRA"),
        ("lora_magnitude_vector.default.weight", "DoRA"),
        ("oft_blocks", "OFT"),
        ("boft_R.default", "BOFT"),
        ("on_input", r"(IA)^3"),
        ("ia3_l.default", r"(IA)^3"),
        ("a1.weight", "GLoRA"),
        ("lora_mid.weight", "LoCon with a Tucker core (lora_mid)"),
        ("vera_lambda_b", "VeRA"),
        ("lora_E", "AdaLoRA"),
        ("reshape_weight", "control LoRA that replaces or reshapes weights"),
    ],
)
@pytest.mark.parametrize("layer", ["lora_unet_blocks_0_ffn_0", "base_model.model.blocks.0.ffn.0"])
def test_other_kinds_of_adapters_are_named_as_what_they_are(
    checkpoint: Path, shapes: dict[str, Shape], tmp_path: Path, layer: str, ending: str, name: str
) -> None:
    path, key = tmp_path / "adapter.safetensors", f"{layer}.{ending}"
    value = torch.ones(
        1, dtype=torch.bool if ending == "on_input" else torch.int64 if "reshape" in ending else torch.float
    )
    save_file({key: value, f"{layer}.lora_A.weight": torch.ones(4, 24), f"{layer}.alpha": torch.tensor(1.0)}, path)
    with pytest.raises(InputError, match=re.escape(f"{path} is a {name} by its key {key}, which is not supported; ")):
        SkyReelsA2(weights=str(checkpoint), lora=str(path))


def test_a_network_in_place_of_a_lora_is_named(weights: Tensors, shapes: dict[str, Shape], tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    save_file(weights, path)
    with pytest.raises(InputError, match=r"holds whole weights such as blocks\..*: it is a network and no LoRA"):
        match_lora(str(path), shapes)


def test_what_fits_nothing_is_left_out_only_when_asked_for_and_recorded(
    checkpoint: Path, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path
) -> None:
    path = tmp_path / "lora.safetensors"
    good = {"blocks.0.ffn.0.lora_A.weight": torch.ones(4, 24), "blocks.0.ffn.0.lora_B.weight": torch.ones(48, 4)}
    bad = {
        "lora_te_encoder_block_0.lora_down.weight": torch.ones(4, 24),
        "vace_blocks.0.self_attn.q.diff_b": torch.full((24,), torch.nan),
        "blocks.1.ffn.0.lora_A.weight": torch.ones(4, 24),
        "blocks.1.ffn.2.lora_A.weight": torch.ones(4, 7),
        "blocks.1.ffn.2.lora_B.weight": torch.ones(24, 4),
    }
    save_file(good | bad, path)
    with pytest.raises(InputError) as told:
        SkyReelsA2(weights=str(checkpoint), lora=str(path))
    assert str(told.value) == (
        f"the keys of the LoRA {path} do not fit the network: 1 match no layer: vace_blocks.0.self_attn.q.diff_b; "
        "1 for a text encoder, which is not changed: lora_te_encoder_block_0.lora_down.weight; 1 of another shape: "
        "blocks.1.ffn.2.lora_A.weight [4, 7] instead of [4, 48]; 1 without its other half: "
        "blocks.1.ffn.0.lora_A.weight; lora_strict=false takes the rest and records what was left out"
    )
    system = SkyReelsA2(weights=str(checkpoint), lora=str(path), lora_strict="false")
    case: Any = None
    assert system.identity(case)["acceleration"]["lora_left_out"] == sorted(bad)
    assert system.identity(case)["acceleration"]["lora_strict"] is False
    found = load_pipeline(
        checkpoint, precision="float32", acceleration=Acceleration(lora=str(path), lora_strict=False)
    ).transformer.state_dict()
    name = "blocks.0.ffn.net.0.proj.weight"
    torch.testing.assert_close(found[name], weights[name] + 4)
    assert all(torch.equal(found[other], weight) for other, weight in weights.items() if other != name)
    save_file(bad, path)
    with pytest.raises(InputError, match="do not fit the network: 1 match no layer: [^;]*; 1 for a text encoder"):
        SkyReelsA2(weights=str(checkpoint), lora=str(path), lora_strict="false")
    with pytest.raises(InputError, match="lora_strict=false needs lora=FILE"):
        SkyReelsA2(weights=str(checkpoint), lora_strict="false")


@pytest.mark.parametrize(("stabilised", "factor"), [(False, 8 / 4), (True, 8 / 2)])
def test_the_settings_that_peft_writes_beside_a_file_are_its_scale_and_its_identity(
    pipeline: Pipeline, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path, stabilised: bool, factor: float
) -> None:
    path = tmp_path / "adapter_model.safetensors"
    name = "base_model.model.blocks.0.attn1.to_q"
    save_file({f"{name}.lora_A.weight": torch.ones(4, 24), f"{name}.lora_B.weight": torch.ones(24, 4)}, path)
    alone = Acceleration(lora=str(path)).identity()
    (tmp_path / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "r": 4, "lora_alpha": 8, "use_rslora": stabilised})
    )
    assert Acceleration(lora=str(path)).identity().keys() - alone.keys() == {"lora_config"}
    merge_lora(pipeline.transformer, match_lora(str(path), shapes), SCALE)
    weight = "blocks.0.attn1.to_q.weight"
    torch.testing.assert_close(pipeline.transformer.state_dict()[weight], weights[weight] + 4 * factor * SCALE)
