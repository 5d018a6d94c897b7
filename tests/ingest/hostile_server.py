"""A web server on 127.0.0.1 that behaves as badly as those that the pictures of a knowledge graph lie on."""

import gzip
import io
import sys
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from PIL import Image

GIGANTIC = 10 * 2**30  # bytes


def picture(n: int, size: int = 8, kind: str = "PNG") -> bytes:
    """Return a small picture that no other number has."""
    file = io.BytesIO()
    Image.effect_noise((size, size), 64).convert("RGB").save(file, kind)
    image = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    image.putpixel((0, 0), (n % 256, n // 256 % 256, 7))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


@dataclass(slots=True)
class Request:
    """What a client asked for, and how many bytes of a body it was given."""

    path: str
    headers: Message
    sent: int = 0


@dataclass(slots=True)
class HostileServer:
    """The server's log, and what tests set."""

    port: int = 0
    log: list[Request] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)  # path -> what lies there
    tries: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)  # ends whatever waits
    barrier: threading.Barrier | None = None  # so many must be asked for at once
    now: int = 0  # requests of /held that are being answered
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def address(self, path: str, host: str = "127.0.0.1") -> str:
        """Return the address of a path."""
        return f"http://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Request]:
        """Return the requests for a path."""
        return [request for request in self.log if request.path == path]


class Handler(BaseHTTPRequestHandler):
    """Answers a path by the function of its first segment."""

    protocol_version = "HTTP/1.1"
    state: HostileServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing; the requests are kept."""

    def do_GET(self) -> None:
        """Answer one request."""
        self.request_log = Request(self.path, self.headers)
        with self.state.lock:
            self.state.log.append(self.request_log)
            self.state.tries[self.path] += 1
        name = self.path.split("/")[1].split(".")[0].split("?")[0].replace("-", "_")
        with suppress(ConnectionError, TimeoutError):
            ANSWERS[name](self)

    def content(self) -> bytes:
        """Return the picture that lies at this path."""
        with self.state.lock:
            return self.state.pictures.setdefault(self.path, picture(len(self.state.pictures)))

    def head(self, status: int = 200, **headers: object) -> None:
        """Send the status and headers."""
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()

    def give(self, data: bytes) -> None:
        """Send bytes of a body."""
        self.wfile.write(data)
        self.request_log.sent += len(data)

    def whole(self, data: bytes, status: int = 200, **headers: object) -> None:
        """Send a whole answer."""
        self.head(status, Content_Length=len(data), **headers)
        self.give(data)

    def hang_up(self) -> None:
        """Close the connection after this answer."""
        self.close_connection = True


def plain(handler: Handler) -> None:
    """/picture/…: a picture with an ETag, which is not sent twice."""
    data = handler.content()
    etag = f'"{zlib.crc32(data)}"'
    if handler.headers.get("If-None-Match") == etag:
        handler.head(304, ETag=etag)
    else:
        handler.whole(data, ETag=etag, Content_Type="image/png")


def resumable(handler: Handler) -> None:
    """/resumable: the first answer stops in the middle; Range gets the rest, If-Range is respected."""
    data = handler.content()
    etag = f'"{zlib.crc32(data)}"'
    wanted = handler.headers.get("Range", "")
    if wanted and handler.headers.get("If-Range") == etag:
        first = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if first >= len(data):
            handler.whole(b"", 416, Content_Range=f"bytes */{len(data)}")
        else:
            handler.whole(data[first:], 206, ETag=etag, Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}")
        return
    if handler.state.tries[handler.path] > 1:
        handler.whole(data, ETag=etag)
        return
    handler.head(Content_Length=len(data), ETag=etag)
    handler.give(data[: len(data) // 2])
    handler.state.stop.wait()
    handler.hang_up()


def wrong_range(handler: Handler) -> None:
    """/wrong-range: truncated at first; then a range that was not asked for; then the whole."""
    data = handler.content()
    if handler.headers.get("Range"):
        handler.whole(data[1:], 206, ETag='"w"', Content_Range=f"bytes 1-{len(data) - 1}/{len(data)}")
    elif handler.state.tries[handler.path] == 1:
        handler.head(Content_Length=len(data), ETag='"w"')
        handler.give(data[: len(data) // 2])
        handler.hang_up()
    else:
        handler.whole(data, ETag='"w"')


def little_by_little(handler: Handler) -> None:
    """/little: whatever is asked for, at most 40 bytes of it."""
    data = handler.content()
    first = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
    part = data[first : first + 40]
    if first:
        handler.whole(part, 206, ETag='"l"', Content_Range=f"bytes {first}-{first + len(part) - 1}/{len(data)}")
    else:
        handler.head(Content_Length=len(data), ETag='"l"')
        handler.give(part)
        handler.hang_up()


def redirect(handler: Handler) -> None:
    """/redirect/N/…: so many redirects to a picture."""
    _, _, left, *rest = handler.path.split("/")
    target = f"/redirect/{int(left) - 1}/{'/'.join(rest)}" if int(left) > 1 else f"/picture/{'/'.join(rest)}"
    handler.whole(b"", 302, Location=target)


def loop(handler: Handler) -> None:
    """/loop: a redirect to itself, with a body that nobody should read."""
    handler.whole(bytes(2**20), 302, Location="/loop")


def elsewhere(handler: Handler) -> None:
    """/to?…: a redirect to whatever stands behind the question mark."""
    handler.whole(b"<html>moved</html>", 301, Location=unquote(handler.path.partition("?")[2]))


def status(handler: Handler) -> None:
    """/status/N: nothing but a status."""
    code = int(handler.path.rpartition("/")[2])
    handler.whole(b"" if code == 204 else b"<html>sorry</html>", code)


def busy(handler: Handler) -> None:
    """/busy/…: asks to come back at once, twice."""
    if handler.state.tries[handler.path] < 3:
        handler.whole(b"", 429, Retry_After=0)
    else:
        plain(handler)


def flaky(handler: Handler) -> None:
    """/flaky/…: fails once."""
    if handler.state.tries[handler.path] == 1:
        handler.whole(b"", 500)
    else:
        plain(handler)


def silent(handler: Handler) -> None:
    """/silent: never answers."""
    handler.state.stop.wait()
    handler.hang_up()


def drip(handler: Handler) -> None:
    """/drip: a byte now and then, for ever."""
    handler.head(Content_Length=GIGANTIC // 1000)
    handler.give(picture(0)[:40])
    while not handler.state.stop.wait(0.02):
        handler.give(b"\0")


def truncated(handler: Handler) -> None:
    """/truncated: promises more than it gives."""
    data = handler.content()
    handler.head(Content_Length=len(data) + 100)
    handler.give(data)
    handler.hang_up()


def html(handler: Handler) -> None:
    """/html: a page that says it is a picture."""
    handler.whole(b"<!DOCTYPE html><html><body>This picture has moved.</body></html>", Content_Type="image/jpeg")


def mislabelled(handler: Handler) -> None:
    """/mislabelled.gif: a JPEG that says it is a page."""
    handler.whole(picture(1, kind="JPEG"), Content_Type="text/html")


def chunk(data: bytes) -> bytes:
    """Return a chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def chunked(handler: Handler) -> None:
    """/chunked: no length, but an end."""
    handler.head(Transfer_Encoding="chunked")
    for byte in handler.content():
        handler.give(chunk(bytes([byte])))
    handler.give(b"0\r\n\r\n")


def chunked_cut(handler: Handler) -> None:
    """/chunked-cut: a chunked body that never ends."""
    handler.head(Transfer_Encoding="chunked")
    handler.give(chunk(handler.content()))
    handler.hang_up()


def unframed(handler: Handler) -> None:
    """/unframed: a body that ends with the connection."""
    handler.head(Connection="close")
    handler.give(handler.content())


def unframed_cut(handler: Handler) -> None:
    """/unframed-cut: the same, and half of it is missing."""
    handler.head(Connection="close")
    data = picture(5, size=200)
    handler.give(data[: len(data) // 2])


def gzipped(handler: Handler) -> None:
    """/gzipped: a picture, compressed once more."""
    handler.whole(gzip.compress(handler.content()), Content_Encoding="gzip")


def not_gzip(handler: Handler) -> None:
    """/not-gzip: a picture that says it is compressed."""
    handler.whole(handler.content(), Content_Encoding="gzip")


def bomb(handler: Handler) -> None:
    """/bomb: a megabyte that becomes a gigabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    handler.head(Content_Encoding="gzip", Connection="close")
    handler.give(packer.compress(picture(0)))
    zeros = bytes(2**20)
    for _ in range(1024):
        handler.give(packer.compress(zeros))
    handler.give(packer.flush())


def declared(handler: Handler) -> None:
    """/declared: says that it has 10 GB."""
    handler.head(Content_Length=GIGANTIC)
    handler.give(picture(0))
    handler.state.stop.wait()


def endless(handler: Handler) -> None:
    """/endless: gives 10 GB without a word."""
    handler.head(Transfer_Encoding="chunked")
    handler.give(chunk(picture(0)))
    block = chunk(bytes(2**16))
    while handler.request_log.sent < GIGANTIC:
        handler.give(block)


def empty(handler: Handler) -> None:
    """/empty: nothing."""
    handler.whole(b"")


def cookie(handler: Handler) -> None:
    """/cookie/…: wants to be recognised."""
    handler.whole(handler.content(), Set_Cookie="who=you")


def dated(handler: Handler) -> None:
    """/dated/…: knows when it last changed, and no ETag."""
    since = "Mon, 02 Jan 2006 15:04:05 GMT"
    if handler.headers.get("If-Modified-Since") == since:
        handler.head(304)
    else:
        handler.whole(handler.content(), Last_Modified=since)


def bare(handler: Handler) -> None:
    """/bare/…: a picture, and nothing by which it could be recognised."""
    handler.whole(handler.content())


def held(handler: Handler) -> None:
    """/held/…: counts how many are asked for at once, and waits for as many as the barrier wants."""
    state = handler.state
    with state.lock:
        state.now += 1
        state.most = max(state.most, state.now)
    if state.barrier is not None:
        with suppress(threading.BrokenBarrierError):
            state.barrier.wait(timeout=60)
    with state.lock:
        state.now -= 1
    handler.whole(handler.content())


def hop(handler: Handler) -> None:
    """/hop/…: a redirect to /held/… at another name of this host."""
    handler.whole(b"", 302, Location=handler.state.address(handler.path.replace("/hop/", "/held/")))


ANSWERS: dict[str, Callable[[Handler], None]] = {
    "picture": plain, "resumable": resumable, "wrong_range": wrong_range, "little": little_by_little,
    "redirect": redirect, "to": elsewhere, "loop": loop, "status": status, "busy": busy, "flaky": flaky,
    "silent": silent,
    "drip": drip, "truncated": truncated, "html": html, "mislabelled": mislabelled, "chunked": chunked,
    "chunked_cut": chunked_cut, "unframed": unframed, "unframed_cut": unframed_cut, "gzipped": gzipped,
    "not_gzip": not_gzip, "bomb": bomb, "declared": declared, "endless": endless, "empty": empty, "cookie": cookie,
    "dated": dated, "bare": bare, "held": held, "hop": hop,
}  # fmt: skip


class Server(ThreadingHTTPServer):
    """Threads that are waited for, and a queue that many connections find room in."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the client closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def hostile_server() -> Iterator[HostileServer]:
    """Run the server."""
    state = HostileServer()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"state": state}))
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
