"""``a2bench suites pack`` and ``datasheet``: the images of a suite, and under which terms they are."""

import json
from pathlib import Path

import click

from a2bench.model.cases import load_suite


@click.command("pack")
@click.argument("suite_name", metavar="SUITE")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds the images at their paths. Default: those that were fetched.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A .zip archive, or a folder (for a hub). Default: SUITE-references.zip in this folder.",
)
@click.option("--all", "every_image", is_flag=True, help="Also the images that lie beside the suite.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def pack_command(suite_name: str, source: Path | None, output: Path | None, every_image: bool, as_json: bool) -> None:
    """Build the reference pack of a suite: its images that do not lie beside it, each with its licence and hash.

    The same images give the same bytes.
    """
    from a2bench.suites.pack import build_pack

    suite = load_suite(suite_name)
    pack = build_pack(suite, source, output or Path(f"{suite.path.stem}-references.zip"), every_image=every_image)
    size = sum(file.bytes for file in pack.manifest.files)
    if as_json:
        facts = {"path": str(pack.path), "sha256": pack.sha256, "images": len(pack.manifest.files), "bytes": size}
        click.echo(json.dumps({**facts, "manifest": pack.manifest.model_dump(mode="json")}, indent=2))
        return
    click.echo(f"{pack.path}: {len(pack.manifest.files)} images, {size / 1e6:.1f} MB, each with licence and source")
    if pack.sha256:
        click.echo(f"SHA-256 {pack.sha256}")


@click.command("datasheet")
@click.argument("suite_name", metavar="SUITE")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: SUITE.files.md.")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 when the file is not what would be written.")
def datasheet_command(suite_name: str, output: Path | None, check: bool) -> None:
    """Write the tables of a suite's datasheet: splits, licences, sources, and the terms of every image."""
    from a2bench.base.files import check_outside_of_runs, write_atomically
    from a2bench.errors import InputError
    from a2bench.suites.datasheet import datasheet_tables

    suite = load_suite(suite_name)
    path = output or suite.path.with_name(f"{suite.path.stem}.files.md")
    data = datasheet_tables(suite).encode()
    if check:
        current = path.is_file() and path.read_bytes() == data
        click.echo(
            f"{path}: {'current' if current else f'not current; type `a2bench suites datasheet {suite.address}`'}"
        )
        click.get_current_context().exit(0 if current else 1)
    try:
        check_outside_of_runs(path)
        write_atomically(path, data)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None
    click.echo(str(path))
