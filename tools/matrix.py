"""`make test-matrix`: the core tests on every Python of this machine, with three sets of versions.

For each Python: the versions of requirements.lock, the lowest that pyproject.toml allows (of what it names itself, as
far as there are wheels for this Python), and the newest. One environment at a time; it is removed afterwards. The core
tests are those that need no browser and no database server. A table at the end says what was run; a supported Python
that is absent is named.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from environments import (
    PYTHONS,
    ROOT,
    Torch,
    clean_environment,
    constraints,
    gigabytes,
    installed,
    interpreters,
    locked,
    run,
    torch_build,
    uv,
)

RESOLUTIONS = ("lock", "lowest", "newest")
CORE = "not slow and not gpu and not network and not browser and not database"
SHORT = ("tests/model/test_video.py", "tests/assets/test_golden.py", "tests/cli", "tests/e2v", "tests/metrics")
"""Tests that stand nearest to other people's packages, for ``--short``."""
MINUTES = 20.0
SHOWN = ("numpy", "scipy", "torch", "av", "opencv-python-headless", "transformers", "diffusers")


@dataclass(frozen=True)
class Row:
    """What became of one environment: ``outcome`` is pytest's last line, or why there is none."""

    python: str
    resolution: str
    passed: bool
    outcome: str
    setup_seconds: float = 0.0
    test_seconds: float = 0.0
    gigabytes: float = 0.0
    versions: str = ""


def main() -> int:
    """Run what was asked for and print the table."""
    parser = argparse.ArgumentParser(
        description=str(__doc__).split("\n\n")[0], formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--python", action="append", choices=PYTHONS, help="only this Python (again for another)")
    parser.add_argument("--resolution", action="append", choices=RESOLUTIONS, help="only these versions")
    parser.add_argument("--short", action="store_true", help=f"only {', '.join(SHORT)}")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="for the tests of one environment (%(default)g)")
    parser.add_argument("tests", nargs="*", help="tests in place of all core tests")
    asked = parser.parse_args()
    here, rows = interpreters(), []
    tests = asked.tests or (list(SHORT) if asked.short else [])
    for version in asked.python or PYTHONS:
        if version not in here:
            rows.append(Row(version, "-", asked.python is None, "this Python is not on this machine"))
            continue
        for resolution in asked.resolution or RESOLUTIONS:
            print(f"== Python {version} ({here[version]}), {resolution} versions", flush=True)
            rows.append(tried(version, here[version], resolution, tests, asked.minutes))
            print(f"== {rows[-1].outcome}", flush=True)
    print(table(rows))
    return 0 if all(row.passed for row in rows) else 1


def tried(version: str, python: Path, resolution: str, tests: Sequence[str], minutes: float) -> Row:
    """One environment: set up, used and removed."""
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"a2bench-matrix-{version}-{resolution}-"))
    try:
        try:
            inside = set_up(folder, python, resolution)
        except SystemExit as error:
            print(error, flush=True)
            reason = str(error).splitlines()
            return Row(version, resolution, False, f"set-up: {reason[-1]}", time.monotonic() - started)
        ready = time.monotonic()
        versions = installed(inside)
        outcome, passed = tested(inside, folder, resolution, tests, minutes)
        shown = " ".join(f"{name.removesuffix('-python-headless')} {versions.get(name, '-')}" for name in SHOWN)
        seconds = time.monotonic() - ready
        return Row(version, resolution, passed, outcome, ready - started, seconds, gigabytes(folder / "venv"), shown)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def set_up(folder: Path, python: Path, resolution: str) -> Path:
    """An environment with A2Bench as it lies here, all its extras and what the core tests need; its interpreter.

    Raises:
        SystemExit: something cannot be installed.
    """
    run([*uv(), "venv", "--quiet", "--python", python, folder / "venv"], what="making the environment")
    inside = folder / "venv/bin/python"
    torch = torch_build(inside, locked("torch"), needs_torchvision=True)
    print(f"   {torch.why}", flush=True)
    pinned = _resolved(folder, inside, resolution, torch)
    install: list[str | Path] = [*uv(), "pip", "install", "--quiet", "--python", inside, *torch.arguments]
    run([*install, "-r", pinned], what=f"installing the {resolution} versions")
    run([*uv(), "pip", "check", "--python", inside], what="checking that the versions fit together")
    # After the check: the calibration's packages are installed without what only their training needs ([tool.uv]).
    limits: list[str | Path] = ["-c", pinned]
    if resolution == "lock":
        limits += ["-c", constraints(folder)]
    run([*install, "--group", f"{ROOT / 'pyproject.toml'}:test", *limits], what="installing the test tools")
    run([*install, "--no-deps", "-e", ROOT], what="installing A2Bench")
    return inside


def _resolved(folder: Path, python: Path, resolution: str, torch: Torch) -> Path:
    """The versions of everything that the extra ``all`` needs, as a file."""
    pinned = folder / "pinned.txt"
    choices: dict[str, list[str | Path]] = {
        "lock": ["-c", constraints(folder)],
        "lowest": ["--resolution", "lowest-direct", "--only-binary", ":all:"],
        "newest": [],
    }
    choice = choices[resolution]
    command: list[str | Path] = [
        *uv(),
        "pip",
        "compile",
        "--quiet",
        "--no-header",
        "--no-annotate",
        "--python",
        python,
        "--all-extras",
    ]
    run(
        [*command, *choice, *torch.arguments, ROOT / "pyproject.toml", "-o", pinned],
        what=f"finding {resolution} versions",
    )
    return pinned


def tested(python: Path, folder: Path, resolution: str, tests: Sequence[str], minutes: float) -> tuple[str, bool]:
    """Pytest's closing line (its output is shown), and whether all passed."""
    command: list[str | Path] = [
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        CORE,
        "-n",
        "auto",
        "--dist",
        "loadfile",
    ]
    if resolution == "lowest":  # an old package beside a new one says what it will lose one day
        command += ["-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning"]
    environment = clean_environment(XDG_CACHE_HOME=str(folder / "cache"), TMPDIR=str(folder))
    log = folder / "log.txt"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [*command, *tests], cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            code = None
    text = log.read_text(encoding="utf-8", errors="replace")
    if code != 0:
        print(text[-20_000:], flush=True)
    if code is None:
        return f"not finished after {minutes:g} minutes", False
    closing = re.findall(
        r"^(?:=+ )?((?:\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|warnings?),? ?)+) in ", text, re.M
    )
    return closing[-1] if closing else f"pytest ended with exit code {code}", code == 0


def table(rows: Sequence[Row]) -> str:
    """All rows in columns, failures marked."""
    heads = ("", "Python", "versions", "tests", "set-up s", "tests s", "GB")
    lines = [
        ("ok" if row.passed else "FAILED", row.python, row.resolution, row.outcome,
         f"{row.setup_seconds:.0f}", f"{row.test_seconds:.0f}", f"{row.gigabytes:.1f}")
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[column]) for line in [heads, *lines]) for column in range(len(heads))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *lines]
    ]
    told = [f"{row.python} {row.resolution}: {row.versions}" for row in rows if row.versions]
    return "\n".join(["", *text, "", *told])


if __name__ == "__main__":
    sys.exit(main())
