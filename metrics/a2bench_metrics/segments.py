"""Feature ``segments``: each character and object cut out in every looked-at frame, and how like its reference it is.

OWLv2 (feature ``owl``) says where it may be; SAM ViT-B (Kirillov et al. 2023, arXiv:2304.02643) through transformers
cuts out what is in each box, one pass of its encoder per frame; DINOv2 compares the cut-outs with the reference's, both
over the same grey, so that no background is compared; the boxes are shared out so that the likenesses add up to most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_folder
from a2bench.base.counting import count
from a2bench.base.resources import device, in_batches, network_dtype
from a2bench.model.cases import Element
from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample, resident_feature
from a2bench_metrics.detections import Detection, share_out
from a2bench_metrics.dino import directions, load_dino
from a2bench_metrics.images import BACKDROP, element_image
from a2bench_metrics.networks import load_published
from a2bench_metrics.opencv import opencv
from a2bench_metrics.owl import OwlFeature, Sightings

MASK_SIDE = 256
"""Longer side of the masks that are kept."""
BYTES_PER_FRAME = 1 << 30
"""What a frame takes at most, roughly: attention over 64x64 cells in 12 heads, with positions."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Segment:
    """An element in one frame.

    box: ``(x0, y0, x1, y1)`` around its mask, in pixels of the video. confidence: of the detector, in [0, 1].
    similarity: cosine of the DINOv2 class tokens of its cut-out and of the reference's, in [-1, 1].
    mask: ``[rows, columns]`` bool, where it is in the frame, at most 256 on the longer side.
    by: whether it was found by its phrase or by the reference.
    """

    box: Box
    confidence: float
    similarity: float
    mask: Mask
    by: Literal["phrase", "reference"]


def base_config() -> Any:
    """The architecture of ``facebook/sam-vit-base``: ViT-B, transformers' default."""
    from transformers import SamConfig

    return SamConfig(vision_config={}, prompt_encoder_config={}, mask_decoder_config={})


class SegmentsFeature:
    """Computes, for each character and object, its `Segment` in each looked-at frame, or None."""

    info = FeatureInfo(
        name="segments",
        version=1,
        backend="SAM ViT-B (Meta) in the boxes of OWLv2, DINOv2 ViT-B/14 on cut-outs",
        features=("owl",),
        weights=("sam-vit-base", "dinov2-vit-b14"),
        packages=("torch", "torchvision", "transformers", "safetensors", "scipy", "cv2"),
        extra="text",
    )

    def __init__(self) -> None:
        self._sam: tuple[Any, Any] | None = None
        self._dino: Any = None

    def compute(self, sample: Sample) -> dict[str, tuple[Segment | None, ...]]:
        """Segments by element id, in the order of the looked-at frames."""
        seen: dict[str, Sightings] = sample.feature("owl")
        named = list(sample.case.named_elements("character", "object"))
        references = {
            name: sample.embedded(
                self.info,
                f"{element.phrase} {(element.cutout or element.reference).sha256}",
                partial(self._reference, element),
            )
            for name, element in named
        }
        found: dict[str, list[Segment | None]] = {name: [] for name, _ in named}
        wanted = [
            list(dict.fromkeys(one.box for sightings in seen.values() for one in sightings.frames[place]))
            for place in range(len(sample.frames))
        ]
        shown = [place for place, boxes in enumerate(wanted) if boxes]
        frames = [sample.video.frames[sample.frames[place]] for place in shown]
        masks = dict(zip(shown, self._masks(frames, [wanted[place] for place in shown]), strict=True))
        for place in range(len(sample.frames)):
            frame = sample.video.frames[sample.frames[place]]
            mask_of = dict(zip(wanted[place], masks.get(place, ()), strict=True))
            vectors = dict(
                zip(mask_of, self._directions([cut_out(frame, mask) for mask in mask_of.values()]), strict=True)
            )
            candidates = {
                name: [
                    Detection(one.box, one.confidence, float(vectors[one.box] @ references[name]))
                    for one in seen[name].frames[place]
                ]
                for name, _ in named
            }
            for name, one in share_out(candidates).items():
                segment = None
                if one is not None:
                    mask = mask_of[one.box]
                    segment = Segment(around(mask), one.confidence, one.similarity, reduced(mask), seen[name].by)
                found[name].append(segment)
        return {name: tuple(rows) for name, rows in found.items()}

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """Share of the picture and box of what is cut out of its middle; DINOv2 has a probe of its own."""
        height, width = image.shape[:2]
        ((mask,),) = self._masks([image], [[(width * 0.2, height * 0.1, width * 0.8, height * 1.0)]])
        x0, y0, x1, y1 = around(mask)
        return {"sam-vit-base": (float(mask.mean()), x0 / width, y0 / height, x1 / width, y1 / height)}

    def _reference(self, element: Element) -> NDArray[np.float32]:
        """The reference's cut-out: the one of the case, else what the same networks cut out of it, else all of it."""
        count("reference:segments")
        image = element_image(element)
        if image.has_cutout:
            return self._directions([cut_out(image.pixels, image.mask > 0.5)])[0]
        finder = resident_feature("owl")
        assert isinstance(finder, OwlFeature)
        candidates = finder.find_in(image.pixels, element.phrase)
        if not candidates:
            return self._directions([image.pixels])[0]
        ((mask,),) = self._masks([image.pixels], [[candidates[0].box]])
        return self._directions([cut_out(image.pixels, mask)])[0]

    def _directions(self, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        if not images:
            return []
        if self._dino is None:
            self._dino = load_dino().to(device())
        return directions(self._dino, images)

    def _masks(self, frames: Sequence[NDArray[np.uint8]], boxes: Sequence[list[Box]]) -> list[list[Mask]]:
        """For each frame the mask of each of its boxes."""
        if not frames:
            return []
        count("forward:segments", len(frames))
        pairs = list(zip(frames, boxes, strict=True))
        return in_batches(lambda some: cut(*self._loaded(), some), pairs, BYTES_PER_FRAME)

    def _loaded(self) -> tuple[Any, Any]:
        if self._sam is None:
            config = base_config()
            network = load_published("SamModel", verified_folder("sam-vit-base"), config)
            self._sam = on_device(network), processor_for(config)
            count("load:segments")
        return self._sam


def processor_for(config: Any) -> Any:
    """What makes pixels of frames, at the size that the network of this architecture sees."""
    side = config.vision_config.image_size
    return import_module("transformers").SamImageProcessor(
        size={"longest_edge": side}, pad_size={"height": side, "width": side}
    )


def on_device(network: Any) -> Any:
    """A ``SamModel`` ready to run: its encoder in the precision of networks, what decodes masks in float32."""
    network.to(device())
    network.vision_encoder.to(network_dtype())
    return network


def cut(network: Any, processor: Any, pairs: Sequence[tuple[NDArray[np.uint8], list[Box]]]) -> list[list[Mask]]:
    """Masks ``[H, W]`` of the boxes of frames ``[H, W, 3]``, all of one size, by a ``SamModel``; one encoding a frame.

    One mask a box: a box says what is meant, so the network's three guesses at the whole, a part and a sub-part are not
    asked for (Kirillov et al. 2023, appendix A). An empty mask becomes the box.
    """
    import torch

    given = processor(images=[frame for frame, _ in pairs], return_tensors="pt")
    found = []
    with torch.inference_mode():
        pixels = given["pixel_values"].to(device(), network_dtype())
        embeddings = network.get_image_embeddings(pixels).float()
        for place, (frame, boxes) in enumerate(pairs):
            height, width = map(int, given["reshaped_input_sizes"][place])
            x, y = width / frame.shape[1], height / frame.shape[0]
            prompts = torch.tensor([boxes], dtype=torch.float32) * torch.tensor([x, y, x, y])
            output = network(
                image_embeddings=embeddings[place : place + 1], input_boxes=prompts.to(device()), multimask_output=False
            )
            (masks,) = processor.post_process_masks(
                output.pred_masks.float().cpu(), [frame.shape[:2]], [(height, width)]
            )
            cuts = zip(masks[:, 0].numpy(), boxes, strict=True)
            found.append([mask if mask.any() else _rectangle(mask.shape, box) for mask, box in cuts])
    return found


def _rectangle(shape: tuple[int, ...], box: Box) -> Mask:
    filled = np.zeros(shape, bool)
    x0, y0 = min(int(box[0]), shape[1] - 1), min(int(box[1]), shape[0] - 1)
    filled[y0 : max(y0 + 1, round(box[3])), x0 : max(x0 + 1, round(box[2]))] = True
    return filled


def around(mask: Mask) -> Box:
    """The box around a mask that is not empty."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def cut_out(image: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """What a mask that is not empty shows of an image, over grey, cut to the box around it."""
    x0, y0, x1, y1 = map(int, around(mask))
    inside = mask[y0:y1, x0:x1, None]
    return np.where(inside, image[y0:y1, x0:x1], np.uint8(BACKDROP))


def reduced(mask: Mask) -> Mask:
    """A mask with at most `MASK_SIDE` cells on the longer side; a cell is taken where half of it is."""
    scale = min(1.0, MASK_SIDE / max(mask.shape))
    size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
    small = opencv().resize(mask.astype(np.float32), size, interpolation=opencv().INTER_AREA)
    result: Mask = small >= 0.5
    return result
