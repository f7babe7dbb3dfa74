"""Do raters answer the same when the sides are exchanged, and do they favour a side?"""

from dataclasses import dataclass

import numpy as np

from a2bench.statistics.clusters import clustered_interval, clustered_mean
from a2bench.statistics.estimates import Bools, Estimate, Floats, Ints
from a2bench.statistics.votes import Outcome, PairVotes


@dataclass(frozen=True, eq=False)
class SwapConsistency:
    """How often a repeat with exchanged sides got the same answer.

    overall: share in [0, 1], clustered by rater; n is the number of repeats.
    per_rater: ``(rater, repeats, same)`` for every rater with repeats.
    """

    overall: Estimate
    per_rater: tuple[tuple[int, int, int], ...]


def oriented_outcomes(votes: PairVotes) -> Ints:
    """``[V]`` outcomes as if the system with the lower index had been on the left."""
    flipped = np.array([2, 1, 0, 3], dtype=np.int64)[votes.outcome]
    return np.asarray(np.where(votes.left > votes.right, flipped, votes.outcome))


def swap_consistency(votes: PairVotes) -> SwapConsistency:
    """Compare votes of one rater on one pair and prompt that were shown both ways; order in ``votes`` is order in time.

    Each vote is compared with the latest earlier one of the same question that had the other side on the left. Same
    means the same winner, or both times a tie, or both times both bad.
    """
    oriented = oriented_outcomes(votes)
    latest: dict[tuple[int, int, int, int], int] = {}
    raters, same = [], []
    for vote in range(len(votes)):
        left, right = int(votes.left[vote]), int(votes.right[vote])
        question = (int(votes.rater[vote]), int(votes.prompt[vote]))
        earlier = latest.pop((*question, right, left), None)
        if earlier is None:
            latest[(*question, left, right)] = vote
        else:
            raters.append(question[0])
            same.append(float(oriented[vote] == oriented[earlier]))
    if not same:
        return SwapConsistency(Estimate(None, reason="no rater saw a pair both ways"), ())
    rater, agrees = np.array(raters), np.array(same)
    table = tuple((int(r), int((rater == r).sum()), int(agrees[rater == r].sum())) for r in np.unique(rater).tolist())
    return SwapConsistency(clustered_share(agrees, rater), table)


def left_share(votes: PairVotes) -> Estimate:
    """Share of decided votes that went to the left, clustered by rater; 0.5 when raters do not care.

    It leans on sides having been random; `covariance.side_effect` also takes the systems into account.
    """
    decided = (votes.outcome == Outcome.LEFT) | (votes.outcome == Outcome.RIGHT)
    if not decided.any():
        return Estimate(None, reason="no vote has a winner")
    return clustered_share((votes.outcome[decided] == Outcome.LEFT).astype(float), votes.rater[decided])


def clustered_share(hits: Floats | Bools, clusters: Ints) -> Estimate:
    """A share of ``[N]`` zeros and ones with the 95 % interval of a bounded mean over clusters, ``[N]``."""
    labels = [str(cluster) for cluster in clusters.tolist()]
    pairs = list(zip(labels, np.asarray(hits, dtype=float).tolist(), strict=True))
    share, stderr = clustered_mean(pairs)
    if share is None:
        return Estimate(None, reason="nothing was observed")
    interval = clustered_interval(pairs, (0.0, 1.0))
    if interval is None:
        return Estimate(share, n=len(labels), reason="one cluster: how much another would differ is unknown")
    return Estimate(share, interval[0], interval[1], stderr, len(labels))
