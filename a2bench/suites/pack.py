"""The reference pack of a suite: the images that do not lie beside it, in one archive or folder, each described.

Some licences let us use and describe an image but not commit it here, so ``a2bench suites fetch`` brings it from a
pack. A pack is the same bytes whenever it is built from the same images.
"""

import contextlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from a2bench.base.files import check_outside_of_runs, write_atomically
from a2bench.base.hashing import canonical_json, file_sha256
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import Case, ImageFile, Suite
from a2bench.model.catalogue import CatalogueRow, read_catalogue

MANIFEST = "manifest.json"


class PackedFile(BaseModel):
    """One image of a pack, and the terms it comes under."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str
    bytes: int
    licence: str
    attribution: str
    source: str
    source_path: str


class PackManifest(BaseModel):
    """What a pack holds and which suite it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    name: str
    suite: str
    suite_revision: str
    files: tuple[PackedFile, ...]


class Pack(NamedTuple):
    """A pack that was written: where, its manifest, and the hash of the archive (None for a folder)."""

    path: Path
    manifest: PackManifest
    sha256: str | None


class PackAddress(NamedTuple):
    """Where the archive of a pack can be had, and the hash of its bytes."""

    url: str
    sha256: str


def is_address(url: str) -> bool:
    """Whether files may be fetched from an address: ``https``, or ``http`` on this very machine.

    >>> is_address("https://example.org/a.zip"), is_address("http://127.0.0.1:8000/a.zip")
    (True, True)
    >>> is_address("http://example.org/a.zip"), is_address("file:///etc/passwd"), is_address("https://")
    (False, False, False)
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or not url.isascii() or re.search(r"[\x00-\x20\x7f]", url):
        return False
    return parts.scheme == "https" or parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost")


def read_pack_address(text: str) -> PackAddress | None:
    """The address of a pack, given as ``https://HOST/PACK.zip#sha256=HASH``; None for an empty text: no pack yet.

    Raises:
        ValueError: it is something else.

    >>> read_pack_address("https://example.org/a.zip#sha256=" + "0" * 64).url
    'https://example.org/a.zip'
    """
    if not text:
        return None
    url, _, sha256 = text.partition("#sha256=")
    if not is_address(url) or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(
            f"{text!r} is not the address of a pack; expected https://HOST/PACK.zip#sha256=HASH with the 64 hex digits "
            "that `a2bench suites pack` prints, or nothing"
        )
    return PackAddress(url, sha256)


def suite_images(suite: Suite) -> dict[str, ImageFile]:
    """The different images of a suite by file, in the order of their first use."""
    return {image.file: image for case in suite.cases for image in case_images(case)}


def case_images(case: Case) -> Iterator[ImageFile]:
    """The images of a case: references, second views and cut-outs; one may come twice."""
    for element in case.elements:
        yield from (element.reference, *element.second_views, *filter(None, [element.cutout]))


def build_pack(suite: Suite, source: Path | None, output: Path, *, every_image: bool = False) -> Pack:
    """Write the pack of a suite: an archive if ``output`` ends in ``.zip``, else a folder.

    source: a folder with the images at their paths; without it, those that were fetched. every_image: also those that
    lie beside the suite.

    Raises:
        CaseError: images that are missing or altered, or have no licence in the catalogue; all are named.
        InputError: nothing to pack, or ``output`` cannot be written.
    """
    images = {
        file: image for file, image in suite_images(suite).items() if every_image or not (image.root / file).is_file()
    }
    if not images:
        raise InputError(
            f"every image of {suite.name} lies in {suite.references_dir}, so a pack would be empty; --all packs them"
        )
    rows = read_catalogue(suite.references_dir)
    if source and not rows.keys() >= images.keys():
        rows = {**read_catalogue(source), **rows}
    problems: list[str] = []
    paths: dict[str, Path] = {}
    for file, image in sorted(images.items()):
        path = source / file if source and (source / file).is_file() else image.path
        problems += _problems(image, path, rows.get(file))
        paths[file] = path
    if problems:
        raise CaseError(f"{suite.name} cannot be packed:\n  " + "\n  ".join(problems))
    manifest = PackManifest(
        name=f"{suite.path.stem}-references",
        suite=suite.path.stem,
        suite_revision=suite.revision,
        files=tuple(_describe(images[file], path, rows[file]) for file, path in paths.items()),
    )
    check_outside_of_runs(output)
    _check_replaceable(output)
    contents = {MANIFEST: _document(manifest), "README.md": _readme(manifest).encode()}
    try:
        if output.suffix == ".zip":
            _write_archive(contents, paths, output)
            return Pack(output, manifest, file_sha256(output))
        _write_folder(contents, paths, output)
    except OSError as error:
        raise InputError(f"cannot write the pack {output}: {error.strerror or error}") from None
    return Pack(output, manifest, None)


def _check_replaceable(output: Path) -> None:
    """Only an earlier pack is replaced, never what else somebody keeps there.

    Raises:
        InputError: it is something else.
    """
    if output.suffix == ".zip":
        known = not output.exists()
        with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(output) as archive:
            known = MANIFEST in archive.namelist()
    else:
        known = not output.exists() or (output.is_dir() and not any(output.iterdir()))
        with contextlib.suppress(OSError, ValidationError):
            known = bool(PackManifest.model_validate_json((output / MANIFEST).read_bytes()))
    if not known:
        raise InputError(f"{output} is there already and is no pack; choose another --output")


def _problems(image: ImageFile, path: Path, row: CatalogueRow | None) -> Iterator[str]:
    if not path.is_file():
        yield f"{image.file}: no such file; give the folder that holds it with --from DIR"
    elif file_sha256(path) != image.sha256:
        yield f"{image.file}: {path} is not the file that the suite names (its SHA-256 differs)"
    if row is None:
        yield f"{image.file}: has no row in catalogue.csv"
    elif row.lacking:
        yield f"{image.file}: its row in catalogue.csv has no {' and no '.join(row.lacking)}"


def _describe(image: ImageFile, path: Path, row: CatalogueRow) -> PackedFile:
    return PackedFile(
        path=image.file,
        sha256=image.sha256,
        bytes=path.stat().st_size,
        licence=row.licence,
        attribution=row.attribution,
        source=row.source,
        source_path=row.source_path,
    )


def _document(manifest: PackManifest) -> bytes:
    """The manifest as JSON, one line per file, so that versions can be compared line by line."""
    head = manifest.model_dump(mode="json", exclude={"files"})
    lines = ",\n".join(canonical_json(file.model_dump(mode="json")) for file in manifest.files)
    return f'{canonical_json(head)[:-1]},"files":[\n{lines}\n]}}\n'.encode()


def _readme(manifest: PackManifest) -> str:
    licences = Counter(file.licence for file in manifest.files)
    lines = [f"| {number} | {licence} |" for licence, number in sorted(licences.items(), key=lambda x: (-x[1], x[0]))]
    table = "\n".join(["| images | licence |", "| ---: | --- |", *lines])
    return (
        f"# {manifest.name}\n\n"
        f"{len(manifest.files)} images of the A2Bench suite `{manifest.suite}`, revision {manifest.suite_revision}.\n"
        f"Each keeps the licence of its source; `{MANIFEST}` names licence, attribution, source and SHA-256 of every\n"
        "file. To use them:\n\n"
        f"    a2bench suites fetch {manifest.suite} --from THIS\n\n"
        f"{table}\n"
    )


def _write_archive(contents: dict[str, bytes], paths: dict[str, Path], output: Path) -> None:
    """Images are packed already: stored, in order, with one date and mode, the same images give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in [*contents, *paths]:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, contents[name] if name in contents else paths[name].read_bytes())
    output.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(output, buffer.getvalue())


def _write_folder(contents: dict[str, Any], paths: dict[str, Path], output: Path) -> None:
    for name in [*paths, *contents]:  # the manifest last: a folder that has one is complete
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, contents[name] if name in contents else paths[name].read_bytes())
