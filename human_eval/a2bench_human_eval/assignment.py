"""Which ballot does a rater get next?

All in one transaction under the study's lock, so that two raters never take the same last place. A rater's open ballot
comes back as it was, on any device. Otherwise, in order: training; warm-up; one check in each block at a place that the
salt decides; and the rating tasks that this rater has not seen and that still want votes: those with the fewest first,
a share of them where a vote tells most. Sides are balanced within each task, then over the rater's ballots.
"""

import hashlib
import math
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session, aliased

from a2bench_human_eval.raters import finish, finish_training
from a2bench_human_eval.settings import StudySettings, settings_of
from a2bench_human_eval.tables import Ballot, MediaToken, Rater, Stimulus, Study, StudyElement, Task

COUNTED = ("queued", "open", "voted")
"""Ballots that fill a task: answered, or still with a rater."""
HELD = ("queued", "open")
CHECK_KINDS = ("gross", "swap", "identical", "instructed")


@dataclass(frozen=True)
class Choice:
    """A task for a rater, and how it came to be chosen."""

    task: Task
    purpose: str
    strategy: str
    propensity: float
    first_is_left: bool


def next_ballot(session: Session, study: Study, rater: Rater) -> Ballot | None:
    """The ballot in front of a rater, made when there is none; None when the rater is not rating or is done.

    The caller holds the study's lock.
    """
    now, settings = time.time(), settings_of(study)
    if rater.stage not in ("training", "rating") or study.status != "open":
        return None
    expire_leases(session, study, now, but_of=rater)
    ballot = _held(session, rater, "open") or _held(session, rater, "queued")
    if ballot is None:
        choice = _choose(session, study, rater, settings)
        if choice is None:
            finish(session, study, rater)
            return None
        ballot = _hand_out(session, study, rater, choice, "open")
    ballot.state = "open"
    ballot.lease_until = now + 60 * settings.lease_minutes
    return ballot


def queue_ballot(session: Session, study: Study, rater: Rater) -> Ballot | None:
    """Hand out the ballot after the open one, so that its clips can be loaded meanwhile; None when there is none."""
    settings = settings_of(study)
    ballot = _held(session, rater, "queued")
    if ballot is None and rater.stage == "rating" and _held(session, rater, "open"):
        choice = _choose(session, study, rater, settings)
        ballot = _hand_out(session, study, rater, choice, "queued") if choice else None
    if ballot is not None:
        ballot.lease_until = time.time() + 60 * settings.lease_minutes
    return ballot


def _held(session: Session, rater: Rater, state: str) -> Ballot | None:
    return session.scalars(select(Ballot).where(Ballot.rater_id == rater.id, Ballot.state == state)).one_or_none()


def expire_leases(session: Session, study: Study, now: float, *, but_of: Rater | None = None) -> None:
    """Take back ballots whose raters did not answer in time; their tasks can be handed out again."""
    late = select(Ballot.id).where(Ballot.study_id == study.id, Ballot.state.in_(HELD), Ballot.lease_until < now)
    if but_of is not None:
        late = late.where(Ballot.rater_id != but_of.id)
    ids = session.scalars(late).all()
    if ids:
        session.execute(update(Ballot).where(Ballot.id.in_(ids)).values(state="expired", closed=now))


def skip(session: Session, study: Study, ballot: Ballot) -> None:
    """The rater does not want to judge this one: no penalty, and nobody asks again."""
    ballot.state, ballot.closed = "skipped", time.time()


def rated(session: Session, rater: Rater) -> int:
    """How many rating ballots a rater has answered."""
    query = select(func.count()).where(Ballot.rater_id == rater.id, Ballot.purpose == "rating", Ballot.state == "voted")
    return session.scalar(query) or 0


def _choose(session: Session, study: Study, rater: Rater, settings: StudySettings) -> Choice | None:
    mine = session.scalars(
        select(Ballot).where(Ballot.rater_id == rater.id, Ballot.state != "expired").order_by(Ballot.number)
    ).all()
    seen = {ballot.task_id for ballot in mine}
    if rater.stage == "training":
        tasks = _tasks(session, study, "training")
        left = [task for task in tasks if task.id not in seen]
        if left:
            return Choice(left[0], "training", "fixed", 1.0, _keyed(study, rater, left[0].id) < 0.5)
        finish_training(session, study, rater)
    served = [ballot for ballot in mine if ballot.purpose != "training"]
    done = sum(ballot.purpose == "rating" for ballot in served if ballot.state != "skipped")
    if done >= settings.ballots_per_rater:
        return None
    if (check := _check(session, study, rater, settings, served)) is not None:
        return check
    purpose = "warmup" if sum(ballot.purpose == "warmup" for ballot in served) < settings.warm_up else "rating"
    return _rating(session, study, rater, settings, seen, served, purpose)


def _tasks(session: Session, study: Study, purpose: str) -> Sequence[Task]:
    return session.scalars(
        select(Task).where(Task.study_id == study.id, Task.purpose == purpose).order_by(Task.id)
    ).all()


def _check(
    session: Session, study: Study, rater: Rater, settings: StudySettings, served: list[Ballot]
) -> Choice | None:
    """A check, where this rater's next place is one; kinds take turns, and none is seen twice."""
    place, block = len(served) % settings.check_every, len(served) // settings.check_every
    if place != 1 + int(_keyed(study, rater, -block) * (settings.check_every - 1)):
        return None
    seen = {ballot.task_id for ballot in served if ballot.purpose not in ("rating", "swap")}
    start = int(_keyed(study, rater, 0) * len(CHECK_KINDS)) + block
    for turn in range(len(CHECK_KINDS)):
        kind = CHECK_KINDS[(start + turn) % len(CHECK_KINDS)]
        if kind == "swap":
            if (choice := _swap(session, served)) is not None:
                return choice
            continue
        fresh = [task for task in _tasks(session, study, kind) if task.id not in seen]
        if fresh:
            task = fresh[int(_keyed(study, rater, block + 1000) * len(fresh))]
            return Choice(task, kind, "check", 1 / len(fresh), _keyed(study, rater, task.id) < 0.5)
    return None


def _swap(session: Session, served: list[Ballot]) -> Choice | None:
    """The earliest answered pair of this rater that was not yet repeated, with its sides exchanged."""
    repeated = {ballot.task_id for ballot in served if ballot.purpose == "swap"}
    for ballot in served[:-3]:  # not one that is still fresh in mind
        if ballot.purpose == "rating" and ballot.state == "voted" and ballot.task_id not in repeated:
            task = session.get_one(Task, ballot.task_id)
            if task.second_id is not None:
                return Choice(task, "swap", "check", 1.0, not ballot.first_is_left)
    return None


def _rating(
    session: Session,
    study: Study,
    rater: Rater,
    settings: StudySettings,
    seen: set[int],
    served: list[Ballot],
    purpose: str,
) -> Choice | None:
    filled = task_counts(session, study)
    open_tasks = [
        task
        for task in _tasks(session, study, "rating")
        if task.id not in seen and filled[task.id] < settings.votes_per_task
    ]
    if not open_tasks:
        return None
    rng = random.Random(secrets.randbits(64))
    if rng.random() < settings.informative_share and settings.protocol == "pairwise" and purpose == "rating":
        strategy, weights = "informative", _information(session, study, open_tasks)
    else:
        least = min(filled[task.id] for task in open_tasks)
        strategy, weights = "least-filled", [float(filled[task.id] == least) for task in open_tasks]
    (index,) = rng.choices(range(len(open_tasks)), weights)
    task = open_tasks[index]
    left = _first_is_left(session, study, rater, task, served)
    return Choice(task, purpose, strategy, weights[index] / sum(weights), left)


def task_counts(session: Session, study: Study, states: Sequence[str] = COUNTED) -> Counter[int]:
    """How many rating ballots of each task are in one of these states (answered or under way), by task id."""
    query = (
        select(Ballot.task_id, func.count())
        .where(Ballot.study_id == study.id, Ballot.purpose == "rating", Ballot.state.in_(states))
        .group_by(Ballot.task_id)
    )
    return Counter({task: number for task, number in session.execute(query)})


def _information(session: Session, study: Study, tasks: Iterable[Task]) -> list[float]:
    """How much a vote on each task tells about the order of systems.

    Systems that met seldom tell most. With equal systems the determinant of the information about ratings grows by
    ``log(1 + d' S d / 4)``, ``S`` the inverse Laplacian of the graph of meetings and ``d`` the difference of two
    systems (D-optimal design; human-evaluation literature as ASAP, Mikhailiuk et al. 2020, arXiv:2004.05691). It looks
    at how often systems met, not at who won, so a rater's votes never decide what is asked next.
    """
    import numpy as np

    first, second = aliased(Stimulus), aliased(Stimulus)
    query = (
        select(first.system_id, second.system_id, func.count(Ballot.id))
        .select_from(Task)
        .join(first, first.id == Task.first_id)
        .join(second, second.id == Task.second_id)
        .outerjoin(Ballot, (Ballot.task_id == Task.id) & (Ballot.purpose == "rating") & Ballot.state.in_(COUNTED))
        .where(Task.study_id == study.id, Task.purpose == "rating")
        .group_by(first.system_id, second.system_id)
    )
    meetings = session.execute(query).all()
    index = {system: number for number, system in enumerate(dict.fromkeys(s for a, b, _ in meetings for s in (a, b)))}
    laplacian = np.eye(len(index)) * 1e-3
    for a, b, count in meetings:
        i, j = index[a], index[b]
        laplacian[[i, j], [i, j]] += count / 4
        laplacian[[i, j], [j, i]] -= count / 4
    inverse = np.linalg.inv(laplacian)
    systems = dict(session.execute(select(Stimulus.id, Stimulus.system_id).where(Stimulus.study_id == study.id)).all())
    gains = []
    for task in tasks:
        assert task.second_id is not None
        i, j = index[systems[task.first_id]], index[systems[task.second_id]]
        gains.append(math.log1p(float(inverse[i, i] + inverse[j, j] - 2 * inverse[i, j]) / 4))
    return gains


def _first_is_left(session: Session, study: Study, rater: Rater, task: Task, served: list[Ballot]) -> bool:
    """The side that was shown less: of this task, then of this pair of systems, then to this rater."""
    lefts = func.sum(case((Ballot.first_is_left, 1), else_=-1))
    of_task = session.scalar(select(lefts).where(Ballot.task_id == task.id, Ballot.state.in_(COUNTED))) or 0
    if of_task:
        return of_task < 0
    of_rater = sum(1 if ballot.first_is_left else -1 for ballot in served if ballot.purpose in ("rating", "warmup"))
    if of_rater:
        return of_rater < 0
    return _keyed(study, rater, task.id) < 0.5


def _keyed(study: Study, rater: Rater, number: int) -> float:
    """A number in [0, 1) that only who knows the salt can foretell, and that comes out the same each time."""
    digest = hashlib.blake2b(f"{rater.code}:{number}".encode(), key=study.salt.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _hand_out(session: Session, study: Study, rater: Rater, choice: Choice, state: str) -> Ballot:
    now = time.time()
    number = session.scalar(select(func.max(Ballot.number)).where(Ballot.rater_id == rater.id)) or 0
    ballot = Ballot(
        study_id=study.id,
        task_id=choice.task.id,
        rater_id=rater.id,
        number=number + 1,
        first_is_left=choice.first_is_left,
        purpose=choice.purpose,
        strategy=choice.strategy,
        propensity=choice.propensity,
        state=state,
        lease_until=now,
        created=now,
        revision=0,
    )
    session.add(ballot)
    session.flush()
    give_media_tokens(session, ballot)
    return ballot


def give_media_tokens(session: Session, ballot: Ballot) -> None:
    """Random names for the ballot's clips and references."""
    task = session.get_one(Task, ballot.task_id)
    first = session.get_one(Stimulus, task.first_id)
    files = {"only": first.file}
    if task.second_id is not None:
        second = session.get_one(Stimulus, task.second_id)
        left, right = (first, second) if ballot.first_is_left else (second, first)
        files = {"left": left.file, "right": right.file}
    elements = session.scalars(
        select(StudyElement).where(StudyElement.case_id == task.case_id).order_by(StudyElement.position)
    )
    files |= {element.name: element.file for element in elements}
    session.add_all(
        MediaToken(token=secrets.token_urlsafe(24), ballot_id=ballot.id, slot=slot, file=file)
        for slot, file in files.items()
    )
    session.flush()
