"""Small random networks in the places of the published ones, so that every metric runs on every machine.

Their files lie where `a2bench weights fetch` would put them, in the published layouts, and are read by the code that
reads the published ones; only the architectures are smaller. Their scores mean nothing, but depend on everything that
the scores of the published ones depend on.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from a2bench.assets import weights
from a2bench.assets.weights import WeightsEntry, manifest
from a2bench.base.hashing import file_sha256
from a2bench.features.identity import feature_identity
from a2bench.model import metrics
from a2bench.run import work
from tests.metrics.test_parity import load_parity

parity = load_parity()
TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 1}
PUNCTUATION = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "-", ",", "'")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORD_PIECES = (*PUNCTUATION, *LETTERS, *(f"##{letter}" for letter in LETTERS))


def lively(network: Any, seed: int = 0) -> Any:
    """The network with fixed weights; what comes from its input outweighs what does not."""
    parity.with_fixed_weights(network, seed)
    for name, parameter in network.named_parameters():
        if name.endswith(("bias", "position_embedding.weight", "position_embeddings", "class_embedding", "cls_token")):
            parameter.mul_(0.1)
    return network


def clip_config() -> Any:
    both = TOWER | {"projection_dim": 768, "hidden_act": "quick_gelu"}
    vision = both | {"patch_size": 56, "image_size": 224}
    return import_module("transformers").CLIPConfig(text_config=both, vision_config=vision, projection_dim=768)


def dino_config() -> Any:
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    return import_module("transformers").Dinov2Config(patch_size=14, image_size=518, **small)


def xclip_config() -> Any:
    return small_xclip().config


def small_xclip() -> Any:
    return lively(parity.small_xclip(vocabulary=49408))


def owl_config() -> Any:
    text = TOWER | {"hidden_size": 16}
    vision = TOWER | {"image_size": 96}
    return import_module("transformers").Owlv2Config(vision_config=vision, text_config=text, projection_dim=16)


def sam_config() -> Any:
    vision = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_dim": 16, "image_size": 64}
    vision |= {"output_channels": 16, "window_size": 2, "global_attn_indexes": [1], "num_pos_feats": 8}
    prompts = {"hidden_size": 16, "image_size": 64, "mask_input_channels": 4}
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 16}
    return import_module("transformers").SamConfig(
        vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder
    )


def grounding_dino_config() -> Any:
    transformers = import_module("transformers")
    swin = transformers.SwinConfig(
        image_size=32, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2], window_size=4, out_indices=[2, 3, 4]
    )
    bert = TOWER | {"vocab_size": len(WORD_PIECES)}
    layers = {"encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    sizes = {"d_model": 32, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "num_queries": 10}
    return transformers.GroundingDinoConfig(
        backbone_config=swin, text_config=transformers.BertConfig(**bert), **layers, **sizes
    )


def empty_musiq() -> Any:
    """Pyiqa's class, narrow."""
    musiq = import_module("pyiqa.archs.musiq_arch").MUSIQ
    return musiq(pretrained=False, hidden_size=48, mlp_dim=96, num_heads=2, num_layers=2)


def empty_raft() -> Any:
    """Torchvision's smaller class."""
    return import_module("torchvision.models.optical_flow").raft_small(weights=None)


def small_owl() -> Any:
    """It finds things everywhere: most confidences pass its threshold, and boxes stay near their cells."""
    network = lively(import_module("transformers").Owlv2ForObjectDetection(owl_config()))
    network.class_head.logit_shift.weight.mul_(3)
    network.box_head.dense2.weight.mul_(0.02)
    return network


def _of_transformers(name: str, config: Callable[[], Any], seed: int = 0) -> Callable[[], Any]:
    return lambda: lively(getattr(import_module("transformers"), name)(config()), seed)


NETWORKS: dict[str, Callable[[], Any]] = {
    "clip-vit-l14": _of_transformers("CLIPModel", clip_config),
    "dinov2-vit-b14": _of_transformers("Dinov2Model", dino_config),
    "xclip-base-p32": small_xclip,
    "owlv2-base-p16": small_owl,
    "sam-vit-base": _of_transformers("SamModel", sam_config, seed=3),  # its masks leave some background free
    "grounding-dino-tiny": _of_transformers("GroundingDinoForObjectDetection", grounding_dino_config),
    "laion-aesthetic-l14": parity.small_head,
    "musiq-spaq": lambda: lively(empty_musiq()),
    "raft-large-things": lambda: lively(empty_raft()),
}
"""What makes a small network, by the name of the published weights."""
FILES: dict[str, Callable[[Path], object]] = {
    "bert-vocabulary": lambda path: path.write_text("\n".join(WORD_PIECES) + "\n"),
    "arcface-w600k-r50": parity.write_small_arcface,
}
"""What writes a file of another kind."""
ARCHITECTURES: dict[str, Callable[[], Any]] = {
    "a2bench_metrics.clip.vit_l14_config": clip_config,
    "a2bench_metrics.dino.vit_b14_config": dino_config,
    "a2bench_metrics.xclip.base_patch32_config": xclip_config,
    "a2bench_metrics.owl.base_p16_config": owl_config,
    "a2bench_metrics.segments.base_config": sam_config,
    "a2bench_metrics.detections.swin_tiny_config": grounding_dino_config,
    "a2bench_metrics.musiq.empty_network": empty_musiq,
    "a2bench_metrics.raft.empty_network": empty_raft,
}
"""What is read in the place of a published architecture, by where that is written."""


def fetched() -> dict[str, WeightsEntry]:
    """The weights that come with no package."""
    return {name: entry for name, entry in manifest().items() if not entry.module}


def write_networks(folder: Path) -> None:
    """Write the files of all weights that come with no package into ``folder/weights``; of absent packages none."""
    for name, entry in fetched().items():
        (part,) = entry.files
        path = folder / "weights" / name / part.path
        path.parent.mkdir(parents=True)
        try:
            if name in FILES:
                FILES[name](path)
            else:
                _save(NETWORKS[name](), path)
        except ModuleNotFoundError:  # the metrics that need it say so
            continue


def _save(network: Any, path: Path) -> None:
    state = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    if path.suffix == ".safetensors":
        import_module("safetensors.torch").save_file(state, path, metadata={"format": "pt"})
    else:
        import_module("torch").save(state, path)


@contextmanager
def small_networks(folder: Path) -> Iterator[None]:
    """Let this process use what `write_networks` wrote, and no networks or embeddings from before."""
    with pytest.MonkeyPatch.context() as patch:
        install(folder, patch)
        yield
    _forget_files()


def install(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """The same, until the patch is undone."""
    known = dict(manifest())
    for name, entry in fetched().items():
        (part,) = entry.files
        path = folder / "weights" / name / part.path
        if path.is_file():
            facts = {"sha256": file_sha256(path), "sha256_prefix": None, "bytes": path.stat().st_size}
            known[name] = entry.model_copy(update={"files": (part.model_copy(update=facts),)})
    patch.setattr(weights, "manifest", lambda: known)
    patch.setattr(weights, "cache_dir", lambda: folder)
    for place, small in ARCHITECTURES.items():
        patch.setattr(place, small)
    start_afresh(patch)
    _forget_files()


def start_afresh(patch: pytest.MonkeyPatch) -> None:
    """As in a new process, nothing is loaded and nothing embedded."""
    patch.setattr(metrics, "_resident", {})
    patch.setattr(metrics, "_embedded", OrderedDict())
    patch.setattr(work, "_metrics", {})


def _forget_files() -> None:
    weights.verified_folder.cache_clear()
    feature_identity.cache_clear()
