"""Others' sets become suites: what the readers of all formats hand over, and how a suite is written from it.

A reader yields drafts. Writing one finds each element's phrase in the prompt, copies the images and hashes them. Every
record that cannot become a case is named with its place in the source; prompts are never changed.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from a2bench.base.files import check_outside_of_runs, copy_file, write_atomically
from a2bench.base.hashing import canonical_json, file_sha256
from a2bench.base.invalid import complaint
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import Case, Role
from a2bench.model.catalogue import CATALOGUE, read_catalogue
from a2bench.suites.images import MAX_BYTES

_SYNONYMS = {
    "man": ("men", "boy", "guy", "gentleman", "father", "grandfather", "chef", "he"),
    "woman": ("women", "girl", "lady", "mother", "grandmother", "she"),
    "person": ("man", "woman", "individual", "someone"),
    "clothes": ("shirt", "t-shirt", "dress", "jacket", "coat", "sweater", "suit", "clothing", "outfit"),
    "seaside": ("beach", "sea", "shore", "ocean", "coast"),
    "earphone": ("earphones", "headphones", "headset"),
    "motor": ("motorcycle", "motorbike", "scooter"),
    "chiken": ("chicken",),
    "livingroom": ("living room",),
    "teddybear": ("teddy bear",),
}
"""Other words that prompts of published sets use for their labels; the first that stands in the prompt is taken."""


@dataclass(frozen=True)
class DraftElement:
    """An element as a source has it: a phrase if it gives one, else a label to look for in the prompt."""

    role: Role
    image: str
    phrase: str | None = None
    label: str = ""
    views: tuple[str, ...] = ()
    cutout: str | None = None


@dataclass(frozen=True)
class Draft:
    """A case as a source has it. where: the place in the source, for errors."""

    where: str
    id: str
    prompt: str
    elements: tuple[DraftElement, ...]
    tags: tuple[str, ...] = ()
    split: str | None = None
    seconds: float | None = None


class Lacking(NamedTuple):
    """An element without words in its prompt: a row of the table that a person fills in."""

    id: str
    element: int
    label: str
    prompt: str
    phrase: str
    suggestion: str


@dataclass
class ImportResult:
    """What became of a set. problems: by place in the source, why a record is no case."""

    path: Path
    imported: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    phrases_file: Path | None = None


@dataclass(frozen=True)
class Terms:
    """Licence, attribution and source that go into the catalogue for every image; empty ones are found by the check."""

    licence: str = ""
    attribution: str = ""
    source: str = ""


def write_suite(
    drafts: Iterable[Draft | tuple[str, str]],
    images: Path,
    output: Path,
    name: str,
    terms: Terms,
    phrases: dict[tuple[str, int], str],
    *,
    skip: bool,
) -> ImportResult:
    """Write ``output/NAME.jsonl`` with its ``references`` from drafts (or places and problems, from a reader).

    images: folder that the drafts' paths are below. phrases: by case id and element number (from 1), in place of what
    would be looked for. skip: leave out records that cannot become cases, else one of them refuses the set.

    Raises:
        CaseError: records that cannot become cases, and not ``skip``; or no record can.
        InputError: the output exists already or cannot be written.
    """
    path = output / f"{name}.jsonl"
    if path.exists():
        raise InputError(f"{path} exists already; choose another --name or folder, or remove it")
    check_outside_of_runs(output)
    result = ImportResult(path)
    lines: list[str] = []
    rows: dict[str, tuple[str, Path]] = {}
    lacking: list[Lacking] = []
    ids: set[str] = set()
    for draft in drafts:
        if not isinstance(draft, Draft):
            result.problems[draft[0]] = draft[1]
            continue
        try:
            case = _case(draft, images, phrases, lacking)
        except CaseError as error:
            result.problems[draft.where] = str(error)
            continue
        if case.id in ids:
            result.problems[draft.where] = f"has the id {case.id!r} of an earlier record; each case needs its own"
            continue
        ids.add(case.id)
        for element in case.elements:
            for image in (element.reference, *element.second_views, *filter(None, [element.cutout])):
                rows[image.file] = (image.sha256, images / image.file)
        lines.append(canonical_json(case.model_dump(mode="json")))
    result.imported = len(lines)
    try:
        output.mkdir(parents=True, exist_ok=True)
        if lacking:
            result.phrases_file = output / f"{name}.phrases.csv"
            write_atomically(result.phrases_file, _table(Lacking._fields, _still_lacking(result.phrases_file, lacking)))
        if not lines or (result.problems and not skip):
            raise CaseError(_refusal(result))
        catalogue = _catalogue(output / "references", rows, terms)
        for file, (_, source) in rows.items():
            target = output / "references" / file
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                copy_file(source, target)
        write_atomically(output / "references" / CATALOGUE, catalogue)
        write_atomically(path, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise InputError(f"cannot write to {output}: {error.strerror or error}") from None
    return result


def _still_lacking(path: Path, lacking: list[Lacking]) -> list[Lacking]:
    """The rows of the next table: those of an earlier one that a person filled in, and what lacks beside them."""
    rows = read_rows(path, Lacking._fields) if path.is_file() else ()
    filled = {
        (row["id"], row["element"]): Lacking(
            row["id"], int(row["element"]), *(row[name] for name in Lacking._fields[2:])
        )
        for _, row in rows
        if row["phrase"] and row["element"].isdigit()
    }
    return [*filled.values(), *(row for row in lacking if (row.id, str(row.element)) not in filled)]


def _catalogue(folder: Path, rows: dict[str, tuple[str, Path]], terms: Terms) -> bytes:
    """The catalogue of a folder with these images added; what another suite there has stays.

    Raises:
        InputError: another image of the same name lies there.
    """
    for file, (sha256, _) in rows.items():
        if (folder / file).exists() and file_sha256(folder / file) != sha256:
            raise InputError(
                f"{folder / file} is there already and is another image, which other suites may use; choose another "
                "folder with --output"
            )
    columns = ["file", "licence", "attribution", "source", "sha256"]
    merged: dict[str, dict[str, str]] = {}
    if read_catalogue(folder):  # which says in one sentence what is wrong with it
        with (folder / CATALOGUE).open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            columns = list(dict.fromkeys([*(reader.fieldnames or ()), *columns]))
            merged = {row["file"].strip(): row for row in reader}
    for file, (sha256, _) in rows.items():
        said = {"file": file, **vars(terms), "sha256": sha256}
        merged[file] = merged.get(file, {}) | {name: text for name, text in said.items() if text}
    return _table(tuple(columns), [tuple(merged[file].get(name) or "" for name in columns) for file in sorted(merged)])


def _refusal(result: ImportResult) -> str:
    shown = [f"\n  {where}: {problem}" for where, problem in list(result.problems.items())[:20]]
    more = f"\n  and {len(result.problems) - 20} more" if len(result.problems) > 20 else ""
    file = result.phrases_file
    remedy = f"\nfill in {file} and give it with --phrases {file}, " if file else "\nmend them, "
    left = f"or leave them out with --skip (then {result.imported} cases remain)" if result.imported else ""
    total = len(result.problems)
    return f"{total} records cannot become cases:{''.join(shown)}{more}{remedy}{left}".rstrip(", ")


def _table(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(row)
    return text.getvalue().encode()


# --- one case -------------------------------------------------------------------------------------------------------


def _case(draft: Draft, images: Path, phrases: dict[tuple[str, int], str], lacking: list[Lacking]) -> Case:
    elements: list[dict[str, Any]] = []
    taken: list[str] = []
    missing: list[str] = []
    for number, element in enumerate(draft.elements, start=1):
        phrase = phrases.get((draft.id, number)) or element.phrase or find_phrase(draft.prompt, element, taken)
        if phrase is None:
            missing.append(element.label or element.role)
            label = element.label or element.role
            lacking.append(Lacking(draft.id, number, label, draft.prompt, "", _suggestion(draft.prompt, element)))
            continue
        taken.append(phrase)
        views = [_image(images, view) for view in element.views]
        data: dict[str, Any] = {"role": element.role, "phrase": phrase, "reference": _image(images, element.image)}
        elements.append(data | {"second_views": views})
        if element.cutout:
            elements[-1]["cutout"] = _image(images, element.cutout)
    if missing:
        words = ", ".join(repr(label) for label in missing)
        raise CaseError(f"no words of its own in the prompt for {words}")
    case = {"id": draft.id, "prompt": draft.prompt, "elements": elements, "tags": draft.tags}
    optional = {"split": draft.split, "seconds": draft.seconds}
    try:
        return Case.model_validate(case | {key: value for key, value in optional.items() if value is not None})
    except ValidationError as error:
        raise CaseError(complaint(error).text()) from None


def find_phrase(prompt: str, element: DraftElement, taken: list[str]) -> str | None:
    """The words of the prompt that name an element, or None: the label or another word for it, that no other has.

    >>> find_phrase("A boy rides in the park.", DraftElement("character", "x.png", label="Man"), [])
    'boy'
    """
    label = re.sub(r"[_-]+", " ", element.label).strip()
    for word in (label, *_SYNONYMS.get(label.casefold().replace(" ", ""), ())):
        if not word:
            continue
        for match in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", prompt, re.IGNORECASE):
            if not any(_overlap(match[0], other) for other in taken):
                return match[0]
    return None


def _suggestion(prompt: str, element: DraftElement) -> str:
    """For a place, the words behind the last ``in``, ``on`` or ``at``: often right, and so for a person to accept."""
    if element.role != "background":
        return ""
    places = re.findall(r"\b(?:in|on|at|inside|near|beside|along|through|across) ((?:the|an?) [\w '-]+)", prompt)
    return str(places[-1]) if places else ""


def _overlap(one: str, other: str) -> bool:
    return one.casefold() in other.casefold() or other.casefold() in one.casefold()


def _image(images: Path, file: str) -> dict[str, str]:
    path = images / file
    if Path(file).is_absolute() or ".." in Path(file).parts:
        raise CaseError(f"the image {file!r} is not a path below {images}")
    if not path.is_file():
        raise CaseError(f"no image {file!r} in {images}")
    if not path.resolve().is_relative_to(images.resolve()):
        raise CaseError(f"the image {file!r} is a link that leads out of {images}")
    if path.stat().st_size > MAX_BYTES:
        raise CaseError(f"the image {file!r} has more than {MAX_BYTES / 1e6:.0f} MB")
    return {"file": Path(file).as_posix(), "sha256": file_sha256(path)}


# --- reading --------------------------------------------------------------------------------------------------------


def read_phrases(path: Path) -> dict[tuple[str, int], str]:
    """The phrases that a person filled in, by case id and element number.

    Raises:
        CaseError: not such a table.
    """
    phrases = {}
    for number, row in read_rows(path, ("id", "element", "phrase")):
        if row["phrase"]:
            if not row["element"].isdigit():
                raise CaseError(f"{path.name} line {number}: element {row['element']!r} is not a number from 1 on")
            phrases[row["id"], int(row["element"])] = row["phrase"]
    return phrases


def read_rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers, stripped; columns without a name are left out.

    Raises:
        CaseError: not CSV in UTF-8, or a needed column is not there.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"{path} cannot be read as UTF-8 text: {error}") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    lacking = [column for column in needed if column not in (reader.fieldnames or ())]
    if lacking:
        columns = ", ".join(reader.fieldnames or ()) or "none"
        raise CaseError(f"{path.name} has no column {' and no '.join(map(repr, lacking))}; its columns are: {columns}")
    try:
        for row in reader:
            if None in row:
                raise CaseError(
                    f"{path.name} line {reader.line_num} has more cells than columns; quote those with commas"
                )
            yield reader.line_num, {key: (value or "").strip() for key, value in row.items() if key}
    except csv.Error as error:
        raise CaseError(f"{path.name} line {reader.line_num} is not CSV: {error}") from None


def read_json(path: Path) -> Any:
    """A JSON document.

    Raises:
        CaseError: it is none.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise CaseError(f"{path} cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise CaseError(f"{path.name} line {error.lineno} is not JSON: {error.msg} at column {error.colno}") from None
