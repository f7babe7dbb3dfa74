"""What a board's folder holds by name and hash, and what has to change where an older one lies."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from a2bench.base.hashing import bytes_sha256
from a2bench.errors import InputError
from a2bench_leaderboard.board.folder import verify_board
from a2bench_leaderboard.board.reading import DOCUMENT, MANIFEST, read_json, read_sums


@dataclass(frozen=True)
class Contents:
    """The files of a board.

    folder: where they are. sums: SHA-256 by path below it, `SHA256SUMS` itself not among them.
    """

    folder: Path
    sums: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """All files."""
        return [*self.sums, MANIFEST]


@dataclass(frozen=True)
class Changes:
    """What a publication does: paths that are new, have other bytes, or go away; num_bytes: that have to be sent."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]
    num_bytes: int

    @property
    def none(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.added or self.changed or self.deleted)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        parts = {"added": self.added, "changed": self.changed, "deleted": self.deleted}
        return {name: list(paths) for name, paths in parts.items()} | {"bytes": self.num_bytes}

    def lines(self) -> Iterator[str]:
        """For a terminal: numbers, and the first names."""
        for word, paths in (("new", self.added), ("changed", self.changed), ("gone", self.deleted)):
            if paths:
                shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
                yield f"{word}: {len(paths)} file{'' if len(paths) == 1 else 's'} ({shown})"
        yield f"{self.num_bytes / 1e6:.1f} MB to send"


def read_contents(folder: Path) -> Contents:
    """The files of a board, of which none was altered.

    Raises:
        InputError: the folder is no board, or `a2bench board verify` finds something.
    """
    if problems := verify_board(folder):
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputError(
            f"{folder} is not as it was built, so it is not published: {problems[0]}{more}; "
            f"type `a2bench board verify {folder}`, and build it anew"
        )
    return Contents(folder, read_sums(folder))


def check_replaceable(names: Iterable[str], sums: Mapping[str, str], kept: frozenset[str], where: str) -> None:
    """Refuse a target that holds anything but a board, which a publication would delete.

    Args:
        names: what it holds.
        sums: what its `SHA256SUMS` says, empty where there is none.
        kept: what may lie beside a board and stays.
        where: the target, for the message.

    Raises:
        InputError: it holds something else.
    """
    is_board = {"index.html", "leaderboard.json", "inputs.json"} <= sums.keys()
    own = {*sums, MANIFEST} if is_board else set()
    if others := sorted(set(names) - own - kept):
        raise InputError(f"{where} holds something other than a board ({others[0]}), which would be lost; take another")


def check_release(contents: Contents, there: bytes | None, where: str) -> None:
    """Refuse to put other bytes where a release of the same name was published; a later release may take its place.

    Args:
        contents: of the board.
        there: ``leaderboard.json`` of the target, None where it has none.
        where: the target, for the message.

    Raises:
        InputError: the target has that release already, and it is another board.
    """
    own = (read_json(contents.folder, DOCUMENT)["release"] or {}).get("name")
    if not own or there is None or bytes_sha256(there) == contents.sums[DOCUMENT]:
        return
    try:
        published = (json.loads(there)["release"] or {}).get("name")
    except (ValueError, LookupError, TypeError, AttributeError):
        return  # a damaged board; what it was is not known
    if published == own:
        raise InputError(
            f"{where} holds the frozen release {own} with other bytes; build this board under another --release"
        )


def board_title(folder: Path) -> str:
    """Suite and release in a few words, such as ``a2bench-v1, release 2026.1``."""
    document = read_json(folder, "leaderboard.json")
    release = document["release"] or {}
    return ", ".join([document["suite"]["name"], *([f"release {release['name']}"] if release.get("name") else [])])


def changes_to(contents: Contents, there: Mapping[str, str | None], kept: frozenset[str] = frozenset()) -> Changes:
    """What makes a target hold these files and no others.

    Args:
        contents: of the board.
        there: what the target holds, SHA-256 by path; None where it is not known, so that the file counts as changed.
        kept: paths of the target that are not the board's and stay.
    """
    # The manifest has no hash of its own in itself; it changes when anything does.
    sums = dict(contents.sums)
    added = [name for name in contents.names if name not in there]
    changed = [name for name in sums if name in there and there[name] != sums[name]]
    deleted = sorted(there.keys() - set(contents.names) - kept)
    if (added or changed or deleted) and MANIFEST in there:
        changed.append(MANIFEST)
    size = sum((contents.folder / name).stat().st_size for name in (*added, *changed))
    return Changes(tuple(sorted(added)), tuple(sorted(changed)), tuple(deleted), size)
