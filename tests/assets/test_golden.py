"""Golden values: every bundled network still gives what it gave, and what a hash cannot see is noticed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from a2bench.assets import golden, weights
from a2bench.assets.golden import check_golden, check_picture, compare
from a2bench.assets.weights import manifest, verified_folder
from a2bench.base import registry
from a2bench.cli.metrics import metrics_group

WITH_WEIGHTS = [
    (kind, name)
    for kind in ("feature", "metric")
    for name in registry.paths(kind)  # type: ignore[arg-type]
    if registry.load(kind, name).info.weights  # type: ignore[arg-type]
]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    verified_folder.cache_clear()
    yield
    verified_folder.cache_clear()


@pytest.mark.parametrize(("kind", "name"), WITH_WEIGHTS)
def test_everything_with_weights_can_be_probed(kind: Any, name: str) -> None:
    assert callable(getattr(registry.load(kind, name), "probe", None)), f"{kind} {name} needs a method `probe`"


def test_every_network_that_is_here_gives_its_golden_value() -> None:
    checks = list(check_golden())
    assert [check for check in checks if check.status not in ("ok", "missing")] == []
    right = {check.weights for check in checks if check.status == "ok"}
    assert right >= {
        "efficientnet-lite0",
        "yunet-2023mar",
        "dlib-face-resnet-v1",
        "dlib-5-landmarks",
        "niqe-pristine",
    }


def test_swapped_colours_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.ascontiguousarray(check_picture()[..., ::-1])
    monkeypatch.setattr(golden, "check_picture", lambda: picture)
    statuses = {check.weights: check.status for check in check_golden() if check.status != "missing"}
    for name in ("efficientnet-lite0", "dlib-face-resnet-v1", "yunet-2023mar", "niqe-pristine"):
        assert statuses[name] == "differs", name


def test_gelu_in_place_of_quickgelu_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The classic silent error with OpenAI's CLIP: the weights load, the hash is right, the embeddings are off."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    from a2bench_metrics import clip

    def config(activation: str) -> Any:
        small = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2}
        both = small | {"hidden_act": activation, "projection_dim": 16}
        return transformers.CLIPConfig(
            text_config=both, vision_config=both | {"patch_size": 56, "image_size": 224}, projection_dim=16
        )

    torch.manual_seed(0)
    tiny = transformers.CLIPModel(config("quick_gelu"))
    for parameter in tiny.parameters():  # as large as trained ones, so that activations leave their linear part
        torch.nn.init.normal_(parameter, std=0.5)
    save_file({name: tensor.clone() for name, tensor in tiny.state_dict().items()}, tmp_path / "model.safetensors")
    monkeypatch.setattr(clip, "verified_weights", lambda name: tmp_path / "model.safetensors")
    found = {}
    for activation in ("quick_gelu", "gelu"):
        monkeypatch.setattr(clip, "vit_l14_config", lambda activation=activation: config(activation))
        found[activation] = clip.ClipFeature().probe(check_picture())["clip-vit-l14"]
    entry = manifest()["clip-vit-l14"].model_copy(update={"golden": found["quick_gelu"]})
    monkeypatch.setattr(weights, "manifest", lambda: {"clip-vit-l14": entry})
    assert compare("clip-vit-l14", "clip", found["quick_gelu"]).status == "ok"
    assert compare("clip-vit-l14", "clip", found["gelu"]).status == "differs"


def test_what_was_never_recorded_is_not_called_right(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = manifest()["clip-vit-l14"].model_copy(update={"golden": None})
    monkeypatch.setattr(weights, "manifest", lambda: {"clip-vit-l14": entry})
    check = compare("clip-vit-l14", "clip", (1.0, 2.0))
    assert (check.status, check.text) == ("unrecorded", "no golden value recorded yet")


def test_not_a_number_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compare("niqe-pristine", "niqe", (float("nan"),)).status == "differs"
    assert compare("niqe-pristine", "niqe", ()).status == "differs"


def damage(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the manifest expect other bytes of one file than the machine has."""
    entry = manifest()[name]
    other = entry.files[0].model_copy(update={"sha256": "0" * 64})
    damaged = {**manifest(), name: entry.model_copy(update={"files": (other,)})}
    monkeypatch.setattr(weights, "manifest", lambda: damaged)


def test_a_damaged_file_is_named_by_the_check_with_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    damage(monkeypatch, "niqe-pristine")
    result = CliRunner().invoke(metrics_group, ["check", "--json"], standalone_mode=False)
    assert result.return_value == 2
    (failed,) = (check for check in json.loads(result.stdout) if check["status"] == "failed")
    assert failed["weights"] == "niqe-pristine"
    assert "weights 'niqe-pristine' are damaged" in failed["text"]
    assert "get them again with `" in failed["text"] and "niqe_pristine.safetensors" in failed["text"]


def test_a_damaged_file_stops_an_evaluation_before_any_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suite_path: Path
) -> None:
    from a2bench.cli import cli
    from a2bench.errors import WeightsError

    damage(monkeypatch, "niqe-pristine")
    output = tmp_path / "run"
    arguments = ["eval", "-m", "collage", "--suite", str(suite_path), "--size", "96x64", "--num-frames", "5"]
    arguments += ["-o", str(output), "--metrics", "niqe"]
    with pytest.raises(WeightsError, match="niqe-pristine") as error:
        CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False)
    assert error.value.exit_code == 2
    assert not list((output / "videos").glob("*.mp4"))
