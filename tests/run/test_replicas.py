"""One sample on each GPU: workers share the GPUs out."""

from pathlib import Path

import pytest

from a2bench.base.resources import gpus
from a2bench.run.execute import LocalExecutor, WorkItem
from a2bench.run.request import ExecutionOptions
from a2bench.run.stages import gpu_shares


@pytest.fixture
def drivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with three GPUs, as Linux lists them."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name in ("0000:17:00.0", "0000:65:00.0", "0000:ca:00.0"):
        (tmp_path / "gpus" / name).mkdir(parents=True)
    return tmp_path / "gpus"


@pytest.mark.parametrize(
    ("asked", "visible", "expected"),
    [
        ("auto", None, ("0", "1", "2")),
        ("cuda", None, ("0", "1", "2")),
        ("cuda:1", None, ()),
        ("cpu", None, ()),
        ("auto", "2, GPU-5ab", ("2", "GPU-5ab")),
        ("auto", "", ()),
        ("auto", "-1", ()),
    ],
)
def test_gpus_are_those_that_may_be_used(
    drivers: Path, monkeypatch: pytest.MonkeyPatch, asked: str, visible: str | None, expected: tuple[str, ...]
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus(asked, drivers) == expected


def test_a_machine_without_gpus_has_none_to_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus("auto", tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("size", "expected"), [(1, ["0", "1", "2", "3", "4"]), (2, ["0,1", "2,3"]), (4, ["0,1,2,3"]), (8, [])]
)
def test_gpus_that_make_a_video_together_go_to_one_worker(
    size: int, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3,4")
    assert gpu_shares(ExecutionOptions(), size) == expected
    assert gpu_shares(ExecutionOptions(environment={"A2BENCH_DEVICE": "cpu"}), size) == []


def test_each_worker_sees_one_gpu(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    items = [WorkItem(str(n), "tests.run.work_items:visible_gpu", {"notes": str(notes)}) for n in range(4)]
    outcomes = list(LocalExecutor(2, tmp_path, gpus=("3", "5")).run(items))
    assert [outcome.status for outcome in outcomes] == ["done"] * 4, outcomes
    by_worker = {process: gpu for process, gpu in (outcome.result for outcome in outcomes)}
    assert sorted(by_worker.values()) == ["3", "5"]
    assert {tuple(outcome.result) for outcome in outcomes} == set(by_worker.items())
