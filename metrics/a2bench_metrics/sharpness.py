"""How much fine detail do the frames have?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.opencv import opencv

SHORT_SIDE = 480


def laplacian_sharpness(frame: NDArray[np.uint8]) -> float:
    """Mean absolute Laplacian of the grey frame at 480 pixels on the short side, in grey levels of 255.

    Args:
        frame: ``[H, W, 3]`` uint8, RGB.
    """
    cv2 = opencv()
    height, width = frame.shape[:2]
    scale = SHORT_SIDE / min(height, width)
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    if scale != 1:
        size = (round(width * scale), round(height * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())


class Sharpness:
    """Mean absolute Laplacian of the sampled frames. Noise counts as detail: read it beside ``niqe``."""

    info = MetricInfo(
        name="sharpness",
        version=1,
        title="Sharpness",
        group="quality",
        range=(0, None),
        direction="higher",
        features=(),
        packages=("cv2",),
        backend="Laplacian (OpenCV) at 480p",
        unit="grey levels",
        paper="Pech-Pacheco et al. 2000, focus measure; mean absolute value instead of variance (as LAPM, Nayar 1994)",
        expectations=(Expectation("blur has little detail left", "ratio", "blur", "collage", low=0.0, high=0.6),),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        values = [laplacian_sharpness(sample.video.frames[index]) for index in sample.frames]
        return Score(float(np.mean(values)), frames=sample.frames, per_frame=tuple(values))
