"""Feature ``xclip``: X-CLIP base/32 embeddings of the video and of the prompt, which look at each other.

Ni et al. 2022 (arXiv:2208.02816), Microsoft's weights through transformers. Eight frames, resized with bilinear
interpolation to 224 on the short side and cropped at the centre, as its processor does. The text is embedded in sight
of the video (the paper's video-specific prompts), so one cosine per pair of video and text is all there is to keep.
"""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.base.resources import device
from a2bench.model.metrics import FeatureInfo, Sample, sampled_frames
from a2bench_metrics.clip import CONTEXT
from a2bench_metrics.networks import filled, read_weights

NUM_FRAMES = 8
SIDE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def base_patch32_config() -> Any:
    """The architecture of ``microsoft/xclip-base-patch32``: transformers' defaults."""
    from transformers import XCLIPConfig

    return XCLIPConfig()


class XclipFeature:
    """Computes the cosine of video and prompt; one network per process."""

    info = FeatureInfo(
        name="xclip",
        version=1,
        backend="X-CLIP base/32, 8 frames (Microsoft)",
        weights=("xclip-base-p32",),
        packages=("torch", "transformers", "open_clip", "safetensors"),
        extra="text",
    )

    def __init__(self) -> None:
        self._network: Any = None

    def compute(self, sample: Sample) -> float:
        """The cosine, in [-1, 1]."""
        chosen = sampled_frames(sample.video.num_frames, NUM_FRAMES)
        # A video of fewer frames than the network has places shows its frames longer.
        frames = [sample.video.frames[chosen[i * len(chosen) // NUM_FRAMES]] for i in range(NUM_FRAMES)]
        count("forward:xclip")
        return self._cosine(frames, sample.case.prompt)

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """The cosines of the image, panned over, with two texts."""
        frames = [np.roll(image, 8 * shift, axis=1) for shift in range(NUM_FRAMES)]
        return {"xclip-base-p32": tuple(self._cosine(frames, text) for text in ("an astronaut", "a red car"))}

    def _cosine(self, frames: list[NDArray[np.uint8]], text: str) -> float:
        from transformers import XCLIPModel

        if self._network is None:
            weights = read_weights(verified_weights("xclip-base-p32"))
            self._network = filled(XCLIPModel(base_patch32_config()), weights).to(device())
            count("load:xclip")
        tokens = import_module("open_clip").SimpleTokenizer(context_length=CONTEXT)([text])
        return video_text_cosine(self._network, np.stack([preprocess(frame) for frame in frames]), tokens.numpy())


def video_text_cosine(network: Any, pixels: NDArray[np.float32], tokens: NDArray[np.int64]) -> float:
    """Cosine of a video ``[8, 3, 224, 224]`` and the token ids ``[1, L]`` of a text, by an ``XCLIPModel``."""
    import torch

    with torch.inference_mode():
        output = network(
            input_ids=torch.from_numpy(tokens).to(network.device),
            pixel_values=torch.from_numpy(pixels)[None].to(network.device),
        )
    cosine = torch.nn.functional.cosine_similarity(output.video_embeds[0], output.text_embeds[0, 0], dim=-1)
    return float(cosine)


def preprocess(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A frame ``[H, W, 3]`` as the network wants it: ``[3, 224, 224]`` float32, normalised."""
    image = Image.fromarray(frame)
    short = min(image.size)
    image = image.resize((SIDE * image.width // short, SIDE * image.height // short), Image.Resampling.BILINEAR)
    left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
    pixels = np.asarray(image.crop((left, top, left + SIDE, top + SIDE)), np.float32) / 255
    normalised = (pixels - np.asarray(MEAN, np.float32)) / np.asarray(STD, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1), dtype=np.float32)
