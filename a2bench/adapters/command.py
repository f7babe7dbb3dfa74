"""Any program as a system: it is called with a JSON request and leaves a video where the request says."""

import contextlib
import ctypes
import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path
from typing import IO, Any

from a2bench.base.hashing import file_sha256, value_sha256
from a2bench.base.inputs import check_seed, check_text
from a2bench.errors import AdapterError, InputError, VideoError
from a2bench.model.cases import Case
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.video import probe_video

REQUEST_SCHEMA = 1
_SCRIPT_BYTES = 1 << 20


class Command:
    """A program that makes one video per call.

    The command is split as a shell would, but no shell runs it. ``{request}`` and ``{output}`` stand for the path of
    the JSON request and the path where the video is expected; without either, the request's path is the last argument.

    The request: ``schema`` (1), ``case``, ``prompt``, ``elements`` (each with ``role``, ``phrase``, ``reference``: an
    absolute path, ``sha256``), ``seed``, ``width``, ``height``, ``num_frames``, ``fps`` (text, exact: ``"16"`` or
    ``"24000/1001"``) and ``output``.

    Args:
        command: the command line.
        timeout: seconds after which the program and all that it started are killed.
        name: name of the system, for tables.
        revision: what changes with its weights or code; a hash of the command line and its scripts if not given.
        device: ``gpu`` (one call at a time and device), ``cpu`` (one per core) or ``remote``.
        max_references: how many references fit.

    Raises:
        InputError: an argument cannot be understood, or there is no such program.
    """

    meta = ModelMeta(
        name="command",
        revision="command",
        title="Any program",
        description="a program that is called with a JSON request (--set command='python my.py {request}')",
        device="gpu",
    )

    def __init__(
        self,
        command: str,
        timeout: str = "600",
        name: str = "command",
        revision: str | None = None,
        device: str = "gpu",
        max_references: str = "8",
    ) -> None:
        self.words = _split(check_text(command, "the command"))
        self.timeout = _seconds(timeout)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
            raise InputError(f"name {name!r} must be 1 to 64 letters, digits, dots, dashes or underscores")
        if device not in ("cpu", "gpu", "remote"):
            raise InputError(f"device {device!r} must be cpu, gpu or remote")
        if not max_references.isdecimal() or int(max_references) < 1:
            raise InputError(f"max_references {max_references!r} must be a whole number from 1 on")
        self.meta = Command.meta.model_copy(
            update={
                "name": name,
                "revision": revision or _revision(self.words),
                "device": device,
                "max_references": int(max_references),
            }
        )
        self._folder: Path | None = None

    def identity(self, case: Case) -> dict[str, Any]:
        """What makes the video, beside the revision: the command line, but not how long it may take."""
        return {"command": self.words}

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Path:
        """Run the program once.

        Returns:
            The video, which lies there until the next call.

        Raises:
            AdapterError: the program failed, took too long, or left no readable video.
        """
        check_seed(seed)
        folder = self._fresh_folder()
        request, output = folder / "request.json", folder / "video.mp4"
        request.write_text(
            json.dumps(make_request(case, seed, settings, output), indent=1, ensure_ascii=False), "utf-8"
        )
        words = [word.replace("{request}", str(request)).replace("{output}", str(output)) for word in self.words]
        if words == self.words:
            words.append(str(request))
        self._run(words, folder / "messages.txt")
        try:
            probe_video(output)
        except VideoError as error:
            raise AdapterError(f"{self.meta.name} ended without a usable video: {error}") from None
        return output

    def _run(self, words: list[str], messages: Path) -> None:
        with messages.open("w+b") as stderr:
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    start_new_session=True,
                    preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                )
            except OSError as error:
                raise AdapterError(f"{self.meta.name} cannot be started: {words[0]}: {error.strerror}") from None
            try:
                code = process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                raise AdapterError(
                    f"{self.meta.name} took longer than {self.timeout:g} s and was killed (--set timeout=SECONDS)"
                    f"{_last_lines(stderr)}"
                ) from None
            finally:
                if process.returncode is None:  # too late, or interrupted: it and all its children
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            if code:
                how = f"with exit code {code}" if code > 0 else f"by {signal.Signals(-code).name}"
                raise AdapterError(f"{self.meta.name} ended {how}{_last_lines(stderr)}")

    def _fresh_folder(self) -> Path:
        """An empty folder for one call; the one of the call before is removed, the last one when the process ends."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="a2bench-command-"))
            Finalize(self, shutil.rmtree, args=(self._folder, True), exitpriority=0)
        for old in self._folder.iterdir():
            shutil.rmtree(old, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._folder))


def make_request(case: Case, seed: int, settings: GenerationSettings, output: Path) -> dict[str, Any]:
    """What the program is told; second views and cut-outs are for metrics and controls only.

    Raises:
        CaseError: a reference is missing or altered.
    """
    return {
        "schema": REQUEST_SCHEMA,
        "case": case.id,
        "prompt": case.prompt,
        "elements": [
            {
                "role": element.role,
                "phrase": element.phrase,
                "reference": str(element.reference.verified_path().resolve()),
                "sha256": element.reference.sha256,
            }
            for element in case.elements
        ],
        "seed": seed,
        **settings.model_dump(mode="json"),
        "output": str(output),
    }


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(f"the command {command!r} cannot be split into words: {error}") from None
    if not words:
        raise InputError("the command is empty; expected a program, as in command='python my.py {request}'")
    if shutil.which(words[0]) is None:
        raise InputError(f"no program {words[0]!r} to run; give its path, or check the command {command!r}")
    return words


def _seconds(timeout: str) -> float:
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise InputError(f"timeout {timeout!r} must be a positive number of seconds")
    return seconds


def _revision(words: list[str]) -> str:
    """A hash of the command line and of the scripts that it names."""
    return value_sha256([words, [file_sha256(Path(word)) for word in words if _is_script(Path(word))]])[:12]


def _is_script(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size > _SCRIPT_BYTES:
        return False
    with path.open("rb") as file:
        return file.read(4) != b"\x7fELF"  # an interpreter differs between machines that give equal videos


def _last_lines(stream: IO[bytes], lines: int = 5, characters: int = 600) -> str:
    """The end of what the program said on stderr, ready to be appended to a message."""
    stream.seek(max(0, stream.seek(0, os.SEEK_END) - 8192))
    text = stream.read().decode(errors="replace")
    last = [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
    return "; its last words: " + "\n".join(last)[-characters:] if last else "; it said nothing on stderr"


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """In the child: be killed when the worker that waits for it dies (Linux)."""
    assert _libc is not None
    pr_set_pdeathsig = 1
    _libc.prctl(pr_set_pdeathsig, signal.SIGKILL)
