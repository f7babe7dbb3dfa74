"""References with explicit roles, and how an image is fitted to the frame and to the square that CLIP sees.

The released code takes the role from the place in a list: people and things are padded with white, the third image,
the environment, is cropped (``infer.py`` and ``models/utils.py`` of SkyworkAI/SkyReels-A2 at 7c14e2e). Here the role is
said, and `in_slots` puts references into the order that the model was trained with.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from a2bench.errors import CaseError
from a2bench.model.cases import ROLES, Role

SQUARE_SIDE = 512
"""Side of the square that goes into CLIP's own preprocessing."""


@dataclass(frozen=True)
class Reference:
    """An image of one element.

    image: mode RGB, any size; transparent parts have become white, the ground that the model was trained with.
    """

    role: Role
    image: Image.Image

    def __post_init__(self) -> None:
        if self.image.mode != "RGB":
            raise CaseError(
                f"a reference must be an RGB image, got mode {self.image.mode}; `read_reference` reads any image file"
            )

    @cached_property
    def content(self) -> str:
        """SHA-256 of size and pixels, in hex: equal for equal pictures, whatever their files are."""
        head = f"{self.image.width}x{self.image.height} ".encode()
        return hashlib.sha256(head + self.image.tobytes()).hexdigest()


def read_reference(path: Path, role: Role) -> Reference:
    """Read a reference from an image file; its orientation tag is followed.

    Differs from the released code, which drops an alpha channel: here transparent parts become white.

    Raises:
        CaseError: no image can be read from the file, or nothing in it can be seen.
    """
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file)
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaseError(f"the {role}'s reference {path} cannot be read as an image: {reason}") from None
    if image.mode == "RGBA":
        image = _on_white(image, role, path)
    return Reference(role, image)


def _on_white(image: Image.Image, role: Role, path: Path) -> Image.Image:
    alpha = image.getchannel("A")
    colours = Image.new("RGB", image.size)
    colours.paste(image.convert("RGB"), mask=alpha)
    if not alpha.getbbox() or not colours.getbbox():
        raise CaseError(
            f"the {role}'s reference {path} has nothing but an alpha channel: all that is visible is "
            f"{'black' if alpha.getbbox() else 'nothing'}; give the picture itself, with colours"
        )
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image.convert("RGB"), mask=alpha)
    return ground


def in_slots(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """References in the model's order: characters, then objects, then the background; equal roles as they came."""
    return tuple(sorted(references, key=lambda reference: ROLES.index(reference.role)))


def fit_to_frame(reference: Reference, width: int, height: int) -> Image.Image:
    """The reference at the size of the video: a background is cut to its aspect, all else is padded with white."""
    image, aspect = reference.image, width / height
    image = _cropped(image, aspect) if reference.role == "background" else _padded(image, aspect)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def fit_to_square(reference: Reference) -> Image.Image:
    """The reference padded with white to a square, 512 by 512: what CLIP's own preprocessing starts from."""
    return _padded(reference.image, 1.0).resize((SQUARE_SIDE, SQUARE_SIDE), Image.Resampling.BICUBIC)


def _padded(image: Image.Image, aspect: float) -> Image.Image:
    """White on two sides, each rounded down as in the released code, so the aspect may be one pixel off."""
    width, height = image.size
    if width / height < aspect:
        x, y = int((height * aspect - width) / 2), 0
    else:
        x, y = 0, int((width / aspect - height) / 2)
    ground = Image.new("RGB", (width + 2 * x, height + 2 * y), "white")
    ground.paste(image, (x, y))
    return ground


def _cropped(image: Image.Image, aspect: float) -> Image.Image:
    """The largest part of this aspect around the middle."""
    width, height = image.size
    new_width, new_height = min(width, int(height * aspect)), min(height, int(width / aspect))
    x, y = (width - new_width) // 2, (height - new_height) // 2
    return image.crop((x, y, x + max(1, new_width), y + max(1, new_height)))


def pixels(image: Image.Image) -> NDArray[np.float32]:
    """An RGB image as ``[3, H, W]`` float32 in [-1, 1]."""
    return np.ascontiguousarray(np.asarray(image, np.float32).transpose(2, 0, 1) / 127.5 - 1.0)
