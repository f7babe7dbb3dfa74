"""The summary of a run from its records: each dimension with interval and coverage, and the headline over them.

A sample's value of a dimension is the soft harmonic mean of its normalised metrics; of Consistency, of its elements. A
sample's headline is the weighted soft harmonic mean of its dimensions: what a video lost is not made up for by its
other qualities. The run's values are means over samples. What has no value is counted with its reason; the headline
exists only when every planned sample has all dimensions.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from a2bench.base.text import shown_text
from a2bench.model.cases import element_role
from a2bench.model.records import ScoreRecord
from a2bench.model.scores import Expectation
from a2bench.results.current import CurrentRecords
from a2bench.results.dimensions import (
    DIMENSIONS,
    ELEMENT_METRICS,
    HEADLINE,
    VERSION,
    WITHOUT_TEXT,
    Anchor,
    Dimension,
    headline_dimensions,
    summary_metrics,
)
from a2bench.results.expectations import PREFIX, SUMMARY, summary_infos
from a2bench.results.metric_facts import MetricVersion
from a2bench.results.validity_file import Standing, ValidityFile, standing
from a2bench.statistics.clusters import clustered_interval
from a2bench.statistics.harmonic import soft_harmonic_mean

SCALE = (0.0, 100.0)
"""Of every row."""


@dataclass(frozen=True)
class Value:
    """A value in [0, 1], or None and the reason."""

    value: float | None
    reason: str | None = None


@dataclass(frozen=True)
class TotalRow:
    """One row of the summary of a run.

    weight: share of the headline; None for a headline. value, interval: mean and its 95 % interval over cases, on a
    scale of 0 to 100. scored: of ``total`` planned samples. reasons: why samples have no value, and how many, the most
    frequent first. validity: whether it put the controls in the right order.
    """

    name: str
    title: str
    question: str
    weight: float | None
    version: int
    value: float | None
    interval: tuple[float, float] | None
    scored: int
    total: int
    reasons: tuple[tuple[str, int], ...]
    validity: Standing

    @property
    def coverage(self) -> float:
        """Share of the planned samples that have a value."""
        return self.scored / self.total if self.total else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        facts = ("name", "title", "question", "weight", "version", "value")
        return {
            **{key: getattr(self, key) for key in facts},
            "interval": list(self.interval) if self.interval else None,
            "scored": self.scored,
            "total": self.total,
            "coverage": self.coverage,
            "reasons": [{"reason": reason, "count": count} for reason, count in self.reasons],
            "validity": self.validity.document(),
        }


def sample_totals(elements: Iterable[str], scores: Mapping[str, ScoreRecord]) -> dict[str, Value]:
    """Each dimension, the headline and the headline without text of one sample.

    Args:
        elements: ids of the case's elements.
        scores: the sample's current scores by metric.
    """
    values = {
        dimension.name: _consistency(elements, scores) if not dimension.anchors else _mean(dimension, scores)
        for dimension in DIMENSIONS
    }
    for name in (HEADLINE, WITHOUT_TEXT):
        parts = headline_dimensions(name)
        found = [(values[d.name].value, d.weight) for d in parts]
        missing = [f"no {d.title}: {values[d.name].reason}" for d in parts if values[d.name].value is None]
        values[name] = (
            Value(None, "; ".join(missing))
            if missing
            else Value(soft_harmonic_mean([value or 0.0 for value, _ in found], [weight for _, weight in found]))
        )
    return values


def _consistency(elements: Iterable[str], scores: Mapping[str, ScoreRecord]) -> Value:
    found = {element: _element(element, scores) for element in elements}
    if not found:
        return Value(None, "the record does not say which elements the case has")
    missing = [f"{element}: {entry.reason}" for element, entry in found.items() if entry.value is None]
    if missing:
        return Value(None, "; ".join(missing))
    return Value(soft_harmonic_mean([entry.value or 0.0 for entry in found.values()]))


def _element(element: str, scores: Mapping[str, ScoreRecord]) -> Value:
    result = Value(None, f"no metric for the role {element_role(element)!r}")
    for anchor in ELEMENT_METRICS.get(element_role(element), ()):
        record = scores.get(anchor.metric)
        score = record.elements.get(element) if record else None
        if record is None or score is None:
            return _unmeasured(anchor, record)
        if score.value is not None:
            return _normalised(anchor, record, score.value)
        result = Value(None, f"{anchor.metric}: {score.reason}")
    return result


def _mean(dimension: Dimension, scores: Mapping[str, ScoreRecord]) -> Value:
    parts = []
    for anchor in dimension.anchors:
        record = scores.get(anchor.metric)
        if record is None or record.value is None:
            return _unmeasured(anchor, record)
        part = _normalised(anchor, record, record.value)
        if part.value is None:
            return part
        parts.append(part.value)
    return Value(soft_harmonic_mean(parts))


def _unmeasured(anchor: Anchor, record: ScoreRecord | None) -> Value:
    return Value(None, f"{anchor.metric}: {(record.reason or record.status) if record else 'not scored'}")


def _normalised(anchor: Anchor, record: ScoreRecord, value: float) -> Value:
    version = record.measured_by.get("version")
    if anchor.version is not None and version != anchor.version:
        reason = f"{anchor.metric} is of version {version}, its anchors were measured with version {anchor.version}"
        return Value(None, reason)
    return Value(anchor.fraction(value))


def run_totals(run: CurrentRecords, validity: Sequence[ValidityFile] = ()) -> tuple[TotalRow, ...]:
    """The rows of the summary: dimensions, then the headline, each marked by the verdicts of the controls on it.

    Where text could not be measured in any video, and all else could, a row without text closes the summary. Only a
    headline's value needs full coverage.
    """
    names = (*(d.name for d in DIMENSIONS), HEADLINE, WITHOUT_TEXT)
    found: dict[str, list[tuple[str, float]]] = {name: [] for name in names}
    reasons: dict[str, Counter[str]] = {name: Counter() for name in found}
    for case, seed in run.planned:
        record = run.samples.get((case, seed))
        if record is None or record.status != "done":
            values = dict.fromkeys(found, Value(None, run.why_missing((case, seed))))
        else:
            scores = {metric: run.score((case, seed), metric) for metric in summary_metrics()}
            current = {metric: score for metric, score in scores.items() if score is not None}
            values = sample_totals(record.elements, current)
        for name, entry in values.items():
            if entry.value is None:
                reasons[name][shown_text(entry.reason or "")] += 1
            else:
                found[name].append((case, 100 * entry.value))
    rows = [
        _row(run, validity, d.name, d.title, d.question, d.weight, found[d.name], reasons[d.name]) for d in DIMENSIONS
    ]
    question = "All of it, so that a lost element cannot hide"
    head = _row(run, validity, HEADLINE, "Headline", question, None, found[HEADLINE], reasons[HEADLINE])
    rows.append(head if head.scored == head.total else replace(head, value=None, interval=None))
    if not found["text"] and run.planned and len(found[WITHOUT_TEXT]) == len(run.planned):
        question = "All but Text, which could not be measured; no number to compare with a headline"
        rows.append(
            _row(run, validity, WITHOUT_TEXT, "Headline without text", question, None, found[WITHOUT_TEXT], Counter())
        )
    return tuple(rows)


def _row(
    run: CurrentRecords,
    validity: Sequence[ValidityFile],
    name: str,
    title: str,
    question: str,
    weight: float | None,
    values: list[tuple[str, float]],
    reasons: Counter[str],
) -> TotalRow:
    return TotalRow(
        name,
        title,
        question,
        weight,
        VERSION,
        fmean(value for _, value in values) if values else None,
        clustered_interval(values, SCALE),
        len(values),
        len(run.planned),
        tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        standing(MetricVersion(PREFIX + name, VERSION, SUMMARY), validity, _expectations()[PREFIX + name]),
    )


def _expectations() -> dict[str, tuple[Expectation, ...]]:
    return {info.name: info.expectations for info in summary_infos()}


def summary_scores(run: CurrentRecords) -> Iterator[ScoreRecord]:
    """The rows of the summary for every video of a run, as scores."""
    for (case, seed), sample in run.samples.items():
        if sample.video is None:
            continue
        found = {metric: run.score((case, seed), metric) for metric in run.manifest.metrics}
        scores = {metric: score for metric, score in found.items() if score is not None}
        for name, entry in sample_totals(sample.elements, scores).items():
            yield ScoreRecord(
                key="",
                identity={},
                case=case,
                seed=seed,
                metric=PREFIX + name,
                video_sha256=sample.video.sha256,
                status="unscored" if entry.value is None else "scored",
                value=entry.value,
                reason=entry.reason,
                seconds=0,
                finished="",
            )
