"""Is each character and object there, found by its phrase and cut out, and is what was cut out like its reference?"""

from a2bench.model.scores import Expectation, MetricInfo
from a2bench_metrics.detected_similarity import DetectedSimilarity


class SegmentedSimilarity(DetectedSimilarity):
    """Presence times fidelity of the cut-out: mean over looked-at frames of the DINOv2 cosine, 0 where not found."""

    info = MetricInfo(
        name="segmented_similarity",
        version=1,
        title="Cut-out similarity",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("segments",),
        backend="OWLv2 base/16 + SAM ViT-B + DINOv2 ViT-B/14 on cut-outs",
        roles=("character", "object"),
        default=False,
        paper="after MSRVTT-Personalization's subject similarity (arXiv:2501.01590), on masks; absent counts 0",
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.2),
            Expectation("a missing object is not alike", "value", "missing-object", low=0.0, high=0.3, role="object"),
            Expectation("half presence scores about half", "ratio", "half", "collage", low=0.35, high=0.7),
        ),
    )
