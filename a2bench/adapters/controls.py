"""Controls: video makers with a known right place in every ranking, the yardstick that metrics are held against.

They need no network and no weights: deterministic pictures from the references, drawn on the CPU.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from PIL import Image, ImageFilter

from a2bench.adapters.composition import Scene, generator, letterboxed, plan_scene
from a2bench.cases import Case, Element, Role, Suite
from a2bench.errors import AdapterError
from a2bench.systems import GenerationSettings, ModelMeta
from a2bench.video import Video

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
            shown = self.shown(case)
        except AdapterError:
            return {"images": None}  # `generate` tells why
        return {"images": [(element.cutout or element.reference).sha256 if element else None for element in shown]}

    def scene(self, case: Case, seed: int, settings: GenerationSettings) -> Scene:
        """The composition for one case and seed."""
        return plan_scene(case, self.shown(case), seed, (settings.width, settings.height))

    def frames(self, case: Case, seed: int, settings: GenerationSettings) -> Iterator[Image.Image]:
        """The composition at the time of each frame."""
        scene = self.scene(case, seed, settings)
        for index in range(settings.num_frames):
            yield scene.draw(float(index / settings.fps))


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
        """For each element, one of the same role from the next cases by id that show nothing of this case.

        Raises:
            AdapterError: the suite has no such element, or `prepare` was not called.
        """
        if not self._cases:
            raise AdapterError("'shuffled' takes the references of other cases, but was given no suite (prepare)")
        later = [other for other in self._cases if other.id > case.id]
        earlier = [other for other in self._cases if other.id < case.id]
        own = {image for element in case.elements for image in _images(element)}
        phrases = {element.phrase.casefold() for element in case.elements}
        donors: list[Element] = []
        for element in case.elements:
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
