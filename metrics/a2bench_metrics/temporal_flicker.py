"""How steady are the pixels from one frame to the next?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.metrics import Sample
from a2bench.scores import Expectation, MetricInfo, Score
from a2bench_metrics.opencv import opencv


def mean_absolute_differences(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean absolute difference of each frame to the next, over pixels and channels.

    Args:
        frames: ``[T, H, W, 3]`` uint8.

    Returns:
        ``[T - 1]`` in [0, 255].
    """
    cv2 = opencv()
    values = [cv2.norm(a, b, cv2.NORM_L1) / a.size for a, b in zip(frames[:-1], frames[1:], strict=True)]
    return np.asarray(values, dtype=np.float64)


class TemporalFlicker:
    """VBench's temporal flickering: ``(255 - mean |f[t+1] - f[t]|) / 255`` over all neighbouring frames.

    Differs from VBench: no filter that first drops videos that move, so motion lowers the score too; read it beside
    ``motion_amount``.
    """

    info = MetricInfo(
        name="temporal_flicker",
        version=1,
        title="Temporal steadiness",
        group="quality",
        range=(0, 1),
        direction="higher",
        features=(),
        packages=("cv2",),
        backend="pixels",
        paper="VBench temporal_flickering (arXiv:2311.17982)",
        expectations=(
            Expectation("noise is less steady than collage", "difference", "collage", "noise", low=0.02),
            Expectation("a still video is steadier than collage", "difference", "frozen", "collage", low=0.001),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        if sample.video.num_frames < 2:
            return Score(None, reason="the video has 1 frame, flicker needs 2")
        steadiness = (255 - mean_absolute_differences(sample.video.frames)) / 255
        frames = tuple(range(len(steadiness)))
        return Score(float(steadiness.mean()), frames=frames, per_frame=tuple(steadiness.tolist()))
