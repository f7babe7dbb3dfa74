"""Do surfaces keep their look while they move?"""

import numpy as np
from numpy.typing import NDArray

from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score
from a2bench_metrics.flow import Flow, small, warp

MIN_VISIBLE = 0.1
"""Share of a frame's pixels that must be seen in the next frame too, for the pair to count."""


def occluded(there: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which pixels of the first frame the second does not show, or where motion has a boundary.

    Sundaram et al. 2010 as in Lai et al. 2018: forward and backward flow disagree, or the flow's gradient is large.

    Args:
        there: ``[h, w, 2]`` flow from the first frame to the second, in pixels.
        back: the same the other way.
    """
    returning = warp(back, there)
    disagreement = np.square(returning + there).sum(axis=-1)
    size = np.square(there).sum(axis=-1)
    gradient = np.zeros(size.shape, np.float64)
    gradient[:, :-1] += np.square(there[:, :-1] - there[:, 1:]).sum(axis=-1)
    gradient[:-1] += np.square(there[:-1] - there[1:]).sum(axis=-1)
    inconsistent = disagreement > 0.01 * (np.square(returning).sum(axis=-1) + size) + 0.5
    boundary = gradient > 0.01 * size + 0.002
    return np.asarray(inconsistent | boundary, np.bool_)


def warping_error(
    first: NDArray[np.float32], second: NDArray[np.float32], there: NDArray[np.float32], hidden: NDArray[np.bool_]
) -> float:
    """Mean squared difference of the first frame and the second one warped back onto it, over the pixels not hidden.

    Args:
        first: ``[h, w, 3]`` in [0, 1].
        second: the next frame.
        there: ``[h, w, 2]`` flow from the first to the second, in pixels.
        hidden: ``[h, w]``, pixels that do not count. At least one must count.
    """
    squares = np.square(warp(second, there) - first)[~hidden]
    return float(squares.mean(dtype=np.float64))


class WarpingError:
    """Lai et al.'s warping error, times 1000: mean over frame pairs of the squared error after motion compensation."""

    info = MetricInfo(
        name="warping_error",
        version=1,
        title="Warping error",
        group="quality",
        range=(0, 1000),
        direction="lower",
        touched_by=("fps",),
        features=("flow",),
        packages=("cv2",),
        backend="DIS flow",
        unit="thousandths of squared intensity",
        paper="Lai et al. 2018, Learning Blind Video Temporal Consistency (arXiv:1808.00449), E_warp",
        expectations=(
            Expectation("noise does not move with things", "difference", "noise", "collage", low=1.0),
            Expectation("a still video has no error", "value", "frozen", low=-0.001, high=0.1),
        ),
    )

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        flow: Flow = sample.feature("flow")
        if not flow.frames:
            return Score(None, reason="the video has 1 frame, warping needs 2")
        errors: list[float | None] = []
        visible = []
        for start, there, back in zip(flow.frames, flow.vectors, flow.back, strict=True):
            first, second = (
                np.divide(small(sample.video.frames[t]), 255, dtype=np.float32) for t in (start, start + 1)
            )
            hidden = occluded(there, back)
            visible.append(float(1 - hidden.mean()))
            clear = visible[-1] >= MIN_VISIBLE
            errors.append(1000 * warping_error(first, second, there, hidden) if clear else None)
        measured = [error for error in errors if error is not None]
        if not measured:
            return Score(None, reason="no pair of frames shows the same surfaces: the flow finds no way back")
        details = {"visible_share": float(np.mean(visible))}
        return Score(float(np.mean(measured)), frames=flow.frames, per_frame=tuple(errors), details=details)
