"""Readers of others' sets: OpenS2V-Eval, A2-Bench, and a table of one's own; each yields drafts of cases.

OpenS2V-Eval (PKU-YuanGroup/OpenS2V-Nexus): one JSON object, id -> ``img_paths``, ``prompt``, ``synthesis_flag``,
``class_label``. A2-Bench (Skywork/A2-Bench) has published no description of its files; what is known are the folders
``human_masked/``, ``thing/`` and ``environment/`` with the class as a folder, so names of fields can be set.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from a2bench.errors import CaseError, InputError
from a2bench.model.cases import ROLES, Role
from a2bench.suites.importing import Draft, DraftElement, read_json, read_rows

Drafts = Iterator[Draft | tuple[str, str]]
"""Drafts, and for each record that is none its place and what is wrong."""

_PLACES = {"environment", "scene", "background", "env"}
_CHARACTERS = {
    *("human", "humans", "human_masked", "man", "woman", "person", "face", "boy", "girl", "crop_man", "crop_woman"),
    *("animal", "animals", "cat", "dog", "bird", "bear", "chiken", "chicken", "mouse", "horse", "robot"),
}


def read_opens2v(path: Path, fields: Mapping[str, str]) -> Drafts:
    """The records of an OpenS2V-Eval JSON file; ``class_label`` is looked for in the prompt."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise CaseError(f"{path.name} is not an OpenS2V-Eval file: expected one object, id -> record")
    names = {"img_paths": "img_paths", "prompt": "prompt", "class_label": "class_label", **fields}
    for key, record in document.items():
        where = f"{path.name} record {key!r}"
        try:
            paths = _strings(record, names["img_paths"])
            labels = _strings(record, names["class_label"])
            if len(paths) != len(labels):
                raise CaseError(f"has {len(paths)} {names['img_paths']} but {len(labels)} {names['class_label']}")
            elements = [
                DraftElement(_role(image, label), image, label=label)
                for image, label in zip(paths, labels, strict=True)
            ]
            prompt = " ".join(_string(record, names["prompt"]).split())
        except CaseError as error:
            yield where, str(error)
        else:
            yield Draft(where, _case_id(key), prompt, _in_order(elements), (f"opens2v-{key.rpartition('_')[0]}",))


def read_a2_bench(path: Path, fields: Mapping[str, str]) -> Drafts:
    """The records of a list of cases (JSON, JSONL or CSV), with one image or several for each role.

    fields: which field of a record is ``id``, ``prompt``, ``character``, ``object``, ``background``, and the phrases
    ``character_phrase`` and so on; without it, the usual names are tried.
    """
    usual = {
        "id": ("id", "name", "index"),
        "prompt": ("prompt", "caption", "text"),
        "character": ("character", "human", "subject", "person"),
        "object": ("object", "thing"),
        "background": ("background", "environment", "env", "scene"),
    }
    for number, record in _records(path):
        where = f"{path.name} {'line' if path.suffix != '.json' else 'record'} {number}"
        try:
            if not isinstance(record, dict):
                raise CaseError(f"is {type(record).__name__}; expected an object")
            names = {
                key: fields.get(key) or next((name for name in tries if name in record), key)
                for key, tries in usual.items()
            }
            elements = []
            for role in ROLES:
                if not record.get(names[role]):
                    continue
                field = fields.get(f"{role}_phrase", f"{role}_phrase")
                given = _strings(record, field) if record.get(field) else []
                for place, image in enumerate(_strings(record, names[role])):
                    phrase = given[place] if place < len(given) else None
                    elements.append(DraftElement(role, image, phrase, label=_label(image)))
            if not elements:
                wanted = ", ".join(repr(names[role]) for role in ROLES)
                raise CaseError(f"has no image in {wanted}; its fields are {', '.join(record)}; name them with --field")
            key = str(record.get(names["id"]) or f"case-{number}")
            yield Draft(where, _case_id(key), _string(record, names["prompt"]), tuple(elements), ("a2-bench",))
        except CaseError as error:
            yield where, str(error)


def read_table(path: Path, fields: Mapping[str, str]) -> Drafts:
    """The rows of a table of one's own: ``id``, ``prompt``, and for each element columns named by it.

    ``character`` (or ``character-2``, ``object``, ``background``) is the image, ``character_phrase`` the words of the
    prompt, ``character_views`` and ``character_cutout`` further images; ``tags``, ``split`` and ``seconds`` may follow.
    Several values in a cell are separated by semicolons.
    """
    for number, row in read_rows(path, (fields.get("id", "id"), fields.get("prompt", "prompt"))):
        where = f"{path.name} line {number}"
        row = {name: row.get(fields.get(name, name), "") for name in {*row, *fields}}
        try:
            names = [name for name in row if re.fullmatch(rf"({'|'.join(ROLES)})(-[2-9])?", name) and row[name]]
            names.sort(key=lambda name: (ROLES.index(_role_of(name)), name))
            elements = []
            for name in names:
                if not row.get(f"{name}_phrase"):
                    raise CaseError(f"column {name + '_phrase'!r} is empty; expected its words in the prompt")
                elements.append(
                    DraftElement(
                        _role_of(name),
                        row[name],
                        row[f"{name}_phrase"],
                        views=tuple(_cells(row.get(f"{name}_views", ""))),
                        cutout=row.get(f"{name}_cutout") or None,
                    )
                )
            if not elements:
                raise CaseError("has no image; expected one in a column 'character', 'object' or 'background'")
            seconds = float(row["seconds"]) if row.get("seconds") else None
            tags = tuple(_cells(row.get("tags", "")))
            yield Draft(where, row["id"], row["prompt"], tuple(elements), tags, row.get("split") or None, seconds)
        except CaseError as error:
            yield where, str(error)
        except ValueError:
            yield where, f"seconds {row['seconds']!r} is not a number"


READERS: dict[str, Callable[[Path, Mapping[str, str]], Drafts]] = {
    "opens2v": read_opens2v,
    "a2-bench": read_a2_bench,
    "csv": read_table,
}


def find_list(source: Path, format_name: str) -> Path:
    """The file that lists the cases: the source itself, or the one such file in a folder.

    Raises:
        InputError: no such file, or several.
    """
    if source.is_file():
        return source
    if not source.is_dir():
        raise InputError(f"no {source}; expected a file or a folder with one")
    endings = {"opens2v": (".json",), "a2-bench": (".json", ".jsonl", ".csv"), "csv": (".csv",)}[format_name]
    found = sorted(path for path in source.iterdir() if path.suffix in endings and path.is_file())
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise InputError(f"{source} has {len(found)} lists of cases ({' '.join(endings)}): {names}; name one of them")
    return found[0]


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    if path.suffix == ".csv":
        for number, row in read_rows(path, ()):
            yield number, {name: value for name, value in row.items() if value}
    elif path.suffix == ".jsonl":
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except json.JSONDecodeError as error:
                    yield number, f"not JSON: {error.msg}"
    else:
        document = read_json(path)
        if isinstance(document, dict):
            document = [
                {"id": key, **record} if isinstance(record, dict) else record for key, record in document.items()
            ]
        if not isinstance(document, list):
            raise CaseError(f"{path.name} is not a list of cases")
        yield from enumerate(document, start=1)


def _string(record: Any, key: str) -> str:
    if not isinstance(record, dict) or key not in record:
        fields = ", ".join(record) if isinstance(record, dict) else type(record).__name__
        raise CaseError(f"has no field {key!r}; its fields are {fields}")
    value = record[key]
    if not isinstance(value, str) or not value.strip():
        raise CaseError(f"{key!r} is {value!r}; expected text")
    return value


def _strings(record: Any, key: str) -> list[str]:
    value = record.get(key) if isinstance(record, dict) else None
    if isinstance(value, list) and value and all(isinstance(item, str) and item.strip() for item in value):
        return value
    if isinstance(value, list):
        raise CaseError(f"{key!r} is {value!r}; expected a list of texts")
    return _cells(_string(record, key))


def _cells(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _case_id(key: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", key.casefold()).strip("-_")[:64]


def _role(image: str, label: str) -> Role:
    """The role of an image by the folders it lies in and its label."""
    words = {part.casefold() for part in Path(image).parts[:-1]} | {label.casefold()}
    if words & _PLACES:
        return "background"
    return "character" if words & _CHARACTERS else "object"


def _role_of(name: str) -> Role:
    return next(role for role in ROLES if name.startswith(role))


def _label(image: str) -> str:
    """The class of an image of A2-Bench: the folder behind ``thing``, ``human_masked`` or ``environment``, or its."""
    parts = Path(image).parts
    for place, part in enumerate(parts[:-2]):
        if part.casefold() in _PLACES | {"thing", "human", "human_masked"}:
            return parts[place + 1]
    return parts[-2] if len(parts) > 1 else Path(image).stem


def _in_order(elements: list[DraftElement]) -> tuple[DraftElement, ...]:
    return tuple(sorted(elements, key=lambda element: ROLES.index(element.role)))
