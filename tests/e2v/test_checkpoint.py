import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from a2bench.base.counting import take_counts
from a2bench.e2v.checkpoint import SKYREELS_A2, check_folder, fingerprint
from a2bench.e2v.components import check_component
from a2bench.e2v.loading import load_pipeline, load_prompt_reader
from a2bench.e2v.source import find_weights
from a2bench.e2v.tensor_files import tensor_shapes
from a2bench.errors import WeightsError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint to damage."""
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def edit_json(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_tensors(path: Path, drop: str | None = None, add: dict[str, torch.Tensor] | None = None) -> None:
    tensors = {name: tensor for name, tensor in load_file(path).items() if name != drop}
    save_file(tensors | (add or {}), path, metadata={"format": "pt"})


def test_a_checkpoint_in_the_published_layout_loads_whole_from_its_shards(checkpoint: Path) -> None:
    assert json.loads((checkpoint / "transformer/config.json").read_text())["_class_name"] == "A2Model"
    assert len(list((checkpoint / "transformer").glob("*.safetensors"))) == 3
    take_counts()
    pipeline = load_pipeline(checkpoint)
    assert take_counts() == {
        "load:AutoencoderKLWan": 1,
        "load:CLIPVisionModel": 1,
        "load:UMT5EncoderModel": 1,
        "load:WanTransformer3DModel": 1,
    }
    assert pipeline.transformer.dtype == pipeline.semantic.text_encoder.dtype == torch.bfloat16
    assert pipeline.spatial.vae.dtype == pipeline.semantic.image_encoder.dtype == torch.float32
    # float32 islands inside the network
    assert pipeline.transformer.scale_shift_table.dtype == torch.float32
    assert pipeline.transformer.condition_embedder.time_embedder.linear_1.weight.dtype == torch.float32
    assert not any(parameter.requires_grad for parameter in pipeline.transformer.parameters())


def test_weights_are_the_ones_of_the_files(checkpoint: Path) -> None:
    pipeline = load_pipeline(checkpoint, precision="float32")
    stored: dict[str, torch.Tensor] = {}
    for path in (checkpoint / "transformer").glob("*.safetensors"):
        stored |= load_file(path)
    assert stored.keys() == pipeline.transformer.state_dict().keys()
    assert all(torch.equal(stored[name], tensor) for name, tensor in pipeline.transformer.state_dict().items())


def test_files_of_older_libraries_load_too(copy: Path) -> None:
    path = copy / "image_encoder/model.safetensors"
    old = {f"vision_model.{name}": tensor for name, tensor in load_file(path).items()}
    old["vision_model.embeddings.position_ids"] = torch.arange(17)[None]
    old["visual_projection.weight"] = torch.zeros(32, 32)
    save_file(old, path, metadata={"format": "pt"})
    edit_json(
        copy / "image_encoder/config.json", torch_dtype="float32", architectures=["CLIPVisionModelWithProjection"]
    )
    edit_json(copy / "text_encoder/config.json", torch_dtype="bfloat16", tokenizer_class="T5Tokenizer")
    pipeline = load_pipeline(copy, precision="float32")
    found = pipeline.semantic.image_encoder.state_dict()
    assert torch.equal(
        next(tensor for name, tensor in found.items() if name.endswith("class_embedding")),
        old["vision_model.embeddings.class_embedding"],
    )


@pytest.mark.parametrize("name", ["vae", "image_encoder"])
def test_missing_extra_and_misshapen_tensors_are_named(copy: Path, name: str) -> None:
    path = next((copy / name).glob("*.safetensors"))
    shapes = tensor_shapes(copy / name, path.stem)
    lost, bent = sorted(shapes)[0], sorted(shapes)[-1]
    edit_tensors(path, drop=lost, add={bent: torch.zeros(7), "stranger.weight": torch.zeros(1)})
    with pytest.raises(WeightsError) as told:
        load_pipeline(copy)
    for words in (
        f"1 missing: {lost}",
        "1 not expected: stranger.weight",
        f"1 of another shape: {bent} [7] instead of {list(shapes[bent])}",
    ):
        assert words in str(told.value)


def test_a_shard_without_a_tensor_is_found_before_loading(copy: Path) -> None:
    take_counts()
    shard = sorted((copy / "transformer").glob("*.safetensors"))[1]
    lost = sorted(load_file(shard))[0]
    edit_tensors(shard, drop=lost)
    with pytest.raises(WeightsError, match=f"names tensors that no shard holds: {re.escape(lost)}"):
        load_pipeline(copy)
    assert take_counts() == {}


def test_a_network_of_another_size_is_refused_by_its_tensors(copy: Path) -> None:
    edit_json(copy / "transformer/config.json", num_layers=3)
    with pytest.raises(WeightsError, match=r"implies: 32 missing: blocks\.2\..* and 27 more"):
        check_component(copy, SKYREELS_A2.components["transformer"], "SkyReels-A2")


def test_the_check_reads_only_the_heads(checkpoint: Path) -> None:
    take_counts()
    check_folder(checkpoint)
    for name in ("transformer", "vae", "text_encoder", "image_encoder"):
        check_component(checkpoint, SKYREELS_A2.components[name], "SkyReels-A2")
    assert take_counts() == {}


@pytest.mark.parametrize(
    ("file", "changes", "words"),
    [
        ("transformer/config.json", {"_class_name": "WanVACETransformer3DModel"}, "expected A2Model or Wan"),
        ("transformer/config.json", {"in_channels": 16}, "(16 noise, 4 mask, 16 latent) is 16, expected 36"),
        ("transformer/config.json", {"text_dim": 64}, "text_dim is 64, expected 32"),
        ("transformer/config.json", {"image_dim": None}, "image_dim is None, expected 32"),
        ("vae/config.json", {"z_dim": 48}, "z_dim is 48, expected 16"),
        ("text_encoder/config.json", {"architectures": ["T5Model"]}, "the class 'T5Model', expected UMT5EncoderModel"),
    ],
)  # fmt: skip
def test_another_model_is_refused(copy: Path, file: str, changes: dict[str, object], words: str) -> None:
    edit_json(copy / file, **changes)
    with pytest.raises(WeightsError, match=re.escape(words)):
        check_folder(copy)


def test_missing_cut_and_foreign_files_are_named(copy: Path) -> None:
    shard = sorted((copy / "text_encoder").glob("*.safetensors"))[0]
    whole = shard.read_bytes()
    for content, words in (
        (whole[:-1], f"{shard.name} is cut off: {len(whole) - 1} bytes, {len(whole)} by its head"),
        (whole[:100], f"{shard.name} is cut off or no safetensors file (100 bytes)"),
        (b"", f"{shard.name} is cut off or no safetensors file (0 bytes)"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is cut off or no safetensors file"),
        ((2).to_bytes(8, "little") + b"[]", f"{shard.name} is no safetensors file"),
    ):
        shard.write_bytes(content)
        with pytest.raises(WeightsError, match=re.escape(words)):
            check_folder(copy)
    shard.unlink()
    with pytest.raises(WeightsError, match=f"no such file .*{shard.name}"):
        check_folder(copy)
    (copy / "text_encoder/model.safetensors.index.json").write_text("{}")
    with pytest.raises(WeightsError, match="has no weight_map of file names"):
        check_folder(copy)
    (copy / "vae/config.json").write_text("{")
    with pytest.raises(WeightsError, match=r"vae/config.json cannot be read as JSON"):
        check_folder(copy)
    shutil.rmtree(copy / "tokenizer")
    (copy / "transformer/config.json").unlink()
    with pytest.raises(WeightsError, match=r"no such file .*transformer/config.json"):
        check_folder(copy)


def test_a_damaged_tokenizer_is_named(copy: Path) -> None:
    (copy / "tokenizer/tokenizer.json").write_text("{}")
    with pytest.raises(WeightsError, match="the tokenizer in .* cannot be loaded"):
        load_prompt_reader(copy)


def test_the_fingerprint_follows_the_content_and_not_the_place(checkpoint: Path, copy: Path) -> None:
    assert fingerprint(copy) == fingerprint(checkpoint)
    path = copy / "vae/diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors[sorted(tensors)[0]] += 1
    save_file(tensors, path, metadata={"format": "pt"})
    assert fingerprint(copy) != fingerprint(checkpoint)


def test_weights_are_found_in_a_folder(checkpoint: Path) -> None:
    found = find_weights(str(checkpoint))
    assert found.folder == checkpoint.resolve()
    assert found.revision == fingerprint(checkpoint)


def test_weights_of_a_hub_are_found_in_its_local_cache(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    place = tmp_path / "models--Skywork--SkyReels-A2/snapshots" / COMMIT
    place.parent.mkdir(parents=True)
    place.symlink_to(checkpoint)
    found = find_weights(f"Skywork/SkyReels-A2@{COMMIT}")
    assert found.folder == place
    assert found.revision == COMMIT[:12]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs its weights, which are not on this machine; type `a2bench weights fetch skyreels-a2`"),
        (
            "/no/such/folder",
            "no such folder; type `a2bench weights fetch skyreels-a2` (about 60 to 91 GB), or name a folder",
        ),
        ("Skywork/SkyReels-A2", "name its commit (40 hex digits) as Skywork/SkyReels-A2@COMMIT"),
        ("Skywork/SkyReels-A2@main", "name its commit (40 hex digits) as Skywork/SkyReels-A2@COMMIT"),
        (f"Skywork/SkyReels-A2@{COMMIT}", f"type `a2bench weights fetch skyreels-a2 --revision {COMMIT}`"),
    ],
)
def test_without_weights_the_message_says_what_to_type(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("A2BENCH_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=re.escape(words)):
        find_weights(text)
