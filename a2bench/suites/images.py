"""What a suite's images are: their files, hashes, sizes, channels, licences, and whether two are nearly the same."""

import re
import struct
import warnings
from collections.abc import Iterator
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from a2bench.base.data import fetched_path
from a2bench.base.hashing import file_sha256
from a2bench.model.cases import Element, ImageFile, Suite
from a2bench.model.catalogue import CATALOGUE, CatalogueRow, read_catalogue
from a2bench.suites.finding import Finding, Severity
from a2bench.suites.sources import remedy

FORMATS = ("PNG", "JPEG", "WEBP")
MIN_LONG_SIDE = 300
ADVISED_LONG_SIDE = 448
LOW_RESOLUTION = "low-resolution"
"""Tag of cases that show an image smaller than advised."""
MAX_PIXELS = 40_000_000
MAX_BYTES = 25_000_000
OPAQUE_SHARE = (0.02, 0.98)
"""Smallest and largest share of opaque pixels in a cut-out; outside, its alpha channel isolates nothing."""
NEAR_DUPLICATE_BITS = 6
"""Two images whose 128-bit hashes differ in at most this many bits are taken for the same picture."""
_ORIENTATION_TAG = 0x0112


Key = tuple[str, str]
"""File and SHA-256: cases that name one file with two hashes speak of two images."""


class Use(NamedTuple):
    """An image with the cases that use it, first one first.

    cutout: named as a cut-out anywhere. shown: a reference or second view anywhere. unmarked: the first case that uses
    it without the tag `LOW_RESOLUTION`, if any.
    """

    image: ImageFile
    cases: tuple[str, ...]
    cutout: bool
    shown: bool
    unmarked: str | None

    @property
    def case(self) -> str:
        """The first case that uses it."""
        return self.cases[0]


class SuiteImages:
    """The different images of a suite; each is read once however many cases use it."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.root = suite.references_dir
        self.severity: Severity = "error" if suite.is_built_in else "warning"
        """Of what a suite that comes with A2Bench must not have, and one's own had better not."""
        self.uses: dict[Key, Use] = {}
        for case in suite.cases:
            unmarked = None if LOW_RESOLUTION in case.tags else case.id
            for element in case.elements:
                for image, cutout in images_of(element):
                    key = (image.file, image.sha256)
                    old = self.uses.get(key, Use(image, (), False, False, None))
                    self.uses[key] = Use(
                        old.image,
                        tuple(dict.fromkeys((*old.cases, case.id))),
                        old.cutout or cutout,
                        old.shown or not cutout,
                        old.unmarked or unmarked,
                    )

    @cached_property
    def rows(self) -> dict[str, CatalogueRow]:
        """The catalogue beside the images.

        Raises:
            CaseError: it cannot be read.
        """
        return read_catalogue(self.root)

    @cached_property
    def elsewhere(self) -> frozenset[Key]:
        """Images that are catalogued but neither here nor fetched: nothing is wrong with them, they are in a pack."""
        rows = self.rows
        return frozenset(
            (file, sha256)
            for (file, sha256), use in self.uses.items()
            if file in rows and rows[file].sha256 == sha256 and not use.image.path.is_file()
        )

    @cached_property
    def read(self) -> dict[Key, "ImageReport"]:
        """What was found in each image that is here."""
        return {key: _read_image(use, self) for key, use in self.uses.items() if key not in self.elsewhere}


def images_of(element: Element) -> Iterator[tuple[ImageFile, bool]]:
    """The images of an element, and whether each is its cut-out."""
    yield element.reference, False
    for view in element.second_views:
        yield view, False
    if element.cutout:
        yield element.cutout, True


class ImageReport(NamedTuple):
    """Problems of one image, and a hash of what it looks like if it could be decoded."""

    problems: tuple[tuple[Severity, str], ...]
    look: int | None = None


def image_findings(images: SuiteImages) -> Iterator[Finding]:
    """Whatever is wrong with the files."""
    if images.elsewhere:
        yield Finding(
            "warning",
            None,
            f"{len(images.elsewhere)} of {len(images.uses)} images are not here and were not looked at; "
            f"{remedy(images.suite, [images.uses[key].image for key in sorted(images.elsewhere)])}; then check again",
        )
    for key, report in images.read.items():
        for severity, message in report.problems:
            yield Finding(severity, images.uses[key].case, f"{key[0]}: {message}")


def licence_findings(images: SuiteImages) -> Iterator[Finding]:
    """Images without a row in the catalogue, or with one that lacks something or is of another file."""
    severity = images.severity
    path = images.root / CATALOGUE
    if not path.is_file():
        columns = "file, licence, attribution, source, sha256"
        yield Finding(severity, None, f"no {path}; write one with the columns {columns}")
        return
    first_uses: dict[str, Use] = {}
    for use in images.uses.values():
        first_uses.setdefault(use.image.file, use)
    for file, use in first_uses.items():
        row = images.rows.get(file)
        if row is None:
            yield Finding(severity, use.case, f"{file}: has no row in {CATALOGUE}; add its licence and source")
            continue
        if row.lacking:
            yield Finding(severity, use.case, f"{file}: its row in {CATALOGUE} has no {' and no '.join(row.lacking)}")
        if row.sha256 and use.image.path.is_file() and row.sha256 != file_sha256(use.image.path):
            yield Finding("error", use.case, f"{file}: the sha256 in {CATALOGUE} is not the file's; correct the row")


def near_duplicates(images: SuiteImages) -> Iterator[tuple[Use, Use]]:
    """Pairs of images that are shown and look almost the same."""
    looks = [(images.uses[key], report.look) for key, report in images.read.items() if images.uses[key].shown]
    for (first, look), (second, other) in combinations(looks, 2):
        if look is None or other is None or first.image.sha256 == second.image.sha256:
            continue
        if (look ^ other).bit_count() <= NEAR_DUPLICATE_BITS:
            yield first, second


# --- one image ------------------------------------------------------------------------------------------------------


def _read_image(use: Use, images: SuiteImages) -> ImageReport:
    path, root = use.image.path, images.root
    if not path.is_file():
        return _error(f"no such file in {root}; restore it or correct the path")
    fetched = path == fetched_path(use.image.sha256, path.suffix)
    if not fetched and not path.resolve().is_relative_to(root.resolve()):
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
                    return ImageReport(tuple(problems))
                image.load()
                problems += _pixel_problems(image, use, images.rows.get(use.image.file))
                return ImageReport(tuple(problems), _look(image))
    except Image.DecompressionBombError:
        reason = f"has far more than {MAX_PIXELS / 1e6:.0f} megapixels; scale it down"
    except UnidentifiedImageError:
        reason = "is not a PNG, JPEG or WebP image, whatever its name says; convert it"
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        reason = f"is damaged ({error}); make it again"
    return ImageReport((*problems, ("error", reason)))


def _error(message: str) -> ImageReport:
    return ImageReport((("error", message),))


def _header_problems(image: Image.Image, use: Use) -> Iterator[tuple[Severity, str]]:
    width, height = image.size
    if width * height > MAX_PIXELS:
        yield "error", f"has {width}x{height} pixels; the limit is {MAX_PIXELS / 1e6:.0f} megapixels: scale it down"
    if use.shown and max(width, height) < MIN_LONG_SIDE:
        yield "error", f"is {width}x{height}; the long side needs at least {MIN_LONG_SIDE} pixels"
    elif use.shown and max(width, height) < ADVISED_LONG_SIDE and use.unmarked:
        yield (
            "warning",
            f"is {width}x{height}; at least {ADVISED_LONG_SIDE} pixels on the long side are advised, or the tag "
            f"{LOW_RESOLUTION!r} on {use.unmarked}",
        )
    if getattr(image, "n_frames", 1) > 1:
        yield "error", "is animated; save one frame as a still image"


def _pixel_problems(image: Image.Image, use: Use, row: CatalogueRow | None) -> Iterator[tuple[Severity, str]]:
    if image.getexif().get(_ORIENTATION_TAG, 1) != 1:
        yield "warning", "is turned by an EXIF tag, which some systems ignore; save it upright"
    claimed = row is not None and re.search(r"\[alpha\b", row.description)
    if not use.cutout and not claimed:
        return
    named = "is named as a cut-out" if use.cutout else f"is called a cut-out in {CATALOGUE}"
    if not image.has_transparency_data:
        yield "error", f"{named} but has no alpha channel"
        return
    histogram = image.convert("RGBA").getchannel("A").histogram()
    share = sum(histogram[128:]) / sum(histogram)
    low, high = OPAQUE_SHARE
    if not low <= share <= high:
        yield (
            "error",
            f"{named} but {share:.1%} of its pixels are opaque, which isolates nothing; "
            f"expected {low:.0%} to {high:.0%}",
        )


def _look(image: Image.Image) -> int:
    """128 bits of brightness differences on a 9x9 grid, across and down; transparent parts count as grey."""
    rgba = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", rgba.size, (128, 128, 128, 255)), rgba)
    grey = flat.convert("L").resize((9, 9), Image.Resampling.BOX).tobytes()
    across = [grey[9 * y + x] > grey[9 * y + x + 1] for y in range(8) for x in range(8)]
    down = [grey[9 * y + x] > grey[9 * (y + 1) + x] for y in range(8) for x in range(8)]
    return sum(bit << place for place, bit in enumerate(across + down))
