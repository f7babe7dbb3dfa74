"""Is each person in the video the person of its reference?"""

from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Evidence, Expectation, Limit, MetricInfo, Score
from a2bench_metrics.faces import SampleFaces
from a2bench_metrics.people import assign, similarities


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
        protocol=(Limit("short_side", "the detector sees no face in smaller frames, which is not absence", low=64),),
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
        known = faces.known
        if not known:
            unknown = {name: _element_score(None) for name in faces.references}
            return Score(None, reason="no clear face in any character's reference", per_element=unknown)
        per_frame: dict[str, list[float]] = {name: [] for name in known}
        best: dict[str, Evidence] = {}
        for index, found in zip(sample.frames, faces.frames, strict=True):
            similarity = similarities(list(known.values()), found)
            for row, (name, column) in enumerate(zip(known, assign(similarity), strict=True)):
                value = 0.0 if column is None else float(similarity[row, column])
                per_frame[name].append(value)
                if column is not None and value > (best[name].value or 0.0 if name in best else 0.0):
                    best[name] = Evidence(index, found[column].box, name, value)
        per_element = {name: _element_score(per_frame.get(name)) for name in faces.references}
        values = [entry.value for entry in per_element.values() if entry.value is not None]
        with_face = sum(bool(found) for found in faces.frames) / len(faces.frames)
        return Score(
            sum(values) / len(values),
            frames=sample.frames,
            per_element=per_element,
            evidence=tuple(best[name] for name in known if name in best),
            details={"face_detection_rate": with_face, "faces_per_frame": [len(found) for found in faces.frames]},
        )


def _element_score(values: list[float] | None) -> ElementScore:
    if values is None:
        return ElementScore(None, reason="no clear face in the reference")
    presence = sum(value > 0 for value in values) / len(values)
    return ElementScore(sum(values) / len(values), presence=presence, per_frame=tuple(values))
