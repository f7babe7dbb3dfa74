"""Feature ``ledger``: what became of each element, from what the finders say of each looked-at frame.

Characters whose reference shows a clear face are judged by their faces first and by their looks where no face is seen;
other characters and objects by their looks; a background where the foreground is not. The thresholds belong to these
finders: `metrics/calibration/README.md`.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from a2bench.model.ledger import Box, Entry, Limits, Observation, make_entry
from a2bench.model.metrics import FeatureInfo, Sample
from a2bench_metrics.alignment import Alignment
from a2bench_metrics.background_similarity import SamplePlaces, fidelity
from a2bench_metrics.exchanges import exchanged
from a2bench_metrics.faces import SampleFaces
from a2bench_metrics.finder import Hit
from a2bench_metrics.people import Sight, sight_people

PASTED = 0.8
"""Correlation with the reference's own pixels from which an element is a copy."""
DRIFTED = 0.65
"""Likeness to the reference, by looks, below which a found element is not quite itself."""
FACE_DRIFTED = 1 / 3
"""Likeness of faces below which a person is not quite itself: dlib's own limit of 0.6."""
PLACE_DRIFTED = 0.5
"""Likeness of the background below which it is not quite the same place."""

GROUND = 0.64
"""Likeness to the background below which something else is where an element was."""
GONE = 0.42
"""Score of the finder above which an element that does not count as found may still be there."""
NEVER = 2.0
"""No correlation is as large: a background may be the reference's own, it is there to be in it."""


class LedgerFeature:
    """Computes an `a2bench.model.ledger.Entry` for each element, in JSON values."""

    info = FeatureInfo(
        name="ledger",
        version=6,
        backend="faces, looks and places together",
        features=("hits", "places", "faces", "alignment"),
        packages=("scipy",),
    )

    def compute(self, sample: Sample) -> dict[str, Entry]:
        """The ledger by element id, in the order of the case; without a background that is covered all the time."""
        hits: dict[str, tuple[Hit, ...]] = sample.feature("hits")
        faces: SampleFaces = sample.feature("faces")
        places: SamplePlaces = sample.feature("places")
        aligned, alignments = sample.feature("alignment")
        sights = sight_people(faces.known, faces.frames)
        seen: dict[str, list[Observation]] = {}
        for name, _ in sample.case.named_elements("character", "object"):
            pasted = around(sample.frames, aligned, alignments[name])
            if name in sights:
                seen[name] = observe_person(sights[name], hits[name], pasted, places.behind[name])
            else:
                seen[name] = observe_looks(hits[name], pasted, places.behind[name])
        seen = with_exchanges(seen)
        entries = {}
        for name, element in sample.case.named_elements():
            if element.role == "background":
                if observations := observe_place(places.scores[name]):
                    entries[name] = _entry(sample, observations, Limits(PLACE_DRIFTED, NEVER), "cells of the place")
            elif name in sights:
                entries[name] = _entry(sample, seen[name], Limits(FACE_DRIFTED, PASTED), "faces, then looks")
            else:
                entries[name] = _entry(sample, seen[name], Limits(DRIFTED, PASTED), "looks")
        return entries


def _entry(sample: Sample, observations: Sequence[Observation], limits: Limits, finder: str) -> Entry:
    video = sample.video
    return make_entry(observations, limits, sample.frames, video.num_frames, float(video.fps), finder)


def around(frames: Sequence[int], aligned: Sequence[int], alignments: Sequence[Alignment]) -> list[float]:
    """For each frame the larger correlation of the aligned frames just before and just after it."""
    places = [bisect_right(aligned, frame) for frame in frames]
    return [max(one.correlation for one in alignments[max(0, place - 1) : place + 1]) for place in places]


def observe_looks(hits: Sequence[Hit], pasted: Sequence[float], behind: Sequence[float | None]) -> list[Observation]:
    """What the frames show of an element that is known by its looks."""
    return [_look(hit, share, ground) for hit, share, ground in zip(hits, pasted, behind, strict=True)]


def _look(hit: Hit, pasted: float, behind: float | None) -> Observation:
    if hit.found:
        return Observation(hit.fidelity, hit.box, copies=hit.copies, pasted=pasted)
    if behind is not None and behind < GROUND and hit.score < GONE:
        return Observation(0.0, other="something else")
    return Observation(0.0)


def observe_person(
    sights: Sequence[Sight], hits: Sequence[Hit], pasted: Sequence[float], behind: Sequence[float | None]
) -> list[Observation]:
    """What the frames show of a person whose face is known: by the face, or by the looks where no face is seen."""
    looks = observe_looks(hits, pasted, behind)
    return [_person(sight, look, share) for sight, look, share in zip(sights, looks, pasted, strict=True)]


def _person(sight: Sight, look: Observation, pasted: float) -> Observation:
    if sight.other is not None and sight.other_face is not None:
        here = look.box is not None and _holds(look.box, sight.other_face.box)
        if sight.other == "stranger" and here and sight.other_likeness > 0:
            # The right looks around a face that is hardly the person's: more likely a bad picture than another person.
            return Observation(sight.other_likeness, look.box)
        # A stranger takes a person's place, unless the person is seen somewhere else, face averted.
        if sight.other != "stranger" or look.box is None or here:
            return Observation(0.0, sight.other_face.box, other=sight.other)
    if sight.face is None:
        # Looks count where no face is seen: what wears another's face is another, however alike.
        return Observation(0.0) if any(_heads(look.box, face.box) for face in sight.others) else look
    around = look.box if look.box is not None and _holds(look.box, sight.face.box) else sight.face.box
    return Observation(sight.likeness, around, copies=sight.copies, pasted=pasted)


def with_exchanges(seen: Mapping[str, Sequence[Observation]]) -> dict[str, list[Observation]]:
    """The observations, in which elements that have changed places with each other are in the other's place."""
    boxes = {name: [one.box if one.found else None for one in own] for name, own in seen.items()}
    others = exchanged(boxes)
    return {
        name: [
            one if other is None or not one.found else Observation(0.0, boxes[other][frame], other=other)
            for frame, (one, other) in enumerate(zip(own, others[name], strict=True))
        ]
        for name, own in seen.items()
    }


def _heads(box: Box | None, face: Box) -> bool:
    """Whether a face is in the middle half of a box, from left to right."""
    if box is None:
        return False
    quarter = (box[2] - box[0]) / 4
    return _holds((box[0] + quarter, box[1], box[2] - quarter, box[3]), face)


def _holds(box: Box, other: Box) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def observe_place(scores: Sequence[float | None]) -> list[Observation]:
    """What the frames show of a background; a frame that the elements cover says what its neighbours say.

    Empty when they cover it in every frame.
    """
    known = [index for index, score in enumerate(scores) if score is not None]
    observations = []
    for index in range(len(scores) if known else 0):
        score = scores[min(known, key=lambda other: abs(other - index))]
        observations.append(Observation(fidelity(score or 0.0)))
    return observations
