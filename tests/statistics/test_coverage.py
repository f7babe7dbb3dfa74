import numpy as np
import pytest

from a2bench.statistics.vote_simulation import Design, World, interval_coverage, simulate_votes

SIX = (0.6, 0.4, 0.1, -0.1, -0.4, -0.6)


def test_simulated_studies_have_the_design_that_was_asked_for() -> None:
    votes = simulate_votes(World(SIX), Design(prompts=10, raters=6, votes_per_pair=3), np.random.default_rng(0))
    assert len(votes) == 10 * 15 * 3
    questions = np.stack([votes.prompt, np.minimum(votes.left, votes.right), np.maximum(votes.left, votes.right)])
    everyone = np.concatenate([questions, votes.rater[None]])
    assert len(np.unique(everyone, axis=1).T) == len(votes), "no rater gets a question twice"
    assert 0.4 < (votes.left < votes.right).mean() < 0.6


def test_taking_votes_as_independent_is_far_too_sure() -> None:
    """A short run of oracle 23; the slow test and `benchmarks/interval_coverage.py` are the long ones."""
    naive, default = interval_coverage(World(SIX), Design(40, 12, 3), ["vote", "two-way"], replications=60)
    assert naive.covered < 0.82
    assert default.covered > 0.90
    assert default.half_width > 1.7 * naive.half_width


@pytest.mark.slow
@pytest.mark.parametrize("design", [Design(40, 12, 3), Design(50, 5, 3), Design(100, 20, 1)])
@pytest.mark.parametrize("world", [World(SIX), World(SIX, side=0.25, nu=0.7)], ids=["bradley-terry", "davidson"])
def test_oracle_23_default_intervals_cover_93_to_97_percent(world: World, design: Design) -> None:
    """`reference/human-eval.md` 2.2: prompt-by-model SD 0.7, rater-by-model SD 0.4, 400 studies of six models."""
    naive, default = interval_coverage(world, design, ["vote", "two-way"], replications=400, seed=11)
    assert 0.93 <= default.covered <= 0.97
    assert default.covered_differences is not None
    assert 0.93 <= default.covered_differences <= 0.97
    assert naive.covered < 0.90


@pytest.mark.slow
def test_independent_votes_need_no_clusters_and_the_default_is_then_only_wide() -> None:
    world = World(SIX, prompt_sd=0, rater_sd=0)
    naive, default = interval_coverage(world, Design(40, 12, 3), ["vote", "two-way"], replications=400, seed=12)
    assert 0.93 <= naive.covered <= 0.97
    assert default.covered >= 0.95
