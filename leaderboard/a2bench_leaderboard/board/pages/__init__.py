"""Pages of a board beside its table: of every entry and case, all cases, two entries side by side, and methods."""

from collections.abc import Mapping
from typing import Any

from a2bench.show.report.page import player_script
from a2bench_leaderboard.board.pages.case import case_pages
from a2bench_leaderboard.board.pages.compare import compare_page
from a2bench_leaderboard.board.pages.entry import entry_pages
from a2bench_leaderboard.board.pages.methods import PAGE as METHODS
from a2bench_leaderboard.board.pages.methods import method_links, methods_page
from a2bench_leaderboard.board.pages.site import Site, page_asset, page_names

__all__ = ["method_links", "page_files", "system_links"]

ASSETS = ("pages.css", "pages.js", "compare.js")


def page_files(inputs: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, str]:
    """Texts by their path below the board."""
    site = Site(inputs, document)
    return {
        **dict(entry_pages(site)),
        **dict(case_pages(site)),
        "compare.html": compare_page(site),
        METHODS: methods_page(site),
        **{name: page_asset(name) for name in ASSETS},
        "player.js": player_script(),
    }


def system_links(document: Mapping[str, Any]) -> dict[str, str]:
    """Where the page of each entry is, below the board."""
    names = page_names(entry["name"] for entry in document["entries"])
    return {name: f"systems/{slug}.html" for name, slug in names.items()}
