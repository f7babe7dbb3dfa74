"""Feature ``alignment``: where in a frame the reference's own pixels reappear, moved, turned and scaled.

SIFT keypoints (Lowe 2004, through OpenCV) of the reference and of the frame are matched (ratio test), one similarity
transform is fitted (RANSAC), the reference is warped by it, and the correlation of the grey pixels inside the element's
mask says how far they are the same. A re-shot element has no such transform; a pasted one has. The same is tried with
the reference mirrored, and with the reference's own surroundings where a cut-out tells them from the element.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2bench.base.counting import count
from a2bench.model.cases import Element
from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.images import element_image, read_reference
from a2bench_metrics.opencv import opencv

MAX_FRAMES = 8
LONG_SIDE = 640
"""Longest side of a reference or frame when keypoints are looked for."""
RATIO = 0.8
MIN_INLIERS = 8
SAME_PICTURE = 0.9
"""Correlation with a photograph from which a cut-out was cut from it."""
MIN_PIXELS = 400
"""Fewest pixels of the warped mask for a correlation to mean anything."""


@dataclass(frozen=True)
class Alignment:
    """The reference's pixels in one frame.

    correlation: normalised cross-correlation inside the warped mask, in [0, 1]; 0 where no transform was found.
    box: of the warped mask, in pixels of the video; None where none was found.
    surroundings: the same correlation for what surrounds the element in its reference, 0 where nothing tells it apart.
    """

    correlation: float
    box: Box | None
    surroundings: float = 0.0


@dataclass(frozen=True)
class _Keypoints:
    grey: NDArray[np.uint8]
    mask: NDArray[np.float32]
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32] | None


@dataclass(frozen=True)
class _Source:
    """A reference as it is looked for: the element, the element mirrored, and what surrounds it."""

    element: _Keypoints
    mirrored: _Keypoints
    surroundings: _Keypoints | None


class AlignmentFeature:
    """Computes, for each element, an `Alignment` in up to eight of the sampled frames."""

    info = FeatureInfo(name="alignment", version=2, backend="SIFT + RANSAC (OpenCV)", packages=("cv2",))

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
            what = f"{(element.cutout or element.reference).sha256} in {element.reference.sha256}"
            reference = sample.embedded(self.info, what, partial(_source, element))
            found[name] = [_best(reference, frame, scale) for frame in frames]
        return chosen, found


def _source(element: Element) -> _Source:
    count("reference:alignment")
    reference = element_image(element)
    mirrored = np.ascontiguousarray(reference.pixels[:, ::-1]), np.ascontiguousarray(reference.mask[:, ::-1])
    own = _keypoints(reference.pixels, reference.mask)
    return _Source(own, _keypoints(*mirrored), _surroundings(own, element) if element.cutout else None)


def _surroundings(own: _Keypoints, element: Element) -> _Keypoints | None:
    """The photograph that a cut-out was made from, with a mask of what is not the element; None where it is another."""
    photograph = _keypoints(read_reference(element.reference).pixels, None)
    fit = _fit(own, photograph)
    if fit is None or correlation(fit.warped[fit.inside], photograph.grey[fit.inside]) < SAME_PICTURE:
        return None
    grown = opencv().dilate(fit.inside.astype(np.uint8), np.ones((9, 9), np.uint8))
    return replace(photograph, mask=(1.0 - grown).astype(np.float32))


def _best(source: _Source, frame: _Keypoints, scale: float) -> Alignment:
    """The better of the element as it is and mirrored, with what the frame shows of its surroundings."""
    element = max(
        (_align(one, frame, scale) for one in (source.element, source.mirrored)), key=lambda found: found.correlation
    )
    around = _align(source.surroundings, frame, scale).correlation if source.surroundings else 0.0
    return replace(element, surroundings=around)


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


class _Fit(NamedTuple):
    """A reference laid over a frame: its grey pixels there, and where its mask is."""

    warped: NDArray[np.uint8]
    inside: NDArray[np.bool_]


def _fit(reference: _Keypoints, frame: _Keypoints) -> _Fit | None:
    """Lay a reference over a frame by the best similarity transform, if there is one."""
    cv2 = opencv()
    if reference.descriptors is None or frame.descriptors is None or len(frame.descriptors) < 2:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(reference.descriptors, frame.descriptors, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
    if len(good) < MIN_INLIERS:
        return None
    cv2.setRNGSeed(0)  # RANSAC draws from OpenCV's generator; the result must not depend on what ran before
    source = reference.points[[match.queryIdx for match in good]]
    target = frame.points[[match.trainIdx for match in good]]
    transform, inliers = cv2.estimateAffinePartial2D(source, target, method=cv2.RANSAC, ransacReprojThreshold=4.0)
    if transform is None or int(inliers.sum()) < MIN_INLIERS:
        return None
    size = (frame.grey.shape[1], frame.grey.shape[0])
    warped = cv2.warpAffine(reference.grey, transform, size, flags=cv2.INTER_AREA)
    inside = cv2.warpAffine(reference.mask, transform, size, flags=cv2.INTER_LINEAR) > 0.5
    return _Fit(warped, inside) if int(inside.sum()) >= MIN_PIXELS else None


def _align(reference: _Keypoints, frame: _Keypoints, scale: float) -> Alignment:
    fit = _fit(reference, frame)
    if fit is None:
        return Alignment(0.0, None)
    rows, columns = np.nonzero(fit.inside)
    x0, y0, x1, y1 = (float(v * scale) for v in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    return Alignment(correlation(fit.warped[fit.inside], frame.grey[fit.inside]), (x0, y0, x1, y1))


def correlation(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Pearson correlation of two sets of grey values, negative values as 0; 0 when one of them is constant."""
    x, y = a.astype(np.float64) - a.mean(), b.astype(np.float64) - b.mean()
    norm = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return max(0.0, float((x * y).sum()) / norm) if norm > 0 else 0.0
