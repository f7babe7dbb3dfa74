"""How metrics read a reference image: RGB pixels, and the share of each pixel that belongs to the element."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from a2bench.errors import CaseError
from a2bench.model.cases import Element, ImageFile

FORMATS = ("PNG", "JPEG", "WEBP")
BACKDROP = 128
"""Grey behind a cut-out, where a network must be given something."""


@dataclass(frozen=True)
class ReferenceImage:
    """A decoded reference.

    pixels: ``[H, W, 3]`` uint8, RGB, over mid-grey where the alpha channel is clear.
    mask: ``[H, W]`` float32 in [0, 1], 1 where the element is; all ones without an alpha channel.
    has_cutout: whether the mask isolates the element.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.float32]
    has_cutout: bool


def element_image(element: Element) -> ReferenceImage:
    """The element's reference, cut out of its surroundings where the case has a cut-out."""
    return read_reference(element.cutout or element.reference)


def read_reference(image: ImageFile) -> ReferenceImage:
    """Decode a reference image.

    Raises:
        CaseError: it cannot be decoded.
    """
    return _read(image.path, image.sha256)


@cache
def _read(path: Path, sha256: str) -> ReferenceImage:
    try:
        with Image.open(path, formats=FORMATS) as opened:
            rgba = np.asarray(opened.convert("RGBA"))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise CaseError(f"reference {path} cannot be decoded: {error}") from None
    mask: NDArray[np.float32] = np.divide(rgba[..., 3], 255, dtype=np.float32)
    blended = rgba[..., :3] * mask[..., None] + BACKDROP * (1 - mask[..., None])
    return ReferenceImage(blended.round().astype(np.uint8), mask, bool((mask < 0.5).any()))
