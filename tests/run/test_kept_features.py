"""Scoring again with a new head decodes nothing; references are embedded once for a suite, whatever the workers."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from a2bench.base import registry
from a2bench.base.counting import take_counts
from a2bench.base.data import cache_dir
from a2bench.model import metrics
from a2bench.model.cases import Suite, load_suite
from a2bench.model.records import ScoreRecord
from a2bench.model.scores import Limit
from a2bench.model.systems import GenerationSettings
from a2bench.run import work
from a2bench.run.execute import InlineExecutor, LocalExecutor
from a2bench.run.request import ExecutionOptions, RunRequest
from a2bench.run.stages import RunResult, generate, score
from a2bench.run.store import RunStore
from tests.conftest import Silence
from tests.metrics.every_metric import argument

FEATURE_METRICS = ("copy_paste", "motion_amount")
SETTINGS = GenerationSettings(width=96, height=64, num_frames=6)


@pytest.fixture(autouse=True)
def _with_a_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("A2BENCH_FEATURE_CACHE", "1")
    metrics._embedded.clear()
    yield
    metrics._embedded.clear()


@pytest.fixture
def request_(suite: Suite, tmp_path: Path) -> RunRequest:
    return RunRequest("collage", {}, suite, suite, (0,), SETTINGS, FEATURE_METRICS, tmp_path / "run")


def run(request: RunRequest) -> RunResult:
    with RunStore(request.output).locked():
        generate(request, ExecutionOptions(), Silence(), InlineExecutor())
        return score(request, ExecutionOptions(), Silence(), InlineExecutor())


def new_head(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    metric = registry.load("metric", name)
    monkeypatch.setattr(metric, "info", replace(metric.info, version=metric.info.version + 1))


def test_a_new_head_needs_no_decode_and_no_network(request_: RunRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(request_)
    assert first.counts["decode"] == 3 and first.counts["forward:flow"] == 2 * 15
    new_head(monkeypatch, "copy_paste")
    new_head(monkeypatch, "motion_amount")
    again = run(request_)
    assert dict(again.counts) == {"cached:facts": 3, "cached:alignment": 3, "cached:flow": 3}
    store = RunStore(request_.output)
    assert again.done == 6 and len(store.scores) == 6


def test_a_head_on_pixels_decodes_once(request_: RunRequest) -> None:
    run(request_)
    again = run(replace(request_, metrics=(*FEATURE_METRICS, "sharpness", "temporal_flicker")))
    assert again.counts["decode"] == 3 and "forward:flow" not in again.counts


def test_an_equal_video_of_another_run_is_not_computed_again(request_: RunRequest, tmp_path: Path) -> None:
    first = run(request_)
    other = replace(request_, output=tmp_path / "other")
    again = run(other)
    assert "forward:flow" not in again.counts and "forward:alignment" not in again.counts
    assert first.done == again.done
    values = [{key: s.value for key, s in RunStore(r.output).scores.items()} for r in (request_, other)]
    assert values[0] == values[1]


def test_damaged_entries_are_computed_again_and_the_run_says_so(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(request_)
    before = {key: record.value for key, record in RunStore(request_.output).scores.items()}
    for path in (cache_dir() / "features").glob("??/*.safetensors"):
        data = bytearray(path.read_bytes())
        data[-3] ^= 1
        path.write_bytes(data)
    new_head(monkeypatch, "motion_amount")
    notes: list[str] = []
    monkeypatch.setattr(Silence, "note", lambda _, text: notes.append(text))
    again = run(request_)
    assert again.counts["damaged:flow"] == again.counts["damaged:facts"] == 3
    assert again.counts["forward:flow"] == first.counts["forward:flow"]
    assert {key: record.value for key, record in RunStore(request_.output).scores.items()} == before
    assert notes == ["6 damaged entries of the feature cache were computed again"]


def test_an_edited_prompt_keeps_what_does_not_look_at_it(request_: RunRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    run(request_)
    case = type(request_.suite.cases[0])
    monkeypatch.setattr(case, "scoring_identity", lambda self: {"edited": self.id})
    again = run(request_)
    assert again.counts["forward:alignment"] == 3 * 6
    assert again.counts["cached:flow"] == 3


def test_two_workers_embed_each_reference_once(request_: RunRequest, tmp_path: Path) -> None:
    with RunStore(request_.output).locked():
        generate(request_, ExecutionOptions(), Silence(), InlineExecutor())
        executor = LocalExecutor(2, tmp_path / "run/logs", environment={})
        wanted = replace(request_, metrics=("copy_paste",))
        scored = score(wanted, ExecutionOptions(workers=2), Silence(), executor)
    references = {
        (element.cutout or element.reference).sha256
        for case in request_.suite.cases
        for _, element in case.named_elements()
    }
    assert scored.counts["reference:alignment"] == len(references) == 9


def test_without_a_cache_the_scores_are_the_same(
    request_: RunRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(request_)
    monkeypatch.setenv("A2BENCH_FEATURE_CACHE", "0")
    shutil.rmtree(cache_dir())
    bare = replace(request_, output=tmp_path / "bare")
    counts = run(bare).counts
    assert counts["decode"] == 3 and not [event for event in counts if event.startswith("cached:")]
    a, b = ({key: s.detail for key, s in RunStore(r.output).scores.items()} for r in (request_, bare))
    assert a == b


def test_a_video_outside_the_protocol_is_refused_or_noted(
    request_: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    metric = registry.load("metric", "motion_amount")
    limits = (
        Limit("fps", "the flow was made for it", high=12, otherwise="warn"),
        Limit("seconds", "less says nothing", low=2, otherwise="warn"),
    )
    monkeypatch.setattr(metric, "info", replace(metric.info, protocol=limits))
    run(request_)
    (notes,) = {tuple(record.detail["notes"]) for record in scores(request_)}
    assert notes == (
        "the video has 16 frames per second; at most 12 are meant because the flow was made for it",
        "the video lasts 0.375 seconds; at least 2 are meant because less says nothing",
    )
    strict = (Limit("short_side", "smaller frames have no motion", low=128),)
    monkeypatch.setattr(metric, "info", replace(metric.info, protocol=strict, version=99))
    run(request_)
    assert {(record.status, record.value, record.reason) for record in scores(request_)} == {
        (
            "unscored",
            None,
            "the video has 64 pixels on its short side; at least 128 are needed because smaller frames have no motion",
        )
    }


def scores(request: RunRequest) -> list[ScoreRecord]:
    return [record for key, record in RunStore(request.output).scores.items() if key[2] == "motion_amount"]


def test_decoding_takes_the_memory_of_the_frames_once(tmp_path: Path) -> None:
    """Peak of a decode above its frames: counted by tracemalloc, which sees NumPy's buffers."""
    import tracemalloc
    from fractions import Fraction

    from a2bench.model.video import Video, read_video, write_video

    rng = np.random.default_rng(0)
    frames = np.repeat(rng.integers(0, 255, (4, 240, 320, 3), dtype=np.uint8), 10, axis=0)
    write_video(Video(frames, Fraction(16)), tmp_path / "clip.mp4")
    tracemalloc.start()
    decoded = read_video(tmp_path / "clip.mp4")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert decoded.num_frames == 40
    assert peak < 1.2 * decoded.frames.nbytes


def test_features_are_freed_when_no_other_metric_needs_them(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import dataclass

    @dataclass
    class Feature:
        info: metrics.FeatureInfo

    chain = {"grid": (), "finder": ("grid",), "other": ("grid",)}
    made = {name: Feature(metrics.FeatureInfo(name, 1, "", features=below)) for name, below in chain.items()}
    monkeypatch.setattr(metrics, "_resident", made)
    sample = metrics.Sample(suite.cases[0], None, None, {"grid": 1, "finder": 2})  # type: ignore[arg-type]
    sample.keep_only(["finder", "other"])
    assert set(sample._features) == {"grid", "finder"}, "the other finder still needs the grid"
    sample._features["other"] = 3
    sample.keep_only(["finder", "other"])
    assert set(sample._features) == {"finder", "other"}
    sample.keep_only([])
    assert sample._features == {}


def test_metrics_that_use_what_is_held_come_before_those_that_need_more(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grids and flow take some 30 MB each: none is made while the other waits for a later metric."""
    chain = {"grid": (), "hits": ("grid",), "flow": (), "camera": ("flow",)}
    infos = [metrics.FeatureInfo(name, 1, "", features=below) for name, below in chain.items()]
    monkeypatch.setattr(metrics, "_resident", {info.name: SimpleNamespace(info=info) for info in infos})
    sample = metrics.Sample(suite.cases[0], None, None)  # type: ignore[arg-type]
    needs = {"presence": "hits", "warping": "flow", "consistency": "grid", "sharpness": None, "pan": "camera"}
    waiting = {name: (feature,) if feature else () for name, feature in needs.items()}
    order = list[str]()
    while waiting:
        name = work._next(waiting, sample)
        order.append(name)
        sample._features.update(dict.fromkeys(sample.needs(waiting.pop(name))[1], 1))
        sample.keep_only(feature for features in waiting.values() for feature in features)
        assert not {"grid", "flow"} <= sample._features.keys(), order
    assert order == ["sharpness", "warping", "pan", "consistency", "presence"]


def test_results_come_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    from fractions import Fraction

    from a2bench.model.video import Video, write_video

    frames = np.random.default_rng(0).integers(0, 255, (4, 64, 96, 3), dtype=np.uint8)
    write_video(Video(frames, Fraction(16)), tmp_path / "clip.mp4")
    names = ["motion_amount", "temporal_flicker", "warping_error", "sharpness"]
    take_counts()  # of what ran before in this process
    results = work.score(argument(tmp_path / "clip.mp4", load_suite("a2bench-mini").cases[0], names))
    assert [entry["metric"] for entry in results] == names
    assert results[0]["counts"]["decode"] == 1, "the decode is booked on the first"
