"""``a2bench cost``: seconds, memory and money that the videos of runs took."""

import json
from pathlib import Path

import click

from a2bench.cli.numbers import FiniteRange


@click.command("cost")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN [RUN...]")
@click.option("--price-per-hour", type=FiniteRange(min=0), help="Of what one worker runs on, in any currency.")
@click.option("--price-per-call", type=FiniteRange(min=0), help="Of one call of a paid interface.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def cost_command(
    runs: tuple[Path, ...], price_per_hour: float | None, price_per_call: float | None, as_json: bool
) -> int:
    """Say what the videos of runs cost: seconds and peak memory of a worker, and the price per video.

    Read from the runs' records; the time of samples that failed counts too. It depends on the machine, so it stands
    in no table of scores.
    """
    from a2bench.results.run import Run
    from a2bench.run.cost import cost

    found = {str(run): cost(Run.open(run).samples.values(), price_per_hour, price_per_call) for run in runs}
    if as_json:
        document = {run: entry.document() for run, entry in found.items()}
        click.echo(json.dumps(document, indent=2))
        return 0
    for run, entry in found.items():
        parts = [
            f"{entry.videos} video{'s' * (entry.videos != 1)}" + (f", {entry.failed} failed" if entry.failed else "")
        ]
        if entry.seconds_per_video is not None:
            parts.append(f"{entry.seconds_per_video:.1f} s each")
        parts += [f"{kind} {size / 1e9:.2f} GB at most" for kind, size in entry.peak_memory.items()]
        if entry.price_per_video is not None:
            parts.append(f"{entry.price_per_video:.4f} per video")
        click.echo(f"{run}: {'; '.join(parts)}")
    return 0
