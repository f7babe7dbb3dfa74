"""Every registered metric through the worker's own function: what must not matter does not, what is missing is said.

The video is small and short, so that all of them together cost seconds.
"""

import shutil
import socket
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.assets import weights
from a2bench.assets.weights import feature_infos, manifest, unmet_needs, verified_folder
from a2bench.base import registry
from a2bench.base.data import data_dir
from a2bench.base.hashing import file_sha256
from a2bench.base.resources import DEVICE_TOLERANCE
from a2bench.model import metrics
from a2bench.model.cases import load_suite
from a2bench.model.video import Video, write_video
from a2bench.run.work import score

METRICS = sorted(registry.paths("metric"))
CASE = next(case for case in load_suite("a2bench-mini").cases if case.id == "astronaut-balloon-tea-garden")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five frames of 208x120 that move a little."""
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 256, (15, 34, 3), dtype=np.uint8), np.ones((8, 8, 1), np.uint8))
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_video(Video(np.stack([picture[:, 2 * t : 2 * t + 208] for t in range(5)]), Fraction(8)), path)
    return path


def results(path: Path, names: list[str] = METRICS) -> dict[str, dict[str, Any]]:
    scored = score(
        {
            "video": str(path),
            "sha256": file_sha256(path),
            "pictures": str(path.parent / "pictures"),
            "case": CASE.model_dump(mode="json"),
            "references": str(data_dir("references")),
            "metrics": names,
        }
    )
    return {entry["metric"]: entry for entry in scored}


@pytest.fixture(scope="module")
def usual(clip: Path) -> dict[str, dict[str, Any]]:
    return results(clip)


def numbers(entries: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: (entry["status"], entry.get("value"), entry.get("detail")) for name, entry in entries.items()}


def test_no_metric_fails_and_every_missing_weight_is_one_line(usual: dict[str, dict[str, Any]]) -> None:
    for name, entry in usual.items():
        assert entry["status"] in ("scored", "unscored"), f"{name}: {entry['reason']}\n{entry.get('traceback')}"
        lacking = unmet_needs(name)
        if lacking:
            assert (entry["status"], entry["reason"]) == ("unscored", lacking[0])
            assert "\n" not in entry["reason"] and "type `" in entry["reason"]


def test_nothing_reaches_for_the_network(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[Any] = []

    def refuse(*where: Any, **_: Any) -> Any:
        attempts.append(where[-1])
        raise OSError("this test has no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    entries = results(clip)
    assert attempts == []
    assert {entry["status"] for entry in entries.values()} <= {"scored", "unscored"}
    from a2bench.assets.golden import check_golden

    list(check_golden())
    assert attempts == []


def test_the_name_and_place_of_a_file_do_not_matter(
    clip: Path, usual: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    other = tmp_path / "a person-42 collage.mp4"
    shutil.copyfile(clip, other)
    assert numbers(results(other)) == numbers(usual)


def test_the_batch_size_moves_no_score_beyond_the_tolerance(
    clip: Path, usual: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2BENCH_BATCH_SIZE", "2")
    for name, entry in results(clip).items():
        low, high = registry.load("metric", name).info.range
        scale = high - low if None not in (low, high) else max(1.0, abs(entry.get("value") or 0.0))
        assert entry.get("value") == pytest.approx(usual[name].get("value"), abs=DEVICE_TOLERANCE * scale)


def test_the_order_of_metrics_does_not_matter(clip: Path, usual: dict[str, dict[str, Any]]) -> None:
    assert numbers(results(clip, METRICS[::-1])) == numbers(usual)


def test_each_video_is_decoded_once_and_each_frame_forwarded_once(clip: Path) -> None:
    entries = results(clip).values()
    total: dict[str, int] = {}
    for entry in entries:
        for event, times in entry["counts"].items():
            total[event] = total.get(event, 0) + times
    assert total["decode"] == 1
    # Flow is of pairs: four of neighbours and three over a frame between them, each in both directions.
    assert total.pop("forward:flow") == 2 * 4 + 2 * 3
    over = {event: times for event, times in total.items() if event.startswith("forward:") and times > 5}
    assert over == {}, "a backbone saw a frame twice"
    assert all(times <= 1 for event, times in total.items() if event.startswith("load:"))


def test_a_damaged_weight_fails_its_metrics_by_name_and_no_other(
    clip: Path, usual: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker meets a file that was altered after the run's own check."""
    entry = manifest()["niqe-pristine"]
    part = entry.files[0].model_copy(update={"sha256": "0" * 64})
    altered = {**manifest(), entry.name: entry.model_copy(update={"files": (part,)})}
    monkeypatch.setattr(weights, "manifest", lambda: altered)
    verified_folder.cache_clear()
    from a2bench.run import work

    monkeypatch.delitem(work._metrics, ("niqe", ""), raising=False)
    entries = results(clip, ["niqe", "sharpness"])
    verified_folder.cache_clear()
    assert entries["niqe"]["status"] == "failed"
    assert "weights 'niqe-pristine' are damaged" in entries["niqe"]["reason"]
    assert "traceback" not in entries["niqe"]
    assert entries["sharpness"]["value"] == usual["sharpness"]["value"]


def test_half_precision_moves_a_clip_score_less_than_the_tolerance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, but on a CPU and at tiny size: the tower in float16, embeddings and cosines in float32."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    from a2bench.assets.golden import check_picture
    from a2bench_metrics import clip as module

    small = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_hidden_layers": 4}
    both = small | {"hidden_act": "quick_gelu", "projection_dim": 32}
    config = transformers.CLIPConfig(
        text_config=both, vision_config=both | {"patch_size": 28, "image_size": 224}, projection_dim=32
    )
    torch.manual_seed(0)
    weights_of = transformers.CLIPModel(config).state_dict()
    save_file({name: tensor.clone() for name, tensor in weights_of.items()}, tmp_path / "model.safetensors")
    monkeypatch.setattr(module, "vit_l14_config", lambda: config)
    monkeypatch.setattr(module, "verified_weights", lambda name: tmp_path / "model.safetensors")
    cosines = {}
    for precision in ("float32", "float16"):
        monkeypatch.setenv("A2BENCH_PRECISION", precision)
        feature = module.ClipFeature()
        image, text = feature._frames([check_picture()])[0], feature._text("a photo of an astronaut")[0]
        assert image.dtype == text.dtype == np.float32
        assert feature._model.dtype == getattr(torch, precision)
        cosines[precision] = float(image @ text)
    assert cosines["float16"] == pytest.approx(cosines["float32"], abs=DEVICE_TOLERANCE)
    assert cosines["float16"] != cosines["float32"]


def test_every_feature_can_be_kept_on_disk_and_gives_the_same_scores(
    clip: Path, usual: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("A2BENCH_FEATURE_CACHE", "1")
    monkeypatch.setattr(metrics, "_embedded", OrderedDict())
    assert numbers(results(clip)) == numbers(usual)
    assert "not kept on disk" not in caplog.text
    again = results(clip)
    assert numbers(again) == numbers(usual)
    events = {event for entry in again.values() for event in entry["counts"]}
    features = {info.name for name in METRICS if not unmet_needs(name) for info in feature_infos(name)}
    assert not {f"forward:{name}" for name in features} & events
    assert not {event for event in events if event.startswith("reference:")}
