"""Native settings are the default of every system, and what departs from them is said wherever its numbers stand."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

from a2bench.adapters.controls import Collage
from a2bench.base import registry
from a2bench.model.cases import Suite
from a2bench.model.systems import GenerationSettings, NativeSettings
from a2bench.run.one_video import generate_video
from a2bench.run.plan import unsupported
from tests.cli.conftest import Run

NATIVE = NativeSettings(width=96, height=64, num_frames=5, fps=Fraction(15), frames_step=4, frames_plus=1)


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> NativeSettings:
    """The control `collage` as a system that was released for something."""
    monkeypatch.setattr("a2bench.run.work._systems", {})
    monkeypatch.setattr(Collage, "meta", Collage.meta.model_copy(update={"native": NATIVE}))
    return NATIVE


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("skyreels-a2", GenerationSettings(width=832, height=480, num_frames=69, fps=Fraction(15))),
        ("wan-vace-1.3b", GenerationSettings(width=832, height=480, num_frames=81, fps=Fraction(16))),
        ("consisid", GenerationSettings(width=720, height=480, num_frames=49, fps=Fraction(8))),
        ("collage", GenerationSettings()),
    ],
)
def test_each_system_has_the_settings_that_it_was_released_for(name: str, settings: GenerationSettings) -> None:
    assert registry.load("adapter", name).meta.default_settings == settings


def test_a_length_is_said_in_frames_or_in_seconds_and_must_be_allowed() -> None:
    by_seconds = NativeSettings(width=1280, height=720, fps=Fraction(24), seconds=5)
    assert by_seconds.settings().num_frames == 120
    for wrong in ({}, {"num_frames": 8, "seconds": 1}, {"num_frames": 6, "frames_step": 4, "frames_plus": 1}):
        with pytest.raises(ValidationError):
            NativeSettings(width=96, height=64, fps=Fraction(8), **wrong)  # type: ignore[arg-type]


def test_a_length_that_the_system_cannot_make_is_refused_before_any_work(suite: Suite, native: NativeSettings) -> None:
    def refusal(frames: int) -> str | None:
        return unsupported(Collage(), suite.cases[0], GenerationSettings(width=96, height=64, num_frames=frames))

    assert refusal(9) is None
    assert not NativeSettings(width=96, height=64, fps=Fraction(8), num_frames=17, frames_step=8, frames_plus=9).allows(
        1
    )
    assert refusal(10) == "collage makes 4k+1 frames, not 10; choose --num-frames so"


def test_eval_takes_them_and_says_what_departs_everywhere(
    a2bench: Run,
    suite_path: Path,
    native: NativeSettings,
) -> None:
    words = ["eval", "-m", "collage", "--suite", suite_path, "--limit", "1", "--metrics", "sharpness,temporal_flicker"]
    plain = a2bench(*words, "-o", "plain", "-j", "1")
    assert plain.code == 0, plain.err
    assert json.loads(Path("plain/run.json").read_text())["settings"]["fps"] == "15"
    assert "not native" not in plain.out + plain.err
    departed = a2bench(*words, "-o", "departed", "-j", "1", "--fps", "8", "--num-frames", "9")
    assert "collage: 9 frames instead of 5, which is what it was released for" in departed.err
    assert "made: not native: 9 frames instead of 5, 8 fps instead of 15" in departed.out
    assert "temporal_flicker: 1 noted: not native, which touches it: 8 fps instead of 15" in departed.out
    assert "sharpness: 1 noted" not in departed.out
    assert "not native: 9 frames instead of 5" in Path("departed/report/index.html").read_text()


def test_a_run_goes_on_with_its_own_settings_whatever_the_defaults_are_now(
    a2bench: Run,
    suite_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ["generate", "-m", "collage", "--suite", suite_path, "--seeds", "0,1", "--size", "96x64", "-o", "run"]
    assert a2bench(*words, "--num-frames", "6").code == 0
    monkeypatch.setattr("a2bench.run.work._systems", {})
    monkeypatch.setattr(Collage, "meta", Collage.meta.model_copy(update={"native": NATIVE}))
    told = json.loads(a2bench("generate", "-m", "collage", "-o", "run", "--dry-run", "--json").out)
    assert told["stages"]["generate"]["states"] == {"done": 6}


def test_one_video_by_hand_is_native_too_and_its_record_says_what_departs(
    suite: Suite, native: NativeSettings, tmp_path: Path
) -> None:
    references = [(element.role, element.reference.path) for element in suite.cases[0].elements]
    plain = generate_video("collage", suite.cases[0].prompt, references, tmp_path / "a.mp4")
    assert (plain.record["settings"]["num_frames"], plain.record["departures"]) == (5, {})
    settings = GenerationSettings(width=96, height=64, num_frames=9, fps=Fraction(15))
    other = generate_video("collage", suite.cases[0].prompt, references, tmp_path / "b.mp4", settings=settings)
    assert other.record["departures"] == {"length": "9 frames instead of 5"}


@pytest.mark.parametrize("damaged", [False, True])
def test_a_run_keeps_its_settings_when_it_is_made_again_or_its_manifest_is_damaged(
    a2bench: Run, suite_path: Path, native: NativeSettings, damaged: bool
) -> None:
    words = ["generate", "-m", "collage", "--suite", suite_path, "--limit", "1", "-o", "run", "-j", "1"]
    assert a2bench(*words, "--size", "64x48", "--num-frames", "9").code == 0
    if damaged:
        Path("run/run.json").write_text("{")
    again = a2bench(*words, *([] if damaged else ["--remake"]), "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["stages"]["generate"]["resumed"] == 1
    assert json.loads(Path("run/run.json").read_text())["settings"]["num_frames"] == 9
