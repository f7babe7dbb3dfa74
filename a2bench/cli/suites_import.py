"""``a2bench suites import``: others' sets, and one's own table, become suites."""

import json
from pathlib import Path

import click

from a2bench.errors import InputError


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_name", type=click.Choice(["opens2v", "a2-bench", "csv"]), required=True, help="What SOURCE is."
)
@click.option("--images", type=click.Path(file_okay=False, path_type=Path), help="Folder that holds the images.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True, help="New folder.")
@click.option("--name", help="Name of the suite. Default: the name of the list of cases.")
@click.option("--field", "given_fields", multiple=True, metavar="OURS=THEIRS", help="prompt=caption; may be repeated.")
@click.option("--phrases", type=click.Path(dir_okay=False, path_type=Path), help="Phrases that you filled in.")
@click.option("--skip", is_flag=True, help="Leave out records that cannot become cases.")
@click.option("--licence", default="", help="Licence of all images, for the catalogue.")
@click.option("--attribution", default="", help="Whom to name for all images.")
@click.option("--source", "origin", default="", help="Where all images come from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def import_command(
    ctx: click.Context,
    source: Path,
    format_name: str,
    images: Path | None,
    output: Path,
    name: str | None,
    given_fields: tuple[str, ...],
    phrases: Path | None,
    skip: bool,
    licence: str,
    attribution: str,
    origin: str,
    as_json: bool,
) -> None:
    """Turn another set into a suite: OpenS2V-Eval, A2-Bench, or a table of your own (csv).

    SOURCE is the list of cases, or a folder with one. Prompts stay word for word; images are copied and hashed; the
    suite is checked. Exit code 0 when every record became a case and nothing is wrong, 2 otherwise.
    """
    from a2bench.suites.check import check_suite_file
    from a2bench.suites.formats import READERS, find_list
    from a2bench.suites.importing import Terms, read_phrases, write_suite

    cases = find_list(source, format_name)
    fields = dict(_pair(text) for text in given_fields)
    result = write_suite(
        READERS[format_name](cases, fields),
        images or cases.parent,
        output,
        name or cases.stem.casefold(),
        Terms(licence, attribution, origin),
        read_phrases(phrases) if phrases else {},
        skip=skip,
    )
    check = check_suite_file(str(result.path), look=False)
    if as_json:
        document = {"suite": str(result.path), "imported": result.imported, "left_out": result.problems}
        click.echo(json.dumps({**document, "check": check.to_json()}, indent=2, ensure_ascii=False))
    else:
        for where, problem in result.problems.items():
            click.echo(f"  left out  {where}: {problem}")
        for finding in check.findings:
            click.echo(f"  {finding.severity}  {finding.case + ': ' if finding.case else ''}{finding.message}")
        click.echo(f"{result.path}: {result.imported} cases, {len(result.problems)} records left out")
        if result.phrases_file:
            click.echo(f"to have them too, fill in {result.phrases_file} and give it with --phrases")
    if result.problems or not check.ok:
        ctx.exit(2)


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not equals or not ours or not theirs:
        raise InputError(f"--field {text!r} is not OURS=THEIRS, such as --field prompt=caption")
    return ours, theirs
