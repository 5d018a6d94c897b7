"""A graph in memory as CSR arrays: what walks, negatives and checks of proximity read instead of asking Neo4j.

Entities and relations are numbered in the order of their ids and paths. A triple's number is its place in the order
(head, relation, tail), which is the order of the outgoing side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import neo4j
import numpy as np
from neo4j.exceptions import DriverError, Neo4jError
from numpy.typing import NDArray

from kg import catalogue, queries
from kg.errors import DataError, StoreError

if TYPE_CHECKING:
    import networkx  # type: ignore[import-untyped]

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of an entity: the file relative to the graph's image root, and its content."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation: its path or IRI, its type in Neo4j, its label in words."""

    path: str
    type: str
    label: str


@dataclass(frozen=True, slots=True)
class Vertex:
    """An entity as the arrays keep it. `names` is every label and alias, the name first; `types` the winning first."""

    id: str
    names: tuple[str, ...]
    types: tuple[str, ...] = ()
    images: tuple[Picture, ...] = ()

    @property
    def name(self) -> str:
        """Return the name that texts use."""
        return self.names[0]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The triples as seen from one end, sorted by (entity, relation, neighbour).

    A *run* is the stretch of one entity's triples with one relation: the answers to one question.
    """

    indptr: Ints  # (N+1,) where each entity's triples begin
    relation: Ints  # (E,)
    neighbour: Ints  # (E,)
    triple: Ints  # (E,) the triple's number
    runs: Ints  # (N+1,) where each entity's runs begin
    run_relation: Ints  # (R,)
    run_start: Ints  # (R+1,) where each run's triples begin

    def neighbours(self, entity: int, relation: int) -> Ints:
        """Return the entities at the other end of `relation`, ascending: a view, not a copy."""
        first, last = self.runs[entity], self.runs[entity + 1]
        found = self.run_relation[first:last]
        run = int(np.searchsorted(found, np.int32(relation)))
        if run == len(found) or found[run] != relation:
            return self.neighbour[:0]
        return self.neighbour[self.run_start[first + run] : self.run_start[first + run + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Adjacency:
    """A whole graph: entities, relations, and the triples from both ends."""

    graph: str
    entities: tuple[Vertex, ...]
    relations: tuple[Relation, ...]
    outgoing: Side  # entity = head, neighbour = tail
    incoming: Side  # entity = tail, neighbour = head
    type_labels: Mapping[str, str]  # type -> label in Neo4j
    image_roots: tuple[Path, ...]  # relative paths of pictures begin at the first
    numbers: Mapping[str, Mapping[int, float]] = field(default_factory=dict)  # numeric property -> entity -> value
    labels: Mapping[str, Mapping[int, str]] = field(default_factory=dict)  # language -> entity -> its label there

    def __len__(self) -> int:
        """Return the number of triples."""
        return len(self.outgoing.triple)

    def tails(self, head: int, relation: int) -> Ints:
        """Return every true tail of (head, relation), ascending."""
        return self.outgoing.neighbours(head, relation)

    def heads(self, relation: int, tail: int) -> Ints:
        """Return every true head of (relation, tail), ascending."""
        return self.incoming.neighbours(tail, relation)

    def degree(self) -> Ints:
        """Return the number of triples that touch each entity, (N,)."""
        return np.diff(self.outgoing.indptr) + np.diff(self.incoming.indptr)

    def triple_heads(self) -> Ints:
        """Return the head of each triple by its number, (E,)."""
        counts = np.diff(self.outgoing.indptr)
        return np.repeat(np.arange(len(self.entities), dtype=np.int32), counts)

    def around(self, entities: Sequence[int] | Ints) -> Ints:
        """Return the distinct neighbours of some entities, in either direction, ascending."""
        parts = [
            side.neighbour[side.indptr[entity] : side.indptr[entity + 1]]
            for side in (self.outgoing, self.incoming)
            for entity in entities
        ]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int32)

    def hops(self, source: int, cap: int = 3) -> NDArray[np.int8]:
        """Return each entity's distance from `source` over edges of either direction; `cap` + 1 means farther. (N,)"""
        distance = np.full(len(self.entities), cap + 1, np.int8)
        distance[source] = 0
        frontier = np.array([source], np.int32)
        for hop in range(1, cap + 1):
            reached = self.around(frontier)
            frontier = reached[distance[reached] > hop]
            distance[frontier] = hop
            if not len(frontier):
                break
        return distance

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """Return the graph for networkx: entity ids as nodes with their names, one edge a triple, keyed by relation."""
        import networkx

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph(name=self.graph)
        graph.add_nodes_from((entity.id, {"name": entity.name}) for entity in self.entities)
        sides = zip(
            self.triple_heads().tolist(),
            self.outgoing.relation.tolist(),
            self.outgoing.neighbour.tolist(),
            strict=True,
        )
        graph.add_edges_from(
            (self.entities[head].id, self.entities[tail].id, self.relations[relation].path)
            for head, relation, tail in sides
        )
        return graph


def build(
    graph: str,
    entities: Iterable[Vertex],
    relations: Iterable[Relation],
    triples: Iterable[tuple[str, str, str]],
    type_labels: Mapping[str, str] | None = None,
    image_roots: Iterable[Path] = (),
    numbers: Iterable[tuple[str, str, float]] = (),
) -> Adjacency:
    """Build the arrays from (head id, relation path, tail id); a triple that is said twice counts once.

    `numbers` are (entity id, property, value). Raises DataError if a triple names an entity or a relation that is not
    given.
    """
    entities = tuple(sorted(entities, key=lambda entity: entity.id))
    relations = tuple(sorted(relations, key=lambda relation: relation.path))
    number = {entity.id: i for i, entity in enumerate(entities)}
    relation_number = {relation.path: i for i, relation in enumerate(relations)}
    try:
        keys = np.fromiter(
            (
                (number[head] * len(relations) + relation_number[relation]) * len(entities) + number[tail]
                for head, relation, tail in triples
            ),
            np.int64,  # one number a triple: holds 2^63 / entities² relations
        )
    except KeyError as exc:
        raise DataError(
            f"A triple of the graph '{graph}' names {exc}, which the graph lacks; ingest it again."
        ) from exc
    distinct = np.unique_counts(keys).values  # which sorts; np.unique hashes, and takes ten times as long
    rest, tail = np.divmod(distinct, max(len(entities), 1))
    head, relation_ = np.divmod(rest, max(len(relations), 1))
    head, relation_, tail = (column.astype(np.int32) for column in (head, relation_, tail))
    order = np.lexsort((head, relation_, tail))
    measured: dict[str, dict[int, float]] = {}
    for entity, name, value in numbers:
        measured.setdefault(name, {})[number[entity]] = value
    numbers = np.arange(len(head), dtype=np.int32)
    return Adjacency(
        graph=graph,
        entities=entities,
        relations=relations,
        outgoing=side(head, relation_, tail, numbers, len(entities)),
        incoming=side(tail[order], relation_[order], head[order], numbers[order], len(entities)),
        type_labels=dict(type_labels or {}),
        image_roots=tuple(image_roots),
        numbers=dict(sorted(measured.items())),
    )


def side(entity: Ints, relation: Ints, neighbour: Ints, triple: Ints, count: int) -> Side:
    """Index columns that are sorted by (entity, relation, neighbour), all (E,), for `count` entities."""
    indptr = np.searchsorted(entity, np.arange(count + 1, dtype=np.int32)).astype(np.int32)
    begins = np.ones(len(entity), bool)
    begins[1:] = (entity[1:] != entity[:-1]) | (relation[1:] != relation[:-1])
    starts = np.flatnonzero(begins).astype(np.int32)
    return Side(
        indptr=indptr,
        relation=relation,
        neighbour=neighbour,
        triple=triple,
        runs=np.searchsorted(entity[starts], np.arange(count + 1, dtype=np.int32)).astype(np.int32),
        run_relation=relation[starts],
        run_start=np.append(starts, np.int32(len(entity))).astype(np.int32),
    )


def labelled(adjacency: Adjacency, labels: Mapping[str, Mapping[str, str]]) -> Adjacency:
    """Return a graph with its entities' labels in other languages, given by language and entity id."""
    number = {entity.id: i for i, entity in enumerate(adjacency.entities)}
    return replace(
        adjacency,
        labels={lang: {number[each]: label for each, label in found.items()} for lang, found in labels.items()},
    )


def load(driver: neo4j.Driver, graph: str, languages: Iterable[str] = ()) -> Adjacency:
    """Read a whole graph from Neo4j. An edge that a user drew by hand counts, where its type is a relation's.

    `languages` are those in which entities' labels are wanted beside their names, which are the English ones. Raises
    DataError if the graph has no triples, StoreError if Neo4j does not answer.
    """
    images: dict[str, list[Picture]] = {}
    for entity, path, sha256 in rows(driver, queries.PICTURES, graph):
        images.setdefault(entity, []).append(Picture(path, sha256))
    entities = [
        Vertex(entity, spoken(name or entity, names), tuple(types or ()), tuple(images.get(entity, ())))
        for entity, name, names, types in rows(driver, queries.VERTICES, graph)
    ]
    relations = [
        Relation(path, kind, label or path) for path, kind, label in rows(driver, queries.RELATION_NAMES, graph)
    ]
    paths = {relation.type: relation.path for relation in relations}
    triples = (
        (head, paths[kind], tail)
        for head, facts in rows(driver, queries.FACTS_BY_HEAD, graph)
        for kind, tail in facts
        if kind in paths
    )
    labels = dict(rows(driver, queries.TYPE_NAMES, graph))
    roots = catalogue.image_roots(driver, graph)
    numbers = ((entity, name, value) for entity, found in rows(driver, queries.NUMBERS, graph) for name, value in found)
    adjacency = build(graph, entities, relations, triples, labels, roots, numbers)
    if not len(adjacency):
        raise DataError(f"The graph '{graph}' holds no triples; `kwk graphs list` shows what was ingested.")
    labels = {language: labels_in(driver, graph, language) for language in languages if language != "en"}
    return labelled(adjacency, labels) if labels else adjacency


def labels_in(driver: neo4j.Driver, graph: str, language: str) -> dict[str, str]:
    """Return the entities' labels in a language by id; those without one are absent."""
    from kg.rdf_entity import label_key  # which loads rdflib

    key = label_key("name", language)
    return {entity: " ".join(label.split()) for entity, label in rows(driver, queries.LABELS_IN, graph, key=key)}


def spoken(name: str, names: Iterable[str] | None) -> tuple[str, ...]:
    """Return every way to name an entity once, its name first."""
    return tuple(dict.fromkeys([name, *(names or ())]))


def rows(driver: neo4j.Driver, query: LiteralString, graph: str, **values: str) -> list[list[Any]]:
    """Run a read-only query over one graph and return its rows as lists."""
    try:
        with driver.session(default_access_mode=neo4j.READ_ACCESS, fetch_size=5000) as session:
            return session.execute_read(lambda tx: tx.run(query, {"graph": graph, **values}).values())
    except (DriverError, Neo4jError) as exc:
        raise StoreError(f"Neo4j could not read the graph '{graph}' back: {exc}") from exc
