"""Downloads one file: goes on where it stopped, and takes no more than was announced."""

import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
TIMEOUT = 60.0
"""Seconds without a byte after which a download counts as broken; it goes on where it stopped."""


def download(url: str, partial: Path, *, expected: int, exact: bool, told: Callable[[int, int], None]) -> None:
    """Fetch the rest of a file into ``partial``, which may hold the start of it already.

    Args:
        url: where it is; ``https``, unless the address itself is given as ``http``.
        partial: the file that grows; complete and synced when this returns, and still to be checked by its hash.
        expected: bytes of the whole file.
        exact: whether that is exact; otherwise it may be a tenth more.
        told: called with the bytes that are there and the bytes of the whole, a few times a second.

    Raises:
        OSError: the network, the server or the disk; what has come so far stays.
        ValueError: the file is larger than announced.
    """
    limit = expected if exact else expected + expected // 10
    partial.parent.mkdir(parents=True, exist_ok=True)
    have = partial.stat().st_size if partial.exists() else 0
    if exact and have == expected:
        return
    if have > limit:
        partial.unlink()
        have = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = _opener(url).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have and not exact:  # nothing beyond what we have: the size was not known exactly
            return
        raise
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        done = have if resumed else 0
        rest = response.headers.get("Content-Length")
        whole = done + int(rest) if rest else expected
        if whole > limit:
            raise ValueError(f"{url} has {whole} bytes, expected about {expected}")
        with partial.open("ab" if resumed else "wb") as file:
            while chunk := response.read(CHUNK):
                done += len(chunk)
                if done > limit:
                    raise ValueError(f"{url} is larger than the {expected} bytes that were expected")
                file.write(chunk)
                told(done, whole)
            file.flush()
            os.fsync(file.fileno())
    if (rest or exact) and done < whole:
        raise OSError(f"the connection ended after {done} of {whole} bytes")


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise urllib.error.URLError(f"redirected to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(url: str) -> urllib.request.OpenerDirector:
    https = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    return urllib.request.build_opener(https, *([_HttpsOnly()] if url.startswith("https://") else []))
