"""Do the frames show what the prompt says?"""

import numpy as np

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.clip import CONTEXT, ClipEmbeddings


class TextAlignment:
    """Mean CLIP similarity between the sampled frames and the prompt: ``100 * mean_t max(cos(f_t, p), 0)``.

    Differs from the paper: scale 100 instead of 2.5, mean over frames.
    """

    info = MetricInfo(
        name="text_alignment",
        version=1,
        title="Text alignment",
        group="text",
        range=(0, 100),
        direction="higher",
        features=("clip",),
        backend="CLIP ViT-L/14 (OpenAI)",
        paper="CLIPScore, Hessel et al. 2021 (arXiv:2104.08718)",
        licence="MIT (weights)",
        expectations=(
            Expectation("the case's own references fit better", "difference", "collage", "shuffled", low=0.5),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        clip: ClipEmbeddings = sample.feature("clip")
        values = 100 * np.clip(clip.frames @ clip.prompt, 0, None)
        details = {"prompt_tokens_cut": max(0, clip.prompt_tokens - CONTEXT)}
        return Score(float(values.mean()), frames=sample.frames, per_frame=tuple(values.tolist()), details=details)
