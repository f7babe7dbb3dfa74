"""Whether packages can be imported, tried where nothing that they do can hurt: in a process of their own."""

import json
import subprocess
import sys
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO

SECONDS = 120.0
"""A package that takes longer to import, alone, hangs: on a disk that does not answer, or a device that does not."""

# Says each name before its import: whoever ends the process, by a signal or an exit, is the last one named.
_TRY = """
import importlib, json, os, sys
told = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what packages print does not belong to the answers
for name in sys.argv[1:]:
    print(json.dumps([name, "begun"]), file=told, flush=True)
    try:
        importlib.import_module(name)
        why = ""
    except BaseException as error:
        why = f"{type(error).__name__}: {error}"
    print(json.dumps([name, why]), file=told, flush=True)
os._exit(0)
"""


def failing_imports(modules: Iterable[str], seconds: float = SECONDS) -> dict[str, str]:
    """Which of these modules cannot be imported here, and why in one line; those that can are not in it.

    A crash counts as well: a library made for another processor, or one that calls ``exit``.
    """
    waiting, failed = list(dict.fromkeys(modules)), {}
    while waiting:
        answers, end = _tried(waiting, seconds)
        for name, answer in answers.items():
            if answer not in ("", "begun"):
                failed[name] = " ".join(answer.split())
        crashed = [name for name, answer in answers.items() if answer == "begun"]
        if not answers:  # Python itself does not start
            return failed | dict.fromkeys(waiting, end)
        failed.update(dict.fromkeys(crashed, end))
        waiting = [name for name in waiting if name not in answers]
    return failed


def _tried(modules: list[str], seconds: float) -> tuple[dict[str, str], str]:
    """The last answer about each module that was reached, and how the process ended."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _TRY, *modules],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace",
    )  # fmt: skip
    assert process.stdout
    lines: SimpleQueue[str | None] = SimpleQueue()
    Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
    answers: dict[str, str] = {}
    try:
        while (line := lines.get(timeout=seconds)) is not None:
            name, answer = json.loads(line)
            answers[name] = answer
        return answers, _ending(process.wait())
    except Empty:
        return answers, f"its import had not ended after {seconds:.0f} s"
    finally:
        process.kill()
        process.wait()


def _pass_on(output: IO[str], lines: "SimpleQueue[str | None]") -> None:
    """All lines of an output, then None; a queue can be waited for with a limit, and a pipe cannot everywhere."""
    with output:
        for line in output:
            lines.put(line)
    lines.put(None)


def _ending(code: int) -> str:
    if code < 0:
        import signal

        return f"its import ends Python with {signal.Signals(-code).name}"
    return f"its import ends Python with exit code {code}"
