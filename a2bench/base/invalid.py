"""What is wrong with a record from outside, in a sentence."""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic import ValidationError


class Complaint(NamedTuple):
    """The first of what pydantic found. where: keys and indices, ``suite.cases.3``; empty for the whole."""

    where: str
    what: str
    given: Any
    others: int

    def text(self, whole: str = "") -> str:
        """``where: what (and N more)``; ``whole`` stands for a complaint about the whole, nothing leaves it out."""
        where = self.where or whole
        more = f" (and {self.others} more)" if self.others else ""
        return f"{where}: {self.what}{more}" if where else f"{self.what}{more}"


def complaint(error: "ValidationError") -> Complaint:
    """What is wrong, as a user may read it."""
    first = error.errors(include_url=False)[0]
    return Complaint(
        ".".join(str(part) for part in first["loc"]),
        first["msg"].removeprefix("Value error, "),
        first.get("input"),
        error.error_count() - 1,
    )
