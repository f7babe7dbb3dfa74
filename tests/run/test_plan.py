"""A score is done again when anything that it depends on has changed, and the plan says which part."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from a2bench.base import registry
from a2bench.errors import InputError
from a2bench.model.cases import Case, Suite
from a2bench.model.records import SampleRecord, ScoreRecord, VideoFile
from a2bench.model.systems import GenerationSettings, ModelMeta, NativeSettings
from a2bench.run import plan
from a2bench.run.plan import PlannedScore, differences, plan_samples, plan_scores, sample_identity, unsupported

METRIC = "copy_paste"
TIME = "2026-01-01T00:00:00Z"
NATIVE = {"width": 64, "height": 48, "fps": "16", "num_frames": 5, "frames_step": 4, "frames_plus": 1}
VIDEO = VideoFile(file="x", sha256="f" * 64, bytes=1, mtime_ns=0, width=2, height=2, num_frames=2, fps="16")


class System:
    """A system with an identity of its own; what it is asked for is not looked at."""

    meta = ModelMeta(name="mine", revision="1")

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> None:
        raise AssertionError("a plan makes no video")


def sample_record(case: str, **more: object) -> SampleRecord:
    facts = {"key": "k", "identity": {}, "case": case, "seed": 0, "status": "done", "video": VIDEO, "seconds": 1}
    return SampleRecord.model_validate({**facts, "finished": TIME, **more})


def score_record(planned: PlannedScore, **more: object) -> ScoreRecord:
    facts = {
        "key": planned.key, "identity": planned.identity, "case": planned.sample.case, "seed": 0, "metric": METRIC,
        "video_sha256": VIDEO.sha256, "status": "scored", "value": 0.5, "seconds": 1, "finished": TIME,
    }  # fmt: skip
    return ScoreRecord.model_validate({**facts, **more})


@pytest.fixture
def store(suite: Suite) -> SimpleNamespace:
    """A run with the videos of all three cases, and the score of each as of now."""
    store = SimpleNamespace(samples={(case.id, 0): sample_record(case.id) for case in suite.cases}, scores={})
    store.scores = {(one.sample.case, 0, METRIC): score_record(one) for one in planned_scores(store, suite)}
    assert len(store.scores) == 3
    return store


def planned_scores(store: SimpleNamespace, suite: Suite) -> list[PlannedScore]:
    return list(plan_scores(store, suite, (0,), (METRIC,)))  # type: ignore[arg-type]


def of_a_feature(**changes: object) -> Callable[[pytest.MonkeyPatch], None]:
    def change(patch: pytest.MonkeyPatch) -> None:
        feature = registry.load("feature", "alignment")
        patch.setattr(feature, "info", replace(feature.info, **changes))

    return change


def of_the_metric(**changes: object) -> Callable[[pytest.MonkeyPatch], None]:
    def change(patch: pytest.MonkeyPatch) -> None:
        metric = registry.load("metric", METRIC)
        patch.setattr(metric, "info", replace(metric.info, **changes))

    return change


def test_a_score_is_done_as_long_as_nothing_has_changed(store: SimpleNamespace, suite: Suite) -> None:
    assert {(one.state, one.why) for one in planned_scores(store, suite)} == {("done", "")}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (of_the_metric(version=99), "metric.version: "),
        (of_the_metric(backend="other arithmetic"), "metric.backend: "),
        (of_a_feature(version=99), "features.alignment: "),
        (of_a_feature(backend="other eyes"), "features.alignment: "),
        (lambda patch: patch.setattr(plan, "SAMPLING", "every frame"), "sampling: "),
        (lambda patch: patch.setattr(plan, "SCHEMA", 99), "schema: "),
        (lambda patch: patch.setattr(plan, "unmet_needs", lambda metric: ["needs a moon"]), "unmet: "),
    ],
)
def test_what_a_score_is_made_of_is_in_its_key(
    change: Callable[[pytest.MonkeyPatch], None],
    why: str,
    store: SimpleNamespace,
    suite: Suite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change(monkeypatch)
    planned = planned_scores(store, suite)
    assert [one.state for one in planned] == ["stale"] * 3
    assert all(one.why.startswith(why) for one in planned), planned[0].why


def test_other_weights_make_a_score_stale(
    store: SimpleNamespace, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "required_weights", lambda metric: ["eyes"])
    monkeypatch.setattr(plan, "weights_entry", lambda name: SimpleNamespace(digest=f"digest of {name}"))
    assert {one.why for one in planned_scores(store, suite)} == {"weights.eyes: nothing -> digest of eyes"}


def test_another_video_makes_its_own_score_stale_and_no_other(store: SimpleNamespace, suite: Suite) -> None:
    case = suite.cases[1].id
    store.samples[case, 0] = sample_record(case, video=VIDEO.model_copy(update={"sha256": "e" * 64}))
    planned = planned_scores(store, suite)
    assert [one.state for one in planned] == ["done", "stale", "done"]
    assert planned[1].why.startswith("video: ffff")


def test_scores_are_planned_for_finished_videos_only(store: SimpleNamespace, suite: Suite) -> None:
    one, two, three = (case.id for case in suite.cases)
    del store.samples[one, 0]
    store.samples[two, 0] = sample_record(two, status="failed", video=None, error="no power")
    assert [planned.sample.case for planned in planned_scores(store, suite)] == [three]


def test_a_score_that_failed_is_planned_again_with_what_went_wrong(store: SimpleNamespace, suite: Suite) -> None:
    first = planned_scores(store, suite)[0]
    failed = {"status": "failed", "value": None, "reason": "ValueError"}
    store.scores[first.sample.case, 0, METRIC] = score_record(first, **failed)
    del store.scores[suite.cases[1].id, 0, METRIC]
    assert [(one.state, one.why) for one in planned_scores(store, suite)] == [
        ("failed", "ValueError"),
        ("new", ""),
        ("done", ""),
    ]


def test_what_a_video_is_made_from_is_in_its_key(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    class Knows(System):
        def identity(self, case: Case) -> dict[str, str]:
            return {"own": case.id}

    def identity(system: System, case: Case = suite.cases[0], seed: int = 0, fps: str = "16", **options: str) -> object:
        settings = GenerationSettings.model_validate({"fps": fps})
        return sample_identity(system, options, settings, case, seed)  # type: ignore[arg-type]

    first = identity(System())
    assert differences(first, identity(System())) == []
    assert differences(first, identity(System(), steps="4")) == ["system.own.steps: nothing -> 4"]
    assert differences(first, identity(System(), seed=7)) == ["seed: 0 -> 7"]
    assert differences(first, identity(System(), fps="24")) == ["settings.fps: 16 -> 24"]
    other = differences(first, identity(System(), suite.cases[1]))
    assert other and all(line.startswith("case.") for line in other)
    # what a system says of itself takes the place of its options
    assert differences(first, identity(Knows(), steps="4")) == ["system.own.own: nothing -> case-0"]
    monkeypatch.setattr(plan, "ENCODING", "x264 crf 99")
    assert [line.partition(":")[0] for line in differences(first, identity(System()))] == ["encoding"]
    monkeypatch.undo()
    monkeypatch.setattr(plan, "SCHEMA", 2)
    assert differences(first, identity(System())) == ["schema: 1 -> 2"]
    monkeypatch.undo()
    monkeypatch.setattr(System, "meta", System.meta.model_copy(update={"name": "other", "revision": "2"}))
    assert differences(first, identity(System())) == ["system.name: mine -> other", "system.revision: 1 -> 2"]


def test_a_finished_video_outlives_another_revision_of_its_system_unless_it_is_remade(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SimpleNamespace(samples={}, damage=lambda record, read_all: None)
    request = (store, suite, System(), {}, GenerationSettings(), (0,))
    for one in plan_samples(*request):  # type: ignore[arg-type]
        assert (one.state, one.kept) == ("new", "")
        store.samples[one.case.id, 0] = sample_record(one.case.id, key=one.key, identity=one.identity)
    monkeypatch.setattr(System, "meta", System.meta.model_copy(update={"revision": "2"}))
    kept = list(plan_samples(*request))  # type: ignore[arg-type]
    assert {(one.state, one.kept) for one in kept} == {("done", "system.revision: 1 -> 2")}
    remade = list(plan_samples(*request, remake=True))  # type: ignore[arg-type]
    assert {(one.state, one.why, one.kept) for one in remade} == {("stale", "system.revision: 1 -> 2", "")}
    monkeypatch.setattr(System, "meta", System.meta.model_copy(update={"name": "other"}))
    other = list(plan_samples(*request))  # type: ignore[arg-type]
    assert {(one.state, one.kept) for one in other} == {("stale", "")}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, None),
        ({"max_references": 3}, None),
        ({"max_references": 2}, "mine takes at most 2 references, case 'case-0' has 3"),
        ({"roles": ("object",)}, "mine takes no background and no character, which case 'case-0' has"),
        ({"native": NativeSettings(**NATIVE)}, "mine makes 4k+1 frames, not 6; choose --num-frames so"),
    ],
)
def test_what_a_system_cannot_make_is_said_before_any_work(
    facts: dict[str, object], why: str | None, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(System, "meta", System.meta.model_copy(update=facts))
    assert unsupported(System(), suite.cases[0], GenerationSettings(num_frames=6)) == why  # type: ignore[arg-type]


def test_what_a_system_refuses_itself_is_passed_on_in_its_words(suite: Suite) -> None:
    class Refuses(System):
        def check(self, case: Case, settings: GenerationSettings) -> None:
            raise InputError(f"not {case.id}")

    assert unsupported(Refuses(), suite.cases[0], GenerationSettings()) == "not case-0"  # type: ignore[arg-type]


def test_differences_name_the_part_and_are_short() -> None:
    assert differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 1}, "c": 2}) == []
    assert differences({"a": {"b": 1}}, {"a": {}}) == ["a.b: 1 -> nothing"]
    assert differences("x" * 40, "x" * 41) == [f": {'x' * 40} -> {'x' * 37}..."]
