"""Feature ``dino``: DINOv2 ViT-B/14 embeddings of the sampled frames.

Oquab et al. 2023 (arXiv:2304.07193), Meta's weights through transformers. The whole frame is seen: it is resized with
antialiased bicubic to 224 pixels on the short side, keeping its shape to the nearest patch of 14, and not cropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import device, in_batches, network_dtype, side_by_side
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.networks import filled, read_weights

SHORT_SIDE = 224
PATCH = 14
BYTES_PER_FRAME = 32 << 20
"""What a frame takes at most, roughly: 449 tokens times 3072 channels, some times over."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class DinoEmbeddings:
    """The class token of each sampled frame, after the last norm.

    frames: ``[F, 768]`` float32, not of unit length.
    """

    frames: NDArray[np.float32]


def vit_b14_config() -> Any:
    """The architecture of ``facebook/dinov2-base``: transformers' defaults, at the size it was trained with."""
    from transformers import Dinov2Config

    return Dinov2Config(image_size=518, patch_size=PATCH)


class DinoFeature:
    """Computes `DinoEmbeddings`; one network per process."""

    info = FeatureInfo(
        name="dino",
        version=1,
        backend="DINOv2 ViT-B/14 (Meta) at 224p",
        weights=("dinov2-vit-b14",),
        packages=("torch", "transformers", "safetensors"),
        extra="text",
        looks_at_case=False,
    )

    def __init__(self) -> None:
        self._network: Any = None

    def compute(self, sample: Sample) -> DinoEmbeddings:
        """Embed the sampled frames."""
        frames = [sample.video.frames[index] for index in sample.frames]
        return DinoEmbeddings(np.stack(in_batches(self._embed, frames, BYTES_PER_FRAME)))

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """First numbers of the image's embedding."""
        return {"dinov2-vit-b14": tuple(self._embed([image])[0][:8].tolist())}

    def _embed(self, frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        if self._network is None:
            self._network = load_dino().to(device(), network_dtype())
        count("forward:dino", len(frames))
        return embed(self._network, frames)


def load_dino() -> Any:
    """The published network on the CPU, in float32.

    Raises:
        WeightsError: its weights are missing or damaged.
    """
    from transformers import Dinov2Model

    count("load:dino")
    return filled(Dinov2Model(vit_b14_config()), read_weights(verified_weights("dinov2-vit-b14")))


def directions(network: Any, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
    """Unit class tokens ``[D]`` of images of any sizes, one by one: the product of two is their cosine."""
    rows = [embed(network, [image])[0] for image in images]
    return [row / max(float(np.linalg.norm(row)), 1e-6) for row in rows]


def embed(network: Any, frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Class tokens ``[F, D]`` of frames ``[H, W, 3]``, all of one size, by a ``Dinov2Model``."""
    import torch

    pixels = torch.from_numpy(np.stack(side_by_side(preprocess, frames)))
    with torch.inference_mode():
        output = network(pixel_values=pixels.to(network.device, network.dtype))
    tokens: NDArray[np.float32] = output.pooler_output.float().cpu().numpy()
    return tokens


def preprocess(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A frame ``[H, W, 3]`` as the network wants it: ``[3, h, w]`` float32, normalised, h and w multiples of 14."""
    image = Image.fromarray(frame)
    scale = SHORT_SIDE / min(image.size)
    size = [PATCH * max(1, round(side * scale / PATCH)) for side in image.size]
    pixels = np.asarray(image.resize((size[0], size[1]), Image.Resampling.BICUBIC), np.float32) / 255
    normalised = (pixels - np.asarray(MEAN, np.float32)) / np.asarray(STD, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1), dtype=np.float32)
