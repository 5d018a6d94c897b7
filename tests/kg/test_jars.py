"""A server made of jars: each must be the very one that the lock names."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kg.errors import ServiceError
from kg.jars import Jar, fetch_jars, read_lock

SMALLEST = min(read_lock().jars, key=lambda jar: jar.size)
NOBODY = "http://127.0.0.1:9"  # nothing listens on the port of `discard`


@dataclass
class Mirror:
    """A Maven repository on this machine that can go wrong."""

    jars: Path
    url: str = ""
    cut: int = 0  # so many answers break off half-way
    altered: int = 0  # so many answers have another byte in the middle
    asked: list[str] = field(default_factory=list)

    def content(self, path: str) -> bytes:
        """Return what a jar's path is answered with."""
        self.asked.append(path)
        content = (self.jars / path.rpartition("/")[2]).read_bytes()
        half = len(content) // 2
        if self.cut:
            self.cut -= 1
            return content[:half]
        if self.altered:
            self.altered -= 1
            return content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        return content


@pytest.fixture
def mirror(jars: Path) -> Iterator[Mirror]:
    """Serve the jars that are here already under the paths of a Maven repository."""
    told = Mirror(jars)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = told.content(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        told.url = f"http://127.0.0.1:{server.server_port}/maven2/"
        yield told
        server.shutdown()


@pytest.fixture
def library(jars: Path, tmp_path: Path) -> Path:
    """All jars but the smallest."""
    folder = tmp_path / "lib"
    folder.mkdir()
    for jar in read_lock().jars:
        if jar != SMALLEST:
            (folder / jar.name).hardlink_to(jars / jar.name)
    return folder


def is_right(folder: Path, jar: Jar) -> bool:
    """Say whether a jar is here as the lock names it."""
    return hashlib.sha256((folder / jar.name).read_bytes()).hexdigest() == jar.sha256


def test_a_missing_jar_is_fetched_by_its_path(mirror: Mirror, library: Path) -> None:
    fetch_jars(library, mirror.url, print)
    assert mirror.asked == [f"/maven2/{SMALLEST.path}"]
    assert is_right(library, SMALLEST)


def test_a_jar_that_was_cut_short_on_its_way_is_fetched_again(mirror: Mirror, library: Path) -> None:
    mirror.cut = 1
    fetch_jars(library, mirror.url, print)
    assert len(mirror.asked) == 2
    assert is_right(library, SMALLEST)


def test_an_altered_jar_never_reaches_the_server(mirror: Mirror, library: Path) -> None:
    mirror.altered = 100
    with pytest.raises(ServiceError, match=SMALLEST.coordinate) as told:
        fetch_jars(library, mirror.url, print)
    assert "SHA-256" in str(told.value)
    assert not (library / SMALLEST.name).exists()
    mirror.altered = 0
    fetch_jars(library, mirror.url, print)
    assert is_right(library, SMALLEST)


@pytest.mark.parametrize("damage", [lambda content: content[:-7], lambda content: b"X" + content[1:]])
def test_a_jar_that_was_damaged_here_is_fetched_again(mirror: Mirror, library: Path, jars: Path, damage: Any) -> None:
    (library / SMALLEST.name).write_bytes(damage((jars / SMALLEST.name).read_bytes()))
    fetch_jars(library, mirror.url, print)
    assert is_right(library, SMALLEST)


def test_without_a_network_the_jars_that_are_here_are_enough(library: Path, jars: Path) -> None:
    (library / SMALLEST.name).hardlink_to(jars / SMALLEST.name)
    fetch_jars(library, NOBODY, print)


def test_without_a_network_and_without_jars_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="KWK_MAVEN_REPOSITORY") as told:
        fetch_jars(tmp_path / "lib", NOBODY, print)
    assert NOBODY in str(told.value)
    assert not list((tmp_path / "lib").glob("*.jar"))


def test_a_jar_of_another_version_does_not_stay_on_the_class_path(mirror: Mirror, library: Path) -> None:
    (library / "neo4j-1.0.jar").write_bytes(b"old")
    fetch_jars(library, mirror.url, print)
    assert {path.name for path in library.iterdir()} == {jar.name for jar in read_lock().jars}


def test_the_lock_names_no_host_and_every_jar_once() -> None:
    lock = read_lock()
    names = [jar.name for jar in lock.jars]
    assert len(set(names)) == len(names) > 200
    assert all(len(jar.sha256) == 64 and jar.size > 0 and "://" not in jar.path for jar in lock.jars)
    assert all(jar.path.startswith(jar.coordinate.split(":")[0].replace(".", "/")) for jar in lock.jars)
