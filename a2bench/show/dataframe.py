"""Every score of one or more runs as a table for notebooks."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from a2bench.assets.extras import install_line
from a2bench.errors import InputError
from a2bench.results.named import named_runs
from a2bench.results.run import Run
from a2bench.show.files import score_lines

if TYPE_CHECKING:
    import pandas as pd


def load_results(*runs: str | Path) -> "pd.DataFrame":
    """One row per planned score, and one per element of it: the rows of a report's ``tables/scores.csv``.

    Columns: ``run`` (its system, or its folder where two share a system), ``case``, ``seed``, ``metric``, ``element``
    (empty for the whole video), ``status`` (scored, unscored, failed, missing), ``value`` (NaN where there is none),
    ``reason``, ``tier`` and ``rung``. Means over videos are over rows without an element; seeds of a case are not
    independent.

    Args:
        runs: folders of runs, over any suites.

    Raises:
        InputError: a folder is no run, or pandas is not installed.
    """
    return scores_frame(named_runs([Run.open(run) for run in runs]))


def scores_frame(runs: Mapping[str, Run]) -> "pd.DataFrame":
    """`load_results` of runs that are open, by the names that they have beside each other.

    Raises:
        InputError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise InputError(f"tables of scores need pandas; type `{install_line('leaderboard')}`") from None
    metrics = tuple(dict.fromkeys(metric for run in runs.values() for metric in run.manifest.metrics))
    head, *lines = score_lines(runs, metrics)
    return pd.DataFrame(lines, columns=head).astype({"value": "float64", "seed": "int64"})
