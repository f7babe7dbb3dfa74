"""Functions and systems that workers call in tests."""

import os
import signal
import time
from typing import Any

from a2bench.cases import Case
from a2bench.systems import GenerationSettings, ModelMeta
from a2bench.video import Video


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
