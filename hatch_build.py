"""Metadata that hang on who and where the project is: links of the README on a package index, URLs, the author.

``address``, ``author`` and ``contact`` stand in ``[tool.hatch.metadata.hooks.custom]`` of pyproject.toml; an address is
such as ``https://github.com/OWNER/a2bench`` (files of a tag lie at ``/raw/TAG/PATH`` and ``/blob/TAG/PATH``, as on
GitHub). While they are empty nothing is invented: the README on an index has no pictures and says where they are.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<path>(?!https?:)[^)]+)\)\n?")
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<path>(?!https?:|#)[^)]+)\)")
_ELSEWHERE = "Pictures of reports, and the files that are named here, lie in the repository.\n"


class AddressHook(MetadataHookInterface):
    """Fills in ``authors``, ``readme`` and ``urls``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling for every wheel, source distribution and editable installation."""
        address = str(self.config["address"]).rstrip("/")
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        tag = f"v{metadata['version']}"
        metadata["readme"] = {"content-type": "text/markdown", "text": index_readme(text, address, tag)}
        metadata["urls"] = {**project_urls(address, tag), **self.config["urls"]}
        metadata["authors"] = project_authors(str(self.config["author"]), str(self.config["contact"]))


def index_readme(text: str, address: str, tag: str) -> str:
    """The README with absolute links; without an address, with no picture and with paths in place of links.

    >>> index_readme("![a](docs/a.jpg) [b](b.md) [c](https://c)", "https://d/e", "v1")
    '![a](https://d/e/raw/v1/docs/a.jpg) [b](https://d/e/blob/v1/b.md) [c](https://c)'
    >>> index_readme("[b](b.md) [b.md](b.md)", "", "v1")
    'b (`b.md`) `b.md`'
    """
    if address:
        text = _PICTURE.sub(lambda found: _absolute(found, f"{address}/raw/{tag}"), text)
        return _LINK.sub(lambda found: _absolute(found, f"{address}/blob/{tag}"), text)
    title, newline, rest = text.partition("\n")
    if _PICTURE.search(rest):
        text = title + newline + newline + _ELSEWHERE + _PICTURE.sub("", rest)
    return _LINK.sub(_as_path, text)


def _absolute(found: re.Match[str], base: str) -> str:
    return found[0].replace(f"({found['path']})", f"({base}/{found['path']})")


def _as_path(found: re.Match[str]) -> str:
    path = f"`{found['path'].partition('#')[0]}`"
    return path if found["text"].strip("`") == path.strip("`") else f"{found['text']} ({path})"


def project_urls(address: str, tag: str) -> dict[str, str]:
    """Addresses of a published project; none without its address."""
    if not address:
        return {}
    return {
        "Repository": address,
        "Documentation": f"{address}/blob/{tag}/README.md",
        "Changelog": f"{address}/blob/{tag}/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }


def project_authors(author: str, contact: str) -> list[dict[str, str]]:
    """The author as metadata; none while nobody is named.

    >>> project_authors("The Example Group", ""), project_authors("", "")
    ([{'name': 'The Example Group'}], [])
    """
    found = {key: value for key, value in (("name", author), ("email", contact)) if value}
    return [found] if found else []
