"""One problem of a suite."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One problem. ``case`` is None when it belongs to the whole suite or to a line that is no case."""

    severity: Severity
    case: str | None
    message: str
