"""Downloads weights on demand, and only then: resumable, no larger than announced, verified before they are kept."""

import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from a2bench.assets.download import download
from a2bench.assets.extras import install_line
from a2bench.assets.weights import RECORDED, WeightsEntry, WeightsPart, verified_folder
from a2bench.base.hashing import file_sha256
from a2bench.errors import WeightsError, first_line

Told = Callable[[str, int, int], None]
"""Called with a file's path, the bytes that are there, and the bytes that are expected."""


def fetch(entry: WeightsEntry, told: Told = lambda *_: None) -> Path:
    """Download what is missing or damaged of an entry into our cache; an interrupted download goes on where it stopped.

    Returns:
        The folder with all files, verified.

    Raises:
        WeightsError: it comes inside a package or with A2Bench, the disk is too small, the network is closed or fails,
            a file is larger than announced, or its bytes are not the ones of the manifest.
    """
    folder = entry.folder
    if entry.is_bundled:
        raise WeightsError(f"weights {entry.name!r} come with A2Bench itself; type `{entry.remedy}`")
    if entry.module or folder is None:
        raise WeightsError(f"weights {entry.name!r} come inside a package; type `{entry.remedy}`")
    missing = [part for part in entry.files if not _is_right(entry, part, folder)]
    if missing and network_is_closed():
        raise WeightsError(f"weights {entry.name!r} are not here and the network is closed (offline mode)")
    if missing:
        require_space(entry.name, folder, sum(part.bytes for part in missing))
    for part in missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / part.path).unlink(missing_ok=True)  # damaged: a hub's client would take it for the file
            path = _from_hub(entry, part, folder) if entry.source.startswith("hub:") else _from_url(entry, part, told)
        except (OSError, ValueError, RuntimeError) as error:  # hub, network and disk errors all derive from these
            raise WeightsError(
                f"weights {entry.name!r} could not be fetched from {entry.source}: {first_line(error)}; run the "
                f"command again to go on, or put the file {part.path} into {folder} by hand"
            ) from error
        _keep(entry, part, path, folder)
    verified_folder.cache_clear()
    return verified_folder(entry.name)


def network_is_closed() -> bool:
    """Whether this process was told to stay offline."""
    return bool(os.environ.get("A2BENCH_OFFLINE")) or os.environ.get("HF_HUB_OFFLINE") == "1"


def _is_right(entry: WeightsEntry, part: WeightsPart, folder: Path) -> bool:
    path = folder / part.path
    return path.is_file() and entry.complaint(part, file_sha256(path)) is None


def _keep(entry: WeightsEntry, part: WeightsPart, path: Path, folder: Path) -> None:
    """Check a downloaded file and record its full hash where the manifest does not have it."""
    sha256 = file_sha256(path)
    complaint = entry.complaint(part, sha256)
    if complaint:
        path.unlink()
        raise WeightsError(f"weights {entry.name!r} from {entry.source}: {part.path}: {complaint}; not kept")
    path.replace(folder / part.path)
    if not part.sha256:
        temporary = folder / f".tmp-{RECORDED}"
        temporary.write_text(json.dumps({**entry.recorded(), part.path: sha256}, indent=1, sort_keys=True))
        temporary.replace(folder / RECORDED)


def _from_hub(entry: WeightsEntry, part: WeightsPart, folder: Path) -> Path:
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise WeightsError(f"fetching from a hub needs a package; type `{install_line('text')}`") from None
    from huggingface_hub import constants
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository, _, revision = entry.source.removeprefix("hub:").partition("@")
    endpoint = os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    retries = logging.getLogger("huggingface_hub.utils._http")
    level = retries.level
    retries.setLevel(logging.ERROR)  # each of its five retries is a warning of two lines
    try:
        return Path(hf_hub_download(repository, part.path, revision=revision, local_dir=folder, endpoint=endpoint))
    except LocalEntryNotFoundError as error:  # its text speaks of a cache that we do not ask for
        why = first_line(error.__cause__ or error)
        raise OSError(f"{endpoint} cannot be reached ({why}); check the network") from error
    finally:
        retries.setLevel(level)


def _from_url(entry: WeightsEntry, part: WeightsPart, told: Told) -> Path:
    """Download over https beside the final place; returns the path of the complete, unchecked file."""
    assert entry.folder is not None
    partial = entry.folder / f"{part.path}.part"
    download(
        entry.source.removeprefix("url:") + part.path,
        partial,
        expected=part.bytes,
        exact=part.sha256 is not None,
        told=lambda done, expected: told(part.path, done, expected),
    )
    return partial


def require_space(name: str, folder: Path, size: int) -> None:
    """Refuse to fetch what the disk cannot hold.

    Raises:
        WeightsError: how much is needed, how much there is, and what to do.
    """
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if free < size * 1.05:
        raise WeightsError(
            f"weights {name!r} need {size / 1e6:.0f} MB, but {folder} has {free / 1e6:.0f} MB free; "
            "make room or set A2BENCH_CACHE to a folder on a larger disk"
        )
