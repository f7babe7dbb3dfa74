"""Commands come from every package that registers some; a broken package takes nothing with it."""

import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
from click.testing import CliRunner

from a2bench.cli import cli
from a2bench.cli import commands as table
from a2bench.errors import A2BenchError

PLUGIN = """
import click
COMMANDS = {"paint": ("plugin_of_commands:paint", "Paint a case."), **MORE}

@click.command("paint")
def paint():
    click.echo("painted")
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    ours = [point for point in table.entry_points(group=table.GROUP) if point.name in ("boards", "metrics", "studies")]
    points = [
        EntryPoint(name, value, table.GROUP)
        for name, value in (("mine", "plugin_of_commands:COMMANDS"), ("gone", "no_such_module:COMMANDS"))
    ]
    monkeypatch.setattr(table, "entry_points", lambda group: EntryPoints([*ours, *points]))
    table.all_commands.cache_clear()
    yield tmp_path / "plugin_of_commands.py"
    table.all_commands.cache_clear()
    sys.modules.pop("plugin_of_commands", None)


def test_a_package_adds_a_command_beside_ours(plugin: Path) -> None:
    plugin.write_text(PLUGIN.replace("**MORE", ""))
    assert CliRunner().invoke(cli, ["paint"], catch_exceptions=False).output == "painted\n"
    shown = CliRunner().invoke(cli, ["--help"], catch_exceptions=False).output
    assert "paint      Paint a case." in shown and "board      The leaderboard" in shown
    assert shown.index("eval ") < shown.index("doctor ") < shown.index("paint ")
    assert list(table.broken_packages()) == ["gone = no_such_module:COMMANDS"]


def test_a_name_that_two_packages_claim_is_refused(plugin: Path) -> None:
    plugin.write_text(PLUGIN.replace("**MORE", '"eval": ("plugin_of_commands:paint", "Another one.")'))
    with pytest.raises(A2BenchError, match="the command 'eval' is defined twice"):
        table.all_commands()


def test_all_commands_of_ours_are_there() -> None:
    table.all_commands.cache_clear()
    assert {"rate", "board", "compare", "submit", "diversity"} <= table.all_commands().keys() - table.CORE.keys()
