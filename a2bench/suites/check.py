"""Is a suite fit to be published: can every image be read, may it be used, and does each case mean one thing only?

All problems are collected, so one run of the check shows everything that has to be mended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from a2bench.errors import CaseError
from a2bench.model.cases import Suite, find_suite, read_suite, select_parts
from a2bench.suites.balance import open_counts
from a2bench.suites.finding import Finding
from a2bench.suites.header import changed_parts, contents_of, read_header
from a2bench.suites.images import SuiteImages, image_findings, licence_findings, near_duplicates
from a2bench.suites.looks import Look, look_at, read_looks, why_no_looks, write_looks
from a2bench.suites.splits import element_findings, split_findings
from a2bench.suites.words import case_findings, name_findings, reading_findings, same_prompt


@dataclass(frozen=True)
class SuiteCheck:
    """What was checked and what was found, in the order of the suite."""

    suite: str
    path: Path
    revision: str
    num_cases: int
    num_images: int
    findings: tuple[Finding, ...]
    open_counts: dict[str, int] | None = None
    """How many cases need nothing fetched, as `open_counts` counts them; None where the catalogue cannot be read."""

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
            "open": self.open_counts,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "findings": [vars(finding) for finding in self.findings],
        }


def check_suite_file(name: str, *, look: bool = True, save_looks: bool = False) -> SuiteCheck:
    """Check a suite given by name or path; lines that cannot be read as cases are findings, not exceptions.

    look, save_looks: as in `check_suite`.

    Raises:
        UnknownNameError: no suite of that name.
        CaseError: no such file, no folder of references, or not UTF-8 text.
    """
    path, parts = find_suite(name)
    cases, errors = read_suite(path)
    unread = tuple(Finding("error", None, str(error)) for error in errors)
    return check_suite(select_parts(Suite(path.stem, path, cases), parts), unread, look=look, save_looks=save_looks)


def check_suite(
    suite: Suite, unread: tuple[Finding, ...] = (), *, look: bool = True, save_looks: bool = False
) -> SuiteCheck:
    """Check the cases of a suite and all their images.

    unread: findings from reading its file. look: let networks look at images whose looks are not known yet.
    save_looks: write the looks beside the suite.
    """
    images = SuiteImages(suite)
    counts = None
    try:
        counts = open_counts(suite)
        looks, found = _looks(images, look)
        found += _findings(suite, images, looks)
        if save_looks:
            write_looks(suite, looks)
    except CaseError as error:  # the catalogue cannot be read, and so nothing that needs it
        found = [Finding("error", None, str(error))]
    findings = [*unread, *found]
    order = {case.id: number for number, case in enumerate(suite.cases)}
    findings.sort(key=lambda finding: -1 if finding.case is None else order[finding.case])
    size = len(suite.cases), len(images.uses)
    return SuiteCheck(suite.name, suite.path, suite.revision, *size, tuple(findings), counts)


def _looks(images: SuiteImages, look: bool) -> tuple[dict[str, Look], list[Finding]]:
    """The looks of all shown images that can be looked at, and a finding where that was not possible."""
    shown = {use.image.sha256: use.image for key, use in images.uses.items() if use.shown}
    looks = {sha256: seen for sha256, seen in read_looks(images.suite).items() if sha256 in shown}
    usable = [images.uses[key].image for key, report in images.read.items() if report.look is not None]
    missing = [image for image in usable if image.sha256 in shown and image.sha256 not in looks]
    if not missing or not look:
        return looks, []
    if reason := why_no_looks():
        text = f"{len(missing)} images were not compared by their looks, nor searched for faces: this {reason}"
        return looks, [Finding("warning", None, text)]
    look_at(missing, looks)
    return looks, []


def _findings(suite: Suite, images: SuiteImages, looks: dict[str, Look]) -> Iterator[Finding]:
    yield from _version_findings(suite)
    yield from image_findings(images)
    yield from licence_findings(images)
    for case in suite.cases:
        yield from case_findings(case)
    yield from same_prompt(suite, images.severity)
    yield from reading_findings(suite)
    yield from name_findings(suite, images.severity)
    yield from split_findings(suite, images, looks)
    yield from element_findings(suite, images, looks)
    for first, second in near_duplicates(images):
        yield Finding(
            "warning",
            second.case,
            f"{second.image.file}: looks almost like {first.image.file}; keep one, or take a really different view",
        )


def _version_findings(suite: Suite) -> Iterator[Finding]:
    if suite.name != suite.path.stem:
        return  # a part of a suite has the version of the whole
    header, command = read_header(suite.path), f"`a2bench suites version {suite.address} NEW`"
    if header is None:
        if suite.is_built_in:
            yield Finding("error", None, f"has no version; type {command}")
    elif changed := changed_parts(header, contents_of(suite)):
        words = " and ".join(changed)
        yield Finding("error", None, f"{words} changed, but the version is still {header.version}; type {command}")
