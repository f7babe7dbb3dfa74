"""What an adapter is: the door through which any elements-to-video system is evaluated."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

from a2bench.model.cases import Case, Role, Suite
from a2bench.model.video import Video

Departure = Literal["size", "length", "fps"]
"""In what a run may depart from what its system was released for."""


class GenerationSettings(BaseModel):
    """How every video of a run is made.

    width, height: pixels. num_frames: frames in the video. fps: exact frames per second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: Annotated[int, Field(ge=16, le=7680)] = 832
    height: Annotated[int, Field(ge=16, le=4320)] = 480
    num_frames: Annotated[int, Field(ge=1, le=10_000)] = 81
    fps: Annotated[Fraction, Field(gt=0, le=240)] = Fraction(16)

    @field_validator("width", "height")
    @classmethod
    def _sides_are_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"expected an even number of pixels, as H.264 for browsers needs, got {value}")
        return value

    @field_validator("fps", mode="before")
    @classmethod
    def _fps_from_text(cls, value: Any) -> Any:
        return Fraction(value) if isinstance(value, (str, int)) else value

    @field_serializer("fps")
    def _fps_to_text(self, value: Fraction) -> str:
        return str(value)


class NativeSettings(BaseModel):
    """What a system was released for: the size, length and rate at which it is at its best.

    width, height: pixels. fps: frames per second. num_frames: of the finished video, without what the system makes and
    drops; or seconds, for systems that are sold by the second: one of the two.
    frames_step, frames_plus: allowed lengths are ``frames_step * k + frames_plus`` frames. lengths: or just these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: Annotated[int, Field(ge=16, le=7680)]
    height: Annotated[int, Field(ge=16, le=4320)]
    fps: Annotated[Fraction, Field(gt=0, le=240)]
    num_frames: Annotated[int, Field(ge=1, le=10_000)] | None = None
    seconds: Annotated[float, Field(gt=0, le=600)] | None = None
    frames_step: Annotated[int, Field(ge=1)] = 1
    frames_plus: Annotated[int, Field(ge=0)] = 0
    lengths: tuple[Annotated[int, Field(ge=1)], ...] = ()

    @field_validator("fps", mode="before")
    @classmethod
    def _fps_from_text(cls, value: Any) -> Any:
        return Fraction(value) if isinstance(value, (str, int)) else value

    @field_serializer("fps")
    def _fps_to_text(self, value: Fraction) -> str:
        return str(value)

    @model_validator(mode="after")
    def _is_consistent(self) -> "NativeSettings":
        if (self.num_frames is None) == (self.seconds is None):
            raise ValueError("expected num_frames or seconds, one of the two")
        if not self.allows(self.settings().num_frames):
            raise ValueError(f"{self.settings().num_frames} frames are not among the allowed lengths")
        return self

    def settings(self) -> GenerationSettings:
        """Them as settings of a run."""
        frames = self.num_frames or max(1, round(Fraction(self.seconds or 0) * self.fps))
        return GenerationSettings(width=self.width, height=self.height, num_frames=frames, fps=self.fps)

    def allows(self, num_frames: int) -> bool:
        """Whether the system can make a video of so many frames."""
        if self.lengths:
            return num_frames in self.lengths
        return num_frames >= self.frames_plus and (num_frames - self.frames_plus) % self.frames_step == 0

    def allowed_text(self) -> str:
        """The allowed lengths in words.

        >>> NativeSettings(width=832, height=480, fps=15, num_frames=69, frames_step=4, frames_plus=1).allowed_text()
        '4k+1 frames'
        """
        if self.lengths:
            return ", ".join(map(str, self.lengths)) + " frames"
        return "any number of frames" if self.frames_step == 1 else f"{self.frames_step}k+{self.frames_plus} frames"

    def departures(self, settings: GenerationSettings) -> dict[Departure, str]:
        """In what settings depart from these, each as ``this instead of that``; nothing where they are these.

        >>> native = NativeSettings(width=832, height=480, fps=15, num_frames=69)
        >>> native.departures(GenerationSettings(num_frames=81, fps=15))
        {'length': '81 frames instead of 69'}
        """
        own, found = self.settings(), dict[Departure, str]()
        if (settings.width, settings.height) != (own.width, own.height):
            found["size"] = f"{settings.width}x{settings.height} instead of {own.width}x{own.height}"
        if settings.num_frames != own.num_frames:
            found["length"] = f"{settings.num_frames} frames instead of {own.num_frames}"
        if settings.fps != own.fps:
            found["fps"] = f"{settings.fps} fps instead of {own.fps}"
        return found


class ModelMeta(BaseModel):
    """What a system says about itself; reading it imports nothing heavy.

    revision: changes whenever the same request may give another video (weights, code, prompt template).
    kind: ``system`` for what is evaluated, ``control`` for a yardstick with a known right place in every ranking.
    max_references: how many references fit; cases with more are refused before any work.
    roles: roles it can take.
    device: ``cpu`` runs in as many worker processes as there are cores, ``gpu`` in one per ``gpus`` devices,
        ``remote`` in any number.
    gpus: how many make each video together.
    parameters: of the network that makes the video, without encoders, as its authors count them; None if not stated.
    native: what it was released for, the default of every run of it; None where there is no such thing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    revision: Annotated[str, Field(min_length=1)]
    title: str = ""
    description: str = ""
    kind: Literal["system", "control"] = "system"
    licence: str = "unknown"
    url: str = ""
    open_weights: bool | None = None
    parameters: Annotated[int, Field(ge=1)] | None = None
    max_references: Annotated[int, Field(ge=1)] = 8
    roles: tuple[Role, ...] = ("character", "object", "background")
    device: Literal["cpu", "gpu", "remote"] = "cpu"
    gpus: Annotated[int, Field(ge=1)] = 1
    native: NativeSettings | None = None

    @property
    def default_settings(self) -> GenerationSettings:
        """How its videos are made where nobody says otherwise."""
        return self.native.settings() if self.native else GenerationSettings()

    def departures(self, settings: GenerationSettings) -> dict[Departure, str]:
        """In what settings depart from the native ones (`NativeSettings.departures`)."""
        return self.native.departures(settings) if self.native else {}


@runtime_checkable
class VideoModel(Protocol):
    """A system under evaluation.

    The registry calls the class with the options of the command line (``--set key=value``) as keyword arguments of
    type ``str``; its ``__init__`` must be cheap, loading happens at the first ``generate``.

    Further methods are called where a class has them: `NeedsSuite.prepare`, `HasIdentity.identity`,
    `CanRefuse.check`, `HasRemarks.remarks`.
    """

    meta: ModelMeta

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video | Path:
        """Make the video for one case and one seed.

        Returns:
            Frames, which A2Bench encodes (``Video.making`` says how they were made, where that is known); or the path
            of a finished file, which is taken over byte for byte.

        Raises:
            AdapterError: no video for this sample; the run goes on with the next.
        """
        ...


@runtime_checkable
class NeedsSuite(Protocol):
    """A system that must know the whole suite, such as the control ``shuffled``."""

    def prepare(self, suite: Suite) -> None:
        """Called once in each process, before ``identity`` and ``generate``, with the full suite.

        It is the same suite whatever ``--cases`` and ``--limit`` say.
        """
        ...


@runtime_checkable
class HasIdentity(Protocol):
    """A system whose options do not say all that makes its videos, or say too much."""

    def identity(self, case: Case) -> Any:
        """A JSON value that takes the place of the options in the key of a sample.

        It holds whatever makes the video besides prompt, references, name, revision, settings and seed.
        """
        ...


@runtime_checkable
class CanRefuse(Protocol):
    """A system that knows before any work what it cannot make."""

    def check(self, case: Case, settings: GenerationSettings) -> None:
        """Called once for each sample before the first is made; cheap, and nothing heavy is imported.

        Raises:
            InputError: this system cannot make such a video.
        """
        ...


@runtime_checkable
class HasRemarks(Protocol):
    """A system that can say before any work what will go wrong, such as the adapter ``folder``."""

    def remarks(self, suite: Suite, seeds: Sequence[int]) -> Iterable[str]:
        """Sentences for the user, for the full suite."""
        ...
