import numpy as np
import pytest
from scipy import stats
from test_paired import WIKIPEDIA, simulated, votes_from_counts

from a2bench.statistics.bootstrap import percentile_interval
from a2bench.statistics.covariance import (
    Covariance,
    covariance,
    elo_interval,
    likelihood_ratio_test,
    rating_difference,
    rating_intervals,
    side_effect,
)
from a2bench.statistics.estimates import StatisticsError
from a2bench.statistics.fragility import fragility
from a2bench.statistics.paired import fit_bradley_terry, fit_davidson
from a2bench.statistics.ranks import benjamini_hochberg, holm, rank_sets
from a2bench.statistics.resampling import pigeonhole_bootstrap
from a2bench.statistics.vote_simulation import Design, World, simulate_votes
from a2bench.statistics.votes import pair_votes


def matrix(cov: Covariance) -> np.ndarray:
    assert cov.matrix is not None
    return cov.matrix


def test_oracle_2_variances_of_the_wikipedia_example() -> None:
    """Sandwich and inverse Fisher information; arena-rank gives 0.29625... with its 1e-5 ridge."""
    fit = fit_bradley_terry(WIKIPEDIA)
    sandwich = np.diag(matrix(covariance(fit, WIKIPEDIA, "vote")))
    fisher = np.diag(matrix(covariance(fit, WIKIPEDIA, "model")))
    assert sandwich == pytest.approx([0.29631, 0.23489, 0.27897, 0.38934], abs=1e-5)
    assert fisher == pytest.approx([0.30038, 0.23211, 0.27082, 0.38607], abs=1e-5)


def test_clustered_covariances_equal_those_of_statsmodels(libraries: dict[str, dict[str, list[float]]]) -> None:
    """statsmodels without small-sample correction, times ours, ``G / (G - 1)`` for each grouping."""
    known = libraries["glm_order"]
    outcome = [0 if won else 2 for won in known["left_wins"]]
    votes = pair_votes("abcd", known["left"], known["right"], outcome, known["prompt"], known["rater"])
    fit = fit_bradley_terry(votes, side_effect=True)
    contrasts = np.array([*(fit.contrast(k, 0) for k in (1, 2, 3)), [0, 0, 0, 0, 1]])
    prompts, raters = len(set(known["prompt"])), len(set(known["rater"]))
    cells = len(set(zip(known["prompt"], known["rater"], strict=True)))
    by_prompt = np.array(known["cov_prompt_no_correction"]) * prompts / (prompts - 1)
    by_rater = np.array(known["cov_rater_no_correction"]) * raters / (raters - 1)
    # statsmodels' two-way covariance is prompt + rater - intersection.
    parts = np.array(known["cov_prompt_no_correction"]) + known["cov_rater_no_correction"]
    intersection = (parts - known["cov_both_no_correction"]) * cells / (cells - 1)
    expected = {
        "model": np.array(known["cov"]),
        "vote": np.array(known["cov_hc0"]),
        "prompt": by_prompt,
        "rater": by_rater,
    }
    for method, value in expected.items():
        ours = contrasts @ matrix(covariance(fit, votes, method)) @ contrasts.T  # type: ignore[arg-type]
        assert ours == pytest.approx(value, abs=1e-9), method
    # From differences to the first system back to ratings with sum 0; then negative eigenvalues become 0.
    to_ratings = np.zeros((5, 4))
    to_ratings[:4, :3] = np.vstack([np.zeros(3), np.eye(3)]) - 1 / 4
    to_ratings[4, 3] = 1
    total = to_ratings @ (by_prompt + by_rater - intersection) @ to_ratings.T
    values, vectors = np.linalg.eigh(total)
    assert values.min() < -1e-4, "this data set shows why clipping is needed"
    clipped = (vectors * np.maximum(values, 0)) @ vectors.T
    assert matrix(covariance(fit, votes, "two-way")) == pytest.approx(clipped, abs=1e-9)


def test_every_vote_twice_halves_the_model_variance_but_not_the_clustered_one() -> None:
    votes = simulated()
    twice = votes.select(np.repeat(np.arange(len(votes)), 2))  # type: ignore[arg-type]
    one, two = fit_davidson(votes), fit_davidson(twice)
    assert matrix(covariance(two, twice, "model")) == pytest.approx(matrix(covariance(one, votes, "model")) / 2)
    assert matrix(covariance(two, twice)) == pytest.approx(matrix(covariance(one, votes)), abs=1e-9)


def test_a_variance_is_never_below_a_one_way_variance() -> None:
    for seed in range(10):
        votes = simulated(seed=seed)
        fit = fit_davidson(votes)
        for system in range(4):
            one_way = [covariance(fit, votes, way).variance(fit.contrast(system)) for way in ("prompt", "rater")]
            total = covariance(fit, votes).variance(fit.contrast(system))
            assert total is not None
            assert total >= max(x for x in one_way if x is not None) - 1e-12


def test_degrees_of_freedom_lie_between_the_fewest_clusters_and_all_of_them() -> None:
    votes = simulated()
    fit = fit_davidson(votes)
    cov = covariance(fit, votes)
    assert cov.least_degrees_of_freedom == 7
    assert all(7 <= cov.degrees_of_freedom(fit.contrast(k)) <= 7 + 14 for k in range(4))
    assert np.isinf(covariance(fit, votes, "vote").degrees_of_freedom(fit.contrast(0)))


def test_few_raters_give_a_warning_and_one_rater_a_reason() -> None:
    votes = simulated()
    few = votes.select(votes.rater < 3)
    fit = fit_davidson(few)
    assert "only 3 raters" in " ".join(covariance(fit, few).warnings)
    alone = votes.select(votes.rater == 0)
    fit = fit_davidson(alone)
    cov = covariance(fit, alone)
    estimate = rating_intervals(fit, cov)[0]
    assert estimate.value is not None
    assert estimate.low is None
    assert estimate.reason == "one rater: how much another rater would differ cannot be estimated"
    assert rank_sets(fit, cov).rank is None
    assert rank_sets(fit, cov).reason == estimate.reason
    assert covariance(fit, alone, "prompt").matrix is not None


def test_intervals_of_unbounded_systems_keep_only_the_end_that_votes_bound() -> None:
    table = [(0, 1, 40, 0), (0, 2, 40, 0), (1, 2, 20, 20), (1, 3, 40, 0), (2, 3, 40, 0)]
    votes = votes_from_counts(["best", "b", "c", "worst"], table)
    fit = fit_davidson(votes, side_effect=False)
    cov = covariance(fit, votes)
    best, middle, _, worst = rating_intervals(fit, cov)
    assert (best.low is not None, best.high) == (True, None)
    assert (worst.low, worst.high is not None) == (None, True)
    assert (middle.low, middle.high) == (None, None)
    assert "unbounded above: best never lost" in (best.reason or "")
    assert rank_sets(fit, cov).rank == (1, 2, 2, 4)


def test_separated_systems_never_look_surer_than_the_model_allows() -> None:
    """All residuals of 12 wins of 12 are tiny, and so is the bare sandwich."""
    votes = votes_from_counts("abc", [(0, 1, 12, 0), (1, 2, 6, 6)])
    fit = fit_davidson(votes, side_effect=False)
    cov = covariance(fit, votes)
    contrast = fit.contrast(0, 1)
    variance = cov.variance(contrast)
    assert variance is not None
    assert variance >= contrast @ fit.bread @ contrast > 2 * (contrast @ matrix(cov) @ contrast)


def test_one_win_of_one_vote_proves_nothing() -> None:
    votes = votes_from_counts("abc", [(0, 1, 1, 0), (1, 2, 10, 10)])
    fit = fit_davidson(votes, side_effect=False)
    assert rank_sets(fit, covariance(fit, votes)).worst == (3, 3, 3)


def test_a_difference_is_not_two_single_intervals() -> None:
    votes = simulated()
    fit = fit_davidson(votes)
    cov = covariance(fit, votes)
    gap = rating_difference(fit, cov, 0, 3)
    assert gap.value == pytest.approx(fit.ratings[0] - fit.ratings[3])
    full = matrix(cov)
    assert gap.stderr == pytest.approx(np.sqrt(full[0, 0] + full[3, 3] - 2 * full[0, 3]), rel=0.3)
    assert gap.low is not None
    assert elo_interval(gap).value == pytest.approx(1000 + 173.7178 * gap.value)


def test_a_side_effect_is_found_and_its_likelihood_ratio_is_that_of_the_definition() -> None:
    votes = simulated(side=0.8)
    fit, without = fit_davidson(votes), fit_davidson(votes, side_effect=False)
    effect = side_effect(fit, covariance(fit, votes))
    assert effect.low is not None
    assert effect.low > 0
    statistic, p = likelihood_ratio_test(fit, without)
    assert statistic == pytest.approx(2 * (fit.log_likelihood - without.log_likelihood))
    assert p < 1e-4
    assert side_effect(without, covariance(without, votes)).reason == "the model was fitted without a side effect"


def test_holm_and_benjamini_hochberg_equal_statsmodels(libraries: dict[str, dict[str, list[float]]]) -> None:
    known = libraries["holm"]
    order = np.random.default_rng(0).permutation(len(known["p"]))
    p = np.array(known["p"])[order]
    assert holm(p) == pytest.approx(np.array(known["holm"])[order])
    assert benjamini_hochberg(p) == pytest.approx(np.array(known["bh"])[order])


def test_rank_sets_hold_the_true_ranks_and_separate_what_differs() -> None:
    world = World((1.5, 0.0, 0.0, -1.5), nu=0.5)
    votes = simulate_votes(world, Design(40, 12, 3), np.random.default_rng(1))
    fit = fit_davidson(votes)
    sets = rank_sets(fit, covariance(fit, votes))
    assert sets.rank == (1, 2, 2, 4)
    assert sets.best == (1, 2, 2, 4)
    assert sets.worst == (1, 3, 3, 4)
    assert sets.better[0, 3]
    assert not sets.better[1, 2]


def test_equal_systems_share_rank_one_in_most_studies() -> None:
    """Holm over all pairs: a false order in at most about 5 % of boards."""
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(60):
        votes = simulate_votes(World((0.0,) * 4), Design(30, 10, 2), rng)
        fit = fit_bradley_terry(votes)
        wrong += bool(rank_sets(fit, covariance(fit, votes)).better.any())
    assert wrong <= 8


def test_p_best_is_sure_for_a_clear_leader_and_shared_by_equals() -> None:
    rng = np.random.default_rng(3)
    clear = simulate_votes(World((2.0, 0.0, -1.0)), Design(30, 10, 3), rng)
    refits = pigeonhole_bootstrap(clear, fit_davidson(clear), draws=100)
    assert refits.p_best == pytest.approx([1, 0, 0])
    assert refits.rank_shares.sum(1) == pytest.approx(np.ones(3))
    assert refits.rank_shares[2] == pytest.approx([0, 0, 1], abs=0.05)
    low, high = refits.interval(0)
    assert low < fit_davidson(clear).ratings[0] < high
    same = pigeonhole_bootstrap(clear, fit_davidson(clear), draws=100)
    assert np.array_equal(same.ratings, refits.ratings)


@pytest.mark.parametrize(("prompt_sd", "rater_sd"), [(0.1, 1.2), (1.5, 0.1)])
def test_bootstrap_spread_sees_prompts_and_raters(prompt_sd: float, rater_sd: float) -> None:
    """Beside the two-way sandwich, of which the pigeonhole bootstrap is a somewhat wider cousin."""
    world = World((0.5, 0.0, -0.5), prompt_sd, rater_sd)
    ratios = []
    for seed in range(4):
        votes = simulate_votes(world, Design(25, 14, 6), np.random.default_rng(seed))
        fit = fit_davidson(votes)
        spread = pigeonhole_bootstrap(votes, fit, draws=150).ratings.std(0)
        stderr = [estimate.stderr or 0 for estimate in rating_intervals(fit, covariance(fit, votes))]
        ratios.append(spread / stderr)
    assert 0.85 < np.mean(ratios) < 1.3


def test_bootstrap_intervals_are_widened_for_few_clusters() -> None:
    """Samples with exactly normal quantiles and five clusters: ends at sqrt(5/4) * t(4 df)."""
    samples = stats.norm.ppf((np.arange(200000) + 0.5) / 200000)
    half = np.sqrt(5 / 4) * stats.t.ppf(0.975, 4)
    assert percentile_interval(samples, 0.95, 5) == pytest.approx((-half, half), abs=0.01)


def test_resampling_one_rater_is_refused() -> None:
    votes = simulated()
    alone = votes.select(votes.rater == 0)
    with pytest.raises(StatisticsError, match="two prompts and two raters"):
        pigeonhole_bootstrap(alone, fit_davidson(alone), draws=5)


def test_fragility_finds_the_least_number_of_votes_of_two_systems() -> None:
    """With 14 wins against 11, four votes must go: 10 against 11."""
    votes = votes_from_counts("ab", [(0, 1, 14, 11)])
    found = fragility(votes, fit_bradley_terry(votes))
    assert (found.count, found.leader, found.challenger) == (4, "a", "b")
    assert set(found.votes) <= set(range(14))


@pytest.mark.parametrize("seed", range(4))
def test_fragile_votes_turn_the_leader_and_no_smaller_set_of_two_does(seed: int) -> None:
    world = World((0.3, 0.1, -0.4), prompt_sd=0.2, rater_sd=0.1, nu=0.5)
    votes = simulate_votes(world, Design(8, 5, 2), np.random.default_rng(seed))
    fit = fit_davidson(votes)
    found = fragility(votes, fit)
    assert found.count is not None
    assert found.count == len(found.votes)
    keep = np.ones(len(votes), dtype=bool)
    keep[found.votes] = False
    after = fit_davidson(votes.select(keep))
    assert after.systems[int(np.argmax(after.ratings))] == found.challenger != found.leader
    if found.count > 1:
        leader = int(np.argmax(fit.ratings))
        for vote in range(len(votes)):
            keep = np.arange(len(votes)) != vote
            assert int(np.argmax(fit_davidson(votes.select(keep)).ratings)) == leader


def test_fragility_says_why_there_is_no_number() -> None:
    votes = votes_from_counts("ab", [(0, 1, 5, 0)])
    found = fragility(votes, fit_bradley_terry(votes))
    assert found.count is None
    assert "no set of votes was found" in (found.reason or "")
    even = votes_from_counts("ab", [(0, 1, 5, 5)])
    assert fragility(even, fit_bradley_terry(even)).count == 0


@pytest.mark.parametrize("seed", range(40))
def test_any_small_study_gives_finite_numbers_or_a_named_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, count = int(rng.integers(2, 6)), int(rng.integers(2, 40))
    left = rng.integers(0, size, count)
    right = (left + rng.integers(1, size, count)) % size
    outcome = rng.choice(4, count, p=rng.dirichlet([1, 0.5, 1, 0.3]))
    names = [f"s{k}" for k in range(size)]
    weight = rng.choice([0.0, 0.3, 1.0, 2.5], count)
    votes = pair_votes(names, left, right, outcome, rng.integers(0, 6, count), rng.integers(0, 4, count), weight)
    for ties in (True, False):
        try:
            fit = (fit_davidson if ties else fit_bradley_terry)(votes, side_effect=bool(seed % 2))
        except StatisticsError as error:
            assert len(str(error)) > 20
            continue
        assert np.isfinite(fit.ratings).all()
        assert fit.ratings.sum() == pytest.approx(0, abs=1e-8)
        cov = covariance(fit, votes)
        for estimate in rating_intervals(fit, cov):
            assert (estimate.low is not None and estimate.high is not None) or estimate.reason
            assert all(x is None or np.isfinite(x) for x in (estimate.low, estimate.high, estimate.stderr))
        sets = rank_sets(fit, cov)
        assert (sets.rank is None) == (sets.reason is not None)
        assert fragility(votes, fit).count is not None or fragility(votes, fit).reason
        try:
            refits = pigeonhole_bootstrap(votes, fit, draws=20, seed=seed)
        except StatisticsError:
            continue
        assert refits.p_best.sum() == pytest.approx(1)
