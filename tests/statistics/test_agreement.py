import numpy as np
import pytest

from a2bench.statistics.alpha import (
    Level,
    alpha_interval,
    alpha_pair_interval,
    fleiss_kappa,
    krippendorff_alpha,
    oriented_counts,
    rating_counts,
)
from a2bench.statistics.estimates import StatisticsError

_ = None
CODINGS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
THREE_BY_FIFTEEN = [
    [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
    [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
    [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
]
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")


def counts(raters_by_units: list[list[int | None]]) -> tuple[np.ndarray, np.ndarray]:
    return rating_counts(np.array(raters_by_units, dtype=float).T)


def test_oracle_10_krippendorffs_example_at_four_levels() -> None:
    """4 coders x 12 units; krippendorff 0.9.0 docstring, evalica codings.csv (904/1216 nominal)."""
    table, values = counts(CODINGS)
    found = [krippendorff_alpha(table, values, level).value for level in LEVELS]
    assert found == pytest.approx([904 / 1216, 0.815388, 0.849107, 0.797403], abs=1e-6)


def test_oracle_11_three_coders_and_fifteen_units() -> None:
    """krippendorff 0.9.0 docstring."""
    table, values = counts(THREE_BY_FIFTEEN)
    assert krippendorff_alpha(table).value == pytest.approx(0.691358, abs=1e-6)
    assert krippendorff_alpha(table, values, "interval").value == pytest.approx(0.810845, abs=1e-6)


def test_oracle_12_four_taggers() -> None:
    """evalica gcl.csv at 2ebe79e: NN is 1, VBP is 2; rows are taggers."""
    table, _values = counts([[1, 1, 2, 2], [_, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 2]])
    assert krippendorff_alpha(table).value == pytest.approx(0.0833333, abs=1e-7)


def test_oracle_13_two_raters_one_step_apart() -> None:
    """evalica test_alpha.py: units (1, 2), (2, 3), (3, 4)."""
    table, values = rating_counts([[1, 2], [2, 3], [3, 4]])
    assert krippendorff_alpha(table).value == pytest.approx(-0.1538462, abs=1e-7)
    assert krippendorff_alpha(table, values, "interval").value == pytest.approx(0.5454545, abs=1e-7)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_oracle_14_krippendorffs_bootstrap(libraries: dict[str, dict[str, list[float]]], level: Level) -> None:
    """evalica 0.4.2 `alpha_bootstrap`; [0.61, 0.93] for the ordinal level."""
    table, values = counts(CODINGS)
    found = alpha_pair_interval(table, values, level, draws=20000)
    assert (found.low, found.high) == pytest.approx(libraries["alpha_bootstrap"][level], abs=0.02)


def test_oracle_15_fleiss_kappa(libraries: dict[str, dict[str, list[float]]]) -> None:
    """Wikipedia, "Fleiss' kappa": 10 subjects, 5 categories, 14 raters; statsmodels agrees."""
    assert fleiss_kappa(libraries["fleiss"]["table"]).value == pytest.approx(0.209931, abs=1e-6)


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_equals_krippendorffs_library(libraries: dict[str, dict[str, list[float]]], level: Level) -> None:
    """30 units x 6 raters with 30 % missing; also after exchanging raters within units, which alpha cannot see."""
    known = libraries["alpha"]
    ratings = np.array(known["ratings"], dtype=float)
    expected = pytest.approx(known[level], abs=1e-9)
    assert krippendorff_alpha(*rating_counts(ratings), level).value == expected
    shuffled = np.random.default_rng(0).permuted(ratings, axis=1)
    assert krippendorff_alpha(*rating_counts(shuffled), level).value == expected


def test_undefined_alpha_has_a_reason_and_the_raw_agreement() -> None:
    unanimous = krippendorff_alpha(*rating_counts([[2, 2], [2, 2]]))
    assert (unanimous.value, unanimous.raw_agreement) == (None, 1.0)
    assert "no variation" in (unanimous.reason or "")
    single = krippendorff_alpha(*rating_counts([[1, np.nan], [np.nan, 2]]))
    assert (single.value, single.raw_agreement, single.reason) == (None, None, "no unit has two ratings")
    assert alpha_interval(*rating_counts([[2, 2], [2, 2]])).reason == unanimous.reason
    assert alpha_pair_interval(*rating_counts([[2, 2], [2, 2]])).reason == unanimous.reason
    assert "one cluster" in (alpha_interval(*rating_counts([[1, 2], [2, 2]]), clusters=[0, 0]).reason or "")


def test_perfect_agreement_is_one_and_chance_is_about_zero() -> None:
    rng = np.random.default_rng(1)
    agreed = np.repeat(rng.integers(1, 5, (50, 1)), 4, axis=1)
    assert krippendorff_alpha(*rating_counts(agreed), "ordinal").value == 1
    guessed = krippendorff_alpha(*rating_counts(rng.integers(1, 5, (2000, 4))), "ordinal").value
    assert guessed == pytest.approx(0, abs=0.03)


def test_units_of_one_prompt_are_resampled_together() -> None:
    """Prompts that are either easy or hard make units alike; their interval must be wider."""
    rng = np.random.default_rng(2)
    prompt = np.repeat(np.arange(12), 10)
    hard = rng.random(12) < 0.5
    truth = rng.integers(1, 4, 120)
    guess = rng.integers(1, 4, (120, 3))
    ratings = np.where(hard[prompt][:, None], guess, truth[:, None])
    table, values = rating_counts(ratings)
    free, clustered = alpha_interval(table, values), alpha_interval(table, values, clusters=prompt)
    assert free.value == clustered.value == krippendorff_alpha(table).value
    assert (clustered.stderr or 0) > 1.5 * (free.stderr or 1)
    assert clustered.low is not None
    assert clustered.low < (clustered.value or 0)


def test_unit_bootstrap_covers_the_truth_of_a_large_panel() -> None:
    rng = np.random.default_rng(3)

    def panel(units: int) -> tuple[np.ndarray, np.ndarray]:
        truth = rng.integers(1, 4, (units, 1))
        return rating_counts(np.where(rng.random((units, 3)) < 0.7, truth, rng.integers(1, 4, (units, 3))))

    truth = krippendorff_alpha(*panel(40000)).value
    assert truth is not None
    found = [alpha_interval(*panel(60), draws=300, seed=k) for k in range(120)]
    covered = np.mean([(e.low or 0) <= truth <= (e.high or 0) for e in found])
    assert 0.89 <= covered <= 0.99


def test_draws_without_any_disagreement_count_as_one() -> None:
    table, values = rating_counts([[1, 1]] * 9 + [[1, 2]])
    estimate = alpha_interval(table, values)
    assert estimate.value == pytest.approx(0, abs=0.06)
    assert estimate.high == 1


def test_votes_are_oriented_before_they_are_counted() -> None:
    unit, outcome = np.array([0, 0, 0, 1]), np.array([0, 2, 3, 1])
    table = oriented_counts(unit, outcome, [False, True, False, True])
    assert table.tolist() == [[2, 0, 0, 1], [0, 1, 0, 0]]
    assert oriented_counts(unit, outcome, [False] * 4, both_bad=False).shape == (2, 3)


def test_malformed_counts_are_refused() -> None:
    with pytest.raises(StatisticsError, match="whole numbers"):
        krippendorff_alpha([[0.5, 1]])
    with pytest.raises(StatisticsError, match="needs 2 increasing values"):
        krippendorff_alpha([[1, 1]], level="interval")
    with pytest.raises(StatisticsError, match="values >= 0"):
        krippendorff_alpha([[1, 1]], [-1, 2], "ratio")
    with pytest.raises(StatisticsError, match=r"\[units, raters\]"):
        rating_counts([1, 2])
    assert "different numbers" in (fleiss_kappa([[2, 0], [1, 0]]).reason or "")
    assert "no variation" in (fleiss_kappa([[2, 0], [2, 0]]).reason or "")
