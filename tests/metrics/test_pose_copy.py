"""Copied poses: landmarks against SciPy's Procrustes analysis, and pictures of one thing from two sides."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import procrustes

from a2bench.adapters.composition import load_image
from a2bench.base.counting import take_counts
from a2bench.model.cases import Case, load_suite
from a2bench.model.metrics import Sample
from a2bench.model.video import Video
from a2bench_metrics.images import element_image
from a2bench_metrics.pose_copy import FRONTAL, JITTER, PoseCopy, head_copied, pose_distance, view_copied
from a2bench_metrics.views import View


def case(name: str) -> Case:
    return next(one for one in load_suite("a2bench-mini").cases if one.id == name)


@pytest.mark.parametrize("seed", range(5))
def test_the_distance_of_two_heads_is_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (FRONTAL + rng.normal(0, 0.08, (5, 2)) for _ in range(2))
    # SciPy reflects where that fits better, but the eyes of a mirrored face have changed places.
    expected = min(procrustes(a, b)[2], procrustes(a, b[[1, 0, 2, 4, 3]])[2])
    assert pose_distance(a, b) ** 2 == pytest.approx(expected, abs=1e-9)


def test_place_size_tilt_and_mirroring_are_no_pose_and_a_turn_is() -> None:
    rng = np.random.default_rng(0)
    head = FRONTAL + rng.normal(0, 0.1, (5, 2))
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    mirrored = ((head * [-1, 1])[[1, 0, 2, 4, 3]]) @ turn.T
    assert pose_distance(head, 40 * head @ turn.T + [300, 100]) == pytest.approx(0, abs=1e-6)
    assert pose_distance(head, 40 * mirrored + [300, 100]) == pytest.approx(0, abs=1e-6)
    turned = FRONTAL + np.array([[0, 0], [0, 0], [0.3, 0], [0, 0], [0, 0]])
    assert pose_distance(FRONTAL, turned) > 0.15


def test_a_copy_counts_up_to_jitter_and_a_face_to_the_camera_not_at_all() -> None:
    assert [head_copied(d, 0.2) for d in (0.0, JITTER, 0.13, 0.2, 0.4)] == pytest.approx([1, 1, 0.5, 0, 0])
    box = (0.0, 0.0, 1.0, 1.0)
    assert [view_copied(View(s, 0.6, box)) for s in (0.4, 0.6, 0.7, 0.85, 1.0)] == pytest.approx([0, 0, 0.4, 1, 1])


def test_the_shown_side_is_a_copy_another_side_is_not_and_nothing_is_neither() -> None:
    rabbit = case("rabbit-morning-stretch")
    element = rabbit.elements[0]
    shown = element_image(element)
    cutout = Image.merge("RGBA", (*Image.fromarray(shown.pixels).split(), Image.fromarray(np.uint8(shown.mask * 255))))
    other = load_image(element.second_views[0]).convert("RGBA")
    place = next(one for one in case("astronaut-balloon-tea-garden").elements if one.role == "background")
    frames = []
    for picture in (cutout, other, None):
        frame = load_image(place.reference).convert("RGB").resize((832, 480))
        if picture:
            picture.thumbnail((300, 300))
            frame.paste(picture, (260, 120), picture)
        frames.append(np.asarray(frame))
    take_counts()
    score = PoseCopy().score(Sample(rabbit, Video(np.stack(frames), Fraction(1))))
    counts = take_counts()
    copied, reshot, nothing = score.per_element["character"].per_frame
    assert copied is not None and copied > 0.8
    assert reshot == 0 and nothing is None
    assert score.value == score.per_element["character"].value == copied / 2
    assert score.per_element["character"].presence == 2 / 3
    (evidence,) = score.evidence
    assert evidence.frame == 0 and evidence.box and evidence.box[0] < 410 < evidence.box[2]
    # The second view costs a template, once for a suite, and no look at a frame of its own.
    assert counts["forward:dense"] == counts["forward:faces"] == 3 and counts.get("reference:views", 1) == 1


def test_what_tells_no_pose_is_unmeasured_with_the_reason() -> None:
    video = Video(np.zeros((1, 64, 64, 3), np.uint8), Fraction(1))
    frontal = PoseCopy().score(Sample(case("astronaut-latte"), video))
    assert frontal.reason == "no second views, and no turned head in the reference; no second views"
    absent = PoseCopy().score(Sample(case("rabbit-morning-stretch"), video))
    assert absent.reason == "not found in any frame"
