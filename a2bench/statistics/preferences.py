"""Which of two videos of one prompt do people prefer, and by how much?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from a2bench.statistics.consistency import oriented_outcomes
from a2bench.statistics.estimates import Bools, Floats, Ints
from a2bench.statistics.opinion import rating_matrix
from a2bench.statistics.votes import Outcome, PairVotes


@dataclass(frozen=True, eq=False)
class Preferences:
    """People's preferences, one row per prompt and unordered pair of systems.

    prompt, first, second: ``[N]`` int; first < second.
    wins, losses, ties: ``[N]`` weighted votes for the first, for the second, for neither; from ratings, one row is one
        vote.
    margin: ``[N]`` float, > 0 where the first is preferred: (wins - losses) / votes, or the difference of ratings.
    """

    prompt: Ints
    first: Ints
    second: Ints
    wins: Floats
    losses: Floats
    ties: Floats
    margin: Floats

    @property
    def sign(self) -> Ints:
        """``[N]`` 1 where the first is preferred, -1 where the second, 0 for a draw."""
        return np.sign(np.round(self.margin, 12)).astype(np.int64)

    def select(self, keep: Bools) -> "Preferences":
        """The rows where ``keep`` (``[N]`` bool) holds."""
        return Preferences(
            self.prompt[keep],
            self.first[keep],
            self.second[keep],
            self.wins[keep],
            self.losses[keep],
            self.ties[keep],
            self.margin[keep],
        )


def preferences_from_votes(votes: PairVotes) -> Preferences:
    """Pool the votes on each prompt and pair, whatever side the videos were on; both-bad votes are left out."""
    votes = votes.select(votes.ranked)
    low, high = np.minimum(votes.left, votes.right), np.maximum(votes.left, votes.right)
    keys, row = np.unique(np.stack([votes.prompt, low, high], axis=1), axis=0, return_inverse=True)
    table = np.zeros((len(keys), 3))
    np.add.at(table, (row.reshape(-1), oriented_outcomes(votes)), votes.weight)
    wins, ties, losses = table[:, Outcome.LEFT], table[:, Outcome.TIE], table[:, Outcome.RIGHT]
    margin = (wins - losses) / table.sum(1)
    return Preferences(keys[:, 0], keys[:, 1], keys[:, 2], wins, losses, ties, margin)


def preferences_from_ratings(scores: ArrayLike) -> Preferences:
    """Preferences from mean ratings ``[P, K]``, prompts x systems, NaN where missing."""
    matrix = rating_matrix(scores)
    first, second = np.triu_indices(matrix.shape[1], 1)
    margin = (matrix[:, first] - matrix[:, second]).reshape(-1)
    prompt = np.repeat(np.arange(len(matrix)), len(first))
    columns = (prompt, np.tile(first, len(matrix)), np.tile(second, len(matrix)))
    keep = ~np.isnan(margin)
    signs = np.sign(margin[keep])
    kept = tuple(np.asarray(column[keep], dtype=np.int64) for column in columns)
    return Preferences(
        kept[0],
        kept[1],
        kept[2],
        (signs > 0).astype(float),
        (signs < 0).astype(float),
        (signs == 0).astype(float),
        margin[keep],
    )


def mean_preference(votes: PairVotes, prompts: int) -> Floats:
    """``[prompts, K]`` mean of +1 for a win, 0 for a tie and -1 for a loss, NaN where a video was not judged."""
    votes = votes.select(votes.ranked)
    score = np.array([1.0, 0.0, -1.0])[votes.outcome] * votes.weight
    total, weight = np.zeros((prompts, len(votes.systems))), np.zeros((prompts, len(votes.systems)))
    np.add.at(total, (votes.prompt, votes.left), score)
    np.add.at(total, (votes.prompt, votes.right), -score)
    np.add.at(weight, (votes.prompt, votes.left), votes.weight)
    np.add.at(weight, (votes.prompt, votes.right), votes.weight)
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)
