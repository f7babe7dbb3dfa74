"""Feature ``arcface``: the faces in the sampled frames and in the references, each with its ArcFace embedding.

Deng et al. 2019 (arXiv:1801.07698), InsightFace's ResNet-50 trained on WebFace600K (``w600k_r50``, pack buffalo_l).
YuNet finds faces and their five landmarks, as in the feature ``faces``; they are aligned as InsightFace aligns them.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import onnx_session
from a2bench.errors import WeightsError
from a2bench.model.cases import ImageFile
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.images import read_reference
from a2bench_metrics.opencv import opencv

SIDE = 112
SIZE = 512
MIN_CONFIDENCE = 0.8
MIN_SIDE = 33
"""YuNet sees nothing in smaller frames, and at 32 pixels it reports boxes of infinite size."""
REFERENCE_LONG_SIDE = 640
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where the eyes, the nose and the corners of the mouth belong in the aligned face of 112 pixels."""


@dataclass(frozen=True)
class ArcFaces:
    """All faces of a sample, as unit vectors ``[N, 512]`` float32, surest first.

    frames: for each sampled frame. boxes: for each sampled frame ``[N, 4]``, ``(x0, y0, x1, y1)`` in pixels.
    references: for each character's element id ``[N, 512]`` of its reference.
    """

    frames: tuple[NDArray[np.float32], ...]
    boxes: tuple[NDArray[np.float32], ...]
    references: dict[str, NDArray[np.float32]]


class ArcFaceFeature:
    """Computes `ArcFaces`; one detector and one network per process."""

    info = FeatureInfo(
        name="arcface",
        version=1,
        backend="YuNet 2023mar + ArcFace w600k R50 (InsightFace)",
        weights=("yunet-2023mar", "arcface-w600k-r50"),
        packages=("cv2", "onnxruntime"),
        extra="quality",
    )

    def __init__(self) -> None:
        self._detector: Any = None
        self._session: Any = None

    def compute(self, sample: Sample) -> ArcFaces:
        """Find and embed the faces of every sampled frame and of the characters' references."""
        found = [self._faces(sample.video.frames[index]) for index in sample.frames]
        references = {
            name: sample.embedded(self.info, element.reference.sha256, partial(self._reference, element.reference))
            for name, element in sample.case.named_elements("character")
        }
        return ArcFaces(tuple(faces for faces, _ in found), tuple(boxes for _, boxes in found), references)

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """First numbers of the embedding of the surest face, and where it is."""
        faces, boxes = self._faces(image)
        height, width = image.shape[:2]
        place = boxes[0] / np.array([width, height, width, height])
        return {"yunet-2023mar": tuple(place.tolist()), "arcface-w600k-r50": tuple(faces[0, :8].tolist())}

    def _reference(self, image: ImageFile) -> NDArray[np.float32]:
        cv2, pixels = opencv(), read_reference(image).pixels
        scale = REFERENCE_LONG_SIDE / max(pixels.shape[:2])
        size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
        count("reference:arcface")
        return self._faces(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))[0]

    def _faces(self, frame: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        nothing = np.zeros((0, SIZE), np.float32), np.zeros((0, 4), np.float32)
        height, width = frame.shape[:2]
        if min(height, width) < MIN_SIDE:
            return nothing
        if self._session is None:
            yunet = str(verified_weights("yunet-2023mar"))
            self._detector = opencv().FaceDetectorYN.create(yunet, "", (320, 320), MIN_CONFIDENCE, 0.3, 5000)
            self._session = checked_session(onnx_session(verified_weights("arcface-w600k-r50")))
            count("load:arcface")
        self._detector.setInputSize((width, height))
        _, rows = self._detector.detect(np.ascontiguousarray(frame[..., ::-1]))
        if rows is None:
            return nothing
        rows = rows[np.argsort(-rows[:, 14], kind="stable")]
        aligned = [align(frame, row[4:14].reshape(5, 2)) for row in rows]
        count("forward:arcface", len(aligned))
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        return embed(self._session, np.stack(aligned)), boxes.astype(np.float32)


def checked_session(session: Any) -> Any:
    """The session, if its network takes aligned faces of 112 pixels and gives 512 numbers.

    Raises:
        WeightsError: it does not, as with a file of another pack in the place of this one.
    """
    takes, gives = session.get_inputs()[0].shape[1:], session.get_outputs()[0].shape[1:]
    if list(takes) != [3, SIDE, SIDE] or list(gives) != [SIZE]:
        raise WeightsError(
            f"the ArcFace network takes {takes} and gives {gives}, expected [3, {SIDE}, {SIDE}] and [{SIZE}]: this is "
            "the wrong file or the wrong pack; type `a2bench weights fetch arcface-w600k-r50`"
        )
    return session


def align(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The face ``[112, 112, 3]``, turned, scaled and shifted so that its landmarks ``[5, 2]`` fit the template best.

    Least squares over similarity transforms (Umeyama 1991), as InsightFace does.
    """
    source, target = landmarks.astype(np.float64), TEMPLATE.astype(np.float64)
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    u, singular, v = np.linalg.svd(b.T @ a / 5)
    turn = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(v))])
    rotation = u @ np.diag(turn) @ v
    scaled = rotation * (singular @ turn) / a.var(axis=0).sum()
    transform = np.column_stack([scaled, target.mean(axis=0) - scaled @ source.mean(axis=0)])
    aligned: NDArray[np.uint8] = opencv().warpAffine(image, transform, (SIDE, SIDE), borderValue=0)
    return aligned


def embed(session: Any, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Unit vectors ``[N, 512]`` of aligned RGB faces ``[N, 112, 112, 3]``, in one forward."""
    pixels = ((faces.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)).transpose(0, 3, 1, 2)
    (vectors,) = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(pixels)})
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
