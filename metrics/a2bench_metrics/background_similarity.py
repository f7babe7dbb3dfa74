"""Is this the place of the background reference? Measured where no character or object was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from a2bench.base.counting import count
from a2bench.model.cases import Element
from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench.model.scores import ElementScore, Evidence, Expectation, MetricInfo, Score
from a2bench_metrics.dense import AREA, CELL, CHANNELS, DenseFrame, embed
from a2bench_metrics.faces import SampleFaces
from a2bench_metrics.finder import Hit, histogram
from a2bench_metrics.images import read_reference
from a2bench_metrics.opencv import opencv

MIN_FREE = 0.15
"""Share of the cells that must be free of found elements for a frame to say something about the background."""
COLOUR_WEIGHT = 0.3
NULL, FOUND, FULL = 0.43, 0.74, 1.05
"""Scores of another place (mean), of one that counts as the same, and of the very pixels."""


@dataclass(frozen=True)
class Place:
    """A background reference, ready to be compared.

    cells: unit cell features ``[N, 1280]`` float32. colours: square roots of the shares of 144 HSV bins, ``[144]``.
    """

    cells: NDArray[np.float32]
    colours: NDArray[np.float32]


@dataclass(frozen=True)
class SamplePlaces:
    """Where the background is seen.

    scores: by id of a background, of each sampled frame; None where found elements leave too little free.
    behind: by id of another element, of each sampled frame: how much the place where the element was found last, or
    will be found next, looks like background; None where it is found, never is, or no background is known.
    """

    scores: dict[str, tuple[float | None, ...]]
    behind: dict[str, tuple[float | None, ...]]


class PlacesFeature:
    """Feature ``places``: how well the free cells of each sampled frame fit the reference of the background.

    The reference is embedded whole and as its four overlapping quarters enlarged 1.5 times, so that pans and zooms find
    their cells. A frame's score is the mean over its free cells of the best cosine with any cell of the reference, plus
    how alike the colours of the free area and of the reference are.
    """

    info = FeatureInfo(
        name="places",
        version=2,
        backend="best cells at 2 sizes + HSV colours",
        features=("dense", "hits", "faces"),
        packages=("torch", "cv2"),
    )

    def compute(self, sample: Sample) -> SamplePlaces:
        """Compare all sampled frames with the reference of the background, if the case has one."""
        frames: tuple[DenseFrame, ...] = sample.feature("dense")
        hits: dict[str, tuple[Hit, ...]] = sample.feature("hits")
        taken = _taken(hits, sample.feature("faces"))
        scores: dict[str, tuple[float | None, ...]] = {}
        behind: dict[str, tuple[float | None, ...]] = {name: (None,) * len(frames) for name in hits}
        for name, element in sample.case.named_elements("background"):
            place = sample.embedded(self.info, element.reference.sha256, partial(embed_place, element))
            scores[name] = tuple(
                background_score(frame, boxes, place) for frame, boxes in zip(frames, taken, strict=True)
            )
            behind = {name: _behind(frames, own, taken, place) for name, own in hits.items()}
        return SamplePlaces(scores, behind)


def embed_place(element: Element) -> Place:
    """The reference of a background, embedded."""
    count("reference:places")
    return make_place(read_reference(element.reference).pixels)


def _taken(hits: Mapping[str, Sequence[Hit]], faces: SampleFaces) -> list[list[Box]]:
    """For each looked-at frame what is in front: found elements, their copies, and the bodies below all faces."""
    return [
        [box for own in hits.values() for box in own[index].boxes] + [body(face.box) for face in found]
        for index, found in enumerate(faces.frames)
    ]


def _behind(
    frames: Sequence[DenseFrame], hits: Sequence[Hit], taken: Sequence[list[Box]], place: Place
) -> tuple[float | None, ...]:
    found = [index for index, hit in enumerate(hits) if hit.found]
    if not found:
        return (None,) * len(hits)
    nearest = [hits[min(found, key=lambda other: abs(other - index))].box for index in range(len(hits))]
    return tuple(
        None if hit.found else ground_likeness(frame, box, boxes, place)
        for frame, hit, box, boxes in zip(frames, hits, nearest, taken, strict=True)
    )


def ground_likeness(frame: DenseFrame, box: Box, boxes: list[Box], place: Place) -> float:
    """Mean over the inner cells of a box of the best cosine with a cell of the place or a free cell of the frame."""
    _, rows, columns = frame.grid.shape
    free = free_cells(frame, [*boxes, box])
    width, height = CELL * frame.scale[0], CELL * frame.scale[1]
    x, y = (box[0] + box[2]) / 2 / width, (box[1] + box[3]) / 2 / height
    half_width, half_height = 0.3 * (box[2] - box[0]) / width, 0.3 * (box[3] - box[1]) / height
    top, bottom = int(max(0, y - half_height)), max(int(y) + 1, round(y + half_height))
    left, right = int(max(0, x - half_width)), max(int(x) + 1, round(x + half_width))
    grid = frame.grid.numpy()
    cells = grid[:, min(top, rows - 1) : bottom, min(left, columns - 1) : right].reshape(CHANNELS, -1).T
    ground = np.concatenate([place.cells, grid.reshape(CHANNELS, -1).T[free.ravel()]])
    return round(float((cells @ ground.T).max(axis=1).mean()), 5)


def body(face: Box) -> Box:
    """About where a person with that face is: three faces wide and eight high, with half a face of hair."""
    x0, y0, x1, y1 = face
    width, height = x1 - x0, y1 - y0
    return max(0.0, x0 - width), max(0.0, y0 - height / 2), x1 + width, y1 + 6.5 * height


def make_place(pixels: NDArray[np.uint8]) -> Place:
    """Embed a background reference: the whole, and its four overlapping quarters enlarged."""
    height, width = pixels.shape[:2]
    views = [pixels]
    for bottom in (False, True):
        for right in (False, True):
            y, x = (height - 2 * height // 3) * bottom, (width - 2 * width // 3) * right
            views.append(pixels[y : y + 2 * height // 3, x : x + 2 * width // 3])
    frames = [embed([_covering(view)])[0] for view in views]
    cells = np.concatenate([frame.grid.reshape(CHANNELS, -1).numpy().T for frame in frames])
    return Place(cells, histogram(frames[0].hsv, None))


def background_score(frame: DenseFrame, boxes: list[Box], place: Place) -> float | None:
    """Mean over the cells outside the boxes of the best cosine with a cell of the place, plus likeness of colours.

    None where fewer than `MIN_FREE` of the cells are free.
    """
    return free_score(frame, free_cells(frame, boxes), place)


def free_score(frame: DenseFrame, free: NDArray[np.bool_], place: Place) -> float | None:
    """The same, given which cells are free."""
    if free.mean() < MIN_FREE:
        return None
    cells = frame.grid.reshape(CHANNELS, -1).numpy().T[free.ravel()]
    cosine = float((cells @ place.cells.T).max(axis=1).mean())
    size = frame.hsv.shape[1], frame.hsv.shape[0]
    mask = opencv().resize(free.astype(np.uint8), size, interpolation=opencv().INTER_NEAREST)
    return round(cosine + COLOUR_WEIGHT * float(place.colours @ histogram(frame.hsv, mask)), 5)


def free_cells(frame: DenseFrame, boxes: list[Box]) -> NDArray[np.bool_]:
    """Which cells no box touches."""
    free = np.ones(frame.grid.shape[1:], bool)
    width, height = CELL * frame.scale[0], CELL * frame.scale[1]
    for x0, y0, x1, y1 in boxes:
        free[int(y0 // height) : int(-(-y1 // height)), int(x0 // width) : int(-(-x1 // width))] = False
    return free


def _covering(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of an image, scaled to cover 832x480."""
    cv2 = opencv()
    width, height = 832, AREA // 832
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    size = max(width, round(pixels.shape[1] * scale)), max(height, round(pixels.shape[0] * scale))
    scaled = cv2.resize(
        np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    y, x = (size[1] - height) // 2, (size[0] - width) // 2
    return np.ascontiguousarray(scaled[y : y + height, x : x + width])


def fidelity(score: float) -> float:
    """Likeness in [0, 1] from a background score, 0 below the least of the same place."""
    return min(1.0, max(0.0, (score - NULL) / (FULL - NULL))) if score >= FOUND else 0.0


class BackgroundSimilarity:
    """Mean likeness of the background to its reference, over the sampled frames that show enough of it."""

    info = MetricInfo(
        name="background_similarity",
        version=3,
        title="Background",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("places",),
        backend="EfficientNet-Lite0 cells + HSV",
        roles=("background",),
        paper="A2Bench; reference-based, unlike VBench's background consistency (arXiv:2311.17982)",
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.4),
            Expectation("a missing background scores about 0", "value", "missing-background", low=0.0, high=0.15),
            Expectation("a missing object changes little", "ratio", "missing-object", "collage", low=0.85, high=1.15),
            Expectation("flickering elements change little", "ratio", "flicker", "collage", low=0.85, high=1.15),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        names = [name for name, _ in sample.case.named_elements("background")]
        if not names:
            return Score(None, reason="the case has no background")
        curve = tuple(None if score is None else fidelity(score) for score in self.scores(sample)[names[0]])
        values = [value for value in curve if value is not None]
        if not values:
            return Score(None, reason="the elements cover the background in every sampled frame")
        value = sum(values) / len(values)
        entry = ElementScore(value, presence=sum(v > 0 for v in values) / len(values), per_frame=curve)
        best = max(range(len(curve)), key=lambda index: curve[index] or 0.0)
        evidence = (Evidence(sample.frames[best], None, names[0], curve[best]),)
        return Score(value, frames=sample.frames, per_element={names[0]: entry}, evidence=evidence)

    def scores(self, sample: Sample) -> Mapping[str, Sequence[float | None]]:
        """By id of a background, its score in each sampled frame."""
        found: SamplePlaces = sample.feature("places")
        return found.scores
