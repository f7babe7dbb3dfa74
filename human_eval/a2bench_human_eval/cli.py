"""``a2bench rate``: studies in which people rate videos, from runs to results."""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from a2bench.cli.asking import ask_or_stop
from a2bench.cli.numbers import FiniteRange
from a2bench.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from a2bench.statistics.vote_simulation import Design, World
    from a2bench_human_eval.rubric import Rubric
    from a2bench_human_eval.votes_table import Table

DEFAULT_DATABASE = "studies/studies.db"
DEMO_SYSTEMS = ("collage", "slideshow", "blur")

_database = click.option(
    "--database", "-d", envvar="A2BENCH_DATABASE", show_envvar=True, default=DEFAULT_DATABASE, show_default=True,
    help="File of an SQLite database, or postgresql://USER@HOST/NAME for a team.",
)  # fmt: skip
_study = click.option("--study", "-s", help="Name of the study; not needed when there is only one.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.group("rate")
def rate_group() -> None:
    """Let people rate videos in a browser, and turn their votes into numbers that hold."""


@rate_group.command("create")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", "-n", required=True, help="Name of the study: small letters, digits, - and _.")
@click.option("--protocol", type=click.Choice(["pairwise", "rating"]), default="pairwise", show_default=True)
@click.option("--votes", "votes_per_task", type=int, help="Raters per pair (or video).")
@click.option("--ballots", "ballots_per_rater", type=int, help="Ballots per rater.")
@click.option("--size", help="WIDTHxHEIGHT of all clips.")
@click.option("--set", "more", multiple=True, metavar="KEY=VALUE", help="Any other setting, such as check_every=12.")
@_database
@_json
def create_command(runs: tuple[Path, ...], database: str, more: tuple[str, ...], size: str | None, as_json: bool,
                   **given: Any) -> None:  # fmt: skip
    """Make a study from two or more runs: clips that look alike, pairs, checks, training."""
    from a2bench_human_eval.design import create_study
    from a2bench_human_eval.settings import study_settings

    values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if size:
        values["width"], x, values["height"] = size.partition("x")
        if not x:
            raise InputError(f"--size {size!r} is not WIDTHxHEIGHT, such as 832x480")
    for pair in more:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--set {pair!r} is not KEY=VALUE, such as --set check_every=12")
        values[key] = value
    settings = study_settings(**values)
    engine = _engine(database)
    with _bar("clips") as progress:
        study = create_study(engine, settings, runs, _media_folder(database), progress)
    if as_json:
        click.echo(json.dumps({"study": study.name, "database": database, "media": study.media}))
    else:
        click.echo(f"study {study.name!r} is ready; next: a2bench rate invite -d {database} -s {study.name} --count 10")


@rate_group.command("invite")
@_database
@_study
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many raters.")
@click.option(
    "--contacts", type=click.Path(path_type=Path), help="A text file, one person a line, kept apart from votes."
)
@click.option("--url", default="http://127.0.0.1:8501", show_default=True, help="Where raters reach the server.")
@_json
def invite_command(
    database: str, study: str | None, count: int, contacts: Path | None, url: str, as_json: bool
) -> None:
    """Make links for raters; each is shown once, and only its hash is stored."""
    from a2bench_human_eval.database import writing
    from a2bench_human_eval.raters import invite_raters

    people = _lines(contacts) if contacts else []
    engine, name = _open(database, study)
    with writing(engine, name) as (session, row):
        invites = invite_raters(session, row, len(people) or count, people)
    links = [{"rater": invite.code, "link": f"{url.rstrip('/')}/enter/{invite.token}"} for invite in invites]
    if as_json:
        click.echo(json.dumps(links, indent=1))
        return
    for link in links:
        click.echo(f"{link['rater']}  {link['link']}")


@rate_group.command("serve")
@_database
@_study
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option(
    "--allow-host", "hosts", multiple=True, help="A name under which raters reach the server; may be repeated."
)
@click.option("--admin", is_flag=True, help="Open the organiser's page; prints its password.")
def serve_command(database: str, study: str | None, host: str, port: int, hosts: tuple[str, ...], admin: bool) -> None:
    """Serve the study's pages until Ctrl-C; what was voted is stored at once, so it may be stopped at any moment."""
    _serve(database, _open(database, study)[1], host, port, hosts, admin)


@rate_group.command("status")
@_database
@_study
@_json
def status_command(database: str, study: str | None, as_json: bool) -> None:
    """Say how far the study is, how raters do, and whether the log fits the votes."""
    from a2bench_human_eval.database import reading
    from a2bench_human_eval.status import study_status

    engine, name = _open(database, study)
    with reading(engine, name) as (session, row):
        status = study_status(session, row)
    click.echo(json.dumps(status, indent=1) if as_json else _status_text(status))


@rate_group.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@_database
@_study
def export_command(folder: Path, database: str, study: str | None) -> None:
    """Write votes (Parquet, CSV, JSON) with pseudonyms, and results (JSON), into FOLDER."""
    from a2bench_human_eval.export import export_votes

    table, rubric = _table(database, study)
    from a2bench_human_eval.analysis import analyse

    for path in export_votes(table, folder, analyse(table, rubric)):
        click.echo(str(path))


@rate_group.command("analyze")
@_database
@_study
@click.option(
    "--runs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Runs of the same systems: says which metrics prefer what people prefer. May be repeated.",
)
@_json
def analyze_command(database: str, study: str | None, runs: tuple[Path, ...], as_json: bool) -> None:  # fmt: skip
    """Ratings with intervals, ranks, agreement, checks; and with --runs, metrics against people."""
    from a2bench_human_eval.analysis import analyse
    from a2bench_human_eval.results_text import results_text

    table, rubric = _table(database, study)
    results = analyse(table, rubric)
    if runs:
        from a2bench_human_eval.metrics_and_people import metrics_and_people

        metrics = metrics_and_people(table, runs, rubric.primary)
        results = results.model_copy(update={"metrics": tuple(metrics)})
    click.echo(json.dumps(results.document(), indent=1, allow_nan=False) if as_json else results_text(results))


@rate_group.command("simulate")
@_database
@_study
@click.option("--raters", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--ballots", type=click.IntRange(min=1), help="Ballots of each; default: until done.")
@click.option("--truth", metavar="NAME=LOGIT,...", help="Qualities of the systems; default: one logit apart, in order.")
@click.option(
    "--random-raters", type=FiniteRange(0, 1), default=0.0, show_default=True, help="Share that clicks anything."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--studies", type=click.IntRange(min=10), help="Only say how this many studies of this design would come out."
)
def simulate_command(
    database: str,
    study: str | None,
    raters: int,
    ballots: int | None,
    truth: str | None,
    random_raters: float,
    seed: int,
    studies: int | None,
) -> None:
    """Fill a study with simulated raters of known taste, to see whether its results recover it.

    With --studies the study stays as it is, and a table says how often studies like it find the true order and how
    often their intervals hold the truth.
    """
    from sqlalchemy import select

    from a2bench_human_eval.database import reading
    from a2bench_human_eval.simulation import Truth, simulate_raters, study_design
    from a2bench_human_eval.tables import StudySystem

    engine, name = _open(database, study)
    with reading(engine, name) as (session, row):
        systems = session.scalars(
            select(StudySystem.name).where(StudySystem.study_id == row.id).order_by(StudySystem.id)
        )
        quality = {system: -float(place) for place, system in enumerate(systems)}
    quality |= _truth(truth, set(quality))
    truth_of_all = Truth(quality, random_raters=random_raters)
    if studies is not None:
        if ballots or random_raters:
            raise click.UsageError(
                "--studies simulates whole studies of raters who look: leave out --ballots and --random-raters"
            )
        _say_outcomes(*study_design(engine, name, truth_of_all, raters), studies=studies, seed=seed)
        return
    with _bar("raters") as progress:
        votes = simulate_raters(
            engine, name, truth_of_all, raters=raters, ballots=ballots, seed=seed, progress=progress
        )
    click.echo(f"{votes} votes; truth: " + ", ".join(f"{system} {value:+.2f}" for system, value in quality.items()))


def _say_outcomes(world: "World", design: "Design", *, studies: int, seed: int) -> None:
    """Print what many studies of a design find out."""
    from a2bench.statistics.vote_simulation import interval_coverage, recovery

    found = recovery(world, design, replications=studies, seed=seed)
    size = f"{design.prompts} cases x {design.raters} raters x {design.votes_per_pair} votes per pair"
    click.echo(
        f"{studies} studies of {size},"
        f" ratings {', '.join(f'{value:+.2f}' for value in world.ratings)} logits, "
        f"bent by cases (SD {world.prompt_sd}) and raters (SD {world.rater_sd})"
    )
    click.echo(f"  true order found               {found.order:6.1%}")
    click.echo(f"  best system first              {found.leader:6.1%}")
    click.echo(f"  pairs told apart, rightly      {found.told_apart:6.1%}")
    click.echo(f"  a pair told apart wrongly      {found.false_claim:6.1%}   (at most 5 % is promised)")
    click.echo("  95 % intervals                 ratings  differences  half-width")
    for row in interval_coverage(world, design, ["two-way", "vote"], replications=studies, seed=seed):
        title = {"two-way": "the default (two-way)", "vote": "votes as independent"}[row.method]
        click.echo(f"    {title:<28} {row.covered:7.1%}  {row.covered_differences:11.1%}  {row.half_width:6.0f} Elo")


@rate_group.command("erase")
@click.argument("rater")
@_database
@_study
@click.option("--keep-votes", is_flag=True, help="Keep the votes, which nothing links to the person any more.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_command(rater: str, database: str, study: str | None, keep_votes: bool, yes: bool) -> None:
    """Delete a person: contact, consent, sessions and, unless told otherwise, votes."""
    from a2bench_human_eval.database import writing
    from a2bench_human_eval.raters import erase_rater

    engine, name = _open(database, study)
    if not yes:
        ask_or_stop(f"Delete rater {rater} of study {name!r} for good?")
    with writing(engine, name) as (session, row):
        deleted = erase_rater(session, row, rater, keep_votes=keep_votes)
    click.echo(f"rater {rater} is erased; {deleted} answers were deleted")


@rate_group.command("demo")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=Path("studies/demo"), show_default=True)
@click.option("--no-browser", is_flag=True, help="Only print the link.")
def demo_command(port: int, folder: Path, no_browser: bool) -> None:
    """Try it in a minute: a study of three controls over six cases, opened in your browser."""
    import webbrowser
    from threading import Timer

    from a2bench_human_eval.database import writing
    from a2bench_human_eval.demo import demo_study
    from a2bench_human_eval.raters import invite_raters

    database = str(folder / "studies.db")
    engine = _engine(database)
    name = demo_study(engine, folder, DEMO_SYSTEMS, say=lambda text: click.echo(text, err=True))
    with writing(engine, name) as (session, row):
        (invite,) = invite_raters(session, row, 1)
    link = f"http://127.0.0.1:{port}/enter/{invite.token}"
    click.echo(f"open {link}")
    if not no_browser:
        Timer(3, webbrowser.open, (link,)).start()
    _serve(database, name, "127.0.0.1", port, (), admin=True)


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr that is moved by ``(done, total)``."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _serve(database: str, study: str, host: str, port: int, hosts: tuple[str, ...], admin: bool) -> None:
    from a2bench_human_eval.app import server
    from a2bench_human_eval.raters import secret_sha256

    os.environ |= {server.DATABASE: database, server.STUDY: study}
    os.environ.pop(server.ADMIN, None)
    if admin:
        password = secrets.token_urlsafe(12)
        os.environ[server.ADMIN] = secret_sha256(password)
        click.echo(f"organiser's page: http://{host}:{port}/organiser  password: {password}")
    click.echo(f"serving study {study!r} on http://{host}:{port}; Ctrl-C stops it", err=True)
    server.serve(host, port, (*hosts, host))


def _engine(database: str) -> "Engine":
    """The database, closed when the command ends."""
    from a2bench_human_eval.database import open_database

    engine = open_database(database)
    click.get_current_context().call_on_close(engine.dispose)
    return engine


def _open(database: str, study: str | None) -> "tuple[Engine, str]":
    """The database and the name of the study, which may be left out when there is only one."""
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from a2bench_human_eval.database import shown_url
    from a2bench_human_eval.tables import Study

    if "://" not in database and not Path(database).exists():
        raise InputError(f"no database {database}; `a2bench rate create RUN RUN --name NAME -d {database}` makes one")
    engine = _engine(database)
    if study:
        return engine, study
    with Session(engine) as session:
        names = list(session.scalars(select(Study.name).order_by(Study.name)))
    if len(names) != 1:
        known = ", ".join(names) or "none"
        raise InputError(f"{shown_url(database)} holds {len(names)} studies ({known}); name one with --study")
    return engine, names[0]


def _table(database: str, study: str | None) -> "tuple[Table, Rubric]":
    """The votes of a study, and what its raters were asked."""
    from a2bench_human_eval.database import reading
    from a2bench_human_eval.rubric import rubric_of
    from a2bench_human_eval.votes_table import votes_table

    engine, name = _open(database, study)
    with reading(engine, name) as (session, row):
        return votes_table(session, row), rubric_of(row)


def _media_folder(database: str) -> Path:
    """Beside an SQLite file; in the working directory for a server."""
    return Path(database).expanduser().parent / "media" if "://" not in database else Path("studies/media")


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise InputError(f"--contacts {path} cannot be read: {error.strerror}") from None


def _truth(text: str | None, systems: set[str]) -> dict[str, float]:
    quality = {}
    for pair in text.split(",") if text else ():
        name, equals, value = pair.partition("=")
        try:
            quality[name.strip()] = float(value)
        except ValueError:
            raise InputError(f"--truth {pair!r} is not NAME=LOGIT, such as collage=1.5") from None
        if name.strip() not in systems:
            raise InputError(f"--truth names {name.strip()!r}; the study has {', '.join(sorted(systems))}")
    return quality


def _status_text(status: dict[str, Any]) -> str:
    from a2bench_human_eval.results_text import asked_text

    lines = [
        f"study {status['study']} ({status['protocol']}, {status['status']}): "
        f"{status['votes']} of {status['wanted']} votes",
        "raters: " + (", ".join(f"{number} {stage}" for stage, number in status["stages"].items()) or "none"),
    ]
    lines.append(f"answers that count (rubric {status['rubric']['version']}):")
    lines += [
        f"  {row['answers']:>5} {row['question']}: {asked_text(row['text'])}" for row in status["rubric"]["questions"]
    ]
    lines += [f"check {kind}: {row['passed']} of {row['asked']} passed" for kind, row in status["checks"].items()]
    thin = sorted(status["coverage"].items(), key=lambda item: item[1]["votes"] / max(1, item[1]["wanted"]))[:5]
    lines += [f"case {case}: {row['votes']} of {row['wanted']} votes" for case, row in thin]
    lines += [
        f"rater {row['rater']}: {row['ballots']} ballots, {row['passed']}/{row['checks']} checks; "
        + ", ".join(row["flags"])
        for row in status["raters"]
        if row["flags"]
    ]
    if status["stuck_leases"]:
        lines.append(f"{status['stuck_leases']} open ballots are past their time; they are handed out again")
    lines.append("log: whole" if not status["tampering"] else "log: DOES NOT FIT: " + "; ".join(status["tampering"]))
    return "\n".join(lines)
