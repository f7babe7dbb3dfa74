"""What changed from one version of a method to the next, and what that means for numbers made before.

One file (``changes.json``) says it of metrics, the features behind them, the summary, the statistics of boards, and
suites. The first version of each needs no entry; every later one has exactly one, which a test holds.
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

Kind = Literal["metric", "feature", "summary", "statistics", "suite"]


class Change(BaseModel):
    """A method got a new version.

    version: the new one; a number, or for suites such as ``1.1``. date: when it landed, as ``YYYY-MM-DD``.
    what: what is done otherwise. comparable: whether numbers of the version before may stand beside new ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    name: str
    version: int | str
    date: str
    what: str
    comparable: str


@cache
def changes() -> tuple[Change, ...]:
    """All changes, in the order of the file."""
    text = files("a2bench.base").joinpath("changes.json").read_text(encoding="utf-8")
    return TypeAdapter(tuple[Change, ...]).validate_json(text)


def changes_of(methods: Iterable[tuple[Kind, str]]) -> list[dict[str, Any]]:
    """The changes of some methods as JSON values, the newest first."""
    wanted = set(methods)
    found = [change for change in changes() if (change.kind, change.name) in wanted]
    newest = sorted(
        reversed(found), key=lambda change: change.date, reverse=True
    )  # of a day, the last in the file first
    return [change.model_dump() for change in newest]
