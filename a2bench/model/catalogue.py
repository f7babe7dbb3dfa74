"""The catalogue of images: under which licence, by whom and from where each one is."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from a2bench.errors import CaseError

CATALOGUE = "catalogue.csv"
COMMITTED_SOURCES = ("debian", "pypi")
"""Kinds of published sources whose images may lie in the repository; those of all others come with a pack."""


@dataclass(frozen=True)
class PublicFile:
    """A file of a public repository at a commit: ``repository`` is OWNER/NAME, ``commit`` has 40 hex digits.

    bytes: its size, or None where the catalogue does not say.
    """

    repository: str
    commit: str
    path: str
    bytes: int | None = None

    def __str__(self) -> str:
        """For people.

        >>> str(PublicFile("OWNER/NAME", "0123456789abcdef0123456789abcdef01234567", "a/cat.jpg"))
        'github:OWNER/NAME@0123456789ab a/cat.jpg'
        """
        return f"github:{self.repository}@{self.commit[:12]} {self.path}"


@dataclass(frozen=True)
class CatalogueRow:
    """What ``catalogue.csv`` says of one image; columns that a catalogue lacks are empty."""

    file: str
    licence: str = ""
    attribution: str = ""
    source: str = ""
    source_path: str = ""
    sha256: str = ""
    category: str = ""
    description: str = ""
    copy_of: PublicFile | None = None
    """The public file that the image is a byte copy of, where there is one."""

    @property
    def is_published(self) -> bool:
        """Whether the source is a published package or repository, as in ``KIND:NAME``."""
        return re.match(r"[a-z]+:\S", self.source) is not None

    @property
    def may_be_committed(self) -> bool:
        """Whether the source is one whose images may lie in the repository."""
        return self.is_published and self.source.partition(":")[0] in COMMITTED_SOURCES

    @property
    def lacking(self) -> list[str]:
        """Which of the things that every image needs are empty."""
        return [name for name in ("licence", "attribution", "source") if not getattr(self, name)]


def read_catalogue(folder: Path) -> dict[str, CatalogueRow]:
    """The rows of a folder's catalogue by file; none when there is no catalogue.

    Raises:
        CaseError: it is not CSV in UTF-8, has no column ``file``, or says of an image that it is a byte copy of a file
            that cannot be told from the row.
    """
    path = folder / CATALOGUE
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if "file" not in (reader.fieldnames or ()):
                raise CaseError(f"{path} has no column 'file'; expected file, licence, attribution, source, sha256")
            rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CaseError(f"{path} cannot be read as CSV in UTF-8: {error}") from None
    return {
        row["file"]: CatalogueRow(
            file=row["file"],
            licence=row.get("licence", ""),
            attribution=row.get("attribution", ""),
            source=row.get("source") or row.get("source_package_or_repo", ""),
            source_path=row.get("source_path", ""),
            sha256=row.get("sha256", ""),
            category=row.get("category", ""),
            description=row.get("description", ""),
            copy_of=_copy_of(row, path),
        )
        for row in rows
    }


def _copy_of(row: dict[str, str], path: Path) -> PublicFile | None:
    """What a row says of being a byte copy; catalogues of A2Bench 0.1.0 have no column for it and say nothing."""
    said = row.get("byte_copy", "")
    if said in ("", "no"):
        return None
    source, inside = row.get("source") or row.get("source_package_or_repo", ""), row.get("source_path", "")
    commit, size = row.get("commit", ""), row.get("bytes", "")
    problem = None
    if said != "yes":
        problem = f"byte_copy is {said!r}; expected yes, no or nothing"
    elif not re.fullmatch(r"github:[\w-][\w.-]*/[\w-][\w.-]*", source):
        problem = f"byte_copy is yes, but the source {source!r} is not github:OWNER/NAME"
    elif not re.fullmatch(r"[0-9a-f]{40}", commit):
        problem = f"byte_copy is yes, but commit {commit!r} is not the 40 hex digits of a commit"
    elif not inside or inside.startswith("/") or {".", "..", ""} & set(inside.split("/")):
        problem = f"byte_copy is yes, but source_path {inside!r} is not the path of a file of the repository"
    elif size and not re.fullmatch(r"[0-9]{1,12}", size):
        problem = f"bytes is {size!r}; expected a whole number"
    if problem:
        raise CaseError(f"{path}: {row['file']}: {problem}; correct the row")
    return PublicFile(source.removeprefix("github:"), commit, inside, int(size) if size else None)
