"""`kwk serve`: an OpenAI-compatible endpoint, health, metrics, images and a page, over one graph.

    POST /v1/chat/completions    GET /v1/models    POST /v1/answers/{id}/thumb
    GET /images/{sha256}         GET /health       GET /metrics        GET /   the page

Answers are made on a few threads of their own; what would wait longer than the deadline is refused with 503 instead.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import BaseModel

from kg.errors import DataError, KwkError
from kg.local_page import Gone
from retrieval.chat_completions import ChatRequest, Utterance, chunks, completion, utterances
from retrieval.conversation import Conversation, Given, Host
from retrieval.guard import Limits, ServeSettings, trouble
from retrieval.intake import checked, decoded
from retrieval.recent import Recent
from retrieval.spoken import NOTHING, Spoken

REMEMBERED = 2_000  # conversations whose last turn is kept, so that they need not be read again
READ_AGAIN = 12  # earlier turns of a conversation that is not remembered
SIDE = 1024  # pixels of the longer side of an image that is handed out


class Thumb(BaseModel):
    """What somebody thinks of an answer."""

    up: bool
    reason: str | None = None


@dataclass
class Figures:
    """What Prometheus reads."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.requests = Counter(
            "kwk_requests", "Requests by route and status.", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram("kwk_answer_seconds", "Seconds that an answer took.", registry=self.registry)
        self.at_work = Gauge("kwk_requests_at_work", "Answers that are made or wait for it.", registry=self.registry)


@dataclass
class Service:
    """Answers requests in threads, one conversation's turn at a time."""

    host: Host
    settings: ServeSettings
    picture: Callable[[str, int], bytes]  # an image of the graph as WebP, by sha256 and longer side; raises Gone
    alive: Callable[[], dict[str, bool]]  # whether each store answers
    figures: Figures = field(default_factory=Figures)
    # What conversations have spoken of, by a hash of what their user said.
    remembered: Recent[bytes, Spoken] = field(default_factory=lambda: Recent(REMEMBERED))

    def __post_init__(self) -> None:
        self.threads = ThreadPoolExecutor(self.settings.threads, thread_name_prefix="kwk-answer")
        self.at_work = 0

    async def work(self, function: Callable[[], Any]) -> Any:
        """Run a function on a thread within the deadline. Raises HTTPException 503."""
        if self.at_work >= self.settings.waiting + self.settings.threads:
            raise HTTPException(503, "kwk is busy: ask again in a moment.", {"Retry-After": "1"})
        self.at_work += 1
        self.figures.at_work.set(self.at_work)
        running = asyncio.get_running_loop().run_in_executor(self.threads, function)
        running.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(running), self.settings.deadline)
        except TimeoutError:
            running.cancel()
            raise HTTPException(
                503, f"There was no answer within {self.settings.deadline:g} s: ask again.", {"Retry-After": "2"}
            ) from None

    def _done(self, running: asyncio.Future[Any]) -> None:
        self.at_work -= 1
        self.figures.at_work.set(self.at_work)
        if not running.cancelled():
            running.exception()  # it is the waiting request that says what went wrong

    def answer(self, said: list[Utterance]) -> Given:
        """Answer the last utterance in the light of those before it. Raises KwkError."""
        keys = prefixes(said)
        spoken = self.spoken_before(said, keys)
        conversation = Conversation(UUID(bytes=keys[1][:16]), begins_with=spoken, earlier=len(said) - 1)
        with self.figures.seconds.time():
            given = self.host.turn(conversation, checked(said[-1].text), decoded(said[-1].picture))
        self.remembered.put(keys[-1], given.spoken)
        return given

    def spoken_before(self, said: list[Utterance], keys: list[bytes]) -> Spoken:
        """Return what a conversation has spoken of before its last utterance; read again where it is forgotten."""
        known = len(said) - 1
        while known and self.remembered.get(keys[known]) is None:
            known -= 1
        spoken = self.remembered.get(keys[known]) or NOTHING
        for place in range(max(known, len(said) - 1 - READ_AGAIN), len(said) - 1):
            if said[place].text.strip():
                _, spoken = self.host.fresh().turn(checked(said[place].text), decoded(said[place].picture), spoken)
                self.remembered.put(keys[place + 1], spoken)
        return spoken


def prefixes(said: list[Utterance]) -> list[bytes]:
    """Return a hash of the first 0, 1, 2, … utterances."""
    keys = [b""]
    for each in said:
        keys.append(hmac.digest(b"kwk", keys[-1] + each.digest, "sha256"))
    return keys


def application(service: Service) -> FastAPI:
    """Return the application."""
    app = FastAPI(title="kwk", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Limits, settings=service.settings)
    explain(app)
    graph = service.host.journal.graph

    @app.middleware("http")
    async def counted(request: Request, follow: Callable[[Request], Any]) -> Response:
        response: Response = await follow(request)
        route = request.scope.get("route")
        path = getattr(route, "path", "other")
        service.figures.requests.labels(path, response.status_code).inc()
        return response

    @app.post("/v1/chat/completions")
    async def complete(asked: ChatRequest, request: Request) -> Response:
        given = await service.work(partial(service.answer, utterances(asked)))
        created, images = int(time.time()), f"{str(request.base_url).rstrip('/')}/images"
        if asked.stream:
            return StreamingResponse(chunks(given, graph, created, images), media_type="text/event-stream")
        return JSONResponse(completion(given, graph, created, images))

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": graph, "object": "model", "created": 0, "owned_by": "kwk"}]}

    @app.post("/v1/answers/{id}/thumb")
    async def rate(id: UUID, thumb: Thumb) -> dict[str, bool]:
        await service.work(partial(service.host.journal.rate, id, thumb.up, thumb.reason))
        return {"kept": True}

    @app.get("/images/{sha256}")
    async def image(sha256: str) -> Response:
        try:
            data = await service.work(partial(service.picture, sha256, SIDE))
        except Gone as exc:
            raise HTTPException(404, str(exc)) from exc
        return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})

    @app.get("/health")
    async def health() -> JSONResponse:
        found = await service.work(service.alive)
        return JSONResponse({"graph": graph, "run": service.host.run} | found, 200 if all(found.values()) else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(service.figures.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def explain(app: FastAPI) -> None:
    """Answer what goes wrong in OpenAI's shape: bad input 400, a store that is gone 503."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, exc: HTTPException) -> JSONResponse:
        return trouble(exc.status_code, str(exc.detail), dict(exc.headers) if exc.headers else None)

    @app.exception_handler(RequestValidationError)
    async def misshapen(request: Request, exc: RequestValidationError) -> JSONResponse:
        first = exc.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return trouble(400, f"The request does not fit at {place}: {first['msg']}.")

    @app.exception_handler(KwkError)
    async def explained(request: Request, exc: KwkError) -> JSONResponse:
        if isinstance(exc, DataError):
            return trouble(400, str(exc))
        return trouble(503, str(exc), {"Retry-After": "2"})
