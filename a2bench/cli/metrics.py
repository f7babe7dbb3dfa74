"""``a2bench metrics``: list metrics, show one with its card, validate all of them against the controls."""

import json
from dataclasses import asdict
from pathlib import Path

import click


@click.group("metrics")
def metrics_group() -> None:
    """What is measured, by what, and whether it puts the controls in the right order."""


@metrics_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_command(as_json: bool) -> int:
    """List all metrics with range, direction and back-end, and what each still needs on this machine."""
    from a2bench import registry
    from a2bench.weights import unmet_needs

    infos = [(registry.load("metric", name).info, unmet_needs(name)) for name in registry.paths("metric")]
    if as_json:
        click.echo(json.dumps([{**asdict(info), "unmet": unmet} for info, unmet in infos], indent=2))
        return 0
    arrows = {"higher": "higher is better", "lower": "lower is better", "none": "an amount"}
    for info, unmet in infos:
        low, high = (
            ("-inf" if info.range[0] is None else info.range[0]),
            ("inf" if info.range[1] is None else info.range[1]),
        )
        click.echo(f"{info.name:<24} {info.group:<12} {low} to {high}, {arrows[info.direction]}; {info.title}")
        click.echo(f"{'':<24} by {info.backend}, version {info.version}")
        for reason in unmet:
            click.echo(f"{'':<24} -> {reason}")
    return 0


@metrics_group.command("show")
@click.argument("name")
def show_command(name: str) -> int:
    """Show the card of a metric: formula, source, what it cannot see, licence of its weights, calibration."""
    from a2bench import registry
    from a2bench.errors import InputError

    registry.load("metric", name)
    card = _card(name)
    if card is None:
        raise InputError(f"metric {name!r} comes without a card")
    click.echo(card.read_text(encoding="utf-8"))
    return 0


def _card(name: str) -> Path | None:
    from a2bench.data import data_dir

    for folder in (data_dir("prompts").parent / "metrics" / "cards", data_dir("prompts").parent / "cards"):
        if (folder / f"{name}.md").is_file():
            return folder / f"{name}.md"
    return None
