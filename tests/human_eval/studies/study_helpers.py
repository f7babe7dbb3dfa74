"""What tests of studies do again and again; also imported by processes that they start."""

from collections import defaultdict

from sqlalchemy import Engine, select

from a2bench_human_eval.database import reading, writing
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.raters import enter, finish_calibration, give_consent, invite_raters
from a2bench_human_eval.settings import StudySettings, study_settings
from a2bench_human_eval.tables import Ballot, Rater
from a2bench_human_eval.voting import BallotView


def tiny_settings(**given: object) -> StudySettings:
    """Small clips, no warm-up, few votes: what a test needs."""
    defaults: dict[str, object] = {"name": "tiny", "width": 96, "height": 64, "fps": 12, "warm_up": 0}
    return study_settings(**(defaults | {"ballots_per_rater": 12} | given))


def new_rater(engine: Engine, study: str) -> str:
    """A rater who agreed and saw the playback test; returns the session's secret."""
    with writing(engine, study) as (session, row):
        (invite,) = invite_raters(session, row, 1)
        rater, secret = enter(session, row, invite.token)
        give_consent(session, row, rater)
        finish_calibration(session, row, rater, sees_video=True)
    return secret


def answers_for(view: BallotView, answer: str) -> dict[str, str]:
    return {question.id: answer for question in view.questions}


def answer_all(desk: Desk, secret: str, *, ballots: int | None = None, answer: str = "left") -> int:
    """Answer ballots until there is none, or so many; returns how many."""
    done = 0
    while ballots is None or done < ballots:
        view = desk.place(secret).ballot
        if view is None:
            break
        desk.vote(secret, view.id, view.revision, answers_for(view, answer), seconds=9.0, played=1.0)
        done += 1
    return done


def work(engine: Engine, study: str, raters: int = 1) -> None:
    """New raters who answer all they are given."""
    for _ in range(raters):
        answer_all(Desk(engine, study), new_rater(engine, study))


def all_ballots(engine: Engine, study: str) -> dict[str, list[Ballot]]:
    """Answered ballots by rater, in order."""
    found = defaultdict(list)
    with reading(engine, study) as (session, row):
        query = select(Ballot, Rater.code).join(Rater, Rater.id == Ballot.rater_id)
        for ballot, code in session.execute(query.where(Ballot.state == "voted").order_by(Ballot.number)):
            found[code].append(ballot)
    return found
