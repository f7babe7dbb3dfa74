"""``a2bench metrics``: list metrics, show one with its card, validate all of them against the controls."""

import json
from dataclasses import asdict
from pathlib import Path

import click

_output = click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    default=Path("runs/controls"),
    show_default=True,
    help="Folder for the runs of controls and real clips; runs that are there are resumed.",
)
_workers = click.option(
    "--workers", "-j", type=click.IntRange(min=0), default=0, help="Worker processes; 0 is one per core."
)


@click.group("metrics")
def metrics_group() -> None:
    """What is measured, by what, and whether it puts the controls in the right order."""


@metrics_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_command(as_json: bool) -> int:
    """List all metrics with range, direction and back-end, and what each still needs on this machine."""
    from a2bench.assets.extras import spoken
    from a2bench.assets.weights import unmet_needs
    from a2bench.base import registry

    infos = [(registry.load("metric", name).info, unmet_needs(name)) for name in registry.paths("metric")]
    if as_json:
        click.echo(json.dumps([{**asdict(info), "unmet": unmet} for info, unmet in infos], indent=2))
        return 0
    from a2bench.base.wrapping import wrapped

    arrows = {"higher": "higher is better", "lower": "lower is better", "none": "an amount"}
    for info, unmet in infos:
        low, high = (
            ("-inf" if info.range[0] is None else info.range[0]),
            ("inf" if info.range[1] is None else info.range[1]),
        )
        asked = "default" if info.default else "by name"
        click.echo(f"{info.name:<24} {asked}  {info.group:<12} {low} to {high}, {arrows[info.direction]}")
        facts = [
            f"{info.title}; by {info.backend}, version {info.version}",
            *(f"-> {spoken(reason)}" for reason in unmet),
        ]
        for line in (line for fact in facts for line in wrapped(fact, " " * 25)):
            click.echo(line)
    count = sum(info.default for info, _ in infos)
    click.echo(
        f"{count} of {len(infos)} are measured by default, the others when they are named (--metrics default,NAME)"
    )
    return 0


@metrics_group.command("show")
@click.argument("name")
def show_command(name: str) -> int:
    """Show the card of a metric: formula, source, what it cannot see, licence of its weights, calibration, changes."""
    from a2bench.base import registry
    from a2bench.base.changes import changes_of
    from a2bench.base.data import data_file
    from a2bench.errors import InputError

    info = registry.load("metric", name).info
    card = data_file("metrics", "cards", f"{name}.md")
    if card is None:
        raise InputError(f"metric {name!r} comes without a card")
    click.echo(card.read_text(encoding="utf-8"))
    if info.touched_by:
        click.echo(f"Runs that differ in {' or '.join(info.touched_by)} differ in it by that alone.")
    for change in changes_of([("metric", name)]):
        click.echo(f"version {change['version']}, {change['date']}: {change['what']}")
        click.echo(f"comparable with the version before? {change['comparable']}")
    return 0


@metrics_group.command("template")
def template_command() -> None:
    """Print a working metric to start from: `a2bench metrics template > my_metric.py`."""
    path = Path(__file__).parent.parent / "validation" / "metric_template.py"
    click.echo(path.read_text(encoding="utf-8"), nl=False)


@metrics_group.command("check")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, with the numbers that were found.")
def check_command(name: str | None, as_json: bool) -> int:
    """Check the metric NAME or MODULE:CLASS on a few drawn videos; exit code 0 if it keeps all promises, else 1.

    Without a name: show every network one fixed picture and compare what comes out with its golden value. That finds
    what a hash cannot: another activation, swapped colours, a wrong pack, a runtime that fell back. Exit code 2 when a
    network differs or does not run.
    """
    return _check_networks(as_json) if name is None else _check_metric(name, as_json)


def _check_metric(name: str, as_json: bool) -> int:
    from a2bench.adapters.conformance import passed
    from a2bench.cli.systems import tell_checks
    from a2bench.validation.metric_conformance import check_metric

    checks = tell_checks(check_metric(name), "metric", name, as_json)
    return 0 if passed(checks) else 1


def _check_networks(as_json: bool) -> int:
    from a2bench.assets.golden import check_golden

    words = {
        "ok": "ok      ",
        "differs": "DIFFERS ",
        "unrecorded": "-       ",
        "missing": "missing ",
        "unprobed": "-       ",
        "failed": "FAILED  ",
    }
    checks = []
    for check in check_golden():
        checks.append(check)
        if not as_json:
            click.echo(f"{words[check.status]}  {check.weights:<22} by {check.by:<20} {check.text}")
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], indent=2))
    wrong = [check for check in checks if check.status in ("differs", "failed")]
    if wrong:
        names = ", ".join(dict.fromkeys(check.weights for check in wrong))
        click.echo(f"do not trust scores made with {names} on this machine", err=True)
    return 2 if wrong else 0


@metrics_group.command("validate")
@click.option("--suite", default="a2bench-mini", show_default=True, help="Suite that the controls are run over.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N cases.")
@click.option("--metrics", "names", help="Only these metrics: names separated by commas. Default: all.")
@_output
@_workers
@click.option(
    "--real-clips",
    "media",
    metavar="DIR|none",
    envvar="A2BENCH_REAL_CLIPS",
    help="Folder with videos/ and references/ and their catalogues. Default: ../shared/media if it is there.",
)
@click.option(
    "--save", type=click.Path(path_type=Path), help="File of verdicts for reports. Default: OUTPUT/validity.json."
)
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables to this file too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def validate_command(
    suite: str,
    limit: int | None,
    names: str | None,
    output: Path,
    workers: int,
    media: str | None,
    save: Path | None,
    markdown: Path | None,
    as_json: bool,
) -> int:
    """Run all controls and say of every metric whether it puts them in the right order, with intervals.

    Where there is a folder of real clips, the consistency metrics must also score the references that a clip shows
    above others.

    Exit code 0 when no expectation is broken, 1 when one is, 3 when samples failed. A metric that measured nothing (its
    weights are not here) is said to be not checked. Reports mark metrics by the file of verdicts that is given to them
    with `--validity FILE`, or else by the one that comes with A2Bench.
    """
    from dataclasses import replace

    from a2bench.base.files import check_outside_of_runs, write_atomically
    from a2bench.cli.eval import metric_names
    from a2bench.cli.validity_text import validity_lines, validity_markdown, verdict_document
    from a2bench.results.validity_file import FILE_NAME, write_validity
    from a2bench.show.progress import TerminalProgress
    from a2bench.validation.real_clips import consistency_metrics, run_real_clips
    from a2bench.validation.validate import run_controls

    for place in filter(None, (output, save, markdown)):
        check_outside_of_runs(place)
    wanted = metric_names(names or "all")
    progress = TerminalProgress(-1 if as_json else 0)
    clips = _clips_folder(media) if consistency_metrics(wanted) else None
    runs = run_controls(suite, limit, wanted, output, workers, progress)
    if clips:
        runs = replace(runs, real_clips=run_real_clips(clips, limit, wanted, output, workers, progress))
    saved = save or output / FILE_NAME
    write_validity(saved, runs.file())
    if markdown:
        markdown.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(markdown, validity_markdown(runs).encode())
    if as_json:
        click.echo(json.dumps(verdict_document(runs), indent=2))
    else:
        for line in validity_lines(runs):
            click.echo(line)
        click.echo(f"\nverdicts for reports: {saved}")
    if not runs.complete or (runs.real_clips and not runs.real_clips.complete):
        return 3
    broken = any(verdict.interval and not verdict.met for verdict in runs.verdicts)
    return 1 if broken or (runs.real_clips and runs.real_clips.broken) else 0


@metrics_group.command("real-clips")
@click.argument("media", required=False, envvar="A2BENCH_REAL_CLIPS", metavar="[DIR]")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N clips.")
@click.option("--metrics", "names", help="Only these metrics: names separated by commas. Default: all for consistency.")
@_output
@_workers
@click.option("--markdown", is_flag=True, help="A table in Markdown on stdout.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def real_clips_command(
    media: str | None, limit: int | None, names: str | None, output: Path, workers: int, markdown: bool, as_json: bool
) -> int:
    """Do the consistency metrics tell what a real clip shows from what it does not? A part of `validate`.

    DIR (default: ../shared/media) holds videos/ and references/, each with a catalogue.csv; the column
    matching_references of the videos names the references that a clip shows, separated by semicolons.
    """
    from a2bench.base.files import check_outside_of_runs
    from a2bench.cli.eval import metric_names
    from a2bench.cli.validity_text import clips_document, clips_lines, clips_markdown
    from a2bench.errors import InputError
    from a2bench.show.progress import TerminalProgress
    from a2bench.validation.real_clips import consistency_metrics, run_real_clips

    wanted = consistency_metrics(metric_names(names or "all"))
    if not wanted:
        raise InputError(f"real clips say nothing of {names}; name metrics of the consistency of elements, or none")
    check_outside_of_runs(output)
    folder = _clips_folder(media)
    if folder is None:
        raise InputError("no real clips at ../shared/media; name a folder with videos/ and references/")
    found = run_real_clips(folder, limit, wanted, output, workers, TerminalProgress(-1 if as_json else 0))
    if as_json:
        click.echo(json.dumps(clips_document(found), indent=2))
    else:
        for line in clips_markdown(found) if markdown else clips_lines(found):
            click.echo(line)
    return 3 if not found.complete else 1 if found.broken else 0


def _clips_folder(given: str | None) -> Path | None:
    """The folder of real clips, or None: none are wanted, or none were named and none are where they are looked for."""
    from a2bench.suites.real_clips import media_folder

    return None if given == "none" else media_folder(Path(given) if given else None)
