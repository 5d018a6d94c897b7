"""The page on which experts vote for images: Gradio on 127.0.0.1, keyboard first, and nothing from outside.

The page is one component of Gradio with server functions (`Desk`); ingest/review.js sits in it. Images have an address
of their own, by content, and every other address that Gradio would serve is closed (`Guard`).
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
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

from ingest import agreement, review_views
from ingest.ballot import PAGE, BallotBox, reviewer_name
from ingest.images import Unusable
from ingest.sheet import Sheet, open_sheet, picture
from kg.errors import DataError, KwkError, ServiceError
from kg.settings import Neo4jAddress

HOST = "127.0.0.1"
FIRST_PORT = 7860
PATIENCE = 5  # seconds that a vote tries again before the page says that a store is gone
THUMBNAILS = 300  # that are kept in memory
DECODING = threading.BoundedSemaphore(2)  # large pictures take much memory while they are opened

Told = dict[str, Any]

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


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page asks the stores for. Each takes what the browser sent and returns what JSON can carry."""

    box: BallotBox
    neo4j: Neo4jAddress
    reviewer: str | None  # for a browser that knows no name yet
    everything: bool  # also what enough experts have settled

    def enter(self, sent: Told) -> Told:
        """Greet a reviewer: the name as it is kept, and how far they are."""
        if not sent.get("reviewer") and not self.reviewer:
            return {"graph": self.box.graph}
        name = reviewer_name(sent.get("reviewer") or self.reviewer)
        voted, entities = self.box.progress(name)
        return {"graph": self.box.graph, "reviewer": name, "voted": voted, "entities": entities}

    def following(self, sent: Told) -> Told:
        """Return the next entity to vote on, or none."""
        name = reviewer_name(sent.get("reviewer"))
        entity = self.box.next_entity(name, text(sent, "after"), self.everything)
        return {"sheet": None if entity is None else self._sheet(entity, name)}

    def sheet(self, sent: Told) -> Told:
        """Return one entity."""
        return {"sheet": self._sheet(text(sent, "entity"), reviewer_name(sent.get("reviewer")))}

    def vote(self, sent: Told) -> Told:
        """Take a vote; return the entity, now with everybody's votes."""
        name, entity, sha256 = reviewer_name(sent.get("reviewer")), text(sent, "entity"), sent.get("sha256")
        if sha256 is not None and not isinstance(sha256, str):
            raise DataError(f"A vote names an image by its sha256, not by {sha256!r}: reload the page.")
        done = self.box.cast(entity, sha256, name)
        before = None if done.replaced is None else done.replaced.at
        return {"sheet": self._sheet(entity, name), "first": done.first, "replaced": before}

    def entities(self, sent: Told) -> Told:
        """Return a page of all entities with images."""
        name, state = reviewer_name(sent.get("reviewer")), sent.get("state") or None
        if state is not None and state not in review_views.STATES:
            raise DataError(f"There is no state {state!r}: there are {', '.join(review_views.STATES)}.")
        rows = self.box.entities(name, state, text(sent, "after"))
        return {
            "html": review_views.entities_view(rows),
            "after": rows[-1]["id"] if len(rows) == PAGE else None,
            "states": self.box.states() if not sent.get("after") else None,
        }

    def queue(self, sent: Told) -> Told:
        """Return a page of what waits for a search by hand."""
        skip = sent.get("skip")
        skip = skip if isinstance(skip, int) and 0 <= skip < 2**31 else 0
        rows = self.box.queue(reviewer_name(sent.get("reviewer")), skip)
        return {"html": review_views.queue_view(rows), "skip": skip + PAGE if len(rows) == PAGE else None}

    def figures(self, sent: Told) -> Told:
        """Return how far the reviewers agree."""
        del sent
        return {"html": review_views.agreement_view(agreement.agreement(self.box.ballots()))}

    def picture(self, sha256: str, side: int) -> bytes:
        """Return an image of the graph. Raises Unusable."""
        with DECODING:
            return picture(self.box.driver, self.box.graph, sha256, side)

    def _sheet(self, entity: str, reviewer: str) -> Told:
        """Return an entity for the page."""
        sheet: Sheet = open_sheet(self.box.driver, self.neo4j, self.box.graph, entity, reviewer)
        return {
            "entity": sheet.entity,
            "name": sheet.name,
            "html": review_views.sheet_view(sheet),
            "pictures": [choice.sha256 for choice in sheet.choices if not choice.dropped],
            "vote": "none" if sheet.vote and sheet.vote.sha256 is None else sheet.vote.sha256 if sheet.vote else None,
        }


def text(sent: Told, key: str) -> str:
    """Return a text that the browser sent, empty where it sent none."""
    value = sent.get(key)
    if value is not None and not isinstance(value, str):
        raise DataError(f"The page sent {value!r} as {key}, which is no text: reload it.")
    return value or ""


def answering(name: str, ask: Callable[[Told], Told]) -> Callable[[Any], Told]:
    """Return `ask` as a function of the page: what kwk can explain comes back as a sentence."""

    def answer(sent):  # type: ignore[no-untyped-def]  # Gradio reads annotations, and would fill in arguments by them
        try:
            return ask(sent if isinstance(sent, dict) else {})
        except KwkError as exc:
            return {"error": str(exc)}

    answer.__name__ = name
    return answer


def build(desk: Desk) -> FastAPI:
    """Return the page as an application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard)
    thumbnail = lru_cache(maxsize=THUMBNAILS)(desk.picture)

    @app.get("/picture/{sha256}/{side}")
    def show_picture(sha256: str, side: int) -> Response:
        if side not in (review_views.CARD, review_views.LARGE):
            raise HTTPException(404, "There is no such size.")
        try:
            data = thumbnail(sha256, side)
        except Unusable as exc:
            raise HTTPException(404, f"This image {exc}.") from exc
        except KwkError as exc:
            raise HTTPException(503, str(exc)) from exc
        return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=86400, immutable"})

    folder = files("ingest")
    asked = {
        "kwk_enter": desk.enter, "kwk_next": desk.following, "kwk_sheet": desk.sheet, "kwk_vote": desk.vote,
        "kwk_entities": desk.entities, "kwk_queue": desk.queue, "kwk_agreement": desk.figures,
    }  # fmt: skip
    with gradio.Blocks(analytics_enabled=False, title=f"kwk review · {desk.box.graph}", fill_width=True) as page:
        gradio.HTML(
            '<div class="kwk-review" id="kwk-review">…</div>',
            js_on_load=folder.joinpath("review.js").read_text("utf-8"),
            server_functions=[answering(name, ask) for name, ask in asked.items()],
            apply_default_css=False,
        )
    gradio.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=HOST,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        max_file_size=1,
        theme=gradio.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        css=folder.joinpath("review.css").read_text("utf-8"),
    )
    return app


def listen(port: int | None) -> socket.socket:
    """Return a socket on `port`, or on the first free one from 7860 on. Raises ServiceError if the port is taken."""
    for candidate in [port] if port else range(FIRST_PORT, FIRST_PORT + 100):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, candidate))
        except OSError as exc:
            bound.close()
            if port:
                raise ServiceError(
                    f"Port {port} on {HOST} is taken ({exc.strerror}): name another with --port."
                ) from exc
            continue
        bound.listen(128)
        return bound
    raise ServiceError(f"No port from {FIRST_PORT} to {FIRST_PORT + 99} is free on {HOST}: name one with --port.")


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


def serve(desk: Desk, bound: socket.socket, ready: Callable[[], object]) -> None:
    """Serve the page until Ctrl-C; `ready` is called when it answers."""
    app = build(desk)

    class Server(uvicorn.Server):
        """A server that says when it answers."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    logging.getLogger("httpx").setLevel(logging.WARNING)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none")
    with suppress(KeyboardInterrupt):  # uvicorn passes it on after it has closed
        Server(config).run([bound])
