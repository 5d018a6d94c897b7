"""Take a graph, a source, an entity or an image out of both stores; what was killed can be run again."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import LiteralString

import neo4j
from sqlalchemy import Engine

from kg import graph, queries, upkeep_queries, vectors
from kg.errors import DataError
from kg.progress import Progress, silent
from kg.unsaid import unsay

EDGES, NODES = 20_000, 5_000  # in a transaction, which must fit into the server's memory
OF_A_GRAPH = ("Run", "Answer", "Turn", "Dialogue", "Entity", "Image", "Batch", "Relation", "Type", "Vocabulary")


@dataclass(frozen=True, slots=True)
class Removed:
    """How much a removal took away: nodes of entities and all else from Neo4j, images from Postgres."""

    nodes: int
    images: int
    edges: int = 0


def remove_graph(driver: neo4j.Driver, engine: Engine, name: str, progress: Progress = silent) -> Removed:
    """Remove a graph: embeddings and images that no other graph shows, then its nodes; the (:Graph) node goes last."""
    writer = graph.claim(driver, name)
    shas = [row["sha256"] for row in graph.read(driver, queries.IMAGE_SHAS, graph=name)]
    images = vectors.remove(engine, unshared(driver, name, shas))
    vectors.forget(engine, name)
    total = graph.read(driver, upkeep_queries.NODE_COUNT, graph=name)[0]["nodes"]
    nodes = 0
    with progress("removing", total) as advance:
        repeat(writer, upkeep_queries.REMOVE_RELATIONSHIPS, EDGES)
        for label in OF_A_GRAPH:
            nodes += repeat(writer, upkeep_queries.REMOVE_NODES, NODES, advance, label=label)
    writer.run(upkeep_queries.REMOVE_GRAPH)
    return Removed(nodes, images)


def remove_source(driver: neo4j.Driver, engine: Engine, name: str, source: str, progress: Progress = silent) -> Removed:
    """Remove what only `source` says. Facts, pictures and entities of others stay, and so does what users drew.

    Raises DataError if nothing of the graph names the source.
    """
    known = [row["source"] for row in graph.read(driver, upkeep_queries.SOURCES, graph=name)]
    if source not in known:
        raise DataError(f"The graph '{name}' has no source '{source}'; it has: {', '.join(known) or 'none'}.")
    writer = graph.claim(driver, name)
    before = graph.read(driver, upkeep_queries.NODE_COUNT, graph=name)[0]["nodes"]
    with progress("removing", 0) as advance:
        edges = repeat(writer, upkeep_queries.FORGET_EDGES, EDGES, advance, source=source)
        unsay(writer, source)
        repeat(writer, upkeep_queries.FORGET_ENTITIES, NODES, advance, source=source)
        for query in (upkeep_queries.FORGET_VOCABULARY, upkeep_queries.FORGET_BATCHES):
            repeat(writer, query, NODES, source=source)
        images = remove_bare_images(writer, engine)
    writer.run(upkeep_queries.FORGET_ORIGIN, source=source)
    vectors.forget(engine, name, source)
    after = graph.read(driver, upkeep_queries.NODE_COUNT, graph=name)[0]["nodes"]
    touch(writer)
    return Removed(before - after, images, edges)


def remove_entity(driver: neo4j.Driver, engine: Engine, name: str, entity: str) -> Removed:
    """Remove one entity with its edges, and the pictures that no other entity has."""
    writer = graph.claim(driver, name)
    edges = writer.write(
        lambda tx: tx.run(upkeep_queries.REMOVE_ENTITY, graph=name, id=entity).single()  # None: it is gone already
    )
    images = remove_bare_images(writer, engine)
    touch(writer)
    return Removed(1 if edges else 0, images, edges["edges"] if edges else 0)


def remove_image(driver: neo4j.Driver, engine: Engine, name: str, sha256: str) -> Removed:
    """Remove one picture from all entities of a graph."""
    writer = graph.claim(driver, name)
    edges = writer.run(upkeep_queries.UNTIE_IMAGE, sha256=sha256).relationships_deleted
    images = remove_bare_images(writer, engine)
    touch(writer)
    return Removed(0, images, edges)


def remove_bare_images(writer: graph.Writer, engine: Engine, among: Collection[str] | None = None) -> int:
    """Remove the pictures of a graph, or those `among` them, that no entity has; return how many left Postgres."""
    rows = graph.read(writer.driver, upkeep_queries.BARE_IMAGES, graph=writer.graph)
    shas = [row["sha256"] for row in rows if among is None or row["sha256"] in among]
    if not shas:
        return 0
    images = vectors.remove(engine, unshared(writer.driver, writer.graph, shas))
    for start in range(0, len(shas), NODES):
        writer.run(upkeep_queries.REMOVE_IMAGES, shas=shas[start : start + NODES])
    return images


def unshared(driver: neo4j.Driver, name: str, shas: Sequence[str]) -> list[str]:
    """Return those of the images that no other graph shows."""
    rows = graph.read(driver, upkeep_queries.IMAGES_HELD_ELSEWHERE, graph=name, shas=list(shas))
    shared = {row["sha"] for row in rows}
    return [sha for sha in shas if sha not in shared]


def touch(writer: graph.Writer) -> None:
    """Note that the graph is another than before."""
    writer.run(upkeep_queries.TOUCH)


def repeat(
    writer: graph.Writer,
    query: LiteralString,
    limit: int,
    report: Callable[[int], None] = lambda removed: None,
    **parameters: str,
) -> int:
    """Run a removing statement until nothing is left for it; return how many things it removed."""
    total = 0
    while removed := writer.write(
        lambda tx: int(tx.run(query, parameters, graph=writer.graph, limit=limit).single(strict=True)["removed"])
    ):
        total += removed
        report(removed)
    return total
