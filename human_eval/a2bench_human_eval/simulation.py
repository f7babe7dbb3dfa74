"""Simulated raters with a known truth, through the same door as people: does the whole machinery recover it?

Each rater answers from a Davidson model: qualities of the systems, plus how each case and each rater bends them.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Engine, func, select

from a2bench.errors import InputError
from a2bench.statistics.vote_simulation import Design, World, outcome_chances
from a2bench_human_eval.assignment import next_ballot
from a2bench_human_eval.database import reading, writing
from a2bench_human_eval.protocol import CANNOT_JUDGE
from a2bench_human_eval.raters import enter, finish_calibration, give_consent, invite_raters
from a2bench_human_eval.rubric import Question
from a2bench_human_eval.settings import settings_of
from a2bench_human_eval.tables import Ballot, Rater, Stimulus, StudySystem, Task
from a2bench_human_eval.voting import cast, view_ballot

OUTCOMES = ("left", "tie", "right")
BROKEN_QUALITY = -4.0


@dataclass(frozen=True)
class Truth:
    """What the simulated raters believe.

    quality: logits by system. case_spread, rater_spread: standard deviations of how cases and raters bend them.
    nu: Davidson's tie parameter. random_raters: share of raters that click anything.
    """

    quality: Mapping[str, float]
    case_spread: float = 0.5
    rater_spread: float = 0.3
    nu: float = 0.6
    random_raters: float = 0.0


def simulate_raters(
    engine: Engine,
    study: str,
    truth: Truth,
    *,
    raters: int,
    ballots: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Let simulated raters work until each is done, or has answered ``ballots``.

    Returns:
        The number of votes that were cast.
    """
    rng = np.random.default_rng(seed)
    with writing(engine, study) as (session, row):
        invites = invite_raters(session, row, raters)
        systems = dict(
            session.execute(select(StudySystem.id, StudySystem.name).where(StudySystem.study_id == row.id)).all()
        )
    votes = 0
    for number, invite in enumerate(invites):
        with writing(engine, study) as (session, row):
            rater, _ = enter(session, row, invite.token)
            give_consent(session, row, rater)
            finish_calibration(session, row, rater, sees_video=True)
        bend = {name: rng.normal(0, truth.rater_spread) for name in truth.quality}
        careless = rng.random() < truth.random_raters
        answered = 0
        while ballots is None or answered < ballots:
            with writing(engine, study) as (session, row):
                rater = session.get_one(Rater, rater.id)
                ballot = next_ballot(session, row, rater)
                if ballot is None:
                    break
                view = view_ballot(session, row, ballot)
                task = session.get_one(Task, ballot.task_id)
                sides = _sides(
                    session.get_one(Stimulus, task.first_id), task, ballot, session.get(Stimulus, task.second_id or 0)
                )
                levels = [_level(side, systems, truth, bend, seed) for side in sides]
                answers = {}
                for question in view.questions:
                    if careless:
                        answers[question.id] = str(rng.choice(question.answers))
                    elif task.purpose == "instructed":
                        answers[question.id] = str(task.expected)
                    elif len(levels) == 1:
                        answers[question.id] = _rating(levels[0], question, rng)
                    else:
                        answers[question.id] = _preference(levels, task, truth, rng)
                cast(
                    session,
                    row,
                    rater,
                    ballot.id,
                    view.revision,
                    answers,
                    seconds=float(rng.uniform(8, 40)),
                    played=1.0,
                )
            answered += 1
            votes += 1
        progress(number + 1, raters)
    return votes


def study_design(engine: Engine, study: str, truth: Truth, raters: int) -> tuple[World, Design]:
    """The truth and the design of a study as `a2bench.statistics.vote_simulation` takes them.

    Raises:
        InputError: the study is not one of pairs, or asks for more votes of a pair than there are raters.
    """
    with reading(engine, study) as (session, row):
        settings = settings_of(row)
        counts = select(func.count(Task.case_id.distinct())).where(Task.study_id == row.id, Task.purpose == "rating")
        cases = session.scalar(counts) or 0
    if settings.protocol != "pairwise":
        raise InputError(f"study {study!r} asks for {settings.protocol}; intervals are simulated for pairs only")
    if settings.votes_per_task > raters:
        wanted = settings.votes_per_task
        raise InputError(f"study {study!r} wants {wanted} votes per pair; give --raters {wanted} or more")
    world = World(tuple(truth.quality.values()), truth.case_spread, truth.rater_spread, nu=truth.nu)
    return world, Design(cases, raters, settings.votes_per_task)


def _sides(first: Stimulus, task: Task, ballot: Ballot, second: Stimulus | None) -> list[Stimulus]:
    if task.second_id is None or second is None:
        return [first]
    return [first, second] if ballot.first_is_left else [second, first]


def _level(stimulus: Stimulus, systems: Mapping[int, str], truth: Truth, bend: Mapping[str, float], seed: int) -> float:
    if stimulus.system_id is None:
        return BROKEN_QUALITY
    name = systems[stimulus.system_id]
    of_case = random.Random(f"{seed}:{stimulus.case_id}:{name}").gauss(0, truth.case_spread)
    return truth.quality[name] + of_case + bend[name]


def _preference(levels: list[float], task: Task, truth: Truth, rng: np.random.Generator) -> str:
    if task.first_id == task.second_id:
        return "tie"
    chances = outcome_chances(np.array([levels[0] - levels[1]]), truth.nu)[0]
    return OUTCOMES[int(rng.choice(3, p=chances))]


def _rating(level: float, question: Question, rng: np.random.Generator) -> str:
    steps = sorted(answer for answer in question.answers if answer != CANNOT_JUDGE)
    return steps[int(np.clip(round(2 + level + rng.normal(0, 0.5)), 0, len(steps) - 1))]
