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
        CaseError: it is not CSV in UTF-8, or has no column ``file``.
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
        )
        for row in rows
    }
