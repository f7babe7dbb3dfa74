"""Means come from records by one function; a standard error is over cases."""

import random
import statistics

import pytest

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
