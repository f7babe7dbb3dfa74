"""What a run writes down: one record per sample, one per score, and what the run is.

Records are the truth: every mean on every page is derived from them. Later records of the same sample or score
replace earlier ones; nothing is ever edited.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from a2bench.model.cases import element_ids, element_rank
from a2bench.model.scores import ElementScore, Evidence, Score
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.tiers import Tier

SCHEMA = 1

SampleId = tuple[str, int]
"""Case id and seed."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MadeBy(NamedTuple):
    """The system that made a video, in the revision that it had."""

    name: str
    revision: str


class VideoFile(_Record):
    """A finished video of a run.

    file: path below the run folder. mtime_ns: as it was when the hash was taken, so that an untouched file need not be
    read again.
    """

    file: str
    sha256: str
    bytes: int
    mtime_ns: int
    width: int
    height: int
    num_frames: int
    fps: str


class SampleRecord(_Record):
    """What became of one sample (system, case, seed).

    key: SHA-256 of ``identity``, which is everything that makes the video. tier: how equal the video is to what the
    released code makes, rung: how far memory made it go; None where the system does not say. remarks: what must stand
    beside the video wherever it is shown, such as that it is black. peak_memory: bytes by kind, as
    `a2bench.run.cost.peak_memory` names them.
    """

    schema_version: int = SCHEMA
    key: str
    identity: dict[str, Any]
    case: str
    seed: int
    status: Literal["done", "failed"]
    video: VideoFile | None = None
    tier: Tier | None = None
    rung: str | None = None
    remarks: tuple[str, ...] = ()
    error: str | None = None
    traceback: str | None = None
    attempts: int = 1
    seconds: float
    peak_memory: dict[str, int] = Field(default_factory=dict)
    finished: str
    counts: dict[str, int] = Field(default_factory=dict)

    # What the video was made from stands in the record once, as what its key is the hash of; it is read here alone.

    @property
    def made_by(self) -> MadeBy | None:
        """The system, None where the record does not say."""
        system = self.identity.get("system")
        return MadeBy(system.get("name"), system.get("revision")) if system else None

    @property
    def made_with(self) -> dict[str, Any] | None:
        """The settings as JSON values, None where the record does not say."""
        return self.identity.get("settings")

    @property
    def asked(self) -> dict[str, Any] | None:
        """What the system was asked for, as `Case.generation_identity`; None where the record does not say."""
        return self.identity.get("case")

    @property
    def roles(self) -> tuple[str, ...]:
        """The role of each element, in the case's order; empty where the record does not say."""
        return tuple(role for role, _ in (self.asked or {}).get("references", ()))

    @property
    def elements(self) -> tuple[str, ...]:
        """The id of each element, in the case's order; empty where the record does not say."""
        return element_ids(self.roles)

    @model_serializer(mode="wrap")
    def _leave_out_no_remarks(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Written only where there are any, so that the records of all other samples are as they always were."""
        data: dict[str, Any] = write(self)
        return {key: value for key, value in data.items() if value or key != "remarks"}


class ScoreRecord(_Record):
    """One metric on one sample.

    status: ``scored`` has a value; ``unscored`` could not be measured and has a reason; ``failed`` met an unexpected
    error and is tried again by the next run.
    detail: ``frames``, ``per_frame``, ``per_element``, ``evidence`` and ``details`` of `a2bench.model.scores.Score`.
    """

    schema_version: int = SCHEMA
    key: str
    identity: dict[str, Any]
    case: str
    seed: int
    metric: str
    video_sha256: str
    status: Literal["scored", "unscored", "failed"]
    value: float | None = None
    reason: str | None = None
    traceback: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict)
    seconds: float
    finished: str
    counts: dict[str, int] = Field(default_factory=dict)

    @cached_property
    def score(self) -> Score:
        """What the metric gave: value or reason, curves, elements, evidence; a failed one has the error as reason."""
        detail = self.detail
        return Score(
            self.value,
            (self.reason or self.status) if self.value is None else None,
            tuple(detail.get("frames", ())),
            tuple(detail.get("per_frame", ())),
            {name: _element_score(entry) for name, entry in detail.get("per_element", {}).items()},
            tuple(_evidence(entry) for entry in detail.get("evidence", ())),
            detail.get("details", {}),
            tuple(detail.get("notes", ())),
        )

    @cached_property
    def elements(self) -> Mapping[str, ElementScore]:
        """The score of each element by its id: characters, objects, the place, and each role by number."""
        return {name: self.score.per_element[name] for name in sorted(self.score.per_element, key=element_rank)}

    @property
    def measured_by(self) -> dict[str, Any]:
        """Name, version and back-end of the metric; empty where the record does not say."""
        metric = self.identity.get("metric")
        return metric if isinstance(metric, dict) else {}


def _element_score(entry: Mapping[str, Any]) -> ElementScore:
    value = entry["value"]
    reason = None if value is not None else entry.get("reason") or "not measured"
    return ElementScore(value, reason, entry.get("presence"), tuple(entry.get("per_frame", ())))


def _evidence(entry: Mapping[str, Any]) -> Evidence:
    box = entry.get("box")
    return Evidence(entry["frame"], tuple(box) if box else None, entry.get("element"), entry.get("value"))


class SuiteIdentity(_Record):
    """Which suite a run is over: its name, where it was loaded from, its revision, and the chosen case ids in order."""

    name: str
    path: str
    revision: str
    cases: tuple[str, ...]


class RunManifest(_Record):
    """What a run is: enough to do it again.

    adapter: registered name or ``module:object``. options: what was given to it with ``--set``.
    seeds: of every case. case_seeds: of each case, where they are the suite's own and ``seeds`` is empty.
    origins: where each setting of the command came from (flag, environment, project file, default).
    environment: versions of A2Bench, Python and the packages, the commit and whether it was dirty.
    """

    schema_version: Literal[1] = 1
    system: ModelMeta
    adapter: str
    options: dict[str, str]
    settings: GenerationSettings
    suite: SuiteIdentity
    seeds: tuple[int, ...]
    case_seeds: dict[str, Annotated[tuple[int, ...], Field(min_length=1)]] = Field(default_factory=dict)
    metrics: tuple[str, ...]
    origins: dict[str, str] = Field(default_factory=dict)
    environment: dict[str, Any] = Field(default_factory=dict)
    created: str
    updated: str

    @model_validator(mode="after")
    def _has_seeds(self) -> "RunManifest":
        if not self.seeds and set(self.case_seeds) != set(self.suite.cases):
            raise ValueError("no seeds: neither for all cases nor for each of them")
        return self

    @property
    def samples(self) -> tuple[tuple[str, int], ...]:
        """Case id and seed of every planned sample, in suite order."""
        return tuple((case, seed) for case in self.suite.cases for seed in self.seeds or self.case_seeds[case])
