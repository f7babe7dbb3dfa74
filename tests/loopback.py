"""Servers of tests: each answers in a thread or a process of its own for as long as a test needs it.

Other work may keep the machine busy: what is waited for is that something holds, never that some seconds have passed.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseServer
from typing import TypeVar

Server = TypeVar("Server", bound=BaseServer)

PATIENCE = 300.0
"""Seconds after which what was waited for is taken to be broken, not slow."""


@contextmanager
def answering(server: Server) -> Iterator[Server]:
    """The server, answering until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wait_until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something holds. It may raise where it can never hold, as when a process has ended.

    Raises:
        TimeoutError: it does not hold for so long that something is broken.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


def hear_interrupts() -> None:
    """For ``preexec_fn``: a program that a shell started in the background, tests included, is deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def free_port() -> int:
    """A port of loopback that nobody listens on now; somebody else may take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def last_words(*logs: Path, characters: int = 4000) -> str:
    """The ends of what servers wrote, for the messages of tests that fail."""
    parts = []
    for log in logs:
        text = log.read_text(errors="replace")[-characters:].strip() if log.is_file() else "(no such file)"
        parts.append(f"--- {log.name}:\n{text or '(nothing)'}")
    return "\n".join(parts)
