"""The page of a board: a plain table that needs no script, and a script that sorts and filters it.

Everything from outside goes through the template's escaping or into a JSON block; style and script are files of their
own, and the content security policy allows no others.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from a2bench.base.text import number_text
from a2bench.show.report.page import json_block
from a2bench.show.tables import ARROWS
from a2bench_leaderboard.board.figures import cost_plot, cost_points, radar
from a2bench_leaderboard.board.pages import method_links, system_links
from a2bench_leaderboard.board.releases import release_text
from a2bench_leaderboard.board.tables import coverage_text, interval_text, people_of, rank_text

GENERATOR = "A2Bench board"
ASSETS = ("board.css", "board.js")
POLICY = "; ".join(
    [
        "default-src 'none'",
        # A page opened from disk has no origin that 'self' could name in every browser, hence also `file:`.
        "script-src 'self' file:",
        "style-src 'self' file:",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)


SIZES = {"small": "up to 2 B", "medium": "2 to 10 B", "large": "over 10 B", "unknown": "not stated"}
"""Classes of model size by number of parameters, as the page names them."""


def size_of(entry: Mapping[str, Any]) -> str:
    """The class of an entry's model size."""
    if entry["parameters"] is None:
        return "unknown"
    billions = entry["parameters"] / 1e9
    return "small" if billions <= 2 else "medium" if billions <= 10 else "large"


def page_html(document: Mapping[str, Any], sha256: str) -> str:
    """Render ``index.html``; ``sha256`` is what the board is known by."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    names = [column["name"] for column in document["columns"]]
    cells = {
        part["name"]: [[_cell(entry["numbers"][part["name"]][name]) for name in names] for entry in document["entries"]]
        for part in document["slices"]
    }
    groups = list(dict.fromkeys(column["group"] for column in document["columns"]))
    tiers = sorted({tier for entry in document["entries"] for tier in entry["tiers"]})
    titles = {column["name"]: column["title"] for column in document["columns"]}
    pairs = document["pairs"].get(document["order"], [])
    return environment.from_string(_asset("page.html.j2")).render(
        board=document,
        sha256=sha256,
        identity=release_text(document, sha256),
        generator=GENERATOR,
        policy=POLICY,
        arrows=ARROWS,
        groups=groups,
        tiers=tiers,
        cells=cells["all"],
        data=Markup(json_block(cells)),
        people=[people_of(document, entry) for entry in document["entries"]],
        licences=sorted({entry["licence"] for entry in document["entries"]}),
        sizes=SIZES,
        size_of=size_of,
        plots=[
            {"what": what, "svg": cost_plot(document, what), "left_out": cost_points(document, what)[1]}
            for what in ("seconds", "price")
            if what == "seconds"
            or any(entry["spending"]["price"]["value"] is not None for entry in document["entries"])
        ],
        radar=radar(document),
        nobody=_not_on_the_board(document),
        links=system_links(document),
        methods=method_links(document),
        unlike=_unlike_settings(document),
        order=titles.get(document["order"], document["order"]),
        pairs=pairs,
        number=number_text,
        interval=interval_text,
        signed=_signed,
    )


def _unlike_settings(document: Mapping[str, Any]) -> dict[str, str]:
    """For each column by which of the settings that its values depend on the entries differ, in words; maybe none."""
    settings = [entry["settings"] for entry in document["entries"]]
    differing = {
        what: len({entry[key] for entry in settings}) > 1 for what, key in (("fps", "fps"), ("length", "num_frames"))
    }
    return {
        column["name"]: " and ".join(what for what in column.get("touched_by", ()) if differing[what])
        for column in document["columns"]
    }


def asset_text(name: str) -> str:
    """The style or the script of the page."""
    return _asset(name)


def _cell(cell: Mapping[str, Any]) -> list[Any]:
    """What a cell shows: value for sorting, its text, interval, rank, coverage, low and high."""
    return [
        cell["value"],
        number_text(cell["value"]),
        interval_text(cell) or ("no interval" if cell.get("no_interval") else ""),
        rank_text(cell),
        coverage_text(cell),
        cell["low"],
        cell["high"],
        f"not ranked: {cell['unranked']}" if cell.get("unranked") and cell["scored"] else "",
    ]


def _not_on_the_board(document: Mapping[str, Any]) -> list[str]:
    """Systems that people rated and that have no run here."""
    known = {entry[key] for entry in document["entries"] for key in ("name", "system")}
    rows = document["people"]["systems"] if document["people"] else []
    return [row["system"] for row in rows if row["system"] not in known]


def _signed(value: float | None) -> str:
    if value is None:
        return "-"
    return ("+" if value > 0 else "−" if value < 0 else "") + number_text(abs(value))


def _asset(name: str) -> str:
    text = files("a2bench_leaderboard.board").joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")
