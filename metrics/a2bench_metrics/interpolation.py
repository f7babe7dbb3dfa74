"""Feature ``interpolation``: how far a frame is from what its two neighbours suggest.

The frame before and the one after are warped halfway towards each other along DIS flow (no weights) and averaged. Where
motion is even, this gives the frame between them; a jerk, a jump or a change of matter gives something else.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.flow import estimate, small, warp

Interpolator = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint8]]
"""Makes the frame ``[h, w, 3]`` in the middle of two frames."""


@dataclass(frozen=True)
class Interpolation:
    """Distance of some frames to their interpolation.

    frames: their indices. errors: ``[N]`` mean absolute differences over pixels and channels, in [0, 255].
    """

    frames: tuple[int, ...]
    errors: NDArray[np.float64]


class InterpolationFeature:
    """Computes `Interpolation` for the sampled frames that have two neighbours."""

    info = FeatureInfo(
        name="interpolation", version=1, backend="DIS midpoint (OpenCV) at 240p", packages=("cv2",), looks_at_case=False
    )

    def compute(self, sample: Sample) -> Interpolation:
        """Interpolate the sampled frames from their neighbours."""
        inner = tuple(t for t in sample.frames if 0 < t < sample.video.num_frames - 1)
        errors = []
        for t in inner:
            before, frame, after = (small(sample.video.frames[index]) for index in (t - 1, t, t + 1))
            errors.append(interpolation_error(before, frame, after, midpoint))
        return Interpolation(inner, np.asarray(errors, np.float64))


def interpolation_error(
    before: NDArray[np.uint8], frame: NDArray[np.uint8], after: NDArray[np.uint8], interpolate: Interpolator
) -> float:
    """Mean absolute difference of a frame ``[h, w, 3]`` and its interpolation, in [0, 255]."""
    suggested = interpolate(before, after)
    return float(np.abs(suggested.astype(np.int16) - frame).mean())


def midpoint(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame halfway between two: both warped by half of the flow, averaged."""
    there, back = estimate(before, after), estimate(after, before)
    half = np.float32(-0.5)
    warped = [
        warp(before.astype(np.float32), np.multiply(there, half)),
        warp(after.astype(np.float32), np.multiply(back, half)),
    ]
    return np.asarray(np.round(np.mean(warped, axis=0)), np.uint8)
