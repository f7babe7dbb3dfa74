"""Mutants are made in a copy, tried by the tests that mirror a module, and survivors are told."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import mutants  # noqa: E402


@pytest.mark.parametrize(
    ("target", "tests"),
    [
        ("a2bench/run/plan.py", "tests/run/test_plan.py"),
        ("a2bench/results/summary.py", "tests/results/test_summary.py"),
        ("a2bench/statistics", "tests/statistics"),
        ("a2bench/run/stages.py", "tests/run"),
        ("human_eval/a2bench_human_eval/voting.py", "tests/human_eval"),
        ("leaderboard/a2bench_leaderboard/compare.py", "tests/leaderboard/test_compare.py"),
    ],
)
def test_a_module_is_tried_by_the_tests_that_mirror_it(target: str, tests: str) -> None:
    assert mutants.mirrored_tests(ROOT, target) == tests


@pytest.mark.parametrize("target", ["a2bench/run/plans.py", "tools/mutants.py", "../elsewhere.py"])
def test_what_is_no_module_of_ours_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="is no module of ours"):
        mutants.mirrored_tests(ROOT, target)


def test_a_module_without_tests_is_named(tmp_path: Path) -> None:
    (tmp_path / "a2bench/new").mkdir(parents=True)
    (tmp_path / "a2bench/new/thing.py").touch()
    with pytest.raises(ValueError, match="neither tests/new/test_thing.py nor tests/new"):
        mutants.mirrored_tests(tmp_path, "a2bench/new/thing.py")


def test_every_module_that_is_tried_by_default_is_there() -> None:
    for target in mutants.CHOSEN:
        assert (ROOT / mutants.mirrored_tests(ROOT, target)).exists()


def test_the_copy_holds_what_is_not_committed_yet_and_nothing_ignored(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name, text in ((".gitignore", "runs/\n"), ("a/known.py", "1"), ("new.py", "2"), ("gone.py", "3")):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text)
    (tree / "runs").mkdir()
    (tree / "runs/big.mp4").touch()
    for command in (["init", "-q"], ["add", "a", "gone.py"]):
        subprocess.run(["git", "-C", str(tree), *command], check=True)
    (tree / "gone.py").unlink()
    (tree / "a/known.py").write_text("changed since")
    mutants.copy_of_the_tree(tree, tmp_path / "copy")
    copied = {
        path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*") if path.is_file()
    }
    assert copied == {".gitignore", "a/known.py", "new.py"}
    assert (tmp_path / "copy/a/known.py").read_text() == "changed since"


def test_the_settings_fit_into_the_project_file() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "mutmut" not in tomllib.loads(text)["tool"]
    found = tomllib.loads(text + mutants.settings("a2bench/run/plan.py", "tests/run/test_plan.py"))["tool"]["mutmut"]
    assert found["source_paths"] == ["a2bench/run/plan.py"]
    assert found["pytest_add_cli_args_test_selection"] == ["tests/run/test_plan.py"]
    assert all((ROOT / name).exists() for name in found["also_copy"])


def test_what_no_test_killed_or_reached_has_survived() -> None:
    results = (
        "    a2bench.run.plan.x_one__mutmut_4: survived\n"
        "    a2bench.run.plan.x_two__mutmut_1: no tests\n"
        "    a2bench.run.plan.x_two__mutmut_2: timeout\n"
    )
    assert mutants.survivors(results) == ["a2bench.run.plan.x_one__mutmut_4", "a2bench.run.plan.x_two__mutmut_1"]
