"""Neo4j: one writer a graph, batches that are safe to send again, and what the commands read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, LiteralString, TypeVar

import neo4j
from neo4j.exceptions import DriverError, IncompleteCommit, Neo4jError

from kg import queries
from kg.errors import StoreError
from kg.settings import Neo4jAddress
from kg.types import ImageRecord

T = TypeVar("T")
Tx = neo4j.ManagedTransaction

RESENDS = 5  # times that a batch is sent again when the answer to its commit was lost


def connect(address: Neo4jAddress) -> neo4j.Driver:
    """Return a driver that has been answered once. Raises StoreError if the server does not answer."""
    driver = neo4j.GraphDatabase.driver(
        address.uri,
        auth=(address.user, address.password),
        notifications_min_severity="OFF",
        max_transaction_retry_time=60,
        connection_timeout=5,
    )
    try:
        driver.verify_connectivity()
    except (DriverError, Neo4jError) as exc:
        driver.close()
        raise StoreError(f"Neo4j at {address.uri} does not let us in as {address.user}: {exc}") from exc
    return driver


def read(driver: neo4j.Driver, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
    """Run a read-only query and return its rows as dictionaries."""
    try:
        with driver.session(default_access_mode=neo4j.READ_ACCESS) as session:
            return session.execute_read(lambda tx: tx.run(query, parameters).data())
    except (DriverError, Neo4jError) as exc:
        raise StoreError(f"Neo4j could not answer: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Writer:
    """The right to write one graph: `token` is the newest one of its (:Graph) node, until another claims it."""

    driver: neo4j.Driver = field(repr=False)
    graph: str
    token: int

    def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in one transaction that first takes the graph's lock.

        `work` must be idempotent: it runs again after a deadlock, and after a commit whose answer was lost
        (`IncompleteCommit`: the batch may be in or out). Raises StoreError if another writer has claimed the graph.
        """

        def fenced(tx: Tx) -> T:
            held = tx.run(queries.HOLD, graph=self.graph, token=self.token).single()
            if held is None or held["token"] != self.token:
                raise StoreError(
                    f"Another command began to write the graph '{self.graph}' after this one, so this one stops; "
                    "what it wrote is kept, and running it again completes it."
                )
            return work(tx)

        return committed(
            self.driver,
            fenced,
            lost=f"Neo4j stopped answering while '{self.graph}' was written",
            refused=f"Neo4j refused a batch of the graph '{self.graph}'",
        )

    def run(self, query: LiteralString, **parameters: Any) -> neo4j.SummaryCounters:
        """Run one statement under the fence; return Neo4j's counters (`nodes_created`, …)."""
        return self.write(lambda tx: tx.run(query, parameters, graph=self.graph).consume().counters)


def committed(
    driver: neo4j.Driver, work: Callable[[Tx], T], lost: str, refused: str, patience: float = 0.5
) -> T:  # fmt: skip
    """Run an idempotent `work` in one transaction, again where the answer to its commit was lost.

    Raises StoreError that begins with `lost` where that goes on (the first wait is `patience` seconds, each further one
    twice as long), with `refused` where Neo4j says no.
    """
    for attempt in range(RESENDS):
        try:
            with driver.session() as session:
                return session.execute_write(work)
        except IncompleteCommit as exc:
            if attempt == RESENDS - 1:
                raise StoreError(f"{lost}: {exc}") from exc
            time.sleep(patience * 2**attempt)  # the server is restarting: give it a moment
        except (DriverError, Neo4jError) as exc:
            raise StoreError(f"{refused}: {exc}") from exc
    raise AssertionError("unreachable")


def claim(driver: neo4j.Driver, graph: str) -> Writer:
    """Claim the right to write `graph`; whoever held it stops at its next batch."""
    try:
        with driver.session() as session:
            record = session.execute_write(lambda tx: tx.run(queries.CLAIM, graph=graph).single(strict=True))
    except (DriverError, Neo4jError) as exc:
        raise StoreError(f"Neo4j did not let us claim the graph '{graph}': {exc}") from exc
    return Writer(driver, graph, record["token"])


def write_images(writer: Writer, records: Sequence[ImageRecord], source: str) -> tuple[int, list[str]]:
    """Write (:Entity)-[:HAS_IMAGE]->(:Image); return how many were new, and the sha256 of what they take the place of.

    That is what this source had at the same path before: the file has another content now.
    """
    rows = image_rows(records)
    offered: dict[str, tuple[set[str], set[str]]] = {}
    for record in records:
        paths, shas = offered.setdefault(record.entity, (set(), set()))
        paths.add(record.path)
        shas.add(record.sha256)
    now = [{"entity": each, "paths": sorted(paths), "shas": sorted(shas)} for each, (paths, shas) in offered.items()]

    def work(tx: Tx) -> tuple[int, list[str]]:
        common = {"graph": writer.graph, "source": source}
        created = tx.run(queries.WRITE_IMAGES, common, rows=rows).consume().counters.relationships_created
        return created, [row["sha256"] for row in tx.run(queries.UNTIE_FORMER, common, offered=now)]

    return writer.write(work)


def image_rows(records: Sequence[ImageRecord]) -> list[dict[str, Any]]:
    """Return pictures as rows of queries.WRITE_IMAGES."""
    paths: dict[tuple[str, str], list[str]] = {}
    for record in records:
        paths.setdefault((record.entity, record.sha256), []).append(record.path)
    return [
        {
            "paths": paths[record.entity, record.sha256],
            "entity": record.entity,
            "sha256": record.sha256,
            "properties": {
                "path": record.path,
                "name": picture_name(record.path),
                "width": record.width,
                "height": record.height,
                "format": record.format,
            },
        }
        for record in records
    ]


def picture_name(path: str) -> str:
    """Return the words of a file's name: captions in Browser break only between words."""
    stem = PurePosixPath(path).stem
    return " ".join(re.split(r"[-_.\s]+", stem)).strip() or stem
