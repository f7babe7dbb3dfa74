"""Do the frames show what each phrase of the prompt names?"""

import numpy as np

from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Expectation, MetricInfo, Score
from a2bench_metrics.clip import ClipEmbeddings


class PhraseAlignment:
    """CLIPScore of each element's phrase, by itself: ``100 * mean_t max(cos(f_t, "a photo of" phrase), 0)``.

    A prompt of many words hides a word that is not shown; its phrases one by one do not. The sample's score is the mean
    over its elements.
    """

    info = MetricInfo(
        name="phrase_alignment",
        version=1,
        title="Phrase alignment",
        group="text",
        range=(0, 100),
        direction="higher",
        features=("clip",),
        backend="CLIP ViT-L/14 (OpenAI)",
        roles=("character", "object", "background"),
        paper="CLIPScore, Hessel et al. 2021 (arXiv:2104.08718), of the elements' phrases",
        licence="MIT (weights)",
        default=False,
        expectations=tuple(
            Expectation(f"without its {role} less", "difference", "collage", f"missing-{role}", low=0.2, role=role)
            for role in ("character", "object", "background")
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        clip: ClipEmbeddings = sample.feature("clip")
        per_element = {}
        for name, phrase in clip.phrases.items():
            values = 100 * np.clip(clip.frames @ phrase, 0, None)
            per_element[name] = ElementScore(float(values.mean()), per_frame=tuple(values.tolist()))
        means = [entry.value for entry in per_element.values() if entry.value is not None]
        return Score(float(np.mean(means)), frames=sample.frames, per_element=per_element)
