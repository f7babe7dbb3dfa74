"""Would people call the frames beautiful?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_weights
from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.clip import ClipEmbeddings
from a2bench_metrics.networks import read_weights


def aesthetic_scores(
    frames: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float64]:
    """LAION's linear estimate of a rating from 1 to 10 for each frame, divided by 10.

    Args:
        frames: ``[F, 768]`` CLIP ViT-L/14 embeddings of unit length.
        weight: ``[1, 768]`` of the linear layer.
        bias: ``[1]``.

    Returns:
        ``[F]``, mostly in [0.3, 0.8]; the line has no ends.
    """
    scores: NDArray[np.float64] = (frames.astype(np.float64) @ weight[0] + bias[0]) / 10
    return scores


class AestheticQuality:
    """VBench's aesthetic quality: the LAION head on the same CLIP pass as all CLIP metrics, mean over frames."""

    info = MetricInfo(
        name="aesthetic_quality",
        version=1,
        title="Aesthetic quality",
        group="quality",
        range=(None, None),
        direction="higher",
        features=("clip",),
        packages=("torch",),
        weights=("laion-aesthetic-l14",),
        backend="CLIP ViT-L/14 (OpenAI) + LAION linear head",
        paper="LAION aesthetic predictor V1 (2022), as VBench aesthetic_quality (arXiv:2311.17982)",
        licence="MIT (weights)",
        expectations=(
            Expectation("blur is less beautiful", "difference", "collage", "blur", low=0.01),
            Expectation("noise is less beautiful", "difference", "collage", "noise", low=0.01),
        ),
    )

    def __init__(self) -> None:
        self._head: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        clip: ClipEmbeddings = sample.feature("clip")
        values = aesthetic_scores(clip.frames, *self._loaded())
        return Score(float(values.mean()), frames=sample.frames, per_frame=tuple(values.tolist()))

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """The score of a made-up embedding: the head sees no picture."""
        made_up = np.linspace(-1, 1, 768, dtype=np.float32)[None] / np.float32(16)
        return {"laion-aesthetic-l14": tuple(aesthetic_scores(made_up, *self._loaded()).tolist())}

    def _loaded(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._head is None:
            weights = read_weights(verified_weights("laion-aesthetic-l14"))
            self._head = weights["weight"].float().numpy(), weights["bias"].float().numpy()
        return self._head
