"""The mean that a lost element cannot hide from, and what it promises.

``H(x; w) = 1 / sum_i (w_i / (x_i + d)) - d``, with weights that add up to 1 and ``d = 0.05``: a harmonic mean, shifted
a little so that it does not stop falling when the first value is 0 (one lost element is bad, two are worse).

For values in [0, 1] (all of it is tested in `tests/statistics/test_harmonic.py`):

- it lies in [0, 1], and equals ``c`` when all values are ``c``;
- it rises when any value rises, strictly;
- ``H <= (min + d) / w_min - d``: a bad value cannot be paid for by good ones;
- with equal weights and one value 0 of ``n``, it is at most ``d (n - 1) / (1 + n d)``: 0.045, 0.087, 0.125 for 2, 3, 4
  values, however good the others are.
"""

import math
from collections.abc import Sequence

import numpy as np

from a2bench.statistics.estimates import Floats

OFFSET = 0.05
"""``d``: chosen so that a video that lost one of three elements and is perfect otherwise gets less than 20 of 100."""


def soft_harmonic_means(values: Floats, weights: Floats) -> Floats:
    """`soft_harmonic_mean` of many values under many weights.

    Args:
        values: ``[n, D]`` in [0, 1], NaN where there is none.
        weights: ``[W, D]`` positive.

    Returns:
        ``[n, W]``. Terms are added one after the other, so every processor gives the same digits.
    """
    inverse = np.zeros((len(values), len(weights)))
    for place in range(values.shape[1]):
        inverse += (1 / (values[:, place, None] + OFFSET)) * weights[:, place]
    total = np.add.accumulate(weights, axis=1)[:, -1]
    return np.clip(total / inverse - OFFSET, 0.0, 1.0)


def soft_harmonic_mean(values: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """Harmonic mean of values in [0, 1], shifted by `OFFSET`.

    Args:
        values: at least one.
        weights: positive, of any sum; equal when not given.

    Raises:
        ValueError: no value, or a value outside [0, 1].
    """
    if not values or not all(0 <= value <= 1 for value in values):
        raise ValueError(f"expected values in [0, 1], got {list(values)}")
    given = list(weights) if weights is not None else [1.0] * len(values)
    inverse = math.fsum(w / (x + OFFSET) for x, w in zip(values, given, strict=True)) / math.fsum(given)
    return min(max(1 / inverse - OFFSET, 0.0), 1.0)
