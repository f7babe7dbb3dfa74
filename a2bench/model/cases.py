"""What a system is asked for: cases, their elements and references, and the suites they come in.

A suite is a file ``NAME.jsonl`` with one case a line; its images lie in a folder ``references`` beside the file or one
level above it, or in our cache after ``a2bench suites fetch``. Unknown keys are errors, so a misspelt one cannot change
a result unseen. A part of a suite is named ``NAME:dev`` (a split), ``NAME:open`` (the cases that need nothing fetched),
``NAME:short`` (a variant of the prompts), ``NAME:pt`` (a language), or by several of these words: ``NAME:dev:open:pt``.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from a2bench.base.data import data_dir, fetched_image
from a2bench.base.hashing import file_sha256, value_sha256
from a2bench.base.invalid import complaint
from a2bench.errors import CaseError, UnknownNameError
from a2bench.model.catalogue import CatalogueRow, read_catalogue

Role = Literal["character", "object", "background"]
ROLES: tuple[Role, ...] = ("character", "object", "background")
Split = Literal["mini", "dev", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
OPEN = "open"
"""The part of a suite whose images all come with it, so that nothing has to be fetched."""
Variant = Literal["short", "long", "paraphrase"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
"""A language other than English by its BCP 47 tag, such as ``pt`` or ``zh-Hant``."""


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
        """Where the image lies on this machine: in the suite's ``references``, else where ``suites fetch`` put it."""
        path = self.root / self.file
        return path if path.exists() else fetched_image(self.sha256, path.suffix) or path

    def verified_path(self) -> Path:
        """The path, after checking that the bytes are the ones the case names.

        Raises:
            CaseError: the file is missing or its hash differs.
        """
        if not self.path.is_file():
            raise CaseError(
                f"reference {self.file!r} is missing: it is not in {self.root} and was not fetched; put it there or "
                "type `a2bench suites fetch SUITE`, or with --from DIR|ARCHIVE|hub:OWNER/NAME@REVISION"
            )
        found = file_sha256(self.path)
        if found != self.sha256:
            raise CaseError(
                f"reference {self.file!r} has SHA-256 {found[:12]}..., but the suite names {self.sha256[:12]}...; "
                "restore the file or run `a2bench suites check`"
            )
        return self.path


def element_ids(roles: Iterable[str]) -> tuple[str, ...]:
    """Names for elements of these roles: the role, and from the second of a role on a number.

    >>> element_ids(["character", "object", "character"])
    ('character', 'object', 'character-2')
    """
    seen: dict[str, int] = {}
    ids = []
    for role in roles:
        seen[role] = seen.get(role, 0) + 1
        ids.append(role if seen[role] == 1 else f"{role}-{seen[role]}")
    return tuple(ids)


def element_role(element: str) -> str:
    """The role of an element, by the id that `element_ids` gave it.

    >>> element_role("character-2")
    'character'
    """
    return element.partition("-")[0]


def role_rank(role: str) -> tuple[int, str]:
    """Where a role stands in lists: those of E2V first, in their order, then others by name."""
    known: tuple[str, ...] = ROLES
    return (known.index(role) if role in known else len(known), role)


def element_rank(element: str) -> tuple[tuple[int, str], int, str]:
    """Where an element stands in lists: by its role, then by its number."""
    role, _, number = element.partition("-")
    return role_rank(role), int(number) if number.isdecimal() else 1, element


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


class Translation(_Record):
    """A case in another language: what a system is told instead of the English prompt."""

    prompt: Annotated[str, Field(min_length=1, max_length=2000)]
    phrases: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """One for each element, in order, exactly as they stand in the prompt."""


class Case(_Record):
    """A prompt with its elements."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    prompt: Annotated[str, Field(min_length=1, max_length=2000)]
    elements: Annotated[tuple[Element, ...], Field(min_length=1, max_length=8)]
    tags: tuple[str, ...] = ()
    seconds: Annotated[float, Field(gt=0, le=60)] | None = None
    """Suggested length of the video."""
    split: Split | None = None
    """Which part of the suite the case belongs to."""
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = ()
    """The seeds of ``--seeds suite``."""
    variants: Mapping[Variant, Annotated[str, Field(min_length=1, max_length=2000)]] = Field(default_factory=dict)
    """The prompt in other words, with the same phrases in it."""
    translations: Mapping[Language, Translation] = Field(default_factory=dict)
    since: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+(\.[0-9]+)?$")] | None = None
    """The version of the suite that brought the case; None for those of its first version."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "Case":
        wordings = {"the prompt": self.prompt}
        wordings |= {f"the variant {name!r}": prompt for name, prompt in self.variants.items()}
        for where, prompt in wordings.items():
            if "\0" in prompt:
                raise ValueError(f"{where} holds the character NUL; leave it out")
            for element in self.elements:
                if element.phrase not in prompt:
                    raise ValueError(f"the phrase {element.phrase!r} of the {element.role} does not stand in {where}")
        for language, translation in self.translations.items():
            self._check_translation(language, translation)
        if sum(element.role == "background" for element in self.elements) > 1:
            raise ValueError("a case has at most one background")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("the same seed stands twice in seeds; keep one")
        return self

    def _check_translation(self, language: str, translation: Translation) -> None:
        if len(translation.phrases) != len(self.elements):
            raise ValueError(
                f"the translation {language!r} has {len(translation.phrases)} phrases, but the case has "
                f"{len(self.elements)} elements; expected one for each, in order"
            )
        if "\0" in translation.prompt:
            raise ValueError(f"the prompt of the translation {language!r} holds the character NUL; leave it out")
        for phrase in translation.phrases:
            if phrase not in translation.prompt:
                raise ValueError(f"the phrase {phrase!r} does not stand in the prompt of the translation {language!r}")

    @model_serializer(mode="wrap")
    def _leave_out_what_is_not_there(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Optional parts that came after the first suites are written only where they are, so revisions stay."""
        data: dict[str, Any] = write(self)
        return {key: value for key, value in data.items() if value or key not in _OPTIONAL_PARTS}

    @property
    def release(self) -> tuple[int, ...]:
        """The version that brought the case, as numbers to compare; empty for the first version."""
        return tuple(int(number) for number in self.since.split(".")) if self.since else ()

    @property
    def images(self) -> tuple[ImageFile, ...]:
        """Every image of every element: reference, second views and cut-out, in order."""
        return tuple(
            image
            for element in self.elements
            for image in (element.reference, *element.second_views, *filter(None, [element.cutout]))
        )

    @cached_property
    def element_ids(self) -> tuple[str, ...]:
        """A name for each element, in order."""
        return element_ids(element.role for element in self.elements)

    def named_elements(self, *roles: Role) -> Iterator[tuple[str, Element]]:
        """``(element id, element)`` for the elements of these roles (all when none is given), in order."""
        for name, element in zip(self.element_ids, self.elements, strict=True):
            if not roles or element.role in roles:
                yield name, element

    @property
    def wordings(self) -> tuple[str, ...]:
        """The variants and languages that there are besides the English prompt."""
        return (*self.variants, *self.translations)

    def worded(self, wording: str) -> "Case":
        """The case with the prompt (and phrases) of a variant or language, which must be there."""
        others: dict[str, Any] = {"variants": {}, "translations": {}}
        if wording in VARIANTS:
            return self.model_copy(update={"prompt": self.variants[wording], **others})
        translation = self.translations[wording]
        elements = tuple(
            element.model_copy(update={"phrase": phrase})
            for element, phrase in zip(self.elements, translation.phrases, strict=True)
        )
        return self.model_copy(update={"prompt": translation.prompt, "elements": elements, **others})

    def chosen_seeds(self, seeds: tuple[int, ...]) -> tuple[int, ...]:
        """These seeds, or the case's own where none were chosen (``--seeds suite``)."""
        return seeds or self.seeds

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


_OPTIONAL_PARTS = ("split", "seeds", "variants", "translations", "since")


@dataclass(frozen=True)
class Suite:
    """A named set of cases, in file order.

    name: with the parts that were selected, as in ``a2bench-v1:dev:pt``. language: what systems are told the prompts
    in, if not in English; ``cases`` stay English, for that is what metrics read.
    """

    name: str
    path: Path
    cases: tuple[Case, ...]
    language: str | None = None

    @cached_property
    def revision(self) -> str:
        """Twelve hex digits that change when any case or any reference changes."""
        cases = [case.model_dump(mode="json") for case in self.cases]
        return value_sha256([self.language, cases] if self.language else cases)[:12]

    @property
    def is_built_in(self) -> bool:
        """Whether the suite comes with A2Bench."""
        return self.path == suite_paths().get(self.path.stem)

    @property
    def address(self) -> str:
        """What `load_suite` takes to load it again, on this machine."""
        return self.name if self.is_built_in else f"{self.path}{self.name.removeprefix(self.path.stem)}"

    @property
    def file_name(self) -> str:
        """The name as it may stand in the name of a file."""
        return self.name.replace(":", "-")

    @property
    def references_dir(self) -> Path:
        """Where the suite's images lie."""
        return references_dir(self.path)

    def select(self, ids: Iterable[str] | None = None, limit: int | None = None, first: Iterable[str] = ()) -> "Suite":
        """The suite with only these cases, or only the first ``limit`` of them.

        Args:
            ids: of the cases; all when None.
            limit: how many at most.
            first: ids that count as the first ones, wherever they stand.

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
        if limit is not None:
            ahead = set(first)
            chosen = {case.id for case in sorted(cases, key=lambda case: case.id not in ahead)[:limit]}
            cases = tuple(case for case in cases if case.id in chosen)
        return replace(self, cases=cases)

    def asked(self, case: Case) -> Case:
        """A case of this suite as a system is given it: in the language of the suite."""
        return case.worded(self.language) if self.language else case

    def open_cases(self) -> tuple[Case, ...]:
        """The cases whose images all come with the suite, wherever else images lie on this machine.

        Raises:
            CaseError: the catalogue cannot be read.
        """
        rows = read_catalogue(self.references_dir)
        return tuple(case for case in self.cases if all(_is_open(image, rows.get(image.file)) for image in case.images))

    def part(self, word: str) -> "Suite":
        """The cases of a split, the open ones, or those that have a variant or language, in its words.

        Raises:
            UnknownNameError: no case of the suite has that.
            CaseError: the catalogue is needed and cannot be read.
        """
        if word in SPLITS:
            cases = tuple(case for case in self.cases if case.split == word)
        elif word == OPEN:
            cases = self.open_cases()
        else:
            cases = tuple(case for case in self.cases if word in case.wordings)
        if not cases:
            words = dict.fromkeys(word for case in self.cases for word in (case.split, *case.wordings) if word)
            known = [*words, *([OPEN] if self.open_cases() else [])]
            raise UnknownNameError(f"part of suite {self.name!r}", word, known)
        name = f"{self.name}:{word}"
        if word in VARIANTS:
            return replace(self, name=name, cases=tuple(case.worded(word) for case in cases))
        return replace(self, name=name, cases=cases, language=self.language if _kind(word) < 2 else word)


def _is_open(image: ImageFile, row: CatalogueRow | None) -> bool:
    """Whether an image comes with its suite: by its published source, or where none is named by where it lies."""
    if row is not None and row.is_published:
        return row.may_be_committed
    return (image.root / image.file).is_file()


def _kind(word: str) -> int:
    """Which kind of part a word names, in the order in which names have them: split, open, variant or language."""
    return 0 if word in SPLITS else 1 if word == OPEN else 2


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
    """Load a built-in suite by its name, or any suite by the path of its ``.jsonl`` file; ``:PART`` may follow.

    Raises:
        UnknownNameError: no suite or part of that name.
        CaseError: the file cannot be read as a suite; the message names the line and the key.
    """
    path, parts = find_suite(name)
    cases, errors = read_suite(path)
    if errors:
        raise errors[0]
    return select_parts(Suite(path.stem, path, cases), parts)


def select_parts(suite: Suite, parts: tuple[str, ...]) -> Suite:
    """The part of a suite that all these words name: at most one split, ``open``, and one variant or language.

    Raises:
        UnknownNameError: a word that no case has.
        CaseError: words that exclude each other.
    """
    for number, kind in ((0, "split"), (2, "variant or language")):
        words = {word for word in parts if _kind(word) == number}
        if len(words) > 1:
            raise CaseError(f"{' and '.join(sorted(words))} exclude each other; name one {kind} of {suite.name}")
    for word in sorted(set(parts), key=_kind):
        suite = suite.part(word)
    return suite


def find_suite(name: str) -> tuple[Path, tuple[str, ...]]:
    """The file of a suite, given the name of a built-in one or the path of any ``.jsonl`` file, and the parts named.

    Raises:
        UnknownNameError: no suite of that name.
        CaseError: no such file.
    """
    parts: list[str] = []
    base = name
    while match := re.fullmatch(r"(.+):([A-Za-z0-9-]+)", base):
        base = match[1]
        parts.insert(0, match[2])
    known = suite_paths()
    if base in known:
        return known[base], tuple(parts)
    if not base.endswith(".jsonl") and "/" not in base:
        raise UnknownNameError("suite", base, known)
    path = Path(base).resolve()
    if not path.is_file():
        raise CaseError(f"no suite file {base}; expected a .jsonl file with one case a line")
    return path, tuple(parts)


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
        raise CaseError(f"{where}: {complaint(error).text('case')}") from None


class _DuplicateKeyError(Exception):
    """JSON lets a key stand twice and keeps the last; here the first would be lost unseen."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise _DuplicateKeyError(key)
    return dict(pairs)
