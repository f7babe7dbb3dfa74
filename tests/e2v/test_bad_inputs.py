from pathlib import Path

import pytest
from bad_inputs import table

DOCS = Path(__file__).parents[2] / "docs/skyreels-a2.md"


def test_the_table_in_the_docs_is_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2BENCH_DEVICE", "cpu")
    assert table(tmp_path) in DOCS.read_text(), "print it anew: python tests/e2v/bad_inputs.py"
