"""Identity drift on faces whose truth is known."""

import numpy as np
import pytest

from a2bench_metrics.identity_drift import likeness_to_first

ANNA, BERT = np.zeros(128), np.full(128, 0.1)  # 1.13 apart: nothing alike
OLDER_ANNA = np.full(128, 0.525 / np.sqrt(128))  # 0.525 from Anna: half alike


def test_the_same_person_does_not_drift_and_another_one_does_fully() -> None:
    assert likeness_to_first([np.array([ANNA]), np.array([ANNA]), np.array([BERT])]) == [None, 1.0, 0.0]


def test_a_slow_change_counts_by_how_far_it_went() -> None:
    values = likeness_to_first([np.array([ANNA]), np.array([OLDER_ANNA])])
    assert values == [None, pytest.approx(0.5)]


def test_two_people_who_change_places_do_not_drift() -> None:
    assert likeness_to_first([np.array([ANNA, BERT]), np.array([BERT, ANNA])]) == [None, 1.0]


def test_who_is_out_of_sight_is_not_judged() -> None:
    nobody = np.zeros((0,))
    frames = [nobody, np.array([ANNA, BERT]), nobody, np.array([BERT])]
    assert likeness_to_first(frames) == [None, None, None, 1.0]
