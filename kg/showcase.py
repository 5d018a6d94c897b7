"""What of a graph is worth showing: well-connected entities with pictures, two that share much, the longest ways.

And what is to be checked in it: gates, votes, conversations, sources.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from kg import checks as asked
from kg import guide_queries, tour
from kg.checks import Check
from kg.errors import StoreError
from kg.graph import read
from kg.tour import Shown

GALLERY = 13  # entities, the first of them with pictures of its own on the slide
_PER_TYPE = 4
_WAYS = 2
_LONG = 4  # steps, of a way worth showing
_TRIED = 8  # relations, at most, along which the longest way is looked for
_PATIENCE = 10.0  # seconds, for one query of a slide
_TRAVERSED = 400_000  # relationships, at most, for one of them: about a second


@dataclass(frozen=True, slots=True)
class Way:
    """The longest way along a relation; `passes` are the entities on it, `query` draws it."""

    relation: str
    query: str
    passes: tuple[Shown, ...]

    @property
    def steps(self) -> int:
        """Return its length."""
        return len(self.passes) - 1


@dataclass(frozen=True, slots=True)
class Showcase:
    """What the guide shows of one graph. Whatever a graph has none of is empty."""

    graph: str
    entities: tuple[Shown, ...]
    pair: tuple[Shown, Shown] | None
    ways: tuple[Way, ...]
    checks: tuple[Check, ...] = ()


def showcase(driver: neo4j.Driver, graph: str) -> Showcase:
    """Choose what the guide shows of a graph."""
    rows = read(driver, guide_queries.SHOWN, graph=graph)
    entities = shown(driver, graph, gallery(rows))
    return Showcase(graph, entities, pair(driver, entities), ways(driver, graph), checks(driver, graph, entities))


def checks(driver: neo4j.Driver, graph: str, entities: Sequence[Shown]) -> tuple[Check, ...]:
    """Return what there is to check: of every question only what this graph has rows for."""
    gated = shown(driver, graph, read(driver, guide_queries.SHOWN_GATED, graph=graph))
    illustrated = [*gated, *(each for each in entities if each.pictures)]
    wanted = [asked.coverage(graph)]
    if illustrated:
        (row,) = read(driver, guide_queries.AN_IMAGE, graph=graph, id=illustrated[0].id)
        wanted.append(asked.pictures(illustrated[0], row["sha256"][:12]))
    wanted += [asked.gates(graph, illustrated[0] if illustrated else None), asked.votes(graph)]
    for row in read(driver, guide_queries.SHOWN_DIALOGUE, graph=graph):
        wanted.append(asked.dialogue(graph, row["id"]))
        if fact := row["fact"]:
            (entity,) = shown(driver, graph, read(driver, guide_queries.SHOWN_ENTITY, graph=graph, id=fact["entity"]))
            wanted.append(asked.trace(entity, fact["relation"], fact["triple"]))
    wanted.append(asked.sources(graph))
    found = (Check(each.title, tuple(ask for ask in each.asks if answers(driver, ask[1]))) for each in wanted)
    return tuple(check for check in found if check.asks)


def answers(driver: neo4j.Driver, cypher: str) -> bool:
    """Say whether a query has rows, and soon: on a graph too large for it nobody should wait for it either."""
    try:
        with driver.session(default_access_mode=neo4j.READ_ACCESS) as session:
            return session.run(neo4j.Query(cypher, timeout=_PATIENCE)).peek() is not None
    except (DriverError, Neo4jError) as exc:
        if isinstance(exc, Neo4jError) and "TransactionTimedOut" in (exc.code or ""):
            return False
        raise StoreError(f"Neo4j could not answer: {exc}") from exc


def example(driver: neo4j.Driver, graph: str, entity: str | None = None) -> Shown | None:
    """Return the entity that a graph is best entered at, or the one of that id; None if no two are related."""
    if entity is not None:
        return shown(driver, graph, read(driver, guide_queries.SHOWN_ENTITY, graph=graph, id=entity))[0]
    entities = shown(driver, graph, read(driver, guide_queries.SHOWN, graph=graph)[:1])
    return entities[0] if entities else None


def gallery(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take the first rows, but only a few of a type while there are other types."""
    taken: dict[str, int] = defaultdict(int)
    chosen: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for row in rows:
        taken[row["label"]] += 1
        (chosen if taken[row["label"]] <= _PER_TYPE else others).append(row)
    illustrated = [row for row in chosen + others if row["pictures"]]
    return (illustrated or rows)[:GALLERY]


def shown(driver: neo4j.Driver, graph: str, rows: Iterable[dict[str, Any]]) -> tuple[Shown, ...]:
    """Make entities of rows, and find out whose names are theirs alone."""
    found = list(rows)
    names = [row["name"] for row in found]
    alone = {row["name"] for row in read(driver, guide_queries.UNIQUE_NAMES, graph=graph, names=names)}
    return tuple(
        Shown(
            graph=graph,
            id=row["id"],
            name=row["name"] or row["id"],
            label=row["label"],
            description=row["description"] or "",
            pictures=tuple(row["pictures"]),
            unique=row["name"] in alone,
        )
        for row in found
    )


def pair(driver: neo4j.Driver, entities: tuple[Shown, ...]) -> tuple[Shown, Shown] | None:
    """Return the first entity and the one that shares most with it, of its own type where one does."""
    if not entities:
        return None
    first, others = entities[0], {each.id: each for each in entities[1:]}
    parameters = {"graph": first.graph, "id": first.id, "label": first.label}
    rows = read(driver, guide_queries.SHARING, others=list(others), **parameters)
    return (first, others[rows[0]["id"]]) if rows else None


def ways(driver: neo4j.Driver, graph: str) -> tuple[Way, ...]:
    """Return the longest ways along two relations, the longest first."""
    found: list[Way] = []
    for row in read(driver, guide_queries.CHAINED, graph=graph, limit=_TRIED):
        relation = row["type"]
        edges = read(driver, tour.edges(relation))[0]["edges"]
        query = tour.longest_way(graph, relation, starts=max(10, min(300, _TRAVERSED // edges)))
        for longest in read(driver, query):
            nodes = [node | {"label": "Entity", "pictures": ()} for node in longest["way"][::2]]
            found.append(Way(relation, query, shown(driver, graph, nodes)))
        if sum(way.steps >= _LONG for way in found) == _WAYS:
            break
    return tuple(sorted(found, key=lambda way: (-way.steps, way.relation))[:_WAYS])
