"""Is this the place of the background reference? Measured where nothing was cut out as a character or an object."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench.model.scores import Expectation, MetricInfo
from a2bench_metrics.background_similarity import (
    BackgroundSimilarity,
    PlacesFeature,
    body,
    embed_place,
    free_cells,
    free_score,
)
from a2bench_metrics.dense import DenseFrame
from a2bench_metrics.faces import SampleFaces
from a2bench_metrics.opencv import opencv
from a2bench_metrics.segments import Mask, Segment


class MaskedPlacesFeature:
    """Feature ``masked_places``: how well the cells that no mask touches fit the reference of the background.

    As feature ``places``, whose references it shares, but with the masks of SAM in the place of the boxes of the
    bundled finder. People who are no element of the case are left out by their faces still.
    """

    info = FeatureInfo(
        name="masked_places",
        version=1,
        backend="best cells at 2 sizes + HSV colours, outside the masks of SAM",
        features=("dense", "segments", "faces"),
        packages=("torch", "cv2"),
    )

    def compute(self, sample: Sample) -> dict[str, tuple[float | None, ...]]:
        """By id of a background, the score of each looked-at frame; None where masks leave too little free."""
        frames: tuple[DenseFrame, ...] = sample.feature("dense")
        segments: dict[str, tuple[Segment | None, ...]] = sample.feature("segments")
        faces: SampleFaces = sample.feature("faces")
        scores = {}
        for name, element in sample.case.named_elements("background"):
            place = sample.embedded(PlacesFeature.info, element.reference.sha256, partial(embed_place, element))
            curve = []
            for index, frame in enumerate(frames):
                masks = [one.mask for own in segments.values() if (one := own[index]) is not None]
                strangers = [face.box for face in faces.frames[index] if not _in_any(masks, face.box, sample)]
                free = free_cells(frame, [body(face) for face in strangers])
                for mask in masks:
                    free &= ~touched(mask, free.shape)
                curve.append(free_score(frame, free, place))
            scores[name] = tuple(curve)
        return scores


def _in_any(masks: Sequence[Mask], face: Box, sample: Sample) -> bool:
    height, width = sample.video.size
    x, y = (face[0] + face[2]) / 2 / width, (face[1] + face[3]) / 2 / height
    return any(mask[min(int(y * mask.shape[0]), mask.shape[0] - 1), min(int(x * mask.shape[1]), mask.shape[1] - 1)]
               for mask in masks)  # fmt: skip


def touched(mask: Mask, cells: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which of ``(rows, columns)`` cells a mask of the whole frame touches."""
    size = cells[1] * -(-mask.shape[1] // cells[1]), cells[0] * -(-mask.shape[0] // cells[0])
    grown = opencv().resize(mask.astype(np.uint8), size, interpolation=opencv().INTER_NEAREST)
    blocks = grown.reshape(cells[0], size[1] // cells[0], cells[1], size[0] // cells[1])
    result: NDArray[np.bool_] = blocks.any(axis=(1, 3))
    return result


class MaskedBackground(BackgroundSimilarity):
    """Mean likeness of the background to its reference outside the masks, over the frames that show enough of it."""

    info = MetricInfo(
        name="masked_background",
        version=1,
        title="Background outside masks",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("masked_places",),
        backend="EfficientNet-Lite0 cells + HSV, outside the masks of OWLv2 base/16 + SAM ViT-B",
        roles=("background",),
        default=False,
        paper="A2Bench; background_similarity with the foreground cut out",
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.4),
            Expectation("a missing background scores about 0", "value", "missing-background", low=0.0, high=0.15),
            Expectation("a missing object changes little", "ratio", "missing-object", "collage", low=0.85, high=1.15),
        ),
    )

    def scores(self, sample: Sample) -> Mapping[str, Sequence[float | None]]:
        """By id of a background, its score in each looked-at frame."""
        found: Mapping[str, Sequence[float | None]] = sample.feature("masked_places")
        return found
