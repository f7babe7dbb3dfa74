"""How is a study doing? Coverage, raters, checks and votes over time; what ``rate status`` and the admin page show."""

import time
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from a2bench_human_eval.analysis import dimensions, rater_checks
from a2bench_human_eval.assignment import HELD, task_counts
from a2bench_human_eval.events import tampering
from a2bench_human_eval.rubric import Rubric, rubric_of
from a2bench_human_eval.settings import settings_of
from a2bench_human_eval.tables import Ballot, Rater, Study, StudyCase, Task
from a2bench_human_eval.votes_table import Table, votes_table


def study_status(session: Session, study: Study) -> dict[str, Any]:
    """JSON values: progress by case, answers by question, raters, checks, votes per hour, stuck leases, tampering."""
    settings = settings_of(study)
    counts = task_counts(session, study, ("voted",))
    cases = dict(session.execute(select(StudyCase.id, StudyCase.case).where(StudyCase.study_id == study.id)).all())
    tasks = session.scalars(select(Task).where(Task.study_id == study.id, Task.purpose == "rating")).all()
    coverage: dict[str, dict[str, int]] = {name: {"votes": 0, "wanted": 0} for name in cases.values()}
    for task in tasks:
        coverage[cases[task.case_id]]["votes"] += counts[task.id]
        coverage[cases[task.case_id]]["wanted"] += settings.votes_per_task
    table, rubric = votes_table(session, study), rubric_of(study)
    stages = dict(
        session.execute(select(Rater.stage, func.count()).where(Rater.study_id == study.id).group_by(Rater.stage)).all()
    )
    late = select(func.count()).where(
        Ballot.study_id == study.id, Ballot.state.in_(HELD), Ballot.lease_until < time.time()
    )
    hours = table.drop_duplicates("ballot")["hour"].value_counts().sort_index()
    checks = table.drop_duplicates("ballot")
    checks = checks[checks["passed"].notna()]
    return {
        "study": study.name,
        "status": study.status,
        "protocol": settings.protocol,
        "votes": sum(counts.values()),
        "wanted": len(tasks) * settings.votes_per_task,
        "coverage": coverage,
        "stages": {str(stage): int(number) for stage, number in sorted(stages.items())},
        "checks": {
            str(kind): {"asked": len(rows), "passed": int(rows["passed"].astype(bool).sum())}
            for kind, rows in checks.groupby("purpose")
        },
        "rubric": {"version": rubric.version, "questions": _answers(table, rubric)},
        "raters": [row.model_dump(mode="json") for row in rater_checks(table, rubric)],
        "votes_per_hour": {str(hour): int(number) for hour, number in hours.items()},
        "stuck_leases": session.scalar(late) or 0,
        "tampering": tampering(session, study),
    }


def _answers(table: Table, rubric: Rubric) -> list[dict[str, Any]]:
    """How many answers on each question count, ``cannot judge`` among them; unknown questions come last."""
    counts = table[table["purpose"] == "rating"]["dimension"].value_counts()
    return [
        {"question": dimension, "text": rubric.shown_text(dimension), "answers": int(counts.get(dimension, 0))}
        for dimension in dimensions(table, rubric)
    ]
