"""What do the votes of a study say, and how does it come to others? In ``results.json``.

`a2bench rate export` writes it and `a2bench board build` reads it, both by these models; they need pydantic alone. In
the first schema, that of release 0.1.0, a file names neither its schema nor the rubric; in the second it has both.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

from a2bench.base.text import one_line
from a2bench.errors import InputError
from a2bench_human_eval.protocol import Protocol
from a2bench_human_eval.rubric import Rubric

if TYPE_CHECKING:
    from a2bench.statistics.estimates import Estimate

SCHEMA: Final = 2
Count: TypeAlias = Annotated[int, Field(ge=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Number(_Row):
    """An `a2bench.statistics.estimates.Estimate`: a value with its interval, or none and the reason."""

    value: float | None
    low: float | None = None
    high: float | None = None
    stderr: float | None = None
    n: Count = 0
    reason: str | None = None

    @classmethod
    def of(cls, estimate: "Estimate") -> Self:
        """The same number."""
        return cls(
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            stderr=estimate.stderr,
            n=int(estimate.n),
            reason=estimate.reason,
        )


class PairAlpha(Number):
    """Krippendorff's alpha, and the plain share of agreeing answers."""

    raw_agreement: float | None = None


class EloRow(_Row):
    """A system by Davidson's model: ``ranks`` are the best and the worst that it may claim."""

    system: str
    elo: Number
    rank: int | None
    ranks: tuple[int, int] | None
    p_best: Share | None
    votes: Count


class MosRow(_Row):
    """A system by the mean opinion on its videos."""

    system: str
    mos: Number


class Turn(_Row):
    """How few votes would let another lead."""

    votes: Count | None
    share: Share | None
    leader: str | None
    challenger: str | None
    reason: str | None


class Ratings(_Row):
    """Ratings on the Elo scale, best first."""

    systems: tuple[EloRow, ...]
    warnings: tuple[str, ...]
    side_effect: Number | None
    fragility: Turn | None
    reason: str | None


class _Board(_Row):
    """The votes that count on one question.

    text: what raters read; None in a file of 0.1.0, and for votes on a question that the study's rubric does not have.
    confirmatory: whether it is the rubric's primary question.
    """

    dimension: str
    text: str | None = None
    confirmatory: bool
    votes: Count


class PairBoard(Ratings, _Board):
    """A question about pairs. wins, ties: counts, in the order of ``names``. weighted: by checks that raters passed."""

    both_bad_share: Share | None
    left_share: Number
    alpha: PairAlpha
    wins: tuple[tuple[float, ...], ...]
    ties: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    weighted: Ratings
    swap_consistency: Number


class RatingBoard(_Board):
    """A question about single videos. alpha, sos: None without votes."""

    systems: tuple[MosRow, ...]
    alpha: Number | None = None
    sos: Number | None = None
    reason: str | None


class RaterRow(_Row):
    """What is known of a rater, under a pseudonym. Shares are of the primary question on pairs."""

    rater: str
    ballots: Count
    checks: Count
    passed: Count
    median_seconds: float | None
    left_share: Share | None
    tie_share: Share | None
    weight: Share
    flags: tuple[str, ...]


class _Results(_Row):
    """What is said of every study.

    schema_version, rubric: of a file of 0.1.0, which has neither, 1 and None. votes: answered ballots by purpose.
    metrics: rows of `a2bench_human_eval.metrics_and_people`, where they were asked for.
    """

    schema_version: Literal[1, 2] = 1
    protocol: Protocol
    rubric: Rubric | None = None
    votes: dict[str, Count]
    boards: tuple[_Board, ...]
    raters: tuple[RaterRow, ...]
    metrics: tuple[dict[str, JsonValue], ...] | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if sum(board.confirmatory for board in self.boards) > 1:
            raise ValueError("two boards are confirmatory")
        if self.schema_version > 1 and self.rubric is None:
            raise ValueError("the rubric is missing")
        if self.rubric is not None and self.rubric.protocol != self.protocol:
            raise ValueError("protocol and rubric differ")
        return self

    def document(self) -> dict[str, Any]:
        """JSON values of the file."""
        return self.model_dump(mode="json", exclude={"metrics"} if self.metrics is None else None)


class PairResults(_Results):
    """Of a study of pairs; a question without a vote that counts has no board."""

    protocol: Literal["pairwise"]  # pyright: ignore[reportIncompatibleVariableOverride] - frozen
    boards: tuple[PairBoard, ...]  # pyright: ignore[reportIncompatibleVariableOverride] - frozen


class RatingResults(_Results):
    """Of a study of single videos; every question of its rubric has a board."""

    protocol: Literal["rating"]  # pyright: ignore[reportIncompatibleVariableOverride] - frozen
    boards: tuple[RatingBoard, ...]  # pyright: ignore[reportIncompatibleVariableOverride] - frozen


StudyResults: TypeAlias = PairResults | RatingResults
_FILE: TypeAdapter[StudyResults] = TypeAdapter(Annotated[StudyResults, Field(discriminator="protocol")])


def read_results(data: bytes, path: Path) -> StudyResults:
    """The results in the bytes of a ``results.json``.

    Args:
        data: all of the file.
        path: where it lies, for messages.

    Raises:
        InputError: it is damaged, something else, or of a newer A2Bench.
    """
    try:
        return _FILE.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"][1:])) or "the file"  # the first is the protocol
        newer = where == "schema_version" and isinstance(first["input"], int) and first["input"] > SCHEMA
        if first["type"].startswith("union_tag"):
            what = "it says neither protocol 'pairwise' nor 'rating'"
        else:
            what = "a newer A2Bench wrote it" if newer else f"{where}: {first['msg'].removeprefix('Value error, ')}"
        raise InputError(
            f"{path} is no results.json of `a2bench rate export` that can be read: {one_line(what)}"
        ) from None
