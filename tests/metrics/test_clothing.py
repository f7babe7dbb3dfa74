"""Clothing: told from another's clothes, from other colours, and left alone where nothing of it is shown."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from a2bench.base.counting import take_counts
from a2bench.base.hashing import file_sha256
from a2bench.model.cases import ImageFile, load_suite
from a2bench.model.metrics import Sample
from a2bench.model.scores import Score
from a2bench.model.video import Video
from a2bench_metrics.clothing import Worn, chest_box
from a2bench_metrics.clothing_similarity import ClothingSimilarity, likeness
from a2bench_metrics.faces import REFERENCE_LONG_SIDE
from tests.metrics.conftest import MakeSample

CASE = "astronaut-officer-launchpad"
FRAMES = 3


def short(sample: Sample, frames: object = None) -> Sample:
    """The same case over the first frames, or over others."""
    pixels = sample.video.frames[:FRAMES] if frames is None else frames
    return Sample(sample.case, replace(sample.video, frames=pixels))


@pytest.fixture(scope="module")
def collage(make_sample: MakeSample) -> Sample:
    return short(make_sample("collage", CASE))


@pytest.fixture(scope="module")
def usual(collage: Sample) -> Score:
    take_counts()
    collage.feature("faces"), collage.feature("dense")
    take_counts()
    score = ClothingSimilarity().score(collage)
    assert not [key for key in take_counts() if key.startswith(("forward", "decode"))], "no frame is looked at again"
    return score


def test_people_in_their_own_clothes_have_a_high_score(usual: Score) -> None:
    assert usual.value is not None and usual.value > 0.8
    assert {one.element for one in usual.evidence} == set(usual.per_element)


def test_other_colours_and_another_ones_clothes_cost_more_than_a_darker_picture(collage: Sample, usual: Score) -> None:
    boxes = {
        name: chest_box(collage.feature("faces").frames[0][place].box, (832, 480))
        for place, name in enumerate(_by_place(collage))
    }
    dressed = collage.video.frames.copy()
    (x0, y0, x1, y1), (u0, v0, u1, v1) = ([round(side) for side in box] for box in boxes.values() if box)
    dressed[:, y0:y1, x0:x1] = dressed[:, y0:y1, x0:x1, [2, 0, 1]]
    striped = np.indices((v1 - v0, u1 - u0)).sum(axis=0) // 8 % 2 * 200
    dressed[:, v0:v1, u0:u1] = striped[..., None]
    names = list(boxes)
    other = ClothingSimilarity().score(short(collage, dressed)).per_element
    darker = ClothingSimilarity().score(short(collage, (collage.video.frames * 0.75).astype(np.uint8))).per_element
    own = usual.per_element
    assert _value(other[names[0]]) < _value(own[names[0]]) - 0.2, "other colours"
    assert _value(other[names[1]]) < 0.3, "other clothes"
    assert all(_value(darker[name]) > _value(own[name]) - 0.2 for name in names)


def _by_place(sample: Sample) -> list[str]:
    """The characters in the order of the faces of the first frame."""
    from a2bench_metrics.people import assign, similarities

    faces = sample.feature("faces")
    columns = assign(similarities(list(faces.known.values()), faces.frames[0]))
    return [name for _, name in sorted(zip(columns, faces.known, strict=True))]  # type: ignore[type-var]


def _value(element: object) -> float:
    value = element.value  # type: ignore[attr-defined]
    assert value is not None
    return float(value)


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("grey", [0, 128])
def test_nobody_wears_anything_in_an_empty_video(frames: int, grey: int) -> None:
    case = next(case for case in load_suite("a2bench-mini").cases if case.id == CASE)
    score = ClothingSimilarity().score(
        Sample(case, Video(np.full((frames, 480, 832, 3), grey, np.uint8), Fraction(16)))
    )
    assert score.value == 0 and not score.evidence


@pytest.mark.parametrize(
    ("case_id", "reason"),
    [("racing-car-fire-engine-road", "the case has no character"), ("rabbit-morning-stretch", "no clear face")],
)
def test_what_has_no_face_has_no_score(case_id: str, reason: str) -> None:
    case = next(case for case in load_suite("a2bench-mini").cases if case.id == case_id)
    score = ClothingSimilarity().score(Sample(case, Video(np.zeros((1, 64, 96, 3), np.uint8), Fraction(16))))
    assert score.value is None and reason in str(score.reason)


def test_a_reference_of_a_face_alone_has_no_score_and_says_so(collage: Sample, tmp_path: Path) -> None:
    """The astronaut's portrait, cut off at the chin."""
    name, element = next(iter(collage.case.named_elements("character")))
    face = collage.feature("faces").known[name]
    picture = Image.open(element.reference.path).convert("RGB")
    scale = max(picture.size) / REFERENCE_LONG_SIDE
    picture.crop((0, 0, picture.width, round(face.box[3] * scale * 1.1))).save(tmp_path / "face.png")
    alone = ImageFile(file="face.png", sha256=file_sha256(tmp_path / "face.png"), root=tmp_path)
    cut = element.model_copy(update={"reference": alone, "cutout": None})
    elements = tuple(cut if one is element else one for one in collage.case.elements)
    score = ClothingSimilarity().score(Sample(collage.case.model_copy(update={"elements": elements}), collage.video))
    assert score.per_element[name].reason == "the reference shows only a face"
    assert score.value is not None, "the other one's clothes are measured"


def test_a_frame_that_cuts_the_chest_off_says_nothing_and_one_without_the_person_says_zero() -> None:
    box = (10.0, 10.0, 60.0, 80.0)
    assert likeness(Worn(None, None, box)) is None
    assert likeness(None) == 0
    assert likeness(Worn(0.2, 0.3, box)) == 0, "another's"
    assert chest_box((0.0, 0.0, 90.0, 95.0), (100, 100)) is None
