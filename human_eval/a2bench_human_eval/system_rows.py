"""What is one row of a study, a board, an agreement? A system's name and revision: two checkpoints are two rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from a2bench.errors import InputError

T = TypeVar("T")


class SystemOf(NamedTuple):
    """The system of a run: its name and its revision."""

    name: str
    revision: str

    @property
    def label(self) -> str:
        """How a row is called where a name has several revisions."""
        return f"{self.name}@{self.revision}"


def row_names(systems: Sequence[SystemOf]) -> list[str]:
    """A name for the row of each system: its own where it is there in one revision, else ``name@revision``.

    >>> row_names([SystemOf("a", "1"), SystemOf("a", "2"), SystemOf("b", "1")])
    ['a@1', 'a@2', 'b']

    Raises:
        InputError: two are of one name and revision.
    """
    several = {one.name for one in systems if any(one.name == o.name and one.revision != o.revision for o in systems)}
    names = [one.label if one.name in several else one.name for one in systems]
    _refuse_twice(names)
    return names


def runs_of_rows(rows: Iterable[str], runs: Sequence[tuple[SystemOf, T]]) -> dict[str, T | None]:
    """The run of each row of a study; None where there is none.

    Args:
        rows: names as `row_names` gives them.
        runs: with their systems, in any order, which does not matter.

    Raises:
        InputError: two runs are of one name and revision of the study, or the study knows one revision of a system and
            there are runs of several: which of them people saw cannot be told.
    """
    found: dict[str, T | None] = {}
    for row in rows:
        of_row: dict[SystemOf, list[T]] = defaultdict(list)
        for system, run in runs:
            if row in (system.name, system.label):
                of_row[system].append(run)
        if len(of_row) > 1:
            revisions = " and ".join(repr(system.revision) for system in sorted(of_row))
            raise InputError(
                f"the study has one {row!r}, and there are runs of its revisions {revisions}; "
                "give only the run whose videos people saw"
            )
        _refuse_twice([row for same in of_row.values() for _ in same])
        found[row] = next((run for same in of_row.values() for run in same), None)
    return found


def _refuse_twice(names: Sequence[str]) -> None:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(
            f"two runs are of system {twice!r} in one revision; give one run of each system "
            "(--set name=... tells others apart)"
        )
