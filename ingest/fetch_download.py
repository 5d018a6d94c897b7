"""Ask one address once: follow redirects, stream the body to a part file, and see whether it is a picture."""

from __future__ import annotations

import asyncio
import email.utils
import errno
import hashlib
import io
import os
import re
import shutil
import socket
import ssl
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from PIL import Image
from yarl import URL

from ingest.fetch_guard import PRIVATE, disguised, is_public
from ingest.fetch_index import checked
from ingest.fetch_queue import Job, Slot
from ingest.fetch_state import FetchState, Outcome
from ingest.images import FORMATS, MAX_PIXELS, Unusable, decode

if TYPE_CHECKING:
    from ingest.fetch import FetchSettings

PARTS = ".parts"
REDIRECTS = 5
HEAD = 32  # bytes that tell a picture from anything else
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif", "MPO": ".jpg"}
REASONS = {401: "forbidden", 403: "forbidden", 404: "not_found", 410: "gone", 451: "forbidden", 429: "rate_limited"}
PASSING = {408, 425, 429, 500, 502, 503, 504}  # statuses that may be other ones a moment later
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


class Refused(Exception):
    """An address that gives no picture, and would not if it were asked again: `reason` is the code in the report."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Again(Refused):
    """An address that may give its picture the next time."""

    def __init__(self, reason: str, wait: float | None = None, whole_host: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait  # seconds that the server asked for
        self.whole_host = whole_host  # it is the server that is busy, not this address


@dataclass(slots=True)
class Attempt:
    """What one attempt has seen so far."""

    job: Job
    part: Path
    final: str = ""
    status: int | None = None
    received: int = 0  # bytes of the body


class Downloader:
    """Asks addresses over one session, and keeps what is a picture below `folder`."""

    def __init__(
        self, session: aiohttp.ClientSession, state: FetchState, folder: Path, settings: FetchSettings
    ) -> None:
        self.session, self.state, self.folder, self.settings = session, state, folder, settings

    async def attempt(self, job: Job, slot: Slot) -> tuple[Outcome, Again | None]:
        """Ask an address once; return how that ended, and why it may be asked once more, if it may."""
        start = time.monotonic()
        if job.kept and not self.has_copy(job):
            job = replace(job, kept=False, sha256="", etag="", modified="")
        attempt = Attempt(
            job, self.folder / PARTS / hashlib.sha1(job.address.encode(), usedforsecurity=False).hexdigest()
        )
        failure: Refused | None = None
        state = "stale" if job.kept else "failed"
        try:
            state = await self._follow(attempt, slot)
        except Refused as exc:
            failure = exc.with_traceback(None)  # which would hold this frame, and this frame it
        except TimeoutError:
            failure = Again("timeout")
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            failure = explained(exc)
        again = failure if isinstance(failure, Again) else None
        if failure and not (again and self.state.part_of(job.id)):
            attempt.part.unlink(missing_ok=True)  # nothing could be added to it
        spent = job.seconds + time.monotonic() - start
        reason = failure.reason if failure else ""
        return Outcome(state, reason, attempt.status, job.received + attempt.received, spent, attempt.final), again

    def has_copy(self, job: Job) -> bool:
        """Say whether the copy of an earlier run is still there."""
        for place in self.state.places(job.id):
            path = self.folder / f"{place}{job.suffix}"
            if path.is_file() and path.stat().st_size == job.size:
                return True
        return False

    async def _follow(self, attempt: Attempt, slot: Slot) -> str:
        """Follow redirects, each within its host's limit, to the answer."""
        url = URL(attempt.job.address)
        for _ in range(REDIRECTS + 1):
            if (number := disguised(str(url.host))) and not (self.settings.allow_private or is_public(number)):
                raise Refused("private_address")
            await slot.move(str(url.host))
            attempt.final = str(url)
            headers = self._headers(attempt)
            async with self.session.get(url, headers=headers, allow_redirects=False) as response:
                attempt.status = response.status
                target = response.headers.get("Location")
                if response.status not in (301, 302, 303, 307, 308) or not target:
                    return await self._take(attempt, response, "Range" in headers)
            try:
                url = checked(str(url.join(URL(target))))
            except ValueError as exc:
                raise Refused("bad_redirect") from exc
        raise Refused("too_many_redirects")

    def _headers(self, attempt: Attempt) -> dict[str, str]:
        """Ask for the rest of a part, or for a copy that differs from the one on disk."""
        job = attempt.job
        part = self.state.part_of(job.id)
        if part and attempt.part.exists() and (have := attempt.part.stat().st_size):
            return {"Range": f"bytes={have}-", "If-Range": part}
        headers = {}
        if job.etag:
            headers["If-None-Match"] = job.etag
        if job.modified:
            headers["If-Modified-Since"] = job.modified
        return headers

    async def _take(self, attempt: Attempt, response: aiohttp.ClientResponse, resuming: bool) -> str:
        """Take the answer that is no redirect."""
        job, status = attempt.job, response.status
        have = attempt.part.stat().st_size if resuming else 0
        found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if status == 304 and job.kept and not resuming:
            return "unchanged"
        if resuming and status in (206, 416):
            first, total = (found[1], found[3]) if found else (None, None)
            if status == 416 and total == str(have):
                return await self._finish(attempt, response, framed=True)  # a killed run had it all
            if status == 416 or first != str(have):
                attempt.part.unlink(missing_ok=True)
                raise Again("bad_range", wait=0)
            return await self._stream(attempt, response, have, whole=int(total) if total and total != "*" else 0)
        if status == 200:
            return await self._stream(attempt, response)
        if status in PASSING or status >= 500:
            reason = REASONS.get(status, "server_error" if status >= 500 else "http_error")
            raise Again(reason, asked_to_wait(response), whole_host=status in (429, 503))
        raise Refused(REASONS.get(status, "http_error"))

    async def _stream(self, attempt: Attempt, response: aiohttp.ClientResponse, have: int = 0, whole: int = 0) -> str:
        """Write the body behind the `have` bytes that are there, never more than the limit; `whole`: bytes in all."""
        limit, part = self.settings.max_size, attempt.part
        encoded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
        declared = response.content_length
        if declared is not None and have + declared > limit:
            part.unlink(missing_ok=True)
            raise Refused("too_large")
        if not have:
            self.state.begin_part(attempt.job.id, "" if encoded else validator(response))
        with part.open("ab" if have else "wb", buffering=0) as file:
            head = b"" if not have else None
            async for chunk in response.content.iter_any():
                attempt.received += len(chunk)
                if have + attempt.received > limit:
                    part.unlink(missing_ok=True)
                    raise Refused("too_large")
                if head is not None and len(head) < HEAD:
                    head += chunk[:HEAD]
                    if len(head) >= HEAD and not begins_like_a_picture(head):
                        part.unlink(missing_ok=True)
                        raise Refused("not_an_image")
                file.write(chunk)
        if have + attempt.received < whole:
            raise Again("truncated", wait=0)  # a server may give less of a range than was asked for
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        return await self._finish(attempt, response, framed=chunked or declared is not None)

    async def _finish(self, attempt: Attempt, response: aiohttp.ClientResponse, framed: bool) -> str:
        """Put a whole picture in its places, and remember it before the part is removed."""
        job = attempt.job
        try:
            sha256, suffix = await asyncio.to_thread(inspect, attempt.part, framed)
        except Unusable as exc:
            attempt.part.unlink(missing_ok=True)
            failure = Again if exc.reason == "truncated" else Refused
            raise failure(exc.reason) from exc
        same = job.kept and job.sha256 == sha256
        for place in [] if same else self.state.places(job.id):
            if job.kept and suffix != job.suffix:
                (self.folder / f"{place}{job.suffix}").unlink(missing_ok=True)
            put(attempt.part, self.folder / f"{place}{suffix}")
        etag, modified = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
        size = attempt.part.stat().st_size
        self.state.keep(replace(job, sha256=sha256, size=size, suffix=suffix, etag=etag, modified=modified))
        attempt.part.unlink(missing_ok=True)
        return "unchanged" if same else "changed" if job.kept else "new"


def inspect(path: Path, framed: bool) -> tuple[str, str]:
    """Return sha256 and suffix of a picture. Raises Unusable.

    The header suffices where the server said how long the body is; else only decoding tells whether all of it came.
    """
    data = path.read_bytes()
    if not data:
        raise Unusable("empty", "has no bytes")
    if not begins_like_a_picture(data):
        raise Unusable("not_an_image", f"is none of {', '.join(FORMATS)}")
    if framed:
        kind = kind_of(data)
    else:
        *_, kind = decode(data)
    return hashlib.sha256(data).hexdigest(), SUFFIXES.get(kind, ".jpg")


def kind_of(data: bytes) -> str:
    """Return the format that a picture's header says. Raises Unusable."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Unusable("too_large", f"is {image.width}×{image.height} pixels; the limit is {MAX_PIXELS}")
            return image.format or ""
    except Unusable:
        raise
    except Exception as exc:  # Pillow's openers raise whatever a broken file makes them raise
        raise Unusable("corrupt", f"has no header that can be read: {exc}") from exc


def begins_like_a_picture(head: bytes) -> bool:
    """Say whether Pillow takes the first bytes for one of our formats, whatever the server calls them."""
    Image.init()
    openers = (Image.OPEN[kind][1] for kind in FORMATS)
    return any(accepts is not None and accepts(head) is True for accepts in openers)


def put(source: Path, target: Path) -> None:
    """Let `target` be the file `source`, at once and whole: by a link, or a copy where there are no links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.new")
    scratch.unlink(missing_ok=True)
    try:
        os.link(source, scratch)
    except OSError:
        shutil.copyfile(source, scratch)
    scratch.replace(target)


def validator(response: aiohttp.ClientResponse) -> str:
    """Return what `If-Range` takes: a strong ETag, else the date of the last change, else nothing."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified", "")


def asked_to_wait(response: aiohttp.ClientResponse) -> float | None:
    """Return the seconds of `Retry-After`, given as a number or a date; None if it says nothing."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def explained(exc: Exception) -> Refused:
    """Return the reason code of an error below HTTP. Raises it anew if it is of this machine's disk."""
    if isinstance(exc, OSError) and (exc.filename or exc.errno in DISK):
        raise exc
    if PRIVATE in str(exc):
        return Refused("private_address")
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        passing = exc.os_error.errno == socket.EAI_AGAIN
        return Again("no_such_host") if passing else Refused("no_such_host")
    if isinstance(exc, aiohttp.ClientSSLError | ssl.SSLError):
        return Refused("tls")
    if isinstance(exc, aiohttp.ClientConnectorError):
        return Again("no_connection")
    if isinstance(exc, aiohttp.ClientPayloadError):
        return Refused("bad_answer") if "content-encoding" in str(exc) else Again("truncated")
    if isinstance(exc, aiohttp.ClientResponseError):
        return Refused("bad_answer")
    if isinstance(exc, ValueError):  # also aiohttp.InvalidURL
        return Refused("malformed")
    return Again("cut_off")
