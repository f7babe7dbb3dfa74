"""A run keeps what it was begun with: an update makes nothing stale, and two makings are never mixed unasked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from a2bench.adapters.controls import Collage
from a2bench.errors import InputError
from a2bench.model.cases import Suite, load_suite
from a2bench.model.systems import GenerationSettings
from a2bench.model.video import Video, write_video
from a2bench.results.run import Run
from a2bench.run import plan as planning
from a2bench.run.execute import InlineExecutor
from a2bench.run.request import ExecutionOptions, RunRequest, default_metrics, request_of_run
from a2bench.run.stages import generate, plan, score
from a2bench.run.store import RunStore
from a2bench.show.report.data import check_comparable
from tests.conftest import Silence

TINY = GenerationSettings(width=96, height=64, num_frames=6)


class Notes(Silence):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def begun(suite: Suite, tmp_path: Path) -> RunRequest:
    request = RunRequest("collage", {}, suite, suite, (0,), TINY, ("sharpness",), tmp_path / "run")
    make(request)
    return request


def make(request: RunRequest) -> tuple[int, list[str]]:
    """How many videos were made, and what was said."""
    progress = Notes()
    with RunStore(request.output).locked():
        result = generate(request, ExecutionOptions(), progress, InlineExecutor())
        score(request, ExecutionOptions(), progress, InlineExecutor())
    return result.done - result.resumed, progress.notes


@pytest.fixture(params=["revision", "encoding"])
def updated(request: pytest.FixtureRequest, begun: RunRequest, monkeypatch: pytest.MonkeyPatch) -> RunRequest:
    """The same run after an update of A2Bench."""
    if request.param == "revision":
        monkeypatch.setattr(Collage, "meta", Collage.meta.model_copy(update={"revision": "2"}))
        monkeypatch.setattr("a2bench.run.work._systems", {})
    else:
        monkeypatch.setattr(planning, "ENCODING", "another")
    return begun


def test_an_update_makes_no_finished_sample_stale(updated: RunRequest) -> None:
    planned = plan(updated, RunStore(updated.output))
    assert {sample.state for sample in planned} == {"done"}
    assert all("->" in sample.kept for sample in planned)
    before = (updated.output / "samples.jsonl").read_bytes()
    made, notes = make(updated)
    assert made == 0
    assert any("3 finished videos are kept as they were made before an update" in note for note in notes)
    assert (updated.output / "samples.jsonl").read_bytes() == before
    current = Run.open(updated.output)
    assert len(current.samples) == 3 and len(current.scores("sharpness")) == 3  # pages show them all


def test_two_makings_are_not_mixed_unless_all_is_made_again(updated: RunRequest) -> None:
    (updated.output / "videos").joinpath(
        next(iter(RunStore(updated.output).samples.values())).video.file.removeprefix("videos/")  # type: ignore[union-attr]
    ).unlink()
    with pytest.raises(InputError, match=r"begun before an update \(.*\), and its 1 unfinished samples .* --remake"):
        make(updated)
    made, _ = make(replace(updated, remake=True))
    assert made == 3


def test_other_settings_are_refused_by_name_and_remake_begins_anew(begun: RunRequest) -> None:
    changed = replace(begun, settings=TINY.model_copy(update={"num_frames": 7}))
    with pytest.raises(InputError, match=r"other settings \(num_frames: 6 -> 7\); to begin anew, .*--output.*--remake"):
        make(changed)
    assert make(replace(changed, remake=True))[0] == 3


def test_a_suite_that_has_grown_or_was_reordered_is_still_the_runs(begun: RunRequest, tmp_path: Path) -> None:
    path = begun.suite.path
    lines = path.read_text().splitlines()
    more = lines[0].replace('"case-0"', '"case-9"').replace("scene 0", "scene 9")
    path.write_text("\n".join([more, *reversed(lines)]) + "\n")
    grown = load_suite(str(path))
    assert grown.revision != begun.suite.revision
    again = request_of_run(begun.output)
    assert {case.id for case in again.suite.cases} == {"case-0", "case-1", "case-2"}
    assert {sample.state for sample in plan(replace(again, metrics=()), RunStore(begun.output))} == {"done"}
    other = RunRequest("collage", {}, grown, grown, (0,), TINY, ("sharpness",), tmp_path / "other")
    make(other)
    check_comparable({name: Run.open(r.output) for name, r in (("a", begun), ("b", other))})


def test_a_case_that_is_gone_or_was_changed_is_refused_by_name(begun: RunRequest, tmp_path: Path) -> None:
    path = begun.suite.path
    whole = path.read_text()
    path.write_text(whole.replace("In scene 1,", "In scene one,"))
    with pytest.raises(InputError, match="case 'case-1' of suite 'tiny' has changed since"):
        request_of_run(begun.output)
    path.write_text("\n".join(line for line in whole.splitlines() if "case-1" not in line) + "\n")
    with pytest.raises(InputError, match="has no case 'case-1' any more"):
        request_of_run(begun.output)


def test_score_measures_what_the_run_was_measured_by_or_else_the_default_metrics(begun: RunRequest) -> None:
    assert request_of_run(begun.output).metrics == ("sharpness",)
    assert request_of_run(begun.output, ("niqe",)).metrics == ("niqe",)
    store = RunStore(begun.output)
    manifest = store.manifest()
    store.write_manifest(manifest.model_copy(update={"metrics": ()}))
    assert request_of_run(begun.output).metrics == default_metrics()


def test_scoring_needs_no_system(begun: RunRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a system was opened to score its videos")

    monkeypatch.setattr("a2bench.run.stages.system_with", refuse)
    with RunStore(begun.output).locked():
        result = score(replace(begun, metrics=("sharpness", "niqe")), ExecutionOptions(), Silence(), InlineExecutor())
    assert result.complete


def test_a_remake_that_was_cut_short_is_never_mixed_with_what_it_was_to_replace(updated: RunRequest) -> None:
    some = replace(updated, suite=updated.suite.select(limit=1), remake=True)
    assert make(some)[0] == 1
    with pytest.raises(
        InputError, match=r"begun before an update .*, and 1 of its samples differ .*--output.*--remake"
    ):
        make(updated)
    assert make(replace(updated, remake=True))[0] == 2
    assert len(Run.open(updated.output).samples) == 3


def test_a_run_whose_manifest_is_damaged_keeps_its_videos_after_an_update(updated: RunRequest) -> None:
    (updated.output / "run.json").write_text("{")
    assert make(updated)[0] == 0
    current = Run.open(updated.output)
    assert len(current.samples) == 3 and len(current.scores("sharpness")) == 3


def test_a_run_whose_manifest_is_damaged_is_still_of_its_system_and_settings(begun: RunRequest) -> None:
    (begun.output / "run.json").write_text("{")
    with pytest.raises(InputError, match="holds a run of 'collage', not of 'noise'"):
        make(replace(begun, adapter="noise"))
    with pytest.raises(InputError, match=r"begun with other settings \(num_frames: 6 -> 7\)"):
        make(replace(begun, settings=TINY.model_copy(update={"num_frames": 7})))
    assert make(begun)[0] == 0


def test_another_folder_of_videos_does_not_take_the_place_of_a_run(suite: Suite, tmp_path: Path) -> None:
    """Both are the system `folder` and would lie in one default place."""
    for name, value in (("视频一", 40), ("视频二", 200)):
        (tmp_path / name).mkdir()
        for case in suite.cases:
            frames = np.full((6, 64, 96, 3), value, np.uint8)
            frames[:, 10:20, 10:30] = 255 - value
            write_video(Video(frames, TINY.fps), tmp_path / name / f"{case.id}.mp4")
    first = RunRequest(
        "folder",
        {"path": str(tmp_path / "视频一"), "name": "mine"},
        suite,
        suite,
        (0,),
        TINY,
        ("sharpness",),
        tmp_path / "run",
    )
    assert make(first)[0] == 3
    other = replace(first, options={"path": str(tmp_path / "视频二"), "name": "mine"})
    with pytest.raises(InputError, match=r"begun with other options \(path: .*视频一 -> .*视频二\); to begin anew"):
        make(other)
    (tmp_path / "视频一").rename(tmp_path / "moved")
    assert (
        make(replace(first, options={"path": str(tmp_path / "moved"), "name": "mine"}))[0] == 0
    )  # the same videos, elsewhere
