"""The house rules: which package may import which, what starting up may cost."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "a2bench": ROOT / "a2bench",
    "a2bench_metrics": ROOT / "metrics/a2bench_metrics",
    "a2bench_human_eval": ROOT / "human_eval/a2bench_human_eval",
    "a2bench_leaderboard": ROOT / "leaderboard/a2bench_leaderboard",
}
MAY_IMPORT = {
    "a2bench": {"a2bench"},
    "a2bench_metrics": {"a2bench", "a2bench_metrics"},
    "a2bench_human_eval": {"a2bench", "a2bench_human_eval"},
    "a2bench_leaderboard": set(PACKAGES),
}
HEAVY = ("torch", "numpy", "rich", "jinja2", "PIL", "av", "cv2")


def imported_packages(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} & set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_dependencies_run_one_way(package: str) -> None:
    for path in PACKAGES[package].rglob("*.py"):
        assert imported_packages(path) <= MAY_IMPORT[package], path


FLOORS = (
    ("errors", "base"),
    ("model",),
    ("statistics", "assets"),
    ("features", "peers"),
    ("suites", "e2v"),
    ("adapters",),
    ("run",),
    ("results",),
    ("validation", "show"),
    ("door",),
    ("cli",),
)
"""The rooms of the core, from the ground up; a room knows those below it and, on its own floor, those it needs."""


def rooms_imported_by(path: Path) -> Iterator[str]:
    """The rooms of the core that a file imports from, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("a2bench."))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "a2bench":
            yield from node.module.split(".")[1:2] or (alias.name for alias in node.names)


def test_no_room_of_the_core_imports_from_one_above_it() -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    here = PACKAGES["a2bench"]
    upwards = [
        f"{path.relative_to(here)} imports a2bench.{other}"
        for room in floor
        for path in ((here / room).rglob("*.py") if (here / room).is_dir() else [here / f"{room}.py"])
        for other in rooms_imported_by(path)
        if floor.get(other, 99) > floor[room]
    ]
    assert upwards == []


def test_the_only_loose_modules_of_the_core_are_the_door_and_the_errors() -> None:
    loose = {path.name for path in PACKAGES["a2bench"].glob("*.py")}
    assert loose == {"__init__.py", "__main__.py", "errors.py"}
    rooms = {path.parent.name for path in PACKAGES["a2bench"].glob("*/__init__.py")}
    assert rooms == {room for floor in FLOORS for room in floor} - {"errors"}


@pytest.mark.parametrize("arguments", [["--help"], ["eval", "--help"], ["suites", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from a2bench.cli import cli\n"
        f"try: cli.main({arguments!r}, standalone_mode=False)\n"
        "finally: print('HEAVY', [n for n in sys.modules if n in %r])" % (HEAVY,)
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "HEAVY []"
    assert "Usage:" in result.stdout or "version" in result.stdout


def test_no_file_names_a_package_index_or_a_path_of_a_machine() -> None:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    forbidden = [b"python" + b"hosted.org", b"py" + b"pi.org", b"registry.npm" + b"js.org", b"/wo" + b"rk/main"]
    for name in listed.stdout.split(b"\0"):
        path = ROOT / name.decode()
        if path.is_file():
            data = path.read_bytes()
            assert not [word for word in forbidden if word in data], path
