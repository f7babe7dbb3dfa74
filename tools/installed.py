"""`make test-installed`: what somebody gets who types ``pip install``, in clean environments, with plain pip.

The wheel and the source distribution are built; a wheel made from the latter must hold the same files. Then, one
environment at a time: A2Bench with no extra, with each extra alone, with all of them (``--short``: no extra, and all).
In each, pip finds no conflict, `a2bench doctor` has nothing to say about what the extra promises, and one `eval` of two
cases gives the numbers of the locked environment, which makes them in the same run. Environments are removed.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import ROOT, clean_environment, gigabytes, run

TOLERANCE = 2e-3
"""By how much a score may differ from the locked environment's, absolute or as a part of it, whichever is more."""
MEASURING = ("all", "metrics", "quality", "text")
"""Extras with which `eval` scores; without them the videos are made and every score says what to install."""
UNWANTED = (
    "bitsandbytes",
    "datasets",
    "facexlib",
    "flax",
    "icecream",
    "jax",
    "opencv-python",
    "pyiqa",
    "pytest",
    "tensorboard",
)
EVAL = (
    "eval",
    "--model",
    "collage",
    "--suite",
    "a2bench-mini",
    "--limit",
    "2",
    "--size",
    "416x240",
    "--num-frames",
    "17",
)

Scores = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What became of one environment. complaints: empty where all was right."""

    extra: str
    complaints: tuple[str, ...]
    packages: int = 0
    gigabytes: float = 0.0
    seconds: float = 0.0
    scores: int = 0
    largest_difference: float = 0.0


def main() -> int:
    """Build, try and print a table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("--short", action="store_true", help="only no extra, and all")
    parser.add_argument("--extra", action="append", help="only this extra (again for another; none: -)")
    asked = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    every = ["-", *sorted(set(project["optional-dependencies"]) - {"all"}), "all"]
    extras = asked.extra or (["-", "all"] if asked.short else every)
    with tempfile.TemporaryDirectory(prefix="a2bench-installed-") as name:
        folder = Path(name)
        wheel = built(folder / "dist")
        print(
            f"== built {wheel.name}, {wheel.stat().st_size / 1e6:.0f} MB; the one from the source distribution is equal"
        )
        locked = evaluated(Path(sys.executable).parent / "a2bench", folder / "locked", "all")
        rows = []
        for extra in extras:
            print(f"== a2bench{'' if extra == '-' else f'[{extra}]'}", flush=True)
            rows.append(tried(extra, wheel, folder / "try", locked))
            for complaint in rows[-1].complaints:
                print(f"   FAILED: {complaint}", flush=True)
    print(table(rows))
    passed = sum(not row.complaints for row in rows)
    print(f"{passed} passed, {len(rows) - passed} failed")
    return 0 if passed == len(rows) else 1


def built(folder: Path) -> Path:
    """The wheel; built from the checkout and from the source distribution, with equal contents.

    Raises:
        SystemExit: it cannot be built, or the two differ.
    """
    run([sys.executable, "-m", "hatchling", "build", "-d", folder], what="building")
    wheel, source = next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))
    again = folder / "again"
    run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", again, source],
        what="building from the sdist",
    )
    contents = [_contents(wheel), _contents(next(again.glob("*.whl")))]
    differing = sorted(
        name for name in contents[0].keys() | contents[1].keys() if contents[0].get(name) != contents[1].get(name)
    )
    if differing:
        sys.exit(f"the wheel from the source distribution differs in {len(differing)} files, first {differing[:5]}")
    return wheel


def _contents(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info.CRC for info in archive.infolist()}


def tried(extra: str, wheel: Path, folder: Path, locked: Scores) -> Row:
    """One environment: made, asked and removed."""
    shutil.rmtree(folder, ignore_errors=True)
    started = time.monotonic()
    try:
        run([sys.executable, "-m", "venv", folder / "venv"], what="making the environment")
        program = folder / "venv/bin"
        what = str(wheel) if extra == "-" else f"a2bench[{extra}] @ {wheel.as_uri()}"
        run([program / "python", "-m", "pip", "install", "--quiet", what], what=f"pip install {what}")
        names = package_names(run([program / "python", "-m", "pip", "list", "--format", "json"], what="pip list"))
        complaints = [f"{name} came along" for name in UNWANTED if name in names]
        run([program / "python", "-m", "pip", "check"], what="pip check")
        able, said = asked_doctor(program / "a2bench", folder, extra)
        complaints += said
        scores = evaluated(program / "a2bench", folder / "run", extra)
        number, largest, said = compared(scores, locked, extra, able)
        complaints += said
        size = gigabytes(folder / "venv")
        return Row(extra, tuple(complaints), len(names), size, time.monotonic() - started, number, largest)
    except SystemExit as error:
        return Row(extra, (str(error),), seconds=time.monotonic() - started)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def package_names(told: str) -> set[str]:
    """The packages of ``pip list --format json``, in whatever pip has to say besides."""
    listed = next(line for line in told.splitlines() if line.startswith("[{"))
    return {re.sub("[-_.]+", "-", row["name"]).lower() for row in json.loads(listed)}


def asked_doctor(a2bench: Path, folder: Path, extra: str) -> tuple[set[str], list[str]]:
    """The metrics that doctor calls able, and what it should not have had to say."""
    done = _a2bench(a2bench, folder, "doctor", "--json")
    try:
        findings = json.loads(done.stdout)
    except ValueError:
        return set(), [f"doctor died: {done.stderr.strip()[-400:]}"]
    complaints = [finding["text"] for finding in findings if finding["status"] == "problem"]
    promised = re.compile(
        r"\[[a-z0-9,-]+\]" if extra == "all" else rf"\[(?:[a-z0-9,-]+,)?{re.escape(extra)}(?:,[a-z0-9,-]+)?\]"
    )
    complaints += [
        f"doctor wants {finding['remedy']!r}, which was typed"
        for finding in findings
        if finding["status"] != "ok" and promised.search(finding["remedy"])
    ]
    able = {
        name
        for finding in findings
        if finding["check"] == "metrics" and finding["status"] == "ok"
        for name in finding["names"]
    }
    return able, complaints


def evaluated(a2bench: Path, folder: Path, extra: str) -> Scores:
    """Case and metric -> record of a score, of one eval over two cases.

    Raises:
        SystemExit: it did not end as it should.
    """
    more = ["--metrics", "default,temporal_lpips"] if extra in ("all", "quality") else []
    done = _a2bench(a2bench, folder, *EVAL, *more, "--output", "run")
    if done.returncode not in (0, 3):
        sys.exit(f"eval ended with exit code {done.returncode}:\n{(done.stdout + done.stderr)[-1500:]}")
    lines = (folder / "run/scores.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line)["record"] for line in lines]
    return {(record["case"], record["metric"]): record for record in records}


def compared(scores: Scores, locked: Scores, extra: str, able: set[str]) -> tuple[int, float, list[str]]:
    """How many scores there are, the largest difference from the locked ones, and what is wrong with them."""
    complaints, number, largest = [], 0, 0.0
    if not scores:
        complaints.append("eval left no scores")
    for (case, metric), record in scores.items():
        value, wanted = record["value"], locked[case, metric]["value"]
        if record["video_sha256"] != locked[case, metric]["video_sha256"]:
            complaints.append(f"the video of {case} is not that of the locked environment")
        if record["status"] == "failed":
            complaints.append(f"{metric} failed: {record['reason']}")
        elif value is None and wanted is None:
            continue
        elif value is None:
            if extra in MEASURING or "a2bench[" not in (record["reason"] or ""):
                complaints.append(f"{metric} of {case} is missing: {record['reason']}")
        elif wanted is None:
            complaints.append(f"{metric} of {case} is {value}, but missing in the locked environment")
        else:
            number += 1
            if metric not in able:
                complaints.append(f"{metric} has a value, but doctor does not call it able")
            difference = abs(value - wanted)
            largest = max(largest, difference)
            if not difference <= TOLERANCE * max(1.0, abs(wanted)):
                complaints.append(f"{metric} of {case} is {value}, locked {wanted}")
    if extra in MEASURING and not number:
        complaints.append("eval gave no number")
    return number, largest, list(dict.fromkeys(complaints))


def _a2bench(program: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, away from the checkout and with a cache of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = clean_environment(A2BENCH_CACHE=str(folder / "cache"), PATH=f"{program.parent}:/usr/bin:/bin")
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def table(rows: Sequence[Row]) -> str:
    """All rows in columns."""
    heads = ("", "extra", "packages", "GB", "seconds", "scores", "largest difference")
    lines = [
        (
            "FAILED" if row.complaints else "ok",
            row.extra,
            str(row.packages),
            f"{row.gigabytes:.2f}",
            f"{row.seconds:.0f}",
            str(row.scores),
            f"{row.largest_difference:.1e}",
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in [heads, *lines]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [heads, *lines]
    )


if __name__ == "__main__":
    sys.exit(main())
