"""Downloads one file: goes on where it stopped, and takes no more than was announced."""

import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

CHUNK = 1 << 20
TIMEOUT = 60.0
"""Seconds without a byte after which a download counts as broken; it goes on where it stopped."""

Told = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole, a few times a second."""


class DownloadError(OSError):
    """The network or the server failed; the text is one clause without a full stop.

    status: what an HTTP server answered instead of the file, such as 404; None where the network failed.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


def download(url: str, partial: Path, *, expected: int, exact: bool, told: Told) -> None:
    """Fetch the rest of a file into ``partial``, which may hold the start of it already.

    Args:
        url: where it is; ``https``, unless the address itself is given as ``http``.
        partial: the file that grows; complete and synced when this returns, and still to be checked by its hash.
        expected: bytes of the whole file.
        exact: whether that is exact; otherwise it may be a tenth more.
        told: called with the bytes that are there and the bytes of the whole, a few times a second.

    Raises:
        DownloadError: the network or the server; what has come so far stays.
        OSError: any other: the disk; what has come so far stays.
        ValueError: the file is larger than announced, or not of the exact size.
    """
    limit = expected if exact else expected + expected // 10
    partial.parent.mkdir(parents=True, exist_ok=True)
    have = partial.stat().st_size if partial.exists() else 0
    if exact and have == expected:
        return
    if have > limit:
        partial.unlink()
        have = 0
    try:
        response = _opened(url, have)
    except DownloadError as error:
        if error.status != 416 or not have:
            raise
        if not exact:  # nothing beyond what we have: the size was not known exactly
            return
        partial.unlink()  # the server's file ends before ours does: begin anew
        have, response = 0, _opened(url, 0)
    with response:
        resumed = response.status == 206
        if resumed and not (have and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")):
            raise DownloadError(f"{_host(url)} answers with another part of the file than the one asked for")
        done = have if resumed else 0
        length = response.headers.get("Content-Length", "")
        rest = int(length) if re.fullmatch(r"[0-9]{1,15}", length) else None
        whole = done + rest if rest is not None else expected
        if whole > limit:
            raise ValueError(f"{url} has {whole} bytes, expected about {expected}")
        if exact and whole < expected:
            raise ValueError(f"{url} has only {whole} bytes, expected {expected}")
        with partial.open("ab" if resumed else "wb") as file:
            while chunk := _read(response, url):
                done += len(chunk)
                if done > limit:
                    raise ValueError(f"{url} is larger than the {expected} bytes that were expected")
                file.write(chunk)
                told(done, whole)
            file.flush()
            os.fsync(file.fileno())
    if (rest is not None or exact) and done < whole:
        raise DownloadError(f"{_host(url)} ended the connection after {done} of {whole} bytes")


def download_all(url: str, partial: Path, *, expected: int, exact: bool, told: Told) -> None:
    """As `download`, but a connection that breaks is taken up again for as long as each one brings something."""
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        try:
            return download(url, partial, expected=expected, exact=exact, told=told)
        except DownloadError as error:
            after = partial.stat().st_size if partial.exists() else 0
            if error.status or after <= before:
                raise


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects, a few, to https only; from an address that was given as http also to http."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith(self.allowed):
            raise urllib.error.URLError(f"redirected to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opened(url: str, have: int) -> HTTPResponse:
    """The answer to a request for all that comes after the first ``have`` bytes."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    https = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    allowed = ("https://",) if url.startswith("https://") else ("https://", "http://")
    try:
        response: HTTPResponse = urllib.request.build_opener(https, _WebOnly(allowed)).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        text = f"answers {error.code} {' '.join(str(error.reason).split())}".rstrip()
        if str(error.reason).startswith(urllib.request.HTTPRedirectHandler.inf_msg):
            text = "redirects without end"
        raise DownloadError(f"{_host(url)} {text}", error.code) from None
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(_why(url, error)) from error
    return response


def _read(response: HTTPResponse, url: str) -> bytes:
    """What has come, so that nothing of it is lost when the rest never comes; empty at the end."""
    try:
        return response.read1(CHUNK)
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(_why(url, error)) from error


def _why(url: str, error: Exception) -> str:
    """What happened on the way, in a clause that names the host."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"{_host(url)} sent nothing for {TIMEOUT:.0f} seconds"
    if isinstance(reason, IncompleteRead):
        return f"{_host(url)} ended the connection within the file"
    if isinstance(reason, HTTPException) and not isinstance(reason, OSError):
        return f"{_host(url)} does not answer as a web server does ({type(reason).__name__})"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"{_host(url)} has no certificate that is trusted here ({reason.verify_message})"
    text = (reason.strerror if isinstance(reason, OSError) else None) or str(reason) or type(reason).__name__
    return f"{_host(url)} cannot be reached: {text}"


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
