"""Images and embeddings as rows of PostgreSQL's binary COPY, and the COPY itself."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from kg.types import ImageRecord

# What begins and ends a stream of PostgreSQL's binary COPY format.
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"


PART = 500  # embeddings that are encoded at a time
GRAIN = 32_000  # values that torch rounds at a time: of more it would wake threads, which take the server's core


def dhash_bits(dhash: int) -> bytes:
    """Return the 8 bytes of a 64-bit hash, as Postgres' `bit(64)` stores them."""
    return dhash.to_bytes(8, "big")


def image_rows(records: Sequence[ImageRecord]) -> bytes:
    """Encode images as rows of a binary COPY: sha256, dhash, width, height, size, format."""
    out = bytearray()
    for record in records:
        name = record.format.encode()
        fields = (
            bytes.fromhex(record.sha256),
            (64).to_bytes(4, "big") + dhash_bits(record.dhash),
            record.width.to_bytes(4, "big"),
            record.height.to_bytes(4, "big"),
            record.size.to_bytes(8, "big"),
            name,
        )
        out += len(fields).to_bytes(2, "big")
        for value in fields:
            out += len(value).to_bytes(4, "big") + value
    return bytes(out)


def embedding_rows(space: str, sha256: Sequence[str], vectors: NDArray[np.float32]) -> Iterator[bytes]:
    """Encode embeddings as rows of a binary COPY: space, sha256, halfvec; `vectors` is (N, D) float32.

    They come in parts, so that the server writes one while the next is encoded.
    """
    for start in range(0, len(sha256), PART):
        yield embedding_part(space, sha256[start : start + PART], vectors[start : start + PART])


def embedding_part(space: str, sha256: Sequence[str], vectors: NDArray[np.float32]) -> bytes:
    """Encode some rows. All have one length, so they are one structured array: no loop."""
    count, width = vectors.shape
    name = space.encode()
    row = np.dtype(
        [
            ("fields", ">i2"),
            ("space_length", ">i4"),
            ("space", f"S{len(name)}"),
            ("sha_length", ">i4"),
            ("sha", "u1", (32,)),
            ("vector_length", ">i4"),
            ("width", ">i2"),
            ("unused", ">i2"),
            ("vector", ">f2", (width,)),
        ]
    )
    rows = np.zeros(count, row)
    rows["fields"] = 3
    rows["space_length"], rows["space"] = len(name), name
    rows["sha_length"] = 32
    rows["sha"] = np.frombuffer(bytes.fromhex("".join(sha256)), "u1").reshape(count, 32)
    rows["vector_length"], rows["width"] = 4 + 2 * width, width
    rows["vector"] = halved(vectors)
    return rows.tobytes()


def halved(vectors: NDArray[np.float32]) -> NDArray[np.float16]:
    """Round (N, D) to half precision, as numpy does, in a fifth of its time."""
    import torch  # it is there wherever images are encoded; nothing else of this package needs it

    vectors = np.require(vectors, np.float32, ["C", "W"])
    half = np.empty(vectors.shape, np.float16)
    step = max(1, GRAIN // vectors.shape[1])
    for start in range(0, len(vectors), step):
        half[start : start + step] = torch.from_numpy(vectors[start : start + step]).half().numpy()
    return half


def copy(connection: Connection, table: str, rows: Iterable[bytes]) -> None:
    """COPY binary rows, part by part, into `table`."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as stream:
        stream.write(COPY_HEADER)
        for part in rows:
            stream.write(part)
        stream.write(COPY_TRAILER)


def copy_new(connection: Connection, table: str, rows: Iterable[bytes]) -> None:
    """COPY binary rows into `table`, leaving out those whose key is there already."""
    staging = f"new_{table}"
    connection.execute(text(f"CREATE TEMP TABLE {staging} (LIKE {table}) ON COMMIT DROP"))
    copy(connection, staging, rows)
    connection.execute(
        text(f"INSERT INTO {table} SELECT * FROM {staging} ON CONFLICT DO NOTHING")  # noqa: S608 - our own name
    )
