"""Motion metrics on clips whose motion is known."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from a2bench.base import registry
from a2bench.model.cases import load_suite
from a2bench.model.metrics import Sample
from a2bench.model.video import Video

cv2 = pytest.importorskip("cv2")
HEIGHT, WIDTH, FPS = 240, 400, 8
DIAGONAL = np.hypot(HEIGHT, WIDTH)


def pattern(seed: int = 0, height: int = HEIGHT + 80, width: int = WIDTH + 80) -> Any:
    rng = np.random.default_rng(seed)
    blurred = cv2.GaussianBlur(rng.normal(0, 1, (height, width, 3)), (0, 0), 2.5)
    return np.clip(128 + 50 * blurred / blurred.std(), 0, 255).astype(np.uint8)


def moved(step: Any, frames: int = 9) -> Any:
    """A pattern under a camera: ``step(t)`` is the 2x3 transform of its pixels at frame t."""
    wide, size = pattern(), (WIDTH + 80, HEIGHT + 80)
    inner = slice(40, 40 + HEIGHT), slice(40, 40 + WIDTH)
    return np.stack([cv2.warpAffine(wide, np.float32(step(t)), size)[inner] for t in range(frames)])


def score(name: str, frames: Any, fps: int = FPS) -> Any:
    sample = Sample(load_suite("a2bench-mini").cases[0], Video(np.ascontiguousarray(frames), Fraction(fps)))
    return registry.load("metric", name)().score(sample)


def around_centre(angle: float, scale: float) -> Any:
    return cv2.getRotationMatrix2D(((WIDTH + 80) / 2, (HEIGHT + 80) / 2), angle, scale)


X, Y = np.meshgrid(np.arange(WIDTH) - WIDTH / 2, np.arange(HEIGHT) - HEIGHT / 2)
MEAN_RADIUS = float(np.hypot(X, Y).mean())


@pytest.mark.parametrize(
    ("step", "pixels"),
    [
        (lambda t: [[1, 0, 3 * t], [0, 1, -2 * t]], np.hypot(3, 2)),
        (lambda t: around_centre(0, 1.01**t), 0.01 * MEAN_RADIUS),
        (lambda t: around_centre(t, 1), np.deg2rad(1) * MEAN_RADIUS),
    ],
    ids=["pan", "zoom", "roll"],
)
def test_what_the_camera_does_is_the_cameras_motion_and_not_the_objects(step: Any, pixels: float) -> None:
    frames = moved(step)
    assert score("camera_motion", frames).value == pytest.approx(100 * FPS * pixels / DIAGONAL, rel=0.05)
    assert score("object_motion", frames).value < 0.1 * score("camera_motion", frames).value


def test_what_moves_over_a_still_ground_is_an_objects_motion_and_not_the_cameras() -> None:
    ground, thing = pattern(1)[:HEIGHT, :WIDTH], pattern(2)[:100, :120]
    frames = np.stack([ground] * 9)
    for t, frame in enumerate(frames):
        frame[70:170, 60 + 6 * t : 180 + 6 * t] = thing
    assert score("camera_motion", frames).value < 0.05
    expected = 100 * FPS * 6 * (100 * 120) / (HEIGHT * WIDTH) / DIAGONAL
    assert score("object_motion", frames).value == pytest.approx(expected, rel=0.15)


def test_even_motion_is_smooth_and_jerks_are_not() -> None:
    even = moved(lambda t: [[1, 0, 3 * t], [0, 1, 0]])
    jerky = moved(lambda t: [[1, 0, 6 * (t // 2)], [0, 1, 0]])
    assert score("motion_smoothness", even).value > 0.985
    assert score("motion_smoothness", jerky).value < score("motion_smoothness", even).value - 0.02


def test_a_moving_surface_has_no_warping_error_and_a_flickering_one_has() -> None:
    steady = moved(lambda t: [[1, 0, 3 * t], [0, 1, 0]])
    light = np.where(np.arange(9) % 2, 0.8, 1.0)[:, None, None, None]
    assert score("warping_error", steady).value < 0.5
    assert score("warping_error", (steady * light).astype(np.uint8)).value > 5


def test_a_flow_that_finds_no_way_back_leaves_nothing_to_compare() -> None:
    from a2bench_metrics.flow import Flow
    from a2bench_metrics.warping_error import WarpingError

    sample = Sample(load_suite("a2bench-mini").cases[0], Video(pattern()[None, :64, :64].repeat(2, 0), Fraction(FPS)))
    there = np.random.default_rng(0).normal(0, 9, (1, 64, 64, 2)).astype(np.float32)
    sample._features["flow"] = Flow((0,), there, there, Fraction(FPS))
    result = WarpingError().score(sample)
    assert (result.value, result.reason) == (
        None,
        "no pair of frames shows the same surfaces: the flow finds no way back",
    )
