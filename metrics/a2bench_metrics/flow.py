"""Feature ``flow``: optical flow from each sampled frame to the next frame of the video.

Classical flow (DIS, Kroeger et al. 2016, arXiv:1603.03590, through OpenCV, preset medium), on grey frames scaled so
that the short side is at most 240 pixels; no weights.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from a2bench.counting import count
from a2bench.metrics import FeatureInfo, Sample
from a2bench_metrics.opencv import opencv

SHORT_SIDE = 240


@dataclass(frozen=True)
class Flow:
    """Flow of some frame pairs.

    frames: index of the first frame of each pair; the second is the next frame.
    vectors: ``[P, h, w, 2]`` float32, displacement in x and y in pixels of the scaled frame.
    fps: frame rate of the video.
    """

    frames: tuple[int, ...]
    vectors: NDArray[np.float32]
    fps: Fraction


class FlowFeature:
    """Computes `Flow` for a sample."""

    info = FeatureInfo(
        name="flow", version=1, backend="DIS medium (OpenCV) at 240p", packages=("cv2",), looks_at_case=False
    )

    def compute(self, sample: Sample) -> Flow:
        """Flow of the pairs (t, t + 1) for every sampled frame t that has a next frame."""
        cv2 = opencv()
        frames = sample.video.frames
        starts = tuple(t for t in sample.frames if t + 1 < sample.video.num_frames)
        height, width = frames.shape[1:3]
        scale = min(1.0, SHORT_SIDE / min(height, width))
        size = (max(16, round(width * scale)), max(16, round(height * scale)))

        def grey(index: int) -> NDArray[np.uint8]:
            small = cv2.resize(frames[index], size, interpolation=cv2.INTER_AREA)
            grey_frame: NDArray[np.uint8] = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
            return grey_frame

        estimator = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        vectors = np.zeros((len(starts), size[1], size[0], 2), np.float32)
        for row, start in enumerate(starts):
            count("forward:flow")
            vectors[row] = estimator.calc(grey(start), grey(start + 1), None)
        return Flow(starts, vectors, sample.video.fps)
