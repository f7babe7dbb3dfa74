"""Feature ``hits``: where each character and object is in each sampled frame, found by its reference.

The reference, drawn over grey at eight sizes and mirrored, becomes small grids of cells (feature ``dense``); cells
outside its cut-out weigh nothing. Each grid slides over the frame's grid, and the weighted mean cosine says how well it
fits. The score adds how alike the colours of the best window and of the reference are. Where the best place apart from
that one is not much worse, both are cut out of the frame, enlarged, and searched again: cells are too coarse to tell a
second copy from a look-alike in one go. The thresholds belong to this back-end and were chosen on constructed frames:
`metrics/calibration/README.md`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.base.counting import count
from a2bench.model.cases import Element
from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.dense import CELL, MEAN, DenseFrame, embed, forward
from a2bench_metrics.images import ReferenceImage, element_image
from a2bench_metrics.opencv import opencv

SIZES = (96, 120, 152, 192, 240, 304, 384, 480)
"""Long sides of the drawn reference, in pixels of a frame of 832x480."""
MARGIN = 2
"""Cells that an element may stick out of the frame."""
CHANCE = 0.6
"""How much the box favours large windows: chance gives a window of ``n`` cells about ``CHANCE / sqrt(n)``."""
COLOUR_WEIGHT = 0.3
INNER = 0.12
"""Part of a window that is left out at each side when its colours are counted."""
NULL, FOUND, FULL = 0.30, 0.50, 0.85
"""Scores of an absent element (mean), of one that counts as found, and of one that is there pixel for pixel."""

MAYBE, MAYBE_SHARE = 0.42, 0.60
"""Score, and share of the first place's score, from which the best place apart from it is worth a closer look."""
NEAR, NEAR_SIZES, RIM = 320, (240, 304, 384), 0.2
"""A closer look: long side of the place in pixels, sizes of the reference there, and what around it is seen as well."""
TWICE, TWICE_SHARE, OVERLAP = 0.55, 0.80, 0.20
"""The same from which, looked at closer, it is a second copy; the share grows by that much of the part in which the
places overlap, for two places on one large animal may look alike."""


@dataclass(frozen=True)
class Hit:
    """The best place for an element in one frame.

    score: cosine plus weighted likeness of colours, about 0.3 where the element is absent.
    box: ``(x0, y0, x1, y1)`` in pixels of the video. again: the best place apart from this one, if the frame has one.
    closer: the score of a closer look, which is taken where ``again`` may be a second copy.
    """

    score: float
    box: Box
    again: "Hit | None" = None
    closer: float | None = None

    @property
    def found(self) -> bool:
        """Whether the element counts as being there."""
        return self.score >= FOUND

    @property
    def maybe_twice(self) -> bool:
        """Whether the second place is good enough for a closer look."""
        return self.found and self.again is not None and self.again.score >= max(MAYBE, MAYBE_SHARE * self.score)

    @property
    def copies(self) -> int:
        """Places that show the element, up to two."""
        if not self.found:
            return 0
        if self.again is None or self.again.closer is None or self.closer is None:
            return 1
        share = TWICE_SHARE + OVERLAP * _overlap(self.box, self.again.box)
        return 2 if self.again.closer >= max(TWICE, share * self.closer) else 1

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where the element is found: nowhere, in one place, or in two."""
        return () if not self.found else (self.box, self.again.box) if self.again and self.copies > 1 else (self.box,)

    @property
    def fidelity(self) -> float:
        """Likeness to the reference in [0, 1] where the element is found, 0 where it is not."""
        return min(1.0, max(0.0, (self.score - NULL) / (FULL - NULL))) if self.found else 0.0


def _overlap(a: Box, b: Box) -> float:
    """The part of the smaller of two boxes that lies in the other, in [0, 1]."""
    width, height = (max(0.0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / smaller if smaller > 0 else 0.0


@dataclass(frozen=True)
class Template:
    """A reference, ready to be looked for.

    kernels: tensors ``[1280, rows, columns]`` with the weights of the cells multiplied in. biases: what chance gives
    each. colours: square roots of the shares of 144 HSV bins, ``[144]`` float32.
    """

    kernels: tuple[Any, ...]
    biases: tuple[float, ...]
    colours: NDArray[np.float32]


class HitsFeature:
    """Computes, for each character and object, a `Hit` in each sampled frame."""

    info = FeatureInfo(
        name="hits",
        version=3,
        backend="cell matching at 8 sizes + HSV colours",
        features=("dense",),
        packages=("torch", "cv2"),
    )

    def compute(self, sample: Sample) -> dict[str, tuple[Hit, ...]]:
        """Hits by element id, in the order of the sampled frames."""
        frames: tuple[DenseFrame, ...] = sample.feature("dense")
        found = {}
        for name, element in sample.case.named_elements("character", "object"):
            what = (element.cutout or element.reference).sha256
            template = sample.embedded(self.info, what, partial(_template, element))
            hits = [locate(template, frame) for frame in frames]
            found[name] = tuple(
                look_closer(template, hit, sample.video.frames[index]) if hit.maybe_twice else hit
                for hit, index in zip(hits, sample.frames, strict=True)
            )
        return found


def _template(element: Element) -> Template:
    count("reference:hits")
    return make_template(element_image(element))


def make_template(reference: ReferenceImage) -> Template:
    """Draw the reference at all sizes, as it is and mirrored, and embed it."""
    import torch

    cv2 = opencv()
    rows, columns = np.nonzero(reference.mask > 0.04)
    window = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    mask = reference.mask[window]
    pixels = reference.pixels[window].astype(np.float32)
    kernels, biases = [], []
    for mirrored in (False, True):
        for size in SIZES:
            drawn, alpha = _draw(cv2, pixels, mask, size, mirrored)
            weights = alpha.reshape(alpha.shape[0] // CELL, CELL, alpha.shape[1] // CELL, CELL).mean(axis=(1, 3))
            weights[weights < min(0.5, weights.max() * 0.6)] = 0
            ys, xs = np.nonzero(weights)
            cells = slice(ys.min(), ys.max() + 1), slice(xs.min(), xs.max() + 1)
            with torch.inference_mode():
                grid = forward(drawn[None])[0][:, cells[0], cells[1]]
                kernels.append((grid * torch.from_numpy(weights[cells] / weights.sum())).contiguous())
            biases.append(CHANCE / math.sqrt(len(ys)))
    return Template(tuple(kernels), tuple(biases), _reference_colours(cv2, pixels, mask))


def locate(template: Template, frame: DenseFrame) -> Hit:
    """The best place of a template in one frame, and the best apart from it."""
    maps = _maps(template, frame, SIZES)
    first, window = _best(template, frame, maps)
    apart = _elsewhere(maps, window)
    return replace(first, again=_best(template, frame, apart)[0]) if apart else first


def look_closer(template: Template, hit: Hit, image: NDArray[np.uint8]) -> Hit:
    """The hit with the scores of closer looks at both its places in the frame ``[H, W, 3]``.

    The second keeps apart from what the first one sees: an element that lies across two rows of cells is found in both.
    """
    if hit.again is None:
        return hit
    first = _closer(template, image, hit.box)
    second = first and _closer(template, image, hit.again.box, first.box)
    if first is None or second is None:
        return hit
    return replace(hit, closer=first.score, again=replace(hit.again, closer=second.score))


def _closer(template: Template, image: NDArray[np.uint8], box: Box, other: Box | None = None) -> Hit | None:
    """The best place in a box, enlarged to `NEAR` pixels, apart from another box; None if nothing there is apart."""
    rim = RIM * max(box[2] - box[0], box[3] - box[1])
    left, top = max(0, int(box[0] - rim)), max(0, int(box[1] - rim))
    seen = np.ascontiguousarray(image[top : math.ceil(box[3] + rim), left : math.ceil(box[2] + rim)])
    scale = NEAR / max(box[2] - box[0], box[3] - box[1])
    height, width = (CELL * max(2, round(side * scale / CELL)) for side in seen.shape[:2])
    count("forward:hits")
    frame = embed([seen], (width, height))[0]
    maps = _maps(template, frame, NEAR_SIZES)
    if other is not None:
        x, y = (1 / (CELL * pixels) for pixels in frame.scale)
        window = ((other[0] - left) * x, (other[1] - top) * y, (other[2] - left) * x, (other[3] - top) * y)
        maps = _elsewhere(maps, window)
    if not maps:
        return None
    hit, _ = _best(template, frame, maps)
    return replace(hit, box=(hit.box[0] + left, hit.box[1] + top, hit.box[2] + left, hit.box[3] + top))


Window = tuple[float, float, float, float]
Maps = Sequence[tuple[NDArray[np.float64], tuple[int, int], float]]


def _maps(template: Template, frame: DenseFrame, sizes: Sequence[int]) -> Maps:
    """How well the reference fits everywhere, drawn at some of its sizes: cosines, cells of the window, and bias."""
    import torch

    padded = torch.nn.functional.pad(frame.grid, (MARGIN,) * 4)
    maps = []
    for size, kernel, bias in zip(SIZES * 2, template.kernels, template.biases, strict=True):
        _, h, w = kernel.shape
        if size in sizes and h <= padded.shape[1] and w <= padded.shape[2]:
            # Rounded, so that the choice between equal windows does not hang on the last bit.
            similarity = np.round(correlate(padded, kernel).numpy().astype(np.float64), 5)
            y, x = (
                slice(max(0, MARGIN - side + 1), MARGIN + cells)
                for side, cells in zip((h, w), frame.grid.shape[1:], strict=True)
            )
            inside = np.full_like(similarity, -1.0)  # a window that is all margin is nowhere
            inside[y, x] = similarity[y, x]
            maps.append((inside, (h, w), bias))
    return maps


def _elsewhere(maps: Maps, window: Window) -> Maps:
    """The maps without all places that are not apart from a window; empty if nothing is left."""
    apart = [
        (np.where(_apart(window, similarity.shape, size), similarity, -1.0), size, bias)
        for similarity, size, bias in maps
    ]
    return apart if any((similarity > -1).any() for similarity, _, _ in apart) else []


def _best(template: Template, frame: DenseFrame, maps: Maps) -> tuple[Hit, tuple[int, int, int, int]]:
    """The best place in maps of cosines, as a hit and as a window ``(x0, y0, x1, y1)`` of cells, edges cut off."""
    _, rows, columns = frame.grid.shape
    best, best_window, surest, surest_window = -1.0, (0, 0, columns, rows), -math.inf, (0, 0, columns, rows)
    for similarity, (h, w), bias in maps:
        place = int(similarity.argmax())
        cosine = float(similarity.flat[place])
        y, x = place // similarity.shape[1] - MARGIN, place % similarity.shape[1] - MARGIN
        window = (max(x, 0), max(y, 0), min(x + w, columns), min(y + h, rows))
        if cosine > best:
            best, best_window = cosine, window
        if cosine - bias > surest:
            surest, surest_window = cosine - bias, window
    colours = float(template.colours @ _window_colours(frame.hsv, best_window))
    sx, sy = frame.scale
    x0, y0, x1, y1 = (float(CELL * cells) for cells in surest_window)
    return Hit(round(best + COLOUR_WEIGHT * colours, 5), (x0 * sx, y0 * sy, x1 * sx, y1 * sy)), surest_window


def _apart(window: Window, shape: tuple[int, ...], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which places of a map hold a window of ``size`` cells apart from the given: neither has the other's middle."""
    (x0, y0, x1, y1), (h, w) = window, size
    left, top = np.arange(shape[1]) - MARGIN, np.arange(shape[0]) - MARGIN

    def inside(middle: Any, low: Any, high: Any) -> Any:
        return (low <= middle) & (middle <= high)

    x, y = left + w / 2, top + h / 2
    lends = inside(y, y0, y1)[:, None] & inside(x, x0, x1)[None]
    has = inside((y0 + y1) / 2, top, top + h)[:, None] & inside((x0 + x1) / 2, left, left + w)[None]
    result: NDArray[np.bool_] = ~(lends | has)
    return result


def correlate(grid: Any, kernel: Any) -> Any:
    """Sums of products of ``[C, H, W]`` with ``[C, h, w]`` at every place: ``[H - h + 1, W - w + 1]``.

    One matrix product and shifted sums, which is faster here than a convolution.
    """
    import torch

    channels, height, width = grid.shape
    _, h, w = kernel.shape
    products = (kernel.reshape(channels, h * w).T @ grid.reshape(channels, -1)).view(h, w, height, width)
    sums = torch.zeros(height - h + 1, width - w + 1)
    for y in range(h):
        for x in range(w):
            sums += products[y, x, y : y + sums.shape[0], x : x + sums.shape[1]]
    return sums


def _draw(
    cv2: Any, pixels: NDArray[np.float32], mask: NDArray[np.float32], size: int, mirrored: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The reference over grey on a canvas of whole cells with a rim of one cell, and its mask there."""
    if mirrored:
        pixels, mask = np.ascontiguousarray(pixels[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])
    scale = size / max(mask.shape)
    width, height = max(16, round(mask.shape[1] * scale)), max(16, round(mask.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas_height, canvas_width = (-(-(side + 2 * CELL) // CELL) * CELL for side in (height, width))
    alpha = np.zeros((canvas_height, canvas_width), np.float32)
    grey = np.asarray(MEAN, np.float32) * 255
    drawn = np.tile(grey, (canvas_height, canvas_width, 1))
    y, x = (canvas_height - height) // 2, (canvas_width - width) // 2
    alpha[y : y + height, x : x + width] = cv2.resize(mask, (width, height), interpolation=how)
    inside = alpha[y : y + height, x : x + width, None]
    picture = cv2.resize(pixels * mask[..., None], (width, height), interpolation=how)
    drawn[y : y + height, x : x + width] = picture + grey * (1 - inside)
    return np.rint(drawn.clip(0, 255), dtype=np.float32), alpha


def _reference_colours(cv2: Any, pixels: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    small = cv2.resize(pixels * mask[..., None], (96, 96), interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(mask, (96, 96), interpolation=cv2.INTER_AREA)
    rgb = np.round(small / np.maximum(alpha[..., None], 0.02)).clip(0, 255).astype(np.uint8)
    return histogram(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV), (alpha > 0.5).astype(np.uint8))


def _window_colours(hsv: NDArray[np.uint8], window: tuple[int, int, int, int]) -> NDArray[np.float32]:
    x0, y0, x1, y1 = (cells * CELL // 2 for cells in window)
    dx, dy = int((x1 - x0) * INNER), int((y1 - y0) * INNER)
    return histogram(np.ascontiguousarray(hsv[y0 + dy : y1 - dy, x0 + dx : x1 - dx]), None)


def histogram(hsv: NDArray[np.uint8], mask: NDArray[np.uint8] | None) -> NDArray[np.float32]:
    """Square roots of the shares of 12 x 4 x 3 bins: the product of two is their Bhattacharyya coefficient."""
    counts = opencv().calcHist([hsv], [0, 1, 2], mask, [12, 4, 3], [0, 180, 0, 256, 0, 256]).ravel()
    roots: NDArray[np.float32] = np.sqrt(counts / max(float(counts.sum()), 1.0)).astype(np.float32)
    return roots
