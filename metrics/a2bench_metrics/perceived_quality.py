"""Do the frames look like good photographs or like bad ones?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.clip import ClipEmbeddings

TEMPERATURE = 100.0
"""CLIP's own scale of cosines."""


def clip_iqa(frames: NDArray[np.float32], quality: NDArray[np.float32]) -> NDArray[np.float64]:
    """CLIP-IQA: the probability of the good one of two opposite texts.

    Args:
        frames: ``[F, D]`` image embeddings of unit length.
        quality: ``[2, D]`` embeddings of unit length of the good and the bad text.

    Returns:
        ``[F]`` in [0, 1].
    """
    good, bad = TEMPERATURE * (frames.astype(np.float64) @ quality.T).T
    probability: NDArray[np.float64] = 1 / (1 + np.exp(bad - good))
    return probability


class PerceivedQuality:
    """CLIP-IQA with "Good photo." against "Bad photo.", mean over frames; no pass beside CLIP's."""

    info = MetricInfo(
        name="perceived_quality",
        version=1,
        title="Perceived quality (CLIP-IQA)",
        group="quality",
        range=(0, 1),
        direction="higher",
        features=("clip",),
        backend="CLIP ViT-L/14 (OpenAI)",
        paper="CLIP-IQA, Wang et al. 2022 (arXiv:2207.12396), with ViT-L/14 instead of ResNet-50",
        licence="MIT (weights)",
        default=False,
        expectations=(
            Expectation("blur looks worse", "difference", "collage", "blur", low=0.01),
            Expectation("noise looks worse", "difference", "collage", "noise", low=0.01),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        clip: ClipEmbeddings = sample.feature("clip")
        values = clip_iqa(clip.frames, clip.quality)
        return Score(float(values.mean()), frames=sample.frames, per_frame=tuple(values.tolist()))
