"""How much does the picture change from one frame to the next, to the eye?"""

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.perceptual import PerceptualChange

MIN_SIDE = 32
"""AlexNet's five layers need this many pixels."""


class TemporalLpips:
    """Mean LPIPS between neighbouring frames; lower is steadier. Motion counts as change."""

    info = MetricInfo(
        name="temporal_lpips",
        version=1,
        title="Perceptual change between frames",
        group="quality",
        range=(0, None),
        direction="lower",
        touched_by=("fps",),
        features=("perceptual",),
        backend="LPIPS 0.1 AlexNet",
        paper="LPIPS, Zhang et al. 2018 (arXiv:1801.03924)",
        licence="BSD-2-Clause (heads), BSD-3-Clause (AlexNet)",
        default=False,
        expectations=(
            Expectation("noise changes from frame to frame", "difference", "noise", "collage", low=0.03),
            Expectation("a still video does not change", "value", "frozen", low=-0.001, high=0.005),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        height, width = sample.video.frames.shape[1:3]
        if min(height, width) < MIN_SIDE:
            return Score(None, reason=f"frames of {width}x{height}; LPIPS needs {MIN_SIDE} pixels on the short side")
        change: PerceptualChange = sample.feature("perceptual")
        if not change.frames:
            return Score(None, reason="the video has 1 frame, change needs 2")
        values = change.distances
        return Score(float(values.mean()), frames=change.frames, per_frame=tuple(values.tolist()))
