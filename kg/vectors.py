"""Postgres with pgvector: images by content, embeddings by space, filled by binary COPY.

A *space* is named by the content that determines it (`effnet-lite0@<weights>`), so that vectors of two encoders, or
of two versions of one, never mix.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from kg.binary_copy import COPY_HEADER, COPY_TRAILER, copy, copy_new, embedding_rows, image_rows
from kg.errors import StoreError
from kg.settings import PostgresAddress
from kg.types import ImageRecord

# Many hashes as one parameter: an array of them would be written out and escaped one by one, which takes longer than
# all the rest of a load.
_AMONG = """sha256 = ANY (ARRAY(
    SELECT substring(CAST({shas} AS bytea) FROM 32 * n + 1 FOR 32) FROM generate_series(0, {count} - 1) AS n))"""
AMONG = _AMONG.format(shas=":shas", count=":count")
FETCH = (
    "COPY (SELECT sha256, vector FROM embedding WHERE space = %(space)s AND "  # noqa: S608
    + _AMONG.format(shas="%(shas)s", count="%(count)s")
    + " AND vector_dims(vector) = %(width)s) TO STDOUT (FORMAT BINARY)"
)
NEAREST_OF = (
    "SELECT sha256, 1 - (vector <=> %(vector)b) FROM embedding WHERE space = %(space)b AND "  # noqa: S608
    + _AMONG.format(shas="%(shas)b", count="%(count)b")
    + " ORDER BY 2 DESC, 1 LIMIT %(k)b"
)
REGISTERED = "halfvec"  # in a connection's `info`: pgvector's types are known to it
SEEN = (
    "SELECT sha256, EXISTS (SELECT FROM embedding WHERE embedding.sha256 = image.sha256 AND space = :space) "  # noqa: S608
    f"FROM image WHERE {AMONG}"
)
IMAGES_HELD = f"SELECT sha256 FROM image WHERE {AMONG}"  # noqa: S608
IMAGES_COUNTED = f"SELECT count(*) FROM image WHERE {AMONG}"  # noqa: S608
STORED = (
    "SELECT encode(sha256, 'hex'), dhash::text, width, height, format, size FROM image "  # noqa: S608
    f"JOIN embedding USING (sha256) WHERE space = :space AND {AMONG}"
)
FORGET_EMBEDDINGS = f"DELETE FROM embedding WHERE {AMONG}"  # noqa: S608
FORGET_IMAGES = f"DELETE FROM image WHERE {AMONG}"  # noqa: S608


def among(sha256: Collection[str]) -> dict[str, object]:
    """Return the parameters of AMONG."""
    return {"shas": bytes.fromhex("".join(sha256)), "count": len(sha256)}


def connect(address: PostgresAddress) -> Engine:
    """Return an engine that has been answered once. Raises StoreError if the server does not answer."""
    url = make_url(address.url).set(drivername="postgresql+psycopg")
    if address.password is not None:
        url = url.set(password=address.password)
    engine = create_engine(url, pool_pre_ping=True)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as exc:
        place = make_url(address.url).render_as_string(hide_password=True)
        raise StoreError(f"Postgres at {place} does not let us in: {exc.__cause__ or exc}") from exc
    return engine


def store(
    engine: Engine,
    ledger: tuple[str, str],
    records: Sequence[ImageRecord],
    space: str,
    vectors: NDArray[np.float32],
) -> int:
    """Store a batch of images, their embeddings (N, D) and its ledger row in one transaction; return new embeddings.

    `ledger` is (graph, source). Rows that are there stay as they are: both tables are keyed by content.
    """
    rows = {record.sha256: row for row, record in enumerate(records)}  # a picture may be in a batch twice
    images = {record.sha256: record for record in records}
    chosen = vectors if len(rows) == len(vectors) else vectors[[rows[sha] for sha in images]]
    try:
        try:
            return write_new(engine, ledger, images, space, chosen)
        except psycopg.IntegrityError:  # some of these are there already
            return write_missing(engine, ledger, images, space, chosen)
    except (SQLAlchemyError, psycopg.Error) as exc:
        raise StoreError(f"Postgres refused a batch of {len(records)} images of '{ledger[0]}': {exc}") from exc


def write_new(
    engine: Engine,
    ledger: tuple[str, str],
    images: Mapping[str, ImageRecord],
    space: str,
    vectors: NDArray[np.float32],
) -> int:
    """Write images, where they are not there, and embeddings none of which is there; return how many these are.

    Whether an embedding is there is not asked: its key tells, and asking takes longer than half of the writing.
    """
    with engine.begin() as connection:
        count = connection.execute(text(IMAGES_COUNTED), among(images)).scalar_one()
        if count < len(images):
            held = connection.execute(text(IMAGES_HELD), among(images)).scalars() if count else ()
            known = {sha.hex() for sha in held}
            copy(connection, "image", [image_rows([image for sha, image in images.items() if sha not in known])])
        copy(connection, "embedding", embedding_rows(space, list(images), vectors))
        record_batch(connection, ledger, images, space)
    return len(images)


def write_missing(
    engine: Engine,
    ledger: tuple[str, str],
    images: Mapping[str, ImageRecord],
    space: str,
    vectors: NDArray[np.float32],
) -> int:
    """Write what is not there yet, whoever else writes it at the time; return the number of embeddings."""
    with engine.begin() as connection:
        seen = connection.execute(text(SEEN), among(images) | {"space": space}).all()
        known = {row[0].hex() for row in seen}
        encoded = {row[0].hex() for row in seen if row[1]}
        fresh = [row for row, sha in enumerate(images) if sha not in encoded]
        shas = list(images)
        copy_new(connection, "image", [image_rows([image for sha, image in images.items() if sha not in known])])
        copy_new(connection, "embedding", embedding_rows(space, [shas[row] for row in fresh], vectors[fresh]))
        record_batch(connection, ledger, images, space)
    return len(fresh)


def record_batch(connection: Connection, ledger: tuple[str, str], images: Collection[str], space: str) -> None:
    """Write the ledger's row of a batch, once."""
    digest = hashlib.sha256("".join(sorted(images)).encode()).hexdigest()
    connection.execute(
        text(
            "INSERT INTO batch (graph, source, stage, digest, rows) VALUES (:graph, :source, :stage, :digest, "
            ":rows) ON CONFLICT DO NOTHING"
        ),
        {"graph": ledger[0], "source": ledger[1], "stage": space, "digest": digest, "rows": len(images)},
    )


def stored(engine: Engine, space: str, sha256: Sequence[str]) -> dict[str, ImageRecord]:
    """Return those of the images that have an embedding in `space`, by sha256, without entity and path."""
    with engine.connect() as connection:
        rows = connection.execute(text(STORED), among(sha256) | {"space": space})
        return {row[0]: ImageRecord("", "", row[0], int(row[1], 2), *row[2:]) for row in rows}


def index_name(space: str) -> str:
    """Return the name of the HNSW index of a space: readable, unique, at most 63 bytes."""
    digest = hashlib.sha1(space.encode(), usedforsecurity=False).hexdigest()[:8]
    return f"embedding_{re.sub('[^a-z0-9]+', '_', space.lower())[:40]}_{digest}"


def build_index(engine: Engine, space: str, width: int) -> None:
    """Build the partial HNSW index (cosine) of a space of `width` dimensions, after its load, if it is not there."""
    literal = space.replace("'", "''")
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        connection.exec_driver_sql(
            f"CREATE INDEX IF NOT EXISTS {index_name(space)} ON embedding "
            f"USING hnsw ((vector::halfvec({width})) halfvec_cosine_ops) WHERE space = '{literal}'"
        )
        connection.exec_driver_sql("ANALYZE embedding")  # or the planner takes a full space for a small one


def nearest(engine: Engine, space: str, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
    """Return the k images nearest to `vector` (D,) in `space` as (sha256, cosine), best first, by the HNSW index."""
    width = len(vector)
    literal = "[" + ",".join(f"{x:.6g}" for x in vector) + "]"
    name = space.replace("'", "''")  # the planner takes a partial index only where its condition is a literal
    query = (
        f"SELECT encode(sha256, 'hex'), 1 - (vector::halfvec({width}) <=> %(query)s::halfvec({width})) "  # noqa: S608
        f"FROM embedding WHERE space = '{name}' "
        f"ORDER BY vector::halfvec({width}) <=> %(query)s::halfvec({width}) LIMIT %(k)s"
    )
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
        rows = connection.exec_driver_sql(query, {"query": literal, "k": k})
        return [(row[0], float(row[1])) for row in rows]


def nearest_of(
    engine: Engine, space: str, vector: NDArray[np.float32], sha256: Sequence[str], k: int
) -> list[tuple[str, float]]:
    """Return the k of these images that are nearest to `vector` (D,), as `nearest` does: by comparing with each."""
    wanted = among(sha256) | {"vector": HalfVector(vector), "space": space, "k": k}
    with reading(engine, f"compare {len(sha256)} embeddings of {space}") as (connection, driver):
        if REGISTERED not in connection.info:
            register_vector(driver)
            connection.info[REGISTERED] = True
        rows = driver.execute(NEAREST_OF, wanted, prepare=True, binary=True).fetchall()
    return [(sha.hex(), float(cosine)) for sha, cosine in rows]


def fetch(engine: Engine, space: str, sha256: Sequence[str], width: int) -> dict[str, NDArray[np.float32]]:
    """Return the embeddings of those of the images that `space` holds, by sha256, each (width,) float32.

    They come by binary COPY: a row is the bytes of a sha256 and of a halfvec, all of one length.
    """
    row = np.dtype(
        [
            ("fields", ">i2"),
            ("sha_length", ">i4"),
            ("sha", "u1", (32,)),
            ("vector_length", ">i4"),
            ("width", ">i2"),
            ("unused", ">i2"),
            ("vector", ">f2", (width,)),
        ]
    )
    wanted = among(sha256) | {"space": space, "width": width}
    with (
        reading(engine, f"read {len(sha256)} embeddings of {space} back") as (_, driver),
        psycopg.ClientCursor(driver) as cursor,
        cursor.copy(cursor.mogrify(FETCH, wanted)) as stream,
    ):
        data = b"".join(stream)
    rows = np.frombuffer(data[len(COPY_HEADER) : -len(COPY_TRAILER)], row)
    vectors = rows["vector"].astype(np.float32)
    return {sha.tobytes().hex(): vector for sha, vector in zip(rows["sha"], vectors, strict=True)}


@contextmanager
def reading(engine: Engine, what: str) -> Iterator[tuple[Connection, psycopg.Connection[Any]]]:
    """Yield a connection and the driver's own, each statement a transaction. Raises StoreError: "could not …"."""
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            driver = connection.connection.driver_connection
            assert driver is not None  # noqa: S101 - an open connection has one
            try:
                yield connection, driver
            except psycopg.Error:
                connection.invalidate()  # the pool does not see it fail, and would log that it can't be rolled back
                raise
    except (SQLAlchemyError, psycopg.Error) as exc:
        raise StoreError(f"Postgres could not {what}: {exc}") from exc


def spaces(engine: Engine) -> dict[str, int]:
    """Return how many embeddings each space holds."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT space, count(*) FROM embedding GROUP BY space ORDER BY space"))
        return {row[0]: int(row[1]) for row in rows}


def remove(engine: Engine, sha256: Sequence[str]) -> int:
    """Delete these images with their embeddings; return how many were there."""
    keys = among(sha256)
    with engine.begin() as connection:
        connection.execute(text(FORGET_EMBEDDINGS), keys)
        return int(connection.execute(text(FORGET_IMAGES), keys).rowcount)


def forget(engine: Engine, graph: str, source: str | None = None) -> None:
    """Delete the ledger of a graph with the history of its votes, or the ledger of one of its sources."""
    with engine.begin() as connection:
        if source is None:
            connection.execute(text("DELETE FROM vote WHERE graph = :graph"), {"graph": graph})
        connection.execute(
            text("DELETE FROM batch WHERE graph = :graph AND source = coalesce(:source, source)"),
            {"graph": graph, "source": source},
        )


def held(engine: Engine, space: str | None = None) -> set[str]:
    """Return the sha256 of all that Postgres holds, or of what has an embedding in `space`."""
    images = text("SELECT encode(sha256, 'hex') FROM (SELECT sha256 FROM image UNION SELECT sha256 FROM embedding)")
    embeddings = text("SELECT encode(sha256, 'hex') FROM embedding WHERE space = :space")
    with engine.connect() as connection:
        rows = connection.execute(embeddings, {"space": space}) if space else connection.execute(images)
        return {row[0] for row in rows}
