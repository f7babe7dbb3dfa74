"""What earlier releases wrote, laid out anew, and the commands that made it."""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from a2bench.base.hashing import file_sha256

HERE = Path(__file__).parent
PLACE = "/tmp/a2bench-frozen"
"""Where ``make.py`` made everything."""
VERSIONS = sorted(path.parent.name for path in HERE.glob("*/commands.json"))


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What a command with ``--json`` said."""
        assert self.code == 0, self
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """A command that made frozen data: what was typed after ``a2bench``, and in which folder."""

    argv: tuple[str, ...]
    folder: str
    exit: int

    @property
    def run(self) -> str:
        """The run folder that an ``eval`` filled, below the frozen folder."""
        named = self.argv[self.argv.index("-o") + 1] if "-o" in self.argv else None
        return named or ("project/runs/night" if self.folder == "project" else "runs/collage-a2bench-mini")


def commands_of(version: str) -> list[Command]:
    listed = json.loads((HERE / version / "commands.json").read_text(encoding="utf-8"))
    return [Command(tuple(entry["argv"]), entry["folder"], entry["exit"]) for entry in listed]


EVALS = [(version, command) for version in VERSIONS for command in commands_of(version) if command.argv[0] == "eval"]
EVAL_IDS = [f"{version}: {command.run}" for version, command in EVALS]


@dataclass(frozen=True)
class Frozen:
    """The data of one release where a test may look at them."""

    version: str
    place: Path

    def records(self, run: str, journal: str) -> list[dict[str, Any]]:
        """The records of a journal of a run, as they stand in the file."""
        lines = (self.place / run / journal).read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["record"] if "record" in json.loads(line) else json.loads(line) for line in lines]

    def said(self, name: str) -> Any:
        """What a command of the release said."""
        return json.loads((self.place / "said" / name).read_text(encoding="utf-8"))


def lay_out(version: str, place: Path) -> Frozen:
    """A copy of the frozen data, whose runs and studies say where they lie now, as those of a user do."""
    shutil.copytree(HERE / version, place)
    for manifest in place.rglob("run.json"):
        manifest.write_text(manifest.read_text(encoding="utf-8").replace(PLACE, str(place)), encoding="utf-8")
    with contextlib.closing(sqlite3.connect(place / "studies/studies.db")) as database:
        database.execute("UPDATE study SET media = replace(media, ?, ?)", (PLACE, str(place)))
        database.commit()
    return Frozen(version, place)


def bytes_below(folder: Path) -> dict[str, str]:
    """SHA-256 of every file by its path below a folder."""
    return {str(path.relative_to(folder)): file_sha256(path) for path in folder.rglob("*") if path.is_file()}


A2Bench = Callable[..., Result]
"""A command, given the folder that it is typed in and the words after ``a2bench``."""


def fresh_a2bench(folder: Path, *arguments: str) -> Result:
    """The same in a process of its own: a system stays in a process, with the folder that it was opened in."""
    ended = subprocess.run(
        [sys.executable, "-m", "a2bench", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in ended.stdout + ended.stderr
    return Result(ended.returncode, ended.stdout, ended.stderr)
