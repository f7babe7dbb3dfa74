"""The checkpoint as others published it (`published_checkpoint`): it loads, and computes what the released code did."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from golden_errors import GOLDEN, golden_request, largest
from published_checkpoint import edit_json, read_tensors, write_published_checkpoint, write_shards
from safetensors.torch import load_file, save_file

from a2bench.base.counting import take_counts
from a2bench.e2v.checkpoint import SKYREELS_A2, check_folder
from a2bench.e2v.components import check_component, load_component
from a2bench.e2v.loading import checkpoint_parts, load_pipeline, load_prompt_reader
from a2bench.e2v.pipeline import Pipeline, Step
from a2bench.e2v.request import Sampling
from a2bench.e2v.tensor_files import weight_files
from a2bench.errors import InputError, WeightsError

PROMPT = "A man in a park, holding his (red) cup; it's 9 o'clock."


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only."""
    return write_published_checkpoint(tmp_path_factory.mktemp("published"))


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "copy"))


@pytest.fixture(scope="module")
def loaded(published: Path) -> Pipeline:
    return load_pipeline(published, precision="float32")


def test_it_is_not_what_todays_libraries_write(published: Path) -> None:
    stored = read_tensors(published / "transformer")
    assert sum("norm_added_q" in name for name in stored) == 2
    assert all(name.startswith("vis") for name in read_tensors(published / "image_encoder"))
    assert not any("embed_tokens" in name for name in read_tensors(published / "text_encoder"))
    config = json.loads((published / "text_encoder/config.json").read_text())
    assert (config["tie_word_embeddings"], config["torch_dtype"], "dtype" in config) == (False, "bfloat16", False)
    assert sorted(path.name for path in (published / "tokenizer").iterdir()) == [
        "special_tokens_map.json",
        "spiece.model",
        "tokenizer_config.json",
    ]
    assert json.loads((published / "scheduler/scheduler_config.json").read_text())["flow_shift"] == 3


@pytest.mark.parametrize("number", range(3))
def test_it_computes_what_the_released_code_did(loaded: Pipeline, number: int) -> None:
    request, expected = golden_request(number), load_file(GOLDEN / f"case{number}.safetensors")
    conditions = loaded.conditions(request)
    assert largest(conditions.image, expected["image_embeds"]) < 1e-5
    assert largest(conditions.spatial, expected["condition"]) < 1e-5
    given = replace(
        conditions,
        text=expected["prompt_embeds"],
        negative=expected["negative_prompt_embeds"] if request.sampling.guidance_scale > 1 else None,
    )
    steps: list[Step] = []
    with torch.inference_mode():
        video = loaded.spatial.decode(loaded.denoise(given, request.sampling, steps.append))
    assert largest(steps[-1].latents, expected["final_latents"]) < 1e-4
    assert largest(video, expected["video"][0]) < 1e-4


def test_a_prompt_is_read_as_with_files_of_today(loaded: Pipeline, pipeline: Pipeline) -> None:
    ids, mask = loaded.semantic.reader.read(PROMPT)
    today, today_mask = pipeline.semantic.reader.read(PROMPT)
    assert torch.equal(ids, today)
    assert torch.equal(mask, today_mask)
    with torch.inference_mode():
        assert torch.equal(loaded.semantic.text_tokens(PROMPT), pipeline.semantic.text_tokens(PROMPT))


def test_every_extra_tensor_that_the_class_does_not_ignore_is_still_named(copy: Path) -> None:
    place = copy / "transformer"
    tensors = read_tensors(place)
    stranger = {"blocks.0.attn2.norm_added_v.weight": torch.zeros(24), "ref_conv.weight": torch.zeros(2)}
    write_shards(place, "diffusion_pytorch_model", [tensors, stranger])
    with pytest.raises(
        WeightsError, match=r"2 not expected: blocks\.0\.attn2\.norm_added_v\.weight, ref_conv\.weight$"
    ):
        check_component(copy, SKYREELS_A2.components["transformer"], "SkyReels-A2")


@pytest.mark.parametrize(
    ("component", "extra"),
    [
        ("vae", "encoder.norm_added_q.weight"),
        ("text_encoder", "decoder.block.0.layer.0.SelfAttention.q.weight"),
        ("image_encoder", "text_projection.weight"),
        ("image_encoder", "vision_model.embeddings.position_ids.weight"),
    ],
)
def test_what_one_class_ignores_is_no_excuse_for_another(copy: Path, component: str, extra: str) -> None:
    part = SKYREELS_A2.components[component]
    tensors = read_tensors(copy / component) | {extra: torch.zeros(1)}
    for path in (copy / component).glob("*.safetensors*"):
        path.unlink()
    save_file(tensors, copy / component / f"{part.stem}.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match="1 not expected"):
        check_component(copy, part, "SkyReels-A2")


def test_the_rules_are_those_of_the_library(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import WanTransformer3DModel

    part = SKYREELS_A2.components["transformer"]
    check_component(copy, part, "SkyReels-A2")
    monkeypatch.setattr(WanTransformer3DModel, "_keys_to_ignore_on_load_unexpected", None)
    with pytest.raises(WeightsError, match="2 not expected: .*norm_added_q"):
        check_component(copy, part, "SkyReels-A2")
    monkeypatch.setattr(WanTransformer3DModel, "_keys_to_ignore_on_load_unexpected", ["norm_added_q", r"^ref_conv\."])
    write_shards(copy / "transformer", "diffusion_pytorch_model", [
        read_tensors(copy / "transformer"), {"ref_conv.weight": torch.zeros(2)},
    ])  # fmt: skip
    check_component(copy, part, "SkyReels-A2")


def test_either_name_of_the_embedding_will_do_and_neither_will_not(copy: Path) -> None:
    part, place = SKYREELS_A2.components["text_encoder"], copy / "text_encoder"
    tensors = read_tensors(place)
    embedding = tensors.pop("shared.weight")
    for names in (["encoder.embed_tokens.weight"], ["encoder.embed_tokens.weight", "shared.weight"]):
        write_shards(place, "model", [tensors, {name: embedding.clone() for name in names}])
        check_component(copy, part, "SkyReels-A2")
        encoder = load_component(copy, part, torch.float32)
        assert torch.equal(encoder.encoder.embed_tokens.weight, embedding)
    write_shards(place, "model", [tensors])
    with pytest.raises(WeightsError, match=r"2 missing: encoder\.embed_tokens\.weight, shared\.weight"):
        check_component(copy, part, "SkyReels-A2")


def test_an_embedding_that_the_library_leaves_untied_is_refused(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    # As transformers 5.0 to 5.2 do with tie_word_embeddings: false.
    monkeypatch.setattr(transformers.PreTrainedModel, "get_expanded_tied_weights_keys", lambda self, **_: {})
    monkeypatch.setattr(transformers, "__version__", "5.2.0")
    with pytest.raises(WeightsError) as told:
        load_component(published, SKYREELS_A2.components["text_encoder"], torch.float32)
    assert str(told.value) == (
        f"{published / 'text_encoder'}: after loading with transformers 5.2.0, encoder.embed_tokens.weight is not "
        "shared.weight, so every prompt would be read as noise; that version does not tie them; type "
        "`pip install -U 'transformers>=5.11'`"
    )


@pytest.mark.parametrize(
    ("used", "words"), [(0.0, "encoder.embed_tokens.weight is all zero"), (2.0, "is not shared.weight")]
)
def test_an_embedding_that_is_wrong_in_the_files_is_refused(copy: Path, used: float, words: str) -> None:
    place = copy / "text_encoder"
    tensors = read_tensors(place)
    both = {"shared.weight": tensors.pop("shared.weight") * (used > 0)}
    both["encoder.embed_tokens.weight"] = both["shared.weight"] * used
    write_shards(place, "model", [tensors, both])
    with pytest.raises(WeightsError, match=f"{words}, so every prompt .*; its files hold it so: get the folder again"):
        load_component(copy, SKYREELS_A2.components["text_encoder"], torch.float32)


def test_an_old_tokenizer_without_the_package_that_reads_it_says_what_to_type(
    published: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("a2bench.e2v.loading._is_installed", lambda package: package != "google.protobuf")
    with pytest.raises(InputError, match="needs the package 'protobuf'; type `pip install protobuf`"):
        load_prompt_reader(published)
    load_prompt_reader(checkpoint)  # of today, with tokenizer.json


@pytest.mark.parametrize("changes", [{"architectures": None}, {"architectures": []}])
def test_a_configuration_need_not_name_its_class(copy: Path, changes: dict[str, object]) -> None:
    for name in ("text_encoder", "image_encoder"):
        edit_json(copy / name / "config.json", **changes)
    edit_json(copy / "vae/config.json", drop=("_class_name",))
    check_folder(copy)
    with pytest.raises(WeightsError, match=r"1 not expected: visual_projection\.weight"):
        check_component(copy, SKYREELS_A2.components["image_encoder"], "SkyReels-A2")


@pytest.mark.parametrize(
    ("component", "changes"),
    [
        ("transformer", {"num_layers": "two"}),
        ("transformer", {"patch_size": None}),
        ("vae", {"dim_mult": 3}),
        ("image_encoder", {"hidden_size": "thirty-two"}),
        ("image_encoder", {"num_attention_heads": 0}),
        ("text_encoder", {"feed_forward_proj": 7}),
    ],
)
def test_a_configuration_that_no_class_can_use_is_one_sentence(
    copy: Path, component: str, changes: dict[str, object]
) -> None:
    edit_json(copy / component / "config.json", **changes)
    with pytest.raises(
        WeightsError, match=f"the configuration of {component} cannot be built: .+; is this SkyReels-A2"
    ):
        check_component(copy, SKYREELS_A2.components[component], "SkyReels-A2")


def in_8_bits(place: Path, stem: str) -> None:
    """The large tensors of a component as plain float8, without scales."""
    tensors = {
        name: tensor.to(torch.float8_e4m3fn) if tensor.ndim > 1 and "embed" not in name else tensor
        for name, tensor in read_tensors(place).items()
    }
    write_shards(place, stem, [tensors])


@pytest.mark.parametrize("component", ["transformer", "text_encoder"])
def test_weights_in_plain_8_bits_load_and_are_approximate(copy: Path, loaded: Pipeline, component: str) -> None:
    assert loaded.tier(Sampling()) == "exact"
    part = SKYREELS_A2.components[component]
    assert part.stem is not None
    in_8_bits(copy / component, part.stem)
    assert {name: part.stored for name, part in checkpoint_parts(copy, "float32").items()} == {
        "transformer": "exact", "vae": "exact", "text_encoder": "exact", "image_encoder": "exact",
    } | {component: "approximate"}  # fmt: skip
    pipeline = load_pipeline(copy, precision="float32")
    assert pipeline.tier(Sampling()) == "approximate"
    assert pipeline.tier(Sampling(steps=4)) == "other sampler"


def test_whole_numbers_in_the_place_of_weights_are_refused(copy: Path) -> None:
    place, name = copy / "transformer", "blocks.0.ffn.net.2.weight"
    tensors = read_tensors(place)
    tensors[name] = tensors[name].to(torch.int8)
    write_shards(place, "diffusion_pytorch_model", [tensors])
    take_counts()
    with pytest.raises(WeightsError, match=rf"must be of F64, F32, .*; 1 are not: {name} \(I8\)"):
        load_pipeline(copy)
    assert take_counts() == {}


def test_where_a_file_and_shards_lie_there_the_check_reads_what_the_library_loads(copy: Path) -> None:
    for component in ("transformer", "text_encoder"):
        part = SKYREELS_A2.components[component]
        assert part.stem is not None
        single = {name: tensor * 0 + 3 for name, tensor in read_tensors(copy / component).items()}
        save_file(single, copy / component / f"{part.stem}.safetensors", metadata={"format": "pt"})
        network = load_component(copy, part, torch.float32)
        found = weight_files(copy / component, part.stem)
        taken = next(parameter for name, parameter in network.named_parameters() if name in single)
        assert (len(found) == 1) == bool((taken == 3).all())
