"""What a request to `kwk serve` must keep to before it is read: size, rate, token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from fastapi import HTTPException
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.errors import DataError


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How requests are held to what one machine can do."""

    token: str | None = None  # that a request must bear
    deadline: float = 30.0  # seconds
    most_bytes: int = 16 << 20  # of a request
    rate: int = 200  # requests a second from one client
    threads: int = 2  # on which answers are made
    waiting: int = 128  # requests that may wait for a thread

    def __post_init__(self) -> None:
        if min(self.deadline, self.most_bytes, self.rate, self.threads, self.waiting) <= 0:
            raise DataError("Deadline, size, rate, threads and waiting requests must be above zero.")


class Limits:
    """Refuse what is too large, too often, or bears no token, before it is read."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self.app, self.settings = app, settings
        self.often = MovingWindowRateLimiter(MemoryStorage())
        self.rate = RateLimitItemPerSecond(settings.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401, 413 or 429."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refused = self.refused(scope, headers)
        if refused:
            await refused(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.settings.most_bytes:
                raise HTTPException(413, self.too_large())
            return message

        await self.app(scope, counted, send)

    def refused(self, scope: Scope, headers: dict[bytes, bytes]) -> Response | None:
        """Return what is answered to a request that goes no further."""
        client = (scope.get("client") or ("",))[0]
        if not self.often.hit(self.rate, client):
            return trouble(
                429, f"More than {self.settings.rate} requests a second: ask more slowly.", {"Retry-After": "1"}
            )
        wanted = self.settings.token
        given = headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        if wanted and scope["path"] != "/health" and not hmac.compare_digest(given, wanted.encode()):
            return trouble(
                401, "A request must bear the token that the server was started with.", {"WWW-Authenticate": "Bearer"}
            )
        size = headers.get(b"content-length", b"0")
        if not size.isdigit() or int(size) > self.settings.most_bytes:
            return trouble(413, self.too_large())
        return None

    def too_large(self) -> str:
        """Say what is too large."""
        return f"The request has more than {self.settings.most_bytes >> 20} MB: send less."


def trouble(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an error in OpenAI's shape."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    record = {"error": {"message": message, "type": kind, "param": None, "code": None}}
    return JSONResponse(record, status, headers)
