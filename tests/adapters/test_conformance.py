import os
import shlex
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.adapters.conformance import check_adapter, passed
from a2bench.adapters.template import MySystem
from a2bench.model.cases import Case
from a2bench.model.systems import GenerationSettings, ModelMeta, VideoModel
from a2bench.model.video import Video
from a2bench.validation.validate import controls


class Good:
    """Keeps all promises."""

    meta = ModelMeta(name="good", revision="1", title="Good", description="a test", licence="MIT")

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Any:
        return MySystem().generate(case, seed=seed, settings=settings)


def failures(system: object) -> list[str]:
    assert isinstance(system, VideoModel)
    return [check.name for check in check_adapter("x", {}, instance=system) if check.status == "fail"]


@pytest.mark.parametrize("name", controls())
def test_every_control_passes(name: str) -> None:
    checks = list(check_adapter(name, {}))
    assert passed(checks), checks


def test_the_template_passes_and_is_short() -> None:
    checks = list(check_adapter("a2bench.adapters.template:MySystem", {"strength": "0.5"}))
    assert passed(checks), checks
    source = Path(sys.modules[MySystem.__module__].__file__ or "")
    assert len(source.read_text().splitlines()) <= 40


def test_a_program_can_pass(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, sys\nfrom fractions import Fraction\nfrom pathlib import Path\nimport numpy as np\n"
        "from PIL import Image\nfrom a2bench.model.video import Video, write_video\n"
        "r = json.loads(Path(sys.argv[1]).read_text())\n"
        "image = Image.open(r['elements'][0]['reference']).convert('RGB').resize((r['width'], r['height']))\n"
        "frames = np.stack([np.asarray(image)] * r['num_frames'])\n"
        "write_video(Video(frames, Fraction(r['fps'])), Path(r['output']))\n"
    )
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(program))}"
    checks = list(check_adapter("command", {"command": command}))
    assert passed(checks), checks


def test_a_good_adapter_passes() -> None:
    assert failures(Good()) == []


class Small(Good):
    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Any:
        return Video(np.zeros((4, 16, 16, 3), np.uint8), Fraction(24))


class Random(Good):
    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Any:
        shape = (settings.num_frames, settings.height, settings.width, 3)
        return Video(np.frombuffer(os.urandom(int(np.prod(shape))), np.uint8).reshape(shape), settings.fps)


class Vandal(Good):
    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Any:
        video = super().generate(case, seed=seed, settings=settings)
        case.elements[0].reference.path.write_bytes(case.elements[0].reference.path.read_bytes() + b" ")
        return video


class Crashing(Good):
    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Any:
        raise RuntimeError("CUDA out of memory")


class Careless(Good):
    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Any:
        if "unreadable" in case.elements[0].reference.file:
            raise ValueError("oops")
        return super().generate(case, seed=seed, settings=settings)


class Listing(Good):
    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Any:
        return [1, 2, 3]


class Nameless(Good):
    meta = ModelMeta(name="nameless", revision="1")


class WithoutMeta(Good):
    meta = "good"  # type: ignore[assignment]


class BadIdentity(Good):
    def identity(self, case: Case) -> dict[str, Any]:
        return {"path": Path()}


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (Small, ["size", "number of frames", "frame rate"]),
        (Random, ["same seed, same video"]),
        (Vandal, ["references untouched"]),
        (Crashing, ["generate"]),
        (Careless, ["refuses with AdapterError"]),
        (Listing, ["generate"]),
        (Nameless, ["meta"]),
        (WithoutMeta, ["meta"]),
        (BadIdentity, ["hooks"]),
    ],
)
def test_a_broken_promise_is_named(system: type[Good], expected: list[str]) -> None:
    found = failures(system())
    assert found[: len(expected)] == expected


def test_what_fails_comes_with_what_to_do() -> None:
    for system in (Small, Random, Vandal, Crashing, Careless, Listing, Nameless, BadIdentity):
        for check in check_adapter("x", {}, instance=system()):
            assert check.status == "pass" or (check.found and check.advice), check


def test_a_slow_construction_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_adapter.py").write_text("import time\nclass Slow:\n    def __init__(self): time.sleep(1.1)\n")
    monkeypatch.syspath_prepend(tmp_path)
    checks = {check.name: check for check in check_adapter("slow_adapter:Slow", {})}
    assert checks["construction"].status == "fail"
    assert checks["meta"].status == "fail"


def test_a_heavy_import_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jax.py").write_text("")
    (tmp_path / "heavy_adapter.py").write_text("import jax\nclass Heavy:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    checks = {check.name: check for check in check_adapter("heavy_adapter:Heavy", {})}
    sys.modules.pop("jax")  # monkeypatch would bring this one back
    assert checks["light import"].status == "fail"
    assert "jax" in checks["light import"].found


@pytest.mark.parametrize(
    ("name", "options", "failing"),
    [
        ("nothing", {}, "import"),
        ("no_such_module:X", {}, "import"),
        ("collage", {"speed": "2"}, "construction"),
        ("folder", {"path": "/no/such/folder"}, "construction"),
        ("command", {}, "construction"),
    ],
)
def test_what_cannot_be_made_is_one_failed_check(name: str, options: dict[str, str], failing: str) -> None:
    last = list(check_adapter(name, options))[-1]
    assert (last.name, last.status) == (failing, "fail")


def test_a_check_takes_little_time() -> None:
    started = time.process_time()
    list(check_adapter("collage", {}))
    assert time.process_time() - started < 5
