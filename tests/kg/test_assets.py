"""The static server: what it serves to Neo4j Browser, and what it never serves."""

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.assets import identity, make_server

SECRET = b"the password"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a guide, an image root, and secrets all around them."""
    home = tmp_path_factory.mktemp("home")
    assets, images, more = home / "assets", home / "pictures", home / "more"
    for folder in (assets, images / "m" / "01", more, home / "passwords"):
        folder.mkdir(parents=True)
    for path in (home / "secret", home / "passwords" / "neo4j", home / "pictures.txt"):
        path.write_bytes(SECRET)
    (assets / "guide.html").write_text('<img src="@ASSETS@/images/a%20graph/m/01/1.png">')
    (assets / "roots.json").write_text(json.dumps({"a graph": [str(images), str(more)], "old": str(images)}))
    (images / "m" / "01" / "1.png").write_bytes(PNG + b"picture")
    (images / "m" / "é ü.png").write_bytes(PNG + b"accents")
    (more / "2.webp").write_bytes(b"RIFF....WEBPVP8 ")
    (home / "secret.png").write_bytes(PNG + SECRET)
    (images / "id_rsa").write_bytes(SECRET)
    (more / "up").symlink_to(home)
    (images / "out").symlink_to(home / "secret")
    (images / "up").symlink_to(home)
    (assets / "in.html").symlink_to(assets / "guide.html")
    return home


@pytest.fixture(scope="module")
def port(house: Path) -> Iterator[int]:
    """The port of a server for that home."""
    with make_server(house, 0) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


def ask(port: int, path: str, method: str = "GET") -> tuple[HTTPResponse, bytes]:
    """Send a path as it is, which no well-behaved client would do."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection._validate_path = lambda _: None  # type: ignore[attr-defined]
        connection.putrequest(method, path, skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def test_a_guide_finds_pictures_at_the_servers_own_address(port: int) -> None:
    answer, text = ask(port, "/guide.html")
    assert answer.status == 200
    assert text.decode() == f'<img src="http://localhost:{port}/images/a%20graph/m/01/1.png">'
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert ask(port, "/in.html")[1] == text


@pytest.mark.parametrize(
    ("path", "content"), [("m/01/1.png", PNG + b"picture"), (quote("m/é ü.png"), PNG + b"accents")]
)
def test_pictures_are_served_from_the_graphs_image_root(port: int, path: str, content: bytes) -> None:
    answer, body = ask(port, f"/images/a%20graph/{path}?size=1")
    assert (answer.status, body, answer.headers["Content-Type"]) == (200, content, "image/png")


def test_pictures_of_another_root_are_served_by_their_absolute_path(port: int, house: Path) -> None:
    answer, body = ask(port, f"/images/a%20graph/{quote(str(house / 'more' / '2.webp'))}")
    assert (answer.status, body, answer.headers["Content-Type"]) == (200, b"RIFF....WEBPVP8 ", "image/webp")
    assert ask(port, "/images/old/m/01/1.png")[1] == PNG + b"picture"  # as roots were written once
    for outside in ("secret.png", "more/../secret.png", "more/up/secret.png", "more//2.webp", "more", ""):
        assert ask(port, f"/images/a%20graph/{quote(str(house))}/{outside}")[0].status == 404


def test_browser_may_ask_from_its_own_address(port: int) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        answer, body = ask(port, "/guide.html", method)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert bool(body) == (method == "GET")
    assert ask(port, "/guide.html", "OPTIONS")[0].status == 204


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(port: int, method: str) -> None:
    assert ask(port, "/guide.html", method)[0].status == 501


def test_the_health_answer_tells_one_home_from_another(port: int, house: Path) -> None:
    told = json.loads(ask(port, "/health")[1])
    assert told == {"kwk": identity(house)}
    assert identity(house) != identity(house.parent)
    assert str(house) not in json.dumps(told)


ESCAPES = [
    "/../secret",
    "/%2e%2e/secret",
    "/..%2fsecret",
    "/..%5csecret",
    "/images/../../secret",
    "/images/a%20graph/../secret",
    "/images/a%20graph/..%2fsecret",
    "/images/a%20graph/%2e%2e/secret",
    "/images/a%20graph/m/../../../secret",
    "/images/a%20graph/out",
    "/images/a%20graph/up/secret",
    "/images/a%20graph/id_rsa",
    "/images/old//etc/passwd",
    "/images/a%20graph/up/passwords/neo4j",
    "/images/a%20graph//etc/passwd",
    "/images/a%20graph/%2fetc%2fpasswd",
    "/images/a%20graph",
    "/images/a%20graph/",
    "/images/a%20graph/m",
    "/images/another/1.png",
    "/images/%00/1.png",
    "/guide.html%00.png",
    "//secret",
    "//etc/passwd",
    "/etc/passwd",
    "/roots.json",
    "/",
    "",
    "*",
    "http://127.0.0.1/../secret",
    "/%ff%fe",
    "/" + "a" * 5000,
]


@pytest.mark.parametrize("path", ESCAPES)
def test_no_file_outside_the_served_folders_can_be_had(port: int, path: str) -> None:
    answer, body = ask(port, path)
    assert answer.status in (400, 404, 414)
    assert SECRET not in body


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["..", "%2e%2e", ".", "images", "a%20graph", "up", "out", "secret", "passwords", "neo4j", "%2f",
                         "%5c", "%00", "", "m", "assets", "\\", "C:", "%"]),
        max_size=7,
    ),
    st.sampled_from(["/", "//", "%2f", "\\", "/./"]),
)  # fmt: skip
def test_no_mix_of_path_tricks_gets_at_a_secret(port: int, parts: list[str], separator: str) -> None:
    assert SECRET not in ask(port, "/" + separator.join(parts))[1]
