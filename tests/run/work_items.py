"""Functions and systems that workers call in tests."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

from a2bench.base.steps import tell_step
from a2bench.model.cases import Case
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.video import Video
from a2bench.run.execute import Later
from tests.loopback import wait_until


def die(argument: dict[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def double(argument: dict[str, Any]) -> int:
    return 2 * int(argument["n"])


def fail(argument: dict[str, Any]) -> float:
    return 1 / 0


def hang(argument: dict[str, Any]) -> None:
    time.sleep(600)


def shout(argument: dict[str, Any]) -> None:
    os.write(1, b"from the worker\n")


class OneCharacter:
    """A system that takes a single reference and must never be asked for more."""

    meta = ModelMeta(name="one-character", revision="1", max_references=1, roles=("character",))

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        raise AssertionError("asked for a case that it cannot take")


class InSteps:
    """A system that tells its three steps; ``pause`` seconds pass in each."""

    meta = ModelMeta(name="in-steps", revision="1")

    def __init__(self, pause: str = "0") -> None:
        self.pause = float(pause)

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        for step in range(3):
            time.sleep(self.pause)
            tell_step(step + 1, 3)
        return Video(np.zeros((settings.num_frames, settings.height, settings.width, 3), np.uint8), settings.fps)


class Paints:
    """A system that delivers frames of one kind for the case ``only`` (for all, without one), and noise for others."""

    meta = ModelMeta(name="paints", revision="1")

    def __init__(self, what: str = "black", only: str = "") -> None:
        self.what, self.only = what, only

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        shape = (settings.num_frames, settings.height, settings.width, 3)
        what = self.what if self.only in ("", case.id) else "noise"
        frames: Any = np.random.default_rng(seed).integers(0, 255, shape, np.uint8)
        if what in ("black", "red"):
            frames = np.full(shape, (200, 30, 60) if what == "red" else 0, np.uint8)
        if what in ("nan", "inf"):
            frames = (frames / np.float32(255)).astype(np.float32)
            frames[0, 0, 0, 0] = float(what)
        return Video(frames, settings.fps)


def visible_gpu(argument: dict[str, Any]) -> list[Any]:
    notes = Path(argument["notes"])
    (notes / str(os.getpid())).touch()
    wait_until(lambda: len(list(notes.iterdir())) == 2, "the other worker to take an item too")
    return [os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES")]


def in_two_parts(argument: dict[str, Any]) -> Later:
    """The first part notes when it begins, the second when it ends; each takes its seconds."""
    note = Path(argument["notes"]) / f"{argument['n']}-begun"
    note.write_text(str(time.monotonic()))
    time.sleep(argument["first"])

    def finish() -> int:
        time.sleep(argument["second"])
        if until := argument.get("until"):
            wait_until(note.with_name(until).exists, until)
        if argument.get("break"):
            raise ValueError("broken while finishing")
        note.with_name(f"{argument['n']}-ended").write_text(str(time.monotonic()))
        return int(argument["n"])

    return Later(finish)
