"""The log of a study: a chain of hashes in which a changed, dropped or inserted line shows."""

import hmac
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from a2bench.base.hashing import canonical_json, value_sha256
from a2bench_human_eval.tables import Ballot, Event, Rater, Study, Vote

FIRST = "0" * 64


def log_event(session: Session, study: Study, actor: str, action: str, **detail: Any) -> None:
    """Add a line; the caller holds the study's lock.

    Args:
        session: of the transaction that does what is logged.
        study: the study.
        actor: a rater's code, ``organiser`` or ``server``.
        action: such as ``voted``.
        detail: JSON values; no names of people, so that erasing a person leaves the chain whole.
    """
    last = session.scalars(
        select(Event).where(Event.study_id == study.id).order_by(Event.number.desc()).limit(1)
    ).first()
    event = Event(
        study_id=study.id,
        number=last.number + 1 if last else 1,
        at=round(time.time(), 3),
        actor=actor,
        action=action,
        detail=detail,
        previous=last.sha256 if last else FIRST,
        sha256="",
    )
    event.sha256 = _digest(event)
    session.add(event)
    session.flush()


def vote_digest(rater: Rater, ballot: int, revision: int, answers: Mapping[str, str]) -> str:
    """What the log keeps of a vote: enough to see that it was changed, and nothing once the rater's key is deleted."""
    assert rater.key is not None
    text = canonical_json([ballot, revision, dict(answers)])
    return hmac.new(rater.key.encode(), text.encode(), "sha256").hexdigest()


def tampering(session: Session, study: Study) -> list[str]:
    """What does not fit: links of the chain, and votes that are not those that were logged; empty when all is whole."""
    found = []
    previous, number = FIRST, 1
    logged: dict[tuple[int, int], str] = {}
    for event in session.scalars(select(Event).where(Event.study_id == study.id).order_by(Event.number)):
        if (event.number, event.previous, event.sha256) != (number, previous, _digest(event)):
            found.append(f"event {number} was changed, dropped or inserted")
            break
        previous, number = event.sha256, number + 1
        if event.action == "voted":
            logged[event.detail["ballot"], event.detail["revision"]] = event.detail["digest"]
    stored: dict[tuple[int, int], dict[str, str]] = defaultdict(dict)
    raters: dict[int, Rater] = {}
    query = select(Vote, Rater).join(Ballot, Ballot.id == Vote.ballot_id).join(Rater, Rater.id == Ballot.rater_id)
    for vote, rater in session.execute(query.where(Rater.study_id == study.id, Rater.key.is_not(None))):
        stored[vote.ballot_id, vote.revision][vote.question] = vote.answer
        raters[vote.ballot_id] = rater
    for (ballot, revision), answers in stored.items():
        if logged.get((ballot, revision)) != vote_digest(raters[ballot], ballot, revision, answers):
            found.append(f"vote {revision} on ballot {ballot} is not the one that was logged")
    erased = select(Ballot.id).join(Rater, Rater.id == Ballot.rater_id).where(Rater.key.is_(None))
    gone = logged.keys() - stored.keys()
    if gone:
        of_erased = set(session.scalars(erased.where(Rater.study_id == study.id)))
        found += [f"vote {r} on ballot {b} is missing" for b, r in sorted(gone) if b not in of_erased]
    return found


def _digest(event: Event) -> str:
    return value_sha256([event.number, event.at, event.actor, event.action, event.detail, event.previous])
