"""What must be kept apart: splits that share no image, thing or film, and elements of a case that can be told apart."""

import re
from collections.abc import Iterator
from itertools import combinations

from a2bench.model.cases import Case, Element, Suite
from a2bench.model.catalogue import CatalogueRow
from a2bench.suites.finding import Finding
from a2bench.suites.images import SuiteImages, images_of, near_duplicates
from a2bench.suites.looks import SAME_LOOK, Look

LOOK_ALIKES = "look-alikes"
"""Tag of cases whose elements are alike on purpose."""
FACELESS = "no-face"
"""Tag of cases in which a person's reference shows no face on purpose."""


def split_findings(suite: Suite, images: SuiteImages, looks: dict[str, Look]) -> Iterator[Finding]:
    """Images, things and films that stand in two splits, and images in two splits that look almost the same."""
    if not any(case.split for case in suite.cases):
        return
    for case in suite.cases:
        if case.split is None:
            yield Finding("error", case.id, "is in no split, but other cases of the suite are; give it one")
    splits: dict[str, str] = {case.id: case.split or "none" for case in suite.cases}
    groups = Groups(suite, images.rows)
    first_use: dict[str, tuple[str, str]] = {}
    told: set[tuple[str, str]] = set()
    for case in suite.cases:
        for element in case.elements:
            for image, _ in images_of(element):
                group = groups.of(image.sha256)
                other, file = first_use.setdefault(group, (case.id, image.file))
                if splits[other] == splits[case.id] or (group, case.id) in told:
                    continue
                told.add((group, case.id))
                what = "is the image" if file == image.file else f"and {file} are of one thing or film, which is"
                yield Finding(
                    "error",
                    case.id,
                    f"{image.file} {what} of case {other!r} in split {splits[other]!r}, but this case is in "
                    f"{splits[case.id]!r}; keep it in one split",
                )
    yield from _alike_across(images, splits, groups, looks)


def _alike_across(
    images: SuiteImages, splits: dict[str, str], groups: "Groups", looks: dict[str, Look]
) -> Iterator[Finding]:
    apart = "two splits; keep them in one"
    for first, second in near_duplicates(images):
        if splits[first.case] != splits[second.case]:
            yield Finding(
                "error", second.case, f"{second.image.file}: looks almost like {first.image.file}, across {apart}"
            )
    shown = [use for use in images.uses.values() if use.shown and use.image.sha256 in looks]
    for one, two in combinations(shown, 2):
        if splits[one.case] == splits[two.case] or groups.of(one.image.sha256) == groups.of(two.image.sha256):
            continue
        cosine = looks[one.image.sha256].is_like(looks[two.image.sha256])
        if cosine is not None:
            yield Finding(
                "error",
                two.case,
                f"{two.image.file}: has the look of {one.image.file} (cosine {cosine:.2f}, from {SAME_LOOK} on), "
                f"across {apart}",
            )


class Groups:
    """Which images are of one thing or film: views of one element, frames of one film, numbered views in the rows."""

    def __init__(self, suite: Suite, rows: dict[str, CatalogueRow]) -> None:
        self._parent: dict[str, str] = {}
        first_with: dict[tuple[str, str], str] = {}
        for case in suite.cases:
            for element in case.elements:
                for image, _ in images_of(element):
                    self._join(element.reference.sha256, image.sha256)
                    if origin := _origin(rows.get(image.file)):
                        self._join(first_with.setdefault(origin, image.sha256), image.sha256)

    def of(self, sha256: str) -> str:
        """The group of an image, by the hash of one of its members."""
        while (parent := self._parent.get(sha256, sha256)) != sha256:
            sha256 = parent
        return sha256

    def _join(self, first: str, second: str) -> None:
        self._parent[self.of(second)] = self.of(first)


def _origin(row: CatalogueRow | None) -> tuple[str, str] | None:
    """What an image has in common with others of one thing: the film it is a frame of, or its description."""
    if row is None:
        return None
    film, frame, _ = row.source_path.partition(" frame at ")
    if frame:
        return row.source, film
    thing, view, _ = row.description.partition(" (view ")
    return (row.source, thing) if view else None


def element_findings(suite: Suite, images: SuiteImages, looks: dict[str, Look]) -> Iterator[Finding]:
    """Elements of one case that cannot be told apart, and people whose references show no face."""
    for case in suite.cases:
        if LOOK_ALIKES not in case.tags:
            for first, second in combinations(case.named_elements(), 2):
                if reason := _alike(first[1], second[1], looks):
                    yield Finding(
                        images.severity,
                        case.id,
                        f"{first[0]} ({first[1].reference.file}) and {second[0]} ({second[1].reference.file}) "
                        f"{reason}; take others, or tag the case {LOOK_ALIKES!r}",
                    )
        if FACELESS not in case.tags:
            yield from _faceless(case, images, looks)


def _alike(first: Element, second: Element, looks: dict[str, Look]) -> str | None:
    one, other = looks.get(first.reference.sha256), looks.get(second.reference.sha256)
    if one is None or other is None:
        return None
    if first.role == second.role == "character" and (distance := one.is_person(other)) is not None:
        return f"have faces that count as one person's (distance {distance:.2f})"
    if (cosine := one.is_like(other)) is not None:
        return f"look the same (cosine {cosine:.2f})"
    return None


def _faceless(case: Case, images: SuiteImages, looks: dict[str, Look]) -> Iterator[Finding]:
    for name, element in case.named_elements("character"):
        row, look = images.rows.get(element.reference.file), looks.get(element.reference.sha256)
        if row is not None and look is not None and look.face is None and _claims_a_face(row):
            yield Finding(
                images.severity,
                case.id,
                f"{name}: no face is found in {element.reference.file}, which is catalogued as a person's photograph; "
                f"take one with a face, or tag the case {FACELESS!r}",
            )


def _claims_a_face(row: CatalogueRow) -> bool:
    """Drawn people may wear helmets and hoods; a photograph of a person must show the face that metrics look for."""
    return row.category == "character-human" and not re.search(r"\b(illustrated|cartoon)\b", row.description)
