"""Every row of the parity table: our numbers are those of code that we did not write, within the stated tolerance."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

CALIBRATION = Path(__file__).parents[2] / "metrics/calibration"


def load_parity() -> Any:
    if "parity" not in sys.modules:
        spec = importlib.util.spec_from_file_location("parity", CALIBRATION / "parity.py")
        assert spec and spec.loader
        sys.modules["parity"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["parity"])
    return sys.modules["parity"]


ROWS = load_parity().ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.pairs.__name__.strip("_"))
def test_our_numbers_equal_theirs_within_the_tolerance(row: Any) -> None:
    assert row.largest_difference() <= row.tolerance


def test_the_table_in_the_readme_has_every_row_with_its_tolerance() -> None:
    table = (CALIBRATION / "README.md").read_text(encoding="utf-8")
    for row in ROWS:
        line = next((line for line in table.splitlines() if line.startswith(f"| {row.metric} | {row.reference} |")), "")
        assert line.endswith(f"| {row.tolerance:.0e} |"), (
            f"run metrics/calibration/parity.py: {row.metric} is not there"
        )
