"""Every formula against code that we did not write; `metrics/calibration/README.md` says where each value is from."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from a2bench.base.data import data_dir


def pixels(file: str) -> Any:
    return np.asarray(Image.open(data_dir("references") / file).convert("RGB"))


def test_clip_embeddings_equal_transformers_own_on_a_tiny_model() -> None:
    torch = import_module("torch")
    transformers = import_module("transformers")
    from a2bench_metrics.clip import embed_images, embed_text, preprocess

    model, config = tiny_clip(torch, transformers)
    frames = [pixels("object/sklearn_dahlia.jpg"), pixels("background/budgie_lake_sherburne.jpg")]
    ours = torch.from_numpy(np.stack([preprocess(frame) for frame in frames]))
    tokens = torch.tensor([[98, 3, 5, 99, 0, 0], [98, 7, 8, 9, 10, 99]])
    with torch.inference_mode():
        output = model(input_ids=tokens, pixel_values=ours)
        assert float((embed_images(model, ours) - output.image_embeds).abs().max()) < 1e-6
        assert float((embed_text(model, tokens) - output.text_embeds).abs().max()) < 1e-6


def test_clip_preprocessing_equals_torchvisions_as_openai_composed_it() -> None:
    torch = import_module("torch")
    v2 = import_module("torchvision.transforms.v2")
    from a2bench_metrics.clip import MEAN, STD, preprocess

    steps = [v2.Resize(224, v2.InterpolationMode.BICUBIC), v2.CenterCrop(224), v2.PILToTensor()]
    transform = v2.Compose([*steps, v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    for file in ("object/sklearn_dahlia.jpg", "background/budgie_lake_sherburne.jpg", "character-animal/gnome_cat.jpg"):
        theirs = transform(Image.fromarray(pixels(file))).numpy()
        assert np.abs(preprocess(pixels(file)) - theirs).max() < 1e-6


def tiny_clip(torch: Any, transformers: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2}
    both = {"hidden_act": "quick_gelu", "projection_dim": 8}
    text = small | both | {"vocab_size": 100, "bos_token_id": 98, "eos_token_id": 99, "max_position_embeddings": 77}
    vision = small | both | {"patch_size": 56, "image_size": 224}
    config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    return transformers.CLIPModel(config).eval(), config


def test_a_clip_checkpoint_loads_strictly(tmp_path: Path) -> None:
    torch = import_module("torch")
    transformers = import_module("transformers")
    from safetensors.torch import save_file

    from a2bench_metrics.clip import load_clip

    model, config = tiny_clip(torch, transformers)
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    save_file(weights | {"text_model.embeddings.position_ids": torch.arange(77)[None]}, tmp_path / "old.safetensors")
    loaded = load_clip(config, tmp_path / "old.safetensors")
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in weights.items())
    del weights["visual_projection.weight"]
    save_file(weights, tmp_path / "torn.safetensors")
    with pytest.raises(RuntimeError, match="visual_projection.weight"):
        load_clip(config, tmp_path / "torn.safetensors")


def test_the_written_architecture_is_vit_l14() -> None:
    """427,616,513 parameters, as the published checkpoint has (1,710,540,580 bytes of float32 and a header)."""
    torch = import_module("torch")
    transformers = import_module("transformers")
    from a2bench_metrics.clip import vit_l14_config

    with torch.device("meta"):
        model = transformers.CLIPModel(vit_l14_config())
    assert sum(parameter.numel() for parameter in model.parameters()) == 427_616_513
    assert model.config.text_config.hidden_act == model.config.vision_config.hidden_act == "quick_gelu"
