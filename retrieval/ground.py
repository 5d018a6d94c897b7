"""What the graph holds at this moment: the relations of candidates, and the edges that fill the slots of a turn.

Read-only transactions with a time-out; whatever a user or a model wrote is a parameter and never part of a query.
Nothing is kept between two questions: an edge that is deleted is gone from the next answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, LiteralString

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from dialogue.wordings import Direction
from kg.adjacency import Picture
from kg.errors import StoreError
from retrieval import queries
from retrieval.link import Own
from retrieval.names import Named
from retrieval.relations import Relations, column
from retrieval.timings import spending

TIMEOUT = 10.0  # seconds that a query may take
MOST = 1_000  # edges that one slot brings back; more are counted


@dataclass(frozen=True, slots=True)
class Slot:
    """What is asked of the graph: one end of a relation of a subject."""

    subject: str
    relation: int
    direction: Direction
    also: tuple[Slot, ...] = ()  # of which it has to be an answer too
    never: tuple[Slot, ...] = ()  # of which it must not be one
    among: tuple[str, ...] | None = None  # the ids of all that may be answers


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge as the graph has it, seen from a slot's subject: `other` is the answer."""

    head: str
    relation: str
    tail: str
    other: Named


@dataclass(frozen=True, slots=True)
class Filled:
    """The edges that answer, the best connected answer first; `total` counts those beyond MOST too."""

    edges: tuple[Edge, ...]
    total: int
    telling: tuple[Edge, ...] = ()  # by which answers are of the kind that is asked for; seen from the kind
    none_of: str = ""  # the kind that is asked for, where the graph says it of no answer

    @property
    def others(self) -> list[Named]:
        """Return the answers, once each: two edges may lead to one."""
        return list(dict.fromkeys(edge.other for edge in self.edges))

    @property
    def count(self) -> int:
        """Return how many answers there are, those beyond MOST taken for distinct."""
        return len(self.others) + self.total - len(self.edges)

    def ranked(self, shares: Mapping[str, float]) -> Filled:
        """Return the edges by how probable their answers are, by id; those without a share come last, as they stood."""
        return replace(self, edges=tuple(sorted(self.edges, key=lambda edge: -shares.get(edge.other.id, -1.0))))

    def confirming(self, claim: str) -> Filled:
        """Return the edges that lead to one answer, by its id."""
        edges = tuple(edge for edge in self.edges if edge.other.id == claim)
        return Filled(edges, len(edges))


@dataclass(frozen=True, slots=True)
class Reader:
    """One graph, to be read."""

    driver: neo4j.Driver
    graph: str

    def rows(self, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """Run one query in a read-only transaction with a time-out. Raises StoreError.

        Values are as the driver gives them: `Result.data()` would go through every list and map once more, which takes
        several times as long as to read them.
        """

        @neo4j.unit_of_work(timeout=TIMEOUT)
        def work(tx: neo4j.ManagedTransaction) -> list[dict[str, Any]]:
            result = tx.run(query, parameters, graph=self.graph)
            return [dict(zip(record.keys(), record.values(), strict=True)) for record in result]

        try:
            with spending("stores"), self.driver.session(default_access_mode=neo4j.READ_ACCESS) as session:
                return session.execute_read(work)
        except (DriverError, Neo4jError) as exc:
            raise StoreError(f"Neo4j could not answer a question about the graph '{self.graph}': {exc}") from exc

    def state(self) -> tuple[object, ...]:
        """Return what changes whenever a command of kwk writes the graph."""
        return tuple((row["fence"], row["ingested"]) for row in self.rows(queries.GRAPH))

    def entities(self) -> list[Named]:
        """Return all entities with their names."""
        (row,) = self.rows(queries.NAMES)
        return [_named(id, name, names, types) for id, name, names, types in row["named"]]

    def own(self, ids: Sequence[str], relations: Relations) -> dict[str, Own]:
        """Return what each entity has: how many answers by column, and its degree."""
        found: dict[str, Own] = {}
        for row in self.rows(queries.OWN_RELATIONS, ids=list(ids)) if ids else ():
            known = [
                (column(relations.by_type[kind], direction), count)
                for kind, direction, count in row["own"]
                if kind in relations.by_type
            ]
            found[row["id"]] = Own(dict(known), sum(count for _, _, count in row["own"]))
        return found

    def fill(self, slots: Sequence[Slot], relations: Relations, limit: int = MOST) -> list[Filled]:
        """Fill all slots of a turn with one query, in their order."""
        asked = [
            {
                "n": n,
                **_ends(slot, relations, twins=bool(slot.also or slot.never or slot.among)),
                "only": [
                    {**_ends(each, relations, twins=True), "holds": holds}
                    for holds, others in ((True, slot.also), (False, slot.never))
                    for each in others
                ],
                "among": slot.among and list(slot.among),
            }
            for n, slot in enumerate(slots)
        ]
        found = {row["n"]: row for row in self.rows(queries.SLOTS, slots=asked, limit=limit)} if slots else {}
        return [_filled(found.get(n), relations.each[slot.relation].path) for n, slot in enumerate(slots)]

    def numbers(self, ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return the numbers that the graph keeps as properties of entities, by the property."""
        rows = self.rows(queries.NUMBERS, ids=list(ids)) if ids else ()
        return {row["id"]: dict(row["numbers"]) for row in rows}

    def description(self, id: str) -> str:
        """Return what the graph says of an entity in words; empty if it says nothing."""
        rows = self.rows(queries.DESCRIPTION, id=id)
        return rows[0]["description"] or "" if rows else ""

    def images(self, ids: Sequence[str]) -> dict[str, list[Picture]]:
        """Return the images of entities, by path."""
        found: dict[str, list[Picture]] = {}
        for row in self.rows(queries.IMAGES, ids=list(ids)) if ids else ():
            found.setdefault(row["id"], []).append(Picture(row["path"], row["sha256"]))
        return found


def _ends(slot: Slot, relations: Relations, twins: bool) -> dict[str, Any]:
    """Return the subject, and the types of the edges that lead from it to answers and to it.

    With `twins` these are of all relations that are asked for in the same words: Freebase keeps many a fact twice, and
    what answers two questions at once may be kept otherwise for each.
    """
    own = column(slot.relation, slot.direction)
    columns = relations.same.get(own, frozenset([own])) if twins else frozenset([own])
    tails, heads = (sorted({relations.each[c // 2].type for c in columns if c % 2 == end}) for end in (0, 1))
    return {"subject": slot.subject, "tails": tails, "heads": heads}


def _named(id: str, name: str | None, names: Sequence[str] | None, types: Sequence[str] | None) -> Named:
    name = name or id
    return Named(id, name, tuple(names or (name,)), tuple(types or ()))


def _filled(row: Mapping[str, Any] | None, path: str) -> Filled:
    if row is None:
        return Filled((), 0)
    edges = tuple(
        Edge(e["head"], e["relation"] or path, e["tail"], _named(e["id"], e["name"], e["names"], e["types"]))
        for e in row["edges"]
    )
    return Filled(edges, row["total"])
