"""What is a set of pairwise votes, and how are its systems connected?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from a2bench.statistics.estimates import Bools, Floats, Ints, StatisticsError


class Outcome(IntEnum):
    """What a rater answered. Both bad is an outcome of its own, not a tie."""

    LEFT = 0
    TIE = 1
    RIGHT = 2
    BOTH_BAD = 3


@dataclass(frozen=True, eq=False)
class PairVotes:
    """Votes on pairs of videos of one prompt.

    systems: names, K of them.
    left, right: ``[V]`` int, index of the system on that side; never equal.
    outcome: ``[V]`` int, an `Outcome`.
    prompt, rater: ``[V]`` int, who was asked about what: the clusters of the intervals.
    weight: ``[V]`` float >= 0, how much a vote counts (1 unless a rater is weighted down).
    """

    systems: tuple[str, ...]
    left: Ints
    right: Ints
    outcome: Ints
    prompt: Ints
    rater: Ints
    weight: Floats

    def __post_init__(self) -> None:
        count = len(self.systems)
        columns = (self.left, self.right, self.outcome, self.prompt, self.rater, self.weight)
        if any(column.shape != (len(self.left),) for column in columns):
            shapes = ", ".join(str(column.shape) for column in columns)
            raise StatisticsError(f"the columns of votes must be vectors of one length, they have shapes {shapes}")
        sides = np.concatenate([self.left, self.right])
        if sides.size and (sides.min() < 0 or sides.max() >= count):
            raise StatisticsError(f"votes name system {int(sides.max())}, known are 0 to {count - 1}")
        if np.any(self.left == self.right):
            vote = int(np.argmax(self.left == self.right))
            raise StatisticsError(f"vote {vote} compares {self.systems[int(self.left[vote])]!r} with itself")
        if not np.isin(self.outcome, [o.value for o in Outcome]).all():
            raise StatisticsError("outcomes must be 0 (left), 1 (tie), 2 (right) or 3 (both bad)")
        if not (np.isfinite(self.weight).all() and (self.weight >= 0).all()):
            raise StatisticsError("weights must be finite and not negative")

    def __len__(self) -> int:
        return len(self.left)

    @property
    def ranked(self) -> Bools:
        """``[V]`` bool: votes that say something about order; both bad and weight 0 do not."""
        return np.asarray((self.outcome != Outcome.BOTH_BAD) & (self.weight > 0))

    @property
    def both_bad_share(self) -> float | None:
        """Weighted share of votes that call both videos bad: a floor of absolute quality. None without votes."""
        total = float(self.weight.sum())
        return float(self.weight[self.outcome == Outcome.BOTH_BAD].sum()) / total if total else None

    def select(self, keep: Bools) -> "PairVotes":
        """The votes where ``keep`` (``[V]`` bool) holds; names and codes stay."""
        return PairVotes(
            self.systems,
            self.left[keep],
            self.right[keep],
            self.outcome[keep],
            self.prompt[keep],
            self.rater[keep],
            self.weight[keep],
        )

    def with_weight(self, weight: Floats) -> "PairVotes":
        """The same votes with other weights, ``[V]``."""
        return replace(self, weight=weight)

    def with_sides_swapped(self) -> "PairVotes":
        """The same votes as if every pair had been shown the other way round."""
        flipped = np.array([2, 1, 0, 3], dtype=np.int64)[self.outcome]
        return replace(self, left=self.right, right=self.left, outcome=flipped)

    def wins(self) -> Floats:
        """``[K, K]`` weighted counts: row beat column. Ties and both bad are not in it."""
        table = np.zeros((len(self.systems), len(self.systems)))
        left, right = self.outcome == Outcome.LEFT, self.outcome == Outcome.RIGHT
        np.add.at(table, (self.left[left], self.right[left]), self.weight[left])
        np.add.at(table, (self.right[right], self.left[right]), self.weight[right])
        return table

    def ties(self) -> Floats:
        """``[K, K]`` weighted counts of ties, symmetric."""
        table = np.zeros((len(self.systems), len(self.systems)))
        tie = self.outcome == Outcome.TIE
        np.add.at(table, (self.left[tie], self.right[tie]), self.weight[tie])
        return np.asarray(table + table.T)


def pair_votes(
    systems: Sequence[str],
    left: ArrayLike,
    right: ArrayLike,
    outcome: ArrayLike,
    prompt: ArrayLike,
    rater: ArrayLike,
    weight: ArrayLike | None = None,
) -> PairVotes:
    """Votes from plain columns of indices, see `PairVotes`; ``weight`` is 1 unless given.

    Raises:
        StatisticsError: a column has another length, an unknown system or outcome, or a system meets itself.
    """
    columns = [np.asarray(column, dtype=np.int64) for column in (left, right, outcome, prompt, rater)]
    weights = np.ones(len(columns[0])) if weight is None else np.asarray(weight, dtype=np.float64)
    return PairVotes(tuple(systems), columns[0], columns[1], columns[2], columns[3], columns[4], weights)


def votes_from_names(rows: Iterable[tuple[str, str, Outcome, str, str]]) -> PairVotes:
    """Votes from ``(left, right, outcome, prompt, rater)`` with names; systems come out in alphabetical order.

    >>> votes_from_names([("b", "a", Outcome.LEFT, "p1", "r1")]).wins().tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    rows = list(rows)
    systems = sorted({row[0] for row in rows} | {row[1] for row in rows})
    index = {name: number for number, name in enumerate(systems)}
    prompts = {name: number for number, name in enumerate(sorted({row[3] for row in rows}))}
    raters = {name: number for number, name in enumerate(sorted({row[4] for row in rows}))}
    return pair_votes(
        systems,
        [index[row[0]] for row in rows],
        [index[row[1]] for row in rows],
        [int(row[2]) for row in rows],
        [prompts[row[3]] for row in rows],
        [raters[row[4]] for row in rows],
    )


def compared_groups(votes: PairVotes) -> list[list[int]]:
    """Systems that comparisons connect, directly or through others; one group means one common scale."""
    links = votes.wins() + votes.wins().T + votes.ties()
    count, labels = connected_components(csr_array(links), directed=False)
    return [np.flatnonzero(labels == label).tolist() for label in range(count)]


def unbounded_directions(votes: PairVotes) -> tuple[str | None, ...]:
    """In which direction the maximum-likelihood rating of each system runs away, None where it does not.

    Ratings exist if and only if a chain of wins (or ties) leads from every system to every other (Ford 1957, Amer.
    Math. Monthly 64:28; ties as for Davidson 1970, JASA 65:317). Otherwise "above" marks systems whose
    group never lost to anyone outside it, "below" those whose group never won, "between" the others.
    """
    beats = votes.wins() + votes.ties()
    count, labels = connected_components(csr_array(beats), directed=True, connection="strong")
    if count == 1:
        return (None,) * len(votes.systems)
    outside = labels[:, None] != labels[None, :]
    won = [bool((beats * outside)[labels == label].any()) for label in range(count)]
    lost = [bool((beats * outside)[:, labels == label].any()) for label in range(count)]
    names = {(True, False): "above", (False, True): "below", (True, True): "between", (False, False): "between"}
    return tuple(names[won[label], lost[label]] for label in labels)
