"""The static server that Neo4j Browser takes style sheets, guides and pictures from."""

import argparse
import hashlib
import json
import mimetypes
import shutil
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from kg.image_roots import place

_TOKEN = b"@ASSETS@"  # noqa: S105 - replaced by the server's own address in what it serves
_ROOTS = "roots.json"  # {graph: folders of its images}; not served itself
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_TEXTS = {".html": "text/html; charset=utf-8", ".grass": "text/plain; charset=utf-8"}


def identity(home: Path) -> str:
    """Return what tells one KWK_HOME from another, without naming it to whoever asks."""
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]


def locate(assets: Path, address: str) -> Path | None:
    """Return the file behind a URL path, or None if there is none within the served folders."""
    parts = [unquote(part, errors="strict") for part in address.split("/")[1:]]
    pictures = parts[0] == "images" and len(parts) > 2
    named = parts[:2] + parts[3:] if pictures and not parts[2] else parts  # an absolute path begins with nothing
    if parts == [_ROOTS] or any(part in ("", ".", "..") or set(part) & set("/\\\0") for part in named):
        return None
    root: Path | None = assets
    inner = "/".join(parts)
    if pictures:
        roots = json.loads((assets / _ROOTS).read_text(encoding="utf-8"))[parts[1]]
        folders = [roots] if isinstance(roots, str) else roots  # one: as the file was written before there were several
        root, inner = place([Path(each) for each in folders], "/".join(parts[2:]))
    if root is None:
        return None
    root = root.resolve()
    path = root.joinpath(inner).resolve()  # links followed: they must not lead out
    if not path.is_relative_to(root) or not path.is_file() or (pictures and not is_picture(path)):
        return None
    return path


def is_picture(path: Path) -> bool:
    """Say whether a file begins as pictures do: a folder of pictures may hold what is nobody's business."""
    with path.open("rb") as file:
        head = file.read(12)
    return head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


class Assets(BaseHTTPRequestHandler):
    """Answers GET and HEAD with files, and the question before them (OPTIONS)."""

    server_version = "kwk"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a connection may stay idle
    home: Path

    def do_OPTIONS(self) -> None:
        """Let any page of this machine's browser ask."""
        self._head(HTTPStatus.NO_CONTENT, "text/plain", 0)

    def do_HEAD(self) -> None:
        """Answer as GET, without the content."""
        self._answer(content=False)

    def do_GET(self) -> None:
        """Answer with a file, or who we are."""
        self._answer(content=True)

    def _answer(self, content: bool) -> None:
        address = urlsplit(self.path).path
        if address == "/health":
            self._send(json.dumps({"kwk": identity(self.home)}).encode(), "application/json", content)
            return
        path = None
        with suppress(OSError, ValueError, LookupError, TypeError):  # no roots.json yet, no such graph
            path = locate(self.home / "assets", address)
        if path is None:
            self._send(b"not found\n", "text/plain", content, HTTPStatus.NOT_FOUND)
        elif path.suffix in _TEXTS:
            port = cast(ThreadingHTTPServer, self.server).server_port
            text = path.read_bytes().replace(_TOKEN, f"http://localhost:{port}".encode())
            self._send(text, _TEXTS[path.suffix], content)
        else:
            with path.open("rb") as file, suppress(ConnectionError):  # Browser often hangs up half-way
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                self._head(HTTPStatus.OK, kind, path.stat().st_size)
                if content:
                    shutil.copyfileobj(file, self.wfile)

    def _send(self, body: bytes, kind: str, content: bool, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._head(status, kind, len(body))
        if content:
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, length: int) -> None:
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
        self.send_header("Access-Control-Allow-Headers", "*")
        self.send_header("Access-Control-Allow-Private-Network", "true")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep no log of what is looked at."""


def make_server(home: Path, port: int) -> ThreadingHTTPServer:
    """Return a server for one KWK_HOME that listens already; port 0 takes a free one."""
    handler = type("AssetsOfHome", (Assets,), {"home": home})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    return server


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="kg.assets")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    with make_server(options.home, options.port) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
