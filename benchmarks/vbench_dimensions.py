"""Five VBench dimensions as features and heads of A2Bench's engine, for `benchmarks/metrics.py`.

They see what VBench 0.1.5 sees: every frame, resized without antialiasing to the sides that its transforms give. A view
is resized once, as uint8, for all features that want it; networks get batches. The networks come from outside
(`NETWORKS`), so that the peer can be given the very same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from a2bench.base.counting import count
from a2bench.base.resources import in_batches
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.temporal_flicker import mean_absolute_differences

NETWORKS: dict[str, Any] = {}
"""``dino``, ``clip`` (its ``encode_image``), ``clip-l14``, ``musiq``, ``aesthetic`` (the head)."""
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OPENAI = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass
class WholeVideo(Sample):
    """A sample of which networks see every frame, as VBench's do."""

    @cached_property
    def frames(self) -> tuple[int, ...]:  # type: ignore[override]
        """All indices."""
        return tuple(range(self.video.num_frames))


def view(frames: NDArray[np.uint8], short_side: int, mode: str, crop: bool) -> Any:
    """Frames ``[T, H, W, 3]`` as uint8 ``[T, 3, h, w]``, as torchvision's Resize(antialias=False) has them, rounded."""
    height, width = frames.shape[1:3]
    short = min(height, width)
    size = (height * short_side // short, width * short_side // short)
    top, left = (round((side - short_side) / 2) if crop else 0 for side in size)
    rows, columns = (short_side, short_side) if crop else size
    small = torch.empty((len(frames), 3, rows, columns), dtype=torch.uint8)
    for start in range(0, len(frames), 8):  # a whole clip at once would be copied as a whole
        resized = resize(frames[start : start + 8], size, mode)
        small[start : start + 8] = resized[:, :, top : top + rows, left : left + columns]
    return small


def resize(frames: NDArray[np.uint8], size: tuple[int, int], mode: str) -> Any:
    """Frames ``[T, H, W, 3]`` as uint8 ``[T, 3, h, w]`` of that size, without antialiasing."""
    tensor = torch.from_numpy(frames).permute(0, 3, 1, 2)
    return torch.nn.functional.interpolate(tensor, size, mode=mode, align_corners=False)


def normalised(pixels: Any, mean: Sequence[float], std: Sequence[float]) -> Any:
    """Float32 pixels, normalised: one multiplication and one addition."""
    scale = 1 / (255 * torch.tensor(std)).view(3, 1, 1)
    shift = -(torch.tensor(mean) / torch.tensor(std)).view(3, 1, 1)
    return torch.addcmul(shift, pixels.to(torch.float32), scale)


class DinoView:
    """``dino_transform(224)``: bilinear, not cropped."""

    info = FeatureInfo("vbench-dino-view", 1, "torch", looks_at_case=False)

    def compute(self, sample: Sample) -> Any:
        """All frames, resized."""
        return view(sample.video.frames, 224, "bilinear", crop=False)


class ClipView:
    """``clip_transform(224)``, which both CLIP networks of VBench see."""

    info = FeatureInfo("vbench-clip-view", 1, "torch", looks_at_case=False)

    def compute(self, sample: Sample) -> Any:
        """All frames, resized and cropped."""
        return view(sample.video.frames, 224, "bicubic", crop=True)


class _Embedding:
    """One forward per frame of one network over one view."""

    info: FeatureInfo
    network = ""
    view: type = DinoView
    mean, std = IMAGENET

    def compute(self, sample: Sample) -> NDArray[np.float32]:
        """Embed all frames: ``[T, D]``, of unit length."""
        small = feature(sample, self.view)
        rows: list[Any] = in_batches(self._run, small)
        return torch.nn.functional.normalize(torch.stack(rows), dim=-1).numpy()

    def _run(self, pixels: Any) -> Any:
        count(f"forward:{self.network}", len(pixels))
        with torch.inference_mode():
            return NETWORKS[self.network](normalised(pixels, self.mean, self.std)).float()


class Dino(_Embedding):
    """DINO of subject consistency."""

    info = FeatureInfo("vbench-dino", 1, "given", looks_at_case=False)
    network = "dino"


class Clip(_Embedding):
    """The small CLIP of background consistency."""

    info = FeatureInfo("vbench-clip", 1, "given", looks_at_case=False)
    network = "clip"
    view = ClipView
    mean, std = OPENAI


class ClipL14(Clip):
    """CLIP ViT-L/14 of aesthetic quality."""

    info = FeatureInfo("vbench-clip-l14", 1, "given", looks_at_case=False)
    network = "clip-l14"


class Musiq:
    """Frame scores of MUSIQ, on frames of at most 512 pixels (mode ``longer``)."""

    info = FeatureInfo("vbench-musiq", 1, "given", looks_at_case=False)

    def compute(self, sample: Sample) -> NDArray[np.float32]:
        """Score all frames: ``[T]``."""
        return np.array(in_batches(self._run, sample.video.frames), np.float32)

    def _run(self, frames: NDArray[np.uint8]) -> Any:
        height, width = frames.shape[1:3]
        scale = min(1.0, 512 / max(height, width))
        pixels = resize(frames, (int(scale * height), int(scale * width)), "bilinear")
        count("forward:musiq", len(frames))
        with torch.inference_mode():
            # Channel after channel, as VBench's arrive: pixel after pixel it takes up to 4 % longer.
            planes = pixels.to(torch.float32, memory_format=torch.contiguous_format) / 255
            return NETWORKS["musiq"](planes).reshape(-1).tolist()


def feature(sample: Sample, made: type) -> Any:
    """A feature of this file, computed once per sample."""
    return sample.feature(f"{made.__module__}:{made.__name__}")


def consistency(embeddings: NDArray[np.float32]) -> float:
    """Mean over frames of the likeness to the frame before and to the first one."""
    before = np.clip((embeddings[1:] * embeddings[:-1]).sum(axis=1), 0, None)
    first = np.clip(embeddings[1:] @ embeddings[0], 0, None)
    return float(((before + first) / 2).mean())


def subject_consistency(sample: Sample) -> float:
    """VBench's ``subject_consistency``."""
    return consistency(feature(sample, Dino))


def background_consistency(sample: Sample, clip: type = Clip) -> float:
    """VBench's ``background_consistency``."""
    return consistency(feature(sample, clip))


def aesthetic_quality(sample: Sample, clip: type = ClipL14) -> float:
    """VBench's ``aesthetic_quality``: the LAION head on CLIP ViT-L/14, over 10."""
    with torch.inference_mode():
        return float(NETWORKS["aesthetic"](torch.from_numpy(feature(sample, clip))).mean() / 10)


def imaging_quality(sample: Sample) -> float:
    """VBench's ``imaging_quality``."""
    return float(feature(sample, Musiq).mean() / 100)


def temporal_flickering(sample: Sample) -> float:
    """VBench's ``temporal_flickering``."""
    return float((255 - mean_absolute_differences(sample.video.frames).mean()) / 255)
