"""Which frames networks look at."""

from fractions import Fraction

import numpy as np
import pytest

from a2bench.model.cases import Suite
from a2bench.model.metrics import Sample, num_sampled_frames, sampled_frames
from a2bench.model.video import Video


@pytest.mark.parametrize(
    ("seconds", "count"),
    [(0.1, 16), (4.1, 16), (4.2, 17), (4.9, 20), (4.85, 19), (15.9, 64), (15.8, 63), (16.2, 64), (300.0, 64)],
)
def test_four_frames_of_each_second_are_looked_at_to_the_nearest_frame(seconds: float, count: int) -> None:
    """4.9 s are 19.6 frames, which is nearer to 20; 4.1 s are 16.4."""
    assert num_sampled_frames(seconds) == count


def test_they_are_the_middles_of_equal_parts() -> None:
    assert sampled_frames(81, 20)[:3] == (2, 6, 10) and sampled_frames(81, 20)[-1] == 78
    assert sampled_frames(17, 17) == tuple(range(17)) and sampled_frames(18, 17)[0] == 0
    assert len(set(sampled_frames(18, 17))) == 17


def test_a_sample_looks_at_the_frames_of_its_own_length(suite: Suite) -> None:
    """118 frames at 24 per second last 4.92 s."""
    video = Video(np.zeros((118, 16, 16, 3), np.uint8), Fraction(24))
    assert len(Sample(suite.cases[0], video).frames) == 20
