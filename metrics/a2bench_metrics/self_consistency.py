"""Does what the video shows stay the same over time? One formula, three eyes."""

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.clip import ClipEmbeddings
from a2bench_metrics.dense import DenseFrame
from a2bench_metrics.dino import DinoEmbeddings


def self_consistency(embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """VBench's consistency of each frame from the second on: mean of its likeness to the frame before and to the first.

    ``(max(0, cos(f_i, f_{i-1})) + max(0, cos(f_i, f_0))) / 2``

    Args:
        embeddings: ``[F, D]``, of any length.

    Returns:
        ``[F - 1]`` in [0, 1].
    """
    vectors = embeddings.astype(np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    before = np.clip((vectors[1:] * vectors[:-1]).sum(axis=1), 0, 1)
    first = np.clip(vectors[1:] @ vectors[0], 0, 1)
    consistency: NDArray[np.float64] = (before + first) / 2
    return consistency


def _score(frames: tuple[int, ...], embeddings: NDArray[np.float32]) -> Score:
    if len(frames) < 2:
        return Score(None, reason="the video has 1 frame, consistency over time needs 2")
    values = self_consistency(embeddings)
    return Score(float(values.mean()), frames=frames[1:], per_frame=tuple(values.tolist()))


_EXPECTATIONS = (
    Expectation("a still video is the same all the time", "value", "frozen", low=0.99),
    Expectation("a slideshow is not", "difference", "collage", "slideshow", low=0.02),
    Expectation("elements that come and go are not", "difference", "collage", "flicker", low=0.01),
    Expectation("elements that become others are not", "difference", "collage", "swapped", low=0.01),
)


def _info(name: str, title: str, feature: str, backend: str, default: bool) -> MetricInfo:
    return MetricInfo(
        name=name,
        version=1,
        title=title,
        group="quality",
        range=(0, 1),
        direction="higher",
        touched_by=("length",),
        features=(feature,),
        backend=backend,
        paper="VBench subject and background consistency (arXiv:2311.17982), over the sampled frames",
        default=default,
        expectations=_EXPECTATIONS,
    )


class FrameConsistency:
    """VBench's formula on pooled EfficientNet-Lite0 features of the frame: no weights to fetch, no extra forward."""

    info = _info("frame_consistency", "Consistency over time", "dense", "EfficientNet-Lite0, pooled", default=True)

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        frames: tuple[DenseFrame, ...] = sample.feature("dense")
        pooled = np.stack([np.asarray(frame.grid).mean(axis=(1, 2)) for frame in frames])
        return _score(sample.frames, pooled)


class SubjectConsistency:
    """VBench's subject consistency with DINOv2 instead of DINO."""

    info = _info("subject_consistency", "Subject consistency over time", "dino", "DINOv2 ViT-B/14", default=False)

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        dino: DinoEmbeddings = sample.feature("dino")
        return _score(sample.frames, dino.frames)


class BackgroundConsistency:
    """VBench's background consistency with CLIP ViT-L/14, which all CLIP metrics share, instead of B/32."""

    info = _info(
        "background_consistency", "Background consistency over time", "clip", "CLIP ViT-L/14 (OpenAI)", default=False
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        clip: ClipEmbeddings = sample.feature("clip")
        return _score(sample.frames, clip.frames)
