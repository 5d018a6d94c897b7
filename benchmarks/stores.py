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


@contextmanager
def stores() -> Iterator[tuple[neo4j.Driver, Engine, Path]]:
    """Yield both stores of KWK_HOME."""
    home = Path(os.environ.get("KWK_HOME") or default_home())
    addresses = ensure(ServiceSettings(home), print)
    with graph.connect(addresses.neo4j) as driver:
        engine = vectors.connect(addresses.postgres)
        schema.migrate_neo4j(driver)
        schema.migrate_postgres(engine)
        yield driver, engine, home
        engine.dispose()
