"""Feature ``dense``: what EfficientNet-Lite0 sees in each cell of 32x32 pixels of the sampled frames.

Tan and Le 2019 (arXiv:1905.11946), Lite0 variant trained on ImageNet-1k; the 1280 channels before the pooling, of unit
length in each cell. Finders compare these cells with those of a reference, so a frame costs one forward however many
elements are looked for. Frames are scaled to about 832x480 pixels, keeping their shape to the nearest cell.
"""

import math
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import batch_size, device
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.opencv import opencv

CELL = 32
AREA = 832 * 480
CHANNELS = 1280
WIDE_BLOCKS, PARTS = (1, 2, 3), 8
"""Blocks whose widest layer would take up to 38 MB a frame, and as much again to be padded; in how many parts they are
computed."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class DenseFrame:
    """One frame in cells.

    grid: ``[1280, rows, columns]`` float32 tensor on the CPU, of unit length over the channels.
    hsv: ``[16 * rows, 16 * columns, 3]`` uint8, the frame's colours at half the scale of the network's input.
    scale: ``(x, y)``, pixels of the video per pixel of the network's input.
    """

    grid: Any
    hsv: NDArray[np.uint8]
    scale: tuple[float, float]


class DenseFeature:
    """Computes a `DenseFrame` for each sampled frame."""

    info = FeatureInfo(
        name="dense",
        version=1,
        backend="EfficientNet-Lite0 at 832x480",
        weights=("efficientnet-lite0",),
        packages=("torch", "cv2", "efficientnet_lite_pytorch"),
        looks_at_case=False,
    )

    def compute(self, sample: Sample) -> tuple[DenseFrame, ...]:
        """Embed the sampled frames."""
        images = [sample.video.frames[index] for index in sample.frames]
        count("forward:dense", len(images))
        return tuple(embed(images))

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """Means over the cells of the first channels."""
        means = embed([image])[0].grid.mean(dim=(1, 2))
        return {"efficientnet-lite0": tuple(means[:12].tolist())}


def embed(images: list[NDArray[np.uint8]], size: tuple[int, int] | None = None) -> list[DenseFrame]:
    """Dense frames of RGB images ``[H, W, 3]`` uint8, all of one size; scaled to `input_size` or a size of whole cells.

    On a CPU they go through the network one by one: a batch is no faster there, and so no batch size can change a bit.
    """
    import torch

    cv2 = opencv()
    height, width = images[0].shape[:2]
    size = size or input_size(width, height)
    shrinks = size[0] * size[1] < width * height
    scaled = [
        image
        if size == (width, height)
        else cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        for image in images
    ]
    step = 1 if device() == "cpu" else batch_size()
    frames = []
    for start in range(0, len(scaled), step):
        with torch.inference_mode():
            grids = forward(np.stack(scaled[start : start + step]))
        for pixels, grid in zip(scaled[start : start + step], grids, strict=True):
            half = cv2.resize(pixels, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_AREA)
            hsv: NDArray[np.uint8] = cv2.cvtColor(half, cv2.COLOR_RGB2HSV)
            frames.append(DenseFrame(grid, hsv, (width / size[0], height / size[1])))
    return frames


def input_size(width: int, height: int) -> tuple[int, int]:
    """The network's input for a frame: whole cells, about the area of 832x480, the frame's shape.

    >>> input_size(832, 480), input_size(1920, 1080), input_size(480, 832)
    ((832, 480), (832, 480), (480, 832))
    """
    scale = math.sqrt(AREA / (width * height))
    cells = [max(2, round(side * scale / CELL)) for side in (width, height)]
    return CELL * cells[0], CELL * cells[1]


def forward(pixels: NDArray[np.uint8] | NDArray[np.float32]) -> Any:
    """Grids ``[B, 1280, H / 32, W / 32]`` on the CPU of images ``[B, H, W, 3]`` in 0 to 255."""
    import torch

    normalised = np.divide(pixels, np.float32(255), dtype=np.float32)
    normalised -= np.asarray(MEAN, np.float32)
    normalised /= np.asarray(STD, np.float32)
    # Pixels lie together channel by channel already, as the network likes them: nothing is copied.
    tensor = torch.from_numpy(normalised).permute(0, 3, 1, 2).to(device(), memory_format=torch.channels_last)
    features = _network().extract_features(tensor)
    return torch.nn.functional.normalize(features.float(), dim=1, eps=1e-6).cpu().contiguous()


@cache
def _network() -> Any:
    """The network with its batch norms folded into the convolutions; loaded once in a process."""
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    package = import_module("efficientnet_lite_pytorch")
    network = package.EfficientNet.from_name("efficientnet-lite0")
    path = verified_weights("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.train(False)
    inner = [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
    parts = [(network, [("_conv_stem", "_bn0"), ("_conv_head", "_bn1")])]
    parts += [(block, inner) for block in network._blocks]
    for module, pairs in parts:
        for convolution, norm in pairs:
            if hasattr(module, convolution):
                setattr(module, convolution, fuse_conv_bn_eval(getattr(module, convolution), getattr(module, norm)))
                setattr(module, norm, torch.nn.Identity())
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU6):
            module.inplace = True  # the widest layer takes 38 MB a frame; once is enough
    for index in WIDE_BLOCKS:
        network._blocks[index] = _in_parts(network._blocks[index])
    count("load:dense")
    return network.to(device(), memory_format=torch.channels_last).requires_grad_(False)


def _in_parts(block: Any) -> Any:
    """A wide block by parts of its channels: up to the projection each channel is alone, so that no number changes."""
    import torch

    expand, depthwise = block._expand_conv, block._depthwise_conv
    functional = torch.nn.functional

    class InParts(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.whole = block

        def forward(self, inputs: Any, drop_connect_rate: float | None = None) -> Any:  # noqa: ARG002
            layers = (expand.weight, expand.bias, depthwise.weight, depthwise.bias)
            parts = zip(*(layer.chunk(PARTS) for layer in layers), strict=True)
            projected = block._project_conv(torch.cat([self._part(inputs, *part) for part in parts], dim=1))
            return projected + inputs if projected.shape == inputs.shape else projected

        def _part(self, inputs: Any, wide: Any, wide_bias: Any, kernel: Any, bias: Any) -> Any:
            x = functional.relu6(functional.conv2d(inputs, wide, wide_bias), inplace=True)
            x = depthwise.static_padding(x)
            x = functional.conv2d(x, kernel, bias, depthwise.stride, groups=len(kernel))
            return functional.relu6(x, inplace=True)

    return InParts()
