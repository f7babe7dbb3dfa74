"""How steady are the pixels from one frame to the next?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, Limit, MetricInfo, Score
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
        touched_by=("fps",),
        features=(),
        packages=("cv2",),
        backend="pixels",
        paper="VBench temporal_flickering (arXiv:2311.17982)",
        protocol=(
            Limit("num_frames", "flicker needs a next frame", low=2),
            Limit("fps", "neighbouring frames differ more at lower rates; compare equal rates only", 8, 30, "warn"),
        ),
        expectations=(
            Expectation("noise is less steady than collage", "difference", "collage", "noise", low=0.02),
            Expectation("a still video is steadier than collage", "difference", "frozen", "collage", low=0.001),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        steadiness = (255 - mean_absolute_differences(sample.video.frames)) / 255
        frames = tuple(range(len(steadiness)))
        return Score(float(steadiness.mean()), frames=frames, per_frame=tuple(steadiness.tolist()))
