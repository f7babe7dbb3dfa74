"""Feature ``owl``: where each character and object may be in each looked-at frame, found by its phrase.

OWLv2 base/16, ensemble of self-trained weights (Minderer et al. 2023, arXiv:2306.09683), through transformers. A frame
goes through the network once, whatever the number of elements: the phrases are embedded once for a suite, and its heads
compare all of them with all 3600 boxes. Where no frame shows anything of a phrase, which the network may not know, the
reference itself is looked for (image-guided detection, ibid. section 3). Tower in half precision on a GPU, heads and
everything after them in float32.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_folder
from a2bench.base.counting import count
from a2bench.base.resources import device, in_batches, network_dtype
from a2bench.model.cases import Element
from a2bench.model.ledger import Box
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.images import element_image
from a2bench_metrics.networks import load_published

THRESHOLD = 0.1
"""Confidence of a box that is found by its phrase: transformers' default."""
GUIDED_THRESHOLD = 0.9
"""Confidence of a box that is found by the reference: of transformers' documentation; such confidences run higher."""
SAME_BOX = 0.5
"""Intersection over union from which the less sure of two boxes of a phrase is dropped."""
SAME_PLACE = 0.7
"""Intersection over union from which boxes of two phrases are one place."""
MAX_BOXES = 5
"""Surest boxes of an element in one frame."""
CONTEXT = 16
"""Tokens that the network reads of a phrase, start and end included."""
BYTES_PER_FRAME = 256 << 20
"""What a frame takes at most, roughly: 3601 tokens times 3072 channels, half a dozen times over."""


@dataclass(frozen=True)
class Candidate:
    """A place where an element may be: ``(x0, y0, x1, y1)`` in pixels of the video, and the confidence in [0, 1]."""

    box: Box
    confidence: float


@dataclass(frozen=True)
class Sightings:
    """Where an element may be, in the order of the looked-at frames, surest first; by: what it was found by."""

    by: Literal["phrase", "reference"]
    frames: tuple[tuple[Candidate, ...], ...]


class Found(NamedTuple):
    """What the heads say of a frame: boxes ``[N, 4]`` in its pixels, probabilities ``[N, Q]`` of each query."""

    boxes: NDArray[np.float32]
    probabilities: NDArray[np.float32]


def base_p16_config() -> Any:
    """The architecture of ``google/owlv2-base-patch16-ensemble``: transformers' defaults, seen at 960 pixels."""
    from transformers import Owlv2Config

    return Owlv2Config(vision_config={"image_size": 960}, text_config={})


class OwlFeature:
    """Computes `Sightings` for each character and object; one network per process."""

    info = FeatureInfo(
        name="owl",
        version=1,
        backend="OWLv2 base/16 ensemble (Google)",
        weights=("owlv2-base-p16",),
        packages=("torch", "torchvision", "transformers", "open_clip", "safetensors"),
        extra="text",
    )

    def __init__(self) -> None:
        self._owl: tuple[Any, Any] | None = None

    def compute(self, sample: Sample) -> dict[str, Sightings]:
        """Sightings by element id."""
        named = list(sample.case.named_elements("character", "object"))
        phrases = [sample.embedded(self.info, f"phrase {e.phrase}", partial(self._phrase, e.phrase)) for _, e in named]
        guides = [
            sample.embedded(self.info, (e.cutout or e.reference).sha256, partial(self._guide, e)) for _, e in named
        ]
        if not named:
            return {}
        queries = np.stack([*phrases, *guides])
        images = [sample.video.frames[index] for index in sample.frames]
        frames = in_batches(partial(self._find, queries=queries), images, BYTES_PER_FRAME)
        found = {}
        for place, (name, _) in enumerate(named):
            seen = Sightings("phrase", tuple(surest(frame, place, THRESHOLD) for frame in frames))
            if not any(seen.frames):
                column = len(named) + place
                guided = tuple(surest(frame, column, GUIDED_THRESHOLD) for frame in frames)
                seen = Sightings("reference", guided) if any(guided) else seen
            found[name] = seen
        return one_place(found)

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """Confidence and box (in shares of the longer side) of the surest place of a phrase."""
        ((boxes, probabilities),) = self._find([image], self._phrase("a person")[None])
        best = int(probabilities[:, 0].argmax())
        return {"owlv2-base-p16": (float(probabilities[best, 0]), *(boxes[best] / max(image.shape[:2])).tolist())}

    def find_in(self, image: NDArray[np.uint8], phrase: str) -> tuple[Candidate, ...]:
        """Where a phrase may be in one image, surest first."""
        return surest(self._find([image], self._phrase(phrase)[None])[0], 0, THRESHOLD)

    def _phrase(self, phrase: str) -> NDArray[np.float32]:
        count("reference:owl")
        (query,) = embed_phrases(self._loaded()[0], [phrase])
        return np.asarray(query, np.float32)

    def _guide(self, element: Element) -> NDArray[np.float32]:
        count("reference:owl")
        return embed_reference(*self._loaded(), element_image(element).pixels)

    def _find(self, images: Sequence[NDArray[np.uint8]], queries: NDArray[np.float32]) -> list[Found]:
        count("forward:owl", len(images))
        return find(*self._loaded(), images, queries)

    def _loaded(self) -> tuple[Any, Any]:
        if self._owl is None:
            config = base_p16_config()
            network = load_published("Owlv2ForObjectDetection", verified_folder("owlv2-base-p16"), config)
            self._owl = on_device(network), processor_for(config)
            count("load:owl")
        return self._owl


def processor_for(config: Any) -> Any:
    """What makes pixels of frames, at the size that the network of this architecture sees."""
    side = config.vision_config.image_size
    return import_module("transformers").Owlv2ImageProcessor(size={"height": side, "width": side})


def on_device(network: Any) -> Any:
    """An ``Owlv2ForObjectDetection`` ready to run: its towers in the precision of networks, its heads in float32."""
    network.to(device())
    network.owlv2.to(network_dtype())
    network.layer_norm.to(network_dtype())
    return network


def embed_phrases(network: Any, phrases: Sequence[str]) -> NDArray[np.float32]:
    """Unit queries ``[Q, D]`` of phrases; a phrase beyond 16 tokens is cut."""
    import torch

    tokens = import_module("open_clip").SimpleTokenizer(context_length=CONTEXT)(list(phrases)).to(device())
    with torch.inference_mode():
        pooled = network.owlv2.get_text_features(input_ids=tokens).pooler_output.float()
    queries: NDArray[np.float32] = (pooled / pooled.norm(dim=-1, keepdim=True)).cpu().numpy()
    return queries


def embed_reference(network: Any, processor: Any, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The query ``[D]`` that an image is looked for by: of the box in it that is most like an object."""
    import torch

    with torch.inference_mode():
        features, feature_map = _features(network, processor, [image])
        query, _, _ = network.embed_image_query(features, feature_map)
    vector: NDArray[np.float32] = query[0, 0].cpu().numpy()
    return vector


def find(
    network: Any, processor: Any, images: Sequence[NDArray[np.uint8]], queries: NDArray[np.float32]
) -> list[Found]:
    """Compare queries ``[Q, D]`` with all boxes of frames ``[H, W, 3]``, all of one size; boxes are cut to them."""
    import torch

    height, width = images[0].shape[:2]
    with torch.inference_mode():
        features, feature_map = _features(network, processor, images)
        wanted = torch.from_numpy(queries).to(features.device).expand(len(images), -1, -1)
        logits, _ = network.class_predictor(features, wanted)
        centres = network.box_predictor(features, feature_map)
        x, y, w, h = (centres * max(height, width)).unbind(
            -1
        )  # the network sees the frame in a square, at its top left
        boxes = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=-1).cpu().numpy()
        probabilities = logits.sigmoid().cpu().numpy()
    limits = np.array([width, height, width, height], np.float32)
    return [Found(np.clip(one, 0, limits), each) for one, each in zip(boxes, probabilities, strict=True)]


def _features(network: Any, processor: Any, images: Sequence[NDArray[np.uint8]]) -> tuple[Any, Any]:
    """Features of the boxes ``[B, N, C]`` and the same as a map ``[B, rows, columns, C]``, in float32."""
    pixels = processor(images=list(images), return_tensors="pt").pixel_values
    feature_map = network.image_embedder(pixel_values=pixels.to(device(), network_dtype()))[0].float()
    return feature_map.flatten(1, 2), feature_map


def surest(frame: Found, query: int, threshold: float) -> tuple[Candidate, ...]:
    """The surest boxes of a query, of any two that are nearly the same only the surer."""
    import torch
    from torchvision.ops import nms

    width, height = (frame.boxes[:, 2:] - frame.boxes[:, :2]).T
    scores = frame.probabilities[:, query]
    (chosen,) = np.nonzero((scores > threshold) & (width >= 1) & (height >= 1))
    kept = nms(torch.from_numpy(frame.boxes[chosen]), torch.from_numpy(scores[chosen]), SAME_BOX)[:MAX_BOXES]
    return tuple(Candidate(_box(frame.boxes[i]), float(scores[i])) for i in chosen[kept.numpy()])


def _box(row: NDArray[np.float32]) -> Box:
    x0, y0, x1, y1 = (float(value) for value in row)
    return x0, y0, x1, y1


def one_place(found: dict[str, Sightings]) -> dict[str, Sightings]:
    """The same, where nearly equal boxes of several elements became the surest of them: one place has one box."""
    count_frames = len(next(iter(found.values())).frames)
    frames: dict[str, list[tuple[Candidate, ...]]] = {name: [] for name in found}
    for index in range(count_frames):
        everything = [one for seen in found.values() for one in seen.frames[index]]
        kept: list[Box] = []
        place: dict[Box, Box] = {}
        for one in sorted(everything, key=lambda one: -one.confidence):
            place[one.box] = next((box for box in kept if overlap(box, one.box) >= SAME_PLACE), one.box)
            kept += [one.box] * (place[one.box] == one.box)
        for name, seen in found.items():
            frames[name].append(_distinct(Candidate(place[one.box], one.confidence) for one in seen.frames[index]))
    return {name: Sightings(seen.by, tuple(frames[name])) for name, seen in found.items()}


def _distinct(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    best: dict[Box, Candidate] = {}
    for one in candidates:  # surest first
        best.setdefault(one.box, one)
    return tuple(best.values())


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes.

    >>> overlap((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(0.0, width) * max(0.0, height)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / union if union > 0 else 0.0
