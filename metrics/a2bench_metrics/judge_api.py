"""A judge behind an OpenAI-compatible HTTP interface (``POST URL/chat/completions``).

The key is sent to the one host that the user named, and never gets into a message, a log or a record: redirects are not
followed, and whatever the server says is searched for it.
"""

import base64
import io
import json
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit

from a2bench.base.counting import count
from a2bench.errors import InputError
from a2bench_metrics.judge import JudgeUnreachableError, NoRatingError, Picture, Question, excerpt

TIMEOUT = 120.0
"""Seconds without a byte after which an attempt counts as failed."""
PAUSES = (1.0, 4.0)
"""Seconds before the second and the third attempt."""
MAX_PAUSE = 30.0
"""How long a server may ask us to wait."""
MAX_BYTES = 1 << 20
MAX_TOKENS = 400
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def checked_url(url: str) -> str:
    """The address of an interface, without a slash at its end.

    Raises:
        InputError: it is not one, carries a password, or would send the key in clear text.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is no number
    except ValueError:
        parts = urlsplit("")
    if parts.username or parts.password:
        raise InputError("A2BENCH_JUDGE_URL holds a user name or password; put the key into A2BENCH_JUDGE_KEY instead")
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not parts.hostname or not secure or parts.query or parts.fragment:
        raise InputError(
            "A2BENCH_JUDGE_URL must be like https://HOST/v1 (http only for this machine), without a query; "
            f"got scheme {parts.scheme or 'none'!r}, host {parts.hostname or 'none'!r}"
        )
    return url.rstrip("/")


@dataclass(frozen=True)
class ApiJudge:
    """A model behind an interface at temperature 0."""

    url: str
    model: str
    key: str = field(default="", repr=False)

    def answer(self, rubric: str, question: Question) -> str:
        """What it says, in up to three attempts."""
        content: list[dict[str, Any]] = [{"type": "text", "text": question.text}]
        for caption, picture in question.pictures:
            content.append({"type": "text", "text": caption})
            content.append({"type": "image_url", "image_url": {"url": _data_url(picture)}})
        messages = [{"role": "system", "content": rubric}, {"role": "user", "content": content}]
        body = {"model": self.model, "temperature": 0, "max_tokens": MAX_TOKENS, "messages": messages}
        return self._said(self._post(json.dumps(body).encode()))

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        request = urllib.request.Request(f"{self.url}/chat/completions", data=body, headers=headers, method="POST")
        why = ""
        for attempt in range(len(PAUSES) + 1):
            if attempt:
                count("judge:retry")
            count("judge:request")
            pause = PAUSES[attempt] if attempt < len(PAUSES) else 0.0
            try:
                with _opener(self.url).open(request, timeout=TIMEOUT) as response:
                    data: bytes = response.read(MAX_BYTES + 1)
                if len(data) > MAX_BYTES:
                    raise JudgeUnreachableError(f"the judge at {self._host} sent more than {MAX_BYTES} bytes")
                return data
            except urllib.error.HTTPError as error:
                with error:
                    why = self._clean(f"it answered {error.code}: {excerpt(_text(error))}")
                if error.code != 429 and error.code < 500:
                    raise JudgeUnreachableError(f"the judge at {self._host} cannot be asked: {why}") from None
                pause = _wanted_pause(error.headers.get("Retry-After", ""), pause)
            except (OSError, HTTPException) as error:  # a URLError is an OSError, and so is a timeout
                reason = getattr(error, "reason", error)
                why = f"no answer in {TIMEOUT:g} s" if isinstance(reason, TimeoutError) else self._clean(str(reason))
            if attempt < len(PAUSES):
                time.sleep(pause)
        raise JudgeUnreachableError(f"the judge at {self._host} gave no answer in {len(PAUSES) + 1} attempts: {why}")

    def _said(self, data: bytes) -> str:
        try:
            choice = json.loads(data)["choices"][0]
            message, finish = choice["message"], choice.get("finish_reason")
            refusal, content = message.get("refusal"), message.get("content")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            text = self._clean(excerpt(data.decode(errors="replace")))
            raise JudgeUnreachableError(f"the judge at {self._host} does not speak the interface: {text}") from None
        if refusal or finish == "content_filter":
            raise NoRatingError(self._clean(f"the judge refused: {excerpt(str(refusal or finish))}"), refused=True)
        if finish == "length":
            raise NoRatingError(f"the judge's answer was cut off after {MAX_TOKENS} tokens")
        if not isinstance(content, str):
            raise NoRatingError("the judge gave an empty answer")
        return self._clean(content)

    @property
    def _host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def _clean(self, text: str) -> str:
        return text.replace(self.key, "[key]") if self.key else text


def _text(error: urllib.error.HTTPError) -> str:
    try:
        return error.read(MAX_BYTES).decode(errors="replace") or error.reason
    except (OSError, HTTPException):
        return error.reason


def _wanted_pause(asked: str, usual: float) -> float:
    return min(float(asked), MAX_PAUSE) if asked.isdecimal() else usual


def _data_url(picture: Picture) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: the key goes to no other host, and no other host rates."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        return None


def _opener(url: str) -> urllib.request.OpenerDirector:
    """What posts to an address; to this machine itself directly, for a proxy would read the key in clear text."""
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _NoRedirect(),
    ]
    if url.startswith("http:"):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)
