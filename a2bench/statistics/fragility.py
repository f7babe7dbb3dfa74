"""How few votes would turn the leader?

On Chatbot Arena 2 of 57,477 votes did (Huang et al. 2025, arXiv:2508.11847). Votes are taken away greedily by their
influence on the gap between leader and challenger, ``score' * bread * (e_leader - e_challenger)`` (Broderick, Giordano
and Meager 2020, arXiv:2011.14999), and the model is refitted each time; so the number is an upper bound of the
least one.
"""

from dataclasses import dataclass

import numpy as np

from a2bench.statistics.estimates import Ints, StatisticsError
from a2bench.statistics.paired import PairedFit, fit_bradley_terry, fit_davidson
from a2bench.statistics.votes import PairVotes


@dataclass(frozen=True, eq=False)
class Fragility:
    """The fewest votes that were found to turn the leader when they are taken away.

    count: how many, None when the leader cannot be turned or there is none (``reason``).
    share: count over all votes that rank, in [0, 1].
    leader, challenger: who leads before and after.
    votes: indices of the votes to take away.
    """

    count: int | None
    share: float | None
    leader: str | None
    challenger: str | None
    votes: Ints
    reason: str | None = None


def fragility(votes: PairVotes, fit: PairedFit) -> Fragility:
    """Find a small set of votes without which another system leads.

    Args:
        votes: the votes that ``fit`` was fitted to.
        fit: the model; its kind is refitted to the votes that remain.
    """
    nothing = np.zeros(0, dtype=np.int64)
    if len(fit.systems) < 2:
        return Fragility(None, None, None, None, nothing, "one system: there is no leader to turn")
    order = np.argsort(-fit.ratings, kind="stable")
    leader = int(order[0])
    name = fit.systems[leader]
    if fit.ratings[order[1]] >= fit.ratings[leader] - 1e-9:
        return Fragility(0, 0.0, name, fit.systems[int(order[1])], nothing, "two systems lead together")
    best: tuple[Ints, int] | None = None
    for challenger in order[1:]:
        limit = len(votes) if best is None else len(best[0]) - 1
        found = _turn(votes, fit, leader, int(challenger), limit)
        if found is not None:
            best = found
    if best is None:
        reason = f"no set of votes was found that can be taken away so that {name} no longer leads"
        return Fragility(None, None, name, None, nothing, reason)
    removed, winner = best
    share = len(removed) / int(votes.ranked.sum())
    return Fragility(len(removed), share, name, fit.systems[winner], np.sort(removed), None)


def _turn(votes: PairVotes, fit: PairedFit, leader: int, challenger: int, limit: int) -> tuple[Ints, int] | None:
    """The first votes, by influence, without which ``leader`` does not lead; at most ``limit``, else None."""
    removed = np.zeros(0, dtype=np.int64)
    current = fit
    while True:
        influence = current.scores @ current.bread @ current.contrast(leader, challenger)
        order = np.argsort(-influence, kind="stable")
        order = order[influence[order] > 0]
        gap = current.ratings[leader] - current.ratings[challenger]
        needed = int(np.searchsorted(np.cumsum(influence[order]), gap)) + 1
        more = order[:needed]
        if not len(more) or len(removed) >= limit:
            return None
        following = current
        for count in _try_counts(len(more)):
            trial = np.concatenate([removed, more[:count]])
            refit = _refit(votes, trial, fit)
            if refit is None:
                return None
            winner = int(np.argmax(refit.ratings))
            if winner != leader:
                return (trial, winner) if len(trial) <= limit else None
            following = refit
        removed, current = np.concatenate([removed, more]), following


def _try_counts(predicted: int) -> list[int]:
    """Sizes to try, small first: the linear prediction may be a little too high as well as too low."""
    if predicted <= 8:
        return list(range(1, predicted + 1))
    return sorted({max(1, round(predicted * share)) for share in (0.7, 0.8, 0.85, 0.9, 0.95, 0.975)} | {predicted})


def _refit(votes: PairVotes, removed: Ints, fit: PairedFit) -> PairedFit | None:
    weight = votes.weight.copy()
    weight[removed] = 0
    rest = votes.with_weight(weight)
    side = fit.side is not None
    try:
        return fit_bradley_terry(rest, side_effect=side) if fit.nu is None else fit_davidson(rest, side_effect=side)
    except StatisticsError:
        return None
