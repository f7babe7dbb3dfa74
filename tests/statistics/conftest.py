"""Data with known answers; `data/README.md` says where they come from.

Data sets of others are not in this repository. A test that needs one reads it from ``fetched/`` beside this file and is
skipped when it is not there.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

DATA = Path(__file__).parent / "data"
FETCHED = Path(__file__).parent / "fetched"
sys.path.insert(0, str(Path(__file__).parent))


def fetched(name: str) -> Path:
    if not (FETCHED / name).is_file():
        pytest.skip(f"needs somebody else's data: put {name} into {FETCHED}, as tests/statistics/data/README.md says")
    return FETCHED / name


def read_ratings(name: str) -> NDArray[np.float64]:
    return np.genfromtxt(fetched(name), delimiter=",", filling_values=np.nan)


@pytest.fixture(scope="session")
def libraries() -> dict[str, Any]:
    """Answers of independent libraries."""
    return dict(json.loads((DATA / "libraries.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def p910() -> NDArray[np.float64]:
    """The ITU-T P.910 sample, 79 clips x 26 raters."""
    return read_ratings("p910_sample.csv")


@pytest.fixture(scope="session")
def p910_expected() -> dict[str, list[float]]:
    return dict(json.loads((DATA / "p910_expected.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def nflx() -> NDArray[np.float64]:
    """The NFLX public data set, 79 clips x 26 raters."""
    return read_ratings("nflx_public.csv")


@pytest.fixture(scope="session")
def battles() -> Any:
    """Reads one of evalica's files as (names, left, right, outcome)."""

    def read(name: str) -> tuple[list[str], list[int], list[int], list[int]]:
        lines = fetched(f"evalica_{name}.csv").read_text(encoding="utf-8").split()[1:]
        rows = [line.split(",") for line in lines]
        names = sorted({row[0] for row in rows} | {row[1] for row in rows})
        outcome = [{"left": 0, "tie": 1, "right": 2}[row[2]] for row in rows]
        return names, [names.index(row[0]) for row in rows], [names.index(row[1]) for row in rows], outcome

    return read
