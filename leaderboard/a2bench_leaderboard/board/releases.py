"""Frozen releases: a board with a name keeps its bytes, and later boards name the earlier ones with their hashes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a2bench.base.hashing import file_sha256
from a2bench.errors import InputError
from a2bench_leaderboard.board.reading import DOCUMENT, INPUTS, MANIFEST, board_sha256, read_json, read_sums


def check_frozen(folder: Path, manifest: bytes) -> None:
    """Refuse to put other files where a release lies.

    Args:
        folder: that a board is to be written to.
        manifest: of that board.

    Raises:
        InputError: a release is there and has other files.
    """
    path = folder / MANIFEST
    name = _release_name(folder) if path.is_file() else None
    if name is not None and path.read_bytes() != manifest:
        raise InputError(
            f"{folder} holds the frozen release {name} (sha256 {board_sha256(read_sums(folder))}) and this board has "
            "other bytes: build it elsewhere under another name (--release NAME -o FOLDER), and see what changed with "
            f"`a2bench board diff {folder} FOLDER`"
        )


def _release_name(folder: Path) -> str | None:
    """The name of the release in a folder, by whichever of its two JSON files can be read."""
    for file in (DOCUMENT, INPUTS):
        try:
            release = read_json(folder, file).get("release")
        except InputError:
            continue
        return release.get("name") if isinstance(release, dict) else None
    return None


def earlier_releases(folder: Path, output: Path, name: str | None) -> list[dict[str, Any]]:
    """The releases that lie in the folders of a folder, the newest first, for the inputs of a new board.

    Args:
        folder: one folder in it for each release.
        output: where the new board goes; a board that is there is not an earlier one.
        name: of the new board.

    Raises:
        InputError: there is no such folder, a file of one was altered, or one has the new board's name.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; --releases takes one in which each earlier release has its folder")
    found = []
    for path in sorted(folder.iterdir()):
        if not (path / MANIFEST).is_file() or path.resolve() == output.resolve():
            continue
        document = read_json(path, DOCUMENT)
        try:
            facts: dict[str, Any] = dict(document["release"] or {"name": None, "date": None})
            facts["suite"] = document["suite"]
            facts["systems"] = sum(entry["kind"] == "system" for entry in document["entries"])
            release = facts["name"]
        except (LookupError, TypeError, ValueError):
            raise InputError(f"{path / DOCUMENT} is damaged; type `a2bench board verify {path}`") from None
        if not release:
            continue
        sums = read_sums(path)
        if altered := next((file for file, digest in sums.items() if not _holds(path / file, digest)), None):
            raise InputError(
                f"{path / altered} is not as release {release} was built; type `a2bench board verify {path}`"
            )
        if release == name:
            raise InputError(
                f"{path} is release {name} already; take another name, or see what would change with "
                f"`a2bench board diff {path} FOLDER`"
            )
        found.append({**facts, "sha256": board_sha256(sums)})
    return sorted(found, key=lambda one: (one["date"] or "", one["name"]), reverse=True)


def _holds(path: Path, sha256: str) -> bool:
    return path.is_file() and not path.is_symlink() and file_sha256(path) == sha256


def release_text(document: Mapping[str, Any], sha256: str) -> str:
    """What a board is, in a few words, such as ``release 2026.1, 2026-11-27, frozen, sha256 ...``."""
    release = document["release"] or {}
    named = [f"release {release['name']}"] if release.get("name") else ["no release"]
    dated = [release["date"]] if release.get("date") else []
    return ", ".join([*named, *dated, *["frozen"] * bool(release.get("name")), f"sha256 {sha256}"])
