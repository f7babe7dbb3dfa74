"""Feature ``raft``: how fast the fastest pixels move, by RAFT, about eight times per second.

Teed and Deng 2020 (arXiv:2003.12039), the authors' weights "things" as torchvision ported them, 20 updates, at the
size of the video: what VBench's dynamic degree looks at.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from a2bench.counting import count
from a2bench.metrics import FeatureInfo, Sample
from a2bench.resources import device
from a2bench.weights import verified_weights
from a2bench_metrics.networks import filled, read_weights

RATE = 8
UPDATES = 20
FASTEST = 0.05


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
        packages=("torch", "torchvision"),
        looks_at_case=False,
    )

    def __init__(self) -> None:
        self._network: Any = None

    def compute(self, sample: Sample) -> Speeds:
        """Flow of each pair."""
        chosen = range(0, sample.video.num_frames, max(1, round(float(sample.video.fps) / RATE)))
        frames = [sample.video.frames[index] for index in chosen]
        lengths = [fastest(self._flow(*pair)) for pair in zip(frames[:-1], frames[1:], strict=True)]
        return Speeds(tuple(chosen)[:-1], len(frames), np.asarray(lengths, np.float64))

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """The flow in the middle of the image when it moves by four pixels."""
        flow = self._flow(image, np.roll(image, 4, axis=1))
        return {"raft-large-things": tuple(flow[:, flow.shape[1] // 2, flow.shape[2] // 2].tolist())}

    def _flow(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self._network is None:
            self._network = filled(empty_network(), read_weights(verified_weights("raft-large-things"))).to(device())
            count("load:raft")
        count("forward:raft")
        return flow_between(self._network, first, second)


def flow_between(network: Any, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Flow ``[2, h, w]`` in pixels between two frames ``[H, W, 3]`` by torchvision's RAFT.

    As in the authors' code, edges are repeated until both sides are multiples of 8.
    """
    import torch

    where = next(network.parameters()).device
    height, width = first.shape[:2]
    tall, wide = -height % 8, -width % 8
    padding = [wide // 2, wide - wide // 2, tall // 2, tall - tall // 2]
    pair = torch.from_numpy(np.stack([first, second])).to(where).permute(0, 3, 1, 2).float()
    padded = 2 * (torch.nn.functional.pad(pair, padding, mode="replicate") / 255) - 1
    with torch.inference_mode():
        flow = network(padded[:1], padded[1:], num_flow_updates=UPDATES)[-1][0]
    vectors: NDArray[np.float32] = flow.float().cpu().numpy()
    return vectors


def fastest(flow: NDArray[np.float32]) -> float:
    """Mean length of the longest 5 % of the vectors of a flow ``[2, h, w]``."""
    lengths = np.sort(np.hypot(flow[0], flow[1]), axis=None)[::-1]
    return float(lengths[: max(1, int(FASTEST * lengths.size))].mean())
