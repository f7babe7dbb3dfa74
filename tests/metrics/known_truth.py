"""A video whose truth is known, built from the committed references: who is there, when, and who takes whose place."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from PIL import Image

from a2bench.adapters.composition import cut_out, load_image
from a2bench.model.cases import Case, Element, load_suite
from a2bench.model.video import Video

FPS, SECONDS = 16, 7
WIDTH, HEIGHT = 832, 480


class Event(NamedTuple):
    """A stretch of the truth: the element is in this state from ``start`` to ``end`` (seconds)."""

    element: str
    state: str
    start: float
    end: float


TRUTH = (
    Event("character", "pasted", 0, 5),
    Event("character", "swapped", 5, 7),
    Event("object", "lost", 0, 2),
    Event("object", "pasted", 2, 4),
    Event("object", "lost", 4, 7),
    Event("object-2", "pasted", 0, 3),
    Event("object-2", "duplicated", 3, 7),
    Event("background", "kept", 0, 7),
)
"""The officer takes the astronaut's place at 5 s; the flower enters at 2 s and leaves at 4 s; from 3 s on there are two
cups. All are drawn from their references, so that what is not in trouble is a copy."""


def elements() -> dict[str, Element]:
    """The elements of the built-in suite by the name of their reference."""
    cases = load_suite("a2bench-mini").cases
    return {element.reference.file.split("/")[1]: element for case in cases for element in case.elements}


def truth_case() -> Case:
    """An astronaut, a flower, a cup, and a garden."""
    known = elements()
    names = ("nasa_eileen_collins.jpg", "tuxpaint_anemone_red.png", "gnome_coffee2.jpg", "budgie_tea_gardens.jpg")
    chosen = tuple(known[name] for name in names)
    prompt = "In the clip there is: " + "; ".join(element.phrase for element in chosen)
    return Case(id="known-truth", prompt=prompt, elements=chosen)


def truth_video() -> Video:
    """Seven seconds at 16 per second, everything in slow motion."""
    known = elements()
    backdrop = load_image(known["budgie_tea_gardens.jpg"].reference).convert("RGB").resize((900, 520))
    pictures = {
        name: _fitted(cut_out(known[file]), side)
        for name, file, side in (
            ("astronaut", "nasa_eileen_collins.jpg", 380),
            ("officer", "usnavy_grace_hopper.jpg", 380),
            ("flower", "tuxpaint_anemone_red.png", 170),
            ("cup", "gnome_coffee2.jpg", 190),
        )
    }
    frames = np.empty((FPS * SECONDS, HEIGHT, WIDTH, 3), np.uint8)
    for index in range(len(frames)):
        seconds = index / FPS
        sway = round(20 * np.sin(seconds))
        frame = backdrop.crop((30 + sway, 20, 30 + sway + WIDTH, 20 + HEIGHT))
        shown = [("astronaut" if seconds < 5 else "officer", 220 + sway, 480), ("cup", 500 + sway, 460)]
        if 2 <= seconds < 4:
            shown.append(("flower", 540 - sway, 230))
        if seconds >= 3:
            shown.append(("cup", 720 + sway, 450))
        for name, x, floor in shown:
            picture = pictures[name]
            frame.paste(picture, (x - picture.width // 2, floor - picture.height), picture)
        frames[index] = np.asarray(frame)
    return Video(frames, Fraction(FPS))


def _fitted(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
