"""``a2bench compare`` and ``a2bench board``: from runs to differences and to a leaderboard."""

import json
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from a2bench.assets.extras import install_line
from a2bench.errors import InputError, UnknownNameError
from a2bench_leaderboard.publishing.cli import publish_command, serve_command

if TYPE_CHECKING:
    from a2bench_leaderboard.board.facts import Price
    from a2bench_leaderboard.board.media import MediaChoice

_validity = click.option(
    "--validity",
    type=click.Path(path_type=Path),
    envvar="A2BENCH_VALIDITY",
    show_envvar=True,
    help="Verdicts of your own `a2bench metrics validate`, by which metrics are marked.",
)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
_log = click.option(
    "--submissions",
    "log_folder",
    type=click.Path(path_type=Path),
    help="Log of `a2bench submit receive`: it is shown, and every submission here must stand in it.",
)
_suite = click.option(
    "--suite",
    "suite_file",
    type=click.Path(path_type=Path),
    help="File of the submissions' suite, where it does not come with A2Bench.",
)


def _need_scipy() -> None:
    if find_spec("scipy") is None:
        raise InputError(f"statistics need scipy; type `{install_line('leaderboard')}`")


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path), metavar="BASELINE")
@click.argument("other", type=click.Path(path_type=Path), metavar="CANDIDATE")
@click.option("--metrics", "-m", help="Compare only these, separated by commas, such as summary:headline,niqe.")
@click.option("--cases", "by_case", metavar="NAME", help="Also print every case of one number.")
@click.option("--any-settings", is_flag=True, help="Compare runs of other size, length or frame rate too.")
@click.option(
    "--fail-on-regression",
    is_flag=True,
    help="Exit with 1 when the candidate is clearly worse in any number, or has no value where the baseline has one.",
)
@_validity
@_json
def compare_command(
    first: Path,
    other: Path,
    metrics: str | None,
    by_case: str | None,
    any_settings: bool,
    fail_on_regression: bool,
    validity: Path | None,
    as_json: bool,
) -> int:
    """Is run CANDIDATE better than run BASELINE? Differences with intervals, paired over cases.

    Both must be over one revision of one suite, with the same settings and versions of the metrics. The tests of all
    numbers share one error of 5 %, so fewer numbers (--metrics) see smaller differences.
    """
    _need_scipy()
    from a2bench.results.run import Run
    from a2bench.results.validity_file import known_validity
    from a2bench.show.report.data import check_comparable
    from a2bench_leaderboard.columns import read_scores
    from a2bench_leaderboard.compare import cannot_fail, case_lines, check_settings, compare, comparison_text

    if first.resolve() == other.resolve():
        raise InputError(f"{first} is named twice; name two runs")
    runs = {str(path): Run.open(path) for path in (first, other)}
    check_comparable(runs)
    if not any_settings:
        one, two = ((name, run.manifest) for name, run in runs.items())
        check_settings(one, two)
    verdicts = known_validity(validity)
    names = [name.strip() for name in metrics.split(",") if name.strip()] if metrics else []
    baseline, candidate = (read_scores(name, run, verdicts) for name, run in runs.items())
    document = compare(baseline, candidate, names)
    if by_case and by_case not in [row["name"] for row in document["rows"]]:
        raise UnknownNameError("number of this comparison", by_case, [row["name"] for row in document["rows"]])
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        for line in comparison_text(document):
            click.echo(line)
        for line in case_lines(document, by_case) if by_case else ():
            click.echo(line)
    if not fail_on_regression:
        return 0
    if document["regressions"] or document["lost_values"]:
        parts = [f"clearly worse in {', '.join(document['regressions'])}"] if document["regressions"] else []
        parts += [f"values are missing in {', '.join(document['lost_values'])}"] if document["lost_values"] else []
        click.echo(f"regression: {'; '.join(parts)}", err=True)
        return 1
    if reason := cannot_fail(document):
        raise InputError(f"this comparison could not have found a regression: {reason}; use more cases or --metrics")
    return 0


@click.group("board")
def board_group() -> None:
    """The leaderboard: a folder that opens from disk, whose every number can be checked."""


@board_group.command("build")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="Folder of the board.")
@click.option("--votes", type=click.Path(path_type=Path), help="results.json of `a2bench rate export`.")
@click.option("--release", help="Name of a frozen board, such as 2026.1.")
@click.option("--date", help="Date of the release; without it the board holds no date.")
@click.option(
    "--releases", "earlier", type=click.Path(path_type=Path), metavar="DIR",
    help="List the earlier releases whose folders lie in DIR, with their hashes.",
)  # fmt: skip
@click.option("--any-tier", is_flag=True, help="Take approximate videos and other samplers too; their tier is shown.")
@click.option(
    "--media", type=click.Choice(["some", "all", "none"]), default="some", show_default=True,
    help="Videos to take: of each entry's best and worst cases and, of 12 such cases, everybody's; all; none.",
)  # fmt: skip
@click.option(
    "--price-per-hour",
    "hourly",
    multiple=True,
    metavar="NAME=PRICE",
    help="What an entry's worker costs an hour, in any currency; may be repeated.",
)
@click.option(
    "--price-per-call",
    "per_call",
    multiple=True,
    metavar="NAME=PRICE",
    help="What an entry's paid interface costs a call; may be repeated.",
)
@_log
@_suite
@_validity
@_json
def build_command(
    runs: tuple[Path, ...],
    output: Path,
    votes: Path | None,
    release: str | None,
    date: str | None,
    earlier: Path | None,
    any_tier: bool,
    media: "MediaChoice",
    hourly: tuple[str, ...],
    per_call: tuple[str, ...],
    log_folder: Path | None,
    suite_file: Path | None,
    validity: Path | None,
    as_json: bool,
) -> int:
    """Write the board of RUNS: page, JSON, CSV, Markdown and LaTeX of the same numbers.

    RUNS are run folders and submissions, over the same cases of one suite. Equal inputs give equal bytes;
    `inputs.json` in the folder holds every value, and `a2bench board verify` makes everything else again from it.
    A board with a name (--release) is frozen: nothing else is written to its folder.
    """
    _need_scipy()
    from a2bench.results.validity_file import known_validity
    from a2bench_leaderboard.board.folder import write_board
    from a2bench_leaderboard.board.inputs import board_inputs
    from a2bench_leaderboard.board.media import BoardMedia
    from a2bench_leaderboard.board.releases import earlier_releases
    from a2bench_leaderboard.submissions.board import opened_runs
    from a2bench_leaderboard.submissions.log import SubmissionLog

    prices, verdicts = _prices(hourly, per_call), known_validity(validity)
    log = SubmissionLog(log_folder) if log_folder else None
    releases = earlier_releases(earlier, output, release) if earlier else []
    with (
        tempfile.TemporaryDirectory(prefix="a2bench-board-") as work,
        opened_runs(runs, suite_file) as folders,
    ):
        taken = BoardMedia(media, Path(work))
        inputs = board_inputs(folders, verdicts, votes, release, date, any_tier, prices, taken, log, releases)
        page = write_board(inputs, output, taken.sources)
    files = inputs["media"]["files"]
    videos, size = sum(video["file"] is not None for video in inputs["media"]["videos"].values()), sum(files.values())
    if as_json:
        found = {"files": len(files), "videos": videos, "bytes": size}
        click.echo(json.dumps({"board": str(page), "runs": [str(run) for run in runs], "media": found}))
    else:
        click.echo(str(page))
        click.echo(f"media: {videos} videos and {len(files) - videos} pictures, {size / 1e6:.1f} MB", err=True)
    return 0


def _prices(hourly: tuple[str, ...], per_call: tuple[str, ...]) -> "dict[str, Price]":
    from a2bench_leaderboard.board.facts import Price

    of = [dict(_named_price(text) for text in texts) for texts in (hourly, per_call)]
    return {name: Price(of[0].get(name), of[1].get(name)) for name in sorted(of[0].keys() | of[1].keys())}


def _named_price(text: str) -> tuple[str, float]:
    name, _, price = text.rpartition("=")
    try:
        value = float(price)
    except ValueError:
        value = -1.0
    if not name or not 0 <= value < float("inf"):
        raise InputError(f"{text!r} is no price; expected NAME=PRICE, such as skyreels-a2=2.49")
    return name, value


@board_group.command("verify")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--run", "runs", multiple=True, type=click.Path(path_type=Path),
    help="Also hold the inputs against the runs that they were read from; name all of them.",
)  # fmt: skip
@click.option("--votes", type=click.Path(path_type=Path), help="With --run: the results.json that was given.")
@_log
@_suite
@_validity
@_json
def verify_command(
    folder: Path,
    runs: tuple[Path, ...],
    votes: Path | None,
    log_folder: Path | None,
    suite_file: Path | None,
    validity: Path | None,
    as_json: bool,
) -> int:
    """Make a board again from its inputs and compare every byte; exits with 1 when anything differs.

    Of a board that another version of A2Bench built, files are held against its manifest and numbers against its
    inputs, but pages are not drawn again: exit code 3, for not all could be checked. Ends with the hash by which the
    board is known: that of its manifest without `index.html`, which shows it.
    """
    _need_scipy()
    from a2bench.base.text import one_line
    from a2bench.cli.eval import EXIT_INCOMPLETE
    from a2bench.results.validity_file import known_validity
    from a2bench_leaderboard.board.folder import built_by_another, verify_board
    from a2bench_leaderboard.board.inputs import inputs_again
    from a2bench_leaderboard.board.reading import DOCUMENT, INPUTS, board_sha256, read_json, read_sums
    from a2bench_leaderboard.board.releases import release_text
    from a2bench_leaderboard.submissions.board import opened_runs
    from a2bench_leaderboard.submissions.log import SubmissionLog

    expected = None
    if runs:
        log = SubmissionLog(log_folder) if log_folder else None
        with opened_runs(runs, suite_file) as folders:
            expected = inputs_again(read_json(folder, INPUTS), folders, known_validity(validity), votes, log)
    problems = verify_board(folder, expected)
    if problems:
        for problem in () if as_json else problems:
            click.echo(one_line(problem), err=True)
        found = {"board": str(folder), "problems": problems, "release": None, "sha256": None}
        click.echo(json.dumps(found, indent=2) if as_json else f"{folder}: {len(problems)} problems")
        return 1
    document, sha256 = read_json(folder, DOCUMENT), board_sha256(read_sums(folder))
    another = built_by_another(document)
    if as_json:
        found = {"board": str(folder), "problems": [], "release": document["release"], "sha256": sha256}
        click.echo(json.dumps({**found, "built_by_another_version": another}, indent=2))
    else:
        click.echo(
            f"{folder}: built by A2Bench {one_line(another)}: its files are those of its manifest and its numbers "
            "follow from its inputs; its pages cannot be drawn again by this version"
            if another
            else f"{folder}: every byte follows from its inputs"
        )
        click.echo(one_line(release_text(document, sha256)))
    return EXIT_INCOMPLETE if another else 0


@board_group.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@_json
def diff_command(old: Path, new: Path, as_json: bool) -> int:
    """What changed from one board to another: entries, numbers, ranks, methods."""
    from a2bench.base.text import one_line
    from a2bench_leaderboard.board.diff import board_diff, diff_text
    from a2bench_leaderboard.board.reading import DOCUMENT, board_sha256, read_json, read_sums
    from a2bench_leaderboard.board.releases import release_text

    boards = {folder: read_json(folder, DOCUMENT) for folder in (old, new)}
    try:
        diff = board_diff(*boards.values())
        sides = [release_text(document, board_sha256(read_sums(folder))) for folder, document in boards.items()]
    except (LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{old} or {new} was built by another A2Bench or is damaged ({type(error).__name__}: {error}); "
            "type `a2bench board verify` for each"
        ) from None
    if as_json:
        click.echo(json.dumps({"old": sides[0], "new": sides[1], **diff}, indent=2))
    else:
        click.echo(f"old: {one_line(sides[0])}\nnew: {one_line(sides[1])}")
        for line in diff_text(diff):
            click.echo(line)
    return 0


@board_group.command("plot")
@click.argument("folder", type=click.Path(path_type=Path), metavar="BOARD")
@click.option("--kind", type=click.Choice(["forest", "ranks", "cost", "ledger"]), required=True, help="What is drawn.")
@click.option(
    "--number", metavar="NAME", help="Of forest and ranks, such as niqe. Default: what the board is ordered by."
)
@click.option("--cost", "what", type=click.Choice(["seconds", "price"]), help="Of cost. Default: seconds.")
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="A .pdf, .svg or .png.")
def plot_command(folder: Path, kind: str, number: str | None, what: str | None, output: Path) -> int:
    """Draw a picture of a board for a paper.

    forest: a number with intervals. ranks: which ranks remain possible. cost: quality against cost. ledger: how often
    elements were kept, drifted, pasted, duplicated, swapped or lost.
    """
    from a2bench_leaderboard import plots

    if number and kind not in ("forest", "ranks"):
        raise InputError(f"--number is of forest and ranks, not of {kind}")
    if what and kind != "cost":
        raise InputError(f"--cost is of cost, not of {kind}")
    board = plots.load_board(folder)
    choices = [choice for choice in (number, what) if choice]
    plots.save(plots.KINDS[kind](board, *choices), output)
    click.echo(str(output))
    return 0


board_group.add_command(serve_command)
board_group.add_command(publish_command)
