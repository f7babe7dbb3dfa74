"""Every edit of a submission is found: what does not fit by its hashes, what was made to fit by scoring again, and the
rest by the log of arrivals or the signature."""

import json
import random
import re
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from a2bench.base.hashing import canonical_json, file_sha256, value_sha256
from a2bench.errors import InputError
from a2bench.run.execute import InlineExecutor
from a2bench.run.journal import append_records, read_journal
from a2bench.run.request import ExecutionOptions
from a2bench_leaderboard.submissions.check import Checked, check_content
from a2bench_leaderboard.submissions.content import MANIFEST, SIGNATURE, file_facts, manifest_bytes, manifest_document
from a2bench_leaderboard.submissions.folder import opened, write_packing
from a2bench_leaderboard.submissions.log import SubmissionLog
from a2bench_leaderboard.submissions.recompute import compare_scores, scores_again
from tests.conftest import Silence
from tests.leaderboard.submissions.submission_helpers import Made, check

JOURNALS = ("samples.jsonl", "scores.jsonl")


def unpacked(made: Made, folder: Path) -> Path:
    with zipfile.ZipFile(made.archive) as archive:
        archive.extractall(folder)
    return folder


def is_found(path: Path, made: Made) -> bool:
    try:
        return bool(check(path, made).errors)
    except InputError:  # no archive any more, or one that is refused
        return True


@pytest.fixture
def submission(made: Made, tmp_path: Path) -> Path:
    return unpacked(made, tmp_path / "submission")


def test_an_untouched_submission_has_no_findings(made: Made, submission: Path) -> None:
    for path in (made.archive, submission):
        checked = check(path, made, key=made.public)
        assert checked.findings == () and checked.signed_by == made.public


def flipped(data: bytes, dice: random.Random) -> bytes:
    """One bit of a byte, drawn anywhere."""
    place = dice.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]


def retyped(data: bytes, dice: random.Random) -> bytes:
    """One digit of a number, a hash or a seed, or one letter of a text, changed for another."""
    places = [found.start() for found in re.finditer(rb"[0-9a-z]", data)]
    place = dice.choice(places)
    alphabet = b"0123456789" if data[place : place + 1].isdigit() else b"abcdefghijklmnopqrstuvwxyz"
    letter = dice.choice([one for one in alphabet if one != data[place]])
    return data[:place] + bytes([letter]) + data[place + 1 :]


def edited_value(value: Any, dice: random.Random) -> Any:
    """One leaf of a JSON value changed: a number, a text, a truth."""
    if isinstance(value, dict) and value:
        key = dice.choice(sorted(value))
        return {**value, key: edited_value(value[key], dice)}
    if isinstance(value, list) and value:
        place = dice.randrange(len(value))
        return [*value[:place], edited_value(value[place], dice), *value[place + 1 :]]
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}x"


def edited_record(path: Path, dice: random.Random) -> None:
    """One leaf of one record changed, with the check of its line made to fit."""
    records = read_journal(path).records
    number = dice.randrange(len(records))
    records[number] = edited_value(records[number], dice)
    path.unlink()
    append_records(path, records)


def test_a_thousand_single_edits_are_all_found(made: Made, submission: Path) -> None:
    """250 bits of every kind of file, 250 retyped letters, 250 leaves of records, 250 bits of the archive."""
    dice = random.Random(7)
    names = sorted(path.relative_to(submission).as_posix() for path in submission.rglob("*") if path.is_file())
    texts = [name for name in names if not name.startswith("videos/")]
    missed = []
    for number in range(750):
        name = (names, texts, JOURNALS)[number % 3][number // 3 % len((names, texts, JOURNALS)[number % 3])]
        path = submission / name
        pristine = path.read_bytes()
        if number % 3 == 2:
            edited_record(path, dice)
        else:
            path.write_bytes((flipped, retyped)[number % 3](pristine, dice))
        if path.read_bytes() != pristine and not is_found(submission, made):
            missed.append(f"{name}, edit {number}")
        assert path.read_bytes() != pristine
        path.write_bytes(pristine)
    whole, archive = made.archive.read_bytes(), submission.parent / "edited.zip"
    for number in range(250):
        archive.write_bytes(flipped(whole, dice))
        if not is_found(archive, made):
            missed.append(f"archive, edit {number}")
    assert missed == []
    assert check(submission, made).findings == ()


def test_all_that_is_wrong_is_said_at_once(made: Made, submission: Path) -> None:
    videos = sorted((submission / "videos").iterdir())
    videos[0].unlink()
    videos[1].write_bytes(videos[1].read_bytes()[:-1])
    (submission / "videos/extra.mp4").write_bytes(b"not a video")
    (submission / "notes.txt").write_text("hello")
    (submission / "link.json").symlink_to("/etc/passwd")
    (submission / SIGNATURE).write_text("{}")
    run = json.loads((submission / "run.json").read_text())
    run["settings"]["width"] = 62
    (submission / "run.json").write_text(json.dumps(run))
    said = "\n".join(finding.message for finding in check(submission, made).errors)
    for text in (
        f"videos/{videos[0].name}: missing",
        f"videos/{videos[1].name}: altered",
        f"videos/{videos[1].name} is not the recorded video",
        "videos/extra.mp4: not in submission.json",
        "'notes.txt': does not belong to a submission",
        "'link.json': not a plain file but a link or a device",
        "submission.sig: does not hold",
        "run.json: altered",
        "submission.json: not what the records say: settings.width: 64 -> 62",
        "samples.jsonl: case-0 seed 0: settings.width: 64 -> 62 (run.json says the latter)",
    ):
        assert text in said, said


# What follows is the work of somebody who makes everything fit: keys, checks of lines, hashes and manifest.


def forged(
    folder: Path, made: Made, edit: Callable[[str, dict[str, Any]], None], run: Callable[[Any], None]
) -> Checked:
    """Edit every record and the run, then write all keys, hashes and the manifest anew; the signature goes."""
    document = json.loads((folder / "run.json").read_text())
    run(document)
    (folder / "run.json").write_text(json.dumps(document))
    for name in JOURNALS:
        records = read_journal(folder / name).records
        for record in records:
            edit(name, record)
            record["key"] = value_sha256(record["identity"])
        (folder / name).unlink()
        append_records(folder / name, records)
    (folder / SIGNATURE).unlink(missing_ok=True)
    return sealed(folder, made)


def sealed(folder: Path, made: Made) -> Checked:
    checked = check(folder, made)
    assert checked.records
    names = [name for name in checked.files if name not in (MANIFEST, SIGNATURE)]
    facts = {name: file_facts(folder / name) for name in names}
    (folder / MANIFEST).write_bytes(manifest_bytes(manifest_document(checked.records, facts)))
    return check(folder, made)


def nothing(*_: Any) -> None: ...


@pytest.fixture(scope="session")
def again(made: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int, str], Any]:
    """The scores of the submission's own videos."""
    with opened(made.archive) as found:
        checked = check_content(found.files, found.findings, made.suite)
        return scores_again(checked, ExecutionOptions(), Silence(), InlineExecutor())


def test_the_scores_of_an_honest_submission_are_equal(made: Made, again: dict[Any, Any]) -> None:
    records = check(made.archive, made).records
    assert records
    found = compare_scores(records.scores, again)
    assert found.all_equal and (found.claimed, found.findings) == (4, ())


def numbers(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all numbers in a JSON value."""
    if isinstance(value, dict):
        for key in value:
            yield from numbers(value[key], (*where, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers(item, (*where, index))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield where


def test_every_number_of_a_score_that_was_edited_to_fit_is_found_by_scoring_again(
    made: Made, submission: Path, again: dict[Any, Any]
) -> None:
    """Value and detail of every score, each number in turn raised by one percent, all hashes made to fit."""
    records = read_journal(submission / "scores.jsonl").records
    edits = 0
    for number, record in enumerate(records):
        for place in numbers({"value": record["value"], "detail": record["detail"]}):
            changed = json.loads(json.dumps(records))
            inner = changed[number]
            for step in place[:-1]:
                inner = inner[step]
            old = inner[place[-1]]
            inner[place[-1]] = old * 0.99 if old > 0.5 else old + 0.005 if isinstance(old, float) else old + 1
            (submission / "scores.jsonl").unlink()
            append_records(submission / "scores.jsonl", changed)
            (submission / SIGNATURE).unlink(missing_ok=True)
            checked = sealed(submission, made)
            assert checked.records and not [f for f in checked.errors if "altered" in f.message]
            found = compare_scores(checked.records.scores, again)
            assert [f for f in found.findings if f.severity == "error"], (record["metric"], place)
            edits += 1
    assert edits > 30


def test_another_video_with_hashes_that_fit_is_found_by_scoring_again(made: Made, submission: Path) -> None:
    """The video of one case stands for both: every hash, key and record fits, the scores do not."""
    samples = read_journal(submission / "samples.jsonl").records
    good, bad = (record["video"] for record in samples)
    shutil.copy(submission / good["file"], submission / bad["file"])

    def edit(name: str, record: dict[str, Any]) -> None:
        if record["case"] == samples[1]["case"]:
            if name == "samples.jsonl":
                record["video"] |= {key: good[key] for key in ("sha256", "bytes")}
            else:
                record["video_sha256"] = record["identity"]["video"] = good["sha256"]

    checked = forged(submission, made, edit, nothing)
    assert checked.errors == () and checked.records
    assert "share a video" in checked.findings[0].message
    fresh = scores_again(checked, ExecutionOptions(), Silence(), InlineExecutor())
    found = compare_scores(checked.records.scores, fresh)
    assert not found.all_equal and {f.case for f in found.findings} == {samples[1]["case"]}


def test_a_prompt_edited_to_fit_is_found_by_the_suite(made: Made, submission: Path) -> None:
    def edit(name: str, record: dict[str, Any]) -> None:
        if name == "samples.jsonl":
            record["identity"]["case"]["prompt"] = "An easier prompt."

    said = [finding.message for finding in forged(submission, made, edit, nothing).errors]
    assert len(said) == 2 and "case.prompt: An easier prompt. -> In scene" in said[0]


def test_a_size_edited_to_fit_is_found_by_the_videos(made: Made, submission: Path) -> None:
    def edit(name: str, record: dict[str, Any]) -> None:
        if name == "samples.jsonl":
            record["identity"]["settings"]["width"] = record["video"]["width"] = 640

    checked = forged(submission, made, edit, lambda run: run["settings"].update(width=640))
    assert [f.message for f in checked.errors if "is 64x48 at 16 fps, not 640x48" in f.message]


@pytest.mark.parametrize("what", ["seed", "seconds", "revision", "scores only"])
def test_what_no_computation_can_find_is_found_by_log_and_signature(
    made: Made, submission: Path, tmp_path: Path, what: str
) -> None:
    """A seed, a time or a revision says nothing that the videos would contradict, nor do scores without videos."""

    def edit(name: str, record: dict[str, Any]) -> None:
        if what == "seed":
            record["seed"] = 5
            if name == "samples.jsonl":
                record["identity"]["seed"] = 5
        elif what == "seconds":
            record["seconds"] = 0.001
        elif what == "revision" and name == "samples.jsonl":
            record["identity"]["system"]["revision"] = "2"
        elif what == "scores only" and name == "scores.jsonl" and record["metric"] == "temporal_flicker":
            record["value"] = 1.0

    def run(document: dict[str, Any]) -> None:
        if what == "seed":
            document["seeds"] = [5]
        elif what == "revision":
            document["system"]["revision"] = "2"

    if what == "scores only":
        shutil.rmtree(submission / "videos")
    checked = forged(submission, made, edit, run)
    assert checked.errors == ()  # it fits
    log = SubmissionLog(tmp_path / "log", create=True)
    with log.locked():
        sha256, _ = log.arrive(made.archive)
        log.checked(sha256, check(made.archive, made))
    assert log.lacks(made.archive, check(made.archive, made)) is None
    assert "number 1 of 'collage' is another" in (log.lacks(submission, checked) or "")
    said = [finding.message for finding in check(submission, made, key=made.public).errors]
    assert len(said) == 1 and "not signed by" in said[0]
    # Nor does the old signature hold for the new manifest, or one by another key.
    with zipfile.ZipFile(made.archive) as archive:
        (submission / SIGNATURE).write_bytes(archive.read(SIGNATURE))
    assert "does not hold" in check(submission, made).errors[0].message


def test_records_that_would_break_a_reader_are_findings(made: Made, submission: Path) -> None:
    """Lines whose check fits and whose content does not: no JSON, no record, NaN, half a character, endless nesting."""
    import hashlib

    for body in (
        b"[1]", b"{", b'{"case": NaN}', b'{"case": "\\ud800"}', b'{"seed": 1e999}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"case": "case-0", "seed": 0, "value": ' + b"9" * 5000 + b"}",
    ):  # fmt: skip
        path = submission / "scores.jsonl"
        pristine = path.read_bytes()
        line = b'{"check": "' + hashlib.sha256(body).hexdigest()[:16].encode() + b'", "record": ' + body + b"}\n"
        path.write_bytes(pristine + line)
        said = [finding.message for finding in check(submission, made).errors]
        assert any(text.startswith("scores.jsonl: ") or "damaged" in text for text in said), body[:40]
        path.write_bytes(pristine)
    for body in ('{"a": NaN}', "[" * 5000, '{"schema_version": 1, "environment": {"a": 1e999}}', "\\", ""):
        (submission / "run.json").write_text(body)
        assert any(f.message.startswith("run.json: damaged") for f in check(submission, made).errors)


def test_a_hostile_submission_cannot_name_code_or_files(made: Made, submission: Path) -> None:
    def run(document: dict[str, Any]) -> None:
        document["metrics"] = ["os:system", "sharpness", "temporal_flicker"]
        document["suite"]["path"] = "/etc/passwd"
        document["system"]["url"] = "javascript:alert(1)"

    said = "\n".join(finding.message for finding in forged(submission, made, nothing, run).errors)
    assert "'os:system' is no name of a metric" in said
    assert "suite.path '/etc/passwd' must be 'tiny.jsonl'" in said
    assert "no web address" in said


def test_packing_is_the_same_everywhere_and_undone_by_unpacking(made: Made, submission: Path, tmp_path: Path) -> None:
    from a2bench_leaderboard.submissions.pack import pack

    moved = Path(shutil.copytree(made.run, tmp_path / "moved"))
    for source, name in ((moved, "one.zip"), (submission, "two.zip")):
        packed = pack(source, tmp_path / name, key=made.key, suite_file=made.suite)
        assert packed.archive_sha256 == file_sha256(made.archive)
    data = made.archive.read_bytes()
    assert str(made.run.parent).encode() not in data
    scores = pack(made.run, tmp_path / "scores.zip", scores_only=True)
    assert not scores.checked.with_videos and scores.checked.findings == ()


def test_a_run_that_would_be_refused_is_not_packed(made: Made, tmp_path: Path) -> None:
    from a2bench_leaderboard.submissions.pack import pack

    run = Path(shutil.copytree(made.run, tmp_path / "run"))
    video = next((run / "videos").iterdir())
    video.write_bytes(video.read_bytes() + b"x")
    with pytest.raises(InputError, match=f"cannot be packed:\n.*{video.name} is not the recorded video"):
        pack(run, tmp_path / "a.zip")
    video.unlink()
    with pytest.raises(InputError, match="lacks videos/"):
        pack(run, tmp_path / "a.zip")
    with pytest.raises(InputError, match="is there already"):
        pack(made.run, made.archive.parent)
    assert not (tmp_path / "a.zip").exists()


def test_an_archive_of_another_program_is_told_what_to_do(made: Made, submission: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(submission.rglob("*")):
            archive.write(file, file.relative_to(submission).as_posix())
    said = [finding.message for finding in check(path, made).errors]
    assert len(said) == 1 and "unpack it and pack the folder anew" in said[0]
    with path.open("wb") as target:  # and two archives of equal content are one
        with opened(submission) as found:
            write_packing(found.files, target.write)
    assert path.read_bytes() == made.archive.read_bytes()
    assert struct.unpack("<I", path.read_bytes()[:4])[0] == 0x04034B50 and canonical_json({}) == "{}"
