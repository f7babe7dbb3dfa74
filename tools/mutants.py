"""`make mutants`: which small changes of the code does no test notice?

mutmut changes one comparison, constant or argument after the other and runs the tests that reach it. What survives is
shown as a diff: a sentence that no test says yet, or a change that changes nothing. It all happens in a copy of the
working tree, so nothing of a mutant is ever left behind.

A module's tests are those that mirror it: ``a2bench/run/plan.py`` has ``tests/run/test_plan.py``. Where there is no
such file, they are all tests of its room.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHOSEN = ("a2bench/results/summary.py", "a2bench/run/plan.py", "a2bench/statistics")
"""What decides which numbers are computed and which are kept."""
PACKAGES = {
    "a2bench": "tests",
    "metrics/a2bench_metrics": "tests/metrics",
    "human_eval/a2bench_human_eval": "tests/human_eval",
    "leaderboard/a2bench_leaderboard": "tests/leaderboard",
}
"""Each package with the folder of its tests."""


def mirrored_tests(root: Path, target: str) -> str:
    """The tests of a module or of a room, as a path below the root.

    Raises:
        ValueError: no such module of ours, or no tests beside it.
    """
    path = Path(target)
    package = next((name for name in PACKAGES if path.is_relative_to(name)), None)
    if package is None or not (root / path).exists():
        raise ValueError(f"{target} is no module of ours; expected a path such as {CHOSEN[1]}")
    room = Path(PACKAGES[package], path.relative_to(package))
    choices = [room] if (root / path).is_dir() else [room.with_name(f"test_{path.name}"), room.parent]
    found = next((choice for choice in choices if (root / choice).exists()), None)
    if found is None:
        raise ValueError(f"{target} has no tests: there is neither {' nor '.join(map(str, choices))}")
    return str(found)


def copy_of_the_tree(root: Path, folder: Path) -> None:
    """Copy what git knows or would add, as it is in the working tree now."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    for name in sorted(set(listed.stdout.decode().split("\0")) - {""}):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)


def settings(target: str, tests: str) -> str:
    """What mutmut has to know, as a table of pyproject.toml."""
    copied = ["a2bench", "metrics", "human_eval", "leaderboard", "prompts", "references", "tools", "docs", "README.md"]
    return (
        "\n[tool.mutmut]\n"
        f"source_paths = {json.dumps([target])}\n"
        f"pytest_add_cli_args_test_selection = {json.dumps([tests])}\n"
        'pytest_add_cli_args = ["-p", "no:cacheprovider"]\n'
        "timeout_constant = 5.0\n"  # times 15: the first test of a process may have to import torch
        f"also_copy = {json.dumps([*copied, 'hatch_build.py'])}\n"
    )


def survivors(results: str) -> list[str]:
    """Names of the mutants that no test killed, from what ``mutmut results`` prints.

    Those that no test reaches are among them; those that ran too long are not.
    """
    lines = (line.strip().rpartition(": ") for line in results.splitlines())
    return [name for name, _, outcome in lines if outcome in ("survived", "no tests")]


def try_module(target: str, tests: str, workers: int) -> int:
    """Try all mutants of a module or room, print what survived, and return how many did.

    Raises:
        RuntimeError: mutmut could not do its work, as when a test fails without any mutant.
    """
    with tempfile.TemporaryDirectory(prefix="a2bench-mutants-") as folder:
        copy = Path(folder)
        copy_of_the_tree(ROOT, copy)
        with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(settings(target, tests))
        places = [copy, *(copy / name for name in ("metrics", "human_eval", "leaderboard"))]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
        mutmut = str(Path(sys.executable).with_name("mutmut"))

        def say(*arguments: str) -> str:
            done = subprocess.run(
                [mutmut, *arguments],
                cwd=copy,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if done.returncode:
                raise RuntimeError(f"mutmut {arguments[0]} of {target} failed:\n{done.stdout[-3000:]}")
            return done.stdout

        print(f"{target}, against {tests}", flush=True)
        say("run", "--max-children", str(workers))
        left = survivors(say("results"))
        say("export-cicd-stats")
        counts = json.loads((copy / "mutants/mutmut-cicd-stats.json").read_text(encoding="utf-8"))
        for name in left:
            changed = [
                line for line in say("show", name).splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
            ]
            print("\n".join([f"  {name}", *(f"    {line}" for line in changed)]))
        print(f"  {counts['total']} mutants, {len(left)} survived, {counts['timeout']} ran too long", flush=True)
    return len(left)


def main() -> None:
    """Try what is named, else what was chosen; exit code 1 where mutmut could not work, else 0."""
    parser = argparse.ArgumentParser(prog="make mutants", description="Which small changes does no test notice?")
    parser.add_argument("paths", nargs="*", default=CHOSEN, help=f"modules or rooms; default: {' '.join(CHOSEN)}")
    parser.add_argument("--workers", "-j", type=int, default=os.cpu_count() or 1, help="processes at a time")
    given = parser.parse_args()
    try:
        chosen = [(path.rstrip("/"), mirrored_tests(ROOT, path)) for path in given.paths]
        left = sum(try_module(target, tests, given.workers) for target, tests in chosen)
    except (RuntimeError, ValueError) as error:
        sys.exit(f"error: {error}")
    if left:
        print(f"{left} survived: say in a test what each of them breaks, or see that it changes nothing")


if __name__ == "__main__":
    main()
