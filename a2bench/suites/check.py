"""Is a suite fit to be published: can every image be read, may it be used, and does each case mean one thing only?

All problems are collected, so one run of the check shows everything that has to be mended.
"""

import csv
import re
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, NamedTuple

from PIL import Image, UnidentifiedImageError

from a2bench.cases import Case, Element, ImageFile, Suite, find_suite, read_suite, select_parts, suite_paths
from a2bench.hashing import file_sha256

Severity = Literal["error", "warning"]

FORMATS = ("PNG", "JPEG", "WEBP")
MIN_LONG_SIDE = 300
ADVISED_LONG_SIDE = 448
MAX_PIXELS = 40_000_000
MAX_BYTES = 25_000_000
OPAQUE_SHARE = (0.02, 0.98)
"""Smallest and largest share of opaque pixels in a cut-out; outside, its alpha channel isolates nothing."""
NEAR_DUPLICATE_BITS = 6
"""Two images whose 128-bit hashes differ in at most this many bits are taken for the same picture."""
CATALOGUE = "catalogue.csv"
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True)
class Finding:
    """One problem. ``case`` is None when it belongs to the whole suite or to a line that is no case."""

    severity: Severity
    case: str | None
    message: str


@dataclass(frozen=True)
class SuiteCheck:
    """What was checked and what was found, in the order of the suite."""

    suite: str
    path: Path
    revision: str
    num_cases: int
    num_images: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that forbid using the suite."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that somebody should look at."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.errors

    def to_json(self) -> dict[str, Any]:
        """The check as JSON values."""
        return {
            "suite": self.suite,
            "path": str(self.path),
            "revision": self.revision,
            "cases": self.num_cases,
            "images": self.num_images,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "findings": [vars(finding) for finding in self.findings],
        }


def check_suite_file(name: str) -> SuiteCheck:
    """Check a suite given by name or path; lines that cannot be read as cases are findings, not exceptions.

    Raises:
        UnknownNameError: no suite of that name.
        CaseError: no such file, no folder of references, or not UTF-8 text.
    """
    path, parts = find_suite(name)
    cases, errors = read_suite(path)
    unread = tuple(Finding("error", None, str(error)) for error in errors)
    return check_suite(select_parts(Suite(path.stem, path, cases), parts), unread)


def check_suite(suite: Suite, unread: tuple[Finding, ...] = ()) -> SuiteCheck:
    """Check the cases of a suite and all their images; ``unread`` are findings from reading its file."""
    images = _Images(suite)
    findings = [
        *unread,
        *_image_findings(images),
        *_licence_findings(images),
        *(finding for case in suite.cases for finding in _case_findings(case)),
        *_same_prompt(suite),
        *_near_duplicates(images),
    ]
    order = {case.id: number for number, case in enumerate(suite.cases)}
    findings.sort(key=lambda finding: -1 if finding.case is None else order[finding.case])
    return SuiteCheck(suite.name, suite.path, suite.revision, len(suite.cases), len(images.uses), tuple(findings))


class _Use(NamedTuple):
    """Where an image first stands in the suite; ``cutout`` and ``shown`` hold for any of its uses."""

    case: str
    image: ImageFile
    cutout: bool
    shown: bool


class _Images:
    """The different images of a suite; each is read once however many cases use it."""

    def __init__(self, suite: Suite) -> None:
        self.root = suite.references_dir
        self.builtin = suite.path in suite_paths().values()
        self.uses: dict[tuple[str, str], _Use] = {}
        for case in suite.cases:
            for element in case.elements:
                for image, cutout in _images_of(element):
                    key = (image.file, image.sha256)
                    old = self.uses.get(key, _Use(case.id, image, False, False))
                    self.uses[key] = old._replace(cutout=old.cutout or cutout, shown=old.shown or not cutout)

    @cached_property
    def read(self) -> dict[tuple[str, str], "_ImageReport"]:
        return {key: _read_image(use, self.root) for key, use in self.uses.items()}


def _images_of(element: Element) -> Iterator[tuple[ImageFile, bool]]:
    yield element.reference, False
    for view in element.second_views:
        yield view, False
    if element.cutout:
        yield element.cutout, True


# --- one case -------------------------------------------------------------------------------------------------------


def _case_findings(case: Case) -> Iterator[Finding]:
    for first, second in combinations(case.named_elements(), 2):
        yield from _phrase_pair(case, first, second)
        shared = {image.sha256 for image, _ in _images_of(first[1])} & {i.sha256 for i, _ in _images_of(second[1])}
        if shared:
            yield Finding("error", case.id, f"{first[0]} and {second[0]} share the same image; give each its own")
    for name, element in case.named_elements():
        if not re.search(rf"(?<!\w){re.escape(element.phrase)}(?!\w)", case.prompt):
            yield Finding(
                "warning",
                case.id,
                f"the phrase {element.phrase!r} of {name} stands in the prompt only inside a longer word",
            )
        views = [view.sha256 for view in element.second_views]
        if element.reference.sha256 in views:
            yield Finding("error", case.id, f"a held-out second view of {name} is its reference; take another image")
        if len(set(views)) < len(views):
            yield Finding("error", case.id, f"{name} has the same second view twice; keep one")


def _phrase_pair(case: Case, first: tuple[str, Element], second: tuple[str, Element]) -> Iterator[Finding]:
    for (name, element), (other_name, other) in ((first, second), (second, first)):
        if element.phrase.casefold() in other.phrase.casefold():
            yield Finding(
                "error",
                case.id,
                f"the phrase {element.phrase!r} of {name} also stands in {other.phrase!r} of {other_name}; "
                "use words that name one element only",
            )
            return


def _same_prompt(suite: Suite) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for case in suite.cases:
        prompt = " ".join(case.prompt.casefold().split())
        if prompt in seen:
            yield Finding("error", case.id, f"has the same prompt as case {seen[prompt]!r}; change or remove one")
        seen.setdefault(prompt, case.id)


# --- images and their catalogue -------------------------------------------------------------------------------------


def _image_findings(images: _Images) -> Iterator[Finding]:
    for key, use in images.uses.items():
        for severity, message in images.read[key].problems:
            yield Finding(severity, use.case, f"{use.image.file}: {message}")


def _licence_findings(images: _Images) -> Iterator[Finding]:
    severity: Severity = "error" if images.builtin else "warning"
    path = images.root / CATALOGUE
    if not path.is_file():
        yield Finding(
            severity, None, f"no {path}; write one with the columns file, licence, attribution, source, sha256"
        )
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = {row.get("file") or "": row for row in csv.DictReader(lines)}
    except (UnicodeDecodeError, csv.Error) as error:
        yield Finding("error", None, f"{path} cannot be read as CSV in UTF-8: {error}")
        return
    first_uses: dict[str, _Use] = {}
    for use in images.uses.values():
        first_uses.setdefault(use.image.file, use)
    for file, use in first_uses.items():
        row = rows.get(file)
        if row is None:
            yield Finding(severity, use.case, f"{file}: has no row in {CATALOGUE}; add its licence and source")
            continue
        source = row.get("source") or row.get("source_package_or_repo")
        given = {"licence": row.get("licence"), "attribution": row.get("attribution"), "source": source}
        empty = [column for column, value in given.items() if not (value or "").strip()]
        if empty:
            yield Finding(severity, use.case, f"{file}: its row in {CATALOGUE} has no {' and no '.join(empty)}")
        if row.get("sha256") and use.image.path.is_file() and row["sha256"] != file_sha256(use.image.path):
            yield Finding("error", use.case, f"{file}: the sha256 in {CATALOGUE} is not the file's; correct the row")


# --- one image ------------------------------------------------------------------------------------------------------


class _ImageReport(NamedTuple):
    """Problems of one image, and a hash of what it looks like if it could be decoded."""

    problems: tuple[tuple[Severity, str], ...]
    look: int | None = None


def _read_image(use: _Use, root: Path) -> _ImageReport:
    path = use.image.path
    if not path.is_file():
        return _error(f"no such file in {root}; restore it or correct the path")
    if not path.resolve().is_relative_to(root.resolve()):
        return _error(f"is a link to {path.resolve()}, outside {root}; copy the image there")
    size = path.stat().st_size
    if size > MAX_BYTES:
        return _error(f"has {size / 1e6:.0f} MB; the limit is {MAX_BYTES / 1e6:.0f} MB: scale it down")
    problems: list[tuple[Severity, str]] = []
    found = file_sha256(path)
    if found != use.image.sha256:
        problems.append(
            ("error", f"has SHA-256 {found}, but the case names {use.image.sha256}; restore it or correct the case")
        )
    try:
        with warnings.catch_warnings():
            # Pillow only warns between its limit and twice that; the header's size is compared with ours below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                problems += _header_problems(image, use)
                if image.width * image.height > MAX_PIXELS:
                    return _ImageReport(tuple(problems))
                image.load()
                problems += _pixel_problems(image, use)
                return _ImageReport(tuple(problems), _look(image))
    except Image.DecompressionBombError:
        reason = f"has far more than {MAX_PIXELS / 1e6:.0f} megapixels; scale it down"
    except UnidentifiedImageError:
        reason = "is not a PNG, JPEG or WebP image, whatever its name says; convert it"
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        reason = f"is damaged ({error}); make it again"
    return _ImageReport((*problems, ("error", reason)))


def _error(message: str) -> _ImageReport:
    return _ImageReport((("error", message),))


def _header_problems(image: Image.Image, use: _Use) -> Iterator[tuple[Severity, str]]:
    width, height = image.size
    if width * height > MAX_PIXELS:
        yield "error", f"has {width}x{height} pixels; the limit is {MAX_PIXELS / 1e6:.0f} megapixels: scale it down"
    if use.shown and max(width, height) < MIN_LONG_SIDE:
        yield "error", f"is {width}x{height}; the long side needs at least {MIN_LONG_SIDE} pixels"
    elif use.shown and max(width, height) < ADVISED_LONG_SIDE:
        yield "warning", f"is {width}x{height}; at least {ADVISED_LONG_SIDE} pixels on the long side are advised"
    if getattr(image, "n_frames", 1) > 1:
        yield "error", "is animated; save one frame as a still image"


def _pixel_problems(image: Image.Image, use: _Use) -> Iterator[tuple[Severity, str]]:
    if image.getexif().get(_ORIENTATION_TAG, 1) != 1:
        yield "warning", "is turned by an EXIF tag, which some systems ignore; save it upright"
    if not use.cutout:
        return
    if not image.has_transparency_data:
        yield "error", "is named as a cut-out but has no alpha channel"
        return
    histogram = image.convert("RGBA").getchannel("A").histogram()
    share = sum(histogram[128:]) / sum(histogram)
    low, high = OPAQUE_SHARE
    if not low <= share <= high:
        yield (
            "error",
            f"is named as a cut-out but {share:.1%} of its pixels are opaque, which isolates nothing; "
            f"expected {low:.0%} to {high:.0%}",
        )


# --- look-alikes ----------------------------------------------------------------------------------------------------


def _look(image: Image.Image) -> int:
    """128 bits of brightness differences on a 9x9 grid, across and down; transparent parts count as grey."""
    rgba = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", rgba.size, (128, 128, 128, 255)), rgba)
    grey = flat.convert("L").resize((9, 9), Image.Resampling.BOX).tobytes()
    across = [grey[9 * y + x] > grey[9 * y + x + 1] for y in range(8) for x in range(8)]
    down = [grey[9 * y + x] > grey[9 * (y + 1) + x] for y in range(8) for x in range(8)]
    return sum(bit << place for place, bit in enumerate(across + down))


def _near_duplicates(images: _Images) -> Iterator[Finding]:
    looks = [
        (use, look) for key, use in images.uses.items() if use.shown and (look := images.read[key].look) is not None
    ]
    for (first, look), (second, other) in combinations(looks, 2):
        if first.image.sha256 != second.image.sha256 and (look ^ other).bit_count() <= NEAR_DUPLICATE_BITS:
            yield Finding(
                "warning",
                second.case,
                f"{second.image.file}: looks almost like {first.image.file}; keep one, or take a really different view",
            )
