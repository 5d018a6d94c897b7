"""Facts into Neo4j: grouped by head, compared with what is there, and written where they are missing.

A row is what the head guard takes (queries.WRITE_TRIPLES): head, sorted keys, relation numbers, tails.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import neo4j

from kg import queries
from kg.graph import Tx, Writer, read
from kg.types import Triple

BATCH = 10_000  # triples in a transaction: more is no faster, and each must fit into the server's memory
READERS = 2  # batches that are compared at a time; the server uses one core for each
AHEAD = 2 * READERS  # batches that are made before the writer needs them

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """About `BATCH` facts: rows by head, and the relations that the rows' numbers mean."""

    n: int
    rows: Sequence[Row]
    relations: Sequence[str]

    def __len__(self) -> int:
        """Return the number of facts."""
        return sum(len(row[1]) for row in self.rows)


def by_head(triples: Iterable[Triple]) -> Iterator[tuple[str, list[Triple]]]:
    """Group triples whose heads stand together; a fact that a head says twice counts once."""
    for head, facts in groupby(triples, lambda triple: triple.head):
        yield head, list(dict.fromkeys(facts))


def parts(triples: Iterable[Triple], size: int = BATCH) -> Iterator[list[tuple[str, list[Triple]]]]:
    """Cut triples, all facts of a head together, into parts of at most `size`; a hub that has more is split."""
    part: list[tuple[str, list[Triple]]] = []
    room = size
    for head, facts in by_head(triples):
        for start in range(0, len(facts), size):
            piece = facts[start : start + size]
            if len(piece) > room:
                yield part
                part, room = [], size
            part.append((head, piece))
            room -= len(piece)
    if part:
        yield part


def batches(graph: str, triples: Iterable[Triple], size: int = BATCH) -> Iterator[Batch]:
    """Cut triples into batches."""
    for n, part in enumerate(parts(triples, size)):
        yield batch(graph, n, part)


def batch(graph: str, n: int, heads: Sequence[tuple[str, list[Triple]]]) -> Batch:
    """Make rows of the facts of some heads."""
    relations = sorted({triple.relation for _, facts in heads for triple in facts})
    number = {relation: i for i, relation in enumerate(relations)}
    rows: list[Row] = []
    for head, facts in heads:
        keyed = sorted((fact.key(graph), number[fact.relation], fact.tail) for fact in facts)
        rows.append([head, [key for key, _, _ in keyed], [n for _, n, _ in keyed], [tail for _, _, tail in keyed]])
    return Batch(n, rows, relations)


def differing(driver: neo4j.Driver, graph: str, source: str, found: Batch) -> Batch:
    """Return the rows of a batch of which the graph does not hold exactly the facts that this source says."""
    rows = [[head, keys] for head, keys, _, _ in found.rows]
    lacking = {row["head"] for row in read(driver, queries.DIFFERING_HEADS, graph=graph, source=source, rows=rows)}
    return replace(found, rows=[row for row in found.rows if row[0] in lacking])


def compared(
    driver: neo4j.Driver, graph: str, source: str, triples: Iterable[Triple], fresh: bool
) -> Iterator[tuple[int, Batch]]:
    """Yield the size of each batch with what the graph lacks of it, while the next ones are made and compared.

    In a `fresh` graph there is nothing to compare with.
    """

    def lacking(n: int, part: list[tuple[str, list[Triple]]]) -> tuple[int, Batch]:
        found = batch(graph, n, part)
        return len(found), found if fresh else differing(driver, graph, source, found)

    with ThreadPoolExecutor(READERS) as pool:
        waiting: deque[Future[tuple[int, Batch]]] = deque()
        for n, part in enumerate(parts(triples)):
            waiting.append(pool.submit(lacking, n, part))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def write(writer: Writer, source: str, types: Mapping[str, str], lacking: Batch) -> int:
    """Write facts as relationships, once each; return how many were new.

    `types` maps every relation to its relationship type. The batch is recorded in the same transaction.
    """

    def work(tx: Tx) -> int:
        common = {"graph": writer.graph, "source": source, "rows": lacking.rows}
        names = {"types": [types[relation] for relation in lacking.relations], "relations": lacking.relations}
        created = tx.run(queries.WRITE_TRIPLES, common, **names).consume().counters.relationships_created
        properties = {"triples": len(lacking), "heads": len(lacking.rows)}
        tx.run(queries.RECORD_BATCH, common, n=lacking.n, properties=properties).consume()
        return created

    return writer.write(work)
