"""Controls: video makers with a known right place in every ranking, the yardstick that metrics are held against.

They need no network and no weights: deterministic pictures from the references, drawn on the CPU.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from PIL import Image, ImageFilter

from a2bench.adapters.composition import (
    Scene,
    generator,
    letterboxed,
    photograph,
    plan_scene,
    recoloured,
)
from a2bench.base.inputs import check_seed
from a2bench.errors import AdapterError
from a2bench.model.cases import Case, Element, Role, Suite
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.video import Video

REVISION = "1"
"""Changes whenever the same request may give another picture."""


def _meta(name: str, description: str) -> ModelMeta:
    return ModelMeta(
        name=name,
        revision=REVISION,
        title=name.replace("-", " ").capitalize(),
        description=description,
        kind="control",
        licence="Apache-2.0",
        device="cpu",
    )


class Control(ABC):
    """Base of the controls: collects the frames that a subclass draws."""

    meta: ModelMeta

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        """Draw all frames."""
        check_seed(seed)
        frames = np.empty((settings.num_frames, settings.height, settings.width, 3), np.uint8)
        for index, frame in enumerate(self.frames(case, seed, settings)):
            frames[index] = np.asarray(frame)
        return Video(frames, settings.fps)

    @abstractmethod
    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """The frames in display order, RGB."""


class Collage(Control):
    """The references composed over the background, each moving smoothly on its own path."""

    meta = _meta("collage", "references pasted over the background and moved smoothly: elements right, nothing alive")

    def shown(self, case: Case) -> Sequence[Element | None]:
        """What is drawn in the place of each element of the case."""
        return case.elements

    def identity(self, case: Case) -> dict[str, Any]:
        """What the video depends on beside the case's prompt and references: which images are drawn."""
        try:
            return {"images": _drawn(self.shown(case))}
        except AdapterError:
            return {"images": None}  # `generate` tells why

    def scene(self, case: Case, seed: int, settings: GenerationSettings) -> Scene:
        """The composition for one case and seed."""
        return plan_scene(case, self.shown(case), seed, (settings.width, settings.height))

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """The composition at the time of each frame."""
        scene = self.scene(case, seed, settings)
        for index in range(settings.num_frames):
            yield scene.draw(float(index / settings.fps))


def _drawn(shown: Sequence[Element | None]) -> list[str | None]:
    return [(element.cutout or element.reference).sha256 if element else None for element in shown]


class Frozen(Collage):
    """The first frame of the collage, still."""

    meta = _meta("frozen", "the first frame of collage, still: elements right, no motion")

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """The first frame again and again."""
        first = next(super().frames(case, seed, settings))
        yield from [first] * settings.num_frames


class Blur(Collage):
    """The collage, blurred strongly."""

    meta = _meta("blur", "collage blurred strongly: elements there, hard to recognise, bad picture")
    radius: ClassVar[float] = 1 / 48
    """Standard deviation of the blur, as a share of the frame's shorter side."""

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """The collage's frames, blurred."""
        blur = ImageFilter.GaussianBlur(self.radius * min(settings.width, settings.height) / 2)
        for frame in super().frames(case, seed, settings):
            # At half size it looks the same and takes a third of the time.
            yield frame.reduce(2).filter(blur).resize(frame.size, Image.Resampling.BICUBIC)


class Noise(Collage):
    """The collage with strong noise as of a sensor in the dark: new in every frame, in light and colour."""

    meta = _meta("noise", "collage with strong sensor-like noise: elements right, bad picture")
    light: ClassVar[float] = 36.0
    colour: ClassVar[float] = 20.0
    """Standard deviations in grey levels of [0, 255]."""

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """The collage's frames, with noise added."""
        rng = generator(case, seed, "noise")
        # Windows at random places of one field: per frame as good as new noise, at a fraction of the time.
        height, width = settings.height, settings.width
        field = rng.standard_normal((2 * height, 2 * width, 3), np.float32) * self.colour
        field += rng.standard_normal((2 * height, 2 * width, 1), np.float32) * self.light
        grain = field.round().astype(np.int16)
        for frame in super().frames(case, seed, settings):
            top, left = (int(rng.integers(side + 1)) for side in (height, width))
            noisy = np.asarray(frame) + grain[top : top + height, left : left + width]
            yield Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


class Flicker(Collage):
    """The collage, but characters and objects are there only every other second; the background stays."""

    meta = _meta("flicker", "collage whose elements are there only every other second, half of the frames in all")

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """The collage's frames, with and without elements in turn."""
        scene = self.scene(case, seed, settings)
        for index in range(settings.num_frames):
            yield scene.draw(float(index / settings.fps), elements=self.present(index, settings))

    @staticmethod
    def present(index: int, settings: GenerationSettings) -> bool:
        """Whether the elements are there in a frame.

        The video is cut into an even number of equal parts of about a second, so that half of the frames have them.
        """
        parts = 2 * max(1, int(settings.num_frames / settings.fps / 2 + 0.5))
        return index * parts // settings.num_frames % 2 == 0


class Half(Flicker):
    """The collage, but characters and objects leave in the middle and do not come back."""

    meta = _meta("half", "collage whose elements leave in the middle of the video: half of the frames in all")

    @staticmethod
    def present(index: int, settings: GenerationSettings) -> bool:
        """Whether the elements are there in a frame: in the first half."""
        return 2 * index < settings.num_frames


class Zoom(Collage):
    """The first frame of the collage, zoomed in slowly: the camera moves, nothing else."""

    meta = _meta("zoom", "the first frame of collage under a slow zoom: elements right, only the camera moves")
    closest: ClassVar[float] = 1.3

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """Ever smaller middles of the first frame."""
        first = next(super().frames(case, seed, settings))
        for index in range(settings.num_frames):
            scale = self.closest ** (index / max(1, settings.num_frames - 1))
            x, y = (side * (1 - 1 / scale) / 2 for side in first.size)
            box = (x, y, first.width - x, first.height - y)
            yield first.resize(first.size, Image.Resampling.BICUBIC, box)


class Mirrored(Collage):
    """The collage with every character and object mirrored left to right."""

    meta = _meta("mirrored", "collage of mirrored references: the same pictures, turned over")

    def scene(self, case: Case, seed: int, settings: GenerationSettings) -> Scene:
        """The composition with its sprites mirrored."""
        scene = super().scene(case, seed, settings)
        flip = Image.Transpose.FLIP_LEFT_RIGHT
        return replace(scene, sprites=tuple(replace(s, image=s.image.transpose(flip)) for s in scene.sprites))


class ColourShift(Collage):
    """The collage with characters and objects in other colours."""

    meta = _meta("colour-shift", "collage of elements in wrong colours: shapes right, dress and paint wrong")

    def scene(self, case: Case, seed: int, settings: GenerationSettings) -> Scene:
        """The composition with its sprites in other colours."""
        scene = super().scene(case, seed, settings)
        return replace(scene, sprites=tuple(replace(s, image=recoloured(s.image)) for s in scene.sprites))


class Pasted(Collage):
    """The whole references, with their own surroundings, pasted over the background like stickers."""

    meta = _meta("pasted", "whole references with their own surroundings as stickers: copied with pose and background")

    def identity(self, case: Case) -> dict[str, Any]:
        """Which images are drawn."""
        return {"images": [element.reference.sha256 for element in case.elements]}

    def scene(self, case: Case, seed: int, settings: GenerationSettings) -> Scene:
        """The composition of uncut references."""
        return plan_scene(case, self.shown(case), seed, (settings.width, settings.height), picture=photograph)


class Duplicated(Collage):
    """The collage with every character and object twice."""

    meta = _meta("duplicated", "collage with every character and object twice")

    def scene(self, case: Case, seed: int, settings: GenerationSettings) -> Scene:
        """The composition with a copy of each element."""
        return plan_scene(case, self.shown(case), seed, (settings.width, settings.height), copies=2)


class _Missing(Collage):
    role: ClassVar[Role]

    def shown(self, case: Case) -> Sequence[Element | None]:
        """The elements of the other roles."""
        return [None if element.role == self.role else element for element in case.elements]


class MissingCharacter(_Missing):
    """The collage without characters."""

    meta = _meta("missing-character", "collage without the characters")
    role = "character"


class MissingObject(_Missing):
    """The collage without objects."""

    meta = _meta("missing-object", "collage without the objects")
    role = "object"


class MissingBackground(_Missing):
    """The collage over a plain gradient."""

    meta = _meta("missing-background", "collage over a plain gradient instead of the background")
    role = "background"


class Shuffled(Collage):
    """The collage with references of other cases: right roles and places, wrong people, things and places."""

    meta = _meta("shuffled", "collage with other cases' references of the same roles: every element wrong")

    def __init__(self) -> None:
        self._cases: tuple[Case, ...] = ()

    def prepare(self, suite: Suite) -> None:
        """Take note of the other cases of the suite."""
        self._cases = tuple(sorted(suite.cases, key=lambda case: case.id))

    def shown(self, case: Case) -> Sequence[Element | None]:
        """Another case's element for each element."""
        return self.donors(case, case.elements)

    def donors(self, case: Case, elements: Sequence[Element]) -> list[Element]:
        """For each of these elements, one of the same role from the next cases by id that show nothing of this case.

        Only cases that came with the case's version of the suite or an earlier one are asked, so that a new case moves
        nothing in what was made before it.

        Raises:
            AdapterError: the suite has no such element, or `prepare` was not called.
        """
        if not self._cases:
            raise AdapterError(
                f"{self.meta.name!r} takes the references of other cases, but was given no suite (prepare)"
            )
        as_old = [other for other in self._cases if other.release <= case.release]
        later = [other for other in as_old if other.id > case.id]
        earlier = [other for other in as_old if other.id < case.id]
        own = {image for element in case.elements for image in _images(element)}
        phrases = {element.phrase.casefold() for element in case.elements}
        donors: list[Element] = []
        for element in elements:
            for donor in (donor for other in later + earlier for donor in other.elements):
                used = {image for taken in donors for image in _images(taken)}
                if donor.role == element.role and donor.phrase.casefold() not in phrases:
                    if not _images(donor) & (own | used):
                        donors.append(donor)
                        break
            else:
                raise AdapterError(
                    f"case {case.id!r}: no other case of the suite has another {element.role} to put in the place of "
                    f"{element.phrase!r}; use a larger suite"
                )
        return donors


class Swapped(Shuffled):
    """The collage until the middle; then every character and object gives its place to another one."""

    meta = _meta("swapped", "collage in which another takes each element's place from the middle on")

    def shown(self, case: Case) -> Sequence[Element | None]:
        """What stands in the second half in each place: the case's next element of the role, or another case's."""
        alone = [element for element in case.elements if _own(case, element) == [element]]
        strangers = iter(self.donors(case, alone))
        return [next(strangers) if element in alone else _next(case, element) for element in case.elements]

    def identity(self, case: Case) -> dict[str, Any]:
        """Which images are drawn, in both halves."""
        return {**super().identity(case), "before": _drawn(case.elements)}

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """The composition with the right elements, then with the wrong ones, in the same places."""
        size = (settings.width, settings.height)
        before = plan_scene(case, case.elements, seed, size)
        after = self.scene(case, seed, settings)
        for index in range(settings.num_frames):
            scene = before if 2 * index < settings.num_frames else after
            yield scene.draw(float(index / settings.fps))


def _own(case: Case, element: Element) -> list[Element]:
    """The elements of a case that an element may change places with, itself included; none for a background."""
    return [other for other in case.elements if other.role == element.role != "background"]


def _next(case: Case, element: Element) -> Element:
    own = _own(case, element)
    return own[(own.index(element) + 1) % len(own)] if own else element


def _images(element: Element) -> set[str]:
    views = (element.reference, element.cutout, *element.second_views)
    return {view.sha256 for view in views if view}


class Slideshow(Control):
    """The references one after another, each filling the frame for an equal share of the time: copied, not composed."""

    meta = _meta("slideshow", "the references one after another, full frame: copied, not composed")

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """Each reference in turn."""
        size = (settings.width, settings.height)
        slides = [letterboxed(element.reference, size) for element in case.elements]
        for index in range(settings.num_frames):
            yield slides[index * len(slides) // settings.num_frames]
