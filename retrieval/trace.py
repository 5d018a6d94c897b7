"""Follow an answer back (K8, G4): its edges, who taught them, what the gates did to its images; Cypher for each step.

Each step's Cypher stands by itself, so that it runs in Neo4j Browser as it is printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import neo4j

from kg.errors import DataError
from kg.export_cypher import text
from kg.graph import read
from kg.tour_checks import met, met_in, origins, teachers
from kg.types import Triple
from retrieval import queries
from retrieval.grounds import Grounds, number_query

MOST_STEPS = 12  # edges that are followed back


@dataclass(frozen=True, slots=True)
class Step:
    """One step back: what it tells, the Cypher that shows it, and what that returns now, drawings aside."""

    tells: str
    query: str
    rows: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """An answer's or a turn's way back."""

    of: Mapping[str, Any]
    steps: tuple[Step, ...]


def trace_answer(driver: neo4j.Driver, row: Mapping[str, Any]) -> Trace:
    """Follow an answer of the journal back. Edges that the graph has lost since are said to be gone."""
    graph, said = row["graph"], row["said"]
    edges = [edge for edge in said["evidence"] if edge["relation"] != "HAS_IMAGE"][:MOST_STEPS]
    steps = [
        Step(f"asked of the graph for “{part['asked']}”", part["query"]) for part in said["grounds"] if part["query"]
    ]
    for edge in edges:
        if not edge["object_id"]:
            steps.append(_number(driver, graph, edge))
            continue
        steps.append(_now(driver, graph, edge))
        key = Triple(edge["subject_id"], edge["relation"], edge["object_id"]).key(graph)
        steps.append(_taught(driver, graph, key, edge))
        steps.append(_step(driver, f"negatives that its turns met for “{edge['object']}”", met(graph, key)))
    steps += [_gates(driver, graph, image) for image in said["images"]]
    of = {
        "answer": str(row["id"]),
        "graph": graph,
        "at": row["at"].isoformat(),
        "question": row["question"],
        "text": said["text"],
        "run": row["run"],
        "conversation": str(row["conversation"]),
        "turn": row["turn"],
        "grounds": said["grounds"],
        "thumbs": row["thumbs"],
    }
    return Trace(of, tuple(steps))


def trace_turn(driver: neo4j.Driver, graph: str, turn: str) -> Trace:
    """Follow a turn of a published dialogue back to its sources. Raises DataError if there is no such turn."""
    if not read(driver, queries.TURN, graph=graph, turn=turn):
        raise DataError(
            f"There is no answer and no published turn {turn!r}; `kwk ask` prints an answer's id, "
            "`kwk dialogues publish` makes turns traceable."
        )
    back = _step(driver, "what it goes back to", origins(graph, turn))
    return Trace({"turn": turn, "graph": graph}, (back, _step(driver, "negatives that it met", met_in(graph, turn))))


def _now(driver: neo4j.Driver, graph: str, edge: Mapping[str, str]) -> Step:
    """Say whether the graph still holds an edge, and who says it."""
    query = (
        f"MATCH (a:Entity {{graph: {text(graph)}, id: {text(edge['subject_id'])}}})\n"
        f"      -[r]->(b:Entity {{graph: {text(graph)}, id: {text(edge['object_id'])}}})\n"
        f"WHERE r.relation = {text(edge['relation'])}\n"
        "RETURN a.name AS head, type(r) AS relation, b.name AS tail, r.sources AS sources"
    )
    named = f"{edge['subject']} — {edge['relation']} → {edge['object']}"
    found = _step(driver, named, query)
    return found if found.rows else Step(f"{named}: gone from the graph since", query)


def _number(driver: neo4j.Driver, graph: str, edge: Mapping[str, str]) -> Step:
    """Say what the graph holds now of a number, and who says it."""
    told = f"{edge['subject']} — {edge['relation']} → {edge['object']}"
    return _step(driver, told, number_query(graph, [edge["subject_id"]], edge["relation"]))


def _taught(driver: neo4j.Driver, graph: str, key: str, edge: Mapping[str, str]) -> Step:
    """Say in how many published turns of which splits an edge was taught."""
    rows = read(driver, queries.TEACHERS, graph=graph, key=key)
    return Step(f"turns that taught “{edge['object']}”", teachers(graph, key), tuple(rows))


def _gates(driver: neo4j.Driver, graph: str, image: Mapping[str, str]) -> Step:
    """Say what gates and experts did to an image."""
    query = (
        f"MATCH (e:Entity {{graph: {text(graph)}, id: {text(image['entity'])}}})\n"
        f"      -[h:HAS_IMAGE]->(i:Image {{graph: {text(graph)}, sha256: {text(image['sha256'])}}})\n"
        "RETURN e.name AS entity, i.name AS picture, h.gate AS gate, h.reason AS reason,\n"
        "       h.typicality_rank AS typicality_rank, h.semantic_rank AS semantic_rank,\n"
        "       h.voters AS voters, h.sources AS sources"
    )
    return _step(driver, f"the gates on the picture of {image.get('name') or image['entity']}", query)


def _step(driver: neo4j.Driver, tells: str, query: str) -> Step:
    """Run a step's own Cypher; every text in it was written by `kg.export_cypher.text`."""
    return Step(tells, query, tuple(read(driver, query)))


def told(trace: Trace) -> Iterator[str]:
    """Yield the lines that say a trace to a person."""
    for key, value in trace.of.items():
        if key not in ("grounds", "thumbs") and value is not None:
            yield f"{key}: {value}"
    for part in trace.of.get("grounds", ()):
        yield from ("understood: " + line for line in Grounds(**part).told())
    for thumb in trace.of.get("thumbs", ()):
        yield f"thumb: {'up' if thumb['up'] else 'down'} {thumb['reason'] or ''}".rstrip()
    for step in trace.steps:
        yield from ("", f"— {step.tells}")
        for row in step.rows:
            yield "  " + ", ".join(f"{key}: {value}" for key, value in row.items() if value is not None)
        yield from (f"    {line}" for line in step.query.splitlines())
