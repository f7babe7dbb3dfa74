"""A run is resumed, never redone; what changed is done again and nothing else; failures are recorded."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from a2bench.errors import InputError, OutputError, RunLockedError
from a2bench.model.cases import Suite, load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.run.execute import InlineExecutor, LocalExecutor
from a2bench.run.plan import plan_samples
from a2bench.run.request import ExecutionOptions, RunRequest, request_of_run
from a2bench.run.stages import RunResult, generate, open_system, score
from a2bench.run.store import RunStore
from tests.conftest import Silence

METRICS = ("sharpness", "temporal_flicker", "copy_paste")
TINY = GenerationSettings(width=96, height=64, num_frames=6)


@pytest.fixture
def request_(suite: Suite, tmp_path: Path) -> RunRequest:
    return RunRequest("collage", {}, suite, suite, (0, 1), TINY, METRICS, tmp_path / "run")


def run(request: RunRequest, **how: object) -> tuple[RunResult, RunResult]:
    options = ExecutionOptions(**how)  # type: ignore[arg-type]
    with RunStore(request.output).locked():
        made = generate(request, options, Silence(), InlineExecutor())
        return made, score(request, options, Silence(), InlineExecutor())


def states(request: RunRequest, read_all: bool = False) -> Iterator[str]:
    store = RunStore(request.output)
    system = open_system(request)
    for sample in plan_samples(
        store, request.suite, system, request.options, request.settings, request.seeds, read_all=read_all
    ):
        yield sample.state


def test_the_same_request_does_nothing_twice(request_: RunRequest) -> None:
    made, scored = run(request_)
    assert (made.done, made.resumed, scored.done) == (6, 0, 18)
    journals = [(request_.output / name).read_bytes() for name in ("samples.jsonl", "scores.jsonl")]
    made, scored = run(request_)
    assert (made.done, made.resumed, scored.done, scored.resumed) == (6, 6, 18, 18)
    assert made.counts == scored.counts == {}
    assert [(request_.output / name).read_bytes() for name in ("samples.jsonl", "scores.jsonl")] == journals


def test_each_video_is_decoded_once_for_all_metrics(request_: RunRequest) -> None:
    _, scored = run(request_)
    assert scored.counts["decode"] == 6
    assert scored.counts["forward:alignment"] == 6 * 6  # six frames each


def test_a_new_metric_makes_no_video_again(request_: RunRequest) -> None:
    run(replace(request_, metrics=("sharpness",)))
    made, scored = run(request_)
    assert made.resumed == 6
    assert (scored.resumed, scored.done) == (6, 18)


def test_changed_settings_make_samples_stale_and_say_which(request_: RunRequest) -> None:
    run(request_)
    changed = replace(request_, settings=replace_frames(7))
    store = RunStore(request_.output)
    planned = list(plan_samples(store, changed.suite, open_system(changed), {}, changed.settings, changed.seeds))
    assert {sample.state for sample in planned} == {"stale"}
    assert planned[0].why == "settings.num_frames: 6 -> 7"


def replace_frames(num_frames: int) -> GenerationSettings:
    return TINY.model_copy(update={"num_frames": num_frames})


def test_a_changed_reference_never_reuses_a_video(request_: RunRequest, suite_path: Path) -> None:
    from tests.conftest import draw_reference

    run(request_)
    draw_reference(suite_path.parent / "references/object-1.png", 99, cutout=True)
    text = suite_path.read_text()
    from a2bench.base.hashing import file_sha256

    old = next(e.reference.sha256 for e in request_.suite.cases[1].elements if e.role == "object")
    suite_path.write_text(text.replace(old, file_sha256(suite_path.parent / "references/object-1.png")))
    changed = load_suite(str(suite_path))
    again = replace(request_, suite=changed, full_suite=changed)
    assert list(states(again)) == ["done", "done", "stale", "stale", "done", "done"]


def test_truncated_altered_and_missing_videos_are_found_and_made_again(request_: RunRequest) -> None:
    run(request_)
    before = dict(RunStore(request_.output).samples)
    videos = [RunStore(request_.output).video_path(record) for record in before.values()]
    videos[0].write_bytes(videos[0].read_bytes()[:-1])
    data = bytearray(videos[1].read_bytes())
    data[len(data) // 2] ^= 1
    videos[1].write_bytes(bytes(data))
    videos[2].unlink()
    assert list(states(request_)).count("damaged") == 3
    made, _ = run(request_)
    assert (made.resumed, made.done) == (3, 6)
    after = RunStore(request_.output).samples
    assert [r.video.sha256 for r in before.values() if r.video] == [r.video.sha256 for r in after.values() if r.video]


def test_a_bit_that_flips_without_touching_the_time_is_found_by_verify_and_by_scoring(request_: RunRequest) -> None:
    run(replace(request_, metrics=("sharpness",)))
    store = RunStore(request_.output)
    record = store.samples["case-0", 0]
    path = store.video_path(record)
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert "damaged" not in set(states(request_))
    assert list(states(request_, read_all=True)).count("damaged") == 1
    with store.locked():
        scored = score(request_, ExecutionOptions(), Silence(), InlineExecutor())
    assert "not the recorded video" in scored.failures["case-0 seed 0"]


def test_a_damaged_journal_line_costs_only_its_own_sample(request_: RunRequest) -> None:
    run(request_)
    path = request_.output / "samples.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"seed":', b'"sead":', 1)
    path.write_bytes(b"".join(lines))
    assert list(states(request_)).count("new") == 1
    made, _ = run(request_)
    assert (made.resumed, made.done) == (5, 6)


def test_a_damaged_manifest_is_written_anew_by_the_same_request(request_: RunRequest) -> None:
    run(request_)
    (request_.output / "run.json").write_text("{")
    with pytest.raises(InputError, match="run.json is damaged"):
        request_of_run(request_.output)
    made, _ = run(request_)
    assert made.resumed == 6
    assert set(RunStore(request_.output).manifest().metrics) == set(METRICS)


def test_scores_do_not_depend_on_the_number_of_workers(request_: RunRequest, tmp_path: Path) -> None:
    tables = []
    for workers in (1, 2):
        request = replace(request_, output=tmp_path / f"run{workers}")
        with RunStore(request.output).locked():
            how = ExecutionOptions(workers=workers)
            generate(request, how, Silence())
            score(request, how, Silence())
        records = sorted(RunStore(request.output).scores.items())
        tables.append([(key, record.value, record.reason, record.detail, record.key) for key, record in records])
    assert tables[0] == tables[1]
    assert len(tables[0]) == 18


def test_a_second_process_is_refused_and_told_who_holds_the_run(request_: RunRequest) -> None:
    store = RunStore(request_.output)
    with store.locked(), pytest.raises(RunLockedError, match=f"process {os.getpid()} on"):
        with RunStore(request_.output).locked():
            pass


def test_the_run_of_another_system_is_not_overwritten(request_: RunRequest) -> None:
    run(request_)
    with pytest.raises(InputError, match="holds a run of 'collage', not of 'frozen'"):
        run(replace(request_, adapter="frozen"))


def test_a_folder_with_other_things_in_it_is_not_used(request_: RunRequest) -> None:
    request_.output.mkdir()
    (request_.output / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="is not a run, it holds 'thesis.tex'"):
        run(request_)


def test_a_full_disk_stops_the_run_with_one_sentence(request_: RunRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    import a2bench.run.store as module

    run(replace(request_, seeds=(0,)))

    def full(path: Path, records: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "append_records", full)
        with pytest.raises(OutputError, match="No space left on device .*finished samples are kept"):
            run(request_)
    made, _ = run(request_)
    assert (made.resumed, made.done) == (3, 6)


def test_a_missing_reference_fails_its_sample_and_the_rest_goes_on(request_: RunRequest, suite_path: Path) -> None:
    (suite_path.parent / "references/object-1.png").unlink()
    made, scored = run(request_)
    assert made.done == 4
    assert "reference 'object-1.png' is missing" in made.failures["case-1 seed 0"]
    assert scored.done == 12
    assert not scored.complete


def test_a_case_that_the_system_cannot_take_is_refused_before_any_work(request_: RunRequest) -> None:
    refusing = replace(request_, adapter="tests.run.work_items:OneCharacter", seeds=(0,))
    made, _ = run(refusing)
    assert made.done == 0
    assert made.failures["case-0 seed 0"] == "one-character takes at most 1 references, case 'case-0' has 3"


def test_workers_that_die_are_replaced_and_their_item_is_recorded(tmp_path: Path) -> None:
    from a2bench.run.execute import WorkItem

    items = [WorkItem("kill", "tests.run.work_items:die", {})]
    items += [WorkItem(str(n), "tests.run.work_items:double", {"n": n}) for n in range(4)]
    items += [WorkItem("raise", "tests.run.work_items:fail", {})]
    outcomes = {o.item.id: o for o in LocalExecutor(2, tmp_path, retry=1).run(items)}
    assert outcomes["kill"].error == "the worker process died of SIGKILL"
    assert outcomes["kill"].item.attempts == 2
    assert [outcomes[str(n)].result for n in range(4)] == [0, 2, 4, 6]
    assert outcomes["raise"].status == "crashed"
    assert "ZeroDivisionError" in (outcomes["raise"].traceback or "")


def test_an_item_that_hangs_is_killed_after_the_timeout(tmp_path: Path) -> None:
    from a2bench.run.execute import WorkItem

    items = [
        WorkItem("hang", "tests.run.work_items:hang", {}),
        WorkItem("0", "tests.run.work_items:double", {"n": 0}),
    ]
    outcomes = {o.item.id: o for o in LocalExecutor(1, tmp_path, timeout=15).run(items)}
    assert outcomes["hang"].error == "took longer than 15 s; see --timeout"
    assert outcomes["0"].result == 0


def test_what_a_worker_prints_goes_into_its_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from a2bench.run.execute import WorkItem

    list(LocalExecutor(1, tmp_path).run([WorkItem("shout", "tests.run.work_items:shout", {})]))
    assert "from the worker" in (tmp_path / "worker-0.log").read_text()
    assert capfd.readouterr() == ("", "")


def test_a_manifest_tells_enough_to_do_the_run_again(request_: RunRequest) -> None:
    run(request_)
    manifest = json.loads((request_.output / "run.json").read_text())
    assert manifest["settings"] == {"width": 96, "height": 64, "num_frames": 6, "fps": "16"}
    assert manifest["suite"]["revision"] == request_.suite.revision
    assert {"a2bench", "commit", "dirty", "python", "packages"} <= manifest["environment"].keys()
    assert request_of_run(request_.output).suite.cases == request_.suite.cases
