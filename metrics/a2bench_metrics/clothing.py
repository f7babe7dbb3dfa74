"""Feature ``clothing``: what each person wears below the face, in the sampled frames, compared with the reference.

Where a frame shows a person's own face (feature ``faces``, assigned jointly), the chest is a box of two face widths
below it. Its cells (feature ``dense``) and colours are compared with the same box of the reference, drawn once for a
suite with a face as large as in a medium shot. No frame goes through a network again.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.base.counting import count
from a2bench.model.cases import ImageFile
from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.dense import CELL, MEAN, DenseFrame, forward
from a2bench_metrics.faces import REFERENCE_LONG_SIDE, Face, SampleFaces
from a2bench_metrics.finder import histogram
from a2bench_metrics.images import read_reference
from a2bench_metrics.opencv import opencv
from a2bench_metrics.people import assign, similarities

SIDE, TOP, BOTTOM = 1.0, 0.3, 1.9
"""The chest: face widths to each side of the middle, and from how many to how many face heights below the chin."""
LEAST = 0.4
"""Least share of the chest that must be inside a picture."""
DRAWN_FACE = 72
"""Height of the face when a reference is drawn, in pixels of a frame of 832x480."""


@dataclass(frozen=True)
class Chest:
    """A chest as it is compared. cells: unit vector ``[1280]``. colours: square roots of shares of bins, ``[144]``."""

    cells: NDArray[np.float32]
    colours: NDArray[np.float32]


@dataclass(frozen=True)
class Worn:
    """A person's chest in one frame.

    cosine: of the mean cells with the reference's. colours: Bhattacharyya coefficient with the reference's, in [0, 1].
    Both are None where the frame cuts the chest off. box: of the chest, or else of the face, in pixels of the video.
    """

    cosine: float | None
    colours: float | None
    box: Box


class ClothingFeature:
    """Computes, for each person whose reference shows face and chest, a `Worn` in each frame that shows the face."""

    info = FeatureInfo(
        name="clothing",
        version=1,
        backend="chest below the face, EfficientNet-Lite0 cells + HSV",
        features=("dense", "faces"),
        packages=("torch", "cv2", "scipy"),
    )

    def compute(self, sample: Sample) -> dict[str, tuple[Worn | None, ...]]:
        """What is worn, by element id and in the order of the sampled frames; None where the face is not seen."""
        faces: SampleFaces = sample.feature("faces")
        known = faces.known
        references: dict[str, Chest] = {}
        for name, element in sample.case.named_elements("character"):
            if name in known:
                reference = element.reference
                chest = sample.embedded(self.info, reference.sha256, partial(read_chest, reference, known[name]))
                if chest is not None:
                    references[name] = chest
        worn: dict[str, list[Worn | None]] = {name: [] for name in references}
        if not references:
            return {}
        frames: tuple[DenseFrame, ...] = sample.feature("dense")
        height, width = sample.video.size
        for frame, found in zip(frames, faces.frames, strict=True):
            shared = assign(similarities(list(known.values()), found))
            for name, column in zip(known, shared, strict=True):
                if name in references:
                    one = None if column is None else worn_in(frame, found[column], references[name], (width, height))
                    worn[name].append(one)
        return {name: tuple(rows) for name, rows in worn.items()}


def chest_box(face: Box, size: tuple[int, int]) -> Box | None:
    """The chest below a face, cut to a picture of ``(width, height)``; None when too little of it is inside.

    >>> chest_box((40, 10, 60, 30), (100, 100))
    (30.0, 36.0, 70.0, 68.0)
    >>> chest_box((40, 10, 60, 30), (100, 40)) is None
    True
    """
    x0, y0, x1, y1 = face
    middle, width, height = (x0 + x1) / 2, x1 - x0, y1 - y0
    left, top, right, bottom = middle - SIDE * width, y1 + TOP * height, middle + SIDE * width, y1 + BOTTOM * height
    box = max(left, 0.0), max(top, 0.0), min(right, float(size[0])), min(bottom, float(size[1]))
    inside = max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
    return box if inside >= LEAST * (right - left) * (bottom - top) > 0 else None


def pooled(grid: Any, box: Box) -> NDArray[np.float32]:
    """Mean of the cells of ``[C, rows, columns]`` in a box of the network's input, of unit length: ``[C]``."""
    _, rows, columns = grid.shape
    y, x = (_overlap(low, high, cells) for low, high, cells in ((box[1], box[3], rows), (box[0], box[2], columns)))
    mean = (np.asarray(grid) * (y[:, None] * x[None])).sum(axis=(1, 2))
    unit: NDArray[np.float32] = (mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32)
    return unit


def _overlap(low: float, high: float, cells: int) -> NDArray[np.float32]:
    starts = np.arange(cells) * CELL
    shares: NDArray[np.float32] = np.clip(np.minimum(high, starts + CELL) - np.maximum(low, starts), 0, None).astype(
        np.float32
    )
    return shares


def _colours(hsv: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """Of a box of the network's input; ``hsv`` has half its scale."""
    x0, y0, x1, y1 = (round(side / 2) for side in box)
    return histogram(np.ascontiguousarray(hsv[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]), None)


def worn_in(frame: DenseFrame, face: Face, reference: Chest, size: tuple[int, int]) -> Worn:
    """The chest below a face of a frame, whose ``size`` is width and height, compared with a reference's."""
    box = chest_box(face.box, size)
    if box is None:
        return Worn(None, None, face.box)
    (sx, sy), (x0, y0, x1, y1) = frame.scale, box
    inner = x0 / sx, y0 / sy, x1 / sx, y1 / sy
    # Rounded, so that nothing hangs on the last bit.
    cosine = round(float(pooled(frame.grid, inner) @ reference.cells), 5)
    return Worn(cosine, round(min(1.0, float(_colours(frame.hsv, inner) @ reference.colours)), 5), box)


def read_chest(image: ImageFile, face: Face) -> Chest | None:
    """The chest of a reference whose face was found in it; None where it shows only the face."""
    import torch

    cv2 = opencv()
    pixels = read_reference(image).pixels
    scale = REFERENCE_LONG_SIDE / max(pixels.shape[:2])
    x0, y0, x1, y1 = (side / scale for side in face.box)
    if chest_box((x0, y0, x1, y1), (pixels.shape[1], pixels.shape[0])) is None:
        return None
    count("reference:clothing")
    factor = DRAWN_FACE / max(y1 - y0, 1.0)
    width, height = round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)
    drawn = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    box = chest_box((x0 * factor, y0 * factor, x1 * factor, y1 * factor), (width, height))
    if box is None:
        return None
    # Far from face and chest nothing is worn: a window around them, over grey, in whole cells.
    left, right = max(0, round(box[0]) - 2 * CELL), min(width, round(box[2]) + 2 * CELL)
    top, bottom = max(0, round(y0 * factor) - 2 * CELL), min(height, round(box[3]) + 2 * CELL)
    window = drawn[top:bottom, left:right]
    canvas = np.tile(
        np.rint(np.asarray(MEAN) * 255).astype(np.uint8), [-(-n // CELL) * CELL for n in window.shape[:2]] + [1]
    )
    canvas[: window.shape[0], : window.shape[1]] = window
    with torch.inference_mode():
        grid = forward(canvas[None])[0]
    inner = box[0] - left, box[1] - top, box[2] - left, box[3] - top
    half = cv2.resize(canvas, (canvas.shape[1] // 2, canvas.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return Chest(pooled(grid, inner), _colours(cv2.cvtColor(half, cv2.COLOR_RGB2HSV), inner))
