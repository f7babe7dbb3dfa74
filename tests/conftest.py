"""Fixtures: a tiny suite of drawn references, and runs over it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from a2bench.base.hashing import file_sha256
from a2bench.model.cases import Suite, load_suite
from a2bench.run.execute import SINGLE_THREAD

os.environ.update(SINGLE_THREAD)  # as in a worker; before anything imports torch

SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser or a server of a database, so that `make test-matrix` can leave it out."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        callspec = getattr(item, "callspec", None)
        if callspec is not None and callspec.params.get("database") == "postgresql":
            item.add_marker("database")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine gets into a test: no cache, no project file, no A2BENCH_* variable."""
    for name in list(os.environ):
        if name.startswith("A2BENCH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("A2BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("A2BENCH_FEATURE_CACHE", "0")  # a cell grid takes 40 MB; tests of the cache set it themselves


def draw_reference(path: Path, seed: int, *, cutout: bool) -> None:
    """A patterned picture that differs for each seed; with ``cutout``, an ellipse on a clear ground."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    picture = coarse.resize((480, 360), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = int(rng.integers(0, 480)), int(rng.integers(0, 360))
        draw.rectangle((x, y, x + 14, y + 14), fill=tuple(int(v) for v in rng.integers(0, 255, 3)))
    if cutout:
        mask = Image.new("L", picture.size, 0)
        ImageDraw.Draw(mask).ellipse((40, 20, 440, 340), fill=255)
        picture.putalpha(mask)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


class Silence:
    """A `Progress` that says nothing."""

    def stage(self, name: str, total: int, already_done: int) -> None: ...
    def step(self, name: str, done: int, total: int) -> None: ...
    def sample(self, name: str, text: str, failed: bool) -> None: ...
    def note(self, text: str) -> None: ...
    def end(self) -> None: ...


def write_suite(folder: Path, cases: int = 3) -> Path:
    """A suite file ``tiny.jsonl`` with drawn references beside it; every case has all three roles."""
    lines = []
    for number in range(cases):
        elements = []
        for index, (role, phrase) in enumerate(
            [("character", "a round stranger"), ("object", "a striped ball"), ("background", "a chequered field")]
        ):
            file = f"{role}-{number}.png"
            draw_reference(folder / "references" / file, 10 * number + index, cutout=role != "background")
            image = {"file": file, "sha256": file_sha256(folder / "references" / file)}
            cut = {"cutout": image} if role != "background" else {}
            elements.append({"role": role, "phrase": phrase, "reference": image, **cut})
        prompt = f"In scene {number}, a round stranger kicks a striped ball over a chequered field."
        lines.append(json.dumps({"id": f"case-{number}", "prompt": prompt, "elements": elements, "tags": ["tiny"]}))
    path = folder / "tiny.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def suite_path(tmp_path: Path) -> Path:
    return write_suite(tmp_path / "suite")


@pytest.fixture
def suite(suite_path: Path) -> Suite:
    return load_suite(str(suite_path))
