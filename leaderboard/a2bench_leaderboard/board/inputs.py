"""What a board is made from: all of every run that it shows, as one JSON document without clock times or places."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from a2bench.base.hashing import value_sha256
from a2bench.base.version import __version__
from a2bench.errors import InputError, UnknownNameError
from a2bench.model.tiers import COMPARABLE
from a2bench.peers.published import published_tables
from a2bench.results.named import named_runs
from a2bench.results.run import Run
from a2bench.results.validity_file import ValidityFile
from a2bench.show.report.data import check_comparable, reported_groups
from a2bench_leaderboard.board.facts import Price, case_facts, entry_facts
from a2bench_leaderboard.board.media import NO_MEDIA, BoardMedia
from a2bench_leaderboard.board.methods import board_methods
from a2bench_leaderboard.board.people import read_people
from a2bench_leaderboard.columns import Column, RunScores, made_differently, read_scores, shown_columns
from a2bench_leaderboard.submissions.board import logged, scores_from
from a2bench_leaderboard.submissions.log import SubmissionLog

SCHEMA = 1


def board_inputs(
    runs: Sequence[Path],
    validity: Sequence[ValidityFile] = (),
    votes: Path | None = None,
    release: str | None = None,
    date: str | None = None,
    any_tier: bool = False,
    prices: Mapping[str, Price] | None = None,
    media: BoardMedia | None = None,
    log: SubmissionLog | None = None,
    releases: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Read everything that a board shows; equal inputs give an equal document.

    Args:
        runs: folders over the same cases of one revision of one suite; their order does not matter.
        validity: verdicts of the controls on metrics.
        votes: ``results.json`` of `a2bench rate export`.
        release: name of a frozen board.
        date: what stands beside it; there is no other date on a board.
        any_tier: take runs too whose videos are not those of the released computation; their tier stands beside them.
        prices: of entries by name.
        media: takes the videos and pictures; without it there are none.
        log: of submissions; it is shown, and every submission among the runs must stand in it.
        releases: earlier ones, as `earlier_releases` reads them.

    Raises:
        InputError: the runs cannot stand on one board, or a file is not what it should be.
        UnknownNameError: a price of no entry.
    """
    if len({run.resolve() for run in runs}) < len(runs):
        raise InputError("a run is named twice; name each run once")
    ordered = sorted(runs, key=lambda path: (path.resolve().name, str(path.resolve())))
    named = named_runs([Run.open(path, validity) for path in ordered])
    check_comparable(named)
    scores = [read_scores(name, run, validity) for name, run in named.items()]
    _check_cases(named)
    if not any_tier:
        _check_tiers(named)
    columns = _columns(scores)
    suite = next(iter(named.values())).manifest.suite
    prices = prices or {}
    if unknown := prices.keys() - named.keys():
        raise UnknownNameError("entry of the board with a price", min(unknown), named)
    entries = sorted(
        (_entry(one, columns, prices.get(one.name, Price()), log) for one in scores),
        key=lambda entry: (entry["kind"], entry["name"]),
    )
    inputs = {
        "schema": SCHEMA,
        "a2bench": __version__,
        "release": {"name": release, "date": date} if release or date else None,
        "releases": list(releases),
        "suite": {"name": suite.name, "revision": suite.revision},
        "cases": case_facts(named),
        "methods": board_methods(columns, suite.name),
        "columns": [{**column.document(), "made_by": column.made_by} for column in columns],
        "entries": entries,
        "submissions": logged(log) if log else None,
        "people": read_people(votes, scores) if votes else None,
        "published": reported_groups([row for table in published_tables().values() for row in table]),
    }
    return inputs | {"media": NO_MEDIA if media is None else media.index(named, inputs)}


def inputs_again(
    own: Mapping[str, Any],
    runs: Sequence[Path],
    validity: Sequence[ValidityFile] = (),
    votes: Path | None = None,
    log: SubmissionLog | None = None,
) -> dict[str, Any]:
    """Inputs as `board_inputs` reads them from these runs, with what only a board's own inputs say.

    That is release and earlier ones, prices, and the media, whose bytes `verify_board` holds against their names.

    Raises:
        InputError: the runs cannot stand on one board, or the board's inputs are damaged.
    """
    try:
        release = own["release"] or {"name": None, "date": None}
        prices = {entry["name"]: Price(**entry["price"]) for entry in own["entries"]}
        name, date, media, earlier = release["name"], release["date"], own["media"], own["releases"]
    except (LookupError, TypeError) as error:
        raise InputError(f"the board's inputs are damaged ({type(error).__name__}: {error})") from None
    known = {name: price for name, price in prices.items() if any(price)}
    found = board_inputs(runs, validity, votes, name, date, any_tier=True, prices=known, log=log, releases=earlier)
    return found | {"media": media}


def _check_cases(runs: dict[str, Run]) -> None:
    wanted = {case for run in runs.values() for case in run.manifest.suite.cases}
    for name, run in runs.items():
        if lacking := wanted - set(run.manifest.suite.cases):
            raise InputError(
                f"{name!r} is over {len(wanted) - len(lacking)} of the board's {len(wanted)} cases (not over "
                f"{min(lacking)!r}); run it over all of them, or leave it out"
            )


def _check_tiers(runs: dict[str, Run]) -> None:
    for name, run in runs.items():
        loose = {made.tier for made in run.making if made.tier} - set(COMPARABLE)
        if loose:
            raise InputError(
                f"{name!r} has videos of the tier {min(loose)!r}; a board takes {' and '.join(COMPARABLE)} ones, which "
                "stand for the system itself: say --any-tier to take these too, with their tier beside them"
            )


def _columns(scores: Sequence[RunScores]) -> list[Column]:
    columns: dict[str, Column] = {}
    first: dict[str, str] = {}
    for one in scores:
        for name, column in one.columns.items():
            known = columns.get(name)
            if known is None or not known.made_by:
                columns[name], first[name] = column, one.name
            elif how := made_differently(known, column):
                raise InputError(
                    f"{name!r} was measured in two ways ({how}) in {first[name]!r} and {one.name!r}; "
                    f"type `a2bench score {one.run.store.folder}`, and the same for the other run"
                )
    return [columns[name] for name in columns if name in shown_columns(scores)]


def _entry(one: RunScores, columns: Sequence[Column], price: Price, log: SubmissionLog | None) -> dict[str, Any]:
    manifest, run = one.run.manifest, one.run
    system = manifest.system
    content = {
        "samples": [list(sample) for sample in run.planned],
        "values": {
            column.name: [one.values.get(column.name, {}).get(sample) for sample in run.planned] for column in columns
        },
        "videos": [
            record.video.sha256 if (record := run.samples.get(s)) and record.video else None for s in run.planned
        ],
    }
    return {
        "name": one.name,
        "system": system.name,
        "title": system.title or system.name,
        "kind": system.kind,
        "revision": system.revision,
        "licence": system.licence,
        "open_weights": system.open_weights,
        "parameters": system.parameters,
        "url": system.url,
        "settings": manifest.settings.model_dump(mode="json"),
        "tier": run.making_text,
        "tiers": sorted({made.tier for made in run.making if made.tier}),
        # Only where there are any: the inputs of boards that were built before stay what they were.
        **({"remarks": [remark.document() for remark in run.remarks]} if run.remarks else {}),
        "videos_done": sum(record.status == "done" for record in run.samples.values()),
        **entry_facts(run, price),
        "scores_from": scores_from(one.name, run.store.folder, log),
        "sha256": entry_sha256(content),
        **content,
    }


def entry_sha256(entry: Mapping[str, Any]) -> str:
    """Hash of an entry's samples, values and videos."""
    return value_sha256({key: entry[key] for key in ("samples", "values", "videos")})
