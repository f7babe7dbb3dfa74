"""``a2bench diversity``: how much the videos of a case differ from seed to seed."""

import json
from pathlib import Path

import click


@click.command("diversity")
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
def diversity_command(run: Path, as_json: bool, quiet: bool) -> int:
    """Say how much the videos of a case differ from seed to seed: LPIPS at equal times, with an interval over cases.

    0: every seed gives the same video. Needs a run with two or more seeds (`a2bench eval --seeds 0-2`). Kept in the
    cache folder and computed again only for cases whose videos changed. Exit code 3 where a case has no value.
    """
    from a2bench.show.progress import TerminalProgress
    from a2bench_metrics.diversity import diversity_of_run

    progress = TerminalProgress(-1 if quiet or as_json else 0)

    def told(case: str, done: int, total: int) -> None:
        if done:
            progress.sample(case, "", failed=False)
        else:
            progress.stage("diversity", total, 0, "cases")

    try:
        found = diversity_of_run(run, told)
    finally:
        progress.end()
    if as_json:
        document = {
            "run": str(run),
            "value": found.mean,
            "interval": found.interval,
            "scored": len(found.values),
            "unscored": len(found.cases) - len(found.values),
            "measured_now": found.measured,
            "cases": [entry.model_dump(mode="json", exclude={"key", "finished"}) for entry in found.cases],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        width = max(len(entry.case) for entry in found.cases)
        for entry in found.cases:
            value = "-" if entry.value is None else f"{entry.value:.4f}"
            text = entry.reason or ", ".join(
                f"{a}|{b} {pair.value:.4f}" for pair in entry.pairs for a, b in [pair.seeds]
            )
            left_out = (
                "" if entry.reason else "".join(f"; no seed {seed}: {why}" for seed, why in entry.missing.items())
            )
            click.echo(f"{entry.case:<{width}}  {value:>6}  {text}{left_out}")
        low_high = f" ({found.interval[0]:.4f} to {found.interval[1]:.4f})" if found.interval else ""
        mean = "-" if found.mean is None else f"{found.mean:.4f}"
        click.echo(f"{run}: diversity {mean}{low_high} over {len(found.values)} of {len(found.cases)} cases")
    return 0 if len(found.values) == len(found.cases) else 3
