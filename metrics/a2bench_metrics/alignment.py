"""Feature ``alignment``: where in a frame the reference's own pixels reappear, moved, turned and scaled.

SIFT keypoints (Lowe 2004, through OpenCV) of the reference and of the frame are matched (ratio test), one similarity
transform is fitted (RANSAC), the reference is warped by it, and the correlation of the grey pixels inside the element's
mask says how far they are the same. A re-shot element has no such transform; a pasted one has.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from a2bench.cases import Element
from a2bench.counting import count
from a2bench.metrics import FeatureInfo, Sample
from a2bench_metrics.images import element_image
from a2bench_metrics.opencv import opencv

MAX_FRAMES = 8
LONG_SIDE = 640
"""Longest side of a reference or frame when keypoints are looked for."""
RATIO = 0.8
MIN_INLIERS = 8
MIN_PIXELS = 400
"""Fewest pixels of the warped mask for a correlation to mean anything."""


@dataclass(frozen=True)
class Alignment:
    """The reference's pixels in one frame.

    correlation: normalised cross-correlation inside the warped mask, in [0, 1]; 0 where no transform was found.
    box: of the warped mask, in pixels of the video; None where none was found.
    """

    correlation: float
    box: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class _Keypoints:
    grey: NDArray[np.uint8]
    mask: NDArray[np.float32]
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32] | None


class AlignmentFeature:
    """Computes, for each element, an `Alignment` in up to eight of the sampled frames."""

    info = FeatureInfo(name="alignment", version=1, backend="SIFT + RANSAC (OpenCV)", packages=("cv2",))

    def compute(self, sample: Sample) -> tuple[tuple[int, ...], dict[str, list[Alignment]]]:
        """Indices of the frames, and for each element id its alignment in each of them."""
        chosen = sample.frames[:: max(1, -(-len(sample.frames) // MAX_FRAMES))]
        frames = []
        for index in chosen:
            count("forward:alignment")
            frames.append(_keypoints(sample.video.frames[index], None))
        scale = sample.video.frames.shape[2] / frames[0].grey.shape[1]
        found = {}
        for name, element in sample.case.named_elements():
            what = (element.cutout or element.reference).sha256
            reference = sample.embedded(self.info, what, partial(_reference, element))
            found[name] = [_align(reference, frame, scale) for frame in frames]
        return chosen, found


def _reference(element: Element) -> _Keypoints:
    count("reference:alignment")
    reference = element_image(element)
    return _keypoints(reference.pixels, reference.mask)


def _keypoints(pixels: NDArray[np.uint8], mask: NDArray[np.float32] | None) -> _Keypoints:
    cv2 = opencv()
    height, width = pixels.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    full = np.ones(grey.shape, np.float32)
    small = full if mask is None else cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    inside = None if mask is None else (small > 0.5).astype(np.uint8)
    points, descriptors = cv2.SIFT_create(nfeatures=1500).detectAndCompute(grey, inside)
    return _Keypoints(grey, small, np.asarray([point.pt for point in points], np.float32).reshape(-1, 2), descriptors)


def _align(reference: _Keypoints, frame: _Keypoints, scale: float) -> Alignment:
    cv2 = opencv()
    nothing = Alignment(0.0, None)
    if reference.descriptors is None or frame.descriptors is None or len(frame.descriptors) < 2:
        return nothing
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(reference.descriptors, frame.descriptors, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
    if len(good) < MIN_INLIERS:
        return nothing
    cv2.setRNGSeed(0)  # RANSAC draws from OpenCV's generator; the result must not depend on what ran before
    source = reference.points[[match.queryIdx for match in good]]
    target = frame.points[[match.trainIdx for match in good]]
    transform, inliers = cv2.estimateAffinePartial2D(source, target, method=cv2.RANSAC, ransacReprojThreshold=4.0)
    if transform is None or int(inliers.sum()) < MIN_INLIERS:
        return nothing
    size = (frame.grey.shape[1], frame.grey.shape[0])
    warped = cv2.warpAffine(reference.grey, transform, size, flags=cv2.INTER_AREA)
    inside = cv2.warpAffine(reference.mask, transform, size, flags=cv2.INTER_LINEAR) > 0.5
    if int(inside.sum()) < MIN_PIXELS:
        return nothing
    rows, columns = np.nonzero(inside)
    box = tuple(float(v * scale) for v in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    return Alignment(correlation(warped[inside], frame.grey[inside]), box)  # type: ignore[arg-type]


def correlation(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Pearson correlation of two sets of grey values, negative values as 0; 0 when one of them is constant."""
    x, y = a.astype(np.float64) - a.mean(), b.astype(np.float64) - b.mean()
    norm = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return max(0.0, float((x * y).sum()) / norm) if norm > 0 else 0.0
