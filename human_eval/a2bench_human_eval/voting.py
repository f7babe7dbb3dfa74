"""From a rater's answers to votes: checked, written in one transaction, acknowledged after the commit.

A ballot's revision is the idempotency key: sending the same one again, from a double click, a second tab or after a
lost connection, changes nothing and is acknowledged the same way.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from a2bench.errors import InputError
from a2bench_human_eval.events import log_event, vote_digest
from a2bench_human_eval.rubric import Question, Rubric, rubric_of
from a2bench_human_eval.settings import settings_of
from a2bench_human_eval.tables import Ballot, MediaToken, Rater, Stimulus, Study, StudyCase, StudyElement, Task, Vote


class BallotError(InputError):
    """This ballot cannot take this vote; the message says why, and nothing was stored."""


@dataclass(frozen=True)
class BallotView:
    """All that a rater may see of a ballot, and nothing that tells a system.

    revision: what a vote on it must carry: one more than that of the vote that stands. answers: the vote that stands.
    note: what an instructed item says. seconds: length of its clips.
    """

    id: int
    number: int
    purpose: str
    prompt: str
    elements: tuple[tuple[str, str, str], ...]
    questions: tuple[Question, ...]
    media: Mapping[str, str]
    seconds: float
    revision: int
    answers: Mapping[str, str]
    note: str


def view_ballot(session: Session, study: Study, ballot: Ballot) -> BallotView:
    """What the page of a ballot is made from."""
    task = session.get_one(Task, ballot.task_id)
    case = session.get_one(StudyCase, task.case_id)
    rows = session.scalars(
        select(StudyElement).where(StudyElement.case_id == case.id).order_by(StudyElement.position)
    ).all()
    elements = tuple((row.name, row.role, row.phrase) for row in rows)
    tokens = session.scalars(select(MediaToken).where(MediaToken.ballot_id == ballot.id)).all()
    hidden = ballot.purpose in ("gross", "identical", "swap", "warmup")
    return BallotView(
        id=ballot.id,
        number=ballot.number,
        purpose="rating" if hidden else ballot.purpose,
        prompt=case.prompt,
        elements=elements,
        questions=rubric_of(study).questions_about(elements),
        media={token.slot: token.token for token in tokens},
        seconds=session.get_one(Stimulus, task.first_id).seconds,
        revision=ballot.revision + 1,
        answers=current_answers(session, ballot),
        note=task.note if ballot.purpose == "instructed" else "",
    )


def current_answers(session: Session, ballot: Ballot) -> dict[str, str]:
    """The vote that stands, by question."""
    query = select(Vote.question, Vote.answer).where(Vote.ballot_id == ballot.id, Vote.revision == ballot.revision)
    return dict(session.execute(query).all())


def cast(
    session: Session,
    study: Study,
    rater: Rater,
    ballot_id: int,
    revision: int,
    answers: Mapping[str, str],
    *,
    seconds: float | None = None,
    played: float | None = None,
) -> Ballot:
    """Store a vote; the caller holds the study's lock and commits before telling the rater.

    Args:
        session: of the transaction.
        study: the study.
        rater: who votes.
        ballot_id: of a ballot of this rater.
        revision: 1 for the first vote on it, one more for each change.
        answers: one for each question.
        seconds: since the ballot was shown.
        played: share of its videos that was played, in [0, 1].

    Raises:
        BallotError: not this rater's ballot, closed, an answer missing or unknown, or not to be changed any more.
    """
    ballot = session.get(Ballot, ballot_id)
    if ballot is None or ballot.rater_id != rater.id or ballot.study_id != study.id:
        raise BallotError("this ballot is not yours; reload the page to see yours")
    if revision <= ballot.revision:
        return ballot
    if study.status != "open":
        raise BallotError("the study is closed; your votes until then are stored")
    if revision != ballot.revision + 1:
        raise BallotError("this vote was changed in another window; reload the page")
    if ballot.state == "voted" and not can_change(session, study, ballot):
        raise BallotError("this vote is too long ago to be changed")
    if ballot.state not in ("open", "voted"):
        raise BallotError("this ballot has been taken back, because it was open for long; reload the page for the next")
    _check_answers(session, study, ballot, answers)
    minimum = settings_of(study).min_played
    if played is not None and played + 1e-6 < minimum:
        raise BallotError(f"please watch first: {played:.0%} was played, {minimum:.0%} is needed")
    now = time.time()
    session.add_all(
        Vote(
            ballot_id=ballot.id,
            revision=revision,
            question=question,
            answer=answer,
            seconds=seconds,
            played=played,
            at=now,
        )
        for question, answer in answers.items()
    )
    ballot.revision, ballot.state, ballot.closed = revision, "voted", ballot.closed or now
    digest = vote_digest(rater, ballot.id, revision, answers)
    log_event(session, study, rater.code, "voted", ballot=ballot.id, revision=revision, digest=digest)
    session.flush()
    return ballot


def can_change(session: Session, study: Study, ballot: Ballot) -> bool:
    """Whether a vote is among the last that may be changed."""
    return ballot.id in {b.id for b in changeable(session, study, session.get_one(Rater, ballot.rater_id))}


def changeable(session: Session, study: Study, rater: Rater) -> list[Ballot]:
    """The last votes of a rater that may still be changed, latest first; training is over when it is over."""
    query = (
        select(Ballot)
        .where(Ballot.rater_id == rater.id, Ballot.state == "voted", Ballot.purpose != "training")
        .order_by(Ballot.number.desc())
        .limit(settings_of(study).max_undo)
    )
    return list(session.scalars(query))


def _check_answers(session: Session, study: Study, ballot: Ballot, answers: Mapping[str, str]) -> None:
    wanted = {question.id: question.answers for question in view_ballot(session, study, ballot).questions}
    if missing := [question for question in wanted if question not in answers]:
        raise BallotError(f"please answer all questions; missing: {', '.join(missing)}")
    for question, answer in answers.items():
        if question not in wanted:
            raise BallotError(f"this ballot has no question {question!r}")
        if answer not in wanted[question]:
            raise BallotError(f"{answer!r} is no answer to {question!r}; expected one of {', '.join(wanted[question])}")


def passed_check(rubric: Rubric, task: Task, ballot: Ballot, answers: Mapping[str, str]) -> bool | None:
    """Whether a check was answered as expected; None for what is no check or has no answer."""
    if task.expected is None or not answers:
        return None
    if task.purpose == "instructed":
        return all(answer == task.expected for answer in answers.values())
    answer = answers.get(rubric.check)
    if answer is None:
        return None
    if task.expected == "low":
        return answer in ("1", "2")
    expected = task.expected
    if expected in ("first", "second"):
        expected = "left" if (expected == "first") == ballot.first_is_left else "right"
    return answer == expected
