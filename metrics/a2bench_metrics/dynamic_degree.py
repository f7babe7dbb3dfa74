"""Does anything move at all?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.raft import Speeds

MIN_SIDE = 128
"""Smaller frames leave RAFT's coarsest level without pixels."""


def moves(fastest: NDArray[np.float64], num_frames: int, short_side: int) -> bool:
    """VBench's dynamic degree: whether enough pairs of frames have fast pixels.

    Args:
        fastest: ``[P]`` mean length of the longest 5 % of the flow vectors, in pixels.
        num_frames: frames that the pairs were made of.
        short_side: of the frames, in pixels.
    """
    limit = 6 * short_side / 256
    return int((fastest > limit).sum()) >= max(1, round(4 * num_frames / 16))


class DynamicDegree:
    """1 for a video that moves, 0 for one that does not; its mean over videos is the share that moves."""

    info = MetricInfo(
        name="dynamic_degree",
        version=1,
        title="Dynamic degree",
        group="motion",
        range=(0, 1),
        direction="higher",
        touched_by=("fps", "length"),
        features=("raft",),
        backend="RAFT large, things (torchvision)",
        paper="VBench dynamic_degree (arXiv:2311.17982)",
        licence="BSD-3-Clause (weights)",
        default=False,
        expectations=(Expectation("a still video does not move", "value", "frozen", low=-0.001, high=0.001),),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        short = min(sample.video.size)
        if short < MIN_SIDE:
            return Score(None, reason=f"frames have {short} pixels on the short side, RAFT needs {MIN_SIDE}")
        speeds: Speeds = sample.feature("raft")
        if not speeds.frames:
            return Score(None, reason="fewer than 2 frames at 8 per second, motion needs 2")
        value = float(moves(speeds.fastest, speeds.num_frames, short))
        return Score(value, frames=speeds.frames, per_frame=tuple(speeds.fastest.tolist()))
