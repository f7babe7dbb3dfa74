"""The folder of a board: written from its inputs, checked against them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from a2bench import __version__
from a2bench.errors import InputError
from a2bench.harness.files import check_outside_of_runs, write_atomically
from a2bench.harness.store import explained_output_errors
from a2bench.hashing import bytes_sha256, canonical_json
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
    try:
        contents = board_files(inputs)
        forged = [entry["name"] for entry in inputs["entries"] if entry["sha256"] != entry_sha256(entry)]
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, jinja2.TemplateError) as error:
        return [*problems, f"{INPUTS}: no board can be made from it ({type(error).__name__}: {error})"]
    problems += [f"{INPUTS}: the values of {name!r} are not those of its hash" for name in forged]
    if inputs["a2bench"] != __version__:
        problems.append(f"the board was made by A2Bench {inputs['a2bench']}, this is {__version__}: numbers may differ")
    there = _files(folder)
    problems += media_problems(inputs, there)
    for name, data in contents.items():
        if name not in there:
            problems.append(f"{name}: missing")
        elif there[name].read_bytes() != data:
            problems.append(f"{name}: altered, it does not follow from {INPUTS}")
    wanted = contents.keys() | {f"{MEDIA}/{name}" for name in inputs["media"]["files"]}
    problems += [f"{name}: does not belong to the board" for name in sorted(there.keys() - wanted)]
    return problems


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
