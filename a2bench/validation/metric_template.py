"""A working metric to copy: your own arithmetic goes where it says HERE; `a2bench metrics check my_file:MyMetric`."""

import numpy as np

from a2bench.model.metrics import Sample
from a2bench.model.scores import MetricInfo, Score


class MyMetric:
    """One line on what is measured: the mean of all pixels, from black to white."""

    info = MetricInfo(
        name="my_metric",
        version=1,  # change it whenever the numbers may change: old scores are then made again
        title="My metric",
        group="quality",  # or "consistency", "text", "motion"
        range=(0, 1),  # None where an end is open
        direction="none",  # or "higher", "lower": which values are better
        features=(),  # what it asks for by sample.feature("flow"), such as ("flow",)
        backend="mean of pixels",  # the networks and finders behind it
        # roles=("character",): which elements it scores; expectations=(...): how it must order the controls
    )

    def score(self, sample: Sample) -> Score:
        """Score one video; what cannot be measured is Score(None, reason="...")."""
        # HERE: sample.video.frames [T, H, W, 3] uint8, sample.video.fps, sample.case.prompt, sample.case.elements.
        per_frame = sample.video.frames[list(sample.frames)].mean(axis=(1, 2, 3)) / 255
        return Score(
            float(np.mean(per_frame)),
            frames=sample.frames,  # the frames that the curve belongs to
            per_frame=tuple(float(value) for value in per_frame),
        )
