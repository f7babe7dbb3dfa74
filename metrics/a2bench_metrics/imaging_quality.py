"""Are the frames free of blur, noise and wrong exposure?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score


class ImagingQuality:
    """VBench's imaging quality: mean MUSIQ rating of the sampled frames, divided by 100."""

    info = MetricInfo(
        name="imaging_quality",
        version=1,
        title="Imaging quality",
        group="quality",
        range=(None, None),
        direction="higher",
        features=("musiq",),
        backend="MUSIQ-SPAQ (pyiqa)",
        paper="MUSIQ, Ke et al. 2021 (arXiv:2108.05997), as VBench imaging_quality (arXiv:2311.17982)",
        licence="pyiqa: PolyForm Noncommercial 1.0.0",
        default=False,
        expectations=(
            Expectation("blur is worse", "difference", "collage", "blur", low=0.05),
            Expectation("noise is worse", "difference", "collage", "noise", low=0.05),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        ratings: NDArray[np.float32] = sample.feature("musiq")
        values = ratings.astype(np.float64) / 100
        return Score(float(values.mean()), frames=sample.frames, per_frame=tuple(values.tolist()))
