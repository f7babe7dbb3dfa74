"""What a system is asked for: cases, their elements and references, and the suites they come in.

A suite is a file ``NAME.jsonl`` with one case a line; its images lie in a folder ``references`` beside the file or one
level above it. Unknown keys are errors, so a misspelt one cannot change a result unseen.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from a2bench.data import data_dir
from a2bench.errors import CaseError, UnknownNameError
from a2bench.hashing import file_sha256, value_sha256

Role = Literal["character", "object", "background"]
ROLES: tuple[Role, ...] = ("character", "object", "background")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageFile(_Record):
    """An image of the suite, by its path below the suite's ``references`` folder and the hash of its bytes."""

    file: Annotated[str, Field(min_length=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    root: Annotated[Path, Field(exclude=True, repr=False)] = Path()
    """The ``references`` folder; filled in when a suite is loaded, never written."""

    @model_validator(mode="before")
    @classmethod
    def _fill_root(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(data, dict) and "root" not in data and info.context:
            return {**data, "root": info.context["root"]}
        return data

    @model_validator(mode="after")
    def _stays_below_root(self) -> "ImageFile":
        parts = Path(self.file).parts
        if Path(self.file).is_absolute() or ".." in parts:
            raise ValueError(f"file {self.file!r} must be a path below the references folder")
        return self

    @property
    def path(self) -> Path:
        """Where the image lies on this machine."""
        return self.root / self.file

    def verified_path(self) -> Path:
        """The path, after checking that the bytes are the ones the case names.

        Raises:
            CaseError: the file is missing or its hash differs.
        """
        if not self.path.is_file():
            raise CaseError(f"reference {self.file!r} is missing: no such file {self.path}; run `a2bench suites check`")
        found = file_sha256(self.path)
        if found != self.sha256:
            raise CaseError(
                f"reference {self.file!r} has SHA-256 {found[:12]}..., but the suite names {self.sha256[:12]}...; "
                "restore the file or run `a2bench suites check`"
            )
        return self.path


class Element(_Record):
    """One thing that must appear in the video."""

    role: Role
    phrase: Annotated[str, Field(min_length=1)]
    """The words that name it, exactly as they stand in the prompt."""
    reference: ImageFile
    """The image that is shown to the system."""
    second_views: tuple[ImageFile, ...] = ()
    """Held-out images of the same element: for metrics only, never shown to a system."""
    cutout: ImageFile | None = None
    """An image whose alpha channel isolates the element; it may be the reference itself."""


class Case(_Record):
    """A prompt with its elements."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    prompt: Annotated[str, Field(min_length=1, max_length=2000)]
    elements: Annotated[tuple[Element, ...], Field(min_length=1, max_length=8)]
    tags: tuple[str, ...] = ()
    seconds: Annotated[float, Field(gt=0, le=60)] | None = None
    """Suggested length of the video."""

    @model_validator(mode="after")
    def _phrases_stand_in_the_prompt(self) -> "Case":
        for element in self.elements:
            if element.phrase not in self.prompt:
                raise ValueError(f"the phrase {element.phrase!r} of the {element.role} does not stand in the prompt")
        if sum(element.role == "background" for element in self.elements) > 1:
            raise ValueError("a case has at most one background")
        return self

    @cached_property
    def element_ids(self) -> tuple[str, ...]:
        """A name for each element, in order: its role, and from the second of a role on a number (``character-2``)."""
        seen: dict[str, int] = {}
        ids = []
        for element in self.elements:
            seen[element.role] = seen.get(element.role, 0) + 1
            ids.append(element.role if seen[element.role] == 1 else f"{element.role}-{seen[element.role]}")
        return tuple(ids)

    def named_elements(self, *roles: Role) -> Iterator[tuple[str, Element]]:
        """``(element id, element)`` for the elements of these roles (all when none is given), in order."""
        for name, element in zip(self.element_ids, self.elements, strict=True):
            if not roles or element.role in roles:
                yield name, element

    def generation_identity(self) -> dict[str, Any]:
        """What makes the video: the prompt and the bytes and roles of the references in order."""
        return {"prompt": self.prompt, "references": [[e.role, e.reference.sha256] for e in self.elements]}

    def scoring_identity(self) -> dict[str, Any]:
        """What metrics may look at: all of the case except its id, tags, file names and suggested length."""
        return {
            "prompt": self.prompt,
            "elements": [
                {
                    "role": e.role,
                    "phrase": e.phrase,
                    "reference": e.reference.sha256,
                    "second_views": [view.sha256 for view in e.second_views],
                    "cutout": e.cutout.sha256 if e.cutout else None,
                }
                for e in self.elements
            ],
        }


@dataclass(frozen=True)
class Suite:
    """A named set of cases, in file order."""

    name: str
    path: Path
    cases: tuple[Case, ...]

    @cached_property
    def revision(self) -> str:
        """Twelve hex digits that change when any case or any reference changes."""
        return value_sha256([case.model_dump(mode="json") for case in self.cases])[:12]

    @property
    def is_built_in(self) -> bool:
        """Whether the suite comes with A2Bench."""
        return self.path == suite_paths().get(self.name)

    @property
    def references_dir(self) -> Path:
        """Where the suite's images lie."""
        return references_dir(self.path)

    def select(self, ids: Iterable[str] | None = None, limit: int | None = None) -> "Suite":
        """The suite with only these cases, or only the first ``limit`` of them.

        Raises:
            UnknownNameError: a case id that the suite does not have.
        """
        cases = self.cases
        if ids is not None:
            wanted = list(ids)
            known = {case.id for case in cases}
            for case_id in wanted:
                if case_id not in known:
                    raise UnknownNameError("case", case_id, known)
            cases = tuple(case for case in cases if case.id in wanted)
        return Suite(self.name, self.path, cases[:limit])


def references_dir(suite_path: Path) -> Path:
    """The folder ``references`` beside a suite's file or one level above it.

    Raises:
        CaseError: neither is there.
    """
    for parent in (suite_path.parent, suite_path.parent.parent):
        if (parent / "references").is_dir():
            return parent / "references"
    raise CaseError(f"no folder 'references' beside {suite_path} or one level above it; put the suite's images there")


def suite_paths() -> dict[str, Path]:
    """The suites that come with A2Bench, by name."""
    return {path.stem: path for path in sorted(data_dir("prompts").glob("*.jsonl"))}


def load_suite(name: str) -> Suite:
    """Load a built-in suite by its name, or any suite by the path of its ``.jsonl`` file.

    Raises:
        UnknownNameError: no suite of that name.
        CaseError: the file cannot be read as a suite; the message names the line and the key.
    """
    path = suite_path(name)
    cases, errors = read_suite(path)
    if errors:
        raise errors[0]
    return Suite(path.stem, path, cases)


def suite_path(name: str) -> Path:
    """The file of a suite, given the name of a built-in one or the path of any ``.jsonl`` file.

    Raises:
        UnknownNameError: no suite of that name.
        CaseError: no such file.
    """
    known = suite_paths()
    if name in known:
        return known[name]
    if not name.endswith(".jsonl") and "/" not in name:
        raise UnknownNameError("suite", name, known)
    path = Path(name).resolve()
    if not path.is_file():
        raise CaseError(f"no suite file {name}; expected a .jsonl file with one case a line")
    return path


class SuiteContent(NamedTuple):
    """What a suite's file holds: the cases that can be read, and what is wrong with each of the other lines."""

    cases: tuple[Case, ...]
    errors: tuple[CaseError, ...]


def read_suite(path: Path) -> SuiteContent:
    """Read every line of a suite's file, also behind a broken one.

    Raises:
        CaseError: there is no folder of references, or the file is not UTF-8 text.
    """
    root = references_dir(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaseError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    cases: list[Case] = []
    errors: list[CaseError] = []
    seen: dict[str, int] = {}
    # Only "\n" ends a line: str.splitlines() would also cut at U+2028, which may stand in a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path.name} line {number}"
        try:
            case = _read_case(line, root, where)
            if case.id in seen:
                raise CaseError(f"{where}: case {case.id!r} was already defined in line {seen[case.id]}")
        except CaseError as error:
            errors.append(error)
        else:
            seen[case.id] = number
            cases.append(case)
    if not cases and not errors:
        errors.append(CaseError(f"{path} has no cases; expected one JSON object a line"))
    return SuiteContent(tuple(cases), tuple(errors))


def _read_case(line: str, root: Path, where: str) -> Case:
    try:
        return Case.model_validate(json.loads(line, object_pairs_hook=_unique_keys), context={"root": root})
    except json.JSONDecodeError as error:
        raise CaseError(f"{where} is not JSON: {error.msg} at column {error.colno}") from None
    except _DuplicateKeyError as error:
        raise CaseError(f"{where}: the key {error.args[0]!r} stands twice in one object; keep one") from None
    except RecursionError:
        raise CaseError(f"{where} is nested too deeply; expected one flat case") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "case"
        message = re.sub(r"^Value error, ", "", first["msg"])
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise CaseError(f"{where}: {key}: {message}{more}") from None


class _DuplicateKeyError(Exception):
    """JSON lets a key stand twice and keeps the last; here the first would be lost unseen."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise _DuplicateKeyError(key)
    return dict(pairs)
