"""Which metrics prefer the videos that people prefer? Records of runs against the votes of a study."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from a2bench.errors import InputError
from a2bench.results.metric_facts import metric_facts
from a2bench.results.run import Run
from a2bench.statistics.metric_agreement import metric_agreement
from a2bench.statistics.preferences import Preferences, preferences_from_votes
from a2bench_human_eval.system_rows import SystemOf, runs_of_rows
from a2bench_human_eval.votes_table import Table, pair_votes_of


class StudyPreferences(NamedTuple):
    """What people prefer in a study, by ids: prompts of ``preferences`` are ``cases``, its systems ``systems``."""

    systems: tuple[str, ...]
    cases: tuple[str, ...]
    preferences: Preferences


def study_preferences(table: Table, dimension: str) -> StudyPreferences:
    """The pairwise votes on one question, pooled by case and pair.

    Args:
        table: of `votes_table`.
        dimension: the question that people answered, such as the rubric's primary one.

    Raises:
        InputError: there are no votes of pairs on it.
    """
    votes = pair_votes_of(table[table["right"].notna()], dimension)
    if not len(votes):
        raise InputError(f"there are no pairwise votes on {dimension!r}; metrics cannot be held against people yet")
    cases = sorted(table[(table["dimension"] == dimension) & (table["purpose"] == "rating")]["case"].unique())
    return StudyPreferences(tuple(votes.systems), tuple(cases), preferences_from_votes(votes))


def metrics_and_people(table: Table, folders: Sequence[Path], dimension: str) -> list[dict[str, Any]]:
    """One row per metric: within-prompt accuracy with its interval, and its share of the ceiling; best first.

    Args:
        table: of `votes_table`.
        folders: runs of the study's systems.
        dimension: the question that people answered.

    Raises:
        InputError: no votes on it, or the runs are not those of the study, one of each system (`runs_of_rows`).
    """
    systems, cases, preferences = study_preferences(table, dimension)
    given = [Run.open(folder) for folder in folders]
    runs: dict[str, Run] = {}
    for name, run in runs_of_rows(systems, [(system_of(one), one) for one in given]).items():
        if run is None:
            raise InputError(f"no run of {name!r} was given; give one with --runs for each system of the study")
        runs[name] = run
    names = dict.fromkeys(metric for run in runs.values() for metric in run.manifest.metrics)
    rows = []
    for metric in names:
        direction = metric_facts(metric).direction
        if direction not in ("higher", "lower"):
            continue
        values = np.array([[_mean(runs[system], case, metric) for system in systems] for case in cases])
        if np.isnan(values).all():
            rows.append({"metric": metric, "accuracy": None, "reason": "no values in these runs"})
            continue
        agreement = metric_agreement(values, preferences, higher_is_better=direction == "higher")
        rows.append({"metric": metric, "reason": None, **asdict(agreement)})
    return sorted(rows, key=lambda row: -((row["accuracy"] or {}).get("value") or 0))


def system_of(run: Run) -> SystemOf:
    """The system of a run."""
    return SystemOf(run.manifest.system.name, run.manifest.system.revision)


def _mean(records: Run, case: str, metric: str) -> float:
    """Mean over the seeds of a case, NaN where nothing was scored: such pairs are left out and counted."""
    values = [
        score.value
        for sample in records.planned
        if sample[0] == case and (score := records.score(sample, metric)) is not None and score.value is not None
    ]
    return float(np.mean(values)) if values else float("nan")
