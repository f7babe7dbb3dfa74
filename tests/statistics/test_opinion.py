import numpy as np
import pytest
from numpy.typing import NDArray

from a2bench.statistics.estimates import DisconnectedError, StatisticsError
from a2bench.statistics.icc import KINDS, intraclass_correlations
from a2bench.statistics.opinion import mean_opinion_scores, sos_parameter
from a2bench.statistics.screening import correlation_screening, kurtosis_screening
from a2bench.statistics.subject_model import INCONSISTENCY_FLOOR, fit_subject_model

Matrix = NDArray[np.float64]
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def corrupted(p910: Matrix, nflx: Matrix) -> Matrix:
    """SUREAL's corrupted data set: the P.910 sample with its one missing rating put back."""
    return np.where(np.isnan(p910), nflx, p910)


def test_oracle_16_shrout_and_fleiss(libraries: dict[str, dict[str, list[float]]]) -> None:
    """Shrout and Fleiss 1979, table 2 to 4 (6 targets x 4 judges); values and intervals from pingouin 0.7.0."""
    found = intraclass_correlations(SHROUT_FLEISS)
    published = [0.165742, 0.289764, 0.714841, 0.442797, 0.620051, 0.909316]
    assert [found[kind].value for kind in KINDS] == pytest.approx(published, abs=1e-6)


@pytest.mark.parametrize("data", ["icc_shrout_fleiss", "icc_random"])
def test_intraclass_correlations_equal_pingouin(libraries: dict[str, dict[str, list[float]]], data: str) -> None:
    known = libraries[data]
    found = intraclass_correlations(known.get("ratings", SHROUT_FLEISS))
    names = {"1,1": "ICC(1,1)", "2,1": "ICC(A,1)", "3,1": "ICC(C,1)", "1,k": "ICC(1,k)", "2,k": "ICC(A,k)"}
    for kind, name in {**names, "3,k": "ICC(C,k)"}.items():
        value, low, high = known[name]
        estimate = found[kind]  # type: ignore[index]
        assert estimate.value == pytest.approx(value, abs=1e-9)
        assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.0051)


def test_intraclass_correlations_say_why_they_are_undefined() -> None:
    gap = np.array(SHROUT_FLEISS, dtype=float)
    gap[0, 0] = np.nan
    assert "use Krippendorff's alpha" in (intraclass_correlations(gap)["2,1"].reason or "")
    assert "no variation" in (intraclass_correlations(np.full((4, 3), 2.0))["2,1"].reason or "")
    assert "two videos" in (intraclass_correlations([[1, 2, 3]])["2,1"].reason or "")


def test_oracle_17_subject_model_of_the_p910_sample(p910: Matrix, p910_expected: dict[str, list[float]]) -> None:
    """All 79 qualities, 26 biases and 26 inconsistencies of the ITU-T P.910 demo."""
    model = fit_subject_model(p910)
    assert model.converged
    assert model.values == pytest.approx(p910_expected["mos_j"], abs=1e-6)
    assert model.bias == pytest.approx(p910_expected["bias_i"], abs=1e-6)
    assert model.inconsistency == pytest.approx(p910_expected["inconsistency_i"], abs=1e-6)
    assert model.values[:4] == pytest.approx([4.926232, 4.871884, 4.660024, 4.678210], abs=1e-6)


def test_oracle_18_kurtosis_rule_rejects_two_of_five_random_raters(p910: Matrix) -> None:
    assert np.flatnonzero(kurtosis_screening(p910).rejected).tolist() == [0, 1]


def test_oracle_19_sos_parameter_of_the_p910_sample(p910: Matrix) -> None:
    """Variances with n - 1; with n it would be 0.308."""
    assert sos_parameter(p910).value == pytest.approx(0.3204967, abs=1e-7)


def test_oracle_20_mean_opinion_scores_of_nflx(nflx: Matrix) -> None:
    """SUREAL test/subjective_model_test.py: scores 0 and 10, mean, mean standard error."""
    scores = mean_opinion_scores(nflx)
    values = [score.value for score in scores]
    assert values[0] == pytest.approx(4.884615, abs=1e-6)
    assert values[10] == pytest.approx(2.076923, abs=1e-6)
    assert np.mean([v for v in values if v is not None]) == pytest.approx(3.544791, abs=1e-6)
    assert np.mean([s.stderr for s in scores if s.stderr is not None]) == pytest.approx(0.129866, abs=1e-6)


def test_oracle_21_screening_of_the_corrupted_nflx_data(p910: Matrix, nflx: Matrix) -> None:
    """SUREAL test/subjective_model_test.py: MOS after rejection by kurtosis, and by correlation with the full mean."""
    data = corrupted(p910, nflx)
    left = data[:, ~kurtosis_screening(data).rejected].mean(1)
    assert (left.mean(), left.var()) == pytest.approx((3.561181, 1.104951), abs=1e-6)
    for rank in (False, True):
        left = data[:, ~correlation_screening(data, rank=rank, leave_one_out=False).rejected].mean(1)
        assert (left.mean(), left.var()) == pytest.approx((3.532248, 1.403471), abs=1e-6)


def test_the_subject_model_sees_all_five_random_raters(p910: Matrix, nflx: Matrix) -> None:
    """The first five raters of the P.910 sample are NFLX raters with shuffled ratings."""
    assert [not np.array_equal(p910[:, i], nflx[:, i], equal_nan=True) for i in range(5)] == [True] * 5
    model = fit_subject_model(p910)
    assert model.inconsistency[:5].min() > 1.6 > 0.9 > model.inconsistency[5:].max()
    assert model.weights[:5].max() < 0.2 < model.weights[5:].min()
    assert np.flatnonzero(correlation_screening(p910).rejected).tolist() == [0, 1, 2, 3, 4]
    clean = nflx.mean(1)
    assert np.abs(model.values - clean).mean() < np.abs(np.nanmean(p910, axis=1) - clean).mean() / 2


def test_subject_model_recovers_the_truth_and_its_intervals_hold_it() -> None:
    rng = np.random.default_rng(4)
    quality, bias, noise = rng.uniform(1.5, 4.5, 60), rng.normal(0, 0.3, 20), rng.uniform(0.4, 1.2, 20)
    bias -= bias.mean()
    ratings = quality[:, None] + bias + noise * rng.normal(size=(60, 20))
    ratings[rng.random(ratings.shape) < 0.3] = np.nan
    model = fit_subject_model(ratings)
    assert model.bias == pytest.approx(bias, abs=0.4)
    assert np.corrcoef(model.inconsistency, noise)[0, 1] > 0.8
    ends = [(q.low, q.high) for q in model.quality]
    covered = [low <= true <= high for (low, high), true in zip(ends, quality, strict=True) if low and high]
    assert np.mean(covered) > 0.85


def test_a_rater_who_is_always_right_does_not_decide_alone() -> None:
    ratings = np.array([[3.0, 3, 4, 2], [4, 4, 3, 5], [2, 2, 3, 2], [5, 5, 4, 4]])
    model = fit_subject_model(np.column_stack([ratings, ratings.mean(1)]))
    assert np.isfinite(model.values).all()
    assert model.weights.max() <= 5
    assert (1 / model.weights.max()) >= INCONSISTENCY_FLOOR**2


def test_subject_model_needs_one_connected_panel() -> None:
    split = np.array([[1, 2, np.nan, np.nan], [2, 3, np.nan, np.nan], [np.nan, np.nan, 4, 5], [np.nan, np.nan, 3, 3]])
    with pytest.raises(DisconnectedError, match="videos and raters fall into 2 groups"):
        fit_subject_model(split)
    with pytest.raises(StatisticsError, match="no rater has two ratings"):
        fit_subject_model([[1, 2, 3]])


def test_videos_and_raters_without_ratings_have_a_reason_and_no_number() -> None:
    ratings = np.array([[3.0, 4, np.nan, 3], [2, 2, np.nan, np.nan], [np.nan] * 4, [5, 4, np.nan, np.nan]])
    model = fit_subject_model(ratings)
    assert model.quality[2].value is None
    assert model.quality[2].reason == "no rating"
    assert np.isnan(model.bias[2])
    assert np.isnan(model.inconsistency[[2, 3]]).all()
    scores = mean_opinion_scores(ratings)
    assert scores[2].reason == "no rating"
    one = mean_opinion_scores([[4, np.nan]])[0]
    assert (one.value, one.low, one.n) == (4, None, 1)
    assert "one rating" in (one.reason or "")


@pytest.mark.parametrize(("n", "half_width"), [(3, 1.99), (5, 0.99), (8, 0.67), (15, 0.44), (24, 0.34), (35, 0.28)])
def test_mean_opinion_half_widths_are_those_of_the_planning_table(n: int, half_width: float) -> None:
    """`reference/human-eval.md` 1.3: ratings with standard deviation 0.8."""
    ratings = np.random.default_rng(n).normal(size=n)
    ratings = 3 + 0.8 * (ratings - ratings.mean()) / ratings.std(ddof=1)
    score = mean_opinion_scores([ratings])[0]
    assert score.high is not None
    assert score.high - 3 == pytest.approx(half_width, abs=0.006)


def test_sos_and_screening_say_why_they_are_undefined() -> None:
    assert sos_parameter([[3, np.nan]]).reason == "no video has two ratings"
    assert "ends of the scale" in (sos_parameter([[1, 1], [5, 5]]).reason or "")
    constant = correlation_screening([[1, 3], [2, 3], [3, 3], [4, 3]])
    assert np.isnan(constant.statistic).all()
    assert not constant.rejected.any()
    assert not kurtosis_screening([[3, 3, 3], [4, 4, 4]]).rejected.any()
    with pytest.raises(StatisticsError, match=r"\[videos, raters\]"):
        mean_opinion_scores([1, 2, 3])
    with pytest.raises(StatisticsError, match="finite"):
        mean_opinion_scores([[np.inf, 2]])
