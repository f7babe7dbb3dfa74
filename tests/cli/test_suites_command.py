import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from a2bench.cli.suites import suites_group


def run(*arguments: str) -> Result:
    return CliRunner().invoke(suites_group, arguments)


def broken_suite(tmp_path: Path) -> str:
    (tmp_path / "references").mkdir()
    path = tmp_path / "broken.jsonl"
    path.write_text('{"id": \n')
    return str(path)


def test_list_prints_the_built_in_suites() -> None:
    result = run("list")
    assert result.exit_code == 0
    assert "a2bench-mini" in result.stdout
    assert json.loads(run("list", "--json").stdout)["suites"][0]["cases"] >= 16


def test_show_counts_cases_and_draws_the_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.jpg"
    result = run("show", "a2bench-mini", "--case", "astronaut-latte", "-o", str(sheet))
    assert result.exit_code == 0
    assert "1 case with 2 elements" in result.stdout
    assert "white cup of latte: object/gnome_coffee2.jpg" in result.stdout
    assert str(sheet) in result.stdout
    assert sheet.stat().st_size > 10_000


def test_show_prints_json_and_keeps_the_suites_revision() -> None:
    whole = json.loads(run("show", "a2bench-mini", "--json").stdout)
    one = json.loads(run("show", "a2bench-mini", "--case", "astronaut-latte", "--json").stdout)
    assert whole["num_cases"] == len(whole["cases"])
    assert [case["id"] for case in one["cases"]] == ["astronaut-latte"]
    assert one["revision"] == whole["revision"]


def test_check_ends_with_a_summary_and_exit_code_0() -> None:
    result = run("check", "a2bench-mini")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("a2bench-mini: ok, 0 errors")


@pytest.mark.parametrize("arguments", [("check", "--json"), ("check", "--all", "--json")])
def test_check_of_all_suites_prints_json(arguments: tuple[str, ...]) -> None:
    report = json.loads(run(*arguments).stdout)
    assert report["ok"] is True
    assert report["suites"][0]["suite"] == "a2bench-mini"


def test_check_of_a_broken_suite_exits_with_2(tmp_path: Path) -> None:
    path = broken_suite(tmp_path)
    result = run("check", path)
    assert result.exit_code == 2
    assert "broken.jsonl line 1 is not JSON" in result.stdout
    assert "not usable" in result.stdout
    as_json = run("check", path, "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["ok"] is False


def test_a_suite_and_all_together_are_refused() -> None:
    assert run("check", "a2bench-mini", "--all").exit_code == 2


def test_the_program_exits_with_2_and_one_sentence(tmp_path: Path) -> None:
    for arguments, words in (
        (["check", broken_suite(tmp_path)], ""),
        (["show", "a2bench-mimi"], "error: unknown suite 'a2bench-mimi'. Did you mean 'a2bench-mini'?"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "a2bench", "suites", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr.startswith(words)
        assert "Traceback" not in done.stderr


def test_the_command_imports_nothing_heavy() -> None:
    code = "import sys, a2bench.cli.suites; print([m for m in ('PIL', 'numpy', 'rich', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
