"""Which commands are there? Those of every package that has registered some, each imported only when it is called.

An entry point of the group ``a2bench.commands`` is one mapping of names to ``("module:object", help)``; ours come
through the same door as anybody else's.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

import click

from a2bench.errors import A2BenchError

GROUP = "a2bench.commands"
CORE = {
    "eval": ("a2bench.cli.eval:eval_command", "Generate, score and report in one go; the same command resumes."),
    "generate": ("a2bench.cli.eval:generate_command", "Let a system make the videos of a suite."),
    "score": ("a2bench.cli.eval:score_command", "Measure the videos of a run."),
    "report": ("a2bench.cli.report:report_command", "Write the HTML page and the tables of one or more runs."),
    "totals": ("a2bench.cli.totals:totals_command", "Totals of other suites, by their own definitions."),
    "cost": ("a2bench.cli.cost:cost_command", "Say what the videos of runs cost: seconds, memory, money."),
    "suites": ("a2bench.cli.suites:suites_group", "List, show and check suites of cases."),
    "systems": ("a2bench.cli.systems:systems_group", "List systems, show one, check your own adapter."),
    "metrics": ("a2bench.cli.metrics:metrics_group", "List metrics, show one, validate all against the controls."),
    "weights": ("a2bench.cli.weights:weights_group", "List, fetch and verify the weights behind the metrics."),
    "cache": ("a2bench.cli.cache:cache_group", "Features kept on disk: how much they take, and getting the room back."),
    "doctor": ("a2bench.cli.doctor:doctor_command", "Say what works on this machine, and what to do about the rest."),
}
"""The commands of the core, in the order of the help."""


class Command(NamedTuple):
    """Where a command is defined, as ``module:object``, and what it does, in a sentence."""

    path: str
    help: str

    def load(self) -> click.Command:
        """Import it."""
        module, _, attribute = self.path.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@cache
def all_commands() -> dict[str, Command]:
    """Every command by its name: those of the core first, then those of other packages.

    A package whose entry point cannot be loaded does not take the others with it; `a2bench doctor` names it.

    Raises:
        A2BenchError: two packages claim one name.
    """
    found = {name: Command(*entry) for name, entry in CORE.items()}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        for name, command in _registered(point)[0].items():
            if name in found and found[name] != command:
                raise A2BenchError(
                    f"the command {name!r} is defined twice: {found[name].path} and {command.path}; uninstall one of "
                    "them"
                )
            found[name] = command
    return found


def broken_packages() -> dict[str, str]:
    """Entry points of commands that cannot be loaded, and why."""
    points = entry_points(group=GROUP)
    return {f"{point.name} = {point.value}": error for point in points if (error := _registered(point)[1])}


def _registered(point: EntryPoint) -> tuple[dict[str, Command], str | None]:
    try:
        return {str(name): Command(*entry) for name, entry in dict(point.load()).items()}, None
    except (Exception, SystemExit) as error:  # whatever somebody else's module raises while it is imported
        return {}, f"{type(error).__name__}: {error}"
