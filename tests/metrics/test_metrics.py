"""What each metric says about videos whose truth is known, and about videos it cannot measure."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from a2bench.assets.weights import feature_infos, required_weights, unmet_needs, weights_entry
from a2bench.base import registry
from a2bench.model.cases import load_suite
from a2bench.model.metrics import Sample, score_within_protocol
from a2bench.model.scores import MetricInfo, Score
from a2bench.model.video import Video
from tests.metrics.conftest import MakeSample

METRICS = sorted(registry.paths("metric"))
MEASURABLE = [name for name in METRICS if not unmet_needs(name)]
UNMEASURED = {"pose_copy": "the astronaut faces the camera, and neither it nor the balloon has second views"}
"""What the usual case says nothing of, and why; `test_pose_copy.py` has other cases."""
ROOT = Path(__file__).parents[2]


def info(name: str) -> MetricInfo:
    return registry.load("metric", name).info  # type: ignore[no-any-return]


def score(name: str, sample: Sample) -> Score:
    return score_within_protocol(registry.load("metric", name)(), sample)


def still(frames: int, value: int = 127, size: tuple[int, int] = (480, 832)) -> Sample:
    pixels = np.full((frames, *size, 3), value, np.uint8)
    case = next(case for case in load_suite("a2bench-mini").cases if case.id == "astronaut-balloon-tea-garden")
    return Sample(case, Video(pixels, Fraction(4)))


@pytest.mark.parametrize("name", METRICS)
def test_what_a_metric_says_of_itself_is_complete(name: str) -> None:
    own = info(name)
    assert own.name == name
    assert own.paper and own.backend and own.title
    assert own.expectations, "a metric must say how it orders the controls"
    assert all(weights_entry(weights).licence for weights in required_weights(name))
    assert [feature.name for feature in feature_infos(name)] == sorted(
        {feature.name for feature in feature_infos(name)}
    )
    card = (ROOT / f"metrics/cards/{name}.md").read_text(encoding="utf-8")
    for heading in ("## Formula", "## Source", "## What it cannot see", "## Validity"):
        assert heading in card, f"the card of {name} has no section {heading!r}"


@pytest.mark.parametrize("name", MEASURABLE)
@pytest.mark.parametrize("control", ["collage", "noise"])
def test_scores_stay_inside_the_range_of_the_metric(name: str, control: str, make_sample: MakeSample) -> None:
    result = score(name, make_sample(control, "astronaut-balloon-tea-garden"))
    low, high = info(name).range
    values = [result.value, *(entry.value for entry in result.per_element.values())]
    assert (result.value is None) == (name in UNMEASURED), result.reason
    for value in values:
        assert value is None or ((low is None or value >= low) and (high is None or value <= high))
    assert len(result.per_frame) in (0, len(result.frames))
    for entry in result.per_element.values():
        assert len(entry.per_frame) in (0, len(result.frames))


@pytest.mark.parametrize("name", MEASURABLE)
@pytest.mark.parametrize("frames", [1, 5])
@pytest.mark.parametrize("value", [0, 127])
def test_one_frame_black_and_flat_videos_give_a_value_or_a_reason(name: str, frames: int, value: int) -> None:
    result = score(name, still(frames, value))
    assert (result.value is None) == bool(result.reason)


@pytest.mark.parametrize("name", MEASURABLE)
def test_tiny_frames_give_a_value_or_a_reason(name: str) -> None:
    result = score(name, still(3, size=(16, 16)))
    assert (result.value is None) == bool(result.reason)


@pytest.mark.parametrize("name", MEASURABLE)
def test_a_second_scoring_gives_equal_numbers(name: str, make_sample: MakeSample) -> None:
    sample = make_sample("collage", "astronaut-balloon-tea-garden")
    video = Video(sample.video.frames[:5], sample.video.fps)
    first = score(name, Sample(sample.case, video))
    score(name, Sample(make_sample("noise", "rabbit-morning-stretch").case, video))
    assert score(name, Sample(sample.case, video)) == first


def test_motion_of_a_pan_is_its_speed_whatever_the_frame_rate_and_size() -> None:
    from a2bench_metrics.motion_amount import MotionAmount

    rng = np.random.default_rng(0)
    import cv2

    wide = cv2.GaussianBlur(rng.integers(0, 256, (240, 640, 3), dtype=np.uint8), (0, 0), 2)
    speeds = []
    for step, fps, zoom in [(4, 8, 1), (2, 16, 1), (4, 8, 2)]:
        frames = np.stack([wide[:, step * t : step * t + 400] for t in range(9)])
        if zoom > 1:
            frames = np.stack([cv2.resize(frame, None, fx=zoom, fy=zoom) for frame in frames])
        case = load_suite("a2bench-mini").cases[0]
        speeds.append(MotionAmount().score(Sample(case, Video(frames, Fraction(fps)))).value)
    # 32 pixels a second over a diagonal of 466.5.
    assert speeds == pytest.approx([100 * 32 / np.hypot(240, 400)] * 3, rel=0.1)


def test_opposite_motions_do_not_cancel() -> None:
    from a2bench_metrics.motion_amount import motion_percent_per_second

    flow = np.zeros((1, 30, 40, 2), np.float32)
    flow[:, :, :20, 0], flow[:, :, 20:, 0] = 5, -5
    assert motion_percent_per_second(flow, 10) == pytest.approx([100 * 10 * 5 / 50])


def test_two_people_are_assigned_jointly() -> None:
    from a2bench_metrics.people import assign

    # Greedy by row would give the first reference the face that only the second can have.
    assert assign(np.array([[0.8, 0.7], [0.75, 0.0]])) == [1, 0]
    assert assign(np.array([[0.8], [0.9]])) == [None, 0]
    assert assign(np.zeros((2, 0))) == [None, None]
    assert assign(np.array([[0.0, 0.0]])) == [None]


def test_likeness_is_a_third_at_dlibs_own_limit() -> None:
    from a2bench_metrics.people import likeness

    assert likeness(np.array([0.0, 0.3, 0.6, 0.75, 1.4])) == pytest.approx([1, 1, 1 / 3, 0, 0])


def test_two_people_in_one_scene_keep_their_own_faces(make_sample: MakeSample) -> None:
    case = "astronaut-officer-launchpad"
    both = score("identity_similarity", make_sample("collage", case))
    assert {name: entry.value > 0.9 for name, entry in both.per_element.items() if entry.value is not None} == {
        "character": True,
        "character-2": True,
    }
    others = score("identity_similarity", make_sample("shuffled", case))
    assert others.value is not None and others.value < 0.35


def test_a_person_who_is_not_there_scores_zero_and_not_nothing(make_sample: MakeSample) -> None:
    result = score("identity_similarity", make_sample("missing-character", "astronaut-thumbs-up"))
    assert result.value == 0
    assert result.per_element["character"].presence == 0


def test_a_reference_without_a_face_is_unmeasured_with_a_reason(make_sample: MakeSample) -> None:
    result = score("identity_similarity", make_sample("collage", "otter-mountain-lake"))
    assert (result.value, result.reason) == (None, "no clear face in any character's reference")


def test_copied_pixels_are_found_and_placed(make_sample: MakeSample) -> None:
    result = score("copy_paste", make_sample("collage", "astronaut-balloon-tea-garden"))
    assert result.value is not None and result.value > 0.8
    assert {evidence.element for evidence in result.evidence} == {"character", "object"}
    assert all(evidence.box and evidence.value and evidence.value > 0.8 for evidence in result.evidence)


def test_noise_and_blur_have_worse_natural_statistics(make_sample: MakeSample) -> None:
    values = {
        c: score("niqe", make_sample(c, "astronaut-balloon-tea-garden")).value for c in ("collage", "noise", "blur")
    }
    assert values["collage"] is not None and values["noise"] is not None and values["blur"] is not None
    assert values["collage"] + 1 < min(values["noise"], values["blur"])


def test_missing_weights_are_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmet_needs("text_alignment") == ["needs weights 'clip-vit-l14'; type `a2bench weights fetch clip-vit-l14`"]


def test_a_case_without_the_role_is_unmeasured(make_sample: MakeSample) -> None:
    sample = make_sample("collage", "racing-car-fire-engine-road")
    assert score("identity_similarity", sample).reason == "the case has no character"


def test_samples_do_not_know_the_system(make_sample: MakeSample) -> None:
    sample = make_sample("collage", "astronaut-thumbs-up")
    assert "collage" not in repr(replace(sample, video=Video(sample.video.frames[:1, :2, :2], sample.video.fps)))
