"""The values that boards and comparisons are made of: of each run, the rows of the summary and every metric."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from a2bench.base.hashing import canonical_json
from a2bench.base.text import one_line
from a2bench.errors import InputError
from a2bench.model.records import SampleId, ScoreRecord
from a2bench.results.dimensions import HEADLINE, VERSION, WITHOUT_TEXT, row_metrics
from a2bench.results.expectations import PREFIX, SUMMARY, summary_infos
from a2bench.results.metric_facts import MetricVersion, metric_facts
from a2bench.results.run import Run
from a2bench.results.totals import summary_scores
from a2bench.results.validity_file import Standing, ValidityFile, installed_expectations, standing

HEADLINE_COLUMN = PREFIX + HEADLINE
WITHOUT_TEXT_COLUMN = PREFIX + WITHOUT_TEXT
_FIRST = (HEADLINE_COLUMN, WITHOUT_TEXT_COLUMN)


@dataclass(frozen=True)
class Column:
    """What a number is.

    name: of a metric, or ``summary:`` and a row of the summary, whose values are from 0 to 100. range: of its values;
    an end that is None is open.
    made_by: version, back-end, features, weights and sampling of the metric as canonical JSON.
    touched_by: what of the settings changes its values (`a2bench.model.scores.MetricInfo`).
    """

    name: str
    title: str
    group: str
    direction: str
    range: tuple[float | None, float | None]
    unit: str
    version: str
    backend: str
    validity: Standing
    made_by: str
    touched_by: tuple[str, ...] = ()

    @property
    def is_summary(self) -> bool:
        """Whether it is a row of the summary."""
        return self.name.startswith(PREFIX)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        facts = {key: getattr(self, key) for key in ("name", "title", "group", "direction", "range", "unit", "version")}
        return facts | {
            "range": list(self.range),
            "backend": self.backend,
            "validity": self.validity.document(),
            "touched_by": list(self.touched_by),
        }


@dataclass(frozen=True)
class RunScores:
    """One run: what its columns are and their values by case and seed; what has no value is not there."""

    name: str
    run: Run
    columns: dict[str, Column]
    values: dict[str, dict[SampleId, float]] = field(repr=False)


def read_scores(name: str, run: Run, validity: Sequence[ValidityFile] = ()) -> RunScores:
    """Read a run's columns: headline and dimensions, then its metrics in the order of the run.

    Raises:
        InputError: scores of one metric were made in two ways.
    """
    columns: dict[str, Column] = {}
    values: dict[str, dict[SampleId, float]] = {}
    summary: dict[str, list[ScoreRecord]] = {info.name: [] for info in summary_infos()}
    for record in summary_scores(run):
        summary[record.metric].append(record)
    for info in sorted(summary_infos(), key=lambda info: _FIRST.index(info.name) if info.name in _FIRST else 2):
        parts = [metric_facts(metric).touched_by for metric in row_metrics(info.name.removeprefix(PREFIX))]
        columns[info.name] = Column(
            info.name, info.title, "summary", "higher", (0, 100), "", str(VERSION), SUMMARY,
            standing(MetricVersion(info.name, VERSION, SUMMARY), validity, info.expectations),
            f"summary version {VERSION}",
            tuple(sorted({what for part in parts for what in part})),
        )  # fmt: skip
        values[info.name] = {
            (record.case, record.seed): 100 * record.value for record in summary[info.name] if record.value is not None
        }
    for metric in run.manifest.metrics:
        records = run.scores(metric)
        facts = metric_facts(metric, records)
        made = sorted({_made_by(record) for record in records})
        if len(made) > 1:
            raise InputError(
                f"{name}: the scores of {metric!r} were made in {len(made)} ways; "
                f"type `a2bench score {run.store.folder}` to make them all anew"
            )
        columns[metric] = Column(
            metric, facts.title, facts.group, facts.direction, facts.range, facts.unit, str(facts.version),
            facts.backend, standing(facts.made_with, validity, installed_expectations(metric)),
            made[0] if made else "", facts.touched_by,
        )  # fmt: skip
        values[metric] = {(record.case, record.seed): record.value for record in records if record.value is not None}
    return RunScores(name, run, columns, values)


def shown_columns(scores: Sequence[RunScores]) -> dict[str, Column]:
    """The columns of several runs in order; the headline without text only where a run's text was not measured."""
    known = {name: column for one in scores for name, column in one.columns.items()}
    if all(one.values[HEADLINE_COLUMN] for one in scores):
        known.pop(WITHOUT_TEXT_COLUMN)
    return known


def _made_by(record: ScoreRecord) -> str:
    parts = ("schema", "metric", "features", "weights", "sampling")
    return canonical_json({key: record.identity[key] for key in parts if key in record.identity})


def made_differently(first: Column, other: Column) -> str | None:
    """Why values of two runs' columns cannot be compared, or None when they can."""
    if not first.made_by or not other.made_by or first.made_by == other.made_by:
        return None
    for key in ("version", "backend"):
        one, two = getattr(first, key), getattr(other, key)
        if one != two:
            return f"{key} {one_line(one) or '-'} and {one_line(two) or '-'}"
    return "other features, weights or sampling"
