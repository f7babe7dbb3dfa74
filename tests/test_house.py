"""The house rules: which package may import which, what starting up may cost."""

import ast
import re
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


def test_the_page_of_the_architecture_names_every_room_on_its_floor_and_no_other() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", page, re.MULTILINE)
    drawn = [(int(floor), room) for floor, room, _ in rows]
    assert sorted(drawn) == sorted((number, room) for number, rooms in enumerate(FLOORS) for room in rooms)
    assert [floor for floor, _ in drawn] == sorted((floor for floor, _ in drawn), reverse=True)
    assert all("? " in text or text.endswith("?") for _, _, text in rows), "a room answers a question"
    packages = re.findall(r"^\| `(a2bench\w*)` \| `([\w/]+)/` \|", page, re.MULTILINE)
    assert {name: ROOT / where for name, where in packages} == PACKAGES


OURS = re.compile(
    r"(?<![\w./-])((?:a2bench|docs|human_eval|leaderboard|metrics|prompts|references|tests|tools)/[\w./*-]*)"
)
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")


def paths_that_are_named(page: Path) -> set[str]:
    """Files and folders of ours that a page names, also as targets of links, below the root; no patterns with NAME."""
    text = page.read_text(encoding="utf-8")
    named = {path.rstrip("/.") for path in OURS.findall(text) if "NAME" not in path}
    linked = {link.partition("#")[0] for link in LINK.findall(text)} - {""}
    return named | {str((page.parent / link).resolve().relative_to(ROOT)) for link in linked}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md", "README.md", "RELEASE.md", "SECURITY.md"])
def test_every_path_that_a_page_for_newcomers_names_is_there(page: str) -> None:
    named = paths_that_are_named(ROOT / page)
    assert named
    assert sorted(path for path in named if not any(ROOT.glob(path))) == []


def test_a_path_that_is_gone_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`a2bench/harness/run.py`, `a2bench/cli/NAME.py`, `metrics/*.md`, `runs/demo`, `a2bench/show/`.")
    assert paths_that_are_named(page) == {"a2bench/harness/run.py", "metrics/*.md", "a2bench/show"}
    assert not any(ROOT.glob("a2bench/harness/run.py")) and any(ROOT.glob("metrics/*.md"))


def test_a_link_to_a_section_leads_to_a_section_that_is_there() -> None:
    for page in ("docs/architecture.md", "CONTRIBUTING.md", "README.md", "RELEASE.md"):
        for link in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
            file, mark, section = link.partition("#")
            if not mark:
                continue
            text = ((ROOT / page).parent / file if file else ROOT / page).read_text(encoding="utf-8")
            titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert section in slugs, f"{page} links to {link}"


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
