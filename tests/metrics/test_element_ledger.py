"""The element ledger against a video whose truth is known, and on what a finder cannot see."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from a2bench.model.cases import load_suite
from a2bench.model.ledger import Box, Entry, Observation
from a2bench.model.metrics import Sample
from a2bench.model.video import Video
from a2bench_metrics.element_integrity import DuplicateRate, ElementIntegrity, SwapRate
from a2bench_metrics.element_ledger import with_exchanges
from a2bench_metrics.people import Sight
from tests.metrics.conftest import MakeSample
from tests.metrics.known_truth import TRUTH, truth_case, truth_video

TOLERANCE = 0.25
"""Seconds."""


@pytest.fixture(scope="module")
def truth() -> Sample:
    return Sample(truth_case(), truth_video())


def test_who_is_there_when_is_found_within_a_quarter_of_a_second(truth: Sample) -> None:
    ledger: dict[str, Entry] = truth.feature("ledger")
    for name, entry in ledger.items():
        expected = [event for event in TRUTH if event.element == name]
        assert [span.state for span in entry["spans"]] == [event.state for event in expected], name
        for span, event in zip(entry["spans"], expected, strict=True):
            assert (span.start, span.end) == pytest.approx((event.start, event.end), abs=TOLERANCE), (name, span)


def test_verdicts_presence_and_who_did_it_of_the_known_truth(truth: Sample) -> None:
    ledger: dict[str, Entry] = truth.feature("ledger")
    verdicts = {name: entry["verdict"] for name, entry in ledger.items()}
    assert verdicts == {"character": "swapped", "object": "lost", "object-2": "duplicated", "background": "kept"}
    assert set(ledger["character"]["others"]) == {"stranger"}
    assert ledger["character"]["presence"] == pytest.approx(5 / 7, abs=0.05)
    assert ledger["object"]["first_seen"] == pytest.approx(2, abs=TOLERANCE)
    assert ledger["object"]["last_seen"] == pytest.approx(4, abs=TOLERANCE)
    assert ledger["object"]["longest_absence"] == pytest.approx(3, abs=TOLERANCE)
    assert ledger["object"]["score"] == pytest.approx(2 / 7, abs=0.1), "presence times fidelity"


def test_boxes_of_the_known_truth_are_where_things_are(truth: Sample) -> None:
    boxes = truth.feature("ledger")["object"]["boxes"]
    seen = [box for box, frame in zip(boxes, truth.frames, strict=True) if 2 <= frame / 16 < 4]
    for box in seen:
        assert box is not None
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        assert 430 < x < 630 and 80 < y < 260, box
    assert sum(box is not None for box in boxes) == len(seen)


def test_scores_of_the_known_truth_are_shares_of_its_time(truth: Sample) -> None:
    swaps, copies, kept = (metric().score(truth) for metric in (SwapRate, DuplicateRate, ElementIntegrity))
    assert swaps.per_element["character"].value == pytest.approx(2 / 7, abs=0.04)
    assert swaps.per_element["object"].value == swaps.per_element["object-2"].value == 0
    assert copies.per_element["object-2"].value == pytest.approx(4 / 7, abs=0.04)
    assert kept.per_element["background"].value == 1
    assert {one.element for one in kept.evidence} == {"character", "object", "object-2", "background"}
    assert [(one.element, one.box is not None) for one in swaps.evidence] == [("character", True)]


def test_the_background_is_measured_where_the_foreground_is_not(truth: Sample) -> None:
    """The stranger covers a third of the frame from 5 s on, and the place is as much itself as before."""
    curve = truth.feature("places").scores["background"]
    assert min(curve) > 0.8 * max(curve)


@pytest.mark.slow  # two videos through all finders; the logic is tested on descriptors in test_people.py
def test_people_who_change_places_are_seen_by_their_faces(make_sample: MakeSample) -> None:
    swapped = SwapRate().score(make_sample("swapped", "astronaut-officer-launchpad"))
    assert swapped.value == pytest.approx(0.5, abs=0.1)
    ledger = ElementIntegrity().score(make_sample("swapped", "astronaut-officer-launchpad")).details["ledger"]
    assert ledger["character"]["others"].keys() == {"character-2"}
    assert SwapRate().score(make_sample("collage", "astronaut-officer-launchpad")).value == 0


@pytest.mark.parametrize("frames", [1, 3])
def test_nothing_is_lost_in_an_empty_video_and_nothing_is_invented(frames: int) -> None:
    case = next(case for case in load_suite("a2bench-mini").cases if case.id == "astronaut-officer-launchpad")
    sample = Sample(case, Video(np.zeros((frames, 480, 832, 3), np.uint8), Fraction(16)))
    score = ElementIntegrity().score(sample)
    assert score.value == 0
    assert {entry["verdict"] for entry in score.details["ledger"].values()} == {"lost"}


def test_a_stranger_beside_someone_whose_face_is_averted_is_no_swap() -> None:
    from a2bench_metrics.element_ledger import observe_person
    from a2bench_metrics.faces import Face
    from a2bench_metrics.finder import Hit

    face = Face((600, 50, 680, 130), 0.9, np.zeros(128))
    sight = Sight(other="stranger", other_face=face)
    averted = Hit(0.8, (100.0, 40.0, 300.0, 470.0))
    assert observe_person([sight], [averted], [0.0], [None])[0].found
    same_place = replace(averted, box=(560.0, 40.0, 760.0, 470.0))
    assert observe_person([sight], [same_place], [0.0], [None])[0].other == "stranger"
    hardly = replace(sight, other_likeness=0.1)
    assert observe_person([hardly], [same_place], [0.0], [None])[0].fidelity == 0.1, "the looks say it is a bad picture"
    assert observe_person([sight], [Hit(0.2, averted.box)], [0.0], [None])[0].other == "stranger"


def test_looks_that_wear_another_persons_face_are_not_the_person() -> None:
    """On a clip of one woman the reference of a man was found by looks: both stand in front of a white wall."""
    from a2bench_metrics.element_ledger import observe_person
    from a2bench_metrics.faces import Face
    from a2bench_metrics.finder import Hit

    hers = Face((180, 60, 240, 150), 0.9, np.zeros(128))
    look = Hit(0.6, (100.0, 40.0, 330.0, 270.0))
    assert not observe_person([Sight(others=(hers,))], [look], [0.0], [None])[0].found
    beside = Hit(0.6, (10.0, 40.0, 190.0, 270.0))
    assert observe_person([Sight(others=(hers,))], [beside], [0.0], [None])[0].found, (
        "a face at the edge is a neighbour's"
    )


def test_what_stands_where_a_thing_was_is_told_from_the_ground() -> None:
    from a2bench_metrics.element_ledger import observe_looks
    from a2bench_metrics.finder import Hit

    gone, unsure = Hit(0.2, (0.0, 0.0, 1.0, 1.0)), Hit(0.45, (0.0, 0.0, 1.0, 1.0))
    one = observe_looks([gone, gone, gone, unsure], [0.0] * 4, [0.3, 0.9, None, 0.3])
    assert [observation.other for observation in one] == ["something else", None, None, None]


LEFT, MIDDLE, RIGHT = (0.0, 0.0, 40.0, 90.0), (60.0, 0.0, 100.0, 90.0), (120.0, 10.0, 180.0, 90.0)


def seen(*boxes: Box | None) -> list[Observation]:
    return [Observation(0.0) if box is None else Observation(0.9, box) for box in boxes]


def test_things_that_take_each_others_place_at_once_are_swapped() -> None:
    found = with_exchanges({"cup": seen(LEFT, LEFT, LEFT, RIGHT, None), "hat": seen(RIGHT, RIGHT, RIGHT, LEFT, LEFT)})
    assert [one.other for one in found["cup"]] == [None, None, None, "hat", None]
    assert [one.other for one in found["hat"]] == [None, None, None, "cup", "cup"]
    assert found["cup"][3].box == LEFT, "the evidence shows what is in its place"


def test_things_own_the_place_where_they_are_longest() -> None:
    found = with_exchanges({"cup": seen(LEFT, RIGHT, RIGHT), "hat": seen(RIGHT, LEFT, LEFT)})
    assert [one.other for one in found["cup"]] == ["hat", None, None]


@pytest.mark.parametrize(
    ("cup", "hat"),
    [
        ((LEFT, MIDDLE, RIGHT), (RIGHT, MIDDLE, LEFT)),  # they pass each other
        ((LEFT, RIGHT, RIGHT), (RIGHT, MIDDLE, LEFT)),  # one after the other
        ((LEFT, MIDDLE, MIDDLE), (MIDDLE, RIGHT, RIGHT)),  # the camera turns
        ((LEFT, None, RIGHT), (RIGHT, None, LEFT)),  # nobody saw it
        ((LEFT, RIGHT, LEFT), (RIGHT, RIGHT, RIGHT)),  # a finder's slip
    ],
)
def test_things_that_move_are_not_swapped(cup: Sequence[Box | None], hat: Sequence[Box | None]) -> None:
    found = with_exchanges({"cup": seen(*cup), "hat": seen(*hat)})
    assert not any(one.other for own in found.values() for one in own)
