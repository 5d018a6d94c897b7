"""A graph as a Cypher script, for `cypher-shell` or any driver: statement by statement it makes the same graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import neo4j.time

from kg import export_queries
from kg.export import Exported, text_file

T = TypeVar("T")

BATCH = 500  # rows of a statement
CONSTRAINTS = {
    "graph_name": ("Graph", ("name",)),
    "entity_id": ("Entity", ("graph", "id")),
    "image_sha256": ("Image", ("graph", "sha256")),
    "relation_path": ("Relation", ("graph", "path")),
    "type_path": ("Type", ("graph", "path")),
}
PLAIN = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def export_cypher(graph: Exported, out: Path | None) -> None:
    """Write a script of constraints, nodes and relationships.

    It makes the graph in a database that has none of this name; in another it stops at the first statement that makes
    a node. Conversations and the numbers of ingested batches are not in it.
    """
    with text_file(out) as write:
        write(f"// The graph '{graph.graph}' of kwk. Run it in a database that holds no graph of this name.\n")
        for name, (label, keys) in CONSTRAINTS.items():
            unique = ", ".join(f"n.{key}" for key in keys)
            write(f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE ({unique}) IS UNIQUE;\n")
        write_nodes(write, [(["Graph"], graph.properties)])
        for label, key in (("Relation", "path"), ("Type", "path"), ("Vocabulary", "id"), ("Image", "sha256")):
            rows = graph.pages(export_queries.NODE_PAGE, label=label, key=key)
            write_nodes(write, ((row["labels"], row["properties"]) for row in rows))
        write_nodes(write, ((node.labels, node.properties) for node in graph.nodes("entities")))
        name = text(graph.graph)
        for facts in batches(edges(graph), BATCH):
            write(
                f"UNWIND [{', '.join(map(literal, facts))}] AS r "
                f"MATCH (a:Entity {{graph: {name}, id: r[0]}}), (b:Entity {{graph: {name}, id: r[2]}}) "
                "CREATE (a)-[e:$(r[1])]->(b) SET e = r[3];\n"
            )
        for pictures in batches(illustrations(graph), BATCH):
            write(
                f"UNWIND [{', '.join(map(literal, pictures))}] AS r "
                f"MATCH (a:Entity {{graph: {name}, id: r[0]}}), (i:Image {{graph: {name}, sha256: r[1]}}) "
                "CREATE (a)-[e:HAS_IMAGE]->(i) SET e = r[2];\n"
            )


def write_nodes(write: Callable[[str], Any], nodes: Iterable[tuple[list[str], Mapping[str, Any]]]) -> None:
    """Write statements that make nodes."""
    for part in batches(nodes, BATCH):
        rows = ", ".join(literal([sorted(labels), properties]) for labels, properties in part)
        write(f"UNWIND [{rows}] AS r CREATE (n:$(r[0])) SET n = r[1];\n")


def edges(graph: Exported) -> Iterator[list[Any]]:
    """Yield facts as rows: head, type, tail, properties."""
    for node in graph.nodes("facts"):
        yield from ([node.id, kind, tail, properties] for kind, properties, tail in node.facts)


def illustrations(graph: Exported) -> Iterator[list[Any]]:
    """Yield pictures of entities as rows: entity, image, properties."""
    if graph.images:
        for node in graph.nodes("images"):
            yield from ([node.id, image["sha256"], edge] for edge, image in node.images)


def literal(value: Any) -> str:
    """Return a value as Cypher writes it."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, float):
        return real(value)
    if isinstance(value, int):
        return str(value) if value > -(2**63) else f"({value + 1} - 1)"  # its digits alone are no number of 64 bits
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{identifier(key)}: {literal(each)}" for key, each in value.items()) + "}"
    return moment(value) or text(str(value))


def real(value: float) -> str:
    """Return a number that is no whole one."""
    if math.isnan(value):
        return "(0.0 / 0.0)"
    return ("(1.0 / 0.0)" if value > 0 else "(-1.0 / 0.0)") if math.isinf(value) else repr(value)


def moment(value: Any) -> str | None:
    """Return a date, a time or a duration as a call of its function; None for anything else."""
    aware = getattr(value, "tzinfo", None) is not None
    if isinstance(value, neo4j.time.DateTime | datetime):
        name = "datetime" if aware else "localdatetime"
    elif isinstance(value, neo4j.time.Date | date):
        name = "date"
    elif isinstance(value, neo4j.time.Time | time):
        name = "time" if aware else "localtime"
    elif isinstance(value, neo4j.time.Duration | timedelta):
        name = "duration"
    else:
        return None
    return f"{name}({text(value.iso_format() if hasattr(value, 'iso_format') else value.isoformat())})"


def text(value: str) -> str:
    """Return a text in quotes, on one line. A backslash is doubled, so that no `\\u0027` in it becomes a quote."""
    return "'" + "".join(PLAIN.get(c) or (c if c.isprintable() else escape(c)) for c in value) + "'"


def escape(character: str) -> str:
    """Return what can't be seen by its number."""
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def identifier(name: str) -> str:
    """Return a property key in backticks; a backslash in it by its number, for Cypher reads `\\u0060` as a backtick."""
    return "`" + "".join("``" if c == "`" else c if c.isprintable() and c != "\\" else escape(c) for c in name) + "`"


def batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut rows into parts of `size`."""
    rest = iter(rows)
    while part := list(islice(rest, size)):
        yield part
