"""OpenCV as metrics use it: imported late, with one thread, and as ``Any``, because its own stubs are incomplete."""

from functools import cache
from importlib import import_module
from typing import Any


@cache
def opencv() -> Any:
    """The module ``cv2``. One thread: results must not depend on the number of cores."""
    cv2 = import_module("cv2")
    cv2.setNumThreads(1)
    return cv2
