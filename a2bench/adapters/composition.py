"""How the controls draw: pictures of elements gliding over a panning background, sub-pixel smooth, with Pillow only.

Coordinates are continuous pixels: (0, 0) is the upper left corner of the frame, (width, height) the lower right one.
All movement is a slow sine of the time in seconds, so a video looks the same at every frame rate.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from a2bench.base.hashing import value_sha256
from a2bench.errors import AdapterError
from a2bench.model.cases import Case, Element, ImageFile, Role

CHARACTER_HEIGHT, OBJECT_HEIGHT = 0.72, 0.38
"""Largest height of an element, as a share of the frame's height."""
OBJECT_WIDTH = 0.34
"""Largest width of an object, as a share of the frame's width."""
OBJECT_COLUMN = 0.62
"""How much of the frame's width an object gets where a character gets 1."""
PAN_MARGIN = 1.16
"""How much larger than the frame the background is drawn, to have room for its movement."""
FEATHER = 0.07
"""Width of the soft edge of a photograph without cut-out, as a share of its shorter side."""
PAPER = (225, 225, 225, 255)
"""What is seen through the clear parts of a reference that is shown whole."""

Size = tuple[int, int]


@dataclass(frozen=True)
class Wave:
    """A slow sine: ``middle + amplitude * sin(2 pi (seconds / period + phase))``."""

    middle: float
    amplitude: float
    period: float
    phase: float

    @classmethod
    def draw(cls, rng: np.random.Generator, middle: float, amplitude: float) -> "Wave":
        """A wave of random period (5 to 9 seconds) and phase."""
        return cls(middle, amplitude, float(rng.uniform(5, 9)), float(rng.uniform()))

    def at(self, seconds: float) -> float:
        """The value at a time."""
        return self.middle + self.amplitude * math.sin(2 * math.pi * (seconds / self.period + self.phase))


@dataclass(frozen=True)
class Sprite:
    """The picture of an element with its movement.

    image: premultiplied RGBA (mode ``RGBa``) at its largest size, with a transparent border for smooth edges.
    x, y: centre in pixels. zoom: at most 1. angle: radians, counter-clockwise.
    """

    role: Role
    image: Image.Image
    x: Wave
    y: Wave
    zoom: Wave
    angle: Wave

    def paste(self, frame: Image.Image, seconds: float) -> None:
        """Draw the element where it is at that time."""
        x, y, zoom, angle = (wave.at(seconds) for wave in (self.x, self.y, self.zoom, self.angle))
        width, height = self.image.size
        cos, sin = math.cos(angle), math.sin(angle)
        half_width = zoom * (abs(cos) * width + abs(sin) * height) / 2
        half_height = zoom * (abs(sin) * width + abs(cos) * height) / 2
        left, top = max(0, math.floor(x - half_width)), max(0, math.floor(y - half_height))
        right, bottom = min(frame.width, math.ceil(x + half_width)), min(frame.height, math.ceil(y + half_height))
        if right <= left or bottom <= top:
            return
        a, b = cos / zoom, -sin / zoom
        inverse = (
            *(a, b, width / 2 + a * (left - x) + b * (top - y)),
            *(-b, a, height / 2 - b * (left - x) + a * (top - y)),
        )
        patch = self.image.transform(
            (right - left, bottom - top), Image.Transform.AFFINE, inverse, Image.Resampling.BILINEAR
        ).convert("RGBA")
        frame.paste(patch, (left, top), patch)


@dataclass(frozen=True)
class Backdrop:
    """A background that slowly pans and zooms.

    image: RGB, larger than the frame by `PAN_MARGIN`. x, y: centre of the view in pixels of the image. zoom: size of
    the view as a multiple of the frame.
    """

    image: Image.Image
    x: Wave
    y: Wave
    zoom: Wave

    def view(self, size: Size, seconds: float) -> Image.Image:
        """What is seen of it at that time."""
        x, y, zoom = self.x.at(seconds), self.y.at(seconds), self.zoom.at(seconds)
        half_width, half_height = zoom * size[0] / 2, zoom * size[1] / 2
        box = (
            *(max(0.0, x - half_width), max(0.0, y - half_height)),
            *(min(float(self.image.width), x + half_width), min(float(self.image.height), y + half_height)),
        )
        return self.image.resize(size, Image.Resampling.BILINEAR, box)


@dataclass(frozen=True)
class Scene:
    """A background and the elements in front of it, from the farthest to the nearest."""

    size: Size
    backdrop: Backdrop
    sprites: tuple[Sprite, ...]

    def draw(self, seconds: float, elements: bool = True) -> Image.Image:
        """The frame at a time, RGB; without ``elements`` only the background."""
        frame = self.backdrop.view(self.size, seconds)
        for sprite in self.sprites if elements else ():
            sprite.paste(frame, seconds)
        return frame


class Slot(NamedTuple):
    """Where an element goes: middle of its column, where it stands (pixels from the top), and its largest size."""

    x: float
    floor: float
    max_width: float
    max_height: float


def generator(case: Case, seed: int, purpose: str) -> np.random.Generator:
    """Random numbers that depend only on what makes the video (not on the case's id) and on a purpose."""
    digest = value_sha256([case.generation_identity(), seed, purpose])
    return np.random.default_rng(int(digest[:16], 16))


def cut_out(element: Element) -> Image.Image:
    """The element as RGBA: its cut-out, its reference where that is transparent, or the photograph with soft edges.

    Raises:
        AdapterError: the image is wholly transparent or cannot be read.
    """
    file = element.cutout or element.reference
    image = load_image(file).convert("RGBA")
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return feathered(image)
    box = alpha.point([0] * 9 + [255] * 247).getbbox()  # what is nearly transparent does not count
    if box is None:
        raise AdapterError(f"reference {file.file!r} is wholly transparent; nothing can be drawn from it")
    return image.crop(box)


def plan_scene(
    case: Case,
    shown: Sequence[Element | None],
    seed: int,
    size: Size,
    *,
    picture: Callable[[Element], Image.Image] = cut_out,
    copies: int = 1,
) -> Scene:
    """Place and animate elements.

    ``shown[i]`` is drawn in the place of the case's element i: the element itself, another one, or nothing. Places and
    movements are those of the case, whatever is shown there. ``picture`` gives the image of a character or object, and
    each is drawn ``copies`` times.
    """
    slots = plan_slots(case, seed, size, copies)
    backdrop = None
    sprites = []
    for name, own, element in zip(case.element_ids, case.elements, shown, strict=True):
        if element is None:
            continue
        rng = generator(case, seed, name)
        if own.role == "background":
            backdrop = make_backdrop(load_image(element.reference).convert("RGB"), size, rng)
        else:
            sprites += [make_sprite(element.role, picture(element), slot, size, rng) for slot in slots[name]]
    if backdrop is None:
        backdrop = make_backdrop(gradient(case, size), size, generator(case, seed, "background"))
    return Scene(size, backdrop, tuple(sorted(sprites, key=lambda sprite: sprite.role)))


def plan_slots(case: Case, seed: int, size: Size, copies: int = 1) -> dict[str, list[Slot]]:
    """Give each copy of a character or object a column of the frame, in random order, so that they hardly overlap."""
    width, height = size
    rng = generator(case, seed, "places")
    named = [*case.named_elements("character", "object")] * copies
    order = [named[i] for i in rng.permutation(len(named))]
    shares = [1.0 if element.role == "character" else OBJECT_COLUMN for _, element in order]
    slots: dict[str, list[Slot]] = {name: [] for name, _ in named}
    left = 0.02 * width
    for (name, element), share in zip(order, shares, strict=True):
        column = 0.96 * width * share / sum(shares)
        x = left + column * (0.5 + float(rng.uniform(-0.04, 0.04)))
        if element.role == "character":
            floor, max_width, max_height = 1.0, min(1.12 * column, 0.8 * width), CHARACTER_HEIGHT * height
        else:
            floor, max_height = float(rng.uniform(0.84, 0.96)), OBJECT_HEIGHT * height
            max_width = min(1.04 * column, OBJECT_WIDTH * width)
        slots[name].append(Slot(x, floor * height, max_width, max_height))
        left += column
    return slots


def make_sprite(role: Role, image: Image.Image, slot: Slot, size: Size, rng: np.random.Generator) -> Sprite:
    """Fit the picture of an element (RGBA) into its slot and give it a movement."""
    factor = min(slot.max_width / image.width, slot.max_height / image.height)
    fitted = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    image = image.convert("RGBa").resize(fitted, Image.Resampling.BICUBIC, reducing_gap=3.0)
    sway, climb = 0.028 * size[0], 0.014 * size[1]
    room = min(fitted[0] / 2 + sway, size[0] / 2)
    x = min(max(slot.x, room), size[0] - room)
    return Sprite(
        role,
        ImageOps.expand(image, 2, fill=(0, 0, 0, 0)),
        x=Wave.draw(rng, x, sway),
        y=Wave.draw(rng, slot.floor - climb - fitted[1] / 2, climb),
        zoom=Wave.draw(rng, 0.965, 0.035),
        angle=Wave.draw(rng, 0, math.radians(2.2)),
    )


def make_backdrop(image: Image.Image, size: Size, rng: np.random.Generator) -> Backdrop:
    """Scale an image to cover the frame and a margin, and give it a slow pan and zoom."""
    width, height = (math.ceil(side * PAN_MARGIN) for side in size)
    image = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    margin_x, margin_y = (PAN_MARGIN - 1) / 2 * size[0], (PAN_MARGIN - 1) / 2 * size[1]
    return Backdrop(
        image,
        x=Wave.draw(rng, width / 2, 0.6 * margin_x),
        y=Wave.draw(rng, height / 2, 0.4 * margin_y),
        zoom=Wave.draw(rng, 1.02, 0.03),
    )


def gradient(case: Case, size: Size) -> Image.Image:
    """A plain soft gradient whose colours depend on the case: what stands in for a background."""
    corners = generator(case, 0, "gradient").integers(96, 208, (2, 2, 3), dtype=np.uint8)
    return Image.fromarray(corners).resize(size, Image.Resampling.BILINEAR, box=(0.5, 0.5, 1.5, 1.5))


def feathered(image: Image.Image) -> Image.Image:
    """The image with edges that fade out."""
    fade = max(1.0, FEATHER * min(image.size))

    def ramp(length: int) -> NDArray[np.float64]:
        inside = np.arange(length) + 0.5
        edge: NDArray[np.float64] = np.clip(np.minimum(inside, length - inside) / fade, 0, 1)
        return edge * edge * (3 - 2 * edge)

    alpha = np.outer(ramp(image.height), ramp(image.width)) * 255
    image.putalpha(Image.fromarray(alpha.round().astype(np.uint8)))
    return image


def photograph(element: Element) -> Image.Image:
    """The whole reference with its own surroundings, opaque, as RGBA; over light paper where it is transparent."""
    image = load_image(element.reference).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, PAPER), image)


def recoloured(image: Image.Image) -> Image.Image:
    """The same shapes and shades in other colours; a premultiplied picture (``RGBa``)."""
    red, green, blue, alpha = image.convert("RGBA").split()
    # The channels in turn change what is coloured, the gains what is grey.
    channels = (blue.point(lambda v: int(v * 0.65)), red, green.point([min(255, int(v * 1.15)) for v in range(256)]))
    return Image.merge("RGBA", (*channels, alpha)).convert("RGBa")


def letterboxed(file: ImageFile, size: Size) -> Image.Image:
    """A reference as large as it fits into the frame, upright and whole, over a dark blurred copy of itself."""
    image = load_image(file).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, PAPER), image).convert("RGB")
    coarse = ImageOps.fit(image, (max(2, size[0] // 32), max(2, size[1] // 32)), Image.Resampling.BOX)
    frame = coarse.resize(size, Image.Resampling.BICUBIC).point(lambda value: int(value * 0.35))
    fitted = ImageOps.contain(image, size, Image.Resampling.LANCZOS)
    frame.paste(fitted, ((size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2))
    return frame


def load_image(file: ImageFile) -> Image.Image:
    """Read a reference, turned upright, after checking its bytes.

    Raises:
        AdapterError: it is not an image that Pillow can read.
        CaseError: it is missing or not the one the case names.
    """
    path = file.verified_path()
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise AdapterError(f"reference {file.file!r} cannot be read as an image: {error}") from None
