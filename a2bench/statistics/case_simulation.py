"""Do the intervals hold the truth, and the tests their promise? Differences drawn with a known truth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from a2bench.statistics.case_means import CaseSums, means
from a2bench.statistics.estimates import Floats
from a2bench.statistics.sign_flips import sign_flip_p_values

Shape = Literal["normal", "skewed", "lost elements"]


@dataclass(frozen=True)
class World:
    """How the differences of two systems are drawn, in units of a case's standard deviation.

    difference: the true mean. shape: of the cases: ``skewed`` is exponential, ``lost elements`` is nearly nothing in
    five of six cases and large in the sixth. seed_noise: standard deviation between seeds of one case.
    missing: share of the samples without a value.
    """

    cases: int
    seeds: int = 1
    difference: float = 0.0
    shape: Shape = "normal"
    seed_noise: float = 0.5
    missing: float = 0.0


@dataclass(frozen=True)
class Rates:
    """covered: share of the 95 % intervals that hold the truth. rejected: share of the tests with p < 0.05."""

    covered: float
    rejected: float
    half_width: float


def draw(world: World, replications: int, seed: int) -> CaseSums:
    """Differences of ``replications`` pairs of runs, one column each."""
    rng = np.random.default_rng(seed)
    shape = (world.cases, replications)
    if world.shape == "normal":
        of_case = rng.normal(size=shape)
    elif world.shape == "skewed":
        of_case = rng.exponential(size=shape) - 1
    else:  # mean 0 and variance 1
        lost = rng.random(shape) < 1 / 6
        of_case = np.where(lost, np.sqrt(5), -np.sqrt(1 / 5)) + 0.1 * rng.normal(size=shape)
    values = world.difference + of_case + world.seed_noise * rng.normal(size=(world.seeds, *shape))
    there = rng.random(values.shape) >= world.missing
    return CaseSums(there.sum(0).astype(np.float64), np.where(there, values, 0.0).sum(0))


def rates(world: World, replications: int, seed: int = 0) -> Rates:
    """Coverage of the intervals and rejections of the test over many pairs of runs."""
    table = draw(world, replications, seed)
    found = means(table)
    covered = (found.low <= world.difference) & (world.difference <= found.high)
    p_values: Floats = sign_flip_p_values(table.sums, 1)
    return Rates(float(covered.mean()), float((p_values < 0.05).mean()), float(np.mean(found.high - found.low) / 2))


Draw = Callable[[np.random.Generator, tuple[int, int]], NDArray[Any]]
BOUNDED: dict[str, tuple[Draw, float]] = {
    "rate of 1 %": (lambda rng, shape: (rng.random(shape) < 0.01) * 1.0, 0.01),
    "rate of 5 %": (lambda rng, shape: (rng.random(shape) < 0.05) * 1.0, 0.05),
    "rate of 10 %": (lambda rng, shape: (rng.random(shape) < 0.1) * 1.0, 0.1),
    "rate of 50 %": (lambda rng, shape: (rng.random(shape) < 0.5) * 1.0, 0.5),
    "0, but of one case in ten 0 to 1": (lambda rng, shape: (rng.random(shape) < 0.1) * rng.random(shape), 0.05),
    "always 1": (lambda rng, shape: np.ones(shape), 1.0),
    "always 0.7": (lambda rng, shape: np.full(shape, 0.7), 0.7),
    "0.7 to 1, most near 1": (lambda rng, shape: rng.beta(9, 1, shape), 0.9),
    "0.9 ± 0.03": (lambda rng, shape: rng.normal(0.9, 0.03, shape).clip(0, 1), 0.9),
    "0.6 ± 0.15": (lambda rng, shape: rng.beta(5.8, 5.8 / 1.5, shape), 0.6),
    "even from 0 to 1": (lambda rng, shape: rng.random(shape), 0.5),
    "0.85 ± 0.05, lost in one case of six": (
        lambda rng, shape: (rng.random(shape) >= 1 / 6) * rng.normal(0.85, 0.05, shape).clip(0, 1), 0.85 * 5 / 6,
    ),
}  # fmt: skip
"""Kinds of scores from 0 to 1, with their true means."""


def bounded_rates(kind: str, cases: int, replications: int, seed: int = 0) -> Rates:
    """Coverage of the intervals of means of values whose range is known; nothing is tested."""
    drawn, truth = BOUNDED[kind]
    values = drawn(np.random.default_rng(seed), (cases, replications)).astype(np.float64)
    found = means(CaseSums(np.ones_like(values), values), [(0.0, 1.0)] * replications)
    covered = (found.low <= truth + 1e-9) & (truth - 1e-9 <= found.high)
    return Rates(float(covered.mean()), 0.0, float(np.mean(found.high - found.low) / 2))
