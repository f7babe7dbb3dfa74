"""Does each network give what it gave when its golden value was recorded?

A hash proves that a file of weights is the right one; it does not prove that the network around it is. Another
activation (QuickGELU or GELU), swapped colours, a wrong pack of faces, a runtime that rounds differently: all of them
give plausible scores. So every feature and metric with weights shows its network one fixed picture, and the few numbers
that come out are compared with those in the manifest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from a2bench.assets.packages import broken_import
from a2bench.assets.weights import unmet, weights_entry
from a2bench.base import registry
from a2bench.base.data import data_dir
from a2bench.base.hashing import file_sha256
from a2bench.errors import A2BenchError, InputError, PackageError, WeightsError
from a2bench.model.metrics import FeatureInfo, Probed
from a2bench.model.scores import MetricInfo

PICTURE = "cutouts/astronaut.png"
PICTURE_SHA256 = "ea31e1ecb60b7a13b0f6838bffe2a21c63a57429ee49c814aa5d3323ab3b1807"
TOLERANCE = 2e-3
"""Largest difference from the golden numbers, as a share of the largest of them; half precision on a GPU has 1e-2."""
HALF_TOLERANCE = 1e-2

Status = Literal["ok", "differs", "unrecorded", "missing", "unprobed", "failed"]


@dataclass(frozen=True)
class GoldenCheck:
    """One network's weights, checked.

    status: ``ok``; ``differs`` from the golden value; ``unrecorded``, nobody has recorded one yet; ``missing`` weights
    or packages; ``unprobed``, its feature has no probe; ``failed``, it could not be computed.
    text: the difference, or what is the matter. found: the numbers that came out.
    """

    weights: str
    by: str
    status: Status
    text: str
    found: tuple[float, ...] = ()


def check_picture() -> NDArray[np.uint8]:
    """The fixed picture, ``[H, W, 3]`` RGB over mid-grey: a woman's face, clothing, a flag; lossless.

    Raises:
        InputError: it is not the one that golden values were recorded with.
    """
    path = data_dir("references") / PICTURE
    if file_sha256(path) != PICTURE_SHA256:
        raise InputError(f"{path} was altered: golden values were recorded with another picture; install A2Bench again")
    with Image.open(path, formats=("PNG",)) as opened:
        rgba = np.asarray(opened.convert("RGBA"), np.float32)
    alpha = rgba[..., 3:] / 255
    return np.rint(rgba[..., :3] * alpha + 128 * (1 - alpha)).astype(np.uint8)


def check_golden() -> Iterator[GoldenCheck]:
    """Check every network of every registered feature and metric; one answer for each of its weights."""
    picture = check_picture()
    kinds: tuple[registry.Kind, ...] = ("feature", "metric")
    for kind in kinds:
        for name in registry.paths(kind):
            made = registry.load(kind, name)
            if made.info.weights:
                yield from _checks(name, made.info, made, picture)


def _checks(name: str, info: FeatureInfo | MetricInfo, made: type, picture: NDArray[np.uint8]) -> Iterator[GoldenCheck]:
    lacking = unmet(info)
    if lacking:
        yield from (GoldenCheck(weights, name, "missing", lacking[0]) for weights in info.weights)
        return
    found: Mapping[str, Sequence[float]] = {}
    try:
        probed = made()
        if not isinstance(probed, Probed):
            text = f"{name} has no method `probe`"
            yield from (GoldenCheck(weights, name, "unprobed", text) for weights in info.weights)
            return
        found = probed.probe(picture)
    except Exception as error:  # a network that does not run, or a package that cannot be imported
        broken = None if isinstance(error, A2BenchError) else broken_import([info], error)
        kind = "" if isinstance(error, (WeightsError, PackageError)) else f"{type(error).__name__}: "
        text = broken or f"{kind}{error}"
        yield from (GoldenCheck(weights, name, "failed", text) for weights in info.weights)
        return
    for weights in info.weights:
        if weights in found:
            yield compare(weights, name, tuple(map(float, found[weights])))
        else:
            yield GoldenCheck(weights, name, "unprobed", f"the probe of {name} says nothing about them")


def compare(weights: str, by: str, found: tuple[float, ...]) -> GoldenCheck:
    """Compare what a network gave with its golden value."""
    golden = weights_entry(weights).golden
    if golden is None:
        return GoldenCheck(weights, by, "unrecorded", "no golden value recorded yet", found)
    if len(golden) != len(found):
        return GoldenCheck(weights, by, "differs", f"{len(found)} numbers instead of {len(golden)}", found)
    difference = max(abs(a - b) for a, b in zip(golden, found, strict=True)) / max(map(abs, golden))
    tolerance = _tolerance()
    if not difference <= tolerance:  # also where it is NaN
        text = f"differs by {difference:.2g} of its largest number (at most {tolerance:g} is expected)"
        return GoldenCheck(weights, by, "differs", text, found)
    return GoldenCheck(weights, by, "ok", f"equal within {difference:.1g}", found)


def _tolerance() -> float:
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        return TOLERANCE
    import torch

    from a2bench.base.resources import network_dtype

    return TOLERANCE if network_dtype() == torch.float32 else HALF_TOLERANCE
