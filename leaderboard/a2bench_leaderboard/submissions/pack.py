"""From a run to a submission: only records that count, nothing of this machine, every byte determined."""

import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from a2bench.base.files import check_outside_of_runs, explained_output_errors, replacing
from a2bench.base.hashing import bytes_sha256, file_sha256
from a2bench.base.text import shown_text
from a2bench.errors import InputError
from a2bench.model.records import RunManifest, SampleRecord, ScoreRecord
from a2bench.results.run import Run
from a2bench.run.journal import append_records
from a2bench.run.store import RunStore
from a2bench_leaderboard.submissions.check import Checked, check_content, suite_address
from a2bench_leaderboard.submissions.content import (
    MANIFEST,
    RUN,
    SAMPLES,
    SCORES,
    SIGNATURE,
    Records,
    file_facts,
    manifest_bytes,
    manifest_document,
)
from a2bench_leaderboard.submissions.folder import LIMITS, write_packing
from a2bench_leaderboard.submissions.signature import read_key, signature_bytes


@dataclass(frozen=True)
class Packed:
    """A submission that was written.

    sha256: of the manifest, by which the submission is known. archive_sha256: of the archive, None of a folder.
    """

    path: Path
    checked: Checked
    sha256: str
    archive_sha256: str | None


def pack(
    run: Path, output: Path, *, scores_only: bool = False, key: Path | None = None, suite_file: Path | None = None
) -> Packed:
    """Pack a run (or an unpacked submission) into an archive, or into a folder where ``output`` is no ``.zip``.

    Equal runs give equal bytes. Left out are records that no longer count, tracebacks, where settings came from, and
    the places of files on this machine.

    Raises:
        InputError: no run, or one that would be refused where it arrives; the message says all that is wrong.
        OutputError: it cannot be written.
    """
    if output.exists() and not _is_archive(output):
        raise InputError(f"{output} is there already; choose another --output")
    check_outside_of_runs(output)
    private = read_key(key) if key else None
    with tempfile.TemporaryDirectory(prefix="a2bench-pack-") as work:
        records = _records(Run.open(run))
        files = _written(records, Path(work))
        if not scores_only:
            files |= {r.video.file: run / r.video.file for r in records.samples.values() if r.video}
            _check_videos(files, run)
        document = manifest_document(records, {name: file_facts(path) for name, path in files.items()})
        files[MANIFEST] = Path(work) / MANIFEST
        files[MANIFEST].write_bytes(manifest := manifest_bytes(document))
        if private:
            files[SIGNATURE] = Path(work) / SIGNATURE
            files[SIGNATURE].write_bytes(signature_bytes(manifest, private))
        checked = check_content(files, suite_file=suite_file or _own_suite(run))
        if checked.errors:
            lines = [finding.message for finding in checked.errors]
            more = f"\n  and {len(lines) - 20} more" if len(lines) > 20 else ""
            raise InputError(f"{run} cannot be packed:\n  " + "\n  ".join(lines[:20]) + more)
        sha256 = None
        with explained_output_errors(output.parent):
            output.parent.mkdir(parents=True, exist_ok=True)
            if output.suffix.lower() == ".zip":
                _write_archive(files, output)
                sha256 = file_sha256(output)
            else:
                _write_folder(files, output)
    return Packed(output, checked, bytes_sha256(manifest), sha256)


def _is_archive(path: Path) -> bool:
    """Whether a file is a submission, which another one may replace; nothing else is written over."""
    try:
        with zipfile.ZipFile(path) as archive:
            return path.suffix.lower() == ".zip" and MANIFEST in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def _own_suite(run: Path) -> Path | None:
    """The file of the run's suite on this machine, where that does not come with A2Bench."""
    suite = RunStore(run).manifest().suite
    if suite.path == suite.name:
        return None
    path = Path(suite.path.removesuffix(":" + suite.name.partition(":")[2]))
    return path if path.is_file() else None


def _records(current: Run) -> Records:
    """What counts of a run's records, without what is only of this machine."""
    run = current.manifest
    suite = run.suite.model_copy(update={"path": suite_address(run.suite.name)})
    options = {name: shown_text(value) for name, value in run.options.items()}
    manifest = run.model_copy(update={"suite": suite, "options": options, "origins": {}})
    return Records(
        RunManifest.model_validate(manifest.model_dump()),
        {sample: _sample(record) for sample, record in current.samples.items()},
        {
            (*sample, metric): _score(record)
            for sample in current.planned
            for metric in run.metrics
            if (record := current.score(sample, metric)) is not None
        },
    )


def _sample(record: SampleRecord) -> SampleRecord:
    video = record.video.model_copy(update={"mtime_ns": 0}) if record.video else None
    error = shown_text(record.error) if record.error else None
    return record.model_copy(update={"video": video, "error": error, "traceback": None})


def _score(record: ScoreRecord) -> ScoreRecord:
    reason = shown_text(record.reason) if record.reason else record.reason
    return record.model_copy(update={"reason": reason, "traceback": None})


def _written(records: Records, folder: Path) -> dict[str, Path]:
    """The files of the records."""
    (folder / RUN).write_text(records.run.model_dump_json(indent=2) + "\n", encoding="utf-8")
    journals: dict[str, Mapping[Any, SampleRecord] | Mapping[Any, ScoreRecord]] = {
        SAMPLES: records.samples,
        SCORES: records.scores,
    }
    for name, found in journals.items():
        append_records(folder / name, [record.model_dump(mode="json") for record in found.values()])
    return {name: folder / name for name in (RUN, SAMPLES, SCORES)}


def _check_videos(files: Mapping[str, Path], run: Path) -> None:
    if missing := [name for name, path in files.items() if not path.is_file()]:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise InputError(
            f"{run} lacks {', '.join(missing[:5])}{more}; `a2bench eval` makes them again, --scores-only packs none"
        )


def _write_archive(files: Mapping[str, Path], output: Path) -> None:
    total = sum(path.stat().st_size for path in files.values())
    if total > LIMITS.total_bytes or len(files) > LIMITS.members:
        raise InputError(
            f"{len(files)} files of {total / 1e9:.1f} GB are too much for an archive (at most {LIMITS.members} files, "
            f"{LIMITS.total_bytes / 1e9:.0f} GB); use --scores-only, or an --output without .zip for a folder"
        )
    with replacing(output) as temporary, temporary.open("xb") as file:
        write_packing(files, file.write)
        file.flush()
        os.fsync(file.fileno())


def _write_folder(files: Mapping[str, Path], output: Path) -> None:
    (output / "videos").mkdir(parents=True)
    for name in sorted(files, key=lambda name: name == MANIFEST):  # last: a folder that has one is complete
        with files[name].open("rb") as source, (output / name).open("xb") as target:
            while piece := source.read(1 << 20):
                target.write(piece)
