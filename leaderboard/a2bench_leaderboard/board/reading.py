"""What lies in a board's folder: its manifest, its JSON files, and the hash by which a frozen release is known."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a2bench.base.hashing import bytes_sha256
from a2bench.errors import InputError

INDEX = "index.html"
INPUTS = "inputs.json"
DOCUMENT = "leaderboard.json"
MANIFEST = "SHA256SUMS"


def manifest_text(sums: Mapping[str, str]) -> str:
    """The manifest of files by their SHA-256, as ``sha256sum -c`` reads it."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def read_sums(folder: Path) -> dict[str, str]:
    """SHA-256 by path below the folder, as its manifest says; empty where there is none."""
    path = folder / MANIFEST
    return parse_sums(path.read_bytes()) if path.is_file() and not path.is_symlink() else {}


def parse_sums(data: bytes) -> dict[str, str]:
    """The same of the manifest's bytes."""
    lines = data.decode(errors="replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def board_sha256(sums: Mapping[str, str]) -> str:
    """What a board is known by: the hash of its manifest without the page that shows this hash.

    ``grep -v '  index.html$' SHA256SUMS | sha256sum`` says the same.
    """
    return bytes_sha256(manifest_text({name: digest for name, digest in sums.items() if name != INDEX}).encode())


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of a board.

    Raises:
        InputError: the folder is no board, or the file is damaged.
    """
    path = folder / name
    if not path.is_file():
        raise InputError(f"{folder} is no board: it has no {name}; `a2bench board build` makes one")
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path} is damaged: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != 1:
        raise InputError(f"{path} is no file of a board that this A2Bench can read (schema 1)")
    return document
