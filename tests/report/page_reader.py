"""Reads a report as a browser would, without running its script."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class PageReader(HTMLParser):
    """Tags, attributes and the texts of script and style elements."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag == "style":
            self.styles.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        elif self.cdata_elem == "style":
            self.styles[-1] += data

    @property
    def overview(self) -> dict[str, Any]:
        return next(json.loads(text) for attributes, text in self.scripts if attributes.get("id") == "overview")

    @property
    def details(self) -> list[Any]:
        return [json.loads(text) for attributes, text in self.scripts if attributes.get("class") == "detail"]

    @property
    def policy(self) -> str:
        return next(a["content"] or "" for t, a in self.tags if a.get("http-equiv") == "Content-Security-Policy")


def media_paths(page: Path) -> set[str]:
    """Every file that the page's data names."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for part in value.values():
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)
        elif isinstance(value, str) and value.startswith("media/"):
            found.add(value)

    reader = PageReader(page)
    look([reader.overview, reader.details])
    return found
