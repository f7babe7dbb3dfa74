"""``a2bench totals``: results of other suites, and a run by their definitions, each total beside what it is made of."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from a2bench.peers.reported import Reported
    from a2bench.results.run import Run


@click.command("totals")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN|RESULT]...")
@click.option("--published", is_flag=True, help="The tables that the other suites have published.")
@click.option("--system", help="Name of the system that a result file is of.")
@click.option("--board", type=click.Choice(["open", "human", "single"]), help="Board of OpenS2V-Eval, if not known.")
@click.option("--dimensions", is_flag=True, help="Show every dimension beside the totals.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def totals_command(
    paths: tuple[Path, ...], published: bool, system: str | None, board: str | None, dimensions: bool, as_json: bool
) -> int:
    """Totals of A2Bench, OpenS2V-Eval, VBench and A2-Bench, by their own definitions.

    RUN is a run of ours: its summary, and the others' totals as far as its metrics are theirs. RESULT is a result file
    or folder of another suite, reported and not measured here: its totals are computed again, beside what it prints. A
    total is given only where all its dimensions are there.
    """
    from a2bench.errors import InputError
    from a2bench.peers.published import published_tables
    from a2bench.peers.read import read_reported

    if not paths and not published:
        raise InputError("name a run, or a result file or folder of another suite, or type: a2bench totals --published")
    rows = [row for table in published_tables().values() for row in table] if published else []
    own: dict[str, tuple[Run, list[dict[str, Any]]]] = {}
    for path in paths:
        if (path / "run.json").is_file():
            own[str(path)] = _totals_of_run(path)
        else:
            rows += read_reported(path, system, board)
    if as_json:
        runs = {
            name: {"summary": [row.document() for row in run.totals], "others": others}
            for name, (run, others) in own.items()
        }
        document = {"schema": 1, "runs": runs, "reported": [row.document() for row in rows]}
        click.echo(json.dumps(document, indent=2))
        return 0
    for name, (run, others) in own.items():
        for line in _run_lines(name, run, others):
            click.echo(line)
    for line in reported_lines(rows, dimensions):
        click.echo(line)
    return 0


def _totals_of_run(path: Path) -> tuple["Run", list[dict[str, Any]]]:
    """A run, and its totals by the definitions of other suites."""
    from a2bench.peers.own import Measured, totals_of_run
    from a2bench.results.run import Run
    from a2bench.results.validity_file import known_validity

    run = Run.open(path, known_validity(None))
    means = {
        row.name: Measured(row.facts.backend, row.summary.mean, row.summary.scored, row.summary.total)
        for row in run.metrics
    }
    return run, totals_of_run(means)


def _run_lines(name: str, run: "Run", others: list[dict[str, Any]]) -> Iterator[str]:
    from a2bench.show.totals import totals_text

    yield f"{name}: measured here"
    yield totals_text(run.totals)
    for suite in others:
        for total in suite["totals"].values():
            lacking = len(total["missing"])
            yield f"  {total['name']:<24} {_text(total['value']):>8}" + (f"  {lacking} missing" if lacking else "")
        for dimension, value in suite["dimensions"].items():
            reason = suite["reasons"].get(dimension, "")
            yield f"    {suite['titles'][dimension]:<24} {_text(value):>6}  {reason}".rstrip()
    yield ""


def reported_lines(rows: Iterable["Reported"], dimensions: bool = False) -> Iterator[str]:
    """One table per suite and source, for a terminal."""
    from a2bench.base.text import one_line

    groups: dict[tuple[str, str], list[Reported]] = {}
    for row in rows:
        groups.setdefault((row.suite.title, row.source), []).append(row)
    for (title, source), group in groups.items():
        suite = group[0].suite
        yield f"{title} ({suite.unit}): reported, not measured here. Source: {source}"
        head = ["system"]
        for key in suite.totals:
            head += [key, "printed"]
        head += [*suite.dimensions] if dimensions else []
        body = [[one_line(row.system), *_cells(row.document(), dimensions)] for row in group]
        widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
        for line in [head, *body]:
            first, *others = (
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            yield "  ".join(["", first, *others]).rstrip()
        yield from dict.fromkeys(f"  {one_line(remark)}" for row in group for remark in _remarks(row.document()))
        yield ""


def _cells(row: dict[str, Any], dimensions: bool) -> list[str]:
    cells = []
    for total in row["totals"].values():
        cells += [_text(total["value"]), _text(total["published"])]
    return cells + ([_text(value) for value in row["dimensions"].values()] if dimensions else [])


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if abs(value) < 2 else f"{value:.2f}"


def _remarks(row: dict[str, Any]) -> Iterator[str]:
    for total in row["totals"].values():
        if total["missing"]:
            yield f"{row['system']}: no {total['name']}, missing: {', '.join(total['missing'])}"
    partly = [f"{key} {n}" for key, n in row["scored"].items() if row["items"] and 0 < n < row["items"]]
    if partly:
        yield f"{row['system']}: of {row['items']} items are scored: {', '.join(partly)}"
    yield from row["notes"]
