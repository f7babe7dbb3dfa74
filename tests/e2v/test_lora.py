"""LoRAs on the tiny network: what comes out is what merging by hand gives, in every layout, or is refused by key."""

import json
import re
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from acceleration_differences import tiny_request
from safetensors.torch import save_file

from a2bench.adapters.skyreels_a2 import SkyReelsA2
from a2bench.base.counting import take_counts
from a2bench.e2v.acceleration import Acceleration, parse_acceleration
from a2bench.e2v.loading import load_pipeline
from a2bench.e2v.lora import match_lora, merge_lora
from a2bench.e2v.pipeline import Pipeline
from a2bench.e2v.request import Sampling
from a2bench.e2v.tensor_files import Shape
from a2bench.errors import InputError

RANK, ALPHA, SCALE = 4, 2.0, 0.7
ORIGINAL = {  # the original Wan code's names of layers of a block, and diffusers'
    "self_attn.q": "attn1.to_q",
    "self_attn.k": "attn1.to_k",
    "self_attn.v": "attn1.to_v",
    "self_attn.o": "attn1.to_out.0",
    "cross_attn.q": "attn2.to_q",
    "cross_attn.k": "attn2.to_k",
    "cross_attn.v": "attn2.to_v",
    "cross_attn.o": "attn2.to_out.0",
    "cross_attn.k_img": "attn2.add_k_proj",
    "cross_attn.v_img": "attn2.add_v_proj",
    "ffn.0": "ffn.net.0.proj",
    "ffn.2": "ffn.net.2",
}
LAYERS = {f"blocks.{n}.{old}": f"blocks.{n}.{new}" for n in range(2) for old, new in ORIGINAL.items()}
Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def weights(checkpoint: Path) -> Tensors:
    """Of the network without a LoRA."""
    return {name: tensor.clone() for name, tensor in network_of(load(checkpoint)).items()}


@pytest.fixture(scope="module")
def shapes(weights: Tensors) -> dict[str, Shape]:
    return {name: tuple(tensor.shape) for name, tensor in weights.items()}


def load(checkpoint: Path, **settings: Any) -> Pipeline:
    return load_pipeline(checkpoint, precision="float32", acceleration=Acceleration(**settings))


def network_of(pipeline: Pipeline) -> Tensors:
    found: Tensors = pipeline.transformer.state_dict()
    return found


def halves(shapes: dict[str, Shape], layer: str) -> tuple[torch.Tensor, torch.Tensor]:
    outputs, inputs = shapes[f"{layer}.weight"]
    generator = torch.Generator().manual_seed(sum(layer.encode()))
    return torch.randn(RANK, inputs, generator=generator) / 5, torch.randn(outputs, RANK, generator=generator) / 5


def lora_file(path: Path, shapes: dict[str, Shape], layout: str, **metadata: str) -> Path:
    tensors: Tensors = {}
    for old, new in LAYERS.items():
        down, up = halves(shapes, new)
        names = {
            "diffusers": (f"transformer.{new}.lora_A.weight", f"transformer.{new}.lora_B.weight", None),
            "Wan": (f"diffusion_model.{old}.lora_down.weight", f"diffusion_model.{old}.lora_up.weight", ".alpha"),
            "Wan without a prefix": (f"{old}.lora_A.default.weight", f"{old}.lora_B.default.weight", None),
            "kohya": (
                f"lora_unet_{old.replace('.', '_')}.lora_down.weight",
                f"lora_unet_{old.replace('.', '_')}.lora_up.weight",
                ".alpha",
            ),
        }[layout]
        tensors |= {names[0]: down, names[1]: up}
        if names[2]:
            tensors[re.sub(r"\.lora_down\.weight$", names[2], names[0])] = torch.tensor(ALPHA)
    save_file(tensors, path, metadata)
    return path


def merged_by_hand(weights: Tensors, factor: float) -> Tensors:
    merged = dict(weights)
    for layer in LAYERS.values():
        down, up = halves({f"{layer}.weight": tuple(weights[f"{layer}.weight"].shape)}, layer)
        merged[f"{layer}.weight"] = (weights[f"{layer}.weight"].double() + factor * up.double() @ down.double()).float()
    return merged


def largest(found: Tensors, expected: Tensors) -> float:
    assert found.keys() == expected.keys()
    return max(float((found[name] - expected[name]).abs().max()) for name in found)


@pytest.mark.parametrize(
    ("layout", "alpha", "metadata"),
    [
        ("diffusers", RANK, {}),
        ("diffusers", ALPHA, {"lora_adapter_metadata": json.dumps({"transformer.lora_alpha": ALPHA})}),
        ("Wan", ALPHA, {}),
        ("Wan without a prefix", RANK, {}),
        ("kohya", ALPHA, {}),
    ],
)
def test_the_weights_are_those_merged_by_hand(
    checkpoint: Path,
    weights: Tensors,
    shapes: dict[str, Shape],
    tmp_path: Path,
    layout: str,
    alpha: float,
    metadata: dict[str, str],
) -> None:
    path = lora_file(tmp_path / "lora.safetensors", shapes, layout, **metadata)
    found = network_of(load(checkpoint, lora=str(path), lora_scale=SCALE))
    expected = merged_by_hand(weights, SCALE * alpha / RANK)
    assert largest(weights, expected) > 0.1
    assert largest(found, expected) < 1e-6


def test_the_video_is_that_of_a_network_merged_by_hand_and_with_scale_0_the_exact_one(
    checkpoint: Path, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path
) -> None:
    path = str(lora_file(tmp_path / "lora.safetensors", shapes, "Wan"))
    request = replace(tiny_request(), sampling=Sampling(steps=4, guidance_scale=1, flow_shift=5))

    def latents(pipeline: Pipeline) -> torch.Tensor:
        return pipeline.denoise(pipeline.conditions(request), request.sampling)

    plain = load(checkpoint)
    exact = latents(plain)
    plain.transformer.load_state_dict(merged_by_hand(weights, SCALE * ALPHA / RANK))
    expected = latents(plain)
    take_counts()
    pipeline = load(checkpoint, lora=path, lora_scale=SCALE)
    assert take_counts()["load:lora"] == 1
    assert float((exact - expected).abs().max()) > 1e-2
    assert float((latents(pipeline) - expected).abs().max()) < 1e-5
    assert pipeline.tier(Sampling()) == "other sampler"
    nothing = load(checkpoint, lora=path, lora_scale=0)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in network_of(nothing).items())
    assert torch.equal(latents(nothing), exact)
    # What is left is a plain network: the settings that look for layers by name or type find them.
    assert {type(module).__module__.split(".")[0] for module in pipeline.transformer.modules()} <= {
        "diffusers",
        "torch",
    }
    fast = load(checkpoint, lora=path, lora_scale=SCALE, guidance="batched", cache="taylorseer", storage="fp8")
    assert torch.isfinite(latents(fast)).all()


def test_names_are_those_of_the_converter_in_diffusers(shapes: dict[str, Shape], tmp_path: Path) -> None:
    from diffusers import WanImageToVideoPipeline
    from safetensors.torch import load_file

    for layout in ("Wan", "kohya"):
        path = lora_file(tmp_path / "lora.safetensors", shapes, layout)
        theirs = WanImageToVideoPipeline.lora_state_dict(load_file(path))
        ours = {
            f"transformer.{layer}.lora_{half}.weight" for layer in match_lora(str(path), shapes).pairs for half in "AB"
        }
        assert theirs.keys() == ours
        product = (
            theirs["transformer.blocks.1.ffn.net.2.lora_B.weight"]
            @ theirs["transformer.blocks.1.ffn.net.2.lora_A.weight"]
        )
        down, up = halves(shapes, "blocks.1.ffn.net.2")
        torch.testing.assert_close(product, ALPHA / RANK * up @ down)


def test_whole_differences_that_distilled_loras_hold_are_added(
    pipeline: Pipeline, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path
) -> None:
    places = {
        "diffusion_model.blocks.0.self_attn.norm_q.diff": "blocks.0.attn1.norm_q.weight",
        "diffusion_model.blocks.1.norm3.diff_b": "blocks.1.norm2.bias",
        "diffusion_model.blocks.1.cross_attn.k_img.diff_b": "blocks.1.attn2.add_k_proj.bias",
        "diffusion_model.img_emb.proj.0.diff": "condition_embedder.image_embedder.norm1.weight",
        "diffusion_model.time_projection.1.diff_b": "condition_embedder.time_proj.bias",
        "diffusion_model.patch_embedding.diff": "patch_embedding.weight",
        "diffusion_model.head.head.diff": "proj_out.weight",
    }
    path = tmp_path / "lora.safetensors"
    save_file({key: torch.full(shapes[name], 0.5) for key, name in places.items()}, path)
    merge_lora(pipeline.transformer, match_lora(str(path), shapes), SCALE)
    for name, tensor in network_of(pipeline).items():
        torch.testing.assert_close(tensor, weights[name] + (0.5 * SCALE if name in places.values() else 0))


def test_the_bias_of_one_layer_is_scaled_as_its_weight(
    pipeline: Pipeline, weights: Tensors, shapes: dict[str, Shape], tmp_path: Path
) -> None:
    layers, path = ("blocks.0.ffn.net.2", "blocks.1.ffn.net.2"), tmp_path / "lora.safetensors"
    tensors: Tensors = {"transformer.blocks.1.ffn.net.2.lora_B.bias": torch.ones(24)}
    for layer, alpha in zip(layers, (RANK, ALPHA), strict=True):
        down, up = halves(shapes, layer)
        tensors |= {f"transformer.{layer}.lora_A.weight": down.half(), f"transformer.{layer}.lora_B.weight": up.half()}
        tensors[f"transformer.{layer}.alpha"] = torch.tensor(alpha)
    save_file(tensors, path)
    merge_lora(pipeline.transformer, match_lora(str(path), shapes), SCALE)
    found = network_of(pipeline)
    for layer, alpha in zip(layers, (RANK, ALPHA), strict=True):
        down, up = halves(shapes, layer)
        added = SCALE * alpha / RANK * up.half().float() @ down.half().float()
        torch.testing.assert_close(found[f"{layer}.weight"], weights[f"{layer}.weight"] + added)
    assert torch.equal(found["blocks.0.ffn.net.2.bias"], weights["blocks.0.ffn.net.2.bias"])
    torch.testing.assert_close(
        found["blocks.1.ffn.net.2.bias"], weights["blocks.1.ffn.net.2.bias"] + SCALE * ALPHA / RANK
    )


def test_the_file_and_the_scale_are_part_of_the_identity_and_its_place_is_not(
    checkpoint: Path, shapes: dict[str, Shape], tmp_path: Path
) -> None:
    path = lora_file(tmp_path / "lora.safetensors", shapes, "Wan")
    first = Acceleration(lora=str(path)).identity()
    assert first.keys() == {"lora"}
    path = path.rename(tmp_path / "moved.safetensors")
    assert Acceleration(lora=str(path)).identity() == first
    assert Acceleration(lora=str(path), lora_scale=0.5).identity() == {**first, "lora_scale": 0.5}
    lora_file(path, shapes, "Wan", other="metadata")
    assert Acceleration(lora=str(path)).identity() != first
    system = SkyReelsA2(weights=str(checkpoint), lora=str(path), lora_scale="0.5")
    assert system.acceleration.tier(system.sampling) == "other sampler"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"lora_te_layer.lora_down.weight": (4, 24)},
            "1 for a text encoder, which is not changed: lora_te_layer.lora_d",
        ),
        ({"text_encoder.layer.lora_A.weight": (4, 24)}, "1 for a text encoder, which is not changed: text_encoder.lay"),
        ({"diffusion_model.blocks.7.ffn.0.diff_b": (48,)}, "1 match no layer: diffusion_model.blocks.7.ffn.0.diff_b"),
        ({"vace_blocks.0.self_attn.q.diff_b": (24,)}, "1 match no layer: vace_blocks.0.self_attn.q.diff_b"),
        (
            {"transformer.transformer_blocks.0.attn1.to_q.diff_b": (24,)},
            "1 match no layer: transformer.transformer_blo",
        ),
        (
            {"blocks.0.self_attn.q.lora_down.weight": (4, 24)},
            "1 without its other half: blocks.0.self_attn.q.lora_down",
        ),
        ({"blocks.0.self_attn.q.alpha": ()}, "1 without its other half: blocks.0.self_attn.q.alpha"),
        ({"blocks.0.face_adapter.linear1_kv.lora_A.weight": (4, 24)}, "1 match no layer: blocks.0.face_adapter"),
        ({"patch_embedding.diff": (24, 48, 1, 2, 2)}, r"1 of another shape: patch_embedding.diff \[24, 48, 1, 2, 2\] "),
        ({"blocks.0.self_attn.q.diff": (24, 16)}, r"1 of another shape: blocks.0.self_attn.q.diff \[24, 16\] instead"),
        ({"blocks.0.diff_m": (1, 2, 24)}, r"1 of another shape: blocks.0.diff_m \[1, 2, 24\] instead of \[1, 6, 24\]"),
        (
            {"transformer.proj_out.lora_A.weight": (4, 24), "transformer.proj_out.lora_B.weight": (24, 4)},
            r"1 of another shape: transformer.proj_out.lora_B.weight \[24, 4\] instead of \[64, 4\]",
        ),
        (
            {"transformer.proj_out.lora_A.weight": (0, 24), "transformer.proj_out.lora_B.weight": (64, 0)},
            r"2 of another shape: transformer.proj_out.lora_A.weight \[0, 24\] instead",
        ),
        (
            {"transformer.proj_out.lora_B.bias": (64,), "diffusion_model.head.head.lora_B.bias": (64,)},
            "1 given twice: transformer.proj_out.lora_B.bias",
        ),
    ],
)
def test_keys_that_do_not_fit_are_refused_by_name(
    shapes: dict[str, Shape], tmp_path: Path, keys: dict[str, Shape], words: str
) -> None:
    path = tmp_path / "lora.safetensors"
    save_file({key: torch.zeros(shape) for key, shape in keys.items()}, path)
    with pytest.raises(InputError, match=words):
        match_lora(str(path), shapes)


def head_only(head: str) -> bytes:
    return struct.pack("<Q", len(head)) + head.encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file; give a LoRA of Wan2.1-I2V-14B as a .safetensors file"),
        (b"PK\x03\x04 a pickle of torch", "is cut off or no safetensors file"),
        (b"\xff" * 7 + b"\x7f{}", "is cut off or no safetensors file"),
        (head_only("[" * 100_000), "is no safetensors file"),
        (head_only('{"a": {"dtype": "F32", "shape": ["b"], "data_offsets": [0, 0]}}'), "is no safetensors file"),
        (head_only('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, "b"]}}'), "is no safetensors file"),
        (head_only('{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}'), "is cut off: "),
        (head_only('{"a": {"dtype": "I64", "shape": [0], "data_offsets": [0, 0]}}'), r"1 do not: a \(I64\)"),
        (head_only('{"__metadata__": {}}'), "holds no tensors"),
    ],
)
def test_a_file_that_is_none_is_refused_before_any_network_is_looked_for(
    checkpoint: Path, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "lora.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        SkyReelsA2(weights=str(checkpoint), lora=str(path))


def test_numbers_that_are_not_finite_and_other_kinds_of_lora_are_refused(
    pipeline: Pipeline, shapes: dict[str, Shape], tmp_path: Path
) -> None:
    path = tmp_path / "lora.safetensors"
    save_file({"head.head.diff_b": torch.full((64,), torch.nan)}, path)
    with pytest.raises(InputError, match="holds numbers that are not finite: 1 tensors: head.head.diff_b"):
        merge_lora(pipeline.transformer, match_lora(str(path), shapes), 1)
    for metadata, words in (
        ({"use_dora": True}, "says use_dora, which is not supported"),
        ({"peft_type": "LOHA"}, "says peft_type LOHA, which is not supported"),
        ({"lora_alpha": "much"}, "has metadata that cannot be read"),
        ([1], "has metadata that cannot be read"),
    ):
        lora_file(path, shapes, "diffusers", lora_adapter_metadata=json.dumps(metadata))
        with pytest.raises(InputError, match=words):
            match_lora(str(path), shapes)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"lora_scale": "0.5"}, "lora_scale=0.5 needs lora=FILE"),
        ({"lora": "a.safetensors", "lora_scale": "much"}, "lora_scale 'much' must be a number"),
        ({"lora": "a.safetensors", "lora_scale": "inf"}, "lora_scale must be a number, got inf"),
    ],
)
def test_a_scale_that_cannot_be_used_is_refused(given: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_acceleration(given)
