"""Publishing to a static Space of the Hugging Face Hub, as one commit through `huggingface_hub`.

The token is the hub's own (`hf auth login`, or ``HF_TOKEN``); it is never shown. ``HF_ENDPOINT`` names another hub.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from a2bench.assets.extras import install_line
from a2bench.errors import InputError
from a2bench_leaderboard.board.reading import DOCUMENT, MANIFEST, parse_sums
from a2bench_leaderboard.publishing.contents import (
    Changes,
    Contents,
    board_title,
    changes_to,
    check_release,
    check_replaceable,
)

README = "README.md"
KEPT = frozenset({README, ".gitattributes"})
"""What lies beside a board in a Space: the page that tells the hub what it is, and what it keeps as large files."""


def check_name(name: str) -> str:
    """``owner/name`` of a Space.

    Raises:
        InputError: it is none.
    """
    if not re.fullmatch(r"[\w.-]{1,96}/[\w.-]{1,96}", name, re.ASCII):
        raise InputError(f"{name!r} names no Space; expected hf-space:OWNER/NAME")
    return name


def space_changes(contents: Contents, name: str) -> Changes:
    """What a publication would change in a Space; one that does not exist yet is empty.

    Raises:
        InputError: the hub cannot be asked.
    """
    hub = _hub()
    there: dict[str, str | None] = {}
    readme = ""
    with _explained(name):
        api = hub.HfApi()
        for file in _listed(api, name) or ():
            there[file.path] = file.lfs.sha256 if file.lfs else _same(contents, file.path, file.blob_id)
            readme = file.blob_id if file.path == README else readme
        own = parse_sums(_file(api, name, MANIFEST)) if MANIFEST in there else {}
        document = _file(api, name, DOCUMENT) if DOCUMENT in there else None
    check_replaceable(there, own, KEPT, f"the Space {name}")
    check_release(contents, document, f"the Space {name}")
    if readme and not own and readme != _blob_id(front_page(contents.folder)):
        raise InputError(f"the Space {name} has a {README} of something else, which would be lost; take another")
    changes = changes_to(contents, there, KEPT)
    page = front_page(contents.folder)
    if readme == _blob_id(page):
        return changes
    lists = {"changed" if readme else "added": (README,)}
    return replace(
        changes,
        num_bytes=changes.num_bytes + len(page),
        **{key: tuple(sorted((*getattr(changes, key), *names))) for key, names in lists.items()},
    )


def publish_to_space(contents: Contents, changes: Changes, name: str) -> str:
    """Make the Space if it is not there, and one commit; the address of the commit.

    Raises:
        InputError: there is no token, or the hub refuses.
    """
    hub = _hub()
    pages = {README: front_page(contents.folder)}
    operations: list[Any] = [
        hub.CommitOperationAdd(path_in_repo=path, path_or_fileobj=pages.get(path) or str(contents.folder / path))
        for path in (*changes.added, *changes.changed)
    ]
    deleted = set(changes.deleted)
    with _explained(name):
        api = hub.HfApi()
        if _listed(api, name) is None:
            api.create_repo(name, repo_type="space", space_sdk="static", exist_ok=True)
            # A new Space holds a page of the hub's own, which is not ours to keep.
            deleted = {file.path for file in _listed(api, name) or ()} - {*contents.names, *KEPT}
        operations += [hub.CommitOperationDelete(path_in_repo=path) for path in sorted(deleted)]
        message = f"A2Bench board: {board_title(contents.folder)}"
        done = api.create_commit(name, operations, commit_message=message, repo_type="space")
    return str(done.commit_url)


def _listed(api: Any, name: str) -> list[Any] | None:
    """The files of a Space; None where there is no such Space."""
    hub = _hub()
    try:
        tree = list(api.list_repo_tree(name, repo_type="space", recursive=True))
    except hub.errors.RepositoryNotFoundError:
        return None
    return [file for file in tree if isinstance(file, hub.hf_api.RepoFile)]


def front_page(folder: Path) -> bytes:
    """``README.md`` of the Space, whose front matter tells the hub to show ``index.html``."""
    title = json.dumps(f"A2Bench {board_title(folder)}")  # a JSON string is a YAML one
    lines = ["---", f"title: {title}", "sdk: static", "app_file: index.html", "pinned: false", "---", ""]
    return (
        "\n".join([*lines, "A board of A2Bench; `a2bench board verify` finds every altered byte of it."]) + "\n"
    ).encode()


def _file(api: Any, name: str, path: str) -> bytes:
    """A small file of a Space."""
    hub = _hub()
    answer = hub.utils.get_session().get(
        f"{api.endpoint}/spaces/{name}/resolve/main/{path}", headers=hub.utils.build_hf_headers()
    )
    hub.utils.hf_raise_for_status(answer)
    data: bytes = answer.content
    return data


def _same(contents: Contents, path: str, blob_id: str) -> str | None:
    """The board's own hash of a small file that the hub names by git's; None where it is another file."""
    own = contents.folder / path
    equal = path in contents.sums and _blob_id(own.read_bytes()) == blob_id
    return contents.sums[path] if equal else None


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise InputError(f"publishing to a Space needs huggingface_hub; type `{install_line('leaderboard')}`") from None
    return huggingface_hub


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what the hub says into one sentence, without addresses that could hold a token."""
    hub = _hub()
    try:
        yield
    except hub.errors.HFValidationError:
        raise InputError(f"{name!r} is no name that the hub takes; expected hf-space:OWNER/NAME") from None
    except hub.errors.LocalTokenNotFoundError:
        raise InputError("the hub has no token of yours; type `hf auth login`, or set HF_TOKEN") from None
    except hub.errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status in (401, 403):
            raise InputError(
                f"the hub does not let this token write to {name!r} (HTTP {status}); type `hf auth login` with a token "
                "that may write"
            ) from None
        reason = (error.server_message or "no reason given").splitlines()[0]
        raise InputError(f"the hub refused to publish to {name!r} (HTTP {status}): {reason}") from None
    except RuntimeError as error:  # what the library says of a large file that did not arrive
        raise InputError(f"the hub did not take everything: {error}; type the same again") from None
    except (OSError, hub.utils.httpx.HTTPError) as error:
        raise InputError(f"the hub cannot be reached ({type(error).__name__}); try again later") from None
