"""Weights in the layouts that other people have: each is named with what converts it, before anything large is read."""

import contextlib
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from published_checkpoint import edit_json, read_tensors, write_json, write_shards
from safetensors.torch import load_file, save_file

from a2bench.base.counting import take_counts
from a2bench.e2v.checkpoint import SKYREELS_A2
from a2bench.e2v.components import check_component, load_component
from a2bench.e2v.lora_names import original_name
from a2bench.e2v.source import find_weights
from a2bench.errors import WeightsError

Tensors = dict[str, torch.Tensor]


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def refusal(folder: Path) -> str:
    """What is said of a folder or file; nothing was loaded until then."""
    take_counts()
    with pytest.raises(WeightsError) as told:
        find_weights(str(folder))
    assert take_counts() == {}
    assert "\n" not in str(told.value)
    return str(told.value)


def in_original_names(tensors: Tensors, prefix: str = "") -> Tensors:
    return {prefix + original_name(name): tensor for name, tensor in tensors.items()}


def replaced(place: Path, tensors: Tensors, stem: str = "diffusion_pytorch_model") -> None:
    for path in place.glob("*.safetensors*"):
        path.unlink()
    save_file(tensors, place / f"{stem}.safetensors", metadata={"format": "pt"})


def run_line(message: str, cwd: Path) -> None:
    """What a shell would run of the line that a message gives, in this process: it has the libraries loaded."""
    line = next(part for part in re.findall(r"`([^`]+)`", message) if part.startswith("python -c"))
    command, option, code = shlex.split(line)
    assert (command, option) == ("python", "-c")
    with contextlib.chdir(cwd):
        exec(code, {})


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * 64)
    return folder


WHOLE_FOLDERS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "original": (
        lambda folder: (
            touch(folder, "models_t5_umt5-xxl-enc-bf16.pth", "Wan2.1_VAE.pth", "google/umt5-xxl/spiece.model",
                  "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth"),
            write_json(folder / "config.json", {"_class_name": "WanModel", "model_type": "i2v"}),
        ),
        "is Wan's original layout (WanModel, Wan2.1_VAE.pth, models_t5_umt5-xxl-enc-bf16.pth)",
        "scripts/convert_wan_to_diffusers.py --model_type",
    ),
    "original, network alone": (
        lambda folder: (
            write_json(folder / "config.json", {"_class_name": "WanModel"}),
            touch(folder, "diffusion_pytorch_model-00001-of-00007.safetensors"),
        ),
        "is Wan's original layout",
        "convert_wan_transformer_to_diffusers",
    ),
    "ComfyUI": (
        lambda folder: touch(folder, "split_files/diffusion_models/wan2.1_i2v_480p_14B_fp16.safetensors"),
        "is the folders of ComfyUI",
        "convert_wan_transformer_to_diffusers",
    ),
    "GGUF": (
        lambda folder: touch(folder, "wan2.1-i2v-14b-480p-Q4_K_M.gguf", "README.md"),
        "is a folder with GGUF, quantised for llama.cpp and ComfyUI (wan2.1-i2v-14b-480p-Q4_K_M.gguf)",
        "get the safetensors that it was made from",
    ),
    "ONNX": (lambda folder: touch(folder, "model.onnx"), "is a folder with ONNX (model.onnx)", "as safetensors"),
}  # fmt: skip


@pytest.mark.parametrize("layout", WHOLE_FOLDERS)
def test_a_whole_folder_of_others_is_named_with_what_converts_it(tmp_path: Path, layout: str) -> None:
    write, name, cure = WHOLE_FOLDERS[layout]
    write(tmp_path)
    told = refusal(tmp_path)
    assert told.startswith(f"{tmp_path} {name}")
    assert ", not the layout in which SkyReels-A2 is published: " in told
    assert cure in told


def test_a_folder_one_too_high_or_one_too_deep_names_the_right_one(copy: Path, tmp_path: Path) -> None:
    assert f"{tmp_path} is the folder above a checkpoint, " in refusal(tmp_path)
    assert refusal(tmp_path).endswith(f"name --weights {copy}")
    cache = tmp_path / "hub/models--Skywork--SkyReels-A2"
    (cache / "snapshots").mkdir(parents=True)
    shutil.move(copy, cache / "snapshots/0123abc")
    assert refusal(cache).endswith(f"name --weights {cache / 'snapshots/0123abc'}")
    deep = cache / "snapshots/0123abc/transformer"
    write_json(deep.parent / "model_index.json", {})
    assert refusal(deep).endswith(f"name the one above, --weights {deep.parent}")


def test_a_network_in_the_original_names_is_named_and_its_line_converts_it(copy: Path) -> None:
    place = copy / "transformer"
    before = read_tensors(place)
    for prefix in ("", "model.diffusion_model."):
        write_shards(place, "diffusion_pytorch_model", [in_original_names(before, prefix)])
        told = refusal(copy)
        assert f"the tensors in {place} are in Wan's original naming" in told
        assert ("a single file of ComfyUI" in told) == bool(prefix)
        assert "convert_wan_transformer_to_diffusers" in told
    run_line(told, copy)
    shutil.rmtree(place)
    (copy / "OUT").rename(place)
    after = load_component(copy, SKYREELS_A2.components["transformer"], torch.float32).state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in after.items())


@pytest.mark.parametrize(("ending", "prefix"), [("scale_weight", ""), ("weight_scale", "model.diffusion_model.")])
def test_fp8_with_scales_is_named_and_its_lines_undo_it(copy: Path, ending: str, prefix: str) -> None:
    place = copy / "transformer"
    before = read_tensors(place)
    scaled: Tensors = {"scaled_fp8": torch.zeros(2).to(torch.float8_e4m3fn)}
    for name, tensor in in_original_names(before, prefix).items():
        if name.endswith("attn.q.weight"):
            scale = tensor.abs().max() / 448
            scaled[name] = (tensor / scale).to(torch.float8_e4m3fn)
            scaled[name.removesuffix("weight") + ending] = scale
        else:
            scaled[name] = tensor
    replaced(place, scaled)
    told = refusal(copy)
    assert "are in fp8 with scales (fp8_scaled, as ComfyUI has it), in Wan's original naming" in told
    run_line(told, copy)
    replaced(place, load_file(copy / "OUT.safetensors"))
    run_line(refusal(copy), copy)
    shutil.rmtree(place)
    (copy / "OUT").rename(place)
    part = SKYREELS_A2.components["transformer"]
    check_component(copy, part, "SkyReels-A2")
    for name, tensor in load_component(copy, part, torch.float32).state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0.07, atol=0.01)


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ("blocks.0.attn1.to_q.weight.absmax", "bitsandbytes"),
        ("blocks.0.attn1.to_q.SCB", "bitsandbytes"),
        ("blocks.0.attn1.to_q.weight.quant_state.bitsandbytes__nf4", "bitsandbytes"),
        ("blocks.0.attn1.to_q.qweight", "GPTQ or AWQ"),
        ("blocks.0.attn1.to_q.wscales", "SVDQuant (Nunchaku)"),
        ("blocks.0.attn1.to_q.weight_scale_inv", "blocks with scales"),
        ("blocks.0.attn1.to_q.weight:_data", "torchao"),
    ],
)
def test_other_ways_to_fewer_bits_are_named(copy: Path, extra: str, name: str) -> None:
    replaced(copy / "transformer", read_tensors(copy / "transformer") | {extra: torch.zeros(1)})
    told = refusal(copy)
    assert f"{copy / 'transformer'} are in fewer bits by" in told
    assert name in told


def test_a_configuration_that_says_quantised_is_believed(copy: Path) -> None:
    edit_json(
        copy / "transformer/config.json", quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True}
    )
    assert f"the network in {copy / 'transformer'} is quantised by bitsandbytes; get the weights whole" in refusal(copy)


@pytest.mark.parametrize(
    ("component", "extra", "name"),
    [
        ("vae", "decoder.upsamples.0.residual.0.gamma", "Wan's original naming (Wan2.1_VAE)"),
        ("text_encoder", "token_embedding.weight", "Wan's original naming (models_t5_umt5-xxl-enc)"),
        ("image_encoder", "visual.transformer.resblocks.0.ln_1.weight", "OpenCLIP's naming"),
        ("transformer", "blocks.0.self_attn.q.lora_A.weight", "Wan's original naming"),
        ("transformer", "transformer.blocks.0.attn1.to_q.lora_A.weight", "the layout of a LoRA"),
    ],
)
def test_the_naming_of_each_component_is_told(copy: Path, component: str, extra: str, name: str) -> None:
    stem = SKYREELS_A2.components[component].stem
    assert stem is not None
    replaced(copy / component, {extra: torch.zeros(1)}, stem)
    assert f"the tensors in {copy / component} are in {name}" in refusal(copy)


@pytest.mark.parametrize("component", ["vae", "text_encoder"])
@pytest.mark.parametrize("sharded", [False, True])
def test_a_variant_is_named_and_its_line_writes_the_plain_one(copy: Path, component: str, sharded: bool) -> None:
    place, part = copy / component, SKYREELS_A2.components[component]
    assert part.stem is not None
    before = read_tensors(place)
    for path in place.glob("*.safetensors*"):
        path.unlink()
    half = {name: tensor.half() for name, tensor in before.items()}
    if sharded:
        name = f"{part.stem}.fp16-00001-of-00001.safetensors"
        save_file(half, place / name, metadata={"format": "pt"})
        index = {"metadata": {"total_size": 1}, "weight_map": dict.fromkeys(half, name)}
        write_json(place / f"{part.stem}.safetensors.index.fp16.json", index)
    else:
        save_file(half, place / f"{part.stem}.fp16.safetensors", metadata={"format": "pt"})
    told = refusal(copy)
    assert f"the weights in {place} are those of variant=fp16 (" in told
    run_line(told, copy)
    check_component(copy, part, "SkyReels-A2")


def test_pickles_are_named_and_their_line_writes_safetensors(copy: Path) -> None:
    place, part = copy / "vae", SKYREELS_A2.components["vae"]
    tensors = read_tensors(place)
    (place / "diffusion_pytorch_model.safetensors").unlink()
    torch.save(tensors, place / "diffusion_pytorch_model.bin")
    told = refusal(copy)
    assert f"the weights in {place} are pickles of PyTorch (diffusion_pytorch_model.bin): " in told
    run_line(told, copy)
    after = load_component(copy, part, torch.float32).state_dict()
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in after.items())


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"], "pickles of PyTorch (pytorch_model-"),
        (["wan-Q8_0.gguf"], "GGUF, quantised for llama.cpp and ComfyUI (wan-Q8_0.gguf), expected diffusion_"),
        (["Wan2.1_VAE.pth"], "a pickle of PyTorch, as in Wan's original layout (Wan2.1_VAE.pth)"),
        (["diffusion_pytorch_model-00001-of-00003.safetensors"], "shards without their diffusion_pytorch_model.safe"),
        (["diffusion_flax_model.msgpack"], "weights of Flax (diffusion_flax_model.msgpack)"),
        (["openvino_model.xml", "openvino_model.onnx"], "ONNX (openvino_model.onnx)"),
    ],
)  # fmt: skip
def test_files_that_are_never_loaded_are_named(copy: Path, names: list[str], words: str) -> None:
    for path in (copy / "transformer").glob("*.safetensors*"):
        path.unlink()
    touch(copy / "transformer", *names)
    assert f"the weights in {copy / 'transformer'} are {words}" in refusal(copy)


def test_a_single_file_in_place_of_a_folder_is_named(copy: Path, tmp_path: Path) -> None:
    tensors = read_tensors(copy / "transformer")
    file = tmp_path / "Wan2_1-SkyReels-A2_bf16.safetensors"
    save_file(in_original_names(tensors, "model.diffusion_model."), file)
    told = refusal(file)
    assert f"{file} is a single file in Wan's original naming below model.diffusion_model. (a single file of" in told
    assert told.endswith("the published folder comes by `a2bench weights fetch skyreels-a2`")
    save_file(tensors, file)
    assert f"{file} is a single safetensors file, and SkyReels-A2 is loaded from a folder: " in refusal(file)
    gguf = tmp_path / "SkyReels-A2-Q4_0.gguf"
    gguf.write_bytes(b"GGUF" + bytes(60))
    assert f"{gguf} is GGUF, quantised for llama.cpp" in refusal(gguf)
    text = tmp_path / "weights.txt"
    text.touch()
    assert "is no file of weights" in refusal(text)
    folder = tmp_path / "one"
    folder.mkdir()
    shutil.move(file, folder)
    assert f"{folder} is a folder with a single safetensors file ({file.name})" in refusal(folder)


def test_a_pointer_of_git_lfs_says_what_to_type(copy: Path) -> None:
    path = copy / "vae/diffusion_pytorch_model.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    assert refusal(copy).endswith("it is a pointer of Git LFS, type `git lfs pull` in its repository")


def test_a_folder_without_anything_known_says_what_is_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"weights are incomplete: no such file {tmp_path / 'transformer/config.json'}"
