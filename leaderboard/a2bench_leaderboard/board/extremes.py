"""Which cases of an entry stand out: its best and its worst by one number of the board."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from a2bench_leaderboard.board.table import BoardTable
from a2bench_leaderboard.columns import HEADLINE_COLUMN

NUM_EXTREMES = 3


class Yardstick(NamedTuple):
    """The number that cases are sorted by; ``sign`` times a value is higher where it is better."""

    name: str
    title: str
    sign: int


class Extremes(NamedTuple):
    """Case ids: ``best`` with the best one first, ``worst`` with the worst one first; no case is in both."""

    best: tuple[str, ...]
    worst: tuple[str, ...]


def yardstick(inputs: Mapping[str, Any], table: BoardTable) -> Yardstick | None:
    """The headline, or else the first number with a better side, that any video of the board has a value of."""
    columns = {column["name"]: column for column in inputs["columns"] if column["direction"] in ("higher", "lower")}
    measured = {name for name, number in zip(table.columns, table.counts.sum((0, 1)), strict=True) if number}
    for name in (HEADLINE_COLUMN, *columns):
        if name in columns and name in measured:
            return Yardstick(name, columns[name]["title"], -1 if columns[name]["direction"] == "lower" else 1)
    return None


def extremes(table: BoardTable, by: Yardstick | None) -> list[Extremes]:
    """Of each entry the best and the worst cases: three of each, fewer where it has fewer than six with a value."""
    if by is None:
        return [Extremes((), ()) for _ in table.values]
    means = by.sign * table.case_means(by.name)
    found = []
    for column in means.T:
        order = [table.cases[row] for row in np.argsort(-column, kind="stable")[: int((~np.isnan(column)).sum())]]
        number = min(NUM_EXTREMES, len(order) // 2)
        found.append(Extremes(tuple(order[:number]), tuple(order[::-1][:number])))
    return found
