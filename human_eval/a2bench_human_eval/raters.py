"""Who rates: invites, sessions, consent, stages, erasure.

An invite is a link with a random token; the first visit exchanges it for a session token, so that the link need not
stay in the address bar. The database holds only hashes of both.
"""

import hashlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from a2bench.errors import A2BenchError, InputError
from a2bench_human_eval.events import log_event
from a2bench_human_eval.settings import settings_of
from a2bench_human_eval.tables import Ballot, Consent, Contact, MediaToken, Rater, RaterSession, Study, Vote

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters and digits that nobody confuses."""
SESSION_DAYS = 30


class AccessError(A2BenchError):
    """A token that opens nothing: unknown, revoked, expired, or of another study."""


class StageError(InputError):
    """Something was sent that does not belong to where the rater is."""


@dataclass(frozen=True)
class Invite:
    """A new rater and the secret that lets this person in; it is shown once and stored nowhere."""

    code: str
    token: str


def secret_sha256(token: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def invite_raters(session: Session, study: Study, count: int, contacts: Iterable[str] = ()) -> list[Invite]:
    """Make raters with fresh pseudonyms; ``contacts`` are stored apart, in order."""
    if study.status != "open":
        raise InputError(f"study {study.name!r} is closed; nobody can be invited")
    invites = []
    texts = list(contacts)
    for number in range(count):
        token, code = secrets.token_urlsafe(24), "R-" + _letters(6)
        rater = Rater(
            study_id=study.id,
            code=code,
            invite_sha256=secret_sha256(token),
            key=secrets.token_hex(16),
            completion_code=_letters(8),
            created=time.time(),
        )
        session.add(rater)
        session.flush()
        if number < len(texts) and texts[number]:
            session.add(Contact(rater_id=rater.id, text=texts[number]))
        log_event(session, study, "organiser", "invited", rater=code)
        invites.append(Invite(code, token))
    return invites


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def enter(session: Session, study: Study, token: str) -> tuple[Rater, str]:
    """Exchange an invite for a session token.

    Raises:
        AccessError: the invite opens nothing here.
    """
    query = select(Rater).where(Rater.study_id == study.id, Rater.invite_sha256 == secret_sha256(token))
    rater = session.scalars(query).one_or_none()
    if rater is None or rater.stage == "erased":
        raise AccessError("this link does not open a study; please ask the person who sent it for a new one")
    secret, now = secrets.token_urlsafe(32), time.time()
    session.add(RaterSession(rater_id=rater.id, token_sha256=secret_sha256(secret), created=now, last_seen=now))
    log_event(session, study, rater.code, "entered")
    return rater, secret


def rater_of_session(session: Session, study: Study, secret: str) -> Rater:
    """The rater behind a session token.

    Raises:
        AccessError: no such session, revoked, too old, or of another study.
    """
    query = (
        select(Rater, RaterSession)
        .join(RaterSession, RaterSession.rater_id == Rater.id)
        .where(RaterSession.token_sha256 == secret_sha256(secret), Rater.study_id == study.id)
    )
    found = session.execute(query).one_or_none()
    if found is None or found[1].revoked or found[0].stage == "erased":
        raise AccessError("this session has ended; please open your link again")
    if time.time() - found[1].last_seen > SESSION_DAYS * 86400:
        raise AccessError("this session has expired; please open your link again")
    return found[0]


def give_consent(session: Session, study: Study, rater: Rater, language: str = "en") -> None:
    """Write down that the rater agreed to the study's text; nothing else of a rater is stored before."""
    if rater.stage != "invited":
        return
    version = secret_sha256(settings_of(study).consent_text)[:12]
    session.add(Consent(rater_id=rater.id, version=version, language=language[:16], at=time.time()))
    _move(session, study, rater, "calibration")


def finish_calibration(session: Session, study: Study, rater: Rater, *, sees_video: bool) -> None:
    """Write down whether the playback test was seen; who cannot see it is not asked to rate."""
    if rater.stage != "calibration":
        raise StageError(f"the playback test is not due: this rater is at {rater.stage!r}")
    log_event(session, study, rater.code, "calibrated", sees_video=sees_video)
    if sees_video:
        _move(session, study, rater, "training")


def finish_training(session: Session, study: Study, rater: Rater) -> None:
    """Let the rater go on to the ballots that count."""
    if rater.stage != "training":
        raise StageError(f"training is not under way: this rater is at {rater.stage!r}")
    _move(session, study, rater, "rating")


def finish(session: Session, study: Study, rater: Rater) -> None:
    """The rater has nothing left to do, and gets the completion code."""
    if rater.stage != "finished":
        rater.finished = time.time()
        _move(session, study, rater, "finished")


def stop(session: Session, study: Study, rater: Rater) -> None:
    """The rater wants to stop for good; what was voted stays."""
    if rater.stage not in ("finished", "erased"):
        _move(session, study, rater, "stopped")


def _move(session: Session, study: Study, rater: Rater, stage: str) -> None:
    rater.stage = stage
    log_event(session, study, rater.code, "stage", stage=stage)


def erase_rater(session: Session, study: Study, code: str, *, keep_votes: bool) -> int:
    """Delete a person on request: contact, consent, sessions, invite, and unless ``keep_votes`` all votes.

    The pseudonym stays in the log, so that the chain stays whole; nothing leads from it to the person any more.

    Returns:
        How many answers were deleted.

    Raises:
        InputError: no rater of that code.
    """
    rater = session.scalars(select(Rater).where(Rater.study_id == study.id, Rater.code == code)).one_or_none()
    if rater is None:
        raise InputError(f"study {study.name!r} has no rater {code!r}; `a2bench rate status` lists them")
    ballots = select(Ballot.id).where(Ballot.rater_id == rater.id)
    for table in (Contact, Consent, RaterSession):
        session.execute(delete(table).where(table.rater_id == rater.id))
    session.execute(delete(MediaToken).where(MediaToken.ballot_id.in_(ballots)))
    deleted = 0
    if not keep_votes:
        deleted = session.scalar(select(func.count()).where(Vote.ballot_id.in_(ballots))) or 0
        session.execute(delete(Vote).where(Vote.ballot_id.in_(ballots)))
        session.execute(
            update(Ballot).where(Ballot.rater_id == rater.id).values(state="expired", revision=0, lease_until=0.0)
        )
    else:
        session.execute(
            update(Ballot)
            .where(Ballot.rater_id == rater.id, Ballot.state.in_(("open", "queued")))
            .values(state="expired")
        )
    rater.invite_sha256, rater.key, rater.stage = None, None, "erased"
    log_event(session, study, "organiser", "erased", rater=code, kept_votes=keep_votes)
    return deleted
