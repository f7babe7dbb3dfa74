"""Publishing to a folder, such as what a web server shows: a new board is written aside, then takes the old one's name.

Between the two renames, an instant, there is no folder of that name.
"""

import tempfile
from pathlib import Path

from a2bench.base.files import check_outside_of_runs, copy_file, explained_output_errors
from a2bench.base.hashing import file_sha256
from a2bench.errors import InputError
from a2bench_leaderboard.board.reading import DOCUMENT, read_sums
from a2bench_leaderboard.publishing.contents import Changes, Contents, changes_to, check_release, check_replaceable


def folder_changes(contents: Contents, target: Path) -> Changes:
    """What publishing to a folder would change.

    Raises:
        InputError: the target is the board itself, a file, or a folder that holds something else.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise InputError(f"{target} is no folder; name a folder that is a board, or is not there yet")
    one, other = target.resolve(), contents.folder.resolve()
    if one == other or one.is_relative_to(other) or other.is_relative_to(one):
        raise InputError(f"{target} and the board {contents.folder} lie in each other; name another folder")
    check_outside_of_runs(target)
    there = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if not path.is_dir()}
    check_replaceable(there, read_sums(target), frozenset(), str(target))
    check_release(contents, there[DOCUMENT].read_bytes() if DOCUMENT in there else None, str(target))
    return changes_to(contents, {name: file_sha256(path) for name, path in there.items()})


def publish_to_folder(contents: Contents, target: Path) -> None:
    """Put a board in the place of what is there.

    Raises:
        OutputError: it cannot be written; what was there is there still.
    """
    with explained_output_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as work:
            new, old = Path(work) / "new", Path(work) / "old"
            for name in contents.names:
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                copy_file(contents.folder / name, new / name)
            if not target.exists():
                new.rename(target)
                return
            target.rename(old)
            try:
                new.rename(target)
            except BaseException:
                old.rename(target)
                raise
