"""What the rater's pages do, each as one transaction: the pages only draw, and everything is derived from the database.

So a reload, a second tab, another device or a restarted server shows the same place.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from a2bench_human_eval import raters
from a2bench_human_eval.assignment import next_ballot, queue_ballot, rated, skip
from a2bench_human_eval.database import reading, writing
from a2bench_human_eval.events import log_event
from a2bench_human_eval.rubric import rubric_of
from a2bench_human_eval.settings import StudySettings, settings_of
from a2bench_human_eval.tables import Ballot, MediaToken, Rater, Study, Task
from a2bench_human_eval.voting import BallotError, BallotView, cast, changeable, passed_check, view_ballot

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,48}")


@dataclass(frozen=True)
class Place:
    """Where a rater is.

    done, total: rating ballots. ballot: the open one. next_media: names of the clips after it. can_undo: whether the
    last vote can be changed. completion_code: when all is done.
    """

    stage: str
    settings: StudySettings
    open: bool
    done: int
    total: int
    ballot: BallotView | None = None
    next_media: tuple[str, ...] = ()
    can_undo: bool = False
    completion_code: str = ""


@dataclass(frozen=True)
class Feedback:
    """What a rater is told after a training ballot."""

    right: bool
    text: str


class Desk:
    """One study, as seen by its raters; every call names the session's secret.

    All methods raise `a2bench_human_eval.raters.AccessError` for a secret that opens nothing.
    """

    def __init__(self, engine: Engine, study: str) -> None:
        self.engine, self.study = engine, study

    def enter(self, invite: str) -> str:
        """Exchange an invite for a session's secret."""
        with writing(self.engine, self.study) as (session, study):
            return raters.enter(session, study, invite)[1]

    def place(self, secret: str) -> Place:
        """Where the rater is; hands out the next ballot when there is none."""
        with writing(self.engine, self.study) as (session, study):
            rater = raters.rater_of_session(session, study, secret)
            ballot = next_ballot(session, study, rater)
            queued = queue_ballot(session, study, rater) if ballot is not None else None
            settings = settings_of(study)
            return Place(
                stage=rater.stage,
                settings=settings,
                open=study.status == "open",
                done=rated(session, rater),
                total=settings.ballots_per_rater,
                ballot=view_ballot(session, study, ballot) if ballot else None,
                next_media=tuple(self._clips(session, queued)) if queued else (),
                can_undo=bool(changeable(session, study, rater)),
                completion_code=rater.completion_code if rater.stage == "finished" else "",
            )

    def _clips(self, session: Session, ballot: Ballot) -> list[str]:
        slots = ("left", "right", "only")
        query = select(MediaToken.token).where(MediaToken.ballot_id == ballot.id, MediaToken.slot.in_(slots))
        return sorted(session.scalars(query))

    def consent(self, secret: str, language: str = "en") -> None:
        """The rater agrees."""
        with writing(self.engine, self.study) as (session, study):
            raters.give_consent(session, study, raters.rater_of_session(session, study, secret), language)

    def playback_test(self, secret: str, digits: str) -> bool:
        """Whether the rater read the digits of the playback test; if so, the rater goes on."""
        with writing(self.engine, self.study) as (session, study):
            rater = raters.rater_of_session(session, study, secret)
            right = digits.strip() == study.playback_answer
            raters.finish_calibration(session, study, rater, sees_video=right)
            return right

    def vote(
        self,
        secret: str,
        ballot_id: int,
        revision: int,
        answers: Mapping[str, str],
        *,
        seconds: float | None = None,
        played: float | None = None,
    ) -> Feedback | None:
        """Store a vote; it is committed when this returns. Training gives feedback.

        Raises:
            BallotError: see `a2bench_human_eval.voting.cast`.
        """
        with writing(self.engine, self.study) as (session, study):
            rater = raters.rater_of_session(session, study, secret)
            ballot = cast(session, study, rater, ballot_id, revision, answers, seconds=seconds, played=played)
            if ballot.purpose != "training":
                return None
            task = session.get_one(Task, ballot.task_id)
            return Feedback(bool(passed_check(rubric_of(study), task, ballot, answers)), task.note)

    def skip(self, secret: str, ballot_id: int, reason: str) -> None:
        """Put a ballot aside: unpleasant, or it does not play.

        Raises:
            BallotError: it is not this rater's, or not open.
        """
        with writing(self.engine, self.study) as (session, study):
            rater = raters.rater_of_session(session, study, secret)
            ballot = session.get(Ballot, ballot_id)
            if ballot is None or ballot.rater_id != rater.id or ballot.state != "open":
                raise BallotError("this ballot is not open; reload the page to see yours")
            skip(session, study, ballot)
            log_event(session, study, rater.code, "skipped", ballot=ballot.id, reason=reason[:40])

    def last_vote(self, secret: str, back: int = 1) -> BallotView | None:
        """The vote ``back`` places before the open ballot, to be changed; None when it is too long ago."""
        with reading(self.engine, self.study) as (session, study):
            rater = raters.rater_of_session(session, study, secret)
            ballots = changeable(session, study, rater)
            return view_ballot(session, study, ballots[back - 1]) if len(ballots) >= back else None

    def stop(self, secret: str) -> None:
        """The rater stops for good."""
        with writing(self.engine, self.study) as (session, study):
            raters.stop(session, study, raters.rater_of_session(session, study, secret))

    def media_file(self, secret: str, token: str) -> Path | None:
        """The file behind a token, for the rater whose ballot it belongs to; None for anybody else."""
        with reading(self.engine, self.study) as (session, study):
            rater = raters.rater_of_session(session, study, secret)
            if token == "playback":
                return Path(study.media) / study.playback_file
            found = session.get(MediaToken, token) if _TOKEN.fullmatch(token) else None
            if found is None or not self._may_see(session, study, rater, found):
                return None
            return Path(study.media) / found.file

    def _may_see(self, session: Session, study: Study, rater: Rater, token: MediaToken) -> bool:
        ballot = session.get_one(Ballot, token.ballot_id)
        if ballot.rater_id != rater.id or rater.stage == "erased":
            return False
        return ballot.state in ("open", "queued") or ballot.id in {b.id for b in changeable(session, study, rater)}
