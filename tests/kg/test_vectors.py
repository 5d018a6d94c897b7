"""Embeddings reach pgvector bit for bit, once each, and are found again."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event, text

from kg import vectors
from kg.errors import StoreError
from kg.settings import Addresses, PostgresAddress
from kg.types import ImageRecord


def record(**changes: object) -> ImageRecord:
    """Return an image of random content."""
    values = {"entity": "e", "path": "p", "sha256": secrets.token_hex(32), "dhash": 0, "width": 3, "height": 2,
              "format": "PNG", "size": 9} | changes  # fmt: skip
    return ImageRecord(**values)  # type: ignore[arg-type]


@pytest.fixture
def space(engine: Engine) -> Iterator[str]:
    """A space of one test."""
    name = f"test@{secrets.token_hex(4)}"
    yield name
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM embedding WHERE space = :space"), {"space": name})


def test_what_binary_copy_writes_reads_back_as_it_was(engine: Engine, space: str) -> None:
    records = [record(dhash=2**64 - 1), record(dhash=1, width=7, size=2**40), record(dhash=2**63)]
    features = np.array([[1, -0.5, 3e-5, 0], [0, 0, 0, 1], [65504, 1, 1, 1]], np.float32)
    assert vectors.store(engine, ("g", "s"), records, space, features) == 3
    found = vectors.stored(engine, space, [each.sha256 for each in records])
    for each in records:
        got = found[each.sha256]
        assert (got.dhash, got.width, got.height, got.format, got.size) == (
            each.dhash, each.width, each.height, each.format, each.size,
        )  # fmt: skip
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT encode(sha256, 'hex'), vector::text FROM embedding WHERE space = :s"), {"s": space}
        )
        read = {sha: np.array(vector.strip("[]").split(","), np.float16) for sha, vector in rows}
    for each, feature in zip(records, features, strict=True):
        np.testing.assert_array_equal(read[each.sha256], feature.astype(np.float16))


def test_storing_twice_changes_nothing(engine: Engine, space: str) -> None:
    records = [record(), record()]
    features = np.eye(2, 4, dtype=np.float32)
    assert vectors.store(engine, ("g", "s"), records, space, features) == 2
    assert vectors.store(engine, ("g", "s"), records, space, features * 2) == 0
    assert vectors.spaces(engine)[space] == 2


def test_a_picture_that_is_in_a_batch_twice_is_stored_once(engine: Engine, space: str) -> None:
    one, other = record(), record()
    features = np.eye(4, dtype=np.float32)[:3]
    assert vectors.store(engine, ("g", "s"), [one, other, one], space, features) == 2
    found = vectors.fetch(engine, space, [other.sha256], 4)
    np.testing.assert_array_equal(found[other.sha256], features[1])


def test_a_server_that_goes_while_features_are_read_is_said_in_a_sentence_without_a_traceback(
    addresses: Addresses, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    own = vectors.connect(addresses.postgres)

    @event.listens_for(own, "checkout")
    def cut(driver: Any, record: object, proxy: object) -> None:
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": driver.info.backend_pid})

    with pytest.raises(StoreError, match="could not read 1 embeddings"):
        vectors.fetch(own, "test@cut", ["00" * 32], 4)
    own.dispose()
    assert not caplog.records


def test_two_loads_that_store_the_same_at_once_both_end_well(engine: Engine, space: str) -> None:
    records = [record() for _ in range(200)]
    features = np.ones((200, 8), np.float32)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(vectors.store, engine, ("g", "s"), records, space, features) for _ in range(8)]
    assert sum(job.result() for job in jobs) >= 200
    assert vectors.spaces(engine)[space] == 200


def test_removing_an_image_takes_its_embeddings(engine: Engine, space: str) -> None:
    records = [record(), record()]
    vectors.store(engine, ("g", "s"), records, space, np.eye(2, 4, dtype=np.float32))
    assert vectors.remove(engine, [records[0].sha256]) == 1
    assert vectors.held(engine, space) == {records[1].sha256}


def test_the_nearest_image_is_found_by_the_index_of_its_space(engine: Engine, space: str) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 16)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    records = [record() for _ in features]
    vectors.store(engine, ("g", "s"), records, space, features)
    vectors.build_index(engine, space, 16)
    vectors.build_index(engine, space, 16)  # and again
    for n in range(0, 300, 50):
        found = vectors.nearest(engine, space, features[n], 5)
        assert found[0][0] == records[n].sha256
        assert found[0][1] == pytest.approx(1, abs=1e-3)
        assert [similarity for _, similarity in found] == sorted((s for _, s in found), reverse=True)
    with engine.begin() as connection:
        for other in ("seqscan", "bitmapscan", "sort"):  # small tables are searched so: cheaper, but not what is tested
            connection.exec_driver_sql(f"SET LOCAL enable_{other} = off")
        plan = "\n".join(
            row[0]
            for row in connection.exec_driver_sql(
                f"EXPLAIN SELECT sha256 FROM embedding WHERE space = '{space}' "  # noqa: S608
                f"ORDER BY vector::halfvec(16) <=> '[{','.join(['1'] * 16)}]'::halfvec(16) LIMIT 5"
            )
        )
        connection.exec_driver_sql(f"DROP INDEX {vectors.index_name(space)}")
    assert vectors.index_name(space) in plan


def test_the_nearest_of_some_images_are_found_among_these_alone_each_time(engine: Engine, space: str) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 16)).astype(np.float32)
    records = [record() for _ in features]
    vectors.store(engine, ("g", "s"), records, space, features)
    own = [records[n].sha256 for n in range(0, 40, 3)]
    for n in (0, 1):  # the first prepares what the second reuses
        kept = vectors.fetch(engine, space, own, 16)
        cosines = {
            sha: float(v @ features[n] / np.linalg.norm(v) / np.linalg.norm(features[n])) for sha, v in kept.items()
        }
        best = sorted(own, key=lambda sha: -cosines[sha])
        found = vectors.nearest_of(engine, space, features[n], [*own, "00" * 32], 5)
        assert [sha for sha, _ in found] == best[:5]
        assert [cosine for _, cosine in found] == pytest.approx([cosines[sha] for sha in best[:5]], abs=2e-3)
    assert vectors.nearest_of(engine, space, features[0], [], 5) == []


def test_a_space_with_a_hostile_name_can_not_leave_its_quotes(engine: Engine, space: str) -> None:
    hostile = space + "'); DROP TABLE embedding; --"
    vectors.store(engine, ("g", "s"), [record()], hostile, np.ones((1, 4), np.float32))
    vectors.build_index(engine, hostile, 4)
    assert len(vectors.nearest(engine, hostile, np.ones(4, np.float32), 3)) == 1
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP INDEX {vectors.index_name(hostile)}")
        connection.execute(text("DELETE FROM embedding WHERE space = :space"), {"space": hostile})


def test_a_refused_batch_leaves_neither_images_nor_a_ledger_row(engine: Engine, space: str) -> None:
    broken = record(width=0)  # the schema wants pixels
    with pytest.raises(StoreError, match="refused a batch"):
        vectors.store(engine, ("refused", "s"), [record(), broken], space, np.ones((2, 4), np.float32))
    assert space not in vectors.spaces(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM batch WHERE graph = 'refused'")).scalar() == 0


def test_a_wrong_password_is_told_in_one_sentence_that_does_not_hold_it(addresses: Addresses) -> None:
    with pytest.raises(StoreError, match="does not let us in") as caught:
        vectors.connect(PostgresAddress(addresses.postgres.url, "not-the-password"))
    assert "not-the-password" not in str(caught.value)
