"""Is each character and object there, found by its phrase, and does it look like its reference? By open vocabulary."""

import math
from collections.abc import Sequence

from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Evidence, Expectation, MetricInfo, Score
from a2bench_metrics.detections import Detection


class DetectedSimilarity:
    """Presence times fidelity: mean over all looked-at frames of the DINOv2 cosine, 0 where nothing was detected."""

    info = MetricInfo(
        name="detected_similarity",
        version=1,
        title="Detected similarity",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("detections",),
        backend="Grounding-DINO tiny + DINOv2 ViT-B/14 on crops",
        roles=("character", "object"),
        paper="after MSRVTT-Personalization's subject similarity (arXiv:2501.01590): absent counts 0",
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.2),
            Expectation("a missing object is not alike", "value", "missing-object", low=0.0, high=0.3, role="object"),
            Expectation("half presence scores about half", "ratio", "half", "collage", low=0.35, high=0.7),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        found: dict[str, Sequence[Detection | None]] = (
            sample.feature(self.info.features[0])
            if any(True for _ in sample.case.named_elements("character", "object"))
            else {}
        )
        if not found:
            return Score(None, reason="the case has neither a character nor an object")
        per_element = {name: _element(rows) for name, rows in found.items()}
        evidence = []
        for name, rows in found.items():
            best = max(range(len(rows)), key=lambda index: _likeness(rows[index]))
            if (one := rows[best]) is not None:
                evidence.append(Evidence(sample.frames[best], one.box, name, _likeness(one)))
        value = math.fsum(entry.value or 0.0 for entry in per_element.values()) / len(per_element)
        return Score(value, frames=sample.frames, per_element=per_element, evidence=tuple(evidence))


def _likeness(one: Detection | None) -> float:
    return 0.0 if one is None else min(1.0, max(0.0, one.similarity))


def _element(rows: Sequence[Detection | None]) -> ElementScore:
    curve = tuple(_likeness(one) for one in rows)
    presence = sum(one is not None for one in rows) / len(rows)
    return ElementScore(math.fsum(curve) / len(curve), presence=presence, per_frame=curve)
