"""How much moves, whichever way?"""

import math

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.flow import Flow


def motion_percent_per_second(vectors: NDArray[np.float32], fps: float) -> NDArray[np.float64]:
    """Mean speed of the pixels of each frame pair.

    Args:
        vectors: ``[P, h, w, 2]`` flow in pixels per frame.
        fps: frames per second.

    Returns:
        ``[P]``, in percent of the frame's diagonal per second. Lengths are averaged, not vectors: opposite motions do
        not cancel, as they do in OpenS2V-Eval's MotionAmplitude, which also depends on the frame rate and size.
    """
    height, width = vectors.shape[1:3]
    lengths = [np.sqrt(np.square(pair.astype(np.float64)).sum(axis=-1)).mean() for pair in vectors]
    speeds: NDArray[np.float64] = 100 * fps * np.asarray(lengths, np.float64) / math.hypot(height, width)
    return speeds


class MotionAmount:
    """Mean optical-flow speed, in percent of the frame's diagonal per second; neither more nor less is better."""

    info = MetricInfo(
        name="motion_amount",
        version=1,
        title="Motion amount",
        group="motion",
        range=(0, None),
        direction="none",
        features=("flow",),
        backend="DIS flow",
        unit="% of diagonal per second",
        paper="after OpenS2V-Eval MotionAmplitude (arXiv:2505.20292), made unsigned and independent of fps and size",
        expectations=(
            Expectation("a still video does not move", "value", "frozen", low=0.0, high=0.2),
            Expectation("a collage moves", "difference", "collage", "frozen", low=0.5),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        flow: Flow = sample.feature("flow")
        if not flow.frames:
            return Score(None, reason="the video has 1 frame, motion needs 2")
        speeds = motion_percent_per_second(flow.vectors, float(flow.fps))
        return Score(float(speeds.mean()), frames=flow.frames, per_frame=tuple(speeds.tolist()))
