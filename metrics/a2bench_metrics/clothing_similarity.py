"""Does each person wear what the reference shows?"""

import math

from a2bench.model.metrics import Sample
from a2bench.model.scores import ElementScore, Evidence, Expectation, Limit, MetricInfo, Score
from a2bench_metrics.clothing import Worn
from a2bench_metrics.faces import SampleFaces

COLOUR_WEIGHT = 0.3
OTHER, SAME = 0.35, 1.05
"""Sum of cosine and weighted colours of other people's clothes, and of the reference's own: `metrics/calibration`."""


class ClothingSimilarity:
    """Likeness of what each person wears on the chest to the reference, times presence.

    Score of a character: mean over the sampled frames of the likeness, 0 in frames where its face is not seen; frames
    that cut the chest off say nothing. Score of the sample: mean over the characters whose reference shows a clear face
    with the chest below it.
    """

    info = MetricInfo(
        name="clothing_similarity",
        version=1,
        title="Clothing",
        group="consistency",
        range=(0, 1),
        direction="higher",
        features=("clothing", "faces"),
        backend="EfficientNet-Lite0 cells + HSV below YuNet + dlib faces",
        roles=("character",),
        paper="A2Bench",
        protocol=(Limit("short_side", "the detector sees no face in smaller frames, which is not absence", low=64),),
        expectations=(
            Expectation("collage is far above shuffled", "difference", "collage", "shuffled", low=0.3),
            Expectation("a missing character wears nothing", "value", "missing-character", low=0.0, high=0.05),
            Expectation("a missing object changes nothing", "ratio", "missing-object", "collage", low=0.9, high=1.1),
            Expectation("half presence scores about half", "ratio", "flicker", "collage", low=0.35, high=0.7),
            Expectation("other colours are other clothes", "difference", "colour-shift", "collage", high=-0.1),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        names = [name for name, _ in sample.case.named_elements("character")]
        if not names:
            return Score(None, reason="the case has no character")
        worn: dict[str, tuple[Worn | None, ...]] = sample.feature("clothing")
        faces: SampleFaces = sample.feature("faces")
        per_element = {name: _element(worn[name]) if name in worn else _unseen(name in faces.known) for name in names}
        values = [entry.value for entry in per_element.values() if entry.value is not None]
        if not values:
            reason = "; ".join(dict.fromkeys(entry.reason or "" for entry in per_element.values()))
            return Score(None, reason=reason, per_element=per_element)
        evidence = [one for name, rows in worn.items() if (one := _best(name, rows, sample.frames))]
        value = math.fsum(values) / len(values)
        return Score(value, frames=sample.frames, per_element=per_element, evidence=tuple(evidence))


def likeness(worn: Worn | None) -> float | None:
    """In [0, 1]; 0 where the person is not seen, None where the frame cuts the chest off.

    >>> likeness(None), likeness(Worn(None, None, (0, 0, 1, 1))), likeness(Worn(0.9, 0.7, (0, 0, 1, 1)))
    (0.0, None, 1.0)
    """
    if worn is None:
        return 0.0
    if worn.cosine is None or worn.colours is None:
        return None
    return min(1.0, max(0.0, (worn.cosine + COLOUR_WEIGHT * worn.colours - OTHER) / (SAME - OTHER)))


def _element(worn: tuple[Worn | None, ...]) -> ElementScore:
    curve = tuple(likeness(one) for one in worn)
    presence = sum(one is not None for one in worn) / len(worn)
    values = [value for value in curve if value is not None]
    if not values:
        return ElementScore(None, reason="every frame cuts the chest off", presence=presence, per_frame=curve)
    return ElementScore(math.fsum(values) / len(values), presence=presence, per_frame=curve)


def _unseen(known: bool) -> ElementScore:
    return ElementScore(None, reason="the reference shows only a face" if known else "no clear face in the reference")


def _best(name: str, worn: tuple[Worn | None, ...], frames: tuple[int, ...]) -> Evidence | None:
    seen = [
        (value, place) for place, one in enumerate(worn) if one is not None and (value := likeness(one)) is not None
    ]
    if not seen:
        return None
    value, place = max(seen, key=lambda pair: pair[0])
    one = worn[place]
    return Evidence(frames[place], one.box, name, value) if one is not None else None
