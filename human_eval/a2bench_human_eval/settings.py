"""How a study is run: saved with the study, the same for all its raters."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from a2bench.errors import InputError
from a2bench_human_eval.protocol import Protocol
from a2bench_human_eval.tables import Study

CONSENT = """You will watch short videos that computer programs made, and say which you find better.

- It takes about {minutes} minutes. You may stop at any time, and take it up again later with the same link.
- We store your answers, how long they took, and a random code in place of your name. No name, no address, no picture.
- Your answers may be published with that code. You may ask for them to be deleted.
- The videos may look strange or unpleasant. You may skip any of them.
"""


class StudySettings(BaseModel):
    """Settings of a study.

    votes_per_task: how many different raters judge each pair (or video). ballots_per_rater: rating ballots of a person,
    checks and warm-up not counted. break_every: a pause is offered after so many. warm_up: first ballots, discarded
    (ITU-R BT.500 takes five). check_every: one check in a block of so many ballots. informative_share: share of ballots
    that go where they tell most, instead of where the fewest votes are. lease_minutes: how long an unanswered ballot is
    kept for its rater. min_played: share of the videos that must have been played before a vote counts as looked at.
    max_undo: how many of the last votes can be changed.
    width, height, fps: of all clips, whatever the systems made. consent: the text, with ``{minutes}``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    title: str = "Which video is better?"
    protocol: Protocol = "pairwise"
    votes_per_task: Annotated[int, Field(ge=1, le=1000)] = 3
    ballots_per_rater: Annotated[int, Field(ge=1, le=1000)] = 40
    break_every: Annotated[int, Field(ge=1)] = 15
    warm_up: Annotated[int, Field(ge=0, le=20)] = 3
    check_every: Annotated[int, Field(ge=2)] = 10
    informative_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    lease_minutes: Annotated[float, Field(gt=0)] = 15
    min_played: Annotated[float, Field(ge=0, le=1)] = 1.0
    max_undo: Annotated[int, Field(ge=0)] = 3
    width: Annotated[int, Field(ge=16, le=1920, multiple_of=2)] = 832
    height: Annotated[int, Field(ge=16, le=1920, multiple_of=2)] = 480
    fps: Annotated[int, Field(ge=1, le=60)] = 24
    consent: str = CONSENT
    seed: int = 0

    @property
    def minutes(self) -> int:
        """About how long a person takes, at half a minute a ballot."""
        return max(5, round(self.ballots_per_rater * 0.5))

    @property
    def consent_text(self) -> str:
        """What a rater agrees to."""
        return self.consent.replace("{minutes}", str(self.minutes))


def study_settings(**given: Any) -> StudySettings:
    """Settings from what was typed.

    Raises:
        InputError: names the first value that does not fit.
    """
    try:
        return StudySettings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise InputError(f"{where}: {first['msg']}; got {first.get('input')!r}") from None


def settings_of(study: Study) -> StudySettings:
    """The settings that a study was made with."""
    return StudySettings.model_validate(study.settings)
