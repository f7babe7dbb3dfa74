"""The ledger of a run, read back from its score records."""

import json
import re
from typing import Any

from a2bench.model.ledger import Limits, Observation, make_entry
from a2bench.model.records import ScoreRecord
from a2bench.results.ledger import LedgerRow, ledger_of, verdict_counts
from a2bench.show.ledger import ledger_document, ledger_text
from a2bench.show.report.data import _ledger_detail, _score_detail

HERE, GONE, OTHER = Observation(0.9, (1.0, 2.0, 3.0, 4.0)), Observation(0.0), Observation(0.0, other="stranger")


def record(case: str, **elements: list[Observation] | None) -> ScoreRecord:
    entries: dict[str, Any] = {}
    scores: dict[str, Any] = {}
    for name, observations in elements.items():
        element = name.replace("_", "-")
        scores[element] = (
            {"value": None, "reason": "covered"} if observations is None else {"value": 1.0, "reason": None}
        )
        if observations is not None:
            entries[element] = make_entry(observations, Limits(0.5, 0.8), range(8), 8, 4.0, "test")
    detail = json.loads(json.dumps({"per_element": scores, "details": {"ledger": entries}}))
    common: dict[str, Any] = {"key": case, "identity": {}, "case": case, "seed": 0, "seconds": 0, "finished": ""}
    return ScoreRecord(
        metric="element_integrity", video_sha256="0", status="scored", value=1.0, detail=detail, **common
    )


RECORDS = [
    record("a", character=[HERE] * 8, character_2=[HERE] * 4 + [OTHER] * 4, background=None),
    record("b", character=[HERE] * 2 + [GONE] * 6, object=[GONE] * 8),
]


def rows() -> list[LedgerRow]:
    return [row for one in RECORDS for row in ledger_of(one)]


def test_verdicts_are_counted_by_role_and_what_was_not_looked_for_is_not() -> None:
    counts = verdict_counts(rows())
    assert list(counts) == ["character", "object"]
    assert counts["character"] == {"kept": 1, "drifted": 0, "pasted": 0, "duplicated": 0, "swapped": 1, "lost": 1}
    assert counts["object"]["lost"] == 1


def test_the_table_names_the_gravest_first_and_says_who_did_it() -> None:
    lines = ledger_text(rows()).splitlines()
    assert lines[0].split() == ["elements", "kept", "drifted", "pasted", "duplicated", "swapped", "lost"]
    assert lines[1].split() == ["characters", "1", "-", "-", "-", "1", "1"]
    assert lines[3] == "b object, seed 0: lost: lost 0.0-2.0 s"
    assert lines[-1] == "a character-2, seed 0: swapped: kept 0.0-1.0 s, swapped 1.0-2.0 s (by stranger)"
    assert ledger_text([]) == ""


def test_a_long_time_line_fits_the_terminal_and_stays_whole() -> None:
    blinking = [HERE, GONE] * 4
    told = list(ledger_of(record("a-case-with-a-rather-long-name", character=blinking)))
    lines = ledger_text(told).splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) > 3
    whole = " ".join(line.strip() for line in lines[2:])
    assert len(re.findall(r"lost \d\.\d-\d\.\d s", whole)) == 4


def test_the_document_is_json_and_has_a_reason_for_what_was_not_looked_for() -> None:
    document = json.loads(json.dumps(ledger_document(rows())))
    assert [one["element"] for one in document["elements"]] == [
        *("character", "character-2", "background", "character", "object")
    ]
    assert document["elements"][2] == {"case": "a", "seed": 0, "element": "background", "reason": "covered"}
    assert document["elements"][0]["spans"] == [["kept", 0.0, 2.0]]


def test_the_report_gets_time_lines_and_does_not_repeat_them_among_further_numbers() -> None:
    shown = _ledger_detail(RECORDS[0])
    assert [(one["element"], one["verdict"]) for one in shown] == [
        ("character", "kept"),
        ("character-2", "swapped"),
        ("background", None),
    ]
    assert shown[1]["spans"] == [["kept", 0.0, 1.0], ["swapped", 1.0, 2.0]]
    assert _ledger_detail(None) == []
    assert _score_detail(RECORDS[0])["details"] == []
