"""Is each element seen all the time as in its reference: the head turned the same way, the thing from the same side?"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2bench.model.cases import Element
from a2bench.model.ledger import Box
from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Evidence, Expectation, MetricInfo, Score
from a2bench_metrics.faces import Face, SampleFaces
from a2bench_metrics.people import assign, similarities
from a2bench_metrics.views import View

ADVANTAGE = 0.25
"""How much better than the second views the shown reference fits a frame that copies it: `metrics/calibration`."""
FRONTAL = np.array([(-0.5, -0.535), (0.5, -0.535), (0.0, 0.068), (-0.441, 0.501), (0.441, 0.501)])
"""Eyes, nose, corners of the mouth of a face to the camera: YuNet's, mean of 49 portraits and their mirror images."""
JITTER = 0.06
"""Distance between the landmarks of a reference and of its exact copy in a video."""
TURNED = 0.12
"""Distance from `FRONTAL` of a head whose pose says anything: people who face the camera are all alike."""


def pose_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """How differently two heads are held, whatever their place, size, and tilt in the picture, and mirrored or not.

    The full Procrustes distance (Dryden and Mardia 2016, section 4.2): what is left of one after the best similarity
    transform to the other, relative to its size.

    Args:
        a: ``[5, 2]`` both eyes, the nose, and both corners of the mouth, as YuNet orders them.
        b: the same of the other head.

    Returns:
        In [0, 1], 0 for the same pose.
    """
    one, other = _shape(a), _shape(b)
    # A mirrored face has its left eye where the right one was.
    mirrored = -other.conj()[[1, 0, 2, 4, 3]]
    likeness = max(float(abs(np.vdot(one, shape))) for shape in (other, mirrored))
    return math.sqrt(max(0.0, 1 - likeness**2))


def _shape(landmarks: NDArray[np.float64]) -> NDArray[np.complex128]:
    points: NDArray[np.complex128] = landmarks[:, 0] + 1j * landmarks[:, 1]
    points = points - points.mean()
    return points / max(float(np.linalg.norm(points)), 1e-12)


def head_copied(distance: float, turned: float) -> float:
    """In [0, 1]: 1 where a head has its reference's pose, 0 where it is as far from it as a face to the camera is.

    Args:
        distance: of its pose from the reference's.
        turned: of the reference's pose from that of a face to the camera.
    """
    return min(1.0, max(0.0, (turned - distance) / (turned - JITTER)))


def view_copied(view: View) -> float:
    """In [0, 1]: 0 where a second view fits as well as the shown reference, 1 where that one fits as a copy does."""
    return min(1.0, max(0.0, (view.shown - view.held_out) / ADVANTAGE))


class PoseCopy:
    """How far each character and object keeps the pose or side of its reference where it is seen; lower is better.

    Elements with second views are judged by them, other characters by the head, where the reference shows it turned.
    Score of an element: mean over the frames in which it is found. Score of the sample: mean over its elements.
    """

    info = MetricInfo(
        name="pose_copy",
        version=1,
        title="Copied pose",
        group="consistency",
        range=(0, 1),
        direction="lower",
        features=("views", "faces"),
        packages=("scipy",),
        backend="EfficientNet-Lite0 cells, YuNet landmarks",
        roles=("character", "object"),
        paper="A2Bench; second views as in ViStoryBench's copy-paste score (arXiv:2505.24862)",
        expectations=(
            Expectation("a collage copies the pose", "value", "collage", low=0.5, high=1.0),
            Expectation("mirroring does not hide it", "value", "mirrored", low=0.5, high=1.0),
            Expectation("what is not the reference copies it less", "difference", "collage", "shuffled", low=0.2),
            Expectation("it stays copied in other colours", "ratio", "colour-shift", "collage", low=0.6, high=1.2),
            Expectation("half presence is copied all the same", "ratio", "half", "collage", low=0.8, high=1.2),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        named = dict(sample.case.named_elements("character", "object"))
        if not named:
            return Score(None, reason="the case has neither a character nor an object")
        judged = {**_by_heads(sample), **_by_views(sample)}
        per_element = {}
        evidence = []
        for name, element in named.items():
            if name not in judged:
                per_element[name] = ElementScore(None, reason=_unjudged(element))
                continue
            per_element[name] = _element(judged[name].curve)
            known = [place for place, value in enumerate(judged[name].curve) if value is not None]
            if known:
                best = max(known, key=lambda place: judged[name].curve[place] or 0.0)
                evidence.append(Evidence(sample.frames[best], judged[name].boxes[best], name, judged[name].curve[best]))
        values = [entry.value for entry in per_element.values() if entry.value is not None]
        details = {"judged_by": {name: one.by for name, one in judged.items()}}
        if not values:
            reason = "; ".join(dict.fromkeys(entry.reason or "" for entry in per_element.values()))
            return Score(None, reason=reason, per_element=per_element, details=details)
        value = math.fsum(values) / len(values)
        return Score(value, frames=sample.frames, per_element=per_element, evidence=tuple(evidence), details=details)


class _Judged(NamedTuple):
    """What tells of one element: by what, how far it is copied in each frame (None where it is not seen), and where."""

    by: str
    curve: tuple[float | None, ...]
    boxes: tuple[Box | None, ...]


def _by_views(sample: Sample) -> dict[str, _Judged]:
    if not any(element.second_views for _, element in sample.case.named_elements("character", "object")):
        return {}
    views: dict[str, tuple[View, ...]] = sample.feature("views")
    return {
        name: _Judged(
            "second views",
            tuple(view_copied(one) if one.found else None for one in seen),
            tuple(one.box if one.found else None for one in seen),
        )
        for name, seen in views.items()
    }


def _by_heads(sample: Sample) -> dict[str, _Judged]:
    if not any(True for _ in sample.case.named_elements("character")):
        return {}
    faces: SampleFaces = sample.feature("faces")
    known = faces.known
    own: dict[str, list[Face | None]] = {name: [] for name in known}
    for found in faces.frames:
        columns = assign(similarities(list(known.values()), found)) if known else []
        for name, column in zip(known, columns, strict=True):
            own[name].append(None if column is None else found[column])
    judged = {}
    for name, reference in known.items():
        pose = np.array(reference.landmarks)
        turned = pose_distance(pose, FRONTAL)
        if turned >= TURNED:
            copied = [None if face is None else _head_copied(pose, face, turned) for face in own[name]]
            judged[name] = _Judged(
                "head", tuple(copied), tuple(None if face is None else face.box for face in own[name])
            )
    return judged


def _head_copied(pose: NDArray[np.float64], face: Face, turned: float) -> float:
    return head_copied(pose_distance(pose, np.array(face.landmarks)), turned)


def _element(curve: tuple[float | None, ...]) -> ElementScore:
    values = [value for value in curve if value is not None]
    presence = len(values) / len(curve)
    if not values:
        return ElementScore(None, reason="not found in any frame", presence=presence, per_frame=curve)
    return ElementScore(math.fsum(values) / len(values), presence=presence, per_frame=curve)


def _unjudged(element: Element) -> str:
    if element.role == "character":
        return "no second views, and no turned head in the reference"
    return "no second views"
