"""Feature ``faces``: the faces in the sampled frames and in the references, each with its position and identity.

YuNet (Wu et al. 2023, through OpenCV) finds faces; dlib's ResNet (King 2017) gives 128 numbers whose L2 distance tells
whether two faces are one person's: dlib's rule is 0.6. Not interchangeable with ArcFace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.cases import ImageFile
from a2bench.counting import count
from a2bench.metrics import FeatureInfo, Sample
from a2bench.weights import verified_weights
from a2bench_metrics.images import read_reference
from a2bench_metrics.opencv import opencv

MIN_CONFIDENCE = 0.8
MIN_SIDE = 32
"""YuNet sees nothing in smaller frames."""
REFERENCE_LONG_SIDE = 640
"""References are scaled to this before faces are looked for: small portraits are missed at their own size."""


@dataclass(frozen=True)
class Face:
    """One face.

    box: ``(x0, y0, x1, y1)`` in pixels. confidence: of the detector, in [0, 1].
    descriptor: ``[128]`` float64; compare by L2 distance.
    """

    box: tuple[float, float, float, float]
    confidence: float
    descriptor: NDArray[np.float64]


@dataclass(frozen=True)
class SampleFaces:
    """All faces of a sample.

    frames: for each sampled frame its faces, surest first. references: for each character's element id the surest
    face of each of its images (the reference first, then second views), None where an image has none.
    """

    frames: tuple[tuple[Face, ...], ...]
    references: dict[str, tuple[Face | None, ...]]


class FacesFeature:
    """Computes `SampleFaces`; one detector and one descriptor network per process."""

    info = FeatureInfo(
        name="faces",
        version=1,
        backend="YuNet 2023mar + dlib ResNet v1",
        weights=("yunet-2023mar", "dlib-face-resnet-v1", "dlib-5-landmarks"),
        packages=("cv2", "dlib"),
    )

    def __init__(self) -> None:
        self._networks: tuple[Any, Any, Any, Any] | None = None
        self._references: dict[str, Face | None] = {}

    def compute(self, sample: Sample) -> SampleFaces:
        """Find and describe the faces of every sampled frame."""
        frames = []
        for index in sample.frames:
            count("forward:faces")
            frames.append(tuple(self._faces(sample.video.frames[index])))
        references = {
            name: tuple(self._reference_face(image) for image in (element.reference, *element.second_views))
            for name, element in sample.case.named_elements("character")
        }
        return SampleFaces(tuple(frames), references)

    def _reference_face(self, image: ImageFile) -> Face | None:
        if image.sha256 not in self._references:
            pixels = read_reference(image).pixels
            scale = REFERENCE_LONG_SIDE / max(pixels.shape[:2])
            size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
            cv2 = opencv()
            scaled = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
            count("reference:faces")
            self._references[image.sha256] = next(iter(self._faces(scaled)), None)
        return self._references[image.sha256]

    def _faces(self, frame: NDArray[np.uint8]) -> Sequence[Face]:
        height, width = frame.shape[:2]
        if min(height, width) < MIN_SIDE:
            return []
        dlib, detector, shape, descriptor = self._loaded()
        detector.setInputSize((width, height))
        _, rows = detector.detect(np.ascontiguousarray(frame[..., ::-1]))
        image = np.ascontiguousarray(frame)
        faces = []
        for row in rows if rows is not None else ():
            x0, y0, x1, y1 = (float(v) for v in (row[0], row[1], row[0] + row[2], row[1] + row[3]))
            # dlib's five points want dlib's kind of box: a square, a little lower than YuNet's.
            half, x, y = (x1 - x0 + y1 - y0) / 4, (x0 + x1) / 2, (y0 + y1) / 2 + 0.04 * (y1 - y0)
            square = dlib.rectangle(round(x - half), round(y - half), round(x + half), round(y + half))
            numbers = np.asarray(descriptor.compute_face_descriptor(image, shape(image, square)), np.float64)
            faces.append(Face((x0, y0, x1, y1), float(row[14]), numbers))
        return sorted(faces, key=lambda face: -face.confidence)

    def _loaded(self) -> tuple[Any, Any, Any, Any]:
        if self._networks is None:
            dlib = import_module("dlib")
            paths = {name: str(verified_weights(name)) for name in self.info.weights}
            detector = opencv().FaceDetectorYN.create(paths["yunet-2023mar"], "", (320, 320), MIN_CONFIDENCE, 0.3, 5000)
            shape = dlib.shape_predictor(paths["dlib-5-landmarks"])
            descriptor = dlib.face_recognition_model_v1(paths["dlib-face-resnet-v1"])
            count("load:faces")
            self._networks = (dlib, detector, shape, descriptor)
        return self._networks
