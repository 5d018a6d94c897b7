"""A page on 127.0.0.1 for people who judge: one component of Gradio with server functions, and nothing from outside.

Images have an address of their own, by content, and every other address that Gradio would serve is closed (`Guard`).
`kg/page.js` is the frame of such a page in the browser: name, keys, one thing at a time, what went wrong.
"""

import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import gradio
import neo4j
import uvicorn
from fastapi import FastAPI, HTTPException, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.errors import DataError, KwkError, ServiceError
from kg.settings import Neo4jAddress

HOST = "127.0.0.1"
FIRST_PORT = 7860
PATIENCE = 5  # seconds that a write is tried again before the page says that a store is gone
THUMBNAILS = 300  # that are kept in memory

Told = dict[str, Any]
Ask = Callable[[Told], Told]

# What the page asks for; Gradio would also take uploads, pass on addresses and hand out files.
OPEN = ("/assets/", "/static/", "/svelte/", "/picture/", "/gradio_api/heartbeat/", "/gradio_api/queue/")
OPEN_EXACTLY = {
    "/", "/config", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json", "/gradio_api/component_server",
    "/gradio_api/info", "/gradio_api/startup-events", "/gradio_api/theme.css", "/gradio_api/app_id",
}  # fmt: skip
POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'none'; form-action 'none'; "
    "base-uri 'self'"
)


class Guard:
    """Let through what the page needs, asked by a browser on this machine for a page of ours."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 or 404 to all that is not allowed; tell the browser to load nothing from elsewhere."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path = scope["path"].rstrip("/") or "/"
        if not at_home(headers):
            await PlainTextResponse("This page answers to 127.0.0.1 and localhost alone.", 403)(scope, receive, send)
        elif path not in OPEN_EXACTLY and (not path.startswith(OPEN) or ".." in path):
            await PlainTextResponse("There is nothing here.", 404)(scope, receive, send)
        else:

            async def guarded(message: Message) -> None:
                if message["type"] == "http.response.start":
                    added = MutableHeaders(scope=message)
                    added["Content-Security-Policy"] = POLICY
                    added["X-Content-Type-Options"] = "nosniff"
                    added["Referrer-Policy"] = "no-referrer"
                await send(message)

            await self.app(scope, receive, guarded)


def at_home(headers: Headers) -> bool:
    """Say whether a request names this machine, and comes from no other page than ours.

    Ports are not compared, since the page may be reached through a tunnel, but both must name the same.
    """
    try:
        host = headers.get("host", "")
        here = urlsplit(f"//{host}").hostname in ("localhost", HOST)
        origin = headers.get("origin")
        return here and (origin is None or urlsplit(origin).netloc == host)
    except ValueError:
        return False


class Gone(Exception):
    """An image that can't be shown: there is none, or it is not what was ingested."""


@dataclass(frozen=True, slots=True)
class LocalPage:
    """What a page is made of."""

    title: str
    root: str  # class and id of the element that the script fills
    script: str
    style: str
    asks: Mapping[str, Ask]  # what the browser may ask for, by name
    picture: Callable[[str, int], bytes]  # an image as WebP by sha256 and longer side; raises Gone
    sides: tuple[int, ...]  # the sizes there are


def text(sent: Told, key: str) -> str:
    """Return a text that the browser sent, empty where it sent none."""
    value = sent.get(key)
    if value is not None and not isinstance(value, str):
        raise DataError(f"The page sent {value!r} as {key}, which is no text: reload it.")
    return value or ""


def answering(name: str, ask: Ask) -> Callable[[Any], Told]:
    """Return `ask` as a function of the page: what kwk can explain comes back as a sentence."""

    def answer(sent):  # type: ignore[no-untyped-def]  # Gradio reads annotations, and would fill in arguments by them
        try:
            return ask(sent if isinstance(sent, dict) else {})
        except KwkError as exc:
            return {"error": str(exc)}

    answer.__name__ = name
    return answer


def frame() -> str:
    """Return the frame of a page as a script, which defines `frame`."""
    return files("kg").joinpath("page.js").read_text("utf-8")


def build(page: LocalPage) -> FastAPI:
    """Return a page as an application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard)
    thumbnail = lru_cache(maxsize=THUMBNAILS)(page.picture)

    @app.get("/picture/{sha256}/{side}")
    def show_picture(sha256: str, side: int) -> Response:
        if side not in page.sides:
            raise HTTPException(404, "There is no such size.")
        try:
            data = thumbnail(sha256, side)
        except Gone as exc:
            raise HTTPException(404, str(exc)) from exc
        except KwkError as exc:
            raise HTTPException(503, str(exc)) from exc
        return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=86400, immutable"})

    with gradio.Blocks(analytics_enabled=False, title=page.title, fill_width=True) as blocks:
        gradio.HTML(
            f'<div class="{page.root}" id="kwk-review">…</div>',
            js_on_load=page.script,
            server_functions=[answering(name, ask) for name, ask in page.asks.items()],
            apply_default_css=False,
        )
    gradio.mount_gradio_app(
        app,
        blocks,
        path="/",
        server_name=HOST,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        max_file_size=1,
        theme=gradio.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        css=page.style,
    )
    return app


def listen(port: int | None) -> socket.socket:
    """Return a socket on `port`, or on the first free one from 7860 on. Raises ServiceError if the port is taken."""
    if port:
        return bind(HOST, port)
    for candidate in range(FIRST_PORT, FIRST_PORT + 100):
        with suppress(ServiceError):
            return bind(HOST, candidate)
    raise ServiceError(f"No port from {FIRST_PORT} to {FIRST_PORT + 99} is free on {HOST}: name one with --port.")


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 is any free one. Raises ServiceError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(256)
    except OSError as exc:
        bound.close()
        raise ServiceError(f"{host}:{port} can't be listened on ({exc.strerror}): name another with --port.") from exc
    return bound


@contextmanager
def impatient(address: Neo4jAddress) -> Iterator[neo4j.Driver]:
    """Yield a driver that gives up soon, so that a reviewer learns in seconds that a vote was not taken."""
    with neo4j.GraphDatabase.driver(
        address.uri,
        auth=(address.user, address.password),
        notifications_min_severity="OFF",
        max_transaction_retry_time=PATIENCE,
        connection_acquisition_timeout=PATIENCE,
        connection_timeout=PATIENCE,
    ) as driver:
        yield driver


def serve(page: LocalPage, bound: socket.socket, ready: Callable[[], object]) -> None:
    """Serve a page until Ctrl-C; `ready` is called when it answers."""
    app = build(page)

    class Server(uvicorn.Server):
        """A server that says when it answers."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    logging.getLogger("httpx").setLevel(logging.WARNING)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none")
    with suppress(KeyboardInterrupt):  # uvicorn passes it on after it has closed
        Server(config).run([bound])
