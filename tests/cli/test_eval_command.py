"""The commands a researcher types: what comes out, what a wall of bad inputs says, and that nothing is lost by it."""

import json
import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from a2bench.model.video import Video, write_video
from tests.cli.conftest import Result, Run

TINY = ["--size", "96x64", "--num-frames", "6", "--metrics", "sharpness,temporal_flicker"]


def one_sentence(result: Result, code: int) -> str:
    """The error of a refused command: one line on stderr, nothing on stdout."""
    assert result.code == code, result
    assert result.out == ""
    lines = result.err.strip().splitlines()
    assert len(lines) == 1, result.err
    return lines[0]


def test_eval_makes_scores_and_a_report_and_resumes(a2bench: Run, suite_path: Path) -> None:
    first = a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY)
    assert first.code == 0, first.err
    assert Path(first.out.strip().splitlines()[-1]) == Path("run/report/index.html")
    assert Path("run/report/index.html").is_file()
    assert "sharpness" in first.out
    second = a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY)
    assert second.code == 0
    assert "generate: 0 samples to do, 3 were done before" in second.err
    assert second.out == first.out


def test_json_is_one_document_on_stdout_and_nothing_else(a2bench: Run, suite_path: Path) -> None:
    result = a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY, "--json")
    document = json.loads(result.out)
    assert result.err == ""
    assert document["complete"] is True
    assert document["stages"]["score"]["counts"]["decode"] == 3
    assert {row["name"] for row in document["metrics"]} == {"sharpness", "temporal_flicker"}
    headline = document["totals"][-1]
    assert (headline["name"], headline["value"], headline["scored"]) == ("headline", None, 0)
    assert {row["validity"]["state"] for row in document["metrics"]} <= {"valid", "fails", "not checked"}


def test_a_dry_run_says_what_is_to_do_and_does_nothing(a2bench: Run, suite_path: Path) -> None:
    result = a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY, "--dry-run", "--why")
    assert result.code == 0
    assert "generate: 3 new" in result.out
    assert "case-0 seed 0: was never made" in result.out
    assert not Path("run").exists()


def test_a_dry_run_estimates_time_and_disk_from_what_was_timed(a2bench: Run, suite_path: Path) -> None:
    a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY, "--limit", "1")
    document = json.loads(
        a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY, "--dry-run", "--json").out
    )
    generate, score = document["stages"]["generate"], document["stages"]["score"]
    assert generate["states"] == {"done": 1, "new": 2}
    assert generate["seconds"] > 0 and generate["bytes"] > 0
    assert score["states"] == {"done": 2, "new": 4}
    finished = a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY, "--limit", "1", "--dry-run")
    assert finished.out.splitlines()[1:3] == ["generate: 1 done", "score: 2 done"]  # and no time for nothing


def test_generate_and_score_apart_give_what_eval_gives(a2bench: Run, suite_path: Path) -> None:
    settings = TINY[:4]
    a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "one", *TINY)
    assert a2bench("generate", "-m", "collage", "--suite", suite_path, "-o", "two", *settings).code == 0
    assert a2bench("score", "two", *TINY[4:]).code == 0
    assert Path("one/report/tables/scores.csv").read_bytes() == Path("two/report/tables/scores.csv").read_bytes()


def test_flag_beats_environment_beats_project_file_beats_default(
    a2bench: Run, suite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planned(*flags: str) -> int:
        result = a2bench("eval", "-m", "collage", "--suite", suite_path, *flags, "--dry-run", "--json")
        return int(json.loads(result.out)["stages"]["generate"]["states"]["new"])

    assert planned() == 3
    Path("a2bench.toml").write_text('seeds = "0-1"\n')
    assert planned() == 6
    Path("a2bench.toml").write_text('seeds = "0-1"\n[eval]\nseeds = "0-2"\n')
    assert planned() == 9
    monkeypatch.setenv("A2BENCH_SEEDS", "0-3")
    assert planned() == 12
    assert planned("--seeds", "7") == 3


def test_settings_are_saved_with_where_they_came_from(a2bench: Run, suite_path: Path) -> None:
    Path("a2bench.toml").write_text('seeds = "5"\n')
    a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY, "--limit", "1")
    manifest = json.loads(Path("run/run.json").read_text())
    assert manifest["seeds"] == [5]
    assert manifest["origins"]["seeds"] == "project file"
    assert manifest["origins"]["size"] == "flag"
    assert manifest["origins"]["fps"] == "default"


BAD_USAGE = [
    (["eval", "-m", "colage"], "unknown system 'colage'. Did you mean 'collage'?"),
    (
        ["eval", "-m", "collage", "--suite", "a2bench-mimi"],
        "unknown suite 'a2bench-mimi'. Did you mean 'a2bench-mini'?",
    ),
    (["eval", "-m", "collage", "--suite", "none.jsonl"], "no suite file none.jsonl"),
    (["eval", "-m", "collage", "--metrics", "sharpnes"], "unknown metric 'sharpnes'. Did you mean 'sharpness'?"),
    (["eval", "-m", "collage", "--cases", "astronaut-late"], "Did you mean 'astronaut-latte'?"),
    (["eval", "-m", "collage", "--seeds", "one"], "--seeds 'one' is not a list of numbers and ranges"),
    (["eval", "-m", "collage", "--seeds", "4294967296"], "seed 4294967296 must be a whole number from 0 to 4294967295"),
    (["eval", "-m", "collage", "--cases", ","], "--cases ',' names nothing; give names separated by commas"),
    (["eval", "-m", "collage", "--metrics", " "], "--metrics ' ' names nothing; give names separated by commas"),
    (["eval", "-m", "collage", "--fps", "1e400"], "--fps 1e400: expected less than or equal to 240"),
    (["eval", "-m", "collage", "--size", "0x480"], "--size 0x480: width: expected greater than or equal to 16"),
    (["eval", "-m", "collage", "--size", "832*480"], "--size '832*480' is not WIDTHxHEIGHT"),
    (["eval", "-m", "collage", "--size", "833x480"], "even"),
    (["eval", "-m", "collage", "--fps", "1/0"], "--fps '1/0' is not a number or a fraction"),
    (["eval", "-m", "collage", "--set", "name"], "--set 'name' is not KEY=VALUE"),
    (["eval", "-m", "collage", "--set", "colour=red"], "unknown option of collage 'colour'. Known: none."),
    (["eval", "-m", "folder:nowhere"], "nowhere"),
    (["eval", "-m", "json:Nothing"], "module 'json' has no object 'Nothing'"),
    (["eval", "-m", "no_such_module:Class"], "cannot import 'no_such_module'"),
    (["score", "nowhere"], "nowhere is not a run"),
    (["report", "nowhere"], "nowhere is not a run"),
    (["evl"], "unknown command 'evl'. Did you mean 'eval'?"),
    (["systems", "show", "colage"], "Did you mean 'collage'?"),
    (["metrics", "show", "sharpnes"], "Did you mean 'sharpness'?"),
    (["weights", "fetch", "clip-vit-l15"], "unknown weights 'clip-vit-l15'. Did you mean 'clip-vit-l14'?"),
    (["suites", "check", "a2bench-mimi"], "Did you mean 'a2bench-mini'?"),
]


@pytest.mark.parametrize(
    "arguments",
    [
        ("eval", "-m", "collage", "--timeout", "inf"),
        ("eval", "-m", "collage", "--feature-cache", "nan"),
        ("cost", "runs", "--price-per-hour", "inf"),
        ("cache", "prune", "--to", "nan"),
    ],
)
def test_numbers_that_are_not_finite_are_bad_usage(a2bench: Run, arguments: tuple[str, ...]) -> None:
    result = a2bench(*arguments)
    assert (result.code, result.out) == (2, "") and f"for '{arguments[-2]}'" in result.err


@pytest.mark.parametrize(("arguments", "said"), BAD_USAGE, ids=lambda value: " ".join(value)[:60])
def test_bad_usage_is_one_sentence_and_exit_code_2(a2bench: Run, arguments: list[str], said: str) -> None:
    assert said in one_sentence(a2bench(*arguments), 2)
    assert not list(Path().iterdir()), "something was written"


def test_a_misspelt_key_of_the_project_file_is_named(a2bench: Run) -> None:
    Path("a2bench.toml").write_text('sedes = "1"\n')
    assert "'sedes'. Did you mean 'seeds'?" in one_sentence(a2bench("eval", "-m", "collage", "--dry-run"), 2)


def test_broken_jsonl_names_line_and_column(a2bench: Run, suite_path: Path) -> None:
    suite_path.write_text(suite_path.read_text() + '{"id": "x", \n')
    error = one_sentence(a2bench("eval", "-m", "collage", "--suite", suite_path), 2)
    assert "tiny.jsonl line 4" in error


def test_a_wrong_hash_fails_the_sample_with_the_files_name(a2bench: Run, suite_path: Path) -> None:
    with (suite_path.parent / "references/object-1.png").open("ab") as file:
        file.write(b"more")
    result = a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY)
    assert result.code == 3
    assert "reference 'object-1.png' has SHA-256" in result.err
    assert "to continue, type: a2bench eval -m collage" in result.err
    assert (
        json.loads(a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "run", *TINY, "--json").out)["stages"][
            "generate"
        ]["done"]
        == 2
    )


def broken_videos(folder: Path) -> dict[str, str]:
    """One broken file for each way, and what must be said of it."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    good = folder / "good.mp4"
    write_video(Video(rng.integers(0, 256, (30, 64, 96, 3), dtype=np.uint8), Fraction(8)), good)
    data = good.read_bytes()
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "torn.mp4").write_bytes(data[: len(data) * 2 // 3])
    (folder / "text.mp4").write_text("not a video")
    write_video(Video(np.zeros((1, 64, 96, 3), np.uint8), Fraction(8)), folder / "one.mp4")
    with av.open(str(folder / "huge.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=8)
        stream.width, stream.height, stream.pix_fmt = 7680, 4320, "yuv420p"
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame(7680, 4320, "yuv420p")))
        container.mux(stream.encode(None))
    with av.open(str(folder / "sound.mp4"), "w") as container:
        audio = container.add_stream("aac", rate=44100)
        audio.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    good.unlink()
    return {
        "empty": "is empty (0 bytes)",
        "torn": "is damaged: decoding stopped after",
        "text": "is not a video",
        "one": "has 1 frame; expected at least 2",
        "huge": "is 7680x4320; the limit is 4096x4096",
        "sound": "has no video track, only audio",
    }


def test_every_broken_video_is_named_and_the_good_ones_are_scored(
    a2bench: Run, suite_path: Path, tmp_path: Path
) -> None:
    expected = broken_videos(tmp_path / "videos")
    template = json.loads(suite_path.read_text().splitlines()[0])
    names = [*expected, "absent", "fine"]
    lines = [json.dumps({**template, "id": name, "prompt": f"{template['prompt']} {name}"}) for name in names]
    suite_path.write_text("\n".join(lines) + "\n")
    rng = np.random.default_rng(1)
    write_video(Video(rng.integers(0, 256, (9, 64, 96, 3), dtype=np.uint8), Fraction(8)), tmp_path / "videos/fine.mp4")
    result = a2bench("eval", "-m", f"folder:{tmp_path / 'videos'}", "--suite", suite_path, "-o", "run", *TINY, "--json")
    assert result.code == 3
    document = json.loads(result.out)
    failures = {**document["stages"]["generate"]["failures"], **document["stages"]["score"]["failures"]}
    for name, said in expected.items():
        assert said in failures[f"{name} seed 0"], (name, failures)
    assert "absent" in failures["absent seed 0"]
    assert "fine seed 0" not in failures
    rows = {row["name"]: row for row in document["metrics"]}
    assert (rows["sharpness"]["scored"], rows["sharpness"]["total"]) == (1, 8)


def test_an_output_that_is_a_file_is_refused(a2bench: Run, suite_path: Path) -> None:
    Path("file").write_text("mine")
    assert "file is a file" in one_sentence(a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", "file"), 2)
    assert Path("file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mounting a small disk needs root")
def test_a_full_disk_is_one_sentence_and_the_run_goes_on_when_there_is_room(
    a2bench: Run, suite_path: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        arguments = ["eval", "-m", "noise", "--suite", suite_path, "-o", disk / "run", *TINY]
        arguments += ["--seeds", "0-3", "--size", "192x128"]
        result = a2bench(*arguments)
        assert result.code == 2, result
        assert "No space left on device" in result.err
        assert "finished samples are kept" in result.err
        done = json.loads(a2bench(*arguments, "--dry-run", "--json").out)["stages"]["generate"]["states"].get("done", 0)
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        again = a2bench(*arguments, "--json")
        assert again.code == 0
        assert json.loads(again.out)["stages"]["generate"]["resumed"] == done
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="a read-only disk for root needs a mount")
def test_a_read_only_folder_is_one_sentence(a2bench: Run, suite_path: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(disk)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a disk")
    try:
        result = a2bench("eval", "-m", "collage", "--suite", suite_path, "-o", disk / "run", *TINY)
        assert "Read-only file system" in one_sentence(result, 2)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_too_little_room_for_weights_is_said_before_anything_is_fetched(
    a2bench: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 9 * 10**8, 10**8))
    result = a2bench("weights", "fetch", "clip-vit-l14", "--yes")
    assert result.code == 2
    assert "need 1711 MB" in result.err and "has 100 MB free" in result.err and "A2BENCH_CACHE" in result.err


def test_doctor_really_decodes_a_clip_and_says_what_to_do(a2bench: Run) -> None:
    result = a2bench("doctor", "--json")
    findings = json.loads(result.out)
    assert [finding["status"] for finding in findings if finding["check"] == "codecs"] == ["ok"]
    assert result.code == 0
    assert "a2bench weights fetch clip-vit-l14" in [finding["remedy"] for finding in findings]


def test_one_cause_is_said_once_and_lines_fit_100_columns(a2bench: Run, suite_path: Path) -> None:
    shutil.rmtree(suite_path.parent / "references")
    (suite_path.parent / "references").mkdir()
    result = a2bench(
        "eval", "-m", "collage", "--suite", suite_path, "-o", "run", "--size", "96x64", "--num-frames", "2"
    )
    assert result.code == 3
    told = [line for line in result.out.splitlines() if "no video:" in line]
    assert len(told) == 3 and all(
        line.startswith("all metrics: 1 missing: no video:") for line in told
    )  # each its image
    assert max(map(len, result.out.splitlines())) <= 100
