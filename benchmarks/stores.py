"""The stores that benchmarks run on: those of KWK_HOME, each in a graph of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neo4j
from sqlalchemy import Engine

from kg import graph, schema, vectors
from kg.cli import default_home
from kg.services import ensure
from kg.settings import ServiceSettings
from kg.stores import Stores


@contextmanager
def stores() -> Iterator[tuple[neo4j.Driver, Engine, Path]]:
    """Yield both stores of KWK_HOME, with the newest schema."""
    with opened() as (both, home):
        schema.migrate_neo4j(both.driver)
        schema.migrate_postgres(both.engine)
        yield both.driver, both.engine, home


@contextmanager
def opened() -> Iterator[tuple[Stores, Path]]:
    """Yield both stores of KWK_HOME as they are, and where they live."""
    home = Path(os.environ.get("KWK_HOME") or default_home())
    addresses = ensure(ServiceSettings(home), print)
    with graph.connect(addresses.neo4j) as driver:
        engine = vectors.connect(addresses.postgres)
        yield Stores(driver, engine, addresses), home
        engine.dispose()
