"""Metrics behind networks: real classes at small size, from a file on disk to a score; and every way it goes wrong."""

import socket
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.assets.weights import required_weights, unmet_needs, weights_entry
from a2bench.base import registry
from a2bench.errors import WeightsError
from a2bench.model.cases import Case, load_suite
from a2bench.model.metrics import Sample
from a2bench.model.scores import Score
from a2bench.model.video import Video, write_video
from tests.metrics.test_parity import load_parity

torch = pytest.importorskip("torch")
parity = load_parity()
METRICS = sorted(registry.paths("metric"))
FETCHED = [name for name in METRICS if any(not weights_entry(w).module for w in required_weights(name))]


def case() -> Case:
    return next(case for case in load_suite("a2bench-mini").cases if case.id == "astronaut-balloon-tea-garden")


def sample(frames: int = 5, height: int = 96, width: int = 128, seed: int = 0) -> Sample:
    clip = parity.calibration_clip(seed, height, width)[:frames]
    return Sample(case(), Video(np.ascontiguousarray(clip), Fraction(4)))


def score(name: str, given: Sample) -> Score:
    return registry.load("metric", name)().score(given)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def network_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Path], dict[str, Any]]:
    """Files of small networks by the names of the published weights, and the architectures that differ."""
    from safetensors.torch import save_file
    from transformers import CLIPConfig, CLIPModel, Dinov2Config, Dinov2Model

    tower = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_hidden_layers": 1}
    both = tower | {"projection_dim": 768, "hidden_act": "quick_gelu"}
    vision = both | {"patch_size": 56, "image_size": 224}
    clip = CLIPConfig(text_config=both, vision_config=vision, projection_dim=768)
    dino = Dinov2Config(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, patch_size=14, image_size=518)
    xclip = parity.small_xclip(vocabulary=49408)
    networks = {
        "clip-vit-l14": parity.with_fixed_weights(CLIPModel(clip)),
        "dinov2-vit-b14": parity.with_fixed_weights(Dinov2Model(dino)),
        "xclip-base-p32": xclip,
        "laion-aesthetic-l14": parity.small_head(),
        "musiq-spaq": parity.small_musiq(),
        "raft-large-things": parity.small_raft(),
    }
    folder, paths = tmp_path_factory.mktemp("networks"), {}
    for name, network in networks.items():
        paths[name] = folder / f"{name}{Path(weights_entry(name).files[0].path).suffix}"
        state = {key: tensor.clone() for key, tensor in network.state_dict().items()}
        save_file(state, paths[name]) if paths[name].suffix == ".safetensors" else torch.save(state, paths[name])
    return paths, {"clip": clip, "dino": dino, "xclip": xclip.config}


@pytest.fixture
def small_networks(network_files: tuple[dict[str, Path], dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The small networks in the places of the published ones, read by the code that reads the published ones."""
    from functools import partial

    from pyiqa.archs import musiq_arch

    from a2bench_metrics import aesthetic_quality, clip, dino, musiq, raft, xclip

    paths, configs = network_files
    monkeypatch.setattr(clip, "vit_l14_config", lambda: configs["clip"])
    monkeypatch.setattr(dino, "vit_b14_config", lambda: configs["dino"])
    monkeypatch.setattr(xclip, "base_patch32_config", lambda: configs["xclip"])
    narrow = partial(musiq_arch.MUSIQ, pretrained=False, hidden_size=48, mlp_dim=96, num_heads=2, num_layers=2)
    monkeypatch.setattr(musiq, "empty_network", narrow)
    for module in (aesthetic_quality, clip, dino, musiq, raft, xclip):
        monkeypatch.setattr(module, "verified_weights", paths.__getitem__)
    monkeypatch.setattr("a2bench.model.metrics._resident", {})


@pytest.mark.parametrize(
    "name",
    [
        "text_alignment",
        "phrase_alignment",
        "aesthetic_quality",
        "perceived_quality",
        "background_consistency",
        "subject_consistency",
        "video_text_alignment",
        "imaging_quality",
    ],
)
@pytest.mark.usefixtures("small_networks")
def test_a_file_of_weights_becomes_a_score(name: str) -> None:
    result = score(name, sample())
    assert result.value is not None and np.isfinite(result.value)
    low, high = registry.load("metric", name).info.range
    assert (low is None or low <= result.value) and (high is None or result.value <= high)
    assert len(result.per_frame) in (0, len(result.frames))
    assert score(name, sample(seed=1)).value != result.value, "another video has another score"
    one = score(name, sample(frames=1))
    assert (one.value is None) == bool(one.reason)


@pytest.mark.usefixtures("small_networks")
def test_raft_sees_a_video_that_moves_and_says_what_it_cannot_see() -> None:
    assert score("dynamic_degree", sample(frames=2, height=128, width=128)).value == 1
    assert score("dynamic_degree", sample(frames=1, height=128, width=128)).reason == (
        "fewer than 2 frames at 8 per second, motion needs 2"
    )
    assert score("dynamic_degree", sample(frames=2)).reason == "frames have 96 pixels on the short side, RAFT needs 128"


def test_a_video_is_dynamic_if_a_quarter_of_its_frames_are_followed_by_fast_motion() -> None:
    from a2bench_metrics.dynamic_degree import moves

    limit = 6 * 480 / 256
    fast, slow = limit + 0.1, limit - 0.1
    assert moves(np.array([fast] * 10 + [slow] * 30), num_frames=41, short_side=480)
    assert not moves(np.array([fast] * 9 + [slow] * 31), num_frames=41, short_side=480)
    assert not moves(np.array([slow]), num_frames=2, short_side=480), "VBench calls any two frames dynamic"


def test_the_wrong_activation_would_be_noticed() -> None:
    """open_clip gives GELU instead of QuickGELU to whoever fills its plain ViT-L-14 with OpenAI's weights."""
    right, wrong = parity.small_open_clip(quick_gelu=True), parity.small_open_clip(quick_gelu=False)
    pixels = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (1, 3, 224, 224)).astype(np.float32))
    with torch.inference_mode():
        difference = float((right.encode_image(pixels) - wrong.encode_image(pixels)).abs().max())
    assert difference > 100 * 1e-5, "the tolerance of the parity row tells the two apart"


def test_the_written_architectures_have_the_published_sizes() -> None:
    from torchvision.models.optical_flow import raft_large
    from transformers import Dinov2Model, XCLIPModel

    from a2bench_metrics.dino import vit_b14_config
    from a2bench_metrics.xclip import base_patch32_config

    with torch.device("meta"):
        networks = Dinov2Model(vit_b14_config()), XCLIPModel(base_patch32_config()), raft_large(weights=None)
    assert [sum(p.numel() for p in network.parameters()) for network in networks] == [
        86_580_480,
        196_585_729,
        5_257_536,
    ]


def test_lpips_tells_noise_from_nothing() -> None:
    assert score("temporal_lpips", sample(seed=1)).value > 0.1
    still = np.repeat(parity.calibration_clip(0, 96, 128)[:1], 3, axis=0)
    assert score("temporal_lpips", Sample(case(), Video(still, Fraction(4)))).value == pytest.approx(0, abs=1e-6)
    assert score("temporal_lpips", sample(height=16, width=16)).reason == (
        "frames of 16x16; LPIPS needs 32 pixels on the short side"
    )


def test_arcface_finds_the_person_and_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from a2bench_metrics import arcface

    parity.write_small_arcface(tmp_path / "small.onnx")
    real = arcface.verified_weights
    monkeypatch.setattr(
        arcface, "verified_weights", lambda name: tmp_path / "small.onnx" if "arc" in name else real(name)
    )
    monkeypatch.setattr("a2bench.model.metrics._resident", {})
    portrait = parity.photograph("character-human/nasa_eileen_collins.jpg")
    person = next(c for c in load_suite("a2bench-mini").cases if c.id == "astronaut-thumbs-up")
    frames = np.stack([portrait, np.zeros_like(portrait)])
    result = score("arcface_similarity", Sample(person, Video(frames, Fraction(4))))
    assert result.per_element["character"].presence == 0.5 and result.details["face_detection_rate"] == 0.5
    assert 0.35 < result.value <= 0.5, "half of the frames show the reference itself, at another size"
    nobody = score("arcface_similarity", Sample(person, Video(frames[1:], Fraction(4))))
    assert nobody.value == 0 and nobody.per_element["character"].presence == 0


def test_a_face_network_of_another_pack_is_refused(tmp_path: Path) -> None:
    from a2bench.base.resources import onnx_session
    from a2bench_metrics.arcface import checked_session

    parity.write_small_arcface(tmp_path / "other.onnx", size=128)
    with pytest.raises(WeightsError, match=r"gives \[128\], expected .* wrong pack"):
        checked_session(onnx_session(tmp_path / "other.onnx"))


@pytest.mark.parametrize("change", ["missing", "superfluous", "shape"])
def test_an_alexnet_with_other_layers_is_refused(change: str) -> None:
    from a2bench_metrics.perceptual import fill_alexnet, network_on

    slices = deepcopy(network_on("cpu").net)
    given = {f"features.{name.partition('.')[2]}": tensor for name, tensor in slices.state_dict().items()}
    if change == "missing":
        del given["features.3.bias"]
    else:
        given["features.3.bias" if change == "shape" else "features.4.bias"] = torch.zeros(1)
    with pytest.raises((RuntimeError, KeyError), match=r"3\.bias|4\.bias"):
        fill_alexnet(slices, given)


def test_without_weights_and_without_a_network_each_metric_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from a2bench.base.data import data_dir
    from a2bench.base.hashing import file_sha256
    from a2bench.run import work

    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("something wanted to reach the network")

    video = tmp_path / "video.mp4"
    write_video(sample(height=96, width=128).video, video)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    argument = {
        "video": str(video),
        "sha256": file_sha256(video),
        "pictures": str(tmp_path / "pictures"),
        "case": case().model_dump(mode="json"),
        "references": str(data_dir("references")),
        "metrics": FETCHED,
    }
    results = work.score(argument)
    assert [entry["metric"] for entry in results] == FETCHED
    for entry in results:
        assert (entry["status"], entry["value"]) == ("unscored", None)
        assert entry["reason"] == unmet_needs(entry["metric"])[0]
        assert "a2bench weights fetch" in entry["reason"]


@pytest.mark.parametrize("name", FETCHED)
def test_a_corrupt_file_of_weights_is_named_with_what_to_type(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from a2bench.assets.weights import verified_folder

    monkeypatch.setattr("a2bench.model.metrics._resident", {})
    verified_folder.cache_clear()
    for weights in required_weights(name):
        entry = weights_entry(weights)
        if not entry.module and entry.folder is not None:
            path = entry.folder / entry.files[0].path
            path.parent.mkdir(parents=True)
            path.write_bytes(b"not weights")
    with pytest.raises(WeightsError, match="are damaged: .*get them again with|holds no weights .*fetch it again"):
        score(name, sample(height=128, width=160))
