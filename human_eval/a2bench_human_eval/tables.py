"""What a study writes down: the tables of its database, the same on SQLite and PostgreSQL.

Votes and events are only ever added. A changed answer is a further revision; the view ``vote_current`` holds the latest
of each ballot. Times are seconds since 1970 UTC. Names of systems stand in one table that no query for raters reads.
"""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {dict[str, Any]: JSON, str: Text}


class Study(Base):
    """A question put to people: cases, systems, protocol.

    rubric: what raters are asked, as `a2bench_human_eval.rubric.Rubric`; it stays as it was when the study was made.
    media: folder of clips and references. salt: keys what must be random but repeatable. playback_file: the clip of the
    playback test; playback_answer: the digits that it shows.
    """

    __tablename__ = "study"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    settings: Mapped[dict[str, Any]]
    rubric: Mapped[dict[str, Any]]
    media: Mapped[str]
    playback_file: Mapped[str]
    playback_answer: Mapped[str] = mapped_column(String(8))
    salt: Mapped[str]
    status: Mapped[str] = mapped_column(String(8), default="open")
    created: Mapped[float]
    __table_args__ = (CheckConstraint("status IN ('open', 'closed')", name="study_status"),)


class StudyCase(Base):
    """A prompt of the study."""

    __tablename__ = "study_case"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    case: Mapped[str] = mapped_column(String(64))
    prompt: Mapped[str]
    __table_args__ = (UniqueConstraint("study_id", "case"),)


class StudyElement(Base):
    """An element of a case; ``file`` is its reference in the study's media folder."""

    __tablename__ = "study_element"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("study_case.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(32))
    role: Mapped[str] = mapped_column(String(16))
    phrase: Mapped[str]
    file: Mapped[str]
    __table_args__ = (UniqueConstraint("case_id", "name"),)


class StudySystem(Base):
    """A system under comparison: the one place where its name stands."""

    __tablename__ = "study_system"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    name: Mapped[str]
    revision: Mapped[str]
    __table_args__ = (UniqueConstraint("study_id", "name"),)


class Stimulus(Base):
    """A video as raters see it: re-encoded like all others, under a random file name.

    system_id: None for what was made for a check. source_sha256: of the video of the run that it shows.
    """

    __tablename__ = "stimulus"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("study_case.id"))
    system_id: Mapped[int | None] = mapped_column(ForeignKey("study_system.id"))
    seed: Mapped[int]
    source_sha256: Mapped[str] = mapped_column(String(64))
    file: Mapped[str]
    seconds: Mapped[float]


class Task(Base):
    """Something to judge: two stimuli of a case (``pairwise``) or one (``rating``).

    purpose: ``rating`` counts; ``training`` teaches; ``warmup`` is discarded; ``gross``, ``identical`` and
    ``instructed`` are checks with an expected answer to the rubric's question for checks.
    """

    __tablename__ = "task"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("study_case.id"))
    purpose: Mapped[str] = mapped_column(String(12))
    first_id: Mapped[int] = mapped_column(ForeignKey("stimulus.id"))
    second_id: Mapped[int | None] = mapped_column(ForeignKey("stimulus.id"))
    expected: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(default="")
    """What training explains, or the instruction of an instructed item."""
    __table_args__ = (UniqueConstraint("study_id", "purpose", "first_id", "second_id"),)


class Rater(Base):
    """A person, by a pseudonym. Only hashes of secrets are stored.

    key: keys the digests of this rater's votes in the log; deleted with the person, after which they say nothing.
    stage: where the person is. verified: ``unknown`` when it could not be checked, which is neither yes nor no.
    """

    __tablename__ = "rater"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    code: Mapped[str] = mapped_column(String(16))
    invite_sha256: Mapped[str | None] = mapped_column(String(64), unique=True)
    key: Mapped[str | None]
    stage: Mapped[str] = mapped_column(String(12), default="invited")
    verified: Mapped[str] = mapped_column(String(8), default="unknown")
    completion_code: Mapped[str]
    created: Mapped[float]
    finished: Mapped[float | None]
    __table_args__ = (
        UniqueConstraint("study_id", "code"),
        CheckConstraint(
            "stage IN ('invited', 'calibration', 'training', 'rating', 'finished', 'stopped', 'erased')",
            name="rater_stage",
        ),
        CheckConstraint("verified IN ('yes', 'no', 'unknown')", name="rater_verified"),
    )


class Contact(Base):
    """How the organiser reaches a person; apart from everything else, so that it can be deleted."""

    __tablename__ = "contact"
    rater_id: Mapped[int] = mapped_column(ForeignKey("rater.id"), primary_key=True)
    text: Mapped[str]


class Consent(Base):
    """That a person agreed, to which words, when."""

    __tablename__ = "consent"
    id: Mapped[int] = mapped_column(primary_key=True)
    rater_id: Mapped[int] = mapped_column(ForeignKey("rater.id"), index=True)
    version: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(16))
    at: Mapped[float]


class RaterSession(Base):
    """A browser that a person came in with; its token is exchanged for the invite and can be revoked."""

    __tablename__ = "rater_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    rater_id: Mapped[int] = mapped_column(ForeignKey("rater.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[float]
    last_seen: Mapped[float]
    revoked: Mapped[bool] = mapped_column(default=False)


class Ballot(Base):
    """A task handed to a rater, with the side that was shown.

    first_is_left: whether the task's first stimulus is on the left. purpose: the task's, or ``swap`` for a repeat with
    sides exchanged. state: ``queued`` is the next one, handed out early so that its clips can be loaded. strategy,
    propensity: how the task was chosen, and with which chance.
    """

    __tablename__ = "ballot"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), index=True)
    rater_id: Mapped[int] = mapped_column(ForeignKey("rater.id"))
    number: Mapped[int]
    first_is_left: Mapped[bool]
    purpose: Mapped[str] = mapped_column(String(12))
    strategy: Mapped[str] = mapped_column(String(16))
    propensity: Mapped[float]
    state: Mapped[str] = mapped_column(String(8), default="open")
    lease_until: Mapped[float]
    created: Mapped[float]
    closed: Mapped[float | None]
    revision: Mapped[int] = mapped_column(default=0)
    """Number of the latest vote on it; 0 before the first."""
    __table_args__ = (
        UniqueConstraint("rater_id", "number"),
        CheckConstraint("state IN ('queued', 'open', 'voted', 'skipped', 'expired')", name="ballot_state"),
        Index(
            "one_open_ballot_per_rater",
            "rater_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "one_ballot_per_rater_and_task",
            "rater_id",
            "task_id",
            unique=True,
            sqlite_where=text("state <> 'expired' AND purpose <> 'swap'"),
            postgresql_where=text("state <> 'expired' AND purpose <> 'swap'"),
        ),
    )


class MediaToken(Base):
    """A random name under which one ballot's media can be fetched; it says nothing, and dies with the ballot."""

    __tablename__ = "media_token"
    token: Mapped[str] = mapped_column(String(48), primary_key=True)
    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"), index=True)
    slot: Mapped[str] = mapped_column(String(40))
    """``left``, ``right``, ``only``, or an element's name."""
    file: Mapped[str]


class Vote(Base):
    """One answer to one question of a ballot, never changed afterwards.

    seconds: from the ballot's first showing to the vote, as the browser measured. played: the smaller share of the
    videos that was played, in [0, 1].
    """

    __tablename__ = "vote"
    id: Mapped[int] = mapped_column(primary_key=True)
    ballot_id: Mapped[int] = mapped_column(ForeignKey("ballot.id"))
    revision: Mapped[int]
    question: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[float | None]
    played: Mapped[float | None]
    at: Mapped[float]
    __table_args__ = (UniqueConstraint("ballot_id", "revision", "question"),)


class Event(Base):
    """What happened, in a chain: each line's hash covers the line before, so that a change shows."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    number: Mapped[int]
    at: Mapped[float]
    actor: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    __table_args__ = (UniqueConstraint("study_id", "number"),)
