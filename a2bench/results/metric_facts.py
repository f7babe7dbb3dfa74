"""What is a metric, in the version that a run's numbers were made with?"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from a2bench.base import registry
from a2bench.errors import A2BenchError
from a2bench.model.records import ScoreRecord
from a2bench.model.scores import ElementScore, MetricInfo


class MetricVersion(NamedTuple):
    """Which metric made a number; several versions or back-ends are joined by commas. None: it is not known."""

    name: str
    version: int | str | None
    backend: str


@dataclass(frozen=True)
class MetricFacts:
    """What a metric says about itself; of one that is not installed here, what its records say.

    version, backend: of the records, where there are any: they made the numbers. range: an end that is None is open.
    direction: ``unknown`` where the metric is not installed. touched_by: `a2bench.model.scores.MetricInfo`.
    """

    name: str
    title: str
    group: str = "other"
    direction: str = "unknown"
    range: tuple[float | None, float | None] = (None, None)
    unit: str = ""
    version: int | str | None = None
    backend: str = ""
    touched_by: tuple[str, ...] = ()

    @property
    def made_with(self) -> MetricVersion:
        """The metric as a verdict of the controls knows it."""
        return MetricVersion(self.name, self.version, self.backend)

    def lost(self, element: ElementScore) -> bool:
        """Whether an element was looked for and not found: its presence, or else its value, is at the very bottom."""
        if element.value is None or self.direction not in ("higher", "unknown"):
            return False
        if element.presence is not None:
            return element.presence == 0
        return self.range[0] == 0 and element.value == 0

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "name": self.name,
            "title": self.title,
            "group": self.group,
            "direction": self.direction,
            "range": list(self.range),
            "unit": self.unit,
            "version": self.version,
            "backend": self.backend,
            "touched_by": list(self.touched_by),
        }


def metric_facts(metric: str, records: Iterable[ScoreRecord] = ()) -> MetricFacts:
    """The facts of a metric, as it made these records."""
    made = [record.measured_by for record in records]
    try:
        info: MetricInfo = registry.load("metric", metric).info
    except A2BenchError:
        title = metric.replace("_", " ")
        return MetricFacts(metric, title, version=_made(made, "version", None), backend=_made(made, "backend", ""))
    return MetricFacts(
        metric,
        info.title or metric.replace("_", " "),
        info.group,
        info.direction,
        info.range,
        info.unit,
        _made(made, "version", info.version),
        _made(made, "backend", info.backend),
        info.touched_by,
    )


def _made(makers: list[dict[str, Any]], key: str, installed: Any) -> Any:
    """What the records say, in words where it is not what is installed here."""
    found = sorted({str(maker[key]) for maker in makers if maker.get(key) is not None})
    return ", ".join(found) if found and found != [str(installed)] else installed
