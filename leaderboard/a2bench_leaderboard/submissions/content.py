"""What a submission holds, and the manifest that everything in it follows from.

    submission.json   the manifest: what the system is, how it ran, the SHA-256 of every file and of every video
    submission.sig    optional: an Ed25519 signature over the manifest
    run.json, samples.jsonl, scores.jsonl, videos/    as in a run; `videos/` is left out of a submission of scores only

The manifest says nothing that does not follow from the other files, so that an edit of either side shows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from a2bench.base.hashing import canonical_json, file_sha256
from a2bench.model.records import RunManifest, SampleRecord, ScoreRecord

SCHEMA = 1
MANIFEST, SIGNATURE = "submission.json", "submission.sig"
RUN, SAMPLES, SCORES = "run.json", "samples.jsonl", "scores.jsonl"
RECORDS = (RUN, SAMPLES, SCORES)
VIDEO = re.compile(r"videos/[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.(?:mp4|webm|mov|mkv|avi)", re.ASCII)

MAX_BYTES = {MANIFEST: 64_000_000, SIGNATURE: 10_000, RUN: 8_000_000, SAMPLES: 64_000_000, SCORES: 256_000_000}
MAX_VIDEO_BYTES = 1 << 30


def belongs(name: str) -> bool:
    """Whether a submission may hold a file of that name."""
    return name in MAX_BYTES or VIDEO.fullmatch(name) is not None


def max_bytes(name: str) -> int:
    """How large that file may be."""
    return MAX_BYTES.get(name, MAX_VIDEO_BYTES)


class FileFacts(NamedTuple):
    """Size and SHA-256 of a file."""

    bytes: int
    sha256: str


def file_facts(path: Path) -> FileFacts:
    """Read a file once for what a manifest says of it."""
    return FileFacts(path.stat().st_size, file_sha256(path))


@dataclass(frozen=True)
class Records:
    """What a submission says in its records: the run, its samples and its scores, each once."""

    run: RunManifest
    samples: Mapping[tuple[str, int], SampleRecord]
    scores: Mapping[tuple[str, int, str], ScoreRecord]


def manifest_document(records: Records, files: Mapping[str, FileFacts]) -> dict[str, Any]:
    """The manifest of these records and files; equal content gives an equal document.

    Args:
        records: of the run.
        files: every other file of the submission by its name there; manifest and signature are left out.
    """
    run = records.run
    ways: dict[str, dict[str, Any]] = {metric: {} for metric in run.metrics}
    for score in records.scores.values():
        made = made_by(score)
        ways.setdefault(score.metric, {})[canonical_json(made)] = made
    return {
        "schema": SCHEMA,
        "system": run.system.model_dump(mode="json"),
        "adapter": run.adapter,
        "options": dict(run.options),
        "settings": run.settings.model_dump(mode="json"),
        "suite": {"name": run.suite.name, "revision": run.suite.revision, "cases": list(run.suite.cases)},
        "seeds": list(run.seeds),
        "case_seeds": {case: list(seeds) for case, seeds in run.case_seeds.items()},
        "metrics": {metric: [made[key] for key in sorted(made)] for metric, made in ways.items()},
        "code": {key: run.environment.get(key) for key in ("a2bench", "commit", "dirty", "python")},
        "videos": {
            f"{case} seed {seed}": {"sha256": record.video.sha256, "bytes": record.video.bytes}
            for (case, seed), record in sorted(records.samples.items())
            if record.video
        },
        "with_videos": any(name.startswith("videos/") for name in files),
        "files": {name: facts._asdict() for name, facts in sorted(files.items()) if name not in (MANIFEST, SIGNATURE)},
    }


def manifest_bytes(document: Mapping[str, Any]) -> bytes:
    """The one way in which a manifest is written."""
    return (canonical_json(document) + "\n").encode()


def made_by(score: ScoreRecord) -> dict[str, Any]:
    """Version, back-end, features, weights and sampling of a score."""
    return {key: score.identity.get(key) for key in ("metric", "features", "weights", "sampling")}
