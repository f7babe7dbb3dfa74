"""What is wrong with a submission: all of it at once, from its own files and from the suite.

Without the videos being scored again this finds every edit that does not fit the rest: hashes, keys of samples and
scores, prompts, references, settings. Edits that were made to fit are for `recompute`, the signature and the log.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from a2bench.base import registry
from a2bench.base.hashing import bytes_sha256, canonical_json, value_sha256
from a2bench.base.invalid import complaint
from a2bench.base.text import one_line
from a2bench.errors import A2BenchError, InputError, VideoError
from a2bench.model.cases import Case, Suite, suite_paths
from a2bench.model.records import RunManifest, SampleRecord, ScoreRecord, VideoFile
from a2bench.model.scores import MetricInfo, Score
from a2bench.model.video import probe_video
from a2bench.run.journal import read_journal
from a2bench.run.plan import differences
from a2bench.suites.finding import Finding
from a2bench.suites.header import suite_as_of
from a2bench_leaderboard.submissions.content import (
    MANIFEST,
    RUN,
    SAMPLES,
    SCORES,
    SIGNATURE,
    VIDEO,
    FileFacts,
    Records,
    file_facts,
    manifest_bytes,
    manifest_document,
)
from a2bench_leaderboard.submissions.signature import signer

_Model = TypeVar("_Model", bound=BaseModel)
_SCORE = TypeAdapter(Score)
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Checked:
    """A submission and what was found.

    records: what it says; None where its records cannot be read. sha256: of its manifest, by which it is known.
    signed_by: the public key of a signature that holds. suite: the whole suite, None where it is not here.
    """

    files: Mapping[str, Path]
    findings: tuple[Finding, ...]
    records: Records | None = None
    sha256: str | None = None
    signed_by: str | None = None
    suite: Suite | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings for which it is not taken."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def with_videos(self) -> bool:
        """Whether the videos are in it."""
        return any(name.startswith("videos/") for name in self.files)


def check_content(
    files: Mapping[str, Path],
    found: Sequence[Finding] = (),
    suite_file: Path | None = None,
    key: str | None = None,
) -> Checked:
    """Check the files of a submission.

    Args:
        files: plain files by their names in the submission (`a2bench_leaderboard.submissions.folder`).
        found: what was wrong with them as files.
        suite_file: of the suite, where it does not come with A2Bench.
        key: public key, in hex, that must have signed it.
    """
    findings = list(found)
    tell = findings.append
    facts = {name: file_facts(path) for name, path in files.items()}
    run, sha256, signed_by = _read_run(files, findings), None, None
    samples = _read_records(files, SAMPLES, SampleRecord, findings)
    scores = _read_records(files, SCORES, ScoreRecord, findings)
    records = suite = None
    if run and samples is not None and scores is not None:
        records = Records(
            run,
            _once({(r.case, r.seed): r for r in samples}, samples, SAMPLES, findings),
            _once({(r.case, r.seed, r.metric): r for r in scores}, scores, SCORES, findings),
        )
    if MANIFEST in files:
        manifest = files[MANIFEST].read_bytes()
        sha256 = bytes_sha256(manifest)
        findings += _manifest_findings(manifest, records, facts)
        if SIGNATURE in files:
            signed_by = signer(manifest, files[SIGNATURE].read_bytes())
            if signed_by is None:
                tell(_error(f"{SIGNATURE}: does not hold for {MANIFEST}: one of the two was altered"))
        if key and signed_by != key.lower():
            tell(
                _error(f"{SIGNATURE}: not signed by {key[:16]}… but by {f'{signed_by[:16]}…' if signed_by else 'none'}")
            )
    else:
        tell(_error(f"{MANIFEST}: missing"))
    if records:
        findings += _run_findings(records.run)
        suite, problems = _suite(records.run, suite_file)
        findings += problems
        findings += _sample_findings(records, suite, files, facts)
        findings += _score_findings(records, suite)
    return Checked(files, tuple(findings), records, sha256, signed_by, suite)


def _error(text: str, case: str | None = None) -> Finding:
    return Finding("error", case, one_line(text))


def _warning(text: str, case: str | None = None) -> Finding:
    return Finding("warning", case, one_line(text))


def strict_json(data: bytes) -> Any:
    """A JSON value that canonical JSON can hold: no NaN, no lone surrogates, not nested without end.

    Raises:
        ValueError: it is none.
    """
    try:
        value = json.loads(data)
        canonical_json(value).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _read_run(files: Mapping[str, Path], findings: list[Finding]) -> RunManifest | None:
    if RUN not in files:
        findings.append(_error(f"{RUN}: missing"))
        return None
    data = files[RUN].read_bytes()
    try:
        strict_json(data)
        return RunManifest.model_validate_json(data)
    except ValueError as error:
        findings.append(_error(f"{RUN}: damaged: {_why(error)}"))
    return None


def _why(error: ValueError) -> str:
    return complaint(error).text("JSON") if isinstance(error, ValidationError) else str(error)


def _read_records(
    files: Mapping[str, Path], name: str, model: type[_Model], findings: list[Finding]
) -> list[_Model] | None:
    """The records of a journal that are what they should be; None where there is no journal."""
    if name not in files:
        findings.append(_error(f"{name}: missing"))
        return None
    contents = read_journal(files[name])
    findings += [_error(f"{name} line {line}: damaged (its check does not fit)") for line in contents.damaged_lines]
    records = []
    for record in contents.records:
        try:
            canonical_json(record).encode()
            records.append(model.model_validate(record))
        except (ValueError, RecursionError) as error:
            why = _why(error) if isinstance(error, ValueError) else "nested too deeply"
            findings.append(_error(f"{name}: {record.get('case')} seed {record.get('seed')}: {why}"))
    return records


_Id = TypeVar("_Id")


def _once(by_id: dict[_Id, _Model], records: list[_Model], name: str, findings: list[Finding]) -> dict[_Id, _Model]:
    if len(by_id) < len(records):
        findings.append(_error(f"{name}: {len(records) - len(by_id)} records stand there twice"))
    return by_id


def _manifest_findings(data: bytes, records: Records | None, files: Mapping[str, FileFacts]) -> Iterator[Finding]:
    """Where the manifest and the rest do not say the same."""
    try:
        claimed = strict_json(data)
        listed = claimed["files"]
        hashes = {str(name): (facts["bytes"], facts["sha256"]) for name, facts in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield _error(f"{MANIFEST}: damaged ({type(error).__name__}: {error})")
        return
    if data != manifest_bytes(claimed):
        yield _error(f"{MANIFEST}: not written as `a2bench submit pack` writes it")
    for name in sorted(hashes.keys() | files.keys() - {MANIFEST, SIGNATURE}):
        if name not in files:
            yield _error(f"{name}: missing")
        elif name not in hashes:
            yield _error(f"{name}: not in {MANIFEST}")
        elif files[name] != hashes[name]:
            yield _error(f"{name}: altered (size or SHA-256 is not that of {MANIFEST})")
    if records:
        expected = manifest_document(records, files)
        for line in differences({**claimed, "files": None}, {**expected, "files": None}):
            yield _error(f"{MANIFEST}: not what the records say: {line}")
        for name in sorted(expected["files"].keys() & hashes.keys()):
            if set(listed[name]) != {"bytes", "sha256"}:
                yield _error(f"{MANIFEST}: files.{name} must have bytes and sha256")


def _run_findings(run: RunManifest) -> Iterator[Finding]:
    if run.system.url and not re.match(r"https?://", run.system.url):
        yield _error(f"{RUN}: system.url {run.system.url!r} is no web address (https://...)")
    for metric in run.metrics:
        if not _METRIC.fullmatch(metric):
            yield _error(f"{RUN}: {metric!r} is no name of a metric")
    for name, values in (("metrics", run.metrics), ("suite.cases", run.suite.cases), ("seeds", run.seeds)):
        if len(set(values)) < len(values):
            yield _error(f"{RUN}: {name} has an entry twice")
    if run.suite.path != suite_address(run.suite.name):
        yield _error(f"{RUN}: suite.path {run.suite.path!r} must be {suite_address(run.suite.name)!r}")


def suite_address(name: str) -> str:
    """What a submission says of where its suite is: the name of one that comes with A2Bench, or a file's name."""
    base, colon, part = name.partition(":")
    return name if base in suite_paths() else f"{base}.jsonl{colon}{part}"


def _suite(run: RunManifest, suite_file: Path | None) -> tuple[Suite | None, list[Finding]]:
    """The suite that a run is over, where it is here and has the run's cases.

    Another revision is a warning: whether each case is still the same is held against the records.
    """
    base, colon, part = run.suite.name.partition(":")
    if suite_file is None and base not in suite_paths():
        return None, [
            _error(f"{RUN}: suite {base!r} does not come with A2Bench; name its file with --suite FILE.jsonl")
        ]
    try:
        address = f"{suite_file}{colon}{part}" if suite_file else run.suite.name
        suite = suite_as_of(address, run.suite.revision)
    except InputError as error:
        return None, [_error(f"{RUN}: {error}")]
    text = ""
    if suite.revision != run.suite.revision:
        text = f"{RUN}: over revision {run.suite.revision} of suite {suite.name!r}; here it is {suite.revision}"
    known = {case.id for case in suite.cases}
    unknown = [case for case in run.suite.cases if case not in known]
    findings = [_error(f"{RUN}: suite {suite.name!r} has no case {case!r}") for case in unknown]
    return suite, findings + ([_warning(text)] if text else [])


def _sample_findings(
    records: Records, suite: Suite | None, files: Mapping[str, Path], facts: Mapping[str, FileFacts]
) -> Iterator[Finding]:
    run = records.run
    planned = set(run.samples)
    cases = {case.id: suite.asked(case) for case in suite.cases} if suite else {}
    settings, system = run.settings.model_dump(mode="json"), (run.system.name, run.system.revision)
    videos = {name: path for name, path in files.items() if name.startswith("videos/")}
    used = {record.video.file for record in records.samples.values() if record.video}
    for name in sorted(videos.keys() - used):
        yield _error(f"{name}: the video of no sample")
    for (case, seed), record in records.samples.items():
        where, identity = f"{SAMPLES}: {case} seed {seed}", record.identity
        if (case, seed) not in planned:
            yield _error(f"{where}: not a sample of this run (see cases and seeds in {RUN})", case)
        if record.key != value_sha256(identity):
            yield _error(f"{where}: its key is not the hash of what made it", case)
        for part, said, is_so in (
            ("seed", identity.get("seed"), seed),
            ("settings", identity.get("settings"), settings),
            ("system", _name_and_revision(identity.get("system")), system),
            ("case", identity.get("case"), cases[case].generation_identity() if case in cases else None),
        ):
            if said != is_so and (part != "case" or case in cases):
                whose = f"suite {run.suite.name}" if part == "case" else RUN if part != "seed" else SAMPLES
                yield _error(f"{where}: {'; '.join(differences(said, is_so, part))} ({whose} says the latter)", case)
        if not (math.isfinite(record.seconds) and record.seconds >= 0):
            yield _error(f"{where}: took {record.seconds} s", case)
        if (record.status == "done") != (record.video is not None):
            yield _error(f"{where}: is {record.status} {'without' if record.video is None else 'with'} a video", case)
        if record.video:
            problems = [*_described(record.video), *(_differing(record.video, videos, facts) if videos else ())]
            yield from (_error(f"{where}: {text}", case) for text in problems)
        if record.status == "failed":
            yield _warning(f"{where}: has no video: {record.error or 'it failed'}", case)
    missing = [f"{case} seed {seed}" for case, seed in run.samples if (case, seed) not in records.samples]
    if missing:
        yield _warning(f"{SAMPLES}: {len(missing)} of {len(planned)} samples are not there: {', '.join(missing[:5])}")
    same = Counter(record.video.sha256 for record in records.samples.values() if record.video)
    if repeated := sum(number for number in same.values() if number > 1):
        yield _warning(f"{SAMPLES}: {repeated} samples share a video with another")


def _name_and_revision(system: Any) -> Any:
    return (system.get("name"), system.get("revision")) if isinstance(system, dict) else system


def _described(video: VideoFile) -> Iterator[str]:
    """What is wrong with what a record says of its video, before one looks at it."""
    if _fps(video) <= 0 or min(video.width, video.height, video.num_frames, video.bytes) < 1:
        yield f"{video.width}x{video.height}, {video.num_frames} frames at {video.fps[:20]} fps are no video's"
    if not re.fullmatch("[0-9a-f]{64}", video.sha256):
        yield f"{video.sha256[:70]!r} is no SHA-256"
    if not VIDEO.fullmatch(video.file):
        yield f"{video.file!r} is no name of a video (videos/NAME.mp4)"


def _fps(video: VideoFile) -> Fraction:
    try:
        return Fraction(video.fps[:40])
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


def _differing(video: VideoFile, videos: Mapping[str, Path], facts: Mapping[str, FileFacts]) -> Iterator[str]:
    """Where the video that is there is not what its record says."""
    path = videos.get(video.file)
    if path is None:
        yield f"{video.file} is missing"
        return
    if facts[video.file] != (video.bytes, video.sha256):
        yield f"{video.file} is not the recorded video (size or SHA-256 differs)"
    try:
        seen = probe_video(path)
    except VideoError as error:
        yield str(error).replace(str(path), video.file)
        return
    if (seen.width, seen.height, seen.fps) != (video.width, video.height, _fps(video)):
        yield (
            f"{video.file} is {seen.width}x{seen.height} at {seen.fps} fps, "
            f"not {video.width}x{video.height} at {video.fps[:20]}"
        )
    if seen.num_frames and seen.num_frames != video.num_frames:
        yield f"{video.file} has {seen.num_frames} frames, not {video.num_frames}"


def _score_findings(records: Records, suite: Suite | None) -> Iterator[Finding]:
    run = records.run
    cases = {case.id: case for case in suite.cases} if suite else {}
    scoring = {case.id: value_sha256(case.scoring_identity()) for case in cases.values()}
    infos = {metric: _info(metric) for metric in run.metrics}
    for (case, seed, metric), record in records.scores.items():
        where, identity = f"{SCORES}: {metric} of {case} seed {seed}", record.identity
        sample = records.samples.get((case, seed))
        if metric not in infos or sample is None:
            yield _error(f"{where}: not a score of this run", case)
            continue
        if record.key != value_sha256(identity):
            yield _error(f"{where}: its key is not the hash of what made it", case)
        video = sample.video.sha256 if sample.video else None
        if not record.video_sha256 == identity.get("video") == video:
            yield _error(f"{where}: is of another video than the sample's", case)
        if case in scoring and identity.get("case") != scoring[case]:
            yield _error(f"{where}: was made with another prompt or other references than the suite's", case)
        made = identity.get("metric")
        if not isinstance(made, dict) or made.get("name") != metric:
            yield _error(f"{where}: is of another metric", case)
        yield from (
            _error(f"{where}: {text}", case) for text in _value_problems(record, infos[metric], cases.get(case))
        )
    done = [sample for sample, record in records.samples.items() if record.video]
    for metric in run.metrics:
        found = [records.scores[(*sample, metric)] for sample in done if (*sample, metric) in records.scores]
        failed = sum(record.status == "failed" for record in found)
        if failed or len(found) < len(done):
            lacking = len(done) - len(found)
            yield _warning(f"{SCORES}: {metric} is missing for {lacking} and failed for {failed} of {len(done)} videos")


def _info(metric: str) -> MetricInfo | None:
    """What an installed metric says of itself; a name from a submission imports nothing else."""
    if metric not in registry.paths("metric"):
        return None
    try:
        info: MetricInfo = registry.load("metric", metric).info
    except A2BenchError:
        return None
    return info


def _value_problems(record: ScoreRecord, info: MetricInfo | None, case: Case | None) -> Iterator[str]:
    if not (math.isfinite(record.seconds) and record.seconds >= 0):
        yield f"took {record.seconds} s"
    if (record.status == "scored") != (record.value is not None):
        yield f"is {record.status} {'without' if record.value is None else 'with'} a value"
    elif record.status == "unscored" and not record.reason:
        yield "has neither a value nor a reason"
    elif record.status != "failed":
        try:
            score = _SCORE.validate_python({**record.detail, "value": record.value, "reason": record.reason})
        except ValidationError as error:
            yield f"its detail cannot be read: {_why(error)}"
            return
        if case and (strange := sorted(score.per_element.keys() - set(case.element_ids))):
            yield f"the case has no element {strange[0]!r}"
    low, high = info.range if info else (None, None)
    value = record.value
    if value is not None and ((low is not None and value < low - 1e-6) or (high is not None and value > high + 1e-6)):
        yield f"{value} is outside its range, {low} to {high}"
