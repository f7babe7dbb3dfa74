"""Feature ``detections``: each character and object found by its phrase, and how alike it is to its reference.

Grounding-DINO tiny (Liu et al. 2023, arXiv:2303.05499) through transformers finds the phrase in every looked-at frame;
DINOv2 compares what is inside each box with the reference; the boxes are shared out among the elements so that the sum
of likenesses is largest. Unlike the bundled finder it knows things rather than pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_folder, verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import device
from a2bench.model.cases import Element
from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.dino import directions, load_dino
from a2bench_metrics.images import element_image
from a2bench_metrics.networks import load_published

THRESHOLD = 0.25
"""Confidence of a box: transformers' default."""
MAX_BOXES = 5
"""Surest boxes of a phrase in one frame that are compared with the reference."""


@dataclass(frozen=True)
class Detection:
    """An element in one frame.

    box: ``(x0, y0, x1, y1)`` in pixels of the video. confidence: of the detector, in [0, 1].
    similarity: cosine of the DINOv2 class tokens of the box and of the reference, in [-1, 1].
    """

    box: Box
    confidence: float
    similarity: float


def swin_tiny_config() -> Any:
    """The architecture of ``IDEA-Research/grounding-dino-tiny``: transformers' defaults."""
    from transformers import GroundingDinoConfig

    return GroundingDinoConfig()


class DetectionsFeature:
    """Computes, for each character and object, its `Detection` in each looked-at frame, or None."""

    info = FeatureInfo(
        name="detections",
        version=1,
        backend="Grounding-DINO tiny + DINOv2 ViT-B/14 on crops",
        weights=("grounding-dino-tiny", "bert-vocabulary", "dinov2-vit-b14"),
        packages=("torch", "transformers", "safetensors", "scipy"),
        extra="text",
    )

    def __init__(self) -> None:
        self._detector: tuple[Any, Any] | None = None
        self._dino: Any = None

    def compute(self, sample: Sample) -> dict[str, tuple[Detection | None, ...]]:
        """Detections by element id, in the order of the looked-at frames."""
        named = list(sample.case.named_elements("character", "object"))
        references = {
            name: sample.embedded(
                self.info, (element.cutout or element.reference).sha256, partial(self._reference, element)
            )
            for name, element in named
        }
        found: dict[str, list[Detection | None]] = {name: [] for name, _ in named}
        for index in sample.frames:
            frame = sample.video.frames[index]
            candidates = {name: self._candidates(frame, element.phrase, references[name]) for name, element in named}
            for name, detection in share_out(candidates).items():
                found[name].append(detection)
        return {name: tuple(rows) for name, rows in found.items()}

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """Confidence and box of the surest place of a phrase."""
        score, box = detect(*self._loaded(), image, "a person", threshold=0.0)[0]
        return {"grounding-dino-tiny": (score, *box)}

    def _reference(self, element: Element) -> NDArray[np.float32]:
        count("reference:detections")
        return self._vectors([element_image(element).pixels])[0]

    def _candidates(self, frame: NDArray[np.uint8], phrase: str, reference: NDArray[np.float32]) -> list[Detection]:
        boxes = detect(*self._loaded(), frame, phrase)[:MAX_BOXES]
        vectors = self._vectors([crop(frame, box) for _, box in boxes])
        return [Detection(box, score, float(v @ reference)) for (score, box), v in zip(boxes, vectors, strict=True)]

    def _vectors(self, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Unit class tokens of images of any sizes, one by one."""
        if self._dino is None:
            self._dino = load_dino().to(device())
        return directions(self._dino, images)

    def _loaded(self) -> tuple[Any, Any]:
        if self._detector is None:
            vocabulary = verified_weights("bert-vocabulary")
            self._detector = load_detector(verified_folder("grounding-dino-tiny"), vocabulary, swin_tiny_config())
            count("load:detections")
        return self._detector


def load_detector(folder: Path, vocabulary: Path, config: Any) -> tuple[Any, Any]:
    """The network in evaluation mode and its processor, from a folder in the published layout.

    Raises:
        WeightsError: the file is damaged, or a weight is missing, superfluous or of another shape.
    """
    transformers: Any = import_module("transformers")
    network = load_published("GroundingDinoForObjectDetection", folder, config)
    processor = transformers.GroundingDinoProcessor(
        transformers.GroundingDinoImageProcessor(), transformers.BertTokenizer(str(vocabulary))
    )
    return network.to(device()), processor


def detect(
    network: Any, processor: Any, frame: NDArray[np.uint8], phrase: str, threshold: float = THRESHOLD
) -> list[tuple[float, Box]]:
    """Confidences and boxes of a phrase in one frame ``[H, W, 3]``, surest first; boxes are cut to it."""
    import torch

    height, width = frame.shape[:2]
    # The network was trained on lower-case phrases that end in a full stop.
    given = processor(images=[frame], text=[phrase.lower().rstrip(".") + "."], return_tensors="pt").to(network.device)
    with torch.inference_mode():
        output = network(**given)
    count("forward:detections")
    (result,) = processor.post_process_grounded_object_detection(
        output, given["input_ids"], threshold=threshold, text_threshold=0.0, target_sizes=[(height, width)]
    )
    limits = np.array([width, height, width, height])
    boxes = np.clip(result["boxes"].float().cpu().numpy(), 0, limits)
    rows = sorted(zip(result["scores"].float().cpu().tolist(), boxes.tolist(), strict=True), key=lambda row: -row[0])
    return [(score, (box[0], box[1], box[2], box[3])) for score, box in rows]


def crop(frame: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """What is inside a box, at least one pixel."""
    height, width = frame.shape[:2]
    x0, y0 = min(int(box[0]), width - 1), min(int(box[1]), height - 1)
    x1, y1 = max(x0 + 1, round(box[2])), max(y0 + 1, round(box[3]))
    return np.ascontiguousarray(frame[y0:y1, x0:x1])


def share_out(candidates: dict[str, list[Detection]]) -> dict[str, Detection | None]:
    """Give each element one of its own boxes, no two elements the same place, so that likenesses add up to most."""
    from scipy.optimize import linear_sum_assignment

    boxes = list(dict.fromkeys(one.box for rows in candidates.values() for one in rows))
    gains = np.zeros((len(candidates), len(boxes)))
    for row, own in enumerate(candidates.values()):
        for one in own:
            gains[row, boxes.index(one.box)] = 1 + one.similarity
    chosen: dict[str, Detection | None] = dict.fromkeys(candidates)
    names = list(candidates)
    for row, column in zip(*linear_sum_assignment(gains, maximize=True), strict=True):
        own = [one for one in candidates[names[row]] if one.box == boxes[column]]
        chosen[names[row]] = own[0] if own else None
    return chosen
