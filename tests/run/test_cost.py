"""What a run cost, from its records."""

import json
from pathlib import Path

import pytest

from a2bench.cli import cli
from a2bench.model.records import SampleRecord
from a2bench.run.cost import cost, peak_memory
from a2bench.run.store import RunStore
from tests.conftest import write_suite


def record(status: str, seconds: float, attempts: int = 1, **memory: int) -> SampleRecord:
    return SampleRecord(
        key="k", identity={}, case="c", seed=0, status=status, seconds=seconds, attempts=attempts, finished="",
        peak_memory=memory,
    )  # type: ignore[arg-type]  # fmt: skip


def test_failed_samples_are_paid_for_by_the_finished_ones() -> None:
    records = [record("done", 30, gpu=7, host=5), record("done", 50, gpu=9), record("failed", 20, attempts=2)]
    found = cost(records, price_per_hour=36, price_per_call=0.5)
    assert (found.videos, found.failed, found.seconds_per_video) == (2, 1, 50)
    assert found.peak_memory == {"gpu": 9, "host": 5}
    assert found.price_per_video == pytest.approx((100 * 0.01 + 4 * 0.5) / 2)


def test_without_a_price_or_a_video_there_is_no_price() -> None:
    assert cost([record("done", 30)]).price_per_video is None
    nothing = cost([record("failed", 30)], price_per_hour=1)
    assert (nothing.price_per_video, nothing.seconds_per_video) == (None, None)


def test_memory_that_was_taken_is_seen() -> None:
    before = peak_memory()["host"]
    block = bytearray(before + (64 << 20))
    assert peak_memory()["host"] >= len(block) > before


def test_a_run_records_its_memory_and_tells_its_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, run = write_suite(tmp_path / "suite", cases=1), tmp_path / "run"
    words = ["generate", "-m", "collage", "--suite", str(suite), "--size", "96x64", "--num-frames", "4", "-o", str(run)]
    assert cli.main(words, standalone_mode=False) == 0
    (sample,) = RunStore(run).samples.values()
    assert sample.peak_memory["host"] > 10 << 20
    capsys.readouterr()
    assert cli.main(["cost", str(run), "--price-per-hour", "3600", "--json"], standalone_mode=False) == 0
    document = json.loads(capsys.readouterr().out)[str(run)]
    assert document["videos"] == 1 and document["price_per_video"] == pytest.approx(sample.seconds, abs=1e-9)
    assert cli.main(["cost", str(run)], standalone_mode=False) == 0
    assert ": 1 video; " in capsys.readouterr().out
