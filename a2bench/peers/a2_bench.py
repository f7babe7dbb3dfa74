"""Result files of A2-Bench, by the names that its leaderboard's source uses.

The evaluator was never released, and of two names only the beginning is known (``aesthetic...``, ``motion...``), so any
key that begins like this is taken. A file is a JSON object ``{name: value}``, or a CSV file with a column ``model`` and
a line per system.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from a2bench.errors import InputError
from a2bench.peers.definitions import A2_BENCH
from a2bench.peers.json_files import number
from a2bench.peers.reported import Reported

_NAMES = {
    "human_face_similarity": "id",
    "other_subject_clip": "object",
    "env_clip": "background",
    "image_quality": "image_quality",
    "dynamic_degree": "dynamic_degree",
    "clip_score": "clip",
}
_BEGINNINGS = {"aesthetic": "aesthetic_quality", "motion": "motion_smoothness"}
_TOTALS = ("comprehensive", "comprehensive_score", "total")


def is_results(names: Mapping[str, Any] | list[str]) -> bool:
    """Whether these keys or columns are those of A2-Bench's leaderboard."""
    return {"human_face_similarity", "env_clip"} <= set(names)


def read_json(path: Path, document: Mapping[str, Any], system: str | None = None) -> Reported:
    """Read one system's values.

    Raises:
        InputError: a value is no number, or outside its scale.
    """
    return _row(path, document, system or str(document.get("model") or path.stem), str(path))


def read_csv(path: Path, lines: list[str]) -> Iterator[Reported]:
    """Read one system per line.

    Raises:
        InputError: there is no column ``model``; a value is no number, or outside its scale.
    """
    reader = csv.DictReader(lines)
    if "model" not in (reader.fieldnames or ()):
        raise InputError(f"{path} has no column 'model'; its columns are {', '.join(reader.fieldnames or ())}")
    for row in reader:
        yield _row(path, row, row["model"] or "?", f"{path} line {reader.line_num}")


def _row(path: Path, given: Mapping[str, Any], system: str, where: str) -> Reported:
    values: dict[str, float | None] = {}
    published: dict[str, float] = {}
    for name, value in given.items():
        key = _NAMES.get(name) or next((key for start, key in _BEGINNINGS.items() if name.startswith(start)), None)
        found = number(value)
        if name in _TOTALS and found is not None:
            published["comprehensive"] = found
        if key is None or value in ("", None):
            continue
        high = 100 if key == "clip" else 1
        if found is None or not -high <= found <= high:
            raise InputError(f"{where}: {name} is {value!r}, not a number up to {high}")
        values[key] = found
    return Reported(A2_BENCH, system, values, path.name, published)
