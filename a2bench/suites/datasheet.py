"""The tables of a suite's datasheet: what it holds, and licence, author, source and hash of every image.

People write the prose (``prompts/README.md``); these tables are made from the suite and the catalogue, so they cannot
say anything else than the files do.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from a2bench.model.cases import SPLITS, Suite
from a2bench.model.catalogue import CatalogueRow, read_catalogue
from a2bench.suites.header import read_header
from a2bench.suites.pack import suite_images


def datasheet_tables(suite: Suite) -> str:
    """All tables as Markdown; equal for equal suites."""
    rows = read_catalogue(suite.references_dir)
    images = suite_images(suite)
    header = read_header(suite.path)
    version = f"version {header.version}, " if header else ""
    parts = [
        f"# Files of {suite.path.stem}",
        f"Made by `a2bench suites datasheet {suite.address}` from the suite and the catalogue of images; do not edit.",
        f"{suite.path.stem}, {version}revision {suite.revision}: {len(suite.cases)} cases, {len(images)} images.",
        "## Splits",
        _table(("split", "cases", "images", "open cases", "their images"), _splits(suite)),
        "Open cases need nothing fetched: all their images lie in the repository.",
        "## Licences",
        _table(("images", "licence"), _counted(rows[file].licence for file in images if file in rows)),
        "## Sources",
        _table(("images", "source"), _counted(rows[file].source for file in images if file in rows)),
        "## Every image",
        _table(
            ("file", "licence", "attribution", "source", "path in the source", "SHA-256 begins"), _files(images, rows)
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _splits(suite: Suite) -> Iterator[tuple[object, ...]]:
    for split in (*SPLITS, None):
        cases = tuple(case for case in suite.cases if case.split == split)
        if cases:
            part = Suite(suite.name, suite.path, cases)
            open_part = Suite(suite.name, suite.path, part.open_cases())
            yield (
                split or "none",
                len(cases),
                len(suite_images(part)),
                len(open_part.cases),
                len(suite_images(open_part)),
            )


def _counted(values: Iterator[str]) -> Iterator[tuple[object, ...]]:
    for value, number in sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])):
        yield number, value


def _files(images: Iterable[str], rows: dict[str, CatalogueRow]) -> Iterator[tuple[object, ...]]:
    for file in sorted(images):
        row = rows.get(file, CatalogueRow(file))
        yield file, row.licence, row.attribution, row.source, row.source_path, f"`{row.sha256[:16]}`"


def _table(columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)
