"""What somebody else measured and reported: one system's values in another suite, with the totals they give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from a2bench.peers.total import Total


@dataclass(frozen=True)
class Suite:
    """Another suite (or one board of it): its dimensions in table order, its totals, and how many items it has.

    dimensions: key -> title. unit: ``percent``, or a text that says on which scales the values are.
    items: number of prompts of a complete result, None where it is not fixed or not published.
    """

    name: str
    title: str
    dimensions: Mapping[str, str]
    totals: Mapping[str, Total]
    unit: str
    items: int | None = None


@dataclass(frozen=True)
class Reported:
    """One row: reported, not measured here.

    values: by dimension, in the suite's unit; None for what the source does not have.
    published: totals that the source itself prints, by key of ``suite.totals``.
    scored: for result files with single items, how many items each dimension has a value for.
    source: the file or publication. notes: what a reader must know.
    """

    suite: Suite
    system: str
    values: Mapping[str, float | None]
    source: str
    published: Mapping[str, float] = field(default_factory=dict)
    scored: Mapping[str, int] = field(default_factory=dict)
    items: int | None = None
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The row as JSON values: each total recomputed from its definition, beside what the source prints."""
        return {
            "suite": self.suite.name,
            "title": self.suite.title,
            "system": self.system,
            "status": "reported, not measured here",
            "source": self.source,
            "unit": self.suite.unit,
            "dimensions": {key: self.values.get(key) for key in self.suite.dimensions},
            "titles": dict(self.suite.dimensions),
            "totals": {
                key: {
                    "name": total.name,
                    "value": total.of(self.values),
                    "missing": list(total.missing(self.values)),
                    "published": self.published.get(key),
                }
                for key, total in self.suite.totals.items()
            },
            "scored": dict(self.scored),
            "items": self.items,
            "notes": list(self.notes),
        }
