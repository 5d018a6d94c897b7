"""Embeddings into pgvector: binary COPY against SQLAlchemy's insert() with pgvector's type."""

import numpy as np
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, insert, text

from benchmarks.stores import stores
from benchmarks.turns import in_turn
from kg import vectors
from kg.types import ImageRecord

COUNT = 10_000


def main() -> None:
    """Store embeddings of 768 values (ViT-L/14) and of 1,280 (EfficientNet-Lite0), the same on both sides."""
    with stores() as (_, engine, _):
        for width in (768, 1280):
            rng = np.random.default_rng(0)
            features = rng.normal(size=(COUNT, width)).astype(np.float32)
            records = [ImageRecord("", "", rng.bytes(32).hex(), 0, 1, 1, "PNG", 1) for _ in features]
            vectors.store(engine, ("bench", "bench"), records, "bench-other", features)  # the images are there
            columns = Column("space", Text), Column("sha256", LargeBinary), Column("vector", HALFVEC(width))
            table = Table("embedding", MetaData(), *columns)

            def clear() -> None:
                with engine.begin() as connection:
                    connection.execute(text("DELETE FROM embedding WHERE space LIKE 'bench-%'"))
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("VACUUM embedding"))

            def ours(features: np.ndarray = features, records: list[ImageRecord] = records) -> None:
                vectors.store(engine, ("bench", "bench"), records, "bench-ours", features)

            def peer(
                features: np.ndarray = features, records: list[ImageRecord] = records, table: Table = table
            ) -> None:
                rows = [
                    {"space": "bench-peer", "sha256": bytes.fromhex(record.sha256), "vector": vector}
                    for record, vector in zip(records, features, strict=True)
                ]
                with engine.begin() as connection:
                    connection.execute(insert(table), rows)

            in_turn(f"{COUNT:,} embeddings of {width:,} values into pgvector", ours, peer, before=clear)
            vectors.remove(engine, [record.sha256 for record in records])
        vectors.forget(engine, "bench")


if __name__ == "__main__":
    main()
