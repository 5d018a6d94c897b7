"""An answer of the journal as a node of the graph, where somebody asks for it; questions alone change nothing there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import neo4j
from neo4j.exceptions import DriverError, Neo4jError

from kg.errors import StoreError
from kg.export_cypher import text
from kg.types import Triple
from retrieval import queries
from retrieval.trace import Step

Row = Mapping[str, Any]


def publish_answer(driver: neo4j.Driver, row: Row) -> Step:
    """Write an answer of the journal into the graph, like the turn of a dialogue; return how to see it there.

    (:Answer)-[:RESTS_ON {role, i, triple}]->(:Entity), (:Answer)-[:SHOWS {i, entity}]->(:Image). No relationship can be
    an end of another: the one that leads to the far end of an edge carries the edge's key. Raises StoreError.
    """
    said, graph, id = row["said"], row["graph"], str(row["id"])
    up = [thumb["up"] for thumb in row["thumbs"]]
    properties = {
        "question": row["question"],
        "text": said["text"],
        "grounded": said["grounded"],
        "run": row["run"],
        "conversation": str(row["conversation"]),
        "turn": row["turn"],
        "at": row["at"],
        "up": sum(up),
        "down": len(up) - sum(up),
    }
    shows = [{"i": i, "entity": each["entity"], "sha256": each["sha256"]} for i, each in enumerate(said["images"])]
    parameters = {"id": id, "properties": properties, "rests": list(rests(row)), "shows": shows}
    try:
        with driver.session() as session:
            made = session.execute_write(
                lambda tx: tx.run(queries.PUBLISH_ANSWER, parameters, graph=graph).single(strict=True)
            )
    except (DriverError, Neo4jError) as exc:
        raise StoreError(f"Neo4j could not take the answer {id}: {exc}") from exc
    query = (
        f"MATCH (a:Answer {{graph: {text(graph)}, id: {text(id)}}})-[link:RESTS_ON|SHOWS]->(n)\n"
        "OPTIONAL MATCH fact = (n)-[r]-(m) WHERE r.triple = link.triple AND (a)-[:RESTS_ON]->(m)\n"
        "RETURN a, link, n, fact"
    )
    return Step(f"in the graph as (:Answer), with {made['rests']} RESTS_ON and {made['shows']} SHOWS", query)


def rests(row: Row) -> Iterator[Row]:
    """Yield what an answer rests on: those that were asked about, and for each edge the end that it leads to."""
    said, graph = row["said"], row["graph"]
    subjects = list(dict.fromkeys(part["subject"] for part in said["grounds"] if part["subject"]))
    for i, subject in enumerate(subjects):
        yield {"entity": subject, "role": "subject", "i": i, "triple": None}
    edges = [edge for edge in said["evidence"] if edge["object_id"] and edge["relation"] != "HAS_IMAGE"]
    for i, edge in enumerate(edges):
        head, tail = edge["subject_id"], edge["object_id"]
        end = head if tail in subjects and head not in subjects else tail
        yield {"entity": end, "role": "answer", "i": i, "triple": Triple(head, edge["relation"], tail).key(graph)}
