"""From the data of a report to one HTML file that needs nothing else but its media.

Texts from outside (prompts, reasons, names) reach the page only as JSON in data blocks, and its script only ever puts
them into text nodes. The content security policy names the page's own style and script by hash and forbids the rest.
"""

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from a2bench.base.version import __version__
from a2bench.show.report.data import PageData

GENERATOR = '<meta name="generator" content="A2Bench'


def page_html(data: PageData) -> str:
    """Render the page."""
    style, script = _asset("style.css"), player_script() + _asset("script.js")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            # A page opened from disk has no origin that 'self' could name in every browser, hence also `file:`.
            "img-src 'self' file: data:",
            "media-src 'self' file:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(_asset("page.html.j2"))
    systems = " and ".join(run["label"] for run in data.overview["runs"])
    return template.render(
        policy=policy,
        style=Markup(style),
        script=Markup(script),
        version=__version__,
        title=f"{systems} on {data.overview['suite']['name']}",
        overview=Markup(json_block(data.overview)),
        details=[Markup(json_block(case)) for case in data.cases],
    )


def json_block(value: Any) -> str:
    """JSON that can stand in a script element: no ``<``, so nothing in it can end the element or open a comment."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def player_script() -> str:
    """The script of `SyncedPlayer`, which other pages use too."""
    return _asset("player.js")


def _asset(name: str) -> str:
    return files("a2bench.show.report").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
