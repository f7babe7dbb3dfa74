"""``a2bench suites``: list, show and check suites of cases."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from a2bench.cli.suites_data import datasheet_command, pack_command
from a2bench.cli.suites_fetch import fetch_command
from a2bench.cli.suites_import import import_command
from a2bench.cli.suites_versions import diff_command, version_command
from a2bench.errors import CaseError, InputError
from a2bench.model.cases import Element, Role, Suite, load_suite, suite_paths

if TYPE_CHECKING:
    from a2bench.suites.check import SuiteCheck
    from a2bench.suites.finding import Finding

_COLOURS: dict[Role, str] = {"character": "blue", "object": "yellow", "background": "green"}


@click.group()
def suites_group() -> None:
    """List, show, check, pack and fetch suites of cases.

    A suite is the name of a built-in one or the path of a .jsonl file with a folder `references` beside it. NAME:dev is
    the split `dev` of a suite, NAME:open the cases that need nothing fetched, NAME:short its cases in short words,
    NAME:pt its cases in Portuguese; NAME:dev:open is both.
    """


for _command in (pack_command, fetch_command, import_command, version_command, diff_command, datasheet_command):
    suites_group.add_command(_command)


@suites_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """List the suites that come with A2Bench."""
    rows = [_list_row(name, path) for name, path in suite_paths().items()]
    if as_json:
        _echo_json({"suites": rows})
        return
    width = max((len(row["suite"]) for row in rows), default=0)
    for row in rows:
        text = row.get("error") or (
            f"{row['cases']:>4} cases, {row['open']['cases']:>3} open  version {row['version']}  "
            f"revision {row['revision']}"
        )
        click.echo(f"{row['suite']:<{width}}  {text}")
    click.echo("\nSee one with `a2bench suites show NAME`. Open cases need nothing fetched: NAME:open.")


def _list_row(name: str, path: Path) -> dict[str, Any]:
    from a2bench.suites.balance import open_counts
    from a2bench.suites.header import read_header

    try:
        suite, header = load_suite(name), read_header(path)
        open_part = open_counts(suite)
    except CaseError as error:
        return {"suite": name, "path": str(path), "error": str(error)}
    facts = {"cases": len(suite.cases), "version": header.version if header else None, "revision": suite.revision}
    splits = dict(Counter(case.split for case in suite.cases if case.split))
    return {"suite": name, "path": str(path), **facts, "splits": splits, "open": open_part}


@suites_group.command("show")
@click.argument("suite_name", metavar="SUITE")
@click.option("--case", "case_ids", metavar="ID", multiple=True, help="Only this case; may be repeated.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Contact sheet, a .jpg or .png. Default: SUITE.jpg in this folder; with --json none.",
)
@click.option(
    "--balance",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also draw elements and tags by split into this .png.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(
    suite_name: str, case_ids: tuple[str, ...], output: Path | None, balance: Path | None, as_json: bool
) -> None:
    """Show the cases of a suite, and draw them on a contact sheet."""
    from a2bench.suites.fetch import missing_images
    from a2bench.suites.sources import remedy

    suite = load_suite(suite_name)
    shown = suite.select(case_ids or None)
    if missing := missing_images(shown):
        click.echo(f"{_number(len(missing), 'image')} not here; {remedy(suite, missing)}", err=True)
    if output is None and not as_json:
        from a2bench.suites.contact_sheet import is_contact_sheet

        output = Path(f"{suite.file_name}.jpg")
        if output.exists() and not is_contact_sheet(output):
            raise InputError(f"{output} is there already and is no contact sheet of ours; name another file with -o")
    if output:
        from a2bench.suites.contact_sheet import write_contact_sheet

        write_contact_sheet(suite, output, case_ids)
    if balance:
        from a2bench.suites.balance import write_balance

        write_balance(shown, balance)
    if as_json:
        _echo_json(_overview(suite.revision, shown, output))
        return
    _echo_overview(suite.revision, shown)
    click.echo(f"\nContact sheet: {output}")
    if balance:
        click.echo(f"Balance: {balance}")


def _overview(revision: str, suite: Suite, output: Path | None) -> dict[str, Any]:
    from a2bench.suites.balance import open_counts, suite_balance

    balance = suite_balance(suite)
    return {
        "suite": suite.name,
        "path": str(suite.path),
        "revision": revision,
        "num_cases": len(suite.cases),
        "open": open_counts(suite),
        "elements": {name: sum(counts.values()) for name, counts in balance["elements"].items()},
        "tags": {name: sum(counts.values()) for name, counts in balance["tags"].items()},
        "balance": balance,
        "contact_sheet": str(output) if output else None,
        "cases": [case.model_dump(mode="json") for case in suite.cases],
    }


def _echo_overview(revision: str, suite: Suite) -> None:
    from a2bench.suites.balance import balance_lines, composition

    elements = [element for case in suite.cases for element in case.elements]
    different = {element.reference.sha256 for element in elements}
    click.echo(click.style(suite.name, bold=True) + f"  revision {revision}")
    click.echo(f"{suite.path}")
    click.echo(f"{_number(len(suite.cases), 'case')} with {_number(len(elements), 'element')}, ", nl=False)
    click.echo(f"{_number(len(different), 'different reference')}")
    for line in balance_lines(suite):
        click.echo(line)
    click.echo("\nCases")
    for case in suite.cases:
        click.echo(f"  {click.style(case.id, bold=True)}  ({composition(case)})")
        click.echo(click.wrap_text(case.prompt, 100, "    ", "    "))
        for name, element in case.named_elements():
            click.echo(_element_line(name, element))


def _element_line(name: str, element: Element) -> str:
    views = f" (+ {_number(len(element.second_views), 'held-out view')})" if element.second_views else ""
    label = click.style(f"{name:<12}", fg=_COLOURS[element.role])
    return f"      {label} {element.phrase}: {element.reference.file}{views}"


@suites_group.command("check")
@click.argument("suite_name", metavar="[SUITE]", required=False)
@click.option("--all", "check_all", is_flag=True, help="Check every built-in suite; so does naming none.")
@click.option("--no-looks", is_flag=True, help="Let no network look at images; faster.")
@click.option("--save-looks", is_flag=True, help="Keep what networks saw in SUITE.looks.safetensors beside the suite.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check_command(
    ctx: click.Context, suite_name: str | None, check_all: bool, no_looks: bool, save_looks: bool, as_json: bool
) -> None:
    """Check a suite: its file and version, every image, licences, words, splits, faces and look-alikes.

    Exit code 0 when there is no error (warnings may be), 2 when there is one.
    """
    from a2bench.suites.check import check_suite_file

    if suite_name and check_all:
        raise click.UsageError("expected one suite or --all, got both; leave one out")
    names = [suite_name] if suite_name else list(suite_paths())
    checks = [check_suite_file(name, look=not no_looks, save_looks=save_looks) for name in names]
    if as_json:
        _echo_json({"ok": all(check.ok for check in checks), "suites": [check.to_json() for check in checks]})
    else:
        for check in checks:
            _echo_check(check)
    if not all(check.ok for check in checks):
        ctx.exit(2)


def _echo_check(check: "SuiteCheck") -> None:
    from a2bench.suites.balance import open_line

    click.echo(
        f"{click.style(check.suite, bold=True)}: checked the schema, {_number(check.num_cases, 'case')} and "
        f"{_number(check.num_images, 'image')} (version, hashes, sizes, licences, cut-outs, words, "
        "names, splits, faces, look-alikes)"
    )
    if check.open_counts:
        click.echo(f"  {open_line(check.open_counts, check.num_cases)}")
    for finding in check.findings:
        click.echo(_finding_line(finding))
    verdict = click.style("ok", fg="green") if check.ok else click.style("not usable", fg="red")
    errors, warnings = _number(len(check.errors), "error"), _number(len(check.warnings), "warning")
    click.echo(f"{check.suite}: {verdict}, {errors}, {warnings}")


def _finding_line(finding: "Finding") -> str:
    severity = click.style(finding.severity, fg="red" if finding.severity == "error" else "yellow")
    where = f"{finding.case}: " if finding.case else ""
    return f"  {severity}  {where}{finding.message}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _echo_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
