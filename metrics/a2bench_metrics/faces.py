"""Feature ``faces``: the faces in the sampled frames and in the references, each with its position and identity.

YuNet (Wu et al. 2023, through OpenCV) finds faces; dlib's ResNet (King 2017) gives 128 numbers whose L2 distance tells
whether two faces are one person's: dlib's rule is 0.6. Not interchangeable with ArcFace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.model.cases import ImageFile
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.images import read_reference
from a2bench_metrics.opencv import opencv

MIN_CONFIDENCE = 0.8
CLEAR = 0.9
"""Detector confidence that a reference's face must have. A cartoon rabbit gets 0.82 in its reference and is then rarely
found in a video: what cannot be found reliably is better not measured."""
MIN_SIDE = 33
"""YuNet sees nothing in smaller frames, and at 32 pixels it reports boxes of infinite size."""
PROBE_BOX = (178.0, 63.0, 269.0, 175.0)
"""The face in the fixed picture of `a2bench metrics check`."""
REFERENCE_LONG_SIDE = 640
"""References are scaled to this before faces are looked for: small portraits are missed at their own size."""


@dataclass(frozen=True)
class Face:
    """One face.

    box: ``(x0, y0, x1, y1)`` in pixels. confidence: of the detector, in [0, 1].
    descriptor: ``[128]`` float64; compare by L2 distance.
    landmarks: YuNet's ``(x, y)`` in pixels of both eyes (the person's right one first), the nose, and both corners of
        the mouth.
    """

    box: tuple[float, float, float, float]
    confidence: float
    descriptor: NDArray[np.float64]
    landmarks: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class SampleFaces:
    """All faces of a sample.

    frames: for each sampled frame its faces, surest first. references: for each character's element id the surest
    face of each of its images (the reference first, then second views), None where an image has none.
    """

    frames: tuple[tuple[Face, ...], ...]
    references: dict[str, tuple[Face | None, ...]]

    @property
    def known(self) -> dict[str, Face]:
        """The characters whose reference shows a clear face, each with it."""
        first = {name: views[0] for name, views in self.references.items()}
        return {name: face for name, face in first.items() if face and face.confidence >= CLEAR}


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

    def compute(self, sample: Sample) -> SampleFaces:
        """Find and describe the faces of every sampled frame."""
        frames = []
        for index in sample.frames:
            count("forward:faces")
            frames.append(tuple(self._faces(sample.video.frames[index])))
        references = {
            name: tuple(
                sample.embedded(self.info, image.sha256, partial(self._reference_face, image))
                for image in (element.reference, *element.second_views)
            )
            for name, element in sample.case.named_elements("character")
        }
        return SampleFaces(tuple(frames), references)

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """Place and confidence of the surest face; landmarks and first numbers of the descriptor in a fixed box."""
        face = self._faces(image)[0]
        dlib, _, shape, descriptor = self._loaded()
        height, width = image.shape[:2]
        size = np.array([width, height, width, height])
        points = shape(image, _square(dlib, PROBE_BOX))
        landmarks = [(point.x / width, point.y / height) for point in points.parts()]
        numbers = np.asarray(descriptor.compute_face_descriptor(image, points))
        return {
            "yunet-2023mar": (*(np.array(face.box) / size).tolist(), face.confidence),
            "dlib-5-landmarks": tuple(float(v) for point in landmarks for v in point),
            "dlib-face-resnet-v1": tuple(numbers[:8].tolist()),
        }

    def _reference_face(self, image: ImageFile) -> Face | None:
        count("reference:faces")
        pixels = read_reference(image).pixels
        scale = REFERENCE_LONG_SIDE / max(pixels.shape[:2])
        size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
        cv2 = opencv()
        scaled = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        return next(iter(self._faces(scaled)), None)

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
            points = shape(image, _square(dlib, (x0, y0, x1, y1)))
            numbers = np.asarray(descriptor.compute_face_descriptor(image, points), np.float64)
            landmarks = tuple((float(x), float(y)) for x, y in row[4:14].reshape(5, 2))
            faces.append(Face((x0, y0, x1, y1), float(row[14]), numbers, landmarks))
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


def _square(dlib: Any, box: tuple[float, float, float, float]) -> Any:
    """What dlib's five points want: dlib's kind of box, a square, a little lower than YuNet's."""
    x0, y0, x1, y1 = box
    half, x, y = (x1 - x0 + y1 - y0) / 4, (x0 + x1) / 2, (y0 + y1) / 2 + 0.04 * (y1 - y0)
    return dlib.rectangle(round(x - half), round(y - half), round(x + half), round(y + half))
