"""What all pages of a board share: names of pages, pieces of HTML that occur often, and the templates.

Texts from outside go through the templates' escaping or `markupsafe.escape`; scripts and styles are files of their own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup, escape

from a2bench.base.files import file_key
from a2bench.base.text import number_text
from a2bench.model.cases import ROLES
from a2bench.model.ledger import MEANING, STATES, read_entry
from a2bench.show.ledger import story
from a2bench.show.tables import ARROWS
from a2bench_leaderboard.board.extremes import yardstick
from a2bench_leaderboard.board.table import read_table

POLICY = "; ".join(
    [
        "default-src 'none'",
        # A page opened from disk has no origin that 'self' could name in every browser, hence also `file:`.
        "script-src 'self' file:",
        "style-src 'self' file:",
        "img-src 'self' file: data:",
        "media-src 'self' file:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)


def page_names(names: Iterable[str]) -> dict[str, str]:
    """A file name (without suffix) for each name, whatever other names are on the board.

    >>> page_names(["skyreels-a2", "../../etc/passwd"])
    {'skyreels-a2': 'skyreels-a2', '../../etc/passwd': 'etc-passwd-3754d6cb3a38e118'}
    """
    return {name: file_key(name) for name in names}


class Site:
    """A board's inputs and document as its pages need them.

    entries: of the inputs, in the order of the board, each with its ``numbers``, ``spending``, ``page``, ``place`` in
    the table, and ``label``: its title, with its name where others have the same title.
    """

    def __init__(self, inputs: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        self.inputs, self.document = inputs, document
        self.cases: list[Mapping[str, Any]] = inputs["cases"]
        self.columns: list[Mapping[str, Any]] = document["columns"]
        self.table = read_table(inputs)
        self.by = yardstick(inputs, self.table)
        self.media: Mapping[str, Any] = inputs["media"]
        pages = page_names(entry["name"] for entry in inputs["entries"])
        titles = Counter(entry["title"] for entry in inputs["entries"])
        places = {entry["name"]: place for place, entry in enumerate(inputs["entries"])}
        self.entries = [
            {
                **inputs["entries"][places[shown["name"]]],
                "label": shown["title"] if titles[shown["title"]] == 1 else f"{shown['title']} ({shown['name']})",
                "numbers": shown["numbers"]["all"],
                "spending": shown["spending"],
                "page": f"systems/{pages[shown['name']]}.html",
                "place": places[shown["name"]],
            }
            for shown in document["entries"]
        ]
        self.case_pages = {
            case: f"cases/{slug}.html" for case, slug in page_names(case["id"] for case in self.cases).items()
        }
        self.case_row = {case: row for row, case in enumerate(self.table.cases)}

    def render(self, template: str, root: str, title: str, **values: Any) -> str:
        """A page from its template; ``root`` leads from the page to the board's folder."""
        return _templates().get_template(template).render(site=self, root=root, title=title, policy=POLICY, **values)

    @cached_property
    def means(self) -> dict[str, Any]:
        """For each column ``[k, E]`` case means."""
        return {column["name"]: self.table.case_means(column["name"]) for column in self.columns}

    def value(self, entry: Mapping[str, Any], case: str) -> float | None:
        """The value that cases are sorted by."""
        if self.by is None:
            return None
        value = float(self.means[self.by.name][self.case_row[case], entry["place"]])
        return None if value != value else value

    @cached_property
    def prompts(self) -> dict[str, Markup]:
        """Each case's prompt with its elements' phrases marked."""
        return {case["id"]: _prompt(case) for case in self.cases}

    @cached_property
    def references(self) -> dict[str, Markup]:
        """Each case's references as a list of figures, for a page in a folder of the board."""
        return {case["id"]: self._references(case) for case in self.cases}

    def _references(self, case: Mapping[str, Any]) -> Markup:
        items = []
        for element in case["references"]:
            name = self.media["references"].get(element["image"])
            image = (
                Markup('<img src="../media/{}" alt="Reference of the {}: {}" loading="lazy">').format(
                    name, element["id"], element["phrase"]
                )
                if name
                else Markup('<span class="no-image">no picture here</span>')
            )
            caption = Markup("{} {}").format(badge(element["id"]), element["phrase"] or element["id"])
            items.append(Markup("<li><figure>{}<figcaption>{}</figcaption></figure></li>").format(image, caption))
        return Markup('<ul class="refs" aria-label="References">{}</ul>').format(Markup("").join(items))

    def figure(self, entry: Mapping[str, Any], sample: int, label: str) -> Markup:
        """The video of a sample, or its strip of frames, or why there is none; and its elements over time."""
        sha256 = entry["videos"][sample]
        if sha256 is None:
            case, seed = entry["samples"][sample]
            reason = next(
                (f["reason"] for f in entry["failures"] if (f["case"], f["seed"]) == (case, seed)), "no video"
            )
            return Markup('<div class="nothing"><strong>No video</strong> {}</div>').format(reason)
        rows = "".join(map(_ledger_row, entry["ledger"][sample] or ()))
        ledger = f'<ul class="ledger">{rows}</ul>' if rows else ""
        return Markup(_picture(self.media["videos"].get(sha256), escape(label)) + ledger)


# Figures are the bulk of a board's pages: they are put together here, each text escaped once, without a template.
def _picture(video: Mapping[str, Any] | None, label: Markup) -> str:
    if video is not None and video["file"]:
        poster = f' poster="../media/{escape(video["poster"])}"' if video["poster"] else ""
        return (
            f'<video controls muted playsinline loop preload="none" src="../media/{escape(video["file"])}"{poster} '
            f'width="{int(video["width"])}" height="{int(video["height"])}" data-frames="{int(video["num_frames"])}" '
            f'data-fps="{_frames_per_second(video["fps"])}" aria-label="{label}"></video>'
        )
    if video is not None and video["strip"]:
        source = escape(video["strip"])
        return f'<img class="strip" src="../media/{source}" alt="{label}: frames from first to last" loading="lazy">'
    return '<div class="nothing">The video is not in this board’s folder.</div>'


@lru_cache(maxsize=64)
def _frames_per_second(fps: str) -> float:
    return float(Fraction(fps))


def _ledger_row(row: Mapping[str, Any]) -> str:
    if row["verdict"] is None:
        return f'<li>{badge(row["element"])} <span class="soft">{escape(row["reason"])}</span></li>'
    end = max((span[2] for span in row["spans"]), default=0) or 1
    bars = "".join(
        f'<rect class="{state_class(state)}" x="{100 * start / end:.2f}" width="{100 * (stop - start) / end:.2f}" '
        'height="6"/>'
        for state, start, stop in row["spans"]
    )
    words = escape(story(read_entry({**row, "others": dict.fromkeys(row["others"], 1)})))
    return (
        f'<li title="{words}">{badge(row["element"])} '
        f'<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">{bars}</svg> '
        f'{verdict(row["verdict"])}<span class="hidden">{words}</span></li>'
    )


def _prompt(case: Mapping[str, Any]) -> Markup:
    pieces = []
    for text, index in case["prompt"]:
        if index < 0:
            pieces.append(escape(text))
            continue
        element = case["references"][index]
        pieces.append(
            Markup('<mark class="{}">{} {}</mark>').format(role_class(element["role"]), text, badge(element["id"]))
        )
    return Markup("").join(pieces)


@lru_cache(maxsize=256)
def badge(element: str) -> Markup:
    """An element's letter (``C2`` for ``character-2``), with its name for those who do not see the colour."""
    role, _, number = element.partition("-")
    return Markup('<span class="badge {}" title="{}"><span aria-hidden="true">{}{}</span>{}</span>').format(
        role_class(role), element, role[:1].upper(), number, Markup('<span class="hidden">{}</span>').format(element)
    )


def role_class(role: str) -> str:
    """The class of a role's colour."""
    return f"r-{role}" if role in ROLES else "r-whole"


def state_class(state: str) -> str:
    """The class of a verdict's colour."""
    return f"s-{state}" if state in STATES else "s-none"


@lru_cache(maxsize=64)
def verdict(state: str) -> Markup:
    """A verdict in a word, with its colour and its meaning."""
    meaning = {str(known): text for known, text in MEANING.items()}.get(state, "")
    text = '<span class="verdict" title="{}"><i class="{}" aria-hidden="true"></i>{}</span>'
    return Markup(text).format(meaning, state_class(state), state)


def page_asset(name: str) -> str:
    """A template, style or script of the pages."""
    text = files("a2bench_leaderboard.board.pages").joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(page_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"arrows": ARROWS, "number": number_text, "badge": badge, "verdict": verdict}
    return environment
