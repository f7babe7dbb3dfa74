"""Is each person in the video the person of its reference, to ArcFace?"""

import numpy as np

from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Expectation, Limit, MetricInfo, Score
from a2bench_metrics.arcface import ArcFaces
from a2bench_metrics.people import assign


class ArcfaceSimilarity:
    """ArcFace cosine of each character to its reference, times presence.

    As ``identity_similarity``: faces are assigned to the references jointly, and frames without the person count 0.
    """

    info = MetricInfo(
        name="arcface_similarity",
        version=1,
        title="Face identity (ArcFace)",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("arcface",),
        packages=("scipy",),
        backend="YuNet 2023mar + ArcFace w600k R50 (InsightFace)",
        roles=("character",),
        paper="ArcFace, Deng et al. 2019 (arXiv:1801.07698); after OpenS2V-Eval FaceSim (arXiv:2505.20292)",
        licence="InsightFace weights: non-commercial research",
        default=False,
        protocol=(Limit("short_side", "the detector sees no face in smaller frames, which is not absence", low=64),),
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.3),
            Expectation("a missing character scores 0", "value", "missing-character", low=-0.001, high=0.05),
            Expectation("half presence scores about half", "ratio", "flicker", "collage", low=0.35, high=0.7),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        faces: ArcFaces = sample.feature("arcface")
        if not faces.references:
            return Score(None, reason="the case has no character")
        known = {name: found[0] for name, found in faces.references.items() if len(found)}
        if not known:
            return Score(None, reason="no face in any character's reference")
        templates = np.stack(list(known.values()))
        per_frame: dict[str, list[float]] = {name: [] for name in known}
        for found in faces.frames:
            cosines = np.clip((templates @ found.T).astype(np.float64), 0, 1)
            for row, (name, column) in enumerate(zip(known, assign(cosines), strict=True)):
                per_frame[name].append(0.0 if column is None else float(cosines[row, column]))
        per_element = {name: _element_score(per_frame.get(name)) for name in faces.references}
        values = [entry.value for entry in per_element.values() if entry.value is not None]
        rate = sum(bool(len(found)) for found in faces.frames) / len(faces.frames)
        details = {"face_detection_rate": rate}
        return Score(float(np.mean(values)), frames=sample.frames, per_element=per_element, details=details)


def _element_score(values: list[float] | None) -> ElementScore:
    if values is None:
        return ElementScore(None, reason="no face in the reference")
    presence = sum(value > 0 for value in values) / len(values)
    return ElementScore(float(np.mean(values)), presence=presence, per_frame=tuple(values))
