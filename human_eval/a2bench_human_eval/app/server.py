"""The server of a study: Streamlit for the pages, our own routes for invite links and media.

``/enter/TOKEN`` exchanges an invite for a cookie, so that the link need not stay in the address bar. ``/clip/TOKEN``
serves a clip or reference to the rater whose ballot it belongs to, with byte ranges. The server binds to loopback
unless told otherwise and answers only to the names it was given.
"""

import os
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from a2bench_human_eval.database import StudyBusyError, open_database
from a2bench_human_eval.desk import Desk
from a2bench_human_eval.raters import SESSION_DAYS, AccessError

DATABASE, STUDY, ADMIN = "A2BENCH_STUDY_DATABASE", "A2BENCH_STUDY", "A2BENCH_STUDY_ADMIN"
"""Environment variables: the database's URL, the study's name, and the SHA-256 of the organiser's password."""
COOKIE = "a2bench_rater"
LOOPBACK = ("localhost", "127.0.0.1", "::1", "testserver")
_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}


def open_desk() -> Desk:
    """The desk of the study that this process serves; one per process."""
    url, study = os.environ[DATABASE], os.environ[STUDY]
    if (url, study) not in _desks:
        _desks[url, study] = Desk(open_database(url), study)
    return _desks[url, study]


_desks: dict[tuple[str, str], Desk] = {}


def close_desks() -> None:
    """Close the connections of this process's desks."""
    while _desks:
        _desks.popitem()[1].engine.dispose()


def enter(request: Request) -> Response:
    """Exchange an invite for a cookie."""
    try:
        secret = open_desk().enter(request.path_params["token"])
    except AccessError as error:
        return PlainTextResponse(str(error), 404)
    except StudyBusyError as error:
        return PlainTextResponse(str(error), 503, headers={"Retry-After": "2"})
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=SESSION_DAYS * 86400,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def media(request: Request) -> Response:
    """Serve a clip or a reference to its rater."""
    try:
        path = open_desk().media_file(request.cookies.get(COOKIE, ""), request.path_params["token"])
    except AccessError:
        path = None
    if path is None or not path.is_file():
        return PlainTextResponse("not found", 404)
    headers = {"Cache-Control": "private, max-age=3600"}
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=headers)


def health(request: Request) -> Response:
    """Whether the database answers."""
    open_desk()
    return PlainTextResponse("ok")


class SafeHeaders:
    """Adds headers that keep the address to ourselves and other sites' frames out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add the headers to its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"referrer-policy", b"no-referrer"),
                    (b"x-frame-options", b"DENY"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def make_app(hosts: tuple[str, ...] = ()) -> Any:
    """The ASGI app; reads which study to serve from the environment.

    Args:
        hosts: names under which the server may be reached besides loopback.
    """
    from streamlit import config
    from streamlit.web.server.starlette import App

    import a2bench_human_eval.app.rater  # noqa: F401 - now, so that the first rater need not wait for it

    for option, value in {
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "server.enableStaticServing": False,
        "server.fileWatcherType": "none",
        "global.developmentMode": False,
    }.items():
        config.set_option(option, value)
    return App(
        Path(__file__).with_name("script.py"),
        routes=[
            Route("/enter/{token}", enter),
            Route("/clip/{token}", media),
            Route("/health", health),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, *hosts]),
            Middleware(SafeHeaders),
        ],
    )


def media_app() -> Starlette:
    """Only our own routes, without Streamlit: for tests of what they give to whom."""
    return Starlette(routes=[Route("/enter/{token}", enter), Route("/clip/{token}", media), Route("/health", health)])


def serve(host: str, port: int, hosts: tuple[str, ...] = ()) -> None:
    """Serve until interrupted."""
    import uvicorn

    try:
        uvicorn.run(make_app(hosts), host=host, port=port, log_level="warning", access_log=False, server_header=False)
    finally:
        close_desks()
