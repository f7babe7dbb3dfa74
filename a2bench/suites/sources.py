"""Where the images of a suite that do not lie beside it can be had: its pack, public repositories, a named source."""

import os
from collections.abc import Sequence
from urllib.parse import quote

from a2bench.errors import CaseError, InputError
from a2bench.model.cases import ImageFile, Suite
from a2bench.model.catalogue import PublicFile, read_catalogue
from a2bench.suites.header import read_header
from a2bench.suites.pack import PackAddress, is_address, read_pack_address, suite_images

RAW_FILES = "https://raw.githubusercontent.com"
"""Where ``github:OWNER/NAME`` gives out single files; ``A2BENCH_RAW_FILES`` names a mirror of it."""
NAMED_SOURCES = "a folder, an archive or hub:OWNER/NAME@REVISION"
"""What ``--from`` takes."""


def pack_address(suite: Suite) -> PackAddress | None:
    """Where the reference pack of a suite is: ``A2BENCH_SUITE_PACK``, or what the suite's own file says, or nowhere.

    Raises:
        CaseError: the suite's file is not as the schema demands.
        InputError: ``A2BENCH_SUITE_PACK`` is not an address with a hash.
    """
    said = os.environ.get("A2BENCH_SUITE_PACK")
    if not said:
        header = read_header(suite.path)
        said = header.pack if header else ""
    try:
        return read_pack_address(said)
    except ValueError as error:  # in the suite's file it was refused before
        raise InputError(f"A2BENCH_SUITE_PACK: {error}") from None


def public_copies(suite: Suite) -> dict[str, PublicFile]:
    """The public file that each image is a byte copy of, by file, for those images that have one.

    Raises:
        CaseError: the catalogue cannot be read.
    """
    rows = read_catalogue(suite.references_dir)
    return {
        file: copy
        for file, image in suite_images(suite).items()
        if file in rows and rows[file].sha256 == image.sha256 and (copy := rows[file].copy_of)
    }


def raw_url(copy: PublicFile) -> str:
    """The address of a public file.

    Raises:
        InputError: ``A2BENCH_RAW_FILES`` is not the address of a mirror.
    """
    host = (os.environ.get("A2BENCH_RAW_FILES") or RAW_FILES).rstrip("/")
    if not is_address(host):
        raise InputError(f"A2BENCH_RAW_FILES is {host!r}; expected the address of a mirror, https://HOST")
    return f"{host}/{copy.repository}/{copy.commit}/{quote(copy.path)}"


def remedy(suite: Suite, missing: Sequence[ImageFile]) -> str:
    """What to type for images of a suite that are not here, what that brings, and the part that needs none of them."""
    line = _fetching(suite, missing)
    if not (suite.is_built_in and suite.open_cases()):
        return line
    return f"{line}; `{suite.path.stem}:open` needs none of them"


def _fetching(suite: Suite, missing: Sequence[ImageFile]) -> str:
    plain = f"type `a2bench suites fetch {suite.address}`"
    try:
        copies, pack = public_copies(suite), pack_address(suite)
    except CaseError:  # is said by the command itself
        return plain
    number = sum(image.file in copies for image in missing)
    if pack or number == len(missing):
        return plain
    if not number:
        return (
            f"type `a2bench suites fetch {suite.address} --from SOURCE`, with {NAMED_SOURCES} as SOURCE "
            "(they have no public address yet)"
        )
    return (
        f"{plain}, which brings {number} of them from public repositories; the other {len(missing) - number} are only "
        f"in the reference pack, which has no public address yet: `--from SOURCE` takes them from {NAMED_SOURCES}"
    )
