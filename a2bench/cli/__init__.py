"""The command line: one file per command, each imported only when it is called."""

import io
import os
import sys

import click

from a2bench.base.version import __version__
from a2bench.cli.commands import all_commands
from a2bench.errors import A2BenchError, UnknownNameError


class LazyGroup(click.Group):
    """Lists commands from a table and imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(all_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        command = all_commands().get(cmd_name)
        return command.load() if command else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was meant; a misspelt name gets a suggestion."""
        if args and args[0] not in all_commands() and not args[0].startswith("-"):
            raise UnknownNameError("command", args[0], all_commands())
        name, command, rest = super().resolve_command(ctx, args)
        if not {"-h", "--help"} & set(rest):  # help must be had beside a broken project file too
            from a2bench.cli.settings import project_defaults

            ctx.default_map = project_defaults(self)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in all_commands().items()])


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
