"""Short names for runs that stand side by side."""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from a2bench.results.run import Run


def named_runs(runs: Sequence[Run]) -> dict[str, Run]:
    """A short name for each run: its system, or its folder where two runs share a system.

    No two names look the same: of folders of one name, or of names that are one text in two Unicode forms, the later
    ones get numbers.
    """
    systems = [run.manifest.system.name for run in runs]
    named: dict[str, Run] = {}
    seen: set[str] = set()
    for run in runs:
        system = run.manifest.system.name
        name = base = system if systems.count(system) == 1 else _folder_name(run.store.folder)
        number = 1
        while unicodedata.normalize("NFC", name) in seen:
            number += 1
            name = f"{base} ({number})"
        seen.add(unicodedata.normalize("NFC", name))
        named[name] = run
    return named


def _folder_name(path: Path) -> str:
    """The name of a folder as text; bytes of it that are not UTF-8 stand there in hex."""
    return os.fsencode(path.resolve().name).decode("utf-8", "backslashreplace")
