"""Publishing to GitHub Pages, or any host that shows a branch: one commit per publication on a branch of a remote.

`git` does the work, in a clone of its own: neither the user's files nor branches are touched; credentials are git's.
Nothing is forced: earlier publications stay in the history.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from a2bench.base.hashing import file_sha256
from a2bench.errors import InputError
from a2bench_leaderboard.board.reading import DOCUMENT, read_sums
from a2bench_leaderboard.publishing.contents import (
    Changes,
    Contents,
    board_title,
    changes_to,
    check_release,
    check_replaceable,
)

BRANCH = "gh-pages"
KEPT = frozenset({".nojekyll", "CNAME", "README.md", "LICENSE", ".gitattributes"})
"""What may lie beside a board on the branch, and stays."""
LOCAL_VARIABLES = frozenset(
    f"GIT_{name}"
    for name in (
        "ALTERNATE_OBJECT_DIRECTORIES", "COMMON_DIR", "DIR", "GRAFT_FILE", "IMPLICIT_WORK_TREE", "INDEX_FILE",
        "INTERNAL_SUPER_PREFIX", "NAMESPACE", "NO_REPLACE_OBJECTS", "OBJECT_DIRECTORY", "PREFIX", "REPLACE_REF_BASE",
        "SHALLOW_FILE", "WORK_TREE",
    )
)  # fmt: skip
"""Of ``git rev-parse --local-env-vars``, those that say which repository and files a command is about."""
TIMEOUT = 600
"""Seconds for one command of git."""


def remote_address(remote: str) -> str:
    """Where a remote is: what it was given as, or what the repository here calls by that name.

    Raises:
        InputError: git is not installed, or there is no such remote.
    """
    if shutil.which("git") is None:
        raise InputError("publishing to a branch needs the program git, which is not installed")
    if "/" in remote or ":" in remote or Path(remote).exists():
        address = str(Path(remote).resolve()) if Path(remote).exists() else remote
    else:
        try:
            address = _git(Path(), "remote", "get-url", "--", remote).strip()
        except InputError as error:
            raise InputError(f"no remote {remote!r} here ({error}); give --remote an address, or a name") from None
    if address.startswith("-"):
        raise InputError(f"{address!r} is no address of a repository")
    return address


@contextmanager
def branch_clone(address: str, branch: str) -> Iterator[Path]:
    """A clone of the branch for as long as it is needed; empty, with that branch to be born, where there is none.

    Raises:
        InputError: the remote cannot be read, or the branch is no name of one.
    """
    _git(Path(), "check-ref-format", "--branch", branch)
    exists = bool(_git(Path(), "ls-remote", "--heads", "--", address, f"refs/heads/{branch}").strip())
    with tempfile.TemporaryDirectory(prefix="a2bench-publish-") as work:
        clone = Path(work) / "clone"
        if exists:
            _git(Path(work), "clone", "--quiet", "--depth", "1", "--branch", branch, "--", _url(address), str(clone))
        else:
            _git(Path(work), "init", "--quiet", f"--initial-branch={branch}", str(clone))
            _git(clone, "remote", "add", "origin", address)
        yield clone


def branch_changes(contents: Contents, clone: Path) -> Changes:
    """What a publication would change on the branch.

    Raises:
        InputError: the branch holds something other than a board.
    """
    listed = [line.partition("\t")[::2] for line in _git(clone, "ls-files", "--stage", "-z").split("\0") if line]
    # Whoever can push to the branch must not make us write through a link.
    if odd := next((name for facts, name in listed if not facts.startswith("100")), None):
        raise InputError(
            f"the branch holds a link ({odd}), which is followed nowhere; take it away, or another --branch"
        )
    there = [name for _, name in listed]
    check_replaceable(there, read_sums(clone), KEPT, "the branch")
    check_release(contents, (clone / DOCUMENT).read_bytes() if DOCUMENT in there else None, "the branch")
    return changes_to(contents, {name: file_sha256(clone / name) for name in there}, KEPT)


def publish_to_branch(contents: Contents, changes: Changes, clone: Path, branch: str) -> str:
    """Commit the board to the clone and push it; the commit.

    Raises:
        InputError: the remote refuses it, or somebody else has published in the meantime.
    """
    for name in changes.deleted:
        (clone / name).unlink()
    for name in (*changes.added, *changes.changed):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(contents.folder / name, clone / name)
    # What is committed are the board's bytes, whatever .gitattributes on the branch says of line endings.
    (clone / ".git/info").mkdir(exist_ok=True)
    (clone / ".git/info/attributes").write_text("* -text -filter -ident\n")
    (clone / ".nojekyll").touch()  # else GitHub leaves out names that begin with an underscore
    _git(clone, "add", "--all", "--force")
    message = f"A2Bench board: {board_title(contents.folder)}\n\ninputs.json {contents.sums['inputs.json']}"
    _git(clone, *_identity(clone), "commit", "--quiet", "--no-verify", "--message", message)
    _git(clone, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    return _git(clone, "rev-parse", "HEAD").strip()


def _identity(clone: Path) -> tuple[str, ...]:
    """A name for the commit where git knows none."""
    try:
        _git(clone, "var", "GIT_COMMITTER_IDENT")
    except InputError:
        return ("-c", "user.name=A2Bench", "-c", "user.email=a2bench@localhost")
    return ()


def _url(address: str) -> str:
    """A local repository by a URL, since git would ignore ``--depth`` for a path."""
    return Path(address).resolve().as_uri() if Path(address).exists() else address


def _git(folder: Path, *arguments: str) -> str:
    # Inside a hook git names the user's repository by variables such as GIT_DIR, which would beat the clone's folder.
    own = {key: value for key, value in os.environ.items() if key not in LOCAL_VARIABLES}
    environment = {**own, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder.resolve()), "-c", "core.autocrlf=false", *arguments],
            capture_output=True, text=True, check=True, env=environment, timeout=TIMEOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", " !"))] or lines
        raise InputError(f"git {arguments[0]}: {told[-1].strip() if told else 'failed'}") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"git {arguments[0]} took longer than {TIMEOUT} s") from None
    return done.stdout
