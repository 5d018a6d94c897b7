"""Open both stores for a command: start what is ours to start, connect, and bring the schema up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.cli import Kwk
from kg.settings import Addresses

if TYPE_CHECKING:
    import neo4j
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Stores:
    """Both stores, connected and on the present schema."""

    driver: neo4j.Driver
    engine: Engine
    addresses: Addresses


@contextmanager
def open_stores(kwk: Kwk) -> Iterator[Stores]:
    """Yield both stores; start the managed servers where no address is configured. Raises ServiceError, StoreError."""
    from kg import graph, schema, vectors
    from kg.services import ensure

    addresses = ensure(kwk.services, kwk.say)
    driver = graph.connect(addresses.neo4j)
    try:
        engine = vectors.connect(addresses.postgres)
        try:
            schema.migrate_neo4j(driver)
            schema.migrate_postgres(engine)
            yield Stores(driver, engine, addresses)
        finally:
            engine.dispose()
    finally:
        driver.close()
