"""``a2bench cache``: what features take on disk, and how to get the room back."""

import json

import click

from a2bench.cli.numbers import FiniteRange


@click.group("cache")
def cache_group() -> None:
    """Features kept on disk, so that new metrics decode nothing. Removing them loses no result, only time."""


@cache_group.command("show")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def show_command(as_json: bool) -> int:
    """Say where the features are and how much they take."""
    from a2bench.features.store import open_store

    store = open_store()
    size = store.size()
    if as_json:
        document = {"folder": str(store.folder), "entries": size.entries, "bytes": size.bytes, "limit": store.max_bytes}
        click.echo(json.dumps(document, indent=2))
        return 0
    click.echo(f"{store.folder}: {size.entries} entries, {size.bytes / 1e9:.2f} GB of {store.max_bytes / 1e9:g} GB")
    click.echo("another limit: --feature-cache GB or A2BENCH_FEATURE_CACHE; another place: A2BENCH_CACHE")
    return 0


@cache_group.command("prune")
@click.option("--to", "gigabytes", type=FiniteRange(min=0), required=True, metavar="GB", help="What may remain.")
def prune_command(gigabytes: float) -> int:
    """Remove what was not used for longest until the rest fits; `--to 0` removes everything."""
    from a2bench.features.store import open_store

    store = open_store()
    freed = store.prune(int(gigabytes * 1e9))
    click.echo(f"{freed / 1e9:.2f} GB freed, {store.size().bytes / 1e9:.2f} GB remain in {store.folder}")
    return 0
