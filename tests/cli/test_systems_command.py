import json
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from a2bench.adapters import ADAPTERS
from a2bench.base import registry
from a2bench.cli import cli
from a2bench.errors import A2BenchError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["systems", *arguments])


def test_the_list_has_every_system_with_kind_licence_and_device() -> None:
    rows = json.loads(run("list", "--json").output)
    assert [row["name"] for row in rows] == list(ADAPTERS)
    for row in rows:
        assert {"kind", "licence", "device", "description", "path"} <= row.keys()
        assert "error" not in row
    text = run("list").output.splitlines()
    assert text[0].split() == ["name", "kind", "device", "description;", "licence"]
    assert [line.split()[0] for line in text[1:] if not line.startswith(" ")] == list(ADAPTERS)


def test_a_broken_plug_in_is_listed_with_its_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken_plugin.py").write_text(
        "ADAPTERS = {'lost': 'no_such_module:X', 'bad': 'broken_plugin:nothing', 'crash': 'crashing_plugin:X'}\n"
    )
    (tmp_path / "crashing_plugin.py").write_text("raise RuntimeError('driver too old')\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("gone", "not_installed:ADAPTERS", "a2bench.adapters"),
        EntryPoint("plugin", "broken_plugin:ADAPTERS", "a2bench.adapters"),
        EntryPoint("builtin", "a2bench.adapters:ADAPTERS", "a2bench.adapters"),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    registry.paths.cache_clear()
    monkeypatch.setattr(registry, "paths", registry.paths.__wrapped__)  # what is patched here must not be kept
    result = run("list")
    assert result.exit_code == 0
    for words in ("not_installed", "no_such_module", "no object 'nothing'", "RuntimeError: driver too old", "collage"):
        assert words in " ".join(result.output.split())
    errors = {row["name"]: row.get("error") for row in json.loads(run("list", "--json").output)}
    assert errors["crash"].endswith("RuntimeError: driver too old")
    assert errors["collage"] is None


def test_show_tells_meta_and_options() -> None:
    text = run("show", "command").output
    assert "--set command=...  (required)" in text
    assert "--set timeout=...  (default '600')" in text
    shown = json.loads(run("show", "command", "--json").output)
    assert shown["required_options"] == ["command"]
    assert shown["options"]["timeout"] == "600"
    assert isinstance(run("show", "collagen").exception, A2BenchError)


def test_show_says_native_settings_in_words() -> None:
    lines = run("show", "skyreels-a2").output.splitlines()
    shown = {line[:14].strip(): line[16:] for line in lines if not line.startswith("option")}
    assert shown["native"] == "832x480, 69 frames at 15 fps; lengths: 4k+1 frames"
    assert shown["open weights"] == "yes"
    assert shown["gpus"] == "1"
    assert all(len(line) <= 100 for line in lines[: lines.index("")])


def test_show_explains_what_cannot_be_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd_adapter.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    error = run("show", "odd_adapter:X").exception
    assert isinstance(error, A2BenchError)
    assert "cannot be shown" in str(error)


def test_the_printed_template_passes_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_own_system.py").write_text(run("template").output)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    result = run("check", "my_own_system:MySystem", "--set", "strength=2")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("my_own_system:MySystem passes\n")


def test_check_fails_with_exit_code_1_and_advice() -> None:
    result = run("check", "folder", "--set", "path=/no/such/folder")
    assert result.exit_code == 1
    assert "FAIL  construction: no such folder of videos" in result.output
    assert "-> " in result.output
    assert "Traceback" not in result.output


def test_check_as_json() -> None:
    result = run("check", "collage", "--json", "--size", "64x48", "--frames", "5")
    found = json.loads(result.output)
    assert result.exit_code == 0
    assert found["passed"]
    assert {check["name"]: check.get("found") for check in found["checks"]}["size"] == "64x48"


@pytest.mark.parametrize(
    "arguments",
    [("--set", "speed"), ("--size", "big"), ("--size", "4x4"), ("--frames", "0"), ("--set", "=1")],
)
def test_usage_errors_have_exit_code_2(arguments: tuple[str, ...]) -> None:
    result = run("check", "collage", *arguments)
    assert result.exit_code == 2
    assert "Error:" in result.output
