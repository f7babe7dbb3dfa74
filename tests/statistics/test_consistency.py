import numpy as np
import pytest
from test_paired import simulated

from a2bench.statistics.consistency import clustered_share, left_share, oriented_outcomes, swap_consistency
from a2bench.statistics.votes import pair_votes


def test_repeats_with_exchanged_sides_are_found_by_rater() -> None:
    rows = [
        (0, 1, 0, 0, 7),  # rater 7 prefers system 0 ...
        (1, 0, 2, 0, 7),  # ... and again, shown the other way round
        (0, 1, 0, 1, 7),  # another prompt: left ...
        (1, 0, 0, 1, 7),  # ... and left again: not the same
        (0, 1, 1, 0, 8),  # a tie ...
        (1, 0, 1, 0, 8),  # ... twice
        (0, 1, 0, 0, 9),  # shown once
        (0, 1, 3, 1, 8),  # shown twice the same way: no repeat with exchanged sides
        (0, 1, 3, 1, 8),
    ]
    found = swap_consistency(pair_votes("ab", *zip(*rows, strict=True)))
    assert found.per_rater == ((7, 2, 1), (8, 1, 1))
    assert found.overall.value == pytest.approx(2 / 3)
    assert found.overall.n == 3


def test_no_repeats_is_a_reason() -> None:
    found = swap_consistency(pair_votes("ab", [0], [1], [0], [0], [0]))
    assert (found.overall.value, found.overall.reason) == (None, "no rater saw a pair both ways")
    assert left_share(pair_votes("ab", [0], [1], [1], [0], [0])).reason == "no vote has a winner"


def test_outcomes_are_oriented_to_the_lower_index() -> None:
    votes = pair_votes("ab", [0, 1, 1, 1], [1, 0, 0, 0], [0, 0, 1, 3], [0] * 4, [0] * 4)
    assert oriented_outcomes(votes).tolist() == [0, 2, 1, 3]


def test_a_taste_for_the_left_shows_as_a_share_above_one_half() -> None:
    biased, fair = left_share(simulated(side=0.8)), left_share(simulated(side=0.0, seed=1))
    assert biased.low is not None
    assert biased.low > 0.5
    assert fair.low is not None
    assert fair.high is not None
    assert fair.low < 0.5 < fair.high


def test_an_interval_of_a_share_counts_raters_not_votes() -> None:
    hits = np.repeat([1.0, 1, 1, 0, 1, 0, 1, 1], 25)
    rater = np.repeat(np.arange(8), 25)
    votes, raters = clustered_share(hits, np.arange(200)), clustered_share(hits, rater)
    assert votes.value == raters.value == 0.75
    assert None not in (votes.low, raters.low)
    assert (raters.low or 0) < 0.45 < 0.65 < (votes.low or 0)


def test_a_share_of_one_still_has_a_width() -> None:
    everything = clustered_share(np.ones(60), np.repeat(np.arange(6), 10))
    assert (everything.value, everything.high) == (1, 1)
    assert everything.low is not None
    assert everything.low == pytest.approx(0.05 ** (1 / 6))  # what six raters of one mind may have missed
    assert "one cluster" in (clustered_share(np.ones(5), np.zeros(5, dtype=np.int64)).reason or "")


def test_intervals_of_shares_cover_the_truth() -> None:
    rng = np.random.default_rng(0)
    hit = []
    for _ in range(400):
        chance = np.repeat(rng.beta(8, 2, 12), 6)
        share = clustered_share((rng.random(72) < chance).astype(float), np.repeat(np.arange(12), 6))
        assert share.low is not None
        assert share.high is not None
        hit.append(share.low <= 0.8 <= share.high)
    assert 0.93 <= np.mean(hit) <= 0.99
