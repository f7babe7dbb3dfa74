"""A weighted sum of dimensions: the shape of every total that the other suites publish."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One dimension of a total: ``weight * (value - low) / (high - low)``, not clamped."""

    weight: float
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class Total:
    """A total that a suite publishes.

    name: what tables call it. terms: by dimension. scale: what the sum is multiplied by, such as 100 for percent.
    source: where the definition stands.
    """

    name: str
    terms: Mapping[str, Term]
    source: str
    scale: float = 1.0

    def missing(self, values: Mapping[str, float | None]) -> tuple[str, ...]:
        """The dimensions without a value, in the order of the definition."""
        return tuple(name for name in self.terms if values.get(name) is None)

    def of(self, values: Mapping[str, float | None]) -> float | None:
        """The total, or None when a dimension has no value: missing stays missing."""
        parts = []
        for name, term in self.terms.items():
            value = values.get(name)
            if value is None:
                return None
            parts.append(term.weight * (value - term.low) / (term.high - term.low))
        return self.scale * math.fsum(parts)
