"""A package that is missing or cannot be imported is one sentence with what to type, never a traceback."""

import sys
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from a2bench.assets import golden, packages
from a2bench.assets.packages import broken_import, install_line
from a2bench.assets.weights import unmet_needs, verified_weights, weights_entry
from a2bench.base import registry
from a2bench.base.data import cache_dir
from a2bench.errors import PackageError
from a2bench.model.metrics import FeatureInfo
from a2bench.model.scores import MetricInfo
from a2bench.model.video import Video, write_video
from tests.metrics.every_metric import Entries, case_of, entries

LINE = "pip install huggingface-hub pyyaml requests && pip install --no-deps pyiqa==0.1.16"
RAISING = {
    "ImportError": "raise ImportError('no such library')",
    "RuntimeError": "raise RuntimeError('built for another machine\\nsecond line')",
    "OSError": "open('/no/such/file')",
    "AttributeError": "import os; os.no_such_thing",
    "SyntaxError": "this is no Python",
    "ModuleNotFoundError": "import no_such_module_at_all",
}
INFOS: list[tuple[str, FeatureInfo | MetricInfo]] = [
    (name, registry.load(kind, name).info)
    for kind in ("feature", "metric")
    for name in registry.paths(kind)  # type: ignore[arg-type]
]
NEEDS = [(name, info, package) for name, info in INFOS for package in info.packages]


def shadow(monkeypatch: pytest.MonkeyPatch, folder: Path, package: str, code: str) -> None:
    """Put a package of that name, with this code, before the installed one."""
    loaded = [name for name in sys.modules if name.partition(".")[0] == package]
    for name in loaded or [package]:
        monkeypatch.setitem(
            sys.modules, name, ModuleType(name)
        )  # so that what takes its place is taken back afterwards
        del sys.modules[name]
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(folder)


def scored(folder: Path, metrics: list[str]) -> Entries:
    frames = np.random.default_rng(0).integers(0, 256, (2, 192, 256, 3), dtype=np.uint8)
    write_video(Video(frames, Fraction(4)), folder / "video.mp4")
    return entries(folder / "video.mp4", case_of("astronaut-balloon-tea-garden"), metrics)


@pytest.fixture
def musiq_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the place of MUSIQ's: it is not read before the package is imported."""
    entry = weights_entry("musiq-spaq")
    path = cache_dir() / "weights" / entry.name / entry.files[0].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"never read")
    monkeypatch.setattr("a2bench.model.metrics._resident", {})


@pytest.mark.usefixtures("musiq_weights")
def test_without_pyiqa_its_metric_says_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    assert unmet_needs("imaging_quality") == [f"needs the package 'pyiqa'; type `{LINE}`"]
    entry = scored(tmp_path, ["imaging_quality"])["imaging_quality"]
    assert (entry["status"], entry["value"]) == ("unscored", None)
    assert entry["reason"] == f"needs the package 'pyiqa'; type `{LINE}`"


@pytest.mark.parametrize("kind", RAISING)
@pytest.mark.usefixtures("musiq_weights")
def test_a_pyiqa_that_cannot_be_imported_is_one_sentence_and_stops_no_other_metric(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow(monkeypatch, tmp_path, "pyiqa", RAISING[kind])
    found = scored(tmp_path, ["imaging_quality", "niqe"])
    entry = found["imaging_quality"]
    assert entry.get("value") is None and "traceback" not in entry
    assert entry["reason"].startswith("needs the package 'pyiqa', which cannot be imported (")
    assert entry["reason"].endswith(f"; type `{LINE}`") and "\n" not in entry["reason"]
    assert found["niqe"]["status"] == "scored"


@pytest.mark.usefixtures("musiq_weights")
def test_the_check_of_golden_values_says_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow(monkeypatch, tmp_path, "pyiqa", RAISING["RuntimeError"])
    feature = registry.load("feature", "musiq")
    (check,) = golden._checks("musiq", feature.info, feature, np.zeros((64, 64, 3), np.uint8))
    assert check.status == "failed"
    assert check.text == (
        f"needs the package 'pyiqa', which cannot be imported (RuntimeError: built for another machine); type `{LINE}`"
    )


def test_a_package_of_an_extra_that_cannot_be_imported_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lpips")
    from a2bench_metrics.perceptual import network_on

    network_on.cache_clear()
    monkeypatch.setattr("a2bench.model.metrics._resident", {})
    heads = verified_weights("lpips-alex").read_bytes()  # they lie inside the package
    shadow(monkeypatch, tmp_path, "lpips", RAISING["OSError"])
    (tmp_path / "lpips/weights/v0.1").mkdir(parents=True)
    (tmp_path / "lpips/weights/v0.1/alex.pth").write_bytes(heads)
    entry = scored(tmp_path, ["temporal_lpips"])["temporal_lpips"]
    network_on.cache_clear()
    assert entry.get("value") is None and "traceback" not in entry
    assert entry["reason"] == (
        "needs the package 'lpips', which cannot be imported (FileNotFoundError: [Errno 2] No such file or directory: "
        "'/no/such/file'); type `pip install 'a2bench[quality]'`"
    )


@pytest.mark.parametrize(("name", "info", "package"), NEEDS, ids=[f"{name}-{package}" for name, _, package in NEEDS])
def test_whatever_is_needed_is_named_when_its_import_raises(
    name: str, info: FeatureInfo | MetricInfo, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def importing(module: str) -> None:
        if module == package:
            raise ZeroDivisionError("in its first line")

    monkeypatch.setattr(packages, "import_module", importing)
    text = broken_import([info], ZeroDivisionError("in its first line"))
    line = install_line(info, package)
    assert text == (
        f"needs the package {package!r}, which cannot be imported (ZeroDivisionError: in its first line); type `{line}`"
    )
    assert line.startswith("pip install ")


def test_an_import_that_fails_late_inside_a_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow(monkeypatch, tmp_path, "dlib", "def late():\n    import no_such_module_at_all\n")
    info = registry.load("feature", "faces").info
    with pytest.raises(ImportError) as raised:
        import_module("dlib").late()
    assert broken_import([info], raised.value) == (
        "needs the package 'dlib', which cannot be imported (ModuleNotFoundError: No module named "
        "'no_such_module_at_all'); type `pip install 'a2bench[metrics]'`"
    )


def test_an_error_that_has_nothing_to_do_with_imports_keeps_its_traceback() -> None:
    assert broken_import([registry.load("metric", "niqe").info], ValueError("a real fault")) is None


def test_what_no_extra_holds_is_a_need() -> None:
    for _, info in INFOS:
        if isinstance(info, FeatureInfo):
            assert set(info.apart) <= set(info.packages)


def test_a_missing_part_of_a_package_is_a_package_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from a2bench_metrics.musiq import empty_network

    shadow(monkeypatch, tmp_path, "pyiqa", "")
    with pytest.raises(PackageError, match=r"'pyiqa', which cannot be imported \(ModuleNotFoundError: .*archs"):
        empty_network()
