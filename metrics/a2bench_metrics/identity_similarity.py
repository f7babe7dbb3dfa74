"""Is each person in the video the person of its reference?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.metrics import Sample
from a2bench.scores import ElementScore, Evidence, Expectation, MetricInfo, Score
from a2bench_metrics.faces import Face, SampleFaces

MIN_CONFIDENCE = 0.9
"""Detector confidence that a reference's face must have. A cartoon rabbit gets 0.82 in its reference and is then rarely
found in a video: what cannot be found reliably is better not measured."""
SAME = 0.3
"""Descriptor distance up to which two faces count as fully alike: two good photographs of one person."""
DIFFERENT = 0.75
"""Descriptor distance from which nothing of the likeness is left: two people have 0.84 in photographs (median of pairs
in the reference catalogue) and 0.71 in drawings; one drawn person stays below 0.55 under mild changes."""


def likeness(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Likeness in [0, 1] from dlib descriptor distances: 1 up to 0.3, 1/3 at dlib's own limit of 0.6, 0 from 0.75."""
    return np.clip((DIFFERENT - distances) / (DIFFERENT - SAME), 0.0, 1.0)


def assign(similarity: NDArray[np.float64]) -> list[int | None]:
    """For each reference (row) the face (column) that it is assigned to, so that the sum of similarities is largest.

    Hungarian assignment: no face serves two references. A pair without any similarity is no assignment.
    """
    from scipy.optimize import linear_sum_assignment

    assigned: list[int | None] = [None] * similarity.shape[0]
    if similarity.size:
        for row, column in zip(*linear_sum_assignment(similarity, maximize=True), strict=True):
            if similarity[row, column] > 0:
                assigned[row] = int(column)
    return assigned


class IdentitySimilarity:
    """Face likeness of each character to its reference, times presence.

    Per frame, the faces found are assigned to the character references jointly. Score of a character: mean over all
    sampled frames of the likeness to its assigned face, 0 in frames where it has none: a person who vanishes in half of
    the frames scores at most half. Score of the sample: mean over the characters whose reference shows a face.
    """

    info = MetricInfo(
        name="identity_similarity",
        version=1,
        title="Face identity",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("faces",),
        packages=("scipy",),
        backend="YuNet 2023mar + dlib ResNet v1",
        roles=("character",),
        paper="after OpenS2V-Eval FaceSim (arXiv:2505.20292): with assignment, and face-less frames count 0",
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.3),
            Expectation("a missing character scores 0", "value", "missing-character", low=-0.001, high=0.05),
            Expectation("a missing object changes nothing", "ratio", "missing-object", "collage", low=0.9, high=1.1),
            Expectation("half presence scores about half", "ratio", "flicker", "collage", low=0.35, high=0.7),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        faces: SampleFaces = sample.feature("faces")
        if not faces.references:
            return Score(None, reason="the case has no character")
        templates = {name: views[0] for name, views in faces.references.items()}
        known = {name: face for name, face in templates.items() if face and face.confidence >= MIN_CONFIDENCE}
        if not known:
            unknown = {name: _element_score(None) for name in templates}
            return Score(None, reason="no clear face in any character's reference", per_element=unknown)
        per_frame: dict[str, list[float]] = {name: [] for name in known}
        best: dict[str, Evidence] = {}
        for index, found in zip(sample.frames, faces.frames, strict=True):
            similarity = _similarities(list(known.values()), found)
            for row, (name, column) in enumerate(zip(known, assign(similarity), strict=True)):
                value = 0.0 if column is None else float(similarity[row, column])
                per_frame[name].append(value)
                if column is not None and value > (best[name].value or 0.0 if name in best else 0.0):
                    best[name] = Evidence(index, found[column].box, name, value)
        per_element = {name: _element_score(per_frame.get(name)) for name in templates}
        values = [entry.value for entry in per_element.values() if entry.value is not None]
        with_face = sum(bool(found) for found in faces.frames) / len(faces.frames)
        return Score(
            sum(values) / len(values),
            frames=sample.frames,
            per_element=per_element,
            evidence=tuple(best[name] for name in known if name in best),
            details={"face_detection_rate": with_face, "faces_per_frame": [len(found) for found in faces.frames]},
        )


def _similarities(references: list[Face], found: tuple[Face, ...]) -> NDArray[np.float64]:
    a = np.array([face.descriptor for face in references])
    b = np.array([face.descriptor for face in found]).reshape(len(found), a.shape[1])
    return likeness(np.linalg.norm(a[:, None] - b[None], axis=-1))


def _element_score(values: list[float] | None) -> ElementScore:
    if values is None:
        return ElementScore(None, reason="no clear face in the reference")
    presence = sum(value > 0 for value in values) / len(values)
    return ElementScore(sum(values) / len(values), presence=presence, per_frame=tuple(values))
