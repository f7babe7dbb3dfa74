"""How good is each system, from rankings of several videos at once?

``P(ranking) = prod_k exp(t[k]) / sum_{l >= k} exp(t[l])`` (Plackett 1975, Applied Statistics 24:193; Luce 1959). A
ranking of two is a Bradley-Terry vote.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from a2bench.statistics.estimates import Floats, StatisticsError


def fit_plackett_luce(size: int, rankings: Sequence[Sequence[int]], *, ridge: float = 0.0) -> Floats:
    """Ratings ``[size]`` in logits, sum 0, by maximum likelihood (Newton's method on a concave function).

    Args:
        size: number of systems.
        rankings: each a sequence of different system indices, best first; partial rankings are welcome.
        ridge: penalty ``ridge / 2 * sum(t**2)``; 0 for maximum likelihood.

    Raises:
        StatisticsError: without a penalty, some systems never lost to, or never beat, the others.
    """
    beats = np.zeros((size, size))
    for ranking in rankings:
        if len(set(ranking)) != len(ranking):
            raise StatisticsError(f"ranking {list(ranking)} names a system twice")
        for better, worse in zip(ranking, ranking[1:], strict=False):
            beats[better, worse] = 1
    count, _ = connected_components(csr_array(beats), directed=True, connection="strong")
    if count > 1 and not ridge:
        raise StatisticsError("no finite maximum: some systems never lost to, or never beat, the others; give a ridge")
    ratings = np.zeros(size)
    gauge = np.full((size, size), 1 / size)
    current = -np.inf
    step = np.zeros(size)
    for _ in range(200):
        value, gradient, information = _derivatives(ratings, rankings)
        value -= ridge / 2 * float(ratings @ ratings)
        if value < current - 1e-12 * abs(current):
            step = step / 2
            ratings = ratings - step
            continue
        current = value
        step = np.linalg.solve(information + ridge * np.eye(size) + gauge, gradient - ridge * ratings)
        ratings = ratings + step
        if np.abs(step).max() < 1e-9:
            return np.asarray(ratings - ratings.mean())
    raise StatisticsError("the ratings did not converge; give a ridge")


def _derivatives(ratings: Floats, rankings: Sequence[Sequence[int]]) -> tuple[float, Floats, Floats]:
    value, gradient, information = 0.0, np.zeros(len(ratings)), np.zeros((len(ratings), len(ratings)))
    for ranking in rankings:
        for place in range(len(ranking) - 1):
            rest = np.array(ranking[place:])
            logits = ratings[rest]
            total = np.logaddexp.reduce(logits)
            chance = np.exp(logits - total)
            value += float(logits[0] - total)
            gradient[rest[0]] += 1
            gradient[rest] -= chance
            information[np.ix_(rest, rest)] += np.diag(chance) - np.outer(chance, chance)
    return value, gradient, information
