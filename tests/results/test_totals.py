"""The summary of a run: what counts, what is missing, and how sure it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from a2bench.base import registry
from a2bench.model.records import RunManifest, SampleRecord, ScoreRecord, SuiteIdentity, VideoFile
from a2bench.model.systems import GenerationSettings, ModelMeta
from a2bench.results.dimensions import DIMENSIONS, ELEMENT_METRICS
from a2bench.results.run import Run
from a2bench.results.totals import TotalRow
from a2bench.results.validity_file import shipped_validity
from a2bench.run.store import RunStore
from a2bench.show.totals import totals_text
from a2bench.statistics.clusters import clustered_interval
from a2bench.statistics.harmonic import soft_harmonic_mean

TIME = "2026-01-01T00:00:00Z"
ROLES = ["character", "object", "background"]
GOOD: dict[str, Any] = {
    "identity_similarity": {"character": 0.9},
    "character_similarity": {"character": 0.2},
    "object_similarity": {"object": 0.8},
    "background_similarity": {"background": 0.7},
    **{anchor.metric: anchor.one for dimension in DIMENSIONS for anchor in dimension.anchors},
}


def make_run(folder: Path, samples: dict[tuple[str, int], dict[str, Any]], roles: list[str] = ROLES) -> Run:
    """A run with a video for each sample and scores as given: a number, values by element, or a reason."""
    store = RunStore(folder)
    folder.mkdir(parents=True)
    cases, seeds = (tuple(dict.fromkeys(part)) for part in zip(*samples, strict=True))
    store.write_manifest(
        RunManifest(
            system=ModelMeta(name="mine", revision="1"), adapter="folder", options={}, settings=GenerationSettings(),
            suite=SuiteIdentity(name="tiny", path="tiny", revision="0", cases=cases), seeds=seeds,
            metrics=tuple(GOOD), created=TIME, updated=TIME,
        )
    )  # fmt: skip
    video = VideoFile(file="x", sha256="v", bytes=1, mtime_ns=0, width=2, height=2, num_frames=2, fps="1")
    for (case, seed), given in samples.items():
        common: dict[str, Any] = {"key": "k", "case": case, "seed": seed, "seconds": 0, "finished": TIME}
        identity = {"case": {"prompt": "p", "references": [[role, "hash"] for role in roles]}}
        if given.get("failed"):
            store.record_sample(SampleRecord(identity=identity, status="failed", error="no power", **common))
            continue
        store.record_sample(SampleRecord(identity=identity, status="done", video=video, **common))
        store.record_scores([_record(metric, value, common) for metric, value in given.items() if value is not None])
    return Run(store)


def _record(metric: str, value: Any, common: dict[str, Any]) -> ScoreRecord:
    version = 1
    if isinstance(value, tuple):
        value, version = value
    made = {
        "identity": {"metric": {"name": metric, "version": version}},
        "metric": metric,
        "video_sha256": "v",
        **common,
    }
    if isinstance(value, str):
        return ScoreRecord(status="unscored", reason=value, **made)
    if not isinstance(value, dict):
        return ScoreRecord(status="scored", value=value, **made)
    elements = {
        name: {"value": None if isinstance(v, str) else v, "reason": v if isinstance(v, str) else None}
        for name, v in value.items()
    }
    numbers = [entry["value"] for entry in elements.values() if entry["value"] is not None]
    detail = {"per_element": elements}
    if not numbers:
        return ScoreRecord(status="unscored", reason="nothing", detail=detail, **made)
    return ScoreRecord(status="scored", value=float(np.mean(numbers)), detail=detail, **made)


def totals(run: Run) -> dict[str, TotalRow]:
    return {row.name: row for row in run.totals}


def test_a_perfect_run_gets_100_and_a_lost_element_at_most_20(tmp_path: Path) -> None:
    perfect = {**GOOD, **{m: {e: 1.0 for e in v} for m, v in GOOD.items() if isinstance(v, dict)}}
    full = totals(make_run(tmp_path / "full", {(case, 0): perfect for case in "abc"}))
    assert {name: row.value for name, row in full.items()} == dict.fromkeys(full, pytest.approx(100))
    lost = totals(
        make_run(tmp_path / "lost", {(case, 0): {**perfect, "object_similarity": {"object": 0.0}} for case in "abc"})
    )
    assert lost["headline"].value <= 20 and lost["consistency"].value < 9
    assert lost["quality"].value == 100


def test_the_headline_needs_every_dimension_of_every_sample(tmp_path: Path) -> None:
    samples: dict[tuple[str, int], dict[str, Any]] = {(case, 0): GOOD for case in "abcd"}
    samples["b", 0] = {**GOOD, "text_alignment": "needs weights"}
    samples["c", 0] = {"failed": True}
    run = make_run(tmp_path / "run", samples)
    found = totals(run)
    assert found["headline"].value is None and found["headline"].interval is None
    assert (found["text"].scored, found["text"].total) == (2, 4)
    assert (found["consistency"].scored, found["consistency"].coverage) == (3, 0.75)
    reasons = [reason for reason, _ in found["text"].reasons]
    assert reasons == ["no video: no power", "text_alignment: needs weights"]
    text = totals_text(run.totals)
    assert "no headline: it needs all four of every sample; there is Consistency 3/4, Text 2/4" in " ".join(
        text.split()
    )


def test_where_text_cannot_be_measured_a_number_of_its_own_closes_the_summary(tmp_path: Path) -> None:
    needs = "needs weights `clip`; type `a2bench weights fetch clip`"
    without = {**GOOD, "text_alignment": needs}
    run = make_run(tmp_path / "run", {(case, 0): without for case in "abc"})
    rows = run.totals
    assert [row.name for row in rows[-2:]] == ["headline", "headline_without_text"]
    parts = [row.value / 100 for row in rows if row.name in ("consistency", "quality", "motion")]
    assert rows[-2].value is None
    assert rows[-1].value == pytest.approx(100 * soft_harmonic_mean(parts, [3, 1, 1]), abs=0.5)
    assert rows[-1].interval is not None
    lines = totals_text(rows, [needs]).splitlines()
    assert lines[-1].startswith("  Headline without text")
    assert "as said above" in totals_text(rows, [needs]) and needs not in totals_text(rows, [needs])


def test_there_is_no_headline_without_text_where_text_or_something_else_is_missing(tmp_path: Path) -> None:
    samples: dict[tuple[str, int], dict[str, Any]] = {(case, 0): GOOD for case in "abc"}
    assert [*totals(make_run(tmp_path / "whole", samples))][-1] == "headline"
    some = {**samples, ("b", 0): {**GOOD, "text_alignment": "needs weights"}}
    assert [*totals(make_run(tmp_path / "some", some))][-1] == "headline"
    failed = {key: {**GOOD, "text_alignment": "needs weights"} for key in samples} | {("b", 0): {"failed": True}}
    assert [*totals(make_run(tmp_path / "failed", failed))][-1] == "headline"


def test_a_face_that_is_there_is_judged_by_identity_and_a_faceless_character_by_its_looks(tmp_path: Path) -> None:
    faceless = {**GOOD, "identity_similarity": {"character": "no clear face in the reference"}}
    with_face = totals(make_run(tmp_path / "a", {("a", 0): {**GOOD}}, ["character"]))
    without = totals(make_run(tmp_path / "b", {("a", 0): faceless}, ["character"]))
    assert with_face["consistency"].value == pytest.approx(90)
    assert without["consistency"].value == pytest.approx(20)


def test_an_identity_that_could_not_be_measured_is_not_replaced_by_looks(tmp_path: Path) -> None:
    broken = totals(make_run(tmp_path / "a", {("a", 0): {**GOOD, "identity_similarity": "needs weights 'dlib'"}}))
    assert broken["consistency"].value is None
    assert broken["consistency"].reasons[0][0] == "character: identity_similarity: needs weights 'dlib'"
    absent = totals(make_run(tmp_path / "b", {("a", 0): {**GOOD, "identity_similarity": None}}))
    assert absent["consistency"].reasons[0][0] == "character: identity_similarity: not scored"


def test_scores_of_another_version_are_not_normalised(tmp_path: Path) -> None:
    newer = totals(make_run(tmp_path / "a", {("a", 0): {**GOOD, "niqe": (5.0, 2)}}))
    assert newer["quality"].value is None
    assert "niqe is of version 2, its anchors were measured with version 1" in newer["quality"].reasons[0][0]


def test_seeds_of_a_case_are_one_cluster(tmp_path: Path) -> None:
    dice = np.random.default_rng(1)
    values = {case: float(dice.uniform(0.2, 0.9)) for case in "abcdefgh"}
    one = make_run(tmp_path / "one", {(c, 0): {**GOOD, "object_similarity": {"object": v}} for c, v in values.items()})
    many = make_run(
        tmp_path / "many",
        {(c, s): {**GOOD, "object_similarity": {"object": v}} for c, v in values.items() for s in range(4)},
    )
    # Repeating the same videos adds no knowledge: the interval must not shrink.
    assert totals(many)["consistency"].interval == pytest.approx(totals(one)["consistency"].interval)
    assert totals(many)["consistency"].value == pytest.approx(totals(one)["consistency"].value)


def test_one_case_has_no_interval() -> None:
    assert clustered_interval([("a", 1.0), ("a", 2.0)]) is None


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Skewed values, 12 cases. In 2,000 draws this interval covered 94.7 %, the plain percentile bootstrap 91.3 %."""
    dice = np.random.default_rng(3)
    hits = 0
    for _ in range(300):
        low, high = clustered_interval((str(k), float(v)) for k, v in enumerate(dice.beta(2, 1, 12))) or (0, 0)
        hits += low <= 2 / 3 <= high
    assert 0.92 <= hits / 300 <= 0.98


def test_anchors_are_what_the_controls_measured() -> None:
    file = shipped_validity()
    if file is None:
        pytest.skip("metrics/validity/a2bench-mini.json is not there yet; `make validity` writes it")
    means = {metric.name: metric.means for metric in file.metrics}
    for metric, control, value in [
        ("niqe", "collage", 5.0), ("niqe", "blur", 16.2), ("temporal_flicker", "collage", 0.979),
        ("temporal_flicker", "noise", 0.849), ("motion_amount", "frozen", 0.0),
        ("motion_smoothness", "collage", 0.992), ("motion_smoothness", "noise", 0.934),
    ]:  # fmt: skip
        assert means[metric][control] == pytest.approx(value, rel=0.05, abs=0.02), (metric, control)


def test_every_metric_of_the_summary_exists_in_the_version_that_was_anchored() -> None:
    anchors = [a for chosen in (*ELEMENT_METRICS.values(), *(d.anchors for d in DIMENSIONS)) for a in chosen]
    for anchor in anchors:
        info = registry.load("metric", anchor.metric).info
        assert anchor.version in (None, info.version), f"{anchor.metric}: measure its anchors again"
        assert anchor.version or (info.range == (0, 1) and (anchor.zero, anchor.one) == (0, 1))
        assert info.direction != "lower" or anchor.zero > anchor.one
        assert info.direction != "higher" or anchor.zero < anchor.one
    assert sum(dimension.weight for dimension in DIMENSIONS) == pytest.approx(1)
