import numpy as np
import pytest
from test_paired import simulated

from a2bench.statistics.ceiling import rating_ceiling, vote_ceiling
from a2bench.statistics.correlations import kendall, metric_correlations, pearson, spearman
from a2bench.statistics.estimates import StatisticsError
from a2bench.statistics.metric_agreement import (
    calibrated_hits,
    compare_metrics,
    disagreements,
    metric_agreement,
)
from a2bench.statistics.preferences import mean_preference, preferences_from_ratings, preferences_from_votes
from a2bench.statistics.vote_simulation import Design, World, simulate_votes
from a2bench.statistics.votes import pair_votes


def test_oracle_22_rank_correlations() -> None:
    """SUREAL test/perf_metric_test.py at 526715c."""
    assert spearman([1, 2, 3, 4], [1, 2, 5, 3]) == pytest.approx(0.8)
    assert kendall([1, 2, 3, 4], [1, 2, 5, 3]) == pytest.approx(0.666667, abs=1e-6)
    assert pearson([1, 2, 3, 4], [1, 2, 3, 5]) == pytest.approx(0.982708, abs=1e-6)
    assert spearman([1, 1], [1, 2]) is None


def panel(seed: int, prompts: int = 40, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Metric and mean ratings of 6 systems that share how hard a prompt is."""
    rng = np.random.default_rng(seed)
    hard, quality = rng.normal(0, 1.5, (prompts, 1)), rng.normal(0, 1, (prompts, 6))
    return hard + quality + rng.normal(0, noise, (prompts, 6)), hard + quality + rng.normal(0, 0.3, (prompts, 6))


def test_pairs_are_pooled_whatever_side_they_were_on() -> None:
    votes = pair_votes("abc", [0, 1, 0, 2, 0], [1, 0, 1, 0, 2], [0, 2, 1, 0, 3], [5, 5, 5, 5, 5], [0, 1, 2, 0, 1])
    found = preferences_from_votes(votes)
    assert (found.first.tolist(), found.second.tolist()) == ([0, 0], [1, 2])
    assert (found.wins.tolist(), found.losses.tolist(), found.ties.tolist()) == ([2, 0], [0, 1], [1, 0])
    assert found.margin == pytest.approx([2 / 3, -1])
    mean = mean_preference(votes, 6)
    assert mean[5] == pytest.approx([(2 - 1) / 4, -2 / 3, 1])
    assert np.isnan(mean[:5]).all()


def test_a_metric_that_knows_everything_has_accuracy_one_and_its_opposite_zero() -> None:
    _, human = panel(0)
    people = preferences_from_ratings(human)
    assert metric_agreement(human, people).accuracy.value == 1
    assert metric_agreement(-human, people).accuracy.value == 0
    assert metric_agreement(-human, people, higher_is_better=False).accuracy.value == 1
    constant = metric_agreement(np.zeros_like(human), people).accuracy
    assert constant.value == 0.5 and constant.low is not None and constant.high is not None
    assert 0.4 < constant.low < 0.5 < constant.high < 0.6  # every prompt says 0.5, and another might not


def test_knowing_only_how_hard_a_prompt_is_is_worth_nothing_within_prompts() -> None:
    rng = np.random.default_rng(1)
    hard = rng.normal(0, 2, (60, 1))
    human = hard + rng.normal(0, 1, (60, 6))
    metric = hard + rng.normal(0, 0.1, (60, 6))
    accuracy = metric_agreement(metric, preferences_from_ratings(human)).accuracy
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert accuracy.low < 0.5 < accuracy.high
    assert (metric_correlations(metric, human, draws=50).items.value or 0) > 0.8


def test_prompts_weigh_equally_however_many_pairs_they_have() -> None:
    human = np.array([[1.0, 2, 3, 4], [1, 2, np.nan, np.nan]])
    metric = np.array([[1.0, 2, 3, 4], [2, 1, 0, 0]])
    agreement = metric_agreement(metric, preferences_from_ratings(human))
    assert agreement.accuracy.value == 0.5
    assert agreement.accuracy.n == 7


def test_unscored_videos_are_counted_and_left_out() -> None:
    metric, human = panel(2)
    metric[0, 0] = np.nan
    agreement = metric_agreement(metric, preferences_from_ratings(human))
    assert agreement.unscored == 5
    nothing = metric_agreement(np.full_like(metric, np.nan), preferences_from_ratings(human))
    assert nothing.accuracy.value is None
    assert nothing.accuracy.reason is not None
    single = metric_agreement(metric[:1], preferences_from_ratings(human[:1])).accuracy
    assert single.low is None
    assert "one prompt" in (single.reason or "")


def test_the_best_possible_metric_reaches_exactly_the_upper_ceiling() -> None:
    votes = simulated(nu=0.5)
    people = preferences_from_votes(votes)
    # A metric that orders each prompt as its majorities do exists where they are transitive; two systems always are.
    two = people.select((people.first == 0) & (people.second == 1))
    metric = np.zeros((15, 4))
    metric[two.prompt, 0] = two.margin
    agreement = metric_agreement(metric, two)
    assert agreement.vote_accuracy == pytest.approx(agreement.ceiling.upper)
    assert agreement.share_of_ceiling == pytest.approx(1)
    assert agreement.share_above_chance == pytest.approx(1)


def test_the_vote_ceiling_brackets_the_truth() -> None:
    """Five raters who follow the majority taste with chance 0.8: nobody can predict a vote better than 0.8."""
    rng = np.random.default_rng(3)
    prompts, raters = 400, 5
    better = np.repeat(rng.random(prompts) < 0.5, raters)
    follows = rng.random(prompts * raters) < 0.8
    votes = pair_votes(
        "ab",
        np.zeros(prompts * raters),
        np.ones(prompts * raters),
        np.where(better == follows, 0, 2),
        np.repeat(np.arange(prompts), raters),
        np.tile(np.arange(raters), prompts),
    )
    ceiling = vote_ceiling(preferences_from_votes(votes))
    assert ceiling.lower is not None
    assert ceiling.upper is not None
    assert ceiling.lower < 0.8 < ceiling.upper
    assert ceiling.upper - ceiling.lower < 0.12
    alone = vote_ceiling(preferences_from_votes(votes.select(votes.rater == 0)))
    assert (alone.upper, alone.reason) == (None, "no prompt and pair has two decided votes")


def test_leave_one_out_ceiling_by_hand() -> None:
    """Votes first, first, second: the two see one against one (a half each), the third sees two against it."""
    votes = pair_votes("ab", [0, 0, 0], [1, 1, 1], [0, 0, 2], [0, 0, 0], [0, 1, 2])
    ceiling = vote_ceiling(preferences_from_votes(votes))
    assert ceiling.lower == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert ceiling.upper == pytest.approx(2 / 3)


def test_rating_ceiling_is_the_root_of_the_reliability() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(0, 1, (300, 1))
    ratings = truth + rng.normal(0, 2, (300, 8))
    reliability = 1 / (1 + 4 / 8)
    ceiling = rating_ceiling(ratings)
    assert ceiling.reliability == pytest.approx(reliability, abs=0.06)
    assert ceiling.ceiling == pytest.approx(pearson(truth[:, 0], ratings.mean(1)), abs=0.04)
    opposed = rng.normal(size=(40, 1)) * [1, -1]
    assert "do not agree" in (rating_ceiling(opposed).reason or "")
    assert "fewer than three" in (rating_ceiling([[1, 2], [2, 3]]).reason or "")
    assert "no variation" in (rating_ceiling(np.ones((5, 4))).reason or "")


def test_a_calibrated_threshold_lets_a_metric_call_ties() -> None:
    rng = np.random.default_rng(5)
    sign = rng.integers(-1, 2, 600)
    gap = sign + rng.normal(0, 0.2, 600)
    prompt = np.repeat(np.arange(60), 10)
    assert calibrated_hits(gap, sign, prompt).mean() > 0.97
    assert (np.sign(gap) == sign).mean() < 0.75


def test_ties_count_when_they_are_calibrated() -> None:
    human = np.array([[1.0, 1.0, 3.0]] * 12)
    metric = np.array([[1.0, 1.1, 3.0]] * 12)
    people = preferences_from_ratings(human)
    assert metric_agreement(metric, people).accuracy.n == 24
    calibrated = metric_agreement(metric, people, ties="calibrated").accuracy
    assert (calibrated.value, calibrated.n) == (1, 36)


def test_a_better_metric_is_found_better_by_the_paired_comparison() -> None:
    metric, human = panel(6, noise=0.5)
    worse = metric + np.random.default_rng(7).normal(0, 1.5, metric.shape)
    people = preferences_from_ratings(human)
    gain = compare_metrics(metric, worse, people)
    assert gain.low is not None
    assert gain.low > 0
    same = compare_metrics(metric, metric, people)
    assert same.value == 0 and same.low is not None and same.high == -same.low
    apart = metric_agreement(metric, people).accuracy.value, metric_agreement(worse, people).accuracy.value
    assert gain.value == pytest.approx(apart[0] - apart[1])  # type: ignore[operator]


def test_disagreements_start_with_the_clearest_majority() -> None:
    human = np.array([[1.0, 2.0], [1.0, 5.0], [3.0, 1.0]])
    metric = np.array([[2.0, 1.0], [2.0, 1.0], [2.0, 1.0]])
    assert disagreements(metric, preferences_from_ratings(human)).tolist() == [1, 0]


def test_interval_of_accuracy_covers_the_truth() -> None:
    truth = np.mean([metric_agreement(*_people(900 + k, 1500)).accuracy.value for k in range(8)])  # type: ignore[misc]
    hit = []
    for seed in range(250):
        accuracy = metric_agreement(*_people(seed, 40)).accuracy
        hit.append((accuracy.low or 0) <= truth <= (accuracy.high or 0))
    assert 0.91 <= np.mean(hit) <= 0.99


def _people(seed: int, prompts: int) -> tuple[np.ndarray, object]:
    metric, human = panel(seed, prompts)
    return metric, preferences_from_ratings(human)


def test_system_correlations_have_wide_intervals_and_item_correlations_need_variation() -> None:
    metric, human = panel(8, noise=2.0)
    found = metric_correlations(metric, human, draws=200)
    assert found.systems.low is not None
    assert found.systems.high is not None
    assert found.items.low is not None
    assert found.items.high is not None
    assert found.systems.high - found.systems.low > found.items.high - found.items.low
    assert -1 <= (found.systems_kendall.value or 0) <= 1
    itself = metric_correlations(human, human, draws=20)
    assert (itself.items.low, itself.items.high, itself.systems.low) == pytest.approx((1, 1, 1))
    assert metric_correlations(np.ones((4, 3)), human[:4, :3], draws=10).items.value is None
    assert "one prompt" in (metric_correlations(metric[:1], human[:1]).items.reason or "")
    with pytest.raises(StatisticsError, match="one shape"):
        metric_correlations(metric, human[:, :3])


def test_votes_of_a_simulated_study_validate_a_good_metric() -> None:
    """From votes to the block that a report prints."""
    world = World((1.0, 0.3, -0.3, -1.0), nu=0.4)
    votes = simulate_votes(world, Design(30, 10, 3), np.random.default_rng(9))
    people = preferences_from_votes(votes)
    metric = np.random.default_rng(1).normal(world.ratings, 0.5, (30, 4))
    agreement = metric_agreement(metric, people)
    assert agreement.accuracy.low is not None
    assert agreement.accuracy.low > 0.55
    assert agreement.share_above_chance is not None
    assert 0.2 < agreement.share_above_chance < 1
    assert (metric_correlations(metric, mean_preference(votes, 30), draws=50).systems.value or 0) == pytest.approx(1)
