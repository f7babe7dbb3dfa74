"""What people said of the systems, and whether the board's numbers prefer the videos that people prefer."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from a2bench.assets.extras import install_line
from a2bench.base.hashing import bytes_sha256, file_sha256
from a2bench.errors import InputError
from a2bench_human_eval.results import EloRow, MosRow, PairBoard, RatingBoard, StudyResults, read_results
from a2bench_leaderboard.columns import RunScores

VOTES = "votes.parquet"


def read_people(path: Path, scores: Sequence[RunScores]) -> dict[str, Any]:
    """Ratings of systems from ``results.json`` of `a2bench rate export`, and agreement from the votes beside it.

    Nothing about raters is taken over.

    Args:
        path: of ``results.json``.
        scores: of all runs of the board.

    Raises:
        InputError: no such file, or another file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        if path.exists():
            raise InputError(f"{path} cannot be read: {error.strerror}") from None
        raise InputError(f"no such file: {path}; `a2bench rate export` writes results.json") from None
    results = read_results(data, path)
    board = _primary(results, path)
    return {
        "unit": "Elo" if isinstance(board, PairBoard) else "mean opinion",
        "question": board.dimension,
        "text": board.text,
        "votes": board.votes,
        "systems": [_system(row) for row in board.systems],
        "reason": board.reason,
        "sha256": bytes_sha256(data),
        **_agreement(path.with_name(VOTES), board.dimension, scores),
    }


def _primary(results: StudyResults, path: Path) -> PairBoard | RatingBoard:
    """The board on the question that ranks are about.

    Raises:
        InputError: nobody has answered it yet.
    """
    board = next((board for board in results.boards if board.confirmatory), None)
    if board is None:
        raise InputError(f"{path} holds no vote that counts yet; leave out --votes, or export the study later")
    return board


def _system(row: EloRow | MosRow) -> dict[str, Any]:
    rated, ranks = (row.elo, row.ranks) if isinstance(row, EloRow) else (row.mos, None)
    return {
        "system": row.system,
        "value": rated.value,
        "low": rated.low,
        "high": rated.high,
        "ranks": list(ranks) if ranks else None,
    }


def _agreement(path: Path, question: str, scores: Sequence[RunScores]) -> dict[str, Any]:
    """``agreement`` by column with the votes on one question, within cases; or None and ``agreement_reason``.

    Each has ``value``, ``low``, ``high``: the share of pairs of videos of one case in which the number prefers what the
    majority of votes prefers, with its 95 % interval over cases; ``pairs`` that this rests on; ``share_above_chance``:
    0 for a coin, 1 for the best that any number could do with these votes.
    """
    if not path.is_file():
        return {
            "agreement": None,
            "agreement_reason": f"{VOTES} of the export does not lie beside results.json",
            "votes_sha256": None,
        }
    if missing := next((name for name in ("pandas", "pyarrow", "sqlalchemy") if find_spec(name) is None), None):
        raise InputError(f"reading {path} needs {missing}; type `{install_line('human-eval')}`")
    import pandas as pd

    from a2bench_human_eval.metrics_and_people import study_preferences, system_of
    from a2bench_human_eval.system_rows import runs_of_rows

    try:
        study = study_preferences(pd.read_parquet(path), question)
        runs = list(runs_of_rows(study.systems, [(system_of(one.run), one) for one in scores]).values())
    except InputError as error:
        return {"agreement": None, "agreement_reason": str(error), "votes_sha256": file_sha256(path)}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{path} is no {VOTES} of `a2bench rate export` ({type(error).__name__}: {error})") from None
    directions = {name: column.direction for one in scores for name, column in one.columns.items()}
    agreement = {}
    for name, direction in directions.items():
        if direction in ("higher", "lower"):
            means = [_case_means(run, name) for run in runs]
            values = np.array([[of.get(case, np.nan) for of in means] for case in study.cases])
            agreement[name] = _agreement_of(values, study.preferences, direction)
    return {"agreement": agreement, "agreement_reason": None, "votes_sha256": file_sha256(path)}


def _case_means(one: RunScores | None, column: str) -> dict[str, float]:
    """Mean over the seeds of each case; pairs with a case that is not there are left out and counted."""
    seeds: dict[str, list[float]] = {}
    for (case, _), value in one.values.get(column, {}).items() if one else ():
        seeds.setdefault(case, []).append(value)
    return {case: float(np.mean(values)) for case, values in seeds.items()}


def _agreement_of(values: Any, preferences: Any, direction: str) -> dict[str, Any]:
    from a2bench.statistics.metric_agreement import metric_agreement

    found = metric_agreement(values, preferences, higher_is_better=direction == "higher")
    accuracy = found.accuracy
    return {
        "value": _rounded(accuracy.value),
        "low": _rounded(accuracy.low),
        "high": _rounded(accuracy.high),
        "pairs": accuracy.n,
        "unscored": found.unscored,
        "share_above_chance": _rounded(found.share_above_chance),
        "reason": accuracy.reason,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
