"""Does motion go on evenly, or in jerks?"""

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.interpolation import Interpolation


class MotionSmoothness:
    """VBench's motion smoothness: ``(255 - mean |f_t - I(f_{t-1}, f_{t+1})|) / 255`` for an interpolator ``I``.

    Differs from VBench: DIS flow interpolates instead of AMT-S, at 240 pixels on the short side, and the sampled frames
    are looked at instead of every second one.
    """

    info = MetricInfo(
        name="motion_smoothness",
        version=1,
        title="Motion smoothness",
        group="motion",
        range=(0, 1),
        direction="higher",
        touched_by=("fps",),
        features=("interpolation",),
        backend="DIS midpoint",
        paper="VBench motion_smoothness (arXiv:2311.17982), with another interpolator",
        expectations=(
            Expectation("noise is no motion", "difference", "collage", "noise", low=0.02),
            Expectation("popping in and out is not smooth", "difference", "collage", "flicker", low=0.0005),
            Expectation("a still video is smooth", "value", "frozen", low=0.999),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        found: Interpolation = sample.feature("interpolation")
        if not found.frames:
            return Score(None, reason=f"the video has {sample.video.num_frames} frame(s), smoothness needs 3")
        values = (255 - found.errors) / 255
        return Score(float(values.mean()), frames=found.frames, per_frame=tuple(values.tolist()))
