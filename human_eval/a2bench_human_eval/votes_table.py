"""The votes that stand, as one table: what exports and analyses are made from."""

from typing import Any, TypeAlias

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from a2bench.statistics.votes import Outcome, PairVotes, votes_from_names
from a2bench_human_eval.rubric import Rubric, rubric_of
from a2bench_human_eval.tables import (
    Ballot,
    Rater,
    Stimulus,
    Study,
    StudyCase,
    StudyElement,
    StudySystem,
    Task,
    Vote,
)
from a2bench_human_eval.voting import passed_check

Table: TypeAlias = Any
"""A pandas DataFrame; pandas comes without types, and what checkers guess from its source is wrong."""
OUTCOMES = {"left": Outcome.LEFT, "right": Outcome.RIGHT, "tie": Outcome.TIE, "both_bad": Outcome.BOTH_BAD}
COLUMNS = (
    "rater", "ballot", "number", "purpose", "case", "seed", "left", "right", "question", "dimension", "text",
    "answer", "revision", "seconds", "played", "hour", "strategy", "propensity", "passed",
)  # fmt: skip


def votes_table(session: Session, study: Study) -> Table:
    """One row per question and ballot, in order of ballots.

    rater: a pseudonym. left, right: systems (``right`` is None for a single video; a clip that was made for a check is
    ``(check)``). text: what the rater read, None for a question that the study's rubric does not have. hour: UTC, cut
    to the hour, so that nobody is recognised by when they voted. passed: whether a check was answered as expected, None
    where nothing was.
    """
    first, second = aliased(Stimulus), aliased(Stimulus)
    query = (
        select(Ballot, Task, Rater.code, StudyCase.case, first, second)
        .join(Task, Task.id == Ballot.task_id)
        .join(Rater, Rater.id == Ballot.rater_id)
        .join(StudyCase, StudyCase.id == Task.case_id)
        .join(first, first.id == Task.first_id)
        .outerjoin(second, second.id == Task.second_id)
        .where(Ballot.study_id == study.id, Ballot.state == "voted")
        .order_by(Ballot.id)
    )
    answers: dict[int, dict[str, Vote]] = {}
    current = select(Vote).join(Ballot, (Ballot.id == Vote.ballot_id) & (Ballot.revision == Vote.revision))
    for vote in session.scalars(current.where(Ballot.study_id == study.id).order_by(Vote.id)):
        answers.setdefault(vote.ballot_id, {})[vote.question] = vote
    systems: dict[int | None, str] = dict(
        session.execute(select(StudySystem.id, StudySystem.name).where(StudySystem.study_id == study.id)).all()
    )
    systems[None] = "(check)"
    rubric = rubric_of(study)
    texts = _texts(session, study, rubric)
    rows: list[dict[str, Any]] = []
    for ballot, task, rater, case, one, two in session.execute(query):
        names = [systems[one.system_id], systems[two.system_id] if two is not None else None]
        if two is not None and not ballot.first_is_left:
            names.reverse()
        given = answers.get(ballot.id, {})
        passed = passed_check(rubric, task, ballot, {q: vote.answer for q, vote in given.items()})
        rows += [
            {
                "rater": rater,
                "ballot": ballot.id,
                "number": ballot.number,
                "purpose": ballot.purpose,
                "case": case,
                "seed": one.seed,
                "left": names[0],
                "right": names[1],
                "question": question,
                "dimension": dimension_of(question),
                "text": texts[task.case_id].get(question),
                "answer": vote.answer,
                "revision": vote.revision,
                "seconds": vote.seconds,
                "played": vote.played,
                "hour": pd.Timestamp(vote.at, unit="s", tz="UTC").floor("h").strftime("%Y-%m-%dT%H:00Z"),
                "strategy": ballot.strategy,
                "propensity": ballot.propensity,
                "passed": passed,
            }
            for question, vote in given.items()
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _texts(session: Session, study: Study, rubric: Rubric) -> dict[int, dict[str, str]]:
    """What raters read of each case, by question."""
    elements: dict[int, list[tuple[str, str, str]]] = {
        case: [] for case in session.scalars(select(StudyCase.id).where(StudyCase.study_id == study.id))
    }
    query = select(StudyElement).join(StudyCase, StudyCase.id == StudyElement.case_id)
    for row in session.scalars(query.where(StudyCase.study_id == study.id).order_by(StudyElement.position)):
        elements[row.case_id].append((row.name, row.role, row.phrase))
    return {
        case: {question.id: question.text for question in rubric.questions_about(of)} for case, of in elements.items()
    }


def dimension_of(question: str) -> str:
    """What a question of a ballot measures, whatever the element: the part before the colon."""
    return question.partition(":")[0]


def pair_votes_of(table: Table, dimension: str, *, purposes: tuple[str, ...] = ("rating",)) -> PairVotes:
    """The votes on one dimension as the statistics take them; questions about several elements are all its votes.

    A prompt is a case: its seeds and elements belong together.
    """
    of = (table["dimension"] == dimension) & table["purpose"].isin(purposes)
    rows = table[of & (table["left"] != table["right"])]
    return votes_from_names(
        (row.left, row.right, OUTCOMES[row.answer], row.case, row.rater) for row in rows.itertuples(index=False)
    )
