"""The command line: one file per command, each imported only when it is called."""

import io
import os
import sys
from importlib import import_module

import click

from a2bench.base.version import __version__
from a2bench.errors import A2BenchError, UnknownNameError

COMMANDS = {
    "eval": ("a2bench.cli.eval:eval_command", "Generate, score and report in one go; the same command resumes."),
    "generate": ("a2bench.cli.eval:generate_command", "Let a system make the videos of a suite."),
    "score": ("a2bench.cli.eval:score_command", "Measure the videos of a run."),
    "report": ("a2bench.cli.report:report_command", "Write the HTML page and the tables of one or more runs."),
    "totals": (
        "a2bench.cli.totals:totals_command",
        "Totals of other suites, by their own definitions.",
    ),
    "cost": ("a2bench.cli.cost:cost_command", "Say what the videos of runs cost: seconds, memory, money."),
    "diversity": ("a2bench_metrics.cli:diversity_command", "Say how much the videos of a case differ between seeds."),
    "suites": ("a2bench.cli.suites:suites_group", "List, show and check suites of cases."),
    "systems": ("a2bench.cli.systems:systems_group", "List systems, show one, check your own adapter."),
    "metrics": ("a2bench.cli.metrics:metrics_group", "List metrics, show one, validate all against the controls."),
    "weights": ("a2bench.cli.weights:weights_group", "List, fetch and verify the weights behind the metrics."),
    "rate": ("a2bench_human_eval.cli:rate_group", "Let people rate videos in a browser; results with intervals."),
    "cache": ("a2bench.cli.cache:cache_group", "Features kept on disk: how much they take, and getting the room back."),
    "compare": (
        "a2bench_leaderboard.cli:compare_command",
        "Is one run better than another? Made for CI too.",
    ),
    "board": ("a2bench_leaderboard.cli:board_group", "The leaderboard: build, verify and compare boards."),
    "submit": (
        "a2bench_leaderboard.submissions.cli:submit_group",
        "Submissions to a leaderboard: pack a run, check one, log arrivals.",
    ),
    "doctor": ("a2bench.cli.doctor:doctor_command", "Say what works on this machine, and what to do about the rest."),
}


class LazyGroup(click.Group):
    """Lists commands from a table and imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was meant; a misspelt name gets a suggestion."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UnknownNameError("command", args[0], COMMANDS)
        name, command, rest = super().resolve_command(ctx, args)
        if not {"-h", "--help"} & set(rest):  # help must be had beside a broken project file too
            from a2bench.cli.settings import project_defaults

            ctx.default_map = project_defaults(self)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="a2bench")
def cli() -> None:
    """A2Bench: does a system put the given people, things and places into the video, and is the video good?

    Start with `a2bench eval --model collage --suite a2bench-mini`, then put your own system in place of `collage`
    (`a2bench systems list`). Exit codes: 0 complete, 1 failed, 2 usage, 3 finished with failed or missing samples,
    130 interrupted.
    """


def main() -> None:
    """Run the command line; errors become one sentence and an exit code, never a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a folder's name need not be Unicode
    try:
        code = cli.main(standalone_mode=False, prog_name="a2bench")
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except A2BenchError as error:
        from a2bench.assets.extras import spoken

        click.echo(f"error: {spoken(str(error))}", err=True)
        code = error.exit_code
    except BrokenPipeError:  # the reader of our output has gone, as in `a2bench suites list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # a bug of ours: one sentence for the user, the traceback where it can be reported from
        if os.environ.get("A2BENCH_DEBUG"):
            raise
        lacking = _lacking_package(error)
        click.echo(lacking or f"unexpected error: {type(error).__name__}: {error}; {_keep_traceback()}", err=True)
        code = 2 if lacking else 1
    sys.exit(code if isinstance(code, int) else 0)


def _lacking_package(error: Exception) -> str | None:
    """What to type where a command needs the packages of an extra that is not installed; None for any other error."""
    from a2bench.assets.extras import extra_of, install_line

    module = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    extra = extra_of(module)
    return f"error: this needs the package {module!r}; type `{install_line(extra)}`" if extra else None


def _keep_traceback() -> str:
    """Write the current traceback into a file and say where it is."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="a2bench-error-", suffix=".txt", delete=False) as file:
        traceback.print_exc(file=file)
    return f"this is a bug of A2Bench, please report it with {file.name}"
