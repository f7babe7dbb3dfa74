"""Feature ``perceptual``: LPIPS from each sampled frame to the next frame of the video.

Zhang et al. 2018 (arXiv:1801.03924), version 0.1 on AlexNet, through the package ``lpips``, whose wheel holds the
heads. The AlexNet under them is torchvision's and comes with A2Bench; at 240 pixels on the short side.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import batch_size, device, in_batches, side_by_side
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.flow import small
from a2bench_metrics.networks import filled, read_weights

BYTES_PER_FRAME = 16 << 20
"""What a frame takes at most, roughly: its five layers twice, and what AlexNet's first one takes beside."""


@dataclass(frozen=True)
class PerceptualChange:
    """LPIPS between neighbouring frames.

    frames: index of the first frame of each pair. distances: ``[P]``, from 0 (equal) to about 1.
    """

    frames: tuple[int, ...]
    distances: NDArray[np.float64]


class PerceptualFeature:
    """Computes `PerceptualChange`; one network per process."""

    info = FeatureInfo(
        name="perceptual",
        version=1,
        backend="LPIPS 0.1 AlexNet at 240p",
        weights=("lpips-alex", "lpips-alexnet"),
        packages=("torch", "torchvision", "lpips", "cv2", "safetensors"),
        extra="quality",
        looks_at_case=False,
    )

    def compute(self, sample: Sample) -> PerceptualChange:
        """LPIPS of the pairs (t, t + 1) for every sampled frame t that has a next frame; each frame is seen once."""
        starts = tuple(t for t in sample.frames if t + 1 < sample.video.num_frames)
        seen = sorted({i for t in starts for i in (t, t + 1)})
        pictures = dict(zip(seen, side_by_side(small, [sample.video.frames[i] for i in seen]), strict=True))
        distances, layers, step = list[Any](), dict[int, list[Any]](), batch_size(BYTES_PER_FRAME)
        for batch in (starts[first : first + step] for first in range(0, len(starts), step)):
            # In a short video the second frame of a pair is the first of the next; no older layers are held.
            wanted = sorted({i for t in batch for i in (t, t + 1)})
            new = [i for i in wanted if i not in layers]
            made = in_batches(layers_of, [pictures[i] for i in new], BYTES_PER_FRAME)
            layers = {i: layers[i] for i in wanted if i in layers} | dict(zip(new, made, strict=True))
            distances += [layers_distance(layers[t], layers[t + 1]) for t in batch]
        return PerceptualChange(starts, as_numbers(distances))

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """The distances of the image to its mirror image and to its negative, which depend on both files."""
        distances = lpips_distances([image, image], [np.ascontiguousarray(image[:, ::-1]), 255 - image])
        return dict.fromkeys(self.info.weights, tuple(distances.tolist()))


def lpips_distances(first: list[NDArray[np.uint8]], second: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """LPIPS ``[N]`` between images ``[h, w, 3]``, all of one size, at least 32 pixels wide and high."""
    pairs = zip(first, second, strict=True)
    return as_numbers([layers_distance(layers_of([a])[0], layers_of([b])[0]) for a, b in pairs])


def layers_of(images: Sequence[NDArray[np.uint8]]) -> list[list[Any]]:
    """The five layers ``[1, C, h', w']`` of each image ``[h, w, 3]``, all of one size; each place has unit length."""
    import torch

    normalize, network = import_module("lpips").normalize_tensor, network_on(device())
    count("forward:perceptual", len(images))
    with torch.inference_mode():
        pixels = torch.from_numpy(np.stack(images)).to(device()).permute(0, 3, 1, 2)
        layers = [normalize(layer) for layer in network.net(network.scaling_layer(pixels.float() / 127.5 - 1))]
    return [[layer[index : index + 1] for layer in layers] for index in range(len(images))]


def layers_distance(first: list[Any], second: list[Any]) -> Any:
    """LPIPS of two images from their `layers_of`: the paper's equation 1, with the package's own heads.

    A tensor on the network's device, so that a GPU need not be waited for; see `as_numbers`.
    """
    import torch

    with torch.inference_mode():
        heads = zip(network_on(device()).lins, first, second, strict=True)
        return sum(head((a - b) ** 2).mean() for head, a, b in heads)


def as_numbers(distances: Sequence[Any]) -> NDArray[np.float64]:
    """Distances ``[N]`` from tensors of one number each, fetched from the device at once."""
    import torch

    return torch.stack(list(distances)).cpu().numpy().astype(np.float64) if distances else np.zeros(0)


@cache
def network_on(where: str) -> Any:
    """LPIPS with verified weights, on a device; loaded once in a process."""
    lpips = import_module("lpips")
    with warnings.catch_warnings():  # lpips asks torchvision for an empty AlexNet in a way that it will drop one day
        warnings.filterwarnings("ignore", category=UserWarning, module="torchvision")
        network = lpips.LPIPS(net="alex", pnet_rand=True, model_path=str(verified_weights("lpips-alex")), verbose=False)
    fill_alexnet(network.net, read_weights(verified_weights("lpips-alexnet")))
    count("load:perceptual")
    return network.to(where).requires_grad_(False)


def fill_alexnet(slices: Any, weights: Mapping[str, Any]) -> None:
    """Put torchvision's convolutions (``features.0.weight``, ...) into the AlexNet of an LPIPS network.

    Raises:
        KeyError, RuntimeError: a tensor is superfluous, missing or of another shape.
    """
    # The package cuts the layers into slices and keeps their numbers: ``slice2.3.weight`` is ``features.3.weight``.
    names = {"features." + name.partition(".")[2]: name for name in slices.state_dict()}
    filled(slices, {names[name]: tensor for name, tensor in weights.items()})
