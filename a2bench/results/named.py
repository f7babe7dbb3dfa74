"""Short names for runs that stand side by side."""

import os
import unicodedata
from pathlib import Path

from a2bench.results.current import CurrentRecords
from a2bench.run.store import RunStore


def named_runs(runs: list[Path]) -> dict[str, CurrentRecords]:
    """A short name for each run: its system, or its folder where two runs share a system.

    No two names look the same: of folders of one name, or of names that are one text in two Unicode forms, the later
    ones get numbers.
    """
    records = [CurrentRecords(RunStore(run)) for run in runs]
    systems = [run.manifest.system.name for run in records]
    named: dict[str, CurrentRecords] = {}
    seen: set[str] = set()
    for path, run in zip(runs, records, strict=True):
        system = run.manifest.system.name
        name = base = system if systems.count(system) == 1 else _folder_name(path)
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
