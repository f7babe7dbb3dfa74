"""Downloads weights on demand, and only then: resumable, no larger than announced, verified before they are kept."""

import json
import os
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage
from pathlib import Path
from typing import IO

from a2bench.errors import WeightsError
from a2bench.hashing import file_sha256
from a2bench.weights import RECORDED, WeightsEntry, WeightsPart, verified_folder

Told = Callable[[str, int, int], None]
"""Called with a file's path, the bytes that are there, and the bytes that are expected."""

CHUNK = 1 << 20
TIMEOUT = 60.0
"""Seconds without a byte after which a download counts as broken; it goes on where it stopped."""


def fetch(entry: WeightsEntry, told: Told = lambda *_: None) -> Path:
    """Download what is missing or damaged of an entry into our cache; an interrupted download goes on where it stopped.

    Returns:
        The folder with all files, verified.

    Raises:
        WeightsError: it comes inside a package, the disk is too small, the network is closed or fails, a file is larger
            than announced, or its bytes are not the ones of the manifest.
    """
    folder = entry.folder
    if entry.module or folder is None:
        raise WeightsError(f"weights {entry.name!r} come inside a package; type `{entry.remedy}`")
    missing = [part for part in entry.files if not _is_right(entry, part, folder)]
    if missing and (os.environ.get("A2BENCH_OFFLINE") or os.environ.get("HF_HUB_OFFLINE") == "1"):
        raise WeightsError(f"weights {entry.name!r} are not here and the network is closed (offline mode)")
    if missing:
        _require_space(entry, folder, sum(part.bytes for part in missing))
    for part in missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / part.path).unlink(missing_ok=True)  # damaged: a hub's client would take it for the file
            path = _from_hub(entry, part, folder) if entry.source.startswith("hub:") else _from_url(entry, part, told)
        except (OSError, ValueError, RuntimeError) as error:  # hub, network and disk errors all derive from these
            raise WeightsError(
                f"weights {entry.name!r} could not be fetched from {entry.source}: {_first_line(error)}; run the "
                f"command again to go on, or put the file {part.path} into {folder} by hand"
            ) from error
        _keep(entry, part, path, folder)
    verified_folder.cache_clear()
    return verified_folder(entry.name)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


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
        raise WeightsError("fetching from a hub needs a package; type `pip install 'a2bench[text]'`") from None
    repository, _, revision = entry.source.removeprefix("hub:").partition("@")
    return Path(hf_hub_download(repository, part.path, revision=revision, local_dir=folder))


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise urllib.error.URLError(f"redirected to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _from_url(entry: WeightsEntry, part: WeightsPart, told: Told) -> Path:
    """Download over https beside the final place; returns the path of the complete, unchecked file."""
    url = entry.source.removeprefix("url:") + part.path
    assert entry.folder is not None
    partial = entry.folder / f"{part.path}.part"
    partial.parent.mkdir(parents=True, exist_ok=True)
    limit = part.bytes if part.sha256 else part.bytes + part.bytes // 10
    have = partial.stat().st_size if partial.exists() else 0
    if have > limit or (part.sha256 and have == part.bytes):  # complete already, or not what we think it is
        if have == part.bytes:
            return partial
        partial.unlink()
        have = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=ssl.create_default_context()), _HttpsOnly()
    )
    try:
        response = opener.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing beyond what we have: the size was not known exactly
            return partial
        raise
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        done = have if resumed else 0
        rest = response.headers.get("Content-Length")
        expected = done + int(rest) if rest else part.bytes
        if expected > limit:
            raise ValueError(f"{url} has {expected} bytes, expected about {part.bytes}")
        with partial.open("ab" if resumed else "wb") as file:
            while chunk := response.read(CHUNK):
                done += len(chunk)
                if done > limit:
                    raise ValueError(f"{url} is larger than the {part.bytes} bytes that were expected")
                file.write(chunk)
                told(part.path, done, expected)
            file.flush()
            os.fsync(file.fileno())
    if rest and done < expected:
        raise OSError(f"the connection ended after {done} of {expected} bytes")
    return partial


def _require_space(entry: WeightsEntry, folder: Path, size: int) -> None:
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if free < size * 1.05:
        raise WeightsError(
            f"weights {entry.name!r} need {size / 1e6:.0f} MB, but {folder} has {free / 1e6:.0f} MB free; "
            "make room or set A2BENCH_CACHE to a folder on a larger disk"
        )
