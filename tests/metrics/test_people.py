"""Faces over time and references shared out together, on descriptors whose truth is known."""

from collections.abc import Sequence

import numpy as np

from a2bench_metrics.faces import Face
from a2bench_metrics.people import Sight, link, sight_people

ANNA, BEN, EVE = np.eye(128)[:3] * 0.7
"""Three people, 0.99 apart."""


def face(who: np.ndarray, x: float, size: float = 80) -> Face:
    return Face((x, 100, x + size, 100 + size), 0.95, who)


REFERENCES = {"character": face(ANNA, 0), "character-2": face(BEN, 0)}


def sights(*frames: Sequence[Face]) -> dict[str, list[Sight]]:
    return sight_people(REFERENCES, frames)


def others(found: list[Sight]) -> list[str | None]:
    return [sight.other for sight in found]


def test_people_in_their_places_are_themselves() -> None:
    found = sights(*[(face(BEN, 500 + 5 * i), face(ANNA, 100 + 5 * i)) for i in range(6)])
    for name in REFERENCES:
        assert [sight.likeness for sight in found[name]] == [1] * 6
        assert others(found[name]) == [None] * 6


def test_two_who_change_places_are_swapped_from_then_on() -> None:
    before, after = (face(ANNA, 100), face(BEN, 500)), (face(BEN, 100), face(ANNA, 500))
    found = sights(*[before] * 4, *[after] * 3)
    assert others(found["character"]) == [None] * 4 + ["character-2"] * 3
    assert others(found["character-2"]) == [None] * 4 + ["character"] * 3
    evenly = sights(*[before] * 4, *[after] * 4)
    assert others(evenly["character"]) == [None] * 4 + ["character-2"] * 4, "who came first owns the place"


def test_two_who_walk_past_each_other_are_not_swapped() -> None:
    frames = [(face(ANNA, 100 + 60 * i), face(BEN, 580 - 60 * i)) for i in range(9)]
    found = sights(*frames)
    assert others(found["character"]) == others(found["character-2"]) == [None] * 9


def test_a_stranger_takes_the_place_of_who_is_not_there() -> None:
    found = sights(*[(face(ANNA, 100), face(EVE, 500))] * 3)
    assert others(found["character"]) == [None] * 3
    assert others(found["character-2"]) == ["stranger"] * 3
    replaced = sights(*[(face(ANNA, 100), face(BEN, 500))] * 3, *[(face(EVE, 100), face(BEN, 500))] * 3)
    assert others(replaced["character"]) == [None] * 3 + ["stranger"] * 3


def test_passers_by_and_empty_frames_are_nobody() -> None:
    found = sights((face(ANNA, 100), face(BEN, 500)), (face(ANNA, 100), face(EVE, 500, size=20)), ())
    assert others(found["character-2"]) == [None, None, None]
    assert [sight.likeness for sight in found["character-2"]] == [1, 0, 0]


def test_more_people_than_references_change_nothing() -> None:
    crowd = [face(EVE, 700), face(np.eye(128)[5], 300), face(BEN, 500), face(ANNA, 100)]
    found = sights(*[crowd] * 3)
    assert others(found["character"]) == others(found["character-2"]) == [None] * 3
    assert [sight.copies for sight in found["character"]] == [1] * 3


def test_one_face_for_two_people_is_a_swap_of_one_of_them() -> None:
    blend = (ANNA + BEN) / 2
    found = sights(*[(face(blend, 300),)] * 3)
    assert sorted([others(found[name])[0] or "" for name in REFERENCES])[0] == ""
    assert {other for name in REFERENCES for other in others(found[name])} & set(REFERENCES)


def test_a_copy_of_a_person_is_counted_and_no_swap() -> None:
    found = sights(*[(face(ANNA, 100), face(ANNA, 400), face(BEN, 700))] * 3)
    assert [sight.copies for sight in found["character"]] == [2] * 3
    assert [sight.copies for sight in found["character-2"]] == [1] * 3
    assert others(found["character"]) == others(found["character-2"]) == [None] * 3


def test_without_references_or_faces_there_is_nothing_to_say() -> None:
    assert sight_people({}, [(face(ANNA, 0),)]) == {}
    assert others(sights((), ())["character"]) == [None, None]
    assert link([(), (face(ANNA, 0),), ()]) == [[], [0], []]


def test_a_track_ends_where_nobody_is_near() -> None:
    assert link([(face(ANNA, 0),), (face(ANNA, 60),), (face(ANNA, 600),)]) == [[0], [0], [1]]
