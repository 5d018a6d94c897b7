"""Hostile questions and pictures through the whole application: nothing but answers is written, nothing else opened."""

import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from ingest.review import shown
from kg.graph import read
from kg.stores import Stores
from retrieval.conversation import Host
from retrieval.guard import ServeSettings
from retrieval.serve import Service, application
from tests.conftest import TOLD
from tests.retrieval import hostile

SEED = 9
AT_ONCE = 4  # requests
REFUSALS = (400, 413, 422, 503)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
COUNTED = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


@dataclass
class Watch:
    """What the interpreter opens, connects to and starts while it is on; a hook of audit can't be taken off."""

    on: bool = False
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note an event."""
        if not self.on:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = bool((flags or 0) & WRITING) or any(each in str(mode or "") for each in "wax+")
            self.seen["write" if writes else "read", str(path)] += 1
        elif event == "socket.connect":
            place = arguments[1]
            self.seen["connect", place if isinstance(place, str) else f"{place[0]}:{place[1]}"] += 1
        elif event in (
            "subprocess.Popen",
            "os.system",
            "os.exec",
            "os.posix_spawn",
            "os.remove",
            "os.rename",
            "os.mkdir",
        ):
            self.seen[event, str(arguments[0])] += 1


@pytest.fixture(scope="module")
def watch() -> Watch:
    """What is opened."""
    made = Watch()
    sys.addaudithook(made)
    return made


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    watch.on = True
    try:
        yield
    finally:
        watch.on = False


@pytest.fixture(scope="module")
def client(host: Host, stores: Stores, atlas: str) -> Iterator[TestClient]:
    """A client of the whole application, which meets what nobody caught."""
    service = Service(
        host, ServeSettings(rate=1_000_000), lambda sha, side: shown(stores.driver, atlas, sha, side), lambda: {}
    )
    with TestClient(application(service), raise_server_exceptions=False) as made:
        yield made


def held(stores: Stores, engine: Engine) -> dict[str, object]:
    """Return how much each store holds, the journal aside."""
    (nodes,) = read(
        stores.driver,
        "MATCH (n) RETURN count(n) AS nodes, sum(size(keys(n))) AS properties, count(DISTINCT labels(n)) AS labels",
    )
    (edges,) = read(stores.driver, "MATCH ()-[r]->() RETURN count(r) AS edges, sum(size(keys(r))) AS of_edges")
    with engine.connect() as connection:
        tables = connection.execute(text(COUNTED)).scalars().all()
        rows = {
            name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar()  # noqa: S608 - names of tables
            for name in tables
            if name != "answer"
        }
    return nodes | edges | rows


def post(client: TestClient, body: bytes) -> httpx.Response:
    return client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})


def sent(client: TestClient, bodies: Iterator[bytes]) -> tuple[Counter[int], list[bytes]]:
    """Send requests, a few at a time; return how they were answered, and what broke the service."""
    statuses, broken, lock = Counter[int](), list[bytes](), threading.Lock()

    def send() -> None:
        while True:
            with lock:
                body = next(bodies, None)
            if body is None:
                return
            found = post(client, body)
            with lock:
                statuses[found.status_code] += 1
                if found.status_code not in (200, *REFUSALS):
                    broken.append(body[:500])

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for each in [threads.submit(send) for _ in range(AT_ONCE)]:
            each.result()
    return statuses, broken


def ours(what: str, place: str, addresses: tuple[str, ...], folders: tuple[str, ...]) -> bool:
    """Say whether an event is one of our own: our stores, our code, a graph's pictures."""
    if what == "connect":
        return place in addresses
    return what == "read" and place.startswith(folders)


def test_hostile_questions_and_pictures_write_nothing_open_nothing_and_break_nothing(
    client: TestClient, stores: Stores, engine: Engine, host: Host, watch: Watch, pytestconfig: pytest.Config
) -> None:
    questions, uploads = pytestconfig.getoption("--hostile"), pytestconfig.getoption("--hostile-uploads")
    pictures = host.answerer.pictures()
    assert pictures is not None
    pictures.described()  # of the graph's own pictures: kept in pgvector from when they are first compared
    for body in hostile.requests(SEED + 1, 5, 10):  # whatever is imported once
        post(client, body)
    before = held(stores, engine)
    with watched(watch):
        statuses, broken = sent(client, hostile.requests(SEED, questions, uploads))
    assert not broken
    assert held(stores, engine) == before
    folders = (
        sys.prefix,
        sys.base_prefix,
        str(Path(__file__).parents[2]),
        str(host.answerer.image_root),
        "/proc/",
        "/sys/",
    )
    port = urlsplit(stores.addresses.neo4j.uri).port  # libpq's connections are not the interpreter's
    addresses = (f"127.0.0.1:{port}", f"::1:{port}")
    strange = [event for event in watch.seen if not ours(*event, addresses, folders)]
    assert not strange
    assert statuses[200] and statuses[400]
    told = ", ".join(f"{count:,} × {status}" for status, count in sorted(statuses.items()))
    pytestconfig.stash.setdefault(TOLD, []).append(
        f"hostile: {questions:,} questions and {uploads:,} pictures: {told}; both stores hold what they held"
    )
    assert client.post(
        "/v1/chat/completions", json={"messages": [{"role": "user", "content": "What is the capital of Peru?"}]}
    ).json()["choices"][0]["message"]["content"] == "The capital of Peru is Lima."  # fmt: skip
