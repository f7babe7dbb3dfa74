"""The totals of the other suites, recomputed from their definitions, are the published ones."""

import pytest

from a2bench.peers.definitions import A2_BENCH, OPENS2V, VBENCH
from a2bench.peers.published import published_tables
from a2bench.peers.reported import Reported

TABLES = published_tables()


def rows(start: str) -> list[Reported]:
    return [row for name, table in TABLES.items() if name.startswith(start) for row in table]


def test_the_four_rows_of_a2_bench_come_out_to_three_decimals() -> None:
    found = rows("a2-bench")
    assert len(found) == 4
    for row in found:
        total = A2_BENCH.totals["comprehensive"].of(row.values)
        assert total is not None and round(total, 3) == row.published["comprehensive"], row.system


def test_all_42_rows_of_opens2v_eval_v1_1_come_out_within_a_hundredth() -> None:
    found = rows("opens2v-v1.1")
    assert len(found) == 42
    for row in found:
        assert row.suite.totals["total"].of(row.values) == pytest.approx(row.published["total"], abs=0.01), row.system


def test_rows_of_opens2v_eval_v1_0_come_out_but_for_two_that_contradict_themselves() -> None:
    found = rows("opens2v-v1.0")
    assert len(found) == 40
    off = [
        (row.suite.name, row.system)
        for row in found
        if row.suite.totals["total"].of(row.values) != pytest.approx(row.published["total"], abs=0.0101)
    ]
    assert off == [("opens2v-v1.0-open", "SkyReels-A2-P14B"), ("opens2v-v1.0-human", "EchoVideo")]


def test_published_rows_of_vbench_come_out_within_a_hundredth() -> None:
    found = rows("vbench")
    assert len(found) == 9
    for row in found:
        quality = VBENCH.totals["quality"].of(row.values)
        assert quality == pytest.approx(row.published["quality"], abs=0.0101), row.system
        if row.system == "FlashVideo (8 fps)":  # the source contradicts itself here, as the table's note says
            assert VBENCH.totals["semantic"].of(row.values) != pytest.approx(row.published["semantic"], abs=0.05)
            continue
        for key in ("semantic", "total"):
            assert VBENCH.totals[key].of(row.values) == pytest.approx(row.published[key], abs=0.0101), (row.system, key)


def test_a_missing_dimension_leaves_the_total_missing_and_is_named() -> None:
    row = TABLES["vbench-flashvideo"][0]
    total = VBENCH.totals["quality"]
    less = {**row.values, "imaging_quality": None}
    assert total.of(less) is None and total.missing(less) == ("imaging_quality",)
    assert VBENCH.totals["semantic"].of(less) == VBENCH.totals["semantic"].of(row.values)


def test_weights_of_every_total_add_up_to_what_the_suite_says() -> None:
    for board in OPENS2V.values():
        assert sum(term.weight for term in board.totals["total"].terms.values()) == pytest.approx(1)
    for total in VBENCH.totals.values():
        assert sum(term.weight for term in total.terms.values()) == pytest.approx(1)
    assert sum(term.weight for term in A2_BENCH.totals["comprehensive"].terms.values()) == pytest.approx(8.52 / 8)
