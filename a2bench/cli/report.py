"""``a2bench report``: the HTML page and the tables of one or more runs."""

import json
from pathlib import Path

import click

from a2bench.errors import InputError


@click.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN [RUN...]")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Folder of the report. Default: RUN/report; for several runs ./report.",
)
@click.option(
    "--validity",
    type=click.Path(path_type=Path),
    envvar="A2BENCH_VALIDITY",
    show_envvar=True,
    help="Verdicts of your own `a2bench metrics validate`, by which metrics are marked.",
)
@click.option(
    "--beside",
    multiple=True,
    metavar="RESULT|TABLE",
    help="Show results of another suite too, marked as reported: a result file or folder, or a table of "
    "`a2bench totals --published`, such as opens2v-v1.1-open. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--open", "open_page", is_flag=True, help="Show the page in the browser.")
def report_command(
    runs: tuple[Path, ...],
    output: Path | None,
    validity: Path | None,
    beside: tuple[str, ...],
    as_json: bool,
    open_page: bool,
) -> int:
    """Write the page of one run, or of several runs of one suite side by side.

    The page opens from disk without network. Zip the folder to send it; `tables/` holds the same numbers as CSV,
    Markdown and JSON.
    """  # fmt: skip
    from a2bench.peers.published import published_tables
    from a2bench.peers.read import read_reported
    from a2bench.run.store import RunStore
    from a2bench.show.report import write_report

    if len({run.resolve() for run in runs}) < len(runs):
        raise InputError("a run is named twice; name each run once")
    tables = published_tables()
    reported = [row for name in beside for row in tables.get(name) or read_reported(Path(name))]
    folder = output or (runs[0] / "report" if len(runs) == 1 else Path("report"))
    page = write_report(list(runs), folder, validity, reported)
    stores = [RunStore(run) for run in runs]
    without = [str(run) for run, store in zip(runs, stores, strict=True) if not store.scores]
    if as_json:
        files = sorted(str(path) for path in (folder / "tables").iterdir())
        document = {"report": str(page), "tables": files, "runs": [str(run) for run in runs], "unscored_runs": without}
        click.echo(json.dumps(document, indent=2))
    else:
        for run in without:
            click.echo(f"{run} has no scores yet; `a2bench score {run}` measures its videos", err=True)
        click.echo(str(page))
    if open_page:
        click.launch(page.resolve().as_uri())
    return 0
