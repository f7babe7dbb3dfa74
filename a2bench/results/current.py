"""The records of a run that count, and what must be said of how its videos were made."""

from collections import Counter
from functools import cached_property
from typing import Any

from a2bench.base.text import shown_text
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
        made_by, system = record.identity.get("system"), self.manifest.system
        if made_by and (made_by.get("name"), made_by.get("revision")) != (system.name, system.revision):
            return False
        settings = record.identity.get("settings")
        return settings is None or settings == self.manifest.settings.model_dump(mode="json")

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

    def why_missing(self, sample: SampleId) -> str:
        """Why there is no score of a sample."""
        record = self.samples.get(sample)
        if record is None:
            return "not made yet"
        return "not scored yet" if record.status == "done" else f"no video: {record.error or 'it failed'}"


def making_counts(current: CurrentRecords) -> list[dict[str, Any]]:
    """How the finished videos were made: ``tier`` and ``rung`` (None where the system does not say), ``samples``."""
    done = [record for record in current.samples.values() if record.status == "done"]
    counts = Counter((record.tier, record.rung) for record in done)
    return [
        {"tier": tier, "rung": rung, "samples": number}
        for (tier, rung), number in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    ]


def making_text(current: CurrentRecords) -> str | None:
    """`making_counts` in words, and in what the run departs from its system's native settings; None for neither.

    ``12 samples exact; 3 samples approximate (memory: tile); not native: 81 frames instead of 69``
    """
    parts = [
        f"{entry['samples']} {'sample' if entry['samples'] == 1 else 'samples'} {entry['tier']}"
        + (f" (memory: {entry['rung']})" if entry["rung"] not in (None, "none") else "")
        for entry in making_counts(current)
        if entry["tier"]
    ]
    departures = current.manifest.system.departures(current.manifest.settings)
    if departures:
        parts.append(f"not native: {', '.join(departures.values())}")
    return "; ".join(parts) or None


def remark_counts(current: CurrentRecords) -> list[dict[str, Any]]:
    """What must be said of finished videos: each ``remark``, and the ``samples`` (case and seed) that it is about."""
    found: dict[str, list[SampleId]] = {}
    for sample, record in current.samples.items():
        for remark in record.remarks if record.status == "done" else ():
            found.setdefault(shown_text(remark), []).append(sample)
    return [{"remark": remark, "samples": [list(sample) for sample in samples]} for remark, samples in found.items()]


def remark_lines(current: CurrentRecords) -> list[str]:
    """`remark_counts` in words, one line for each remark; none where nothing must be said.

    ``1 of 4 videos: every frame is black: ... (cat seed 0)``
    """
    done = sum(record.status == "done" for record in current.samples.values())
    lines = []
    for entry in remark_counts(current):
        names = [f"{case} seed {seed}" for case, seed in entry["samples"]]
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        lines.append(f"{len(names)} of {done} videos: {entry['remark']} ({', '.join(names[:6])}{more})")
    return lines
