"""Does a person stay the same person from the beginning of the video to its end?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.faces import SampleFaces
from a2bench_metrics.people import likeness


def likeness_to_first(frames: list[NDArray[np.float64]]) -> list[float | None]:
    """How much the people of each frame are still those of the first frame that shows any.

    In each later frame people are assigned to those of the first jointly (Hungarian, largest sum of likeness). As many
    count as both frames have: somebody who left is not judged, somebody who became another counts 0.

    Args:
        frames: for each frame the face descriptors ``[N, D]`` of its people, N from 0.

    Returns:
        For each frame the mean likeness in [0, 1]; None for frames without people, and up to the first one with any.
    """
    from scipy.optimize import linear_sum_assignment

    first: NDArray[np.float64] | None = None
    values: list[float | None] = []
    for people in frames:
        if first is None or not len(people):
            values.append(None)
            first = people if first is None and len(people) else first
            continue
        alike = likeness(np.linalg.norm(first[:, None] - people[None], axis=-1))
        rows, columns = linear_sum_assignment(alike, maximize=True)
        values.append(float(alike[rows, columns].mean()))
    return values


class IdentityDrift:
    """``1 - mean likeness to the first frame with a face``: 0 is the same people throughout. Needs no reference."""

    info = MetricInfo(
        name="identity_drift",
        version=1,
        title="Identity drift",
        group="consistency",
        range=(0, 1),
        direction="lower",
        touched_by=("length",),
        features=("faces",),
        packages=("scipy",),
        backend="YuNet 2023mar + dlib ResNet v1",
        paper="A2Bench; likeness as in identity_similarity, against the video's own first face",
        expectations=(
            Expectation("a still person does not drift", "value", "frozen", low=-0.001, high=0.02),
            Expectation("a person who only moves hardly drifts", "value", "collage", low=-0.001, high=0.15),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        faces: SampleFaces = sample.feature("faces")
        people = [[face.descriptor for face in found] for found in faces.frames]
        values = likeness_to_first([np.array(found) for found in people])
        measured = [value for value in values if value is not None]
        if not measured:
            seen = sum(bool(found) for found in people)
            return Score(None, reason=f"a face in {seen} of {len(people)} frames; drift needs 2")
        drift = tuple(None if value is None else 1 - value for value in values)
        return Score(1 - float(np.mean(measured)), frames=sample.frames, per_frame=drift)
