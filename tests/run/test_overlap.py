"""While a video is written, the next one is made: order, failures, kills and timeouts stay what they were."""

from pathlib import Path
from typing import Any

import pytest

from a2bench.model.cases import Suite
from a2bench.model.systems import GenerationSettings
from a2bench.run import work
from a2bench.run.execute import InlineExecutor, Later, LocalExecutor, WorkItem
from a2bench.run.items import generation_item
from a2bench.run.plan import plan_samples
from a2bench.run.request import RunRequest
from a2bench.run.stages import open_system
from a2bench.run.store import RunStore

TWO_PARTS = "tests.run.work_items:in_two_parts"


def item(number: int, notes: Path, **argument: Any) -> WorkItem:
    return WorkItem(str(number), TWO_PARTS, {"n": number, "notes": str(notes), "first": 0.2, "second": 0.4, **argument})


def when(notes: Path, name: str) -> float:
    return float((notes / name).read_text())


def test_the_next_item_begins_before_the_last_is_finished(tmp_path: Path) -> None:
    items = [item(n, tmp_path, until=f"{n + 1}-begun" if n < 2 else None) for n in range(3)]
    outcomes = list(LocalExecutor(1, tmp_path).run(items))
    assert [(outcome.status, outcome.result) for outcome in outcomes] == [("done", 0), ("done", 1), ("done", 2)]
    for number in (0, 1):
        assert when(tmp_path, f"{number + 1}-begun") < when(tmp_path, f"{number}-ended")
    assert when(tmp_path, "0-ended") < when(tmp_path, "1-ended") < when(tmp_path, "2-ended")
    assert all(outcome.seconds >= 0.6 for outcome in outcomes)


def test_in_this_process_an_item_is_finished_before_the_next(tmp_path: Path) -> None:
    outcomes = list(InlineExecutor().run([item(n, tmp_path, first=0, second=0) for n in range(2)]))
    assert [outcome.result for outcome in outcomes] == [0, 1]
    assert when(tmp_path, "0-ended") <= when(tmp_path, "1-begun")


def test_what_breaks_while_finishing_fails_that_item_alone(tmp_path: Path) -> None:
    items = [item(0, tmp_path, **{"break": True}), item(1, tmp_path)]
    outcomes = {outcome.item.id: outcome for outcome in LocalExecutor(1, tmp_path).run(items)}
    assert (outcomes["0"].status, outcomes["0"].error) == ("crashed", "ValueError: broken while finishing")
    assert outcomes["1"].result == 1


def test_a_death_is_blamed_on_what_was_made_and_what_was_finishing_is_made_again(tmp_path: Path) -> None:
    items = [item(0, tmp_path, second=5), WorkItem("kill", "tests.run.work_items:die", {})]
    outcomes = {outcome.item.id: outcome for outcome in LocalExecutor(1, tmp_path).run([*items])}
    assert outcomes["kill"].error == "the worker process died of SIGKILL"
    assert outcomes["0"].result == 0
    assert outcomes["0"].item.attempts == 1


def test_finishing_counts_against_the_timeout(tmp_path: Path) -> None:
    items = [item(0, tmp_path, second=600), item(1, tmp_path)]
    outcomes = {outcome.item.id: outcome for outcome in LocalExecutor(1, tmp_path, timeout=15).run(items)}
    assert outcomes["0"].error == "took longer than 15 s; see --timeout"
    assert outcomes["1"].result == 1


def test_a_video_is_written_later_only_where_a_gpu_makes_the_next(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = GenerationSettings(width=96, height=64, num_frames=6)
    request = RunRequest("collage", {}, suite, suite, (0,), settings, (), tmp_path / "run")
    store = RunStore(request.output)
    store.videos.mkdir(parents=True)
    planned = next(iter(plan_samples(store, suite, open_system(request), {}, settings, (0,))))
    argument = generation_item("one", planned, request, store).argument
    at_once = work.generate(argument)
    assert isinstance(at_once, dict)
    data = Path(at_once["temporary"]).read_bytes()
    Path(at_once["temporary"]).unlink()
    monkeypatch.setattr(work, "overlaps", lambda system: True)
    later = work.generate(argument)
    assert isinstance(later, Later) and not Path(at_once["temporary"]).exists()
    assert {**later.finish(), "peak_memory": at_once["peak_memory"]} == at_once
    assert Path(at_once["temporary"]).read_bytes() == data
    monkeypatch.undo()
    assert not work.overlaps(open_system(request))
