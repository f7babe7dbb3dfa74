"""How often would each system lead if other prompts and other raters had been drawn?"""

from dataclasses import dataclass

import numpy as np

from a2bench.statistics.bootstrap import percentile_interval
from a2bench.statistics.estimates import LEVEL, Floats, StatisticsError
from a2bench.statistics.paired import PairedFit, fit_parameters, vote_cells
from a2bench.statistics.votes import PairVotes

REFIT_RIDGE = 0.01
"""Keeps a refit finite when a draw separates the systems; next to votes it weighs nothing."""


@dataclass(frozen=True, eq=False)
class Refits:
    """Ratings refitted to resampled prompts and raters.

    ratings: ``[B, K]`` logits, each row with sum 0.
    clusters: the smaller of the numbers of prompts and raters.
    failed: draws without a single win, left out of ``ratings``.
    """

    ratings: Floats
    clusters: int
    failed: int

    @property
    def p_best(self) -> Floats:
        """``[K]`` share of the draws in which the system leads; equal leaders share a draw."""
        leads = self.ratings >= self.ratings.max(1, keepdims=True)
        return np.asarray((leads / leads.sum(1, keepdims=True)).mean(0))

    @property
    def rank_shares(self) -> Floats:
        """``[K, K]`` share of the draws in which the system (row) has the rank (column, first is best)."""
        places = (-self.ratings).argsort(1, kind="stable").argsort(1, kind="stable")
        size = self.ratings.shape[1]
        return np.asarray((places[:, :, None] == np.arange(size)).mean(0))

    def interval(self, system: int, level: float = LEVEL) -> tuple[float, float]:
        """Percentile interval of one rating, widened for few clusters; wide with one vote per prompt and pair."""
        return percentile_interval(self.ratings[:, system], level, self.clusters)


def pigeonhole_bootstrap(votes: PairVotes, fit: PairedFit, *, draws: int = 1000, seed: int = 0) -> Refits:
    """Refit ratings to prompts and raters that are drawn with replacement.

    A vote weighs as often as its prompt was drawn times as often as its rater was (Owen 2007, Annals of Applied
    Statistics 1:386, arXiv:0712.1111).

    Args:
        votes: at least two prompts and two raters.
        fit: a fit of the same votes; its kind of model is refitted.
        draws: B.
        seed: of the random numbers; equal seeds give equal refits.

    Raises:
        StatisticsError: there are fewer than two prompts or raters.
    """
    ranked = votes.select(votes.ranked)
    _, prompt = np.unique(ranked.prompt, return_inverse=True)
    _, rater = np.unique(ranked.rater, return_inverse=True)
    prompts, raters = int(prompt.max()) + 1, int(rater.max()) + 1
    if min(prompts, raters) < 2:
        raise StatisticsError(f"resampling needs two prompts and two raters, there are {prompts} and {raters}")
    size = len(votes.systems)
    rng = np.random.default_rng(seed)
    ratings = []
    for _ in range(draws):
        drawn_prompts = rng.multinomial(prompts, np.full(prompts, 1 / prompts))
        drawn_raters = rng.multinomial(raters, np.full(raters, 1 / raters))
        cells = vote_cells(ranked, ranked.weight * drawn_prompts[prompt] * drawn_raters[rater])
        by_outcome = cells.reshape(-1, 3).sum(0)
        if not by_outcome[0] + by_outcome[2]:
            continue
        ties = bool(fit.nu) and bool(by_outcome[1])
        parameters = fit_parameters(cells, size, ties=ties, side=fit.side is not None, ridge=REFIT_RIDGE)
        ratings.append(parameters[:size])
    if not ratings:
        raise StatisticsError("no draw of prompts and raters has a vote with a winner")
    return Refits(np.array(ratings), min(prompts, raters), draws - len(ratings))
