"""The journal survives being torn, cut and altered, and says which lines it lost."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from a2bench.run.journal import append_records, read_journal

RECORDS = [{"n": n, "text": 'ünïcode \n "quotes"', "none": None, "list": [0.1, None]} for n in range(5)]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    append_records(path, RECORDS[:3])
    append_records(path, RECORDS[3:])
    return path


def test_records_come_back_in_order(journal: Path) -> None:
    assert read_journal(journal).records == RECORDS
    assert read_journal(journal).damaged_lines == []


def test_missing_file_has_no_records(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl").records == []


def test_torn_last_line_is_left_out_and_does_not_swallow_the_next_record(journal: Path) -> None:
    whole = journal.read_bytes()
    for cut in range(1, len(whole.splitlines(keepends=True)[-1])):
        journal.write_bytes(whole[:-cut])
        append_records(journal, [{"n": "after"}])
        records = read_journal(journal).records
        # Cutting only the line feed leaves a whole record.
        assert records == (RECORDS if cut == 1 else RECORDS[:-1]) + [{"n": "after"}]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_loses_at_most_the_lines_it_touches(journal: Path, position: float, bit: int) -> None:
    original = journal.read_bytes()
    data = bytearray(original)
    index = int(position * len(data))
    data[index] ^= 1 << bit
    journal.write_bytes(bytes(data))
    contents = read_journal(journal)
    journal.write_bytes(original)
    assert all(record in RECORDS for record in contents.records)
    # A flipped line feed joins two lines, or splits nothing.
    assert len(contents.records) >= len(RECORDS) - 2
    if original[index : index + 1] != b"\n" and data[index] != 0x0A:
        assert len(contents.damaged_lines) == 1
