"""Killed at any moment, a run resumes with the same command, loses nothing finished and doubles nothing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from a2bench.run.journal import read_journal
from a2bench.run.store import RunStore
from tests.loopback import PATIENCE, hear_interrupts, wait_until

ARGUMENTS = ["--model", "collage", "--seeds", "0-3", "--size", "96x64", "--num-frames", "12", "--quiet"]
ARGUMENTS += ["--metrics", "sharpness,temporal_flicker,copy_paste", "--workers", "2"]
TABLES = ("scores.csv", "summary.csv", "summary.md", "summary.json")


def start(suite: Path, output: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "a2bench", "eval", "--suite", str(suite), "--output", str(output), *ARGUMENTS]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=hear_interrupts
    )


def finished(output: Path) -> set[str]:
    """Everything that a run has promised to keep: its records, and the bytes of its videos."""
    promised = set()
    for name in ("samples.jsonl", "scores.jsonl"):
        promised |= {json.dumps(record, sort_keys=True) for record in read_journal(output / name).records}
    return promised


def run_with_kills(suite: Path, output: Path, kills: int, seconds: float) -> None:
    """Kill the run ``kills`` times at random moments of what is left to do, then let it finish."""
    rng = random.Random(0)
    promised: set[str] = set()
    done = 0
    while done < kills:
        process = start(suite, output)
        time.sleep(rng.uniform(0.3, seconds))
        if process.poll() is None:
            # In turn the whole process group, and the parent alone, whose workers must not live on.
            (os.killpg if done % 2 else os.kill)(process.pid, signal.SIGKILL)
            done += 1
        process.communicate()
        now = finished(output)
        assert promised <= now, "a finished record was lost"
        promised = now
        if process.returncode == 0:  # it was faster than the kill: take some work back, as if it had never been done
            forget(output, rng)
            promised = finished(output)
    process = start(suite, output)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors.decode()
    assert promised <= finished(output)


def forget(output: Path, rng: random.Random) -> None:
    """Drop a random tail of the journals."""
    for name in ("samples.jsonl", "scores.jsonl"):
        lines = (output / name).read_bytes().splitlines(keepends=True)
        (output / name).write_bytes(b"".join(lines[: rng.randrange(len(lines) // 2)]))


def assert_as_undisturbed(suite: Path, output: Path, undisturbed: Path) -> None:
    process = start(suite, undisturbed)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors.decode()
    for name in TABLES:
        assert (output / "report/tables" / name).read_bytes() == (undisturbed / "report/tables" / name).read_bytes(), (
            name
        )
    samples = Counter((r["case"], r["seed"]) for r in read_journal(output / "samples.jsonl").records)
    scores = Counter((r["case"], r["seed"], r["metric"]) for r in read_journal(output / "scores.jsonl").records)
    assert set(samples.values()) == {1} and len(samples) == 12, "a sample was lost or made twice"
    assert set(scores.values()) == {1} and len(scores) == 36, "a score was lost or made twice"
    store = RunStore(output)
    assert [store.damage(record, read_all=True) for record in store.samples.values()] == [None] * 12
    assert not list(store.videos.glob(".tmp-*"))


def test_five_kills_lose_nothing_and_double_nothing(suite_path: Path, tmp_path: Path) -> None:
    run_with_kills(suite_path, tmp_path / "killed", kills=5, seconds=2.5)
    assert_as_undisturbed(suite_path, tmp_path / "killed", tmp_path / "undisturbed")


@pytest.mark.slow
def test_fifty_kills_lose_nothing_and_double_nothing(suite_path: Path, tmp_path: Path) -> None:
    run_with_kills(suite_path, tmp_path / "killed", kills=50, seconds=4)
    assert_as_undisturbed(suite_path, tmp_path / "killed", tmp_path / "undisturbed")


def test_an_interrupt_prints_how_to_continue_and_exits_with_130(suite_path: Path, tmp_path: Path) -> None:
    process = start(suite_path, tmp_path / "run")
    wait_until((tmp_path / "run/samples.jsonl").exists, "the first sample")
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "To continue, type: a2bench eval --suite" in errors.decode()
    assert "Traceback" not in errors.decode()


def test_a_second_process_is_refused_at_once(suite_path: Path, tmp_path: Path) -> None:
    first = start(suite_path, tmp_path / "run")
    wait_until((tmp_path / "run/.lock-owner").exists, "the first process to hold the run")
    second = start(suite_path, tmp_path / "run")
    _, errors = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2
    assert f"is in use by process {first.pid} on" in errors.decode()
    first.communicate(timeout=PATIENCE)
    assert first.returncode == 0
