"""``a2bench weights``: list, fetch and verify the weights behind the metrics."""

import json

import click


@click.group("weights")
def weights_group() -> None:
    """The weights behind the metrics: where they come from, whether they are here, and what they permit."""


@weights_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_command(as_json: bool) -> int:
    """List all weights with source, size, licence, and whether they are on this machine."""
    from a2bench.weights import manifest

    entries = list(manifest().values())
    if as_json:
        here = [{**entry.model_dump(), "here": entry.path is not None, "remedy": entry.remedy} for entry in entries]
        click.echo(json.dumps(here, indent=2))
        return 0
    for entry in entries:
        state = "here   " if entry.path else "missing"
        use = "commercial use permitted" if entry.commercial_use else "NOT for commercial use"
        click.echo(f"{state}  {entry.name:<22} {entry.bytes / 1e6:8.1f} MB  {entry.what}")
        click.echo(f"         {entry.source}; {entry.licence}, {use}")
        if not entry.path:
            click.echo(f"         -> {entry.remedy}")
    return 0


@weights_group.command("fetch")
@click.argument("names", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask before downloading.")
def fetch_command(names: tuple[str, ...], yes: bool) -> int:
    """Fetch weights from their hub, resumable and verified; without NAMES all that are missing."""
    from a2bench.weights import fetch, manifest, weights_file

    entries = [weights_file(name) for name in names] or [e for e in manifest().values() if e.path is None]
    wanted = [entry for entry in entries if entry.path is None]
    for entry in entries:
        if entry not in wanted:
            click.echo(f"{entry.name} is here already")
    for entry in wanted:
        click.echo(f"{entry.name}: {entry.bytes / 1e6:.0f} MB from {entry.source}, licence {entry.licence}")
    if wanted and not yes:
        click.confirm(f"fetch {sum(entry.bytes for entry in wanted) / 1e6:.0f} MB?", abort=True, err=True)
    for entry in wanted:
        click.echo(f"{entry.name}: {fetch(entry)}")
    return 0


@weights_group.command("verify")
@click.argument("names", nargs=-1)
def verify_command(names: tuple[str, ...]) -> int:
    """Hash the weights that are on this machine and compare with the manifest."""
    from a2bench.errors import WeightsError
    from a2bench.weights import manifest, verified_weights, weights_file

    altered = 0
    for entry in [weights_file(name) for name in names] or list(manifest().values()):
        if entry.path is None:
            click.echo(f"missing  {entry.name}  -> {entry.remedy}")
            continue
        try:
            verified_weights(entry.name)
        except WeightsError as error:
            altered += 1
            click.echo(f"ALTERED  {error}")
        else:
            click.echo(f"ok       {entry.name}")
    return 1 if altered else 0
