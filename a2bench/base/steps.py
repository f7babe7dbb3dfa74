"""Who hears of the steps of a video under way: systems tell, whoever shows progress listens.

A system that knows its steps calls `tell_step` after each; without a listener nothing happens.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

StepListener = Callable[[int, int], None]
"""Called with the number of steps done and the total."""

_listeners: list[StepListener] = []


def tell_step(done: int, total: int) -> None:
    """Say that ``done`` of ``total`` steps of the video under way are done."""
    for listener in _listeners:
        listener(done, total)


@contextmanager
def listening(listener: StepListener) -> Iterator[None]:
    """Let a listener hear all steps of this process while inside.

    >>> with listening(lambda done, total: print(f"{done}/{total}")):
    ...     tell_step(1, 50)
    1/50
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
