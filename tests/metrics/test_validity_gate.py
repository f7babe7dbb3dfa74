"""The validity gate: every offline metric, and the summary over them, puts the controls in the right order.

The small one looks at one case and a few small frames, where an interval over cases says nothing, so it holds the
estimates against the bounds. The full one (`slow`) is `a2bench metrics validate` as it is.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from a2bench.assets.weights import unmet_needs
from a2bench.base import registry
from a2bench.model.cases import Suite, load_suite
from a2bench.model.metrics import Sample
from a2bench.model.records import ScoreRecord
from a2bench.model.scores import MetricInfo, Score
from a2bench.model.systems import GenerationSettings
from a2bench.results.dimensions import VERSION
from a2bench.results.expectations import PREFIX, summary_infos
from a2bench.results.totals import sample_totals
from a2bench.results.validity import Verdict, judge

CASES = ["astronaut-balloon-tea-garden"]
CONTROLS = [
    "collage", "frozen", "shuffled", "missing-character", "missing-object", "missing-background", "flicker", "swapped",
    "blur", "noise",
]  # fmt: skip
SETTINGS = GenerationSettings(width=416, height=240, num_frames=2, fps=Fraction(1))
TOO_SMALL = {
    "sharpness: blur has little detail left": "made for 480 lines",
    "summary:quality: blur is worse than collage": "NIQE's anchors are for 480 lines",
    "summary:quality: noise is worse than collage": "NIQE's anchors are for 480 lines",
    "background_similarity: flickering elements change little": "one of two frames shows the background alone",
}
"""Not judged here, but by the full gate."""


def record(case: str, metric: str, score: Score, version: int) -> ScoreRecord:
    per_element = {name: {"value": e.value, "reason": e.reason} for name, e in score.per_element.items()}
    identity = {"metric": {"name": metric, "version": version}}
    return ScoreRecord(
        key="", identity=identity, case=case, seed=0, metric=metric, video_sha256="", reason=score.reason,
        value=score.value, status="unscored" if score.value is None else "scored", detail={"per_element": per_element},
        seconds=0, finished="",
    )  # fmt: skip


def run_control(name: str, suite: Suite, metrics: list[str]) -> Iterator[ScoreRecord]:
    system = registry.load("adapter", name)()
    if hasattr(system, "prepare"):
        system.prepare(suite)
    for case in suite.select(CASES).cases:
        sample = Sample(case, system.generate(case, seed=0, settings=SETTINGS))
        scores = {metric: registry.load("metric", metric)().score(sample) for metric in metrics}
        versions = {metric: registry.load("metric", metric).info.version for metric in metrics}
        records = {metric: record(case.id, metric, score, versions[metric]) for metric, score in scores.items()}
        yield from records.values()
        for row, entry in sample_totals(case.element_ids, records).items():
            yield record(case.id, PREFIX + row, Score(entry.value, entry.reason), VERSION)


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    suite = load_suite("a2bench-mini")
    metrics = [name for name in registry.paths("metric") if not unmet_needs(name)]
    scores = {name: list(run_control(name, suite, metrics)) for name in CONTROLS}
    infos: list[MetricInfo] = [*(registry.load("metric", name).info for name in metrics), *summary_infos()]
    return [verdict for info in infos for verdict in judge(info, scores)]


def test_offline_metrics_and_the_summary_order_the_controls(verdicts: list[Verdict]) -> None:
    found = {f"{v.metric}: {v.expectation.text}": v for v in verdicts if v.estimate is not None}
    assert TOO_SMALL.keys() <= found.keys()
    judged = [verdict for name, verdict in found.items() if name not in TOO_SMALL]
    wrong = [
        f"{v.metric}: {v.expectation.text}: {v.expectation.quantity} {v.estimate:.3f}, wanted "
        f"{v.expectation.low:g} to {v.expectation.high:g}"
        for v in judged
        if v.estimate is not None and not v.expectation.low <= v.estimate <= v.expectation.high
    ]
    assert not wrong, "\n".join(wrong)
    assert len({v.metric for v in judged}) >= 10 and all(math.isfinite(v.estimate or 0) for v in judged)


def test_every_role_is_judged(verdicts: list[Verdict]) -> None:
    judged = {verdict.metric for verdict in verdicts if verdict.estimate is not None}
    assert {"identity_similarity", "object_similarity", "background_similarity", "summary:consistency"} <= judged


@pytest.mark.slow
def test_the_full_gate(tmp_path: Path) -> None:
    from a2bench.show.progress import TerminalProgress
    from a2bench.validation.validate import run_controls

    runs = run_controls("a2bench-mini", None, list(registry.paths("metric")), tmp_path, 0, TerminalProgress(-1))
    assert runs.complete
    broken = [v for v in runs.verdicts if v.interval is not None and not v.met]
    assert not broken, [(v.metric, v.expectation.text, v.estimate, v.interval) for v in broken]
