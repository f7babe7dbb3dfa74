"""The version of a suite: a file ``NAME.suite.json`` beside its cases that says what exactly this version holds.

The digests cover every case and, for every image, its hash and its row in the catalogue. When anything changed, the
check fails until ``a2bench suites version NAME NEW`` gives it a new version, so that one version is one content.
A release also names its cases in order, so that a suite that only gained or moved cases can be had as it was.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from a2bench.base.files import write_atomically
from a2bench.base.hashing import value_sha256
from a2bench.base.invalid import complaint
from a2bench.errors import CaseError, InputError, UnknownNameError
from a2bench.model.cases import Suite, find_suite, load_suite, select_parts
from a2bench.model.catalogue import read_catalogue
from a2bench.suites.pack import read_pack_address, suite_images

VERSION = r"^[0-9]+\.[0-9]+(\.[0-9]+)?(-draft)?$"
Version = Annotated[str, Field(pattern=VERSION)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contents(_Record):
    """What a version holds: how much, and digests of it."""

    revision: str
    cases: int
    images: int
    cases_sha256: Digest
    """Of every case, in order."""
    images_sha256: Digest
    """Of path, hash, licence, attribution and source of every image."""


class Release(_Record):
    """A version that was given out, and its contents."""

    version: Version
    contents: Contents
    order: tuple[str, ...] = ()
    """The ids of its cases in order; empty in headers that were written before there was such a list."""


class SuiteHeader(_Record):
    """Name, version and contents of a suite; ``title``, ``licence`` and ``pack`` are written by people and kept."""

    schema_version: int = 1
    name: str
    version: Version
    title: str = ""
    licence: str = ""
    pack: str = ""
    """Where the reference pack is: ``https://HOST/PACK.zip#sha256=HASH``; empty until one was given out."""
    contents: Contents
    releases: tuple[Release, ...] = ()
    """Every version but drafts, oldest first, the current one included."""

    @field_validator("pack")
    @classmethod
    def _is_an_address(cls, pack: str) -> str:
        read_pack_address(pack)
        return pack


def header_path(suite_path: Path) -> Path:
    """Where the header of a suite lies."""
    return suite_path.with_name(f"{suite_path.stem}.suite.json")


def read_header(suite_path: Path) -> SuiteHeader | None:
    """The header of a suite, or None where there is none.

    Raises:
        CaseError: it is not as the schema demands.
    """
    path = header_path(suite_path)
    if not path.is_file():
        return None
    try:
        return SuiteHeader.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise CaseError(f"{path.name}: {complaint(error).text('header')}") from None


def contents_of(suite: Suite) -> Contents:
    """What a whole suite holds now."""
    rows = read_catalogue(suite.references_dir)
    images = sorted(suite_images(suite).items())
    described = [
        [file, image.sha256, *((row.licence, row.attribution, row.source, row.source_path) if row else ())]
        for file, image in images
        for row in [rows.get(file)]
    ]
    return Contents(
        revision=suite.revision,
        cases=len(suite.cases),
        images=len(images),
        cases_sha256=value_sha256([case.model_dump(mode="json") for case in suite.cases]),
        images_sha256=value_sha256(described),
    )


def changed_parts(header: SuiteHeader, now: Contents) -> list[str]:
    """What is not as the header says, in words."""
    parts = []
    if now.cases_sha256 != header.contents.cases_sha256:
        parts.append("its cases")
    if now.images_sha256 != header.contents.images_sha256:
        parts.append("its images or their licences")
    return parts


def write_version(suite: Suite, version: str) -> SuiteHeader:
    """Give the suite as it is now a version; a draft may be written over, anything else is for ever.

    Raises:
        InputError: not a version, one that exists with other contents, or not higher than the last.
    """
    if not re.match(VERSION, version):
        raise InputError(f"{version!r} is not a version, such as 1.0, 1.0.1 or 1.1-draft")
    before, now = read_header(suite.path), contents_of(suite)
    releases = before.releases if before else ()
    same = next((release for release in releases if release.version == version), None)
    if same and same.contents != now:
        raise InputError(
            f"version {version} of {suite.path.stem} was given out with other contents (revision "
            f"{same.contents.revision}, now {now.revision}); choose a higher one"
        )
    if releases and not same and _order(version) <= _order(releases[-1].version):
        raise InputError(f"{version} is not higher than {releases[-1].version}, the last version of {suite.path.stem}")
    if not same and not version.endswith("-draft"):
        order = tuple(case.id for case in suite.cases)
        releases = (*releases, Release(version=version, contents=now, order=order))
    header = SuiteHeader(
        name=suite.path.stem,
        version=version,
        title=before.title if before else "",
        licence=before.licence if before else "",
        pack=before.pack if before else "",
        contents=now,
        releases=releases,
    )
    write_atomically(header_path(suite.path), (header.model_dump_json(indent=2) + "\n").encode())
    return header


def suite_as_of(address: str, revision: str) -> Suite:
    """The suite (or part) of this address in the given revision, if now or a release had it; else as it is now.

    The caller compares the revision: a case that was changed since cannot be had as it was.

    Raises:
        UnknownNameError: no suite or part of that name.
        CaseError: the suite or its header cannot be read.
    """
    now = load_suite(address)
    if now.revision == revision:
        return now
    path, parts = find_suite(address)
    whole = load_suite(str(path))
    header = read_header(path)
    by_id = {case.id: case for case in whole.cases}
    for release in header.releases if header else ():
        if not release.order or not by_id.keys() >= set(release.order):
            continue
        then = replace(whole, cases=tuple(by_id[case_id] for case_id in release.order))
        if then.revision != release.contents.revision:
            continue
        try:
            part = select_parts(then, parts)
        except UnknownNameError:
            continue
        if part.revision == revision:
            return part
    return now


def _order(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.removesuffix("-draft").split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))
