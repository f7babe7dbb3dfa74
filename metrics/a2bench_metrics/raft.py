"""Feature ``raft``: how fast the fastest pixels move, by RAFT, about eight times per second.

Teed and Deng 2020 (arXiv:2003.12039), the authors' weights "things" as torchvision ported them, 20 updates, at the
size of the video: what VBench's dynamic degree looks at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import device, in_batches, side_by_side
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.networks import filled, read_weights

RATE = 8
UPDATES = 20
FASTEST = 0.05
BYTES_PER_PAIR = 1 << 30
"""What a pair of 832x480 takes at most, roughly: the correlations of all places with all places, a few times over."""

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True)
class Speeds:
    """Motion between frames that follow each other at about 8 per second.

    frames: index of the first frame of each pair. num_frames: frames that were looked at, one more than pairs.
    fastest: ``[P]`` mean length of the longest 5 % of the flow vectors, in pixels of the video.
    """

    frames: tuple[int, ...]
    num_frames: int
    fastest: NDArray[np.float64]


def empty_network() -> Any:
    """Torchvision's class without weights, to be filled by us."""
    from torchvision.models.optical_flow import raft_large

    return raft_large(weights=None)


class RaftFeature:
    """Computes `Speeds` of frames of at least 128 pixels on the short side; one network per process."""

    info = FeatureInfo(
        name="raft",
        version=1,
        backend="RAFT large, things (torchvision), 8 per second",
        weights=("raft-large-things",),
        packages=("torch", "torchvision", "safetensors"),
        extra="quality",
        looks_at_case=False,
    )

    def __init__(self) -> None:
        self._network: Any = None

    def compute(self, sample: Sample) -> Speeds:
        """Flow of each pair."""
        chosen = range(0, sample.video.num_frames, max(1, round(float(sample.video.fps) / RATE)))
        frames = [sample.video.frames[index] for index in chosen]
        lengths = in_batches(self._fastest, list(zip(frames[:-1], frames[1:], strict=True)), BYTES_PER_PAIR)
        return Speeds(tuple(chosen)[:-1], len(frames), np.asarray(lengths, np.float64))

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """The flow in the middle of the image when it moves by four pixels."""
        flow = self._flows([(image, np.roll(image, 4, axis=1))])[0]
        return {"raft-large-things": tuple(flow[:, flow.shape[1] // 2, flow.shape[2] // 2].tolist())}

    def _fastest(self, pairs: Sequence[Pair]) -> list[float]:
        return side_by_side(fastest, self._flows(pairs))

    def _flows(self, pairs: Sequence[Pair]) -> list[NDArray[np.float32]]:
        if self._network is None:
            self._network = filled(empty_network(), read_weights(verified_weights("raft-large-things"))).to(device())
            count("load:raft")
        count("forward:raft", len(pairs))
        return flows_between(self._network, pairs)


def flows_between(network: Any, pairs: Sequence[Pair]) -> list[NDArray[np.float32]]:
    """Flow ``[2, h, w]`` in pixels between the two frames ``[H, W, 3]`` of each pair by torchvision's RAFT.

    As in the authors' code, edges are repeated until both sides are multiples of 8.
    """
    import torch

    where = next(network.parameters()).device
    height, width = pairs[0][0].shape[:2]
    tall, wide = -height % 8, -width % 8
    padding = [wide // 2, wide - wide // 2, tall // 2, tall - tall // 2]

    def prepared(frames: Sequence[NDArray[np.uint8]]) -> Any:
        pixels = torch.from_numpy(np.stack(frames)).to(where).permute(0, 3, 1, 2).float()
        return 2 * (torch.nn.functional.pad(pixels, padding, mode="replicate") / 255) - 1

    first, second = zip(*pairs, strict=True)
    with torch.inference_mode():
        flows = network(prepared(first), prepared(second), num_flow_updates=UPDATES)[-1]
    return list(flows.float().cpu().numpy())


def fastest(flow: NDArray[np.float32]) -> float:
    """Mean length of the longest 5 % of the vectors of a flow ``[2, h, w]``."""
    lengths = np.hypot(flow[0], flow[1]).ravel()
    rest = lengths.size - max(1, int(FASTEST * lengths.size))
    return float(np.sort(np.partition(lengths, rest)[rest:])[::-1].mean())
