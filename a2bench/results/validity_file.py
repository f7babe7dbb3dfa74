"""What the controls said of each metric, kept as a file that reports read.

A verdict belongs to one version and back-end of a metric, to its expectations, and to the revisions of the controls.
When any of these changes, the metric is *not checked* until the controls are run again: a mark is never carried over.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from a2bench.base import registry
from a2bench.base.data import data_file
from a2bench.base.files import check_outside_of_runs, write_atomically
from a2bench.base.invalid import complaint
from a2bench.errors import A2BenchError, InputError
from a2bench.model.scores import Expectation, MetricInfo
from a2bench.results.metric_facts import MetricVersion
from a2bench.results.validity import Verdict, why_not_checked
from a2bench.results.validity_clips import KINDS, ClipsRow
from a2bench.statistics.quantities import FEWEST_CASES

State = Literal["valid", "fails", "not checked"]
FILE_NAME = "validity.json"
"""What `a2bench metrics validate` writes into its output folder."""
SHIPPED = "a2bench-mini.json"
"""The suite over which the verdicts that come with A2Bench were found."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CheckedExpectation(_Record):
    """One expectation and what was found; a bound (or an end of the interval) that is infinite is None.

    checked: whether there were cases enough to compare.
    """

    text: str
    quantity: Literal["difference", "ratio", "value"]
    control: str
    than: str | None
    role: str | None
    low: float | None
    high: float | None
    estimate: float | None
    interval: tuple[float | None, float | None] | None
    cases: int
    checked: bool
    met: bool

    @property
    def state(self) -> Literal["met", "fails", "not checked"]:
        """The verdict as it counts now: files from before 0.2.0 have verdicts on fewer cases than are enough."""
        if not self.checked or self.cases < FEWEST_CASES:
            return "not checked"
        return "met" if self.met else "fails"


class CheckedMetric(_Record):
    """A metric as it was when the controls were run, with its verdicts and its mean on each control."""

    name: str
    version: int
    backend: str
    expectations: tuple[CheckedExpectation, ...]
    means: dict[str, float | None]


class ValidityFile(_Record):
    """The result of ``a2bench metrics validate``."""

    schema_version: Literal[1] = 1
    suite: str
    suite_revision: str
    cases: int
    settings: dict[str, Any]
    controls: dict[str, str]
    """Revision of each control."""
    date: str
    a2bench: str
    metrics: tuple[CheckedMetric, ...]
    real_clips: tuple[ClipsRow, ...] = ()
    """What the same metrics said of real clips; empty where there were none."""


@dataclass(frozen=True)
class Standing:
    """Whether a metric may be trusted, and why."""

    state: State
    reason: str

    def document(self) -> dict[str, str]:
        """As JSON values."""
        return {"state": self.state, "reason": self.reason}


def checked_metric(info: MetricInfo, verdicts: Iterable[Verdict], means: Mapping[str, float | None]) -> CheckedMetric:
    """The record of one metric."""
    return CheckedMetric(
        name=info.name,
        version=info.version,
        backend=info.backend,
        expectations=tuple(
            CheckedExpectation(
                text=verdict.expectation.text,
                quantity=verdict.expectation.quantity,
                control=verdict.expectation.control,
                than=verdict.expectation.than,
                role=verdict.expectation.role,
                low=_finite(verdict.expectation.low),
                high=_finite(verdict.expectation.high),
                estimate=_finite(verdict.estimate),
                interval=(_finite(verdict.interval[0]), _finite(verdict.interval[1])) if verdict.interval else None,
                cases=verdict.num_cases,
                checked=verdict.interval is not None,
                met=verdict.met,
            )
            for verdict in verdicts
        ),
        means=dict(means),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def write_validity(path: Path, file: ValidityFile) -> None:
    """Write the file in one piece."""
    check_outside_of_runs(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (file.model_dump_json(indent=1) + "\n").encode())


def read_validity(path: Path) -> ValidityFile:
    """Read a file of verdicts.

    Raises:
        InputError: it is missing or not such a file.
    """
    if not path.is_file():
        raise InputError(f"no such file: {path}; `a2bench metrics validate` writes it")
    try:
        return ValidityFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        what = complaint(error).text("the file")
        raise InputError(f"{path} is no result of `a2bench metrics validate`: {what}") from None


def shipped_validity() -> ValidityFile | None:
    """The verdicts on the built-in metrics that come with A2Bench."""
    path = data_file("metrics", "validity", SHIPPED)
    return read_validity(path) if path else None


def known_validity(path: Path | None) -> tuple[ValidityFile, ...]:
    """The verdicts to go by: those of a file of one's own first, then the shipped ones.

    Raises:
        InputError: the file is missing or not such a file.
    """
    own = (read_validity(path),) if path else ()
    shipped = shipped_validity()
    return (*own, shipped) if shipped else own


def installed_expectations(metric: str) -> tuple[Expectation, ...] | None:
    """The expectations of a metric as it is installed here; None if it is not."""
    if metric not in registry.paths("metric"):  # a name with a colon would be imported
        return None
    try:
        info: MetricInfo = registry.load("metric", metric).info
    except A2BenchError:
        return None
    return info.expectations


def standing(
    metric: MetricVersion, files: Iterable[ValidityFile], expectations: tuple[Expectation, ...] | None
) -> Standing:
    """Whether a metric, in the version and with the back-end that its scores were made with, has passed.

    Args:
        metric: as it made the scores.
        files: the first one that checked this very metric decides.
        expectations: what is expected of it now; None if that is not known here.
    """
    reasons = []
    for file in files:
        found = next((entry for entry in file.metrics if entry.name == metric.name), None)
        if found is None:
            continue
        changed = _what_changed(metric, found, file, expectations)
        if changed is None:
            return _verdict(found, file)
        reasons.append(changed)
    return Standing("not checked", reasons[0] if reasons else "the controls were never run with it")


def _what_changed(
    metric: MetricVersion,
    found: CheckedMetric,
    file: ValidityFile,
    expectations: tuple[Expectation, ...] | None,
) -> str | None:
    for key, was, now in (("version", found.version, metric.version), ("backend", found.backend, metric.backend)):
        if str(now) != str(was):
            return f"checked with {key} {was}, scored with {now}"
    if expectations is None:  # the file is all that is known
        return None
    wanted = [(e.text, e.quantity, e.control, e.than, e.role, _finite(e.low), _finite(e.high)) for e in expectations]
    checked = [(e.text, e.quantity, e.control, e.than, e.role, e.low, e.high) for e in found.expectations]
    if wanted != checked:
        return "its expectations have changed since it was checked"
    for control in dict.fromkeys(name for e in found.expectations for name in (e.control, e.than) if name):
        revision = registry.load("adapter", control).meta.revision if control in registry.paths("adapter") else None
        if revision != file.controls.get(control):
            return f"the control {control!r} has changed since it was checked"
    return None


def _verdict(found: CheckedMetric, file: ValidityFile) -> Standing:
    if not found.expectations:
        return Standing("not checked", "it says nothing of how it must order the controls")
    failed = [e.text for e in found.expectations if e.state == "fails"]
    failed += [row.text for row in file.real_clips if row.metric == found.name and row.state == "fails"]
    if failed:
        return Standing("fails", "; ".join(failed))
    open_ = [e for e in found.expectations if e.state == "not checked"]
    if open_:
        few = next((e for e in open_ if e.cases), None)
        why = (
            f"{why_not_checked(few.cases)}: {few.text}"
            if few
            else f"it measured nothing when the controls were run ({open_[0].text})"
        )
        return Standing("not checked", why)
    count = len(found.expectations)
    kinds = [KINDS[row.category] for row in file.real_clips if row.metric == found.name and row.state == "met"]
    clips = f", and on real clips for {' and '.join(kinds)}" if kinds else ""
    return Standing("valid", f"met all {count} expectations on {file.cases} cases of {file.suite}{clips}")
