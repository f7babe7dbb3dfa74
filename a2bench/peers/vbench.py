"""Result files of VBench: ``NAME_eval_results.json``, one for all dimensions or one for each.

A file is ``{dimension: [score, [{"video_path": ..., "video_results": ...}, ...]]}``. VBench's own script takes a
dimension that is not there for 0, which turns negative after its normalisation; here it stays missing, and so do the
totals that need it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a2bench.errors import InputError
from a2bench.peers.definitions import VBENCH
from a2bench.peers.json_files import number, read_object
from a2bench.peers.reported import Reported

ENDING = "_eval_results.json"


def is_results(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a result of VBench: known dimensions with a score and a list of videos each."""
    keys = {key.replace(" ", "_") for key in document}
    return bool(keys) and keys <= VBENCH.dimensions.keys() and all(isinstance(v, list) for v in document.values())


def result_files(folder: Path) -> list[Path]:
    """The result files in a folder."""
    return sorted(path for path in folder.glob(f"*{ENDING}") if path.is_file())


def read_results(paths: list[Path], system: str | None = None, source: str | None = None) -> Reported:
    """Read the dimensions of one system from one or more files.

    Raises:
        InputError: two files have the same dimension; a score is missing or outside 0 to 1.
    """
    values: dict[str, float | None] = {}
    scored: dict[str, int] = {}
    found_in: dict[str, Path] = {}
    for path in paths:
        document = read_object(path)
        if not is_results(document):
            raise InputError(f'{path} must hold {{"DIMENSION": [SCORE, [VIDEOS]], ...}} with dimensions of VBench')
        for key, entry in document.items():
            dimension = key.replace(" ", "_")
            if dimension in found_in:
                raise InputError(f"{dimension} stands in {found_in[dimension]} and in {path}; keep one")
            value = number(entry[0]) if entry else None
            if value is None or not 0 <= value <= 1:
                shown = entry[0] if entry else "missing"
                raise InputError(f"{path}: the score of {dimension} is {shown!r}, not a number from 0 to 1")
            found_in[dimension] = path
            values[dimension] = 100 * value
            scored[dimension] = len(entry[1]) if len(entry) > 1 and isinstance(entry[1], list) else 0
    first = paths[0]
    return Reported(
        suite=VBENCH,
        system=system or (first.name.removesuffix(ENDING) if len(paths) == 1 else first.resolve().parent.name),
        values=values,
        source=source or first.name,
        scored=scored,
    )
