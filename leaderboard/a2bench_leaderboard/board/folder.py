"""The folder of a board: written from its inputs, checked against them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from a2bench.base.files import check_outside_of_runs, explained_output_errors, write_atomically
from a2bench.base.hashing import bytes_sha256, canonical_json
from a2bench.base.version import __version__
from a2bench.errors import InputError
from a2bench.statistics import VERSION as STATISTICS
from a2bench_leaderboard.board.document import board_document
from a2bench_leaderboard.board.every_eval_ever import every_eval_ever_files
from a2bench_leaderboard.board.inputs import entry_sha256
from a2bench_leaderboard.board.media import FOLDER as MEDIA
from a2bench_leaderboard.board.media import copy_media, media_problems
from a2bench_leaderboard.board.page import ASSETS, asset_text, page_html
from a2bench_leaderboard.board.pages import page_files
from a2bench_leaderboard.board.reading import (
    DOCUMENT,
    INDEX,
    INPUTS,
    MANIFEST,
    board_sha256,
    manifest_text,
    read_json,
    read_sums,
)
from a2bench_leaderboard.board.releases import check_frozen
from a2bench_leaderboard.board.tables import latex, markdown, numbers_csv, pairs_csv


def board_files(inputs: Mapping[str, Any]) -> dict[str, bytes]:
    """Every file of a board but its media, by path below the folder; equal inputs give equal bytes."""
    text = canonical_json(inputs)
    inputs = json.loads(text)  # the order of keys is that of the file, whoever made them
    document = board_document(inputs) | {"inputs_sha256": bytes_sha256(text.encode())}
    texts = {
        **{name: asset_text(name) for name in ASSETS},
        DOCUMENT: _json_lines(document),
        "leaderboard.csv": numbers_csv(document),
        "pairs.csv": pairs_csv(document),
        "LEADERBOARD.md": markdown(document),
        "leaderboard.tex": latex(document),
        INPUTS: text + "\n",
        **page_files(inputs, document),
        **every_eval_ever_files(document),
    }
    contents = {name: text.encode() for name, text in texts.items()}
    sums = {name: bytes_sha256(data) for name, data in contents.items()}
    sums |= {f"{MEDIA}/{name}": name.partition(".")[0] for name in inputs["media"]["files"]}
    index = page_html(document, board_sha256(sums)).encode()
    contents |= {INDEX: index, MANIFEST: manifest_text(sums | {INDEX: bytes_sha256(index)}).encode()}
    return dict(sorted(contents.items()))


def _json_lines(document: Mapping[str, Any]) -> str:
    """JSON with a line for each key and for each entry of a list below it: two boards can be compared by lines."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            text = "[\n" + ",\n".join(_json(part) for part in value) + "\n]"
        else:
            text = _json(value)
        lines.append(f"{_json(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_board(inputs: Mapping[str, Any], folder: Path, media: Mapping[str, Path] | None = None) -> Path:
    """Write a board into a folder of its own; an older board there is replaced, unless it is a frozen release.

    Args:
        inputs: of the board.
        folder: where it goes.
        media: where the files that ``inputs["media"]`` names are now; those that are in the folder already may lack.

    Returns:
        The path of ``index.html``.

    Raises:
        InputError: the folder holds something else, or a release with other bytes.
        OutputError: it cannot be written.
    """
    contents = board_files(inputs)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; choose a folder with --output")
    there = {name for name in _files(folder) if not Path(name).name.startswith(".tmp-")}
    wanted = contents.keys() | {f"{MEDIA}/{name}" for name in inputs["media"]["files"]}
    others = sorted(there - wanted - read_sums(folder).keys())
    if others:
        raise InputError(f"{folder} holds something other than a board ({others[0]}); choose another folder")
    if link := next((path for path in folder.rglob("*") if path.is_symlink() and path.is_dir()), None):
        raise InputError(
            f"{link} is a link to a folder elsewhere, into which no board is written; choose another folder"
        )
    check_frozen(folder, contents[MANIFEST])
    check_outside_of_runs(folder)
    with explained_output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        copy_media(inputs["media"], media or {}, folder)
        for name, data in contents.items():
            (folder / name).parent.mkdir(exist_ok=True)
            write_atomically(folder / name, data)
        for name in there - wanted:
            (folder / name).unlink()
    return folder / INDEX


def _files(folder: Path) -> dict[str, Path]:
    """Every file by its path below a folder."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}


def verify_board(folder: Path, expected: Mapping[str, Any] | None = None) -> list[str]:
    """Everything in a board's folder that does not follow from its inputs; nothing when all is well.

    Args:
        folder: of the board.
        expected: the inputs as they are read from runs; the board's own are compared with them.

    Raises:
        InputError: the folder is no board.
    """
    inputs = read_json(folder, INPUTS)
    problems = []
    if expected is not None:
        problems += [f"{INPUTS}: {where} is not what the runs say" for where in differing(inputs, expected)]
    problems += _problems_of_another_version(folder, inputs) if built_by_another(inputs) else _problems(folder, inputs)
    try:
        forged = [entry["name"] for entry in inputs["entries"] if entry["sha256"] != entry_sha256(entry)]
        problems += [f"{INPUTS}: the values of {name!r} are not those of its hash" for name in forged]
        problems += media_problems(inputs, _files(folder))
    except _BAD_INPUTS as error:
        problems.append(f"{INPUTS}: no board can be made from it ({type(error).__name__}: {error})")
    return list(dict.fromkeys(problems))


_BAD_INPUTS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, jinja2.TemplateError)


def built_by_another(inputs: Mapping[str, Any]) -> str | None:
    """The version of A2Bench that built a board, where it is not this one: its pages cannot be drawn here again."""
    version = inputs.get("a2bench")
    return version if isinstance(version, str) and version != __version__ else None


def _problems(folder: Path, inputs: Mapping[str, Any]) -> list[str]:
    """Every byte that does not follow from the inputs."""
    try:
        contents = board_files(inputs)
    except _BAD_INPUTS as error:
        return [f"{INPUTS}: no board can be made from it ({type(error).__name__}: {error})"]
    there, problems = _files(folder), []
    for name, data in contents.items():
        if name not in there:
            problems.append(f"{name}: missing")
        elif there[name].read_bytes() != data:
            problems.append(f"{name}: altered, it does not follow from {INPUTS}")
    return problems + _strangers(there, contents.keys(), inputs)


def _problems_of_another_version(folder: Path, inputs: Mapping[str, Any]) -> list[str]:
    """What can be held of a board that another version built: every file against its manifest, numbers against inputs.

    A weaker check than `_problems`, and said to be: whoever forges a page can forge the manifest, but then the hash by
    which the board is known is another. Intervals and ranks are held only where the statistics are of one version.
    """
    there, sums, problems = _files(folder), read_sums(folder), []
    for name, digest in sums.items():
        if name.startswith(f"{MEDIA}/"):
            continue  # held by `media_problems`
        if name not in there:
            problems.append(f"{name}: missing")
        elif bytes_sha256(there[name].read_bytes()) != digest:
            problems.append(f"{name}: altered, {MANIFEST} says otherwise")
    if DOCUMENT in there and INPUTS in sums:
        try:
            again = {entry["name"]: entry["numbers"] for entry in board_document(inputs)["entries"]}
            told = {entry["name"]: entry["numbers"] for entry in read_json(folder, DOCUMENT)["entries"]}
            if read_json(folder, DOCUMENT).get("statistics") != STATISTICS:
                told, again = _without_statistics(told), _without_statistics(again)
            problems += [f"{DOCUMENT}: {where} does not follow from {INPUTS}" for where in differing(told, again)]
        except _BAD_INPUTS as error:
            problems.append(f"{INPUTS}: its numbers cannot be made again ({type(error).__name__}: {error})")
    return problems + _strangers(there, sums.keys() | {MANIFEST}, inputs)


def _without_statistics(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """What of a board's numbers another version of the statistics leaves as it is: means, and what they are over."""
    kept = ("value", "scored", "total", "cases")
    return {
        entry: {
            part: {name: {key: cell[key] for key in kept} for name, cell in row.items()} for part, row in parts.items()
        }
        for entry, parts in numbers.items()
    }


def _strangers(there: Mapping[str, Path], wanted: Iterable[str], inputs: Mapping[str, Any]) -> list[str]:
    known = {*wanted, *(f"{MEDIA}/{name}" for name in inputs["media"]["files"])}
    return [f"{name}: does not belong to the board" for name in sorted(there.keys() - known)]


def differing(one: Any, two: Any, where: str = "") -> list[str]:
    """Where two JSON values differ, as paths; of a long list only the first place."""
    if isinstance(one, dict) and isinstance(two, dict):
        keys = sorted(one.keys() | two.keys())
        return [
            path
            for key in keys
            for path in (
                differing(one[key], two[key], f"{where}.{key}".lstrip("."))
                if key in one and key in two
                else [f"{where}.{key}".lstrip(".")]
            )
        ]
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for index, (a, b) in enumerate(zip(one, two, strict=True)):
            if found := differing(a, b, f"{where}[{index}]"):
                return found
        return []
    return [] if one == two else [where]
