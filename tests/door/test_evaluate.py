"""A system over a suite, from Python: names, classes, instances and functions, and what a change of them does."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import a2bench
from a2bench.errors import InputError, UnknownNameError
from a2bench.model.cases import Case, Suite
from a2bench.model.metrics import Sample
from a2bench.model.scores import MetricInfo, Score
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.model.video import Video
from tests.run.work_items import OneCharacter

SMALL = GenerationSettings(width=96, height=64, num_frames=4)


def grey(case: Case, seed: int, settings: GenerationSettings) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 255, (settings.num_frames, settings.height, settings.width, 3), np.uint8)


class Brightness:
    """The mean of all pixels, as a share of white."""

    info = MetricInfo(
        name="brightness", version=1, title="Brightness", group="quality", range=(0, 1), direction="none", features=(),
        backend="mean of pixels",
    )  # fmt: skip

    def score(self, sample: Sample) -> Score:
        return Score(float(sample.video.frames.mean()) / 255)


class Painted:
    """Every pixel in one tone."""

    meta = ModelMeta(name="painted", revision="1")

    def __init__(self, tone: int = 100) -> None:
        self.tone = tone

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        frames = np.full((settings.num_frames, settings.height, settings.width, 3), self.tone, np.uint8)
        frames[:, : seed + 2] = 255
        return Video(frames, settings.fps)


def evaluated(system: Any, suite: Suite, output: Path, metrics: Any = Brightness, **more: Any) -> Any:
    return a2bench.evaluate(system, suite, metrics, output=output, settings=SMALL, progress=False, **more)


def values(run: Any) -> list[float]:
    return [record.value for record in run.scores("brightness")]


def test_a_function_is_a_system_and_a_class_a_metric(suite: Suite, tmp_path: Path) -> None:
    run = evaluated(grey, suite, tmp_path / "run", seeds=(0, 1))
    assert run.manifest.system.name == "grey"
    assert run.sample_counts == {"total": 6, "done": 6, "failed": 0, "missing": 0}
    (row,) = run.metrics
    assert row.name == "brightness" and row.summary.mean == pytest.approx(0.5, abs=0.02)
    assert len(run.to_pandas()) == 6
    page = run._repr_html_()
    assert "brightness" in page and "6/6" in page and "<script" not in page


def test_a_metric_that_others_can_import_is_measured_by_workers(suite: Suite, tmp_path: Path) -> None:
    run = evaluated("collage", suite, tmp_path / "run", limit=1, workers=1)
    assert [record.status for record in run.scores("brightness")] == ["scored"]
    assert run.manifest.metrics == ("brightness",)


def test_what_was_made_is_made_no_second_time(suite: Suite, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluated(grey, suite, tmp_path / "run")
    a2bench.evaluate(grey, suite, Brightness, output=tmp_path / "run", settings=SMALL)
    told = capsys.readouterr().err
    assert "generate: 0 samples to do, 3 were done before" in told
    assert "in this process, since no other can import it: grey\n" in told


def test_an_object_with_another_value_makes_its_videos_anew(suite: Suite, tmp_path: Path) -> None:
    assert values(evaluated(Painted(50), suite, tmp_path / "run"))[0] < 0.3
    assert values(evaluated(Painted(200), suite, tmp_path / "run"))[0] > 0.7
    before = (tmp_path / "run/samples.jsonl").read_bytes()
    evaluated(Painted(200), suite, tmp_path / "run")
    assert (tmp_path / "run/samples.jsonl").read_bytes() == before


def test_a_changed_metric_measures_anew_in_the_same_session(suite: Suite, tmp_path: Path) -> None:
    def metric(factor: float) -> Any:
        class Scaled(Brightness):
            def score(self, sample: Sample) -> Score:
                return Score(factor * float(sample.video.frames.mean()) / 255)

            def __init__(self) -> None:
                self.factor = factor

        return Scaled()

    one, two = (values(evaluated(Painted(), suite, tmp_path / "run", metric(factor))) for factor in (1.0, 0.5))
    assert two == pytest.approx([value / 2 for value in one])


SCRIPT = """
import numpy as np
import a2bench
from a2bench.model.cases import load_suite

TONE = {tone}

def painted(case, settings):
    return np.full((settings.num_frames, settings.height, settings.width, 3), shade(), np.uint8)

def shade():
    return TONE {more}

{guard}
    settings = a2bench.GenerationSettings(width=96, height=64, num_frames=4)
    run = a2bench.evaluate({system}, load_suite({suite!r}), ["{metric}"], output={output!r}, settings=settings,
                           progress=False)
    print([record.key for record in run.samples.values()])
"""


def run_script(folder: Path, suite: Suite, **given: Any) -> subprocess.CompletedProcess[str]:
    filled = {
        "tone": 50, "more": "", "guard": 'if __name__ == "__main__":', "system": "painted", "metric": "motion_amount",
        "suite": suite.address, "output": str(folder / "run"), **given,
    }  # fmt: skip
    (folder / "script.py").write_text(SCRIPT.format(**filled))
    return subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_change_of_anything_that_a_script_uses_is_seen(suite: Suite, tmp_path: Path) -> None:
    keys = [run_script(tmp_path, suite, **change) for change in ({}, {}, {"tone": 51}, {"more": "+ 1"})]
    assert [done.returncode for done in keys] == [0] * 4, keys[0].stderr
    first, same, *changed = [done.stdout for done in keys]
    assert first == same
    assert len({first, *changed}) == 3


def test_a_script_without_a_guard_gets_one_sentence_and_records_nothing(suite: Suite, tmp_path: Path) -> None:
    done = run_script(tmp_path, suite, guard="if True:", system='"collage"')
    assert done.returncode != 0
    assert "put the call under `if __name__ ==" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_names_run_in_workers_from_a_script_with_a_guard(suite: Suite, tmp_path: Path) -> None:
    done = run_script(tmp_path, suite, system='"collage"')
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "run/videos").glob("*.mp4"))) == len(suite.cases)


def test_a_class_that_others_can_import_is_known_by_its_place(suite: Suite, tmp_path: Path) -> None:
    run = evaluated(OneCharacter, suite, tmp_path / "run", limit=1)
    assert run.manifest.adapter == "tests.run.work_items:OneCharacter"


def test_a_run_of_an_object_says_where_it_goes_on(suite: Suite, tmp_path: Path) -> None:
    from a2bench.base import registry

    evaluated(grey, suite, tmp_path / "run", limit=1)
    registry._given.clear()
    with pytest.raises(InputError, match="'grey' was handed over by a script in Python"):
        registry.load("adapter", a2bench.open_run(tmp_path / "run").manifest.adapter)


def wants_more(case: Case, brush: str) -> None:
    raise NotImplementedError


class Holding:
    meta = ModelMeta(name="holding", revision="1")

    def __init__(self) -> None:
        self.network = object()

    def generate(self, case: Case, *, seed: int, settings: GenerationSettings) -> Video:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"system": wants_more}, "it wants 'brush' too"),
        ({"system": Holding()}, "holds 'network', a object, which cannot be described"),
        ({"system": 3}, "expected a system's name, class, instance or function, got a int"),
        ({"system": Sample}, "Sample is no system"),
        ({"system": grey, "metrics": Sample}, "Sample is no metric"),
        ({"system": grey, "metrics": []}, "metrics is empty"),
        ({"system": Painted(), "options": {"tone": 3}}, "this is an instance already"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_nothing_is_recorded(
    given: dict[str, Any], said: str, suite: Suite, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        evaluated(suite=suite, output=tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_described_is_known_by_its_revision(suite: Suite, tmp_path: Path) -> None:
    run = evaluated(Holding(), suite, tmp_path / "run", limit=1, revision="2026-11")
    assert run.sample_counts["failed"] == 1
    assert "NotImplementedError" in run.why_missing(run.planned[0])


def test_a_misspelt_metric_is_named(suite: Suite, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'motion_amount'"):
        evaluated(grey, suite, tmp_path / "run", "motion_amont")


class Flow:
    """Asks for a feature that it has not declared."""

    info = MetricInfo(
        name="undeclared", version=1, title="Undeclared", group="motion", range=(0, None), direction="none",
        features=("faces",), backend="none",
    )  # fmt: skip

    def score(self, sample: Sample) -> Score:
        sample.feature("flow")
        return Score(1.0)


def test_a_metric_may_only_ask_for_what_it_has_declared(suite: Suite, tmp_path: Path) -> None:
    run = evaluated(grey, suite, tmp_path / "run", Flow, limit=1)
    (record,) = run.scores("undeclared")
    assert record.status == "failed"
    assert "'undeclared' asks for the feature 'flow', which it has not declared" in (record.reason or "")
    assert "features=('faces', 'flow',)" in (record.reason or "")
