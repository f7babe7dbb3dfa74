"""Is it the camera that moves, or what it films?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import FeatureInfo, Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.flow import Flow
from a2bench_metrics.opencv import opencv

GRID = 8
"""Pixels between the points whose motion the camera's is fitted to."""
MAX_ERROR = 1.0
"""Pixels by which a point may differ from the camera's motion and still count as scenery."""


def camera_flow(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The part of a flow that one camera explains: the shift, zoom and roll that most points share (RANSAC).

    Args:
        vectors: ``[h, w, 2]`` flow in pixels.

    Returns:
        ``[h, w, 2]``, all zero where no two points agree.
    """
    cv2 = opencv()
    height, width = vectors.shape[:2]
    rows, columns = np.mgrid[GRID // 2 : height : GRID, GRID // 2 : width : GRID]
    source = np.stack([columns.ravel(), rows.ravel()], axis=-1).astype(np.float32)
    cv2.setRNGSeed(0)  # RANSAC draws from OpenCV's generator; the result must not depend on what ran before
    transform, _ = cv2.estimateAffinePartial2D(
        source, source + vectors[rows.ravel(), columns.ravel()], method=cv2.RANSAC, ransacReprojThreshold=MAX_ERROR
    )
    if transform is None:
        return np.zeros_like(vectors)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    moved = np.stack([x, y, np.ones_like(x)], axis=-1) @ transform.T
    return np.asarray(moved - np.stack([x, y], axis=-1), np.float32)


@dataclass(frozen=True)
class Camera:
    """Motion of some frame pairs, split.

    frames: index of the first frame of each pair.
    camera, objects: ``[P]`` mean speeds of the camera and of what differs from it, in percent of the frame's diagonal
        per second.
    """

    frames: tuple[int, ...]
    camera: NDArray[np.float64]
    objects: NDArray[np.float64]


class CameraFeature:
    """Computes `Camera` from the flow."""

    info = FeatureInfo(
        name="camera",
        version=1,
        backend="similarity fit (RANSAC) of flow",
        features=("flow",),
        packages=("cv2",),
        looks_at_case=False,
    )

    def compute(self, sample: Sample) -> Camera:
        """Split the motion of each frame pair."""
        flow: Flow = sample.feature("flow")
        unit = 100 * float(flow.fps) / math.hypot(*flow.vectors.shape[1:3])
        fits = [camera_flow(vectors) for vectors in flow.vectors]
        camera = [unit * _mean_length(fit) for fit in fits]
        objects = [unit * _mean_length(vectors - fit) for vectors, fit in zip(flow.vectors, fits, strict=True)]
        return Camera(flow.frames, np.asarray(camera, np.float64), np.asarray(objects, np.float64))


def _mean_length(vectors: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(vectors, axis=-1).mean(dtype=np.float64))


def _info(name: str, title: str, *expectations: Expectation) -> MetricInfo:
    return MetricInfo(
        name=name,
        version=1,
        title=title,
        group="motion",
        range=(0, None),
        direction="none",
        features=("camera",),
        backend="DIS flow + similarity fit",
        unit="% of diagonal per second",
        paper="A2Bench; global motion by robust fit (Odobez and Bouthemy 1995)",
        expectations=expectations,
    )


class CameraMotion:
    """Mean speed that the camera's shift, zoom and roll give to the pixels; neither more nor less is better."""

    info = _info(
        "camera_motion",
        "Camera motion",
        Expectation("a still video has no camera motion", "value", "frozen", low=0.0, high=0.2),
        Expectation("a zoom is the camera's motion", "difference", "zoom", "frozen", low=0.5),
        Expectation("the collage's background drifts", "difference", "collage", "frozen", low=0.3),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        camera: Camera = sample.feature("camera")
        return _speed(camera.frames, camera.camera)


class ObjectMotion:
    """Mean speed of the pixels relative to the camera's motion; neither more nor less is better."""

    info = _info(
        "object_motion",
        "Object motion",
        Expectation("a still video has no object motion", "value", "frozen", low=0.0, high=0.2),
        Expectation("a zoom moves objects less", "difference", "collage", "zoom", low=0.1),
        Expectation("the collage's elements move over the background", "difference", "collage", "frozen", low=0.2),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        camera: Camera = sample.feature("camera")
        return _speed(camera.frames, camera.objects)


def _speed(frames: tuple[int, ...], speeds: NDArray[np.float64]) -> Score:
    if not frames:
        return Score(None, reason="the video has 1 frame, motion needs 2")
    return Score(float(speeds.mean()), frames=frames, per_frame=tuple(speeds.tolist()))
