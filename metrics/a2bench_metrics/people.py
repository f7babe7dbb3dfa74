"""Who is who: the faces of a video, followed over time and assigned to the references together.

In each frame the references share out the faces so that the sum of likenesses is largest (Hungarian assignment); faces
are linked over time by where they are, so that a track whose face becomes another person's is seen as a swap. Pure
arithmetic on descriptors and boxes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from a2bench_metrics.faces import Face

SAME = 0.3
"""Descriptor distance up to which two faces count as fully alike: two good photographs of one person."""
DIFFERENT = 0.75
"""Descriptor distance from which nothing of the likeness is left: two people have 0.84 in photographs (median of pairs
in the reference catalogue) and 0.71 in drawings; one drawn person stays below 0.55 under mild changes."""
STRANGER = 0.65
"""Descriptor distance beyond which a face in a person's place is another's: dlib's own limit of 0.6 and some slack."""
TWICE = 0.5
"""Descriptor distance up to which a further face is a second copy of a person rather than someone alike."""
REACH = 1.5
"""Farthest way of a face between two looked-at frames, in face sizes, for it to stay one track."""
NOTABLE = 0.5
"""Smallest size of a stranger's face, as a share of the largest face of the video: passers-by take nobody's place."""


@dataclass(frozen=True)
class Sight:
    """What the faces of one frame say of one reference.

    face: the reference's own face, or None. likeness: of it, in [0, 1]. copies: faces that are this person's.
    other: whose face is in its place instead (a reference's name, or ``stranger``); other_face: that face;
    other_likeness: how much of this reference is left in it. others: all faces of the frame but its own.
    """

    face: Face | None = None
    likeness: float = 0.0
    copies: int = 0
    other: str | None = None
    other_face: Face | None = None
    other_likeness: float = 0.0
    others: tuple[Face, ...] = ()


def likeness(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Likeness in [0, 1] from dlib descriptor distances: 1 up to 0.3, 1/3 at dlib's own limit of 0.6, 0 from 0.75."""
    return np.clip((DIFFERENT - distances) / (DIFFERENT - SAME), 0.0, 1.0)


def similarities(references: Sequence[Face], found: Sequence[Face]) -> NDArray[np.float64]:
    """Likeness of each reference (row) to each face (column)."""
    a = np.array([face.descriptor for face in references]).reshape(len(references), -1)
    b = np.array([face.descriptor for face in found]).reshape(len(found), a.shape[1])
    return likeness(np.linalg.norm(a[:, None] - b[None], axis=-1))


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


def link(frames: Sequence[Sequence[Face]]) -> list[list[int]]:
    """The number of the track that each face of each frame belongs to.

    Neighbouring frames are matched by the way between faces in face sizes; where two ways are about as short (people
    who cross), the more alike descriptors decide.
    """
    from scipy.optimize import linear_sum_assignment

    tracks: list[list[int]] = []
    count = 0
    for index, faces in enumerate(frames):
        before = frames[index - 1] if index else ()
        cost = np.array([[_way(old, new) for new in faces] for old in before]).reshape(len(before), len(faces))
        numbers = [-1] * len(faces)
        for old, new in zip(*linear_sum_assignment(cost), strict=True):
            if cost[old, new] < REACH + 1:
                numbers[new] = tracks[-1][old]
        for place, number in enumerate(numbers):
            if number < 0:
                numbers[place], count = count, count + 1
        tracks.append(numbers)
    return tracks


def _way(old: Face, new: Face) -> float:
    """The way between two faces in face sizes plus how unlike they are; out of reach, or of another size: very far."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = old.box, new.box
    sizes = sorted((_size(old), _size(new)))
    way = float(np.hypot((x0 + x1 - u0 - u1) / 2, (y0 + y1 - v0 - v1) / 2)) / max(sizes[1], 1.0)
    unlike = min(1.0, float(np.linalg.norm(old.descriptor - new.descriptor)))
    return way + unlike if way <= REACH and sizes[0] >= sizes[1] / 2 else 1e3


def sight_people(references: Mapping[str, Face], frames: Sequence[Sequence[Face]]) -> dict[str, list[Sight]]:
    """What each frame's faces say of each reference.

    Args:
        references: for each person the face of the reference.
        frames: for each looked-at frame its faces.
    """
    if not references:
        return {}
    names = list(references)
    tracks = link(frames)
    tables = [similarities(list(references.values()), faces) for faces in frames]
    shared = [assign(np.where(table >= _STRANGER_LIKENESS, table, 0.0)) for table in tables]
    owners = _owners(tables, shared, tracks)
    largest = max((_size(face) for faces in frames for face in faces), default=0.0)
    sights: dict[str, list[Sight]] = {name: [] for name in names}
    for faces, table, own, numbers in zip(frames, tables, shared, tracks, strict=True):
        holder = {face: row for row, face in enumerate(own) if face is not None}
        for row, name in enumerate(names):
            other = _intruder(row, table, own, holder, [owners.get(number) for number in numbers])
            if other is None and own[row] is None:
                other = _stranger(faces, holder, [owners.get(number) for number in numbers], largest)
            face = own[row]
            twice = [f for f in range(len(faces)) if table[row, f] >= _TWICE_LIKENESS and holder.get(f, row) == row]
            sights[name].append(
                Sight(
                    face=None if face is None else faces[face],
                    likeness=0.0 if face is None else float(table[row, face]),
                    copies=len({*twice, face} - {None}),
                    other=None if other is None else names[holder[other]] if other in holder else "stranger",
                    other_face=None if other is None else faces[other],
                    other_likeness=0.0 if other is None else float(table[row, other]),
                    others=tuple(one for place, one in enumerate(faces) if place != face),
                )
            )
    return sights


_STRANGER_LIKENESS, _TWICE_LIKENESS = (float(likeness(np.array(distance))) for distance in (STRANGER, TWICE))


def _owners(
    tables: Sequence[NDArray[np.float64]], shared: Sequence[list[int | None]], tracks: Sequence[list[int]]
) -> dict[int, int]:
    """The reference that each track shows most: for whom its faces' likenesses add up to most, the first of equals."""
    sums: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for table, own, numbers in zip(tables, shared, tracks, strict=True):
        for row, face in enumerate(own):
            if face is not None:
                sums[numbers[face]][row] += float(table[row, face])
    # Two who change places exactly in the middle are a tie but for the last digits: the first to come owns the track.
    return {number: max(rows, key=lambda row: round(rows[row], 1)) for number, rows in sums.items()}


def _intruder(
    row: int, table: NDArray[np.float64], own: list[int | None], holder: dict[int, int], owners: list[int | None]
) -> int | None:
    """The face in this reference's own track that is somebody else's, or the face in which two people are blended."""
    for face, owner in enumerate(owners):
        is_copy = face not in holder and table[row, face] >= _TWICE_LIKENESS
        if owner == row and own[row] != face and not is_copy:
            return face
    if own[row] is None and table.shape[1]:
        best = int(table[row].argmax())
        if table[row, best] >= _TWICE_LIKENESS and best in holder:
            return best
    return None


def _stranger(faces: Sequence[Face], holder: dict[int, int], owners: list[int | None], largest: float) -> int | None:
    """The largest face that is nobody's, if it is large enough to take someone's place."""
    free = [f for f, owner in enumerate(owners) if f not in holder and owner is None]
    free = [f for f in free if _size(faces[f]) >= NOTABLE * largest]
    return max(free, key=lambda f: _size(faces[f]), default=None)


def _size(face: Face) -> float:
    return max(face.box[2] - face.box[0], face.box[3] - face.box[1])
