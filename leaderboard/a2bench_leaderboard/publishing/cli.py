"""``a2bench board serve`` and ``a2bench board publish``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from a2bench.errors import InputError

if TYPE_CHECKING:
    from a2bench_leaderboard.publishing.contents import Changes, Contents

SPACE, PAGES = "hf-space:", "github-pages"


@click.command("serve")
@click.argument("folder", type=click.Path(path_type=Path), metavar="BOARD")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; the default: only you.")
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True, help="0 takes a free one.")
@click.option("--open", "open_browser", is_flag=True, help="Open it in a browser.")
def serve_command(folder: Path, host: str, port: int, open_browser: bool) -> int:
    """Show a board in a browser until Ctrl-C.

    A board opens from disk as well; over HTTP its players can jump in a video, and others can look at it (--host).
    """
    import webbrowser

    from a2bench_leaderboard.board.folder import verify_board
    from a2bench_leaderboard.publishing.serve import make_server

    server = make_server(folder, host, port)
    if problems := verify_board(folder):
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        click.echo(f"this board is not as it was built: {problems[0]}{more}", err=True)
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{server.server_address[1]}/"
    try:
        click.echo(address)
        if host not in ("127.0.0.1", "::1", "localhost"):
            click.echo("everybody who reaches this machine can see it", err=True)
        if open_browser:
            webbrowser.open(address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:"))
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("ended", err=True)
    finally:
        server.server_close()
    return 0


@click.command("publish")
@click.argument("folder", type=click.Path(path_type=Path), metavar="BOARD")
@click.option(
    "--to", "target", required=True, metavar="TARGET",
    help="A folder; github-pages; or hf-space:OWNER/NAME, a static Space of the Hugging Face Hub.",
)  # fmt: skip
@click.option("--remote", metavar="NAME|URL", help="Of github-pages: the repository. Default: origin of the one here.")
@click.option("--branch", metavar="NAME", help="Of github-pages. Default: gh-pages.")
@click.option("--yes", is_flag=True, help="Do it; without this the changes are only told.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def publish_command(folder: Path, target: str, remote: str | None, branch: str | None, yes: bool, as_json: bool) -> int:
    """Put a board where people find it. Says what would change; --yes does it.

    A board that was altered is not published. Files of anything else are never overwritten or deleted.
    """
    if (remote or branch) and target != PAGES:
        raise InputError(f"--remote and --branch are of --to {PAGES}, not of {target!r}")
    from a2bench_leaderboard.publishing.contents import read_contents

    contents = read_contents(folder)
    if target == PAGES:
        changes, where = _to_branch(contents, remote or "origin", branch, yes)
    elif target.startswith(SPACE):
        changes, where = _to_space(contents, target.removeprefix(SPACE), yes)
    else:
        changes, where = _to_folder(contents, Path(target), yes)
    done = yes and not changes.none
    if as_json:
        found: dict[str, Any] = {"board": str(folder), "target": target, "published": done, "where": where}
        click.echo(json.dumps(found | changes.document(), indent=2))
        return 0
    if changes.none:
        click.echo(f"{target} holds this board already; nothing to do")
        return 0
    for line in changes.lines():
        click.echo(line)
    click.echo(
        f"published: {where}" if done else f"nothing was written; type the same with --yes to publish to {where}"
    )
    return 0


def _to_folder(contents: "Contents", target: Path, yes: bool) -> "tuple[Changes, str]":
    from a2bench_leaderboard.publishing.copy import folder_changes, publish_to_folder

    changes = folder_changes(contents, target)
    if yes and not changes.none:
        publish_to_folder(contents, target)
    return changes, str(target / "index.html")


def _to_branch(contents: "Contents", remote: str, branch: str | None, yes: bool) -> "tuple[Changes, str]":
    from a2bench_leaderboard.publishing.branch import (
        BRANCH,
        branch_changes,
        branch_clone,
        publish_to_branch,
        remote_address,
    )

    address, branch = remote_address(remote), branch or BRANCH
    with branch_clone(address, branch) as clone:
        changes = branch_changes(contents, clone)
        if not yes or changes.none:
            return changes, f"branch {branch} of {_without_secret(address)}"
        commit = publish_to_branch(contents, changes, clone, branch)
    return changes, f"branch {branch} of {_without_secret(address)}, commit {commit[:12]}"


def _to_space(contents: "Contents", name: str, yes: bool) -> "tuple[Changes, str]":
    from a2bench_leaderboard.publishing.space import check_name, publish_to_space, space_changes

    check_name(name)
    changes = space_changes(contents, name)
    if not yes or changes.none:
        return changes, f"the Space {name}"
    return changes, publish_to_space(contents, changes, name)


def _without_secret(address: str) -> str:
    """An address without the user and password that it may hold."""
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}" if separator else address
