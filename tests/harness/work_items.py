"""Functions that workers call in tests."""

import os
import signal
import time
from typing import Any


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
