"""Feature ``flow``: optical flow from each sampled frame to the next frame of the video, and back.

Classical flow (DIS, Kroeger et al. 2016, arXiv:1603.03590, through OpenCV, preset medium), on grey frames scaled so
that the short side is at most 240 pixels; no weights.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from a2bench.base.counting import count
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.opencv import opencv

SHORT_SIDE = 240


@dataclass(frozen=True)
class Flow:
    """Flow of some frame pairs.

    frames: index of the first frame of each pair; the second is the next frame.
    vectors: ``[P, h, w, 2]`` float32, displacement in x and y in pixels of the scaled frame.
    back: ``[P, h, w, 2]`` float32, the same from the second frame to the first.
    fps: frame rate of the video.
    """

    frames: tuple[int, ...]
    vectors: NDArray[np.float32]
    back: NDArray[np.float32]
    fps: Fraction


class FlowFeature:
    """Computes `Flow` for a sample."""

    info = FeatureInfo(
        name="flow", version=2, backend="DIS medium (OpenCV) at 240p", packages=("cv2",), looks_at_case=False
    )

    def compute(self, sample: Sample) -> Flow:
        """Flow of the pairs (t, t + 1) for every sampled frame t that has a next frame."""
        starts = tuple(t for t in sample.frames if t + 1 < sample.video.num_frames)
        height, width = small(sample.video.frames[0]).shape[:2]
        there, back = np.empty((2, len(starts), height, width, 2), np.float32)
        for pair, t in enumerate(starts):
            first, second = small(sample.video.frames[t]), small(sample.video.frames[t + 1])
            there[pair], back[pair] = estimate(first, second), estimate(second, first)
        return Flow(starts, there, back, sample.video.fps)


def small(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame ``[H, W, 3]`` at the size at which flow is computed: at most 240 pixels on the short side."""
    height, width = frame.shape[:2]
    scale = min(1.0, SHORT_SIDE / min(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    resized: NDArray[np.uint8] = opencv().resize(frame, size, interpolation=opencv().INTER_AREA)
    return resized


def estimate(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """DIS flow ``[h, w, 2]`` from one small frame ``[h, w, 3]`` to another."""
    cv2 = opencv()
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    count("forward:flow")
    vectors: NDArray[np.float32] = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*grey, None)
    return vectors


def warp(image: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """The image ``[h, w, C]`` sampled where the flow points, bilinear, edges repeated: ``image(x + flow(x))``."""
    cv2 = opencv()
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    warped: NDArray[np.float32] = cv2.remap(
        image, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return warped
