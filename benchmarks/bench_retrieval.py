"""What an answer asks of the stores: all slots of a turn at once, and the nearest of an entity's images.

`make bench ONLY=retrieval`, on FB15K as it was ingested and on embeddings that are made and removed here.
"""

import random
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import Engine, LargeBinary, Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.bench_questions import GRAPH
from benchmarks.stores import opened
from benchmarks.turns import in_turn
from ingest.sentences import minilm
from kg import vectors
from kg.types import ImageRecord
from retrieval.ground import Filled, Reader, Slot
from retrieval.relations import DIRECTIONS, Relations, read_relations

SLOTS = 16
ROUNDS = 50
IMAGES, WIDTH = 20_000, 768
OWN = 61  # images of an entity, as FB15K has them on average
NEAREST = 5
QUERIES, WARM_UP = 300, 20
MADE = "bench-nearest"


def main() -> None:
    """Run both comparisons."""
    with opened() as (both, home):
        sentences = minilm()
        relations = read_relations(both.driver, GRAPH, sentences.encode, sentences.space, home / "cache")
        reader = Reader(both.driver, GRAPH)
        slots = drawn(reader, relations)

        filled: dict[str, list[Filled]] = {}

        def at_once() -> None:
            for _ in range(ROUNDS):
                filled["at once"] = reader.fill(slots, relations)

        def one_by_one() -> None:
            for _ in range(ROUNDS):
                filled["one by one"] = [found for slot in slots for found in reader.fill([slot], relations)]

        in_turn(f"{len(slots)} slots, {ROUNDS} times, in one query against a query each", at_once, one_by_one)
        print(f"  the same edges: {filled['at once'] == filled['one by one']}")
        nearest(both.engine)


def drawn(reader: Reader, relations: Relations) -> list[Slot]:
    """Draw slots of as many entities that the graph can fill."""
    chance = random.Random(0)  # noqa: S311
    ids = chance.sample(sorted(entity.id for entity in reader.entities()), 2 * SLOTS)
    own = reader.own(ids, relations)
    columns = [(id, chance.choice(sorted(own[id].answers))) for id in ids if id in own and own[id].answers]
    return [Slot(id, column // 2, DIRECTIONS[column % 2]) for id, column in columns[:SLOTS]]


class Base(DeclarativeBase):
    """The tables as SQLAlchemy maps them."""


class Embedding(Base):
    """The peer's model, after pgvector's documentation."""

    __tablename__ = "embedding"
    space: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    vector: Mapped[NDArray[np.float32]] = mapped_column(HALFVEC(WIDTH))


def nearest(engine: Engine) -> None:
    """Compare the medians of both sides, a query of each in turn; print how often ours finds the peer's five."""
    chance = np.random.default_rng(0)
    features = chance.normal(size=(IMAGES, WIDTH)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    records = [ImageRecord("", "", chance.bytes(32).hex(), 0, 1, 1, "PNG", 1) for _ in features]
    vectors.store(engine, (MADE, MADE), records, MADE, features)
    seconds: tuple[list[float], list[float]] = ([], [])
    found = 0
    try:
        for turn in range(QUERIES + WARM_UP):
            query = features[chance.integers(IMAGES)] + 0.02 * chance.normal(size=WIDTH).astype(np.float32)
            own = [records[i].sha256 for i in chance.choice(IMAGES, OWN, replace=False)]
            answers: list[set[str]] = [set(), set()]
            for side in (0, 1) if turn % 2 else (1, 0):  # who comes second finds the rows warm
                begun = time.perf_counter()
                answers[side] = set(SIDES[side](engine, query, own))
                seconds[side].append(time.perf_counter() - begun)
            found += len(answers[0] & answers[1])
    finally:
        vectors.remove(engine, [record.sha256 for record in records])
        vectors.forget(engine, MADE)
    ours_p50, theirs_p50 = (float(np.median(side[WARM_UP:])) for side in seconds)
    print(
        f"{NEAREST} nearest of an entity's {OWN} images: ours {ours_p50 * 1e3:.2f} ms, peer {theirs_p50 * 1e3:.2f} ms "
        f"(p50 of {QUERIES}), {ours_p50 / theirs_p50:.2f} of it; recall {found / NEAREST / (QUERIES + WARM_UP):.3f}"
    )


def ours(engine: Engine, query: NDArray[np.float32], own: Sequence[str]) -> list[str]:
    """Return the nearest of some images."""
    return [sha for sha, _ in vectors.nearest_of(engine, MADE, query, own, NEAREST)]


def documented(engine: Engine, query: NDArray[np.float32], own: Sequence[str]) -> list[str]:
    """Return the nearest of some images as pgvector's documentation shows for SQLAlchemy."""
    wanted = (
        select(Embedding.sha256)
        .where(Embedding.space == MADE, Embedding.sha256.in_([bytes.fromhex(sha) for sha in own]))
        .order_by(Embedding.vector.cosine_distance(query))
        .limit(NEAREST)
    )
    with Session(engine) as session:
        return [sha.hex() for sha in session.scalars(wanted)]


SIDES = (ours, documented)


if __name__ == "__main__":
    main()
