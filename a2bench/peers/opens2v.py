"""Result files of OpenS2V-Eval: a folder with one JSON per metric, the merged JSON of a system, the board's CSV.

Normalisation of single items is that of ``eval/merge_result.py`` (v1.1): clamp, then a linear scale. One thing differs:
what the script leaves out without a word (a video that is not there, a face that is not found, a NexusScore of exactly
0, a judge that answered "error") is counted here, so that a mean over 1 of 180 items does not look like one over all.
"""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

from a2bench.errors import InputError
from a2bench.peers.definitions import OPENS2V
from a2bench.peers.json_files import number, read_object
from a2bench.peers.reported import Reported

_SINGLE = {"singlehuman", "singleface", "singleobj"}
_KINDS = _SINGLE | {"multihuman", "multiface", "multiobject", "humanobj", "faceobj"}
"""What items are of, as their ids say: ``faceobj_14``."""

_METRIC_FILES: dict[str, tuple[str, str]] = {
    "aesthetic_score.json": ("aesthetics", "aes_score"),
    "motion_smoothness.json": ("motion_smoothness", "motion_smoothness"),
    "motion_amplitude.json": ("motion_amplitude", "motion_fb"),
    "facesim.json": ("facesim", "cur_score"),
    "gmescore.json": ("gmescore", "gme_score"),
    "nexusscore.json": ("nexusscore", "nexus_score"),
}
_JUDGE_FILES = tuple(f"naturalscore_{repeat}.json" for repeat in (1, 2, 3))

_TO_PERCENT: dict[str, Callable[[float], float]] = {
    "aesthetics": lambda x: 100 * (min(max(x, 4), 7) - 4) / 3,
    "motion_smoothness": lambda x: 100 * min(abs(x), 1),
    "motion_amplitude": lambda x: 100 * min(abs(x), 1),
    "facesim": lambda x: 100 * min(x, 1),
    "gmescore": lambda x: 100 * min(x, 1),
    "nexusscore": lambda x: 100 * min(x, 0.05) / 0.05,
    "naturalscore": lambda x: 100 * (min(max(x, 1), 5) - 1) / 4,
}
_MERGED_KEYS = {
    "aes_score": "aesthetics",
    "motion_smoothness": "motion_smoothness",
    "motion_amplitude": "motion_amplitude",
    "facesim_cur": "facesim",
    "gme_score": "gmescore",
    "nexus_score": "nexusscore",
    "natural_score": "naturalscore",
}
_CSV_COLUMNS = {
    "Aesthetics": "aesthetics",
    "MotionSmoothness": "motion_smoothness",
    "MotionAmplitude": "motion_amplitude",
    "FaceSim": "facesim",
    "GmeScore": "gmescore",
    "NexusScore": "nexusscore",
    "NaturalScore": "naturalscore",
}


def is_results_folder(path: Path) -> bool:
    """Whether a folder holds OpenS2V-Eval's files, one per metric."""
    return any((path / name).is_file() for name in (*_METRIC_FILES, *_JUDGE_FILES))


def read_results_folder(path: Path, system: str | None = None, board: str | None = None) -> Reported:
    """Read a folder of per-metric files, ``{id: {...}}`` each.

    board: ``open``, ``human`` or ``single``; by the ids when not given.

    Raises:
        InputError: a file is not in that shape.
    """
    values: dict[str, dict[str, float]] = {}
    ids: set[str] = set()
    errors = 0
    for name, (dimension, key) in _METRIC_FILES.items():
        if (path / name).is_file():
            items = _items(path / name)
            ids |= items.keys()
            found = {item: number(entry.get(key)) for item, entry in items.items() if isinstance(entry, dict)}
            if items and not any(isinstance(entry, dict) and key in entry for entry in items.values()):
                raise InputError(f'{path / name} must hold {{"ID": {{"{key}": NUMBER}}, ...}}; no item has {key!r}')
            values[dimension] = {item: value for item, value in found.items() if value is not None}
            if dimension == "nexusscore":  # an object that is never found is left out of the mean, as the suite does
                values[dimension] = {item: value for item, value in values[dimension].items() if value != 0}
    repeats: dict[str, list[float]] = {}
    for name in _JUDGE_FILES:
        if (path / name).is_file():
            for item, answer in _items(path / name).items():
                ids.add(item)
                if (value := number(answer)) is None:
                    errors += 1
                else:
                    repeats.setdefault(item, []).append(value)
    if repeats:
        values["naturalscore"] = {item: fmean(answers) for item, answers in repeats.items()}
    if not ids:
        raise InputError(f"{path} holds no scored item")
    suite = OPENS2V[board or board_of(ids)]
    # Clamped by item, then averaged: the order of the suite's own script.
    means = {
        key: fmean(_TO_PERCENT[key](value) for value in values[key].values()) if values.get(key) else None
        for key in suite.dimensions
    }
    notes = []
    if errors:
        notes.append(f"the judge gave no number {errors} times; these answers are left out")
    return Reported(
        suite=suite,
        system=system or path.resolve().name,
        values=means,
        source=path.name,
        scored={key: len(values.get(key, {})) for key in suite.dimensions},
        items=suite.items,
        notes=tuple(notes),
    )


def _items(path: Path) -> dict[str, Any]:
    items = read_object(path)
    for item in items:
        kind, _, number_text = item.rpartition("_")
        if kind not in _KINDS or not number_text.isdecimal():
            raise InputError(f"{path}: {item!r} is no id of OpenS2V-Eval, such as 'faceobj_14'")
    return items


def board_of(ids: set[str]) -> str:
    """The smallest board that has all these ids; the boards' ids are subsets of each other."""
    kinds = {item.rpartition("_")[0] for item in ids}
    if kinds <= _SINGLE - {"singleobj"}:
        return "human"
    return "single" if kinds <= _SINGLE else "open"


def _board_of_file(path: Path, has_objects: bool) -> str:
    """The board in a file's name; without one, only the human board can be known: it scores no objects."""
    match = re.search(r"(Open|Human|Single)-Domain", path.stem)
    if match is None and has_objects:
        raise InputError(f"{path} may be of the open or the single board; say which with --board open|single")
    return match[1].lower() if match else "human"


def is_merged(document: dict[str, Any]) -> bool:
    """Whether a JSON object is the merged result of ``merge_result.py``."""
    return "total_score" in document and "aes_score" in document


def read_merged(path: Path, document: dict[str, Any], system: str | None = None, board: str | None = None) -> Reported:
    """Read the merged result of a system; values of 0 to 1 become percent.

    Raises:
        InputError: the board stands neither in the file's name nor in ``board``; a value is no number.
    """
    suite = OPENS2V[board or _board_of_file(path, has_objects="nexus_score" in document)]
    values: dict[str, float | None] = {}
    for key, dimension in _MERGED_KEYS.items():
        if key in document and dimension in suite.dimensions:
            found = number(document[key])
            if found is None:
                raise InputError(f"{path}: {key} is {document[key]!r}, not a number")
            values[dimension] = 100 * found
    total = number(document["total_score"])
    name = re.sub(r"[_-]?(Open|Human|Single)-Domain$", "", path.stem)
    return Reported(
        suite=suite,
        system=system or name,
        values=values,
        source=path.name,
        published={"total": 100 * total} if total is not None else {},
        notes=("a merged file does not say how many items were scored",),
    )


def is_board_csv(header: list[str]) -> bool:
    """Whether the first line of a CSV file is that of OpenS2V-Eval's board."""
    return "Model" in header and any(name.startswith("TotalScore") for name in header)


def read_board_csv(path: Path, lines: list[str], board: str | None = None) -> Iterator[Reported]:
    """Read the board's CSV: one row per system, percent.

    Raises:
        InputError: it is of v1.0 or does not say which board it is of; a cell is no percentage.
    """
    reader = csv.DictReader(lines)
    columns = {name.rstrip("↑"): name for name in reader.fieldnames or ()}
    if "Motion" in columns:
        raise InputError(f"{path} is a board of OpenS2V-Eval v1.0, whose rows are known: a2bench totals --published")
    suite = OPENS2V[board or _board_of_file(path, has_objects="NexusScore" in columns)]
    for row in reader:
        cells: dict[str, float | None] = {}
        for name, key in (*_CSV_COLUMNS.items(), ("TotalScore", "total")):
            text = row.get(columns.get(name, ""), "") or ""
            cells[key] = number(text.strip().rstrip("%"))
            if cells[key] is None and text.strip() not in ("", "-"):
                raise InputError(f"{path} line {reader.line_num}: {name} is {text!r}, not a percentage")
        total = cells.pop("total")
        yield Reported(
            suite=suite,
            system=re.sub(r"^\[(.*)\]\(.*\)$", r"\1", row.get("Model") or ""),
            values={key: cells[key] for key in suite.dimensions},
            source=path.name,
            published={"total": total} if total is not None else {},
        )
