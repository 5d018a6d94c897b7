"""Take a graph out of both stores."""

from dataclasses import dataclass

import neo4j
from sqlalchemy import Engine

from kg import graph, queries, vectors
from kg.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Removed:
    """How much a removal took away."""

    nodes: int
    images: int


def remove_graph(driver: neo4j.Driver, engine: Engine, name: str, progress: Progress = silent) -> Removed:
    """Remove a graph: embeddings and images that no other graph shows, then its nodes. Killed, it can be run again."""
    writer = graph.claim(driver, name)
    shas = [row["sha256"] for row in graph.read(driver, queries.IMAGE_SHAS, graph=name)]
    shared = {row["sha"] for row in graph.read(driver, queries.IMAGES_HELD_ELSEWHERE, graph=name, shas=shas)}
    images = vectors.remove(engine, name, [sha for sha in shas if sha not in shared])
    total = graph.read(driver, queries.NODE_COUNT, graph=name)[0]["nodes"]
    with progress("removing", total) as advance:
        nodes = graph.remove(writer, advance)
    return Removed(nodes, images)
