"""Means come from records by one function; a standard error is over cases."""

import random
import statistics

import pytest

from a2bench.model.records import ScoreRecord
from a2bench.results.summary import Summary, summarise, summarise_roles
from a2bench.statistics.clusters import clustered_mean

# statsmodels 0.15.0: OLS(y, ones).fit(cov_type="cluster", cov_kwds={"groups": clusters}), params[0] and bse[0].
CLUSTERS = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5]
VALUES = [
    0.031302, 0.968853, 0.052642, -0.584375, -0.029217, -0.095694, -0.837885, -1.355826, -0.905218,
    -0.54294, -1.126778, -0.683479, -1.405282, -1.09944, -1.375538, -1.109192, -1.62537,
]  # fmt: skip
MEAN, STDERR = -0.6896139411764706, 0.25595334975336964


def test_the_clustered_error_equals_statsmodels() -> None:
    pairs = [(str(cluster), value) for cluster, value in zip(CLUSTERS, VALUES, strict=True)]
    assert clustered_mean(pairs) == pytest.approx((MEAN, STDERR), abs=1e-12)


def test_one_value_per_case_gives_the_ordinary_standard_error() -> None:
    pairs = [(str(number), value) for number, value in enumerate(VALUES)]
    expected = statistics.stdev(VALUES) / len(VALUES) ** 0.5
    assert clustered_mean(pairs)[1] == pytest.approx(expected, abs=1e-12)


def test_the_order_of_values_does_not_change_a_bit() -> None:
    pairs = [(str(number % 5), value) for number, value in enumerate(VALUES)]
    expected = clustered_mean(pairs)
    for seed in range(20):
        random.Random(seed).shuffle(pairs)
        assert clustered_mean(pairs) == expected


def test_nothing_has_no_mean_and_one_case_has_no_error() -> None:
    assert clustered_mean([]) == (None, None)
    assert clustered_mean([("a", 1.0), ("a", 3.0)]) == (2.0, None)


def record(case: str, status: str, value: float | None = None, **elements: float | None) -> ScoreRecord:
    reasons = {"unscored": "dark", "failed": "ValueError"}
    per_element = {
        name.replace("_", "-"): {"value": found, "reason": None if found is not None else "no face"}
        for name, found in elements.items()
    }
    return ScoreRecord.model_validate(
        {
            "key": "k", "identity": {}, "case": case, "seed": 0, "metric": "similarity", "video_sha256": "v",
            "status": status, "value": value, "reason": reasons.get(status), "detail": {"per_element": per_element},
            "seconds": 0, "finished": "2026-01-01T00:00:00Z",
        }
    )  # fmt: skip


def test_what_has_no_value_is_counted_by_why_it_has_none() -> None:
    """No two of the counts are equal, so that none can stand in for another."""
    scored = [record(case, "scored", value) for case, value in (("a", 0.25), ("b", 0.5), ("c", 0.75), ("d", 0.0))]
    unscored = [record(case, "unscored") for case in "ef"]
    failed = [record(case, "failed", 9.0) for case in "ghi"]  # a value of a failed one, if there ever were one, is none
    found = summarise([*unscored, *scored, *failed], total=14)
    assert (found.scored, found.unscored, found.failed, found.missing, found.total) == (4, 2, 3, 5, 14)
    assert found.mean == 0.375 and found.coverage == 4 / 14
    assert found.stderr == pytest.approx(statistics.stdev([0.25, 0.5, 0.75, 0.0]) / 2)


def test_a_plan_without_samples_covers_nothing() -> None:
    assert summarise([], total=0) == Summary(None, None, 0, 0) and Summary(None, None, 0, 0).coverage == 0.0


def test_each_role_is_summarised_over_its_elements_with_those_that_have_no_value() -> None:
    records = [
        record("a", "scored", 0.5, background=0.1, object=0.4, object_2=0.6, character=0.8),
        record("b", "scored", 0.5, character=0.6, character_2=None, object=None),
        record("c", "scored", 0.5, character=None, character_2=None),
    ]
    found = summarise_roles(records)
    assert list(found) == ["character", "object", "background"]
    counts = {role: (one.scored, one.unscored, one.total, one.failed, one.missing) for role, one in found.items()}
    assert counts == {"character": (2, 3, 5, 0, 0), "object": (2, 1, 3, 0, 0), "background": (1, 0, 1, 0, 0)}
    assert found["character"].mean == pytest.approx(0.7) and found["object"].mean == pytest.approx(0.5)
    assert found["character"].stderr == pytest.approx(0.1)  # 0.8 and 0.6, of two cases
    assert found["object"].stderr is None  # both objects are of one case


def test_a_role_of_which_no_element_has_a_value_is_there_without_a_mean() -> None:
    (found,) = summarise_roles([record("a", "unscored", None, character=None)]).values()
    assert found == Summary(None, None, 1, 0, 1)
