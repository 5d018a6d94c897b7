"""Open what `kwk serve` answers with, and listen until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import neo4j
import torch
import uvicorn
from neo4j.exceptions import DriverError, Neo4jError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kg.errors import KwkError
from kg.local_page import bind, build, impatient
from kg.progress import Progress
from kg.stores import Stores
from retrieval.assemble import open_host
from retrieval.conversation import Host
from retrieval.guard import ServeSettings
from retrieval.page import Desk, chat_page
from retrieval.serve import Service, application

log = logging.getLogger(__name__)

GRACE = 5  # seconds that requests may end in after a signal


def listen(
    stores: Stores,
    graph: str,
    home: Path,
    run_name: str | None,
    settings: ServeSettings,
    place: tuple[str, int],
    say: Callable[[str], None],
    progress: Progress,
    visual_cache: bool = False,
) -> None:
    """Serve a graph at (host, port) until SIGINT or SIGTERM. Raises ServiceError if the port is taken."""
    torch.set_num_threads(1)  # a question is too short for two, and requests run beside each other
    with bind(*place) as bound, impatient(stores.addresses.neo4j) as driver:
        host = open_host(replace(stores, driver=driver), graph, home, run_name, progress, visual_cache)
        desk = Desk(host, driver, stores.addresses.neo4j)
        service = Service(host, settings, desk.picture, lambda: alive(stores, driver))
        app = application(service)
        app.mount("/", build(chat_page(desk)))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE, ws="none")
        logging.getLogger("httpx").setLevel(logging.WARNING)
        address = "http://{}:{}".format(*bound.getsockname()[:2])
        Thread(target=open_pictures, args=(host,), daemon=True).start()
        say(f"'{graph}' answers at {address}/v1/chat/completions, and on a page at {address} (Ctrl-C ends)")
        with suppress(KeyboardInterrupt):  # uvicorn passes it on after it has closed
            uvicorn.Server(config).run([bound])
        service.threads.shutdown(wait=True, cancel_futures=True)


def open_pictures(host: Host) -> None:
    """Open what the first question about a picture would wait for: fitting a descriptor takes longer than a deadline.

    What goes wrong is said to whoever asks about one.
    """
    with suppress(KwkError):
        if pictures := host.answerer.pictures():
            log.info("pictures are known from a likeness of %.2f on", pictures.threshold)


def alive(stores: Stores, driver: neo4j.Driver) -> dict[str, bool]:
    """Say whether each store answers."""
    found = {"neo4j": True, "postgres": True}
    try:
        driver.verify_connectivity()
    except (DriverError, Neo4jError):
        found["neo4j"] = False
    try:
        with stores.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        found["postgres"] = False
    return found
