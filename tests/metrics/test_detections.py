"""The open-vocabulary finder: loading in the published layout, and its arithmetic, on small random networks."""

from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.errors import WeightsError
from a2bench.model.cases import load_suite
from a2bench.model.metrics import Sample
from a2bench.model.video import Video
from a2bench_metrics import detections
from a2bench_metrics.detected_similarity import DetectedSimilarity
from a2bench_metrics.detections import Detection, DetectionsFeature, crop, detect, load_detector, share_out

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "a", "red", "cup", "of", "white")


def tiny_config() -> Any:
    transformers = import_module("transformers")
    swin = transformers.SwinConfig(
        image_size=32, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2], window_size=4, out_indices=[2, 3, 4]
    )
    bert = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    layers = {"encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    sizes = {"d_model": 32, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "num_queries": 10}
    return transformers.GroundingDinoConfig(backbone_config=swin, text_config=bert, **layers, **sizes)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random detector as `save_pretrained` writes it, with its vocabulary beside it."""
    torch, transformers = import_module("torch"), import_module("transformers")
    folder = tmp_path_factory.mktemp("detector")
    torch.manual_seed(0)
    transformers.GroundingDinoForObjectDetection(tiny_config()).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    return folder


@pytest.fixture(scope="module")
def detector(published: Path) -> tuple[Any, Any]:
    return load_detector(published, published / "vocab.txt", tiny_config())


FRAME = np.random.default_rng(0).integers(0, 255, (60, 104, 3), dtype=np.uint8)


def test_the_published_architecture_has_the_published_size() -> None:
    """689,359,096 bytes: 689,002,504 of parameters; the rest is buffers, position ids and the header."""
    torch, transformers = import_module("torch"), import_module("transformers")
    with torch.device("meta"):
        network = transformers.GroundingDinoForObjectDetection(transformers.GroundingDinoConfig())
    assert sum(parameter.numel() for parameter in network.parameters()) * 4 == 689_002_504


def test_boxes_lie_inside_the_frame_surest_first_and_repeat(detector: tuple[Any, Any]) -> None:
    rows = detect(*detector, FRAME, "A red cup", threshold=0.0)
    assert rows == detect(*detector, FRAME, "a red cup.", threshold=0.0), "case and full stop do not matter"
    assert [score for score, _ in rows] == sorted((score for score, _ in rows), reverse=True)
    assert len(rows) == 10
    for _, (x0, y0, x1, y1) in rows:
        assert 0 <= x0 <= x1 <= 104 and 0 <= y0 <= y1 <= 60
    assert detect(*detector, FRAME, "a red cup", threshold=1.0) == []


def test_a_torn_checkpoint_is_refused(published: Path, tmp_path: Path) -> None:
    safetensors = import_module("safetensors.torch")
    weights = safetensors.load_file(published / "model.safetensors")
    del weights["model.level_embed"]
    safetensors.save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match="level_embed"):
        load_detector(tmp_path, published / "vocab.txt", tiny_config())


def detection(x: float, similarity: float) -> Detection:
    return Detection((x, 0.0, x + 10, 10.0), 0.9, similarity)


def test_no_two_elements_get_the_same_place() -> None:
    first, second = detection(0, 0.8), detection(50, 0.7)
    shared = share_out({"object": [first, second], "object-2": [detection(0, 0.75)]})
    assert [one and one.box[0] for one in shared.values()] == [50, 0]
    assert share_out({"object": [first], "object-2": [detection(0, 0.9)]}) == {
        "object": None,
        "object-2": detection(0, 0.9),
    }
    assert share_out({"object": [], "object-2": []}) == {"object": None, "object-2": None}


def test_a_crop_has_at_least_a_pixel() -> None:
    assert crop(FRAME, (104.0, 60.0, 104.0, 60.0)).shape == (1, 1, 3)
    assert crop(FRAME, (10.0, 5.0, 30.0, 25.0)).shape == (20, 20, 3)


def test_presence_times_likeness_from_pixels_to_score(
    detector: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch, transformers = import_module("torch"), import_module("transformers")
    torch.manual_seed(0)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    feature = DetectionsFeature()
    feature._detector = detector
    feature._dino = transformers.Dinov2Model(transformers.Dinov2Config(image_size=28, patch_size=14, **small)).eval()
    monkeypatch.setattr(detections, "THRESHOLD", 0.0)
    monkeypatch.setattr(detections.detect, "__defaults__", (0.0,))
    case = next(case for case in load_suite("a2bench-mini").cases if case.id == "hummingbird-dahlia")
    sample = Sample(case, Video(FRAME[None].repeat(2, axis=0), Fraction(4)))
    sample._features["detections"] = feature.compute(sample)
    score = DetectedSimilarity().score(sample)
    assert score.value is not None and 0 <= score.value <= 1
    assert {name: entry.presence for name, entry in score.per_element.items()} == {"character": 1, "object": 1}
    sample._features["detections"] = {"character": (detection(0, 0.6), None), "object": (None, None)}
    half = DetectedSimilarity().score(sample)
    assert (half.per_element["character"].value, half.per_element["object"].value) == (0.3, 0.0)
    assert half.value == pytest.approx(0.15)
