"""From the plan to a work item, and from its outcome to a record."""

from collections.abc import Iterator

from a2bench.base import registry
from a2bench.model.records import SampleRecord, ScoreRecord, VideoFile
from a2bench.run.execute import Outcome, WorkItem
from a2bench.run.plan import PlannedSample, PlannedScore
from a2bench.run.request import RunRequest
from a2bench.run.store import RunStore, now
from a2bench.run.work import GENERATE, SCORE


def generation_item(name: str, sample: PlannedSample, request: RunRequest, store: RunStore) -> WorkItem:
    """The making of one video."""
    return WorkItem(
        name,
        GENERATE,
        {
            "adapter": request.adapter,
            "options": request.options,
            "suite": request.full_suite.address,
            "case": sample.case.model_dump(mode="json"),
            "references": str(request.suite.references_dir),
            "seed": sample.seed,
            "settings": request.settings.model_dump(mode="json"),
            "temporary": str(store.temporary_video(sample.video_name)),
        },
    )


def scoring_item(name: str, entries: list[PlannedScore], request: RunRequest, store: RunStore) -> WorkItem:
    """The scoring of one video with all metrics that are to be computed."""
    sample = entries[0].sample
    assert sample.video is not None
    case = next(case for case in request.suite.cases if case.id == sample.case)
    return WorkItem(
        name,
        SCORE,
        {
            "video": str(store.video_path(sample)),
            "sha256": sample.video.sha256,
            "pictures": str(store.folder / "pictures"),
            "case": case.model_dump(mode="json"),
            "references": str(request.suite.references_dir),
            "metrics": [entry.metric for entry in entries],
            "given": _paths_of_given(entries),
        },
    )


def video_record(sample: PlannedSample, outcome: Outcome, video: VideoFile) -> SampleRecord:
    """The record of a sample whose video is published."""
    return _sample_record(sample, outcome).model_copy(
        update={
            "status": "done",
            "video": video,
            "peak_memory": outcome.result["peak_memory"],
            **outcome.result["making"],
        }
    )


def _paths_of_given(entries: list[PlannedScore]) -> dict[str, str]:
    """Where a worker finds the metrics that a script handed over, by their names."""
    found = ((entry.metric, registry.given("metric", entry.metric)) for entry in entries)
    return {name: given.path for name, given in found if given and given.path}


def failure_record(sample: PlannedSample, outcome: Outcome) -> SampleRecord:
    """The record of a sample that has no video, with the reason."""
    return _sample_record(sample, outcome)


def _sample_record(sample: PlannedSample, outcome: Outcome) -> SampleRecord:
    return SampleRecord(
        key=sample.key,
        identity=sample.identity,
        case=sample.case.id,
        seed=sample.seed,
        status="failed",
        error=outcome.error,
        traceback=outcome.traceback,
        attempts=outcome.item.attempts,
        seconds=round(outcome.seconds, 3),
        finished=now(),
        counts=outcome.counts,
    )


def score_records(entries: list[PlannedScore], outcome: Outcome) -> Iterator[ScoreRecord]:
    """One record for each score that was to be computed, whatever became of the item."""
    results = {entry["metric"]: entry for entry in outcome.result or []}
    for entry in entries:
        assert entry.sample.video is not None
        # An item that failed as a whole (video altered, worker died) fails each of its scores.
        whole = {"status": "failed", "reason": outcome.error, "traceback": outcome.traceback, "seconds": 0.0}
        result = results.get(entry.metric, whole)
        yield ScoreRecord(
            key=entry.key,
            identity=entry.identity,
            case=entry.sample.case,
            seed=entry.sample.seed,
            metric=entry.metric,
            video_sha256=entry.sample.video.sha256,
            status=result["status"],
            value=result.get("value"),
            reason=result.get("reason"),
            traceback=result.get("traceback"),
            detail=result.get("detail", {}),
            seconds=round(result["seconds"], 3),
            finished=now(),
            counts=result.get("counts", {}),
        )
