"""The page of methods: what each number is, from the metric cards, the statistics, and what changed when."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from a2bench.base.files import file_key
from a2bench.results.dimensions import DIMENSIONS, ELEMENT_METRICS
from a2bench.statistics.bootstrap import FEWEST_RESAMPLED, NUM_RESAMPLES
from a2bench.statistics.harmonic import OFFSET
from a2bench.statistics.power import MOST_CASES, POWER
from a2bench.statistics.sign_flips import NUM_EXACT, NUM_FLIPS
from a2bench_leaderboard.board.document import NUM_WEIGHTS
from a2bench_leaderboard.board.pages.site import Site

PAGE = "methods.html"
BETTER = {"higher": "higher is better", "lower": "lower is better", "none": "an amount: neither end is better"}


def methods_page(site: Site) -> str:
    """Every number of the board, the statistics, suite and settings, and the changelog of methods."""
    methods = site.inputs["methods"]
    settings = {
        tuple(entry["settings"][key] for key in ("width", "height", "num_frames", "fps")) for entry in site.entries
    }
    return site.render(
        "methods.html.j2",
        "",
        "Methods",
        anchors=anchors(column["name"] for column in site.columns),
        better=BETTER,
        changes=methods["changes"],
        dimensions=[d for d in DIMENSIONS if d.anchors],
        element_metrics=ELEMENT_METRICS,
        weights={f"summary:{d.name}": d for d in DIMENSIONS},
        offset=OFFSET,
        metrics={
            name: {**facts, "sections": card_sections(facts["card"])} for name, facts in methods["metrics"].items()
        },
        settings=sorted(settings, key=str),
        statistics=STATISTICS,
    )


def anchors(names: Any) -> dict[str, str]:
    """The id of each number's entry on the page."""
    return {name: f"method-{file_key(name.replace(':', '-'))}" for name in names}


def method_links(document: Mapping[str, Any]) -> dict[str, str]:
    """Where each number's entry is, below the board."""
    return {name: f"{PAGE}#{anchor}" for name, anchor in anchors(c["name"] for c in document["columns"]).items()}


STATISTICS = (
    (
        "How large is a mean?",
        "The mean over all values, with a 95 % score interval over cases that does not leave the range of the number; "
        "the seeds of a case are one cluster. Where all cases are equal, or one lies at an end of the range, it also "
        "holds what so many cases could have missed. Wilson 1927, doi:10.1080/01621459.1927.10502953; Wedderburn 1974, "
        "doi:10.1093/biomet/61.3.439.",
    ),
    (
        "How large is a difference?",
        f"Its mean over cases, with the 95 % interval of a bootstrap over cases ({NUM_RESAMPLES:,} draws) whose "
        f"percentiles are moved out as far as few cases need; below {FEWEST_RESAMPLED} cases a t interval. So are "
        "means of numbers without a known range. Hesterberg 2015, doi:10.1080/00031305.2015.1089789.",
    ),
    (
        "Do two systems differ?",
        f"A sign-flip test of the difference, paired over cases: all flips up to {NUM_EXACT} cases, else at least "
        f"{NUM_FLIPS:,} random ones with a fixed seed.",
    ),
    ("Among many pairs?", "Holm’s correction over all pairs of systems in a column: one error of 5 % for all of them."),
    (
        "Which rank?",
        "1 + the number of systems that are surely better, up to the last place that is not ruled out. A system that "
        "lacks a case which others have is not ranked by that number; controls have no rank.",
    ),
    (
        "How many cases more?",
        f"As many as would show the measured difference, were it the true one, with a chance of {POWER:.0%}; never "
        f"fewer than the test needs, and no number above {MOST_CASES:,}.",
    ),
    (
        "Does the lead survive other weights?",
        f"The share of {NUM_WEIGHTS:,} weightings of the headline’s dimensions, drawn evenly from all that add up to "
        "1, under which each system leads.",
    ),
    (
        "What is missing?",
        "What could not be measured has no value and a reason. It is counted beside each mean and never becomes a "
        "number; an element that is not in a video was measured, and scores 0. The headline needs every planned video.",
    ),
)
"""Questions and what answers them; the constants are those of the code that computes."""


def card_sections(card: str | None) -> list[tuple[str, Markup]]:
    """The parts of a card as titles and HTML; the first, without a title, says what is measured.

    Raw HTML in a card stays text, pictures are not shown, and only ``https`` links lead anywhere.
    """
    if card is None:
        return []
    first, *others = re.split(r"^## ", card, flags=re.M)
    parts = [("", re.sub(r"\A\s*# .*", "", first))] + [
        (title, text) for title, _, text in (o.partition("\n") for o in others)
    ]
    return [(title.strip(), Markup(_html(text.strip()))) for title, text in parts]


_CITED = re.compile(r"(?<![\w/\[])(?:arXiv:(\d{4}\.\d{4,5})|doi:(10\.\d{4,9}/[^\s,;)\]]*[\w]))")


def _html(text: str) -> str:
    cited = _CITED.sub(
        lambda found: (
            f"[{found[0]}]({'https://arxiv.org/abs/' + found[1] if found[1] else 'https://doi.org/' + found[2]})"
        ),
        text,
    )
    markdown = _markdown()
    tokens = markdown.parse(cited)
    for token in tokens:
        token.children = _without_other_links(token.children or [])
        if token.type == "heading_open" or token.type == "heading_close":
            token.tag = "h5"
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    opened = '<div class="scroll" tabindex="0" role="group" aria-label="Table of this card"><table>'
    return html.replace("<table>", opened).replace("</table>", "</table></div>")


def _without_other_links(tokens: list[Token]) -> list[Token]:
    """Without links to anything but ``https`` addresses: what they say stays."""
    kept, dropped = [], False
    for token in tokens:
        if token.type == "link_open":
            dropped = not str(token.attrs.get("href", "")).startswith("https://")
        if not (dropped and token.type in ("link_open", "link_close")):
            kept.append(token)
    return kept


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
