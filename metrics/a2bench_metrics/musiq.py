"""Feature ``musiq``: the rating that MUSIQ gives each sampled frame.

Ke et al. 2021 (arXiv:2108.05997), trained on SPAQ, through pyiqa. Frames are resized to at most 512 pixels on the long
side without antialiasing, as VBench does.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.packages import needed
from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import device, in_batches
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.networks import filled, read_weights

LONG_SIDE = 512
BYTES_PER_FRAME = 64 << 20
"""What a frame takes at most, roughly: its patches at three scales as 64 channels of half the size."""

INSTALL_PYIQA = "pip install huggingface-hub pyyaml requests && pip install --no-deps pyiqa==0.1.16"
"""Of pyiqa's 27 requirements the class MUSIQ imports these beside what the extra ``quality`` brings (tried in an empty
environment). Installed with all of them, pyiqa brings bitsandbytes, pytest, pre-commit and, through facexlib, a second
OpenCV that overwrites ours."""


def empty_network() -> Any:
    """Pyiqa's class without weights, to be filled by us: pyiqa would unpickle whatever the file holds."""
    return needed("pyiqa.archs.musiq_arch", MusiqFeature.info).MUSIQ(pretrained=False)


class MusiqFeature:
    """Computes ``[F]`` float32 ratings, about 0 to 100; one network per process."""

    info = FeatureInfo(
        name="musiq",
        version=1,
        backend="MUSIQ-SPAQ (pyiqa) at 512",
        weights=("musiq-spaq",),
        packages=("torch", "torchvision", "safetensors", "pyiqa"),
        extra="quality",
        apart={"pyiqa": INSTALL_PYIQA},
        looks_at_case=False,
    )

    def __init__(self) -> None:
        self._network: Any = None

    def compute(self, sample: Sample) -> NDArray[np.float32]:
        """Rate the sampled frames."""
        frames = [sample.video.frames[index] for index in sample.frames]
        return np.asarray(in_batches(self._rate, frames, BYTES_PER_FRAME), np.float32)

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """The rating of the image and of its left half."""
        halves = (image, np.ascontiguousarray(image[:, : image.shape[1] // 2]))
        return {"musiq-spaq": tuple(float(self._rate([half])[0]) for half in halves)}

    def _rate(self, frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        if self._network is None:
            self._network = filled(empty_network(), read_weights(verified_weights("musiq-spaq"))).to(device())
            count("load:musiq")
        count("forward:musiq", len(frames))
        return rate(self._network, frames)


def rate(network: Any, frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Ratings ``[F]`` of frames ``[H, W, 3]``, all of one size, by pyiqa's ``MUSIQ``."""
    import torch
    from torchvision.transforms.functional import resize

    where = next(network.parameters()).device
    height, width = frames[0].shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    pixels = torch.from_numpy(np.stack(frames)).to(where).permute(0, 3, 1, 2).float()
    if scale < 1:
        pixels = resize(pixels, [int(scale * height), int(scale * width)], antialias=False)
    with torch.inference_mode():
        ratings: NDArray[np.float32] = network(pixels / 255).reshape(-1).float().cpu().numpy()
    return ratings
