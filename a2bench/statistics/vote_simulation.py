"""Do the intervals keep their promise? Votes of simulated raters with known truth.

Prompts suit some systems more than others, and raters have tastes: both are normal on the logit scale. What a fit
estimates is then the rating in the population of prompts and raters, which is smaller than the rating of a typical
prompt and rater; coverage is counted against that one (`population_ratings`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Literal

import numpy as np

from a2bench.statistics.covariance import Covariance, Method, covariance
from a2bench.statistics.estimates import LEVEL, Bools, Floats
from a2bench.statistics.paired import ELO_PER_LOGIT, PairedFit, fit_bradley_terry, fit_davidson
from a2bench.statistics.ranks import rank_sets
from a2bench.statistics.resampling import pigeonhole_bootstrap
from a2bench.statistics.student import t_quantile
from a2bench.statistics.votes import PairVotes, pair_votes


@dataclass(frozen=True)
class World:
    """What is true.

    ratings: logits of the systems for a typical prompt and rater.
    prompt_sd, rater_sd: standard deviation in logits of each system's rating over prompts, over raters.
    side: logits in favour of the left video.
    nu: Davidson's tie parameter, 0 for no ties.
    """

    ratings: tuple[float, ...]
    prompt_sd: float = 0.7
    rater_sd: float = 0.4
    side: float = 0.0
    nu: float = 0.0


@dataclass(frozen=True)
class Design:
    """What is asked: every pair of systems for every prompt, ``votes_per_pair`` times, each time another rater."""

    prompts: int
    raters: int
    votes_per_pair: int


@dataclass(frozen=True)
class Coverage:
    """How often intervals held the truth.

    covered: share of intervals that did; single ratings and differences of two ratings.
    half_width: mean half-width of the intervals of single ratings, in Elo.
    """

    method: str
    covered: float
    covered_differences: float | None
    half_width: float


@dataclass(frozen=True)
class Recovery:
    """How often a study says what is true; shares of simulated studies.

    order: all systems were in the true order. leader: the best system came out first.
    told_apart: share of the pairs of systems that the studies called different, the right way round.
    false_claim: at least one pair was called different the wrong way round.
    """

    order: float
    leader: float
    told_apart: float
    false_claim: float


IntervalMethod = Method | Literal["two-way, normal", "two-way, fewest", "bootstrap"]


def outcome_chances(logits: Floats, nu: float) -> Floats:
    """Chances of left, tie, right, ``[..., 3]``, for logits in favour of the left video."""
    weights = np.stack([np.exp(logits / 2), np.full_like(logits, nu), np.exp(-logits / 2)], axis=-1)
    return np.asarray(weights / weights.sum(-1, keepdims=True))


def simulate_votes(world: World, design: Design, rng: np.random.Generator) -> PairVotes:
    """Votes of one study; sides are drawn at random."""
    size = len(world.ratings)
    pairs = np.array(list(combinations(range(size), 2)))
    each = design.votes_per_pair
    prompt = np.repeat(np.arange(design.prompts), len(pairs) * each)
    pair = np.tile(np.repeat(pairs, each, axis=0), (design.prompts, 1))
    panels = rng.permuted(np.tile(np.arange(design.raters), (design.prompts * len(pairs), 1)), axis=1)
    rater = panels[:, :each].reshape(-1)
    swap = rng.random(len(prompt)) < 0.5
    left, right = np.where(swap, pair[:, 1], pair[:, 0]), np.where(swap, pair[:, 0], pair[:, 1])
    for_prompt = rng.normal(0, world.prompt_sd, (design.prompts, size))
    for_rater = rng.normal(0, world.rater_sd, (design.raters, size))
    truth = np.array(world.ratings) + for_prompt[prompt] + for_rater[rater]
    rows = np.arange(len(prompt))
    chances = outcome_chances(truth[rows, left] - truth[rows, right] + world.side, world.nu)
    outcome = (rng.random(len(prompt))[:, None] > chances.cumsum(1)[:, :2]).sum(1)
    return pair_votes([f"system-{i}" for i in range(size)], left, right, outcome, prompt, rater)


def population_ratings(world: World) -> Floats:
    """``[K]`` ratings, sum 0, that a fit to infinitely many prompts and raters would give.

    The chance of each outcome is averaged over prompts and raters (Gauss-Hermite quadrature), then the model is fitted
    to it.
    """
    spread = np.sqrt(2 * (world.prompt_sd**2 + world.rater_sd**2))
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    size = len(world.ratings)
    pairs = np.array(list(permutations(range(size), 2)))
    gap = np.array(world.ratings)[pairs[:, 0]] - np.array(world.ratings)[pairs[:, 1]] + world.side
    chances = outcome_chances(gap[:, None] + spread * nodes, world.nu)
    mean = (chances * (weights / weights.sum())[None, :, None]).sum(1)
    keep = [0, 1, 2] if world.nu else [0, 2]
    columns = np.repeat(pairs, len(keep), axis=0)
    nobody = np.zeros(len(columns))
    names = [f"system-{i}" for i in range(size)]
    outcome = np.tile(keep, len(pairs))
    expected = pair_votes(names, columns[:, 0], columns[:, 1], outcome, nobody, nobody, mean[:, keep].reshape(-1))
    return _fit(world, expected).ratings


def interval_coverage(
    world: World,
    design: Design,
    methods: Sequence[IntervalMethod],
    *,
    replications: int,
    seed: int = 0,
    draws: int = 200,
) -> list[Coverage]:
    """Coverage of nominal 95 % intervals of all ratings and of all differences, by method.

    Args:
        world: the truth.
        design: how the studies are made.
        methods: of `covariance`; also "two-way, normal" (normal instead of t quantile), "two-way, fewest" (degrees of
            freedom from the fewer clusters) and "bootstrap" (`pigeonhole_bootstrap`).
        replications: number of simulated studies.
        seed: equal seeds give equal tables.
        draws: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    truth = population_ratings(world)
    first, second = np.triu_indices(len(truth), 1)
    hits: dict[str, list[Bools]] = {method: [] for method in methods}
    gaps: dict[str, list[Bools]] = {method: [] for method in methods}
    widths: dict[str, list[float]] = {method: [] for method in methods}
    for replication in range(replications):
        votes = simulate_votes(world, design, rng)
        fit = _fit(world, votes)
        error = fit.ratings - truth
        for method in methods:
            if method == "bootstrap":
                refits = pigeonhole_bootstrap(votes, fit, draws=draws, seed=seed + replication)
                ends = np.array([refits.interval(system) for system in range(len(truth))])
                hits[method].append((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
                widths[method].append(float((ends[:, 1] - ends[:, 0]).mean() / 2))
                continue
            name: Method = "two-way" if method == "two-way, normal" or method == "two-way, fewest" else method
            cov = covariance(fit, votes, name)
            half = np.array([_half_width(method, cov, fit.contrast(system)) for system in range(len(truth))])
            pairs = zip(first.tolist(), second.tolist(), strict=True)
            half_gap = np.array([_half_width(method, cov, fit.contrast(i, j)) for i, j in pairs])
            hits[method].append(np.abs(error) <= half)
            gaps[method].append(np.abs(error[first] - error[second]) <= half_gap)
            widths[method].append(float(half.mean()))
    return [
        Coverage(
            method,
            float(np.mean(hits[method])),
            float(np.mean(gaps[method])) if gaps[method] else None,
            float(np.mean(widths[method]) * ELO_PER_LOGIT),
        )
        for method in methods
    ]


def recovery(world: World, design: Design, *, replications: int, seed: int = 0) -> Recovery:
    """What studies of this design find out; pairs are called different by `rank_sets`, at 95 %.

    Args:
        world: the truth; ratings of different systems differ.
        design: how the studies are made.
        replications: number of simulated studies.
        seed: equal seeds give equal shares.
    """
    rng = np.random.default_rng(seed)
    truth = np.array(world.ratings)
    right = truth[:, None] > truth[None, :]
    order, leader, told, false = [], [], [], []
    for _ in range(replications):
        votes = simulate_votes(world, design, rng)
        fit = _fit(world, votes)
        better = rank_sets(fit, covariance(fit, votes)).better
        order.append(bool((np.argsort(-fit.ratings) == np.argsort(-truth)).all()))
        leader.append(bool(fit.ratings.argmax() == truth.argmax()))
        told.append(float((better & right).sum() / right.sum()))
        false.append(bool((better & ~right).any()))
    return Recovery(float(np.mean(order)), float(np.mean(leader)), float(np.mean(told)), float(np.mean(false)))


def _half_width(method: IntervalMethod, cov: Covariance, contrast: Floats) -> float:
    variance = cov.variance(contrast)
    assert variance is not None, "a simulated design has several prompts and raters"
    freedom = {"two-way, normal": np.inf, "two-way, fewest": cov.least_degrees_of_freedom}
    return t_quantile(LEVEL, freedom.get(method) or cov.degrees_of_freedom(contrast)) * float(np.sqrt(variance))


def _fit(world: World, votes: PairVotes) -> PairedFit:
    side = bool(world.side)
    return fit_davidson(votes, side_effect=side) if world.nu else fit_bradley_terry(votes, side_effect=side)
