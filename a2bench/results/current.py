"""Which records of a run count?"""

from functools import cached_property
from typing import Any

from a2bench.model.records import RunManifest, SampleId, SampleRecord, ScoreRecord
from a2bench.run.store import RunStore


class CurrentRecords:
    """The records of a run that count: of its planned samples, made with its settings, and scores of those videos.

    An older record (other settings, another video) is as good as none: its sample or score is missing.
    """

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self.manifest: RunManifest = store.manifest()

    @cached_property
    def planned(self) -> tuple[SampleId, ...]:
        """Case id and seed of every planned sample, in suite order."""
        return self.manifest.samples

    @cached_property
    def planned_set(self) -> frozenset[SampleId]:
        """The planned samples, for looking one up."""
        return frozenset(self.planned)

    @cached_property
    def samples(self) -> dict[SampleId, SampleRecord]:
        """The current record of each planned sample that has one, in suite order."""
        records = ((sample, self.store.samples.get(sample)) for sample in self.planned)
        return {sample: record for sample, record in records if record is not None and self._is_of_this_run(record)}

    def _is_of_this_run(self, record: SampleRecord) -> bool:
        system = self.manifest.system
        if record.made_by and record.made_by != (system.name, system.revision):
            return False
        return record.made_with is None or record.made_with == self._settings

    @cached_property
    def _settings(self) -> dict[str, Any]:
        return self.manifest.settings.model_dump(mode="json")

    def score(self, sample: SampleId, metric: str) -> ScoreRecord | None:
        """The score of the current video of a sample, if there is one."""
        record = self.samples.get(sample)
        score = self.store.scores.get((*sample, metric))
        if record is None or record.video is None or score is None or score.video_sha256 != record.video.sha256:
            return None
        return score

    def scores(self, metric: str) -> list[ScoreRecord]:
        """All current scores of a metric, in suite order."""
        found = (self.score(sample, metric) for sample in self.planned)
        return [score for score in found if score is not None]

    @cached_property
    def done(self) -> tuple[SampleRecord, ...]:
        """The records of the samples that have a video."""
        return tuple(record for record in self.samples.values() if record.status == "done")

    @property
    def sample_counts(self) -> dict[str, int]:
        """How many samples are planned, and how many of them are done, failed and missing."""
        done, total = len(self.done), len(self.planned)
        return {
            "total": total,
            "done": done,
            "failed": len(self.samples) - done,
            "missing": total - len(self.samples),
        }

    def why_missing(self, sample: SampleId) -> str:
        """Why there is no score of a sample."""
        record = self.samples.get(sample)
        if record is None:
            return "not made yet"
        return "not scored yet" if record.status == "done" else f"no video: {record.error or 'it failed'}"
