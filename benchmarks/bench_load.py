"""Facts into Neo4j against one MERGE a triple; embeddings into pgvector against SQLAlchemy's insert()."""

import os
from collections.abc import Sequence
from pathlib import Path

import neo4j
import numpy as np
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import Column, Engine, LargeBinary, MetaData, Table, Text, insert, text

from benchmarks.turns import in_turn
from ingest.sample import folder
from kg import graph, queries, removal, schema, vectors
from kg.cli import default_home
from kg.naming import relation_types
from kg.rdf import read_rdf
from kg.services import ensure
from kg.settings import ServiceSettings
from kg.types import ImageRecord, Triple

MERGE = """
MATCH (a:Entity {graph: $graph, id: $head}) MATCH (b:Entity {graph: $graph, id: $tail})
MERGE (a)-[r:$($type) {triple: $triple}]->(b) SET r.relation = $relation, r.sources = $sources
"""


def main() -> None:
    """Measure on the stores of KWK_HOME, in graphs of their own."""
    home = Path(os.environ.get("KWK_HOME") or default_home())
    addresses = ensure(ServiceSettings(home), print)
    with graph.connect(addresses.neo4j) as driver:
        engine = vectors.connect(addresses.postgres)
        schema.migrate_neo4j(driver)
        schema.migrate_postgres(engine)
        bench_triples(driver, engine)
        bench_vectors(engine)
        engine.dispose()


def bench_triples(driver: neo4j.Driver, engine: Engine) -> None:
    """Load the atlas's facts: the head guard against MERGE, 1,000 a transaction, same driver and properties."""
    source = read_rdf([folder() / "atlas.ttl"], "atlas")
    types = relation_types({triple.relation for triple in source.triples}, {})

    def empty(name: str) -> graph.Writer:
        removal.remove_graph(driver, engine, name)
        writer = graph.claim(driver, name)
        rows = [{"id": each.id, "properties": {"name": each.name}, "label": None} for each in source.entities]
        writer.run(queries.WRITE_ENTITIES, rows=rows, source="bench", labels=[])
        return writer

    def ours() -> None:
        writer = empty("bench-ours")
        for n, batch in enumerate(graph.head_batches(graph.by_head(source.triples), 10_000)):
            graph.write_triples(writer, batch, types, "bench", n)

    def peer() -> None:
        empty("bench-peer")
        with driver.session() as session:
            for start in range(0, len(source.triples), 1000):
                session.execute_write(merge, source.triples[start : start + 1000], types)

    in_turn(f"{len(source.triples):,} facts into Neo4j, entities included", ours, peer)
    for name in ("bench-ours", "bench-peer"):
        removal.remove_graph(driver, engine, name)


def merge(tx: neo4j.ManagedTransaction, triples: Sequence[Triple], types: dict[str, str]) -> None:
    """Write facts one MERGE at a time, as the driver's documentation shows."""
    for triple in triples:
        tx.run(
            MERGE, graph="bench-peer", head=triple.head, tail=triple.tail, type=types[triple.relation],
            triple=triple.key("bench-peer"), relation=triple.relation, sources=["bench"],
        )  # fmt: skip


def bench_vectors(engine: Engine) -> None:
    """Store 2,000 embeddings of 1,280 values: binary COPY against SQLAlchemy's insert() with pgvector's type."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2000, 1280)).astype(np.float32)
    shas = [rng.bytes(32).hex() for _ in features]
    records = [ImageRecord("", "", sha, 0, 1, 1, "PNG", 1) for sha in shas]
    with engine.begin() as connection:
        vectors.copy(connection, "image", vectors.image_rows(records))
    table = Table(
        "embedding", MetaData(), Column("space", Text), Column("sha256", LargeBinary), Column("vector", HALFVEC(1280))
    )  # fmt: skip

    def clear(space: str) -> None:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM embedding WHERE space = :space"), {"space": space})

    def ours() -> None:
        clear("bench-ours")
        with engine.begin() as connection:
            vectors.copy(connection, "embedding", vectors.embedding_rows("bench-ours", shas, features))

    def peer() -> None:
        clear("bench-peer")
        rows = [
            {"space": "bench-peer", "sha256": bytes.fromhex(sha), "vector": vector}
            for sha, vector in zip(shas, features, strict=True)
        ]
        with engine.begin() as connection:
            connection.execute(insert(table), rows)

    in_turn("2,000 embeddings of 1,280 values into pgvector", ours, peer)
    vectors.remove(engine, "bench", shas)


if __name__ == "__main__":
    main()
