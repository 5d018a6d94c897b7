"""What remains of an entity when one of its sources is taken away: what the others say of it."""

from collections.abc import Collection, Mapping
from typing import Any

import neo4j

from kg import graph, queries, upkeep_queries
from kg.export_said import said_by_source
from kg.rdf_entity import Reader, entity, label_key
from kg.types import Entity

PAGE = 1_000  # entities

Properties = Mapping[str, Any]


def unsay(writer: graph.Writer, source: str) -> None:
    """Take what only `source` says from the properties of entities that other sources describe too.

    A value that somebody changed since is not the source's any more, and stays. So does every value of an entity that a
    source without RDF describes: nothing tells which of them it said.
    """
    rdf = {row["source"] for row in graph.read(writer.driver, upkeep_queries.RDF_SOURCES, graph=writer.graph)}
    named = {row["path"]: row["label"] for row in graph.read(writer.driver, queries.TYPES, graph=writer.graph)}
    after = ""
    while rows := page(writer.driver, writer.graph, source, after):
        after = rows[-1]["properties"]["id"]
        changes = [each for row in rows if (each := remaining(row["properties"], source, rdf, named))]
        if changes:
            writer.run(upkeep_queries.AMEND_ENTITIES, rows=changes, labels=sorted(named.values()))


def page(driver: neo4j.Driver, name: str, source: str, after: str) -> list[dict[str, Any]]:
    """Return some entities that this source and others describe, in the order of their ids."""
    return graph.read(
        driver, upkeep_queries.SHARED_ENTITIES, graph=name, source=source, after=after, limit=PAGE
    )  # fmt: skip


def remaining(
    properties: Properties, source: str, rdf: Collection[str], named: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return what is to be set on an entity when `source` is gone; None if nothing is."""
    said = said_by_source(properties["said"])
    if set(properties["sources"]) - set(rdf):
        return None
    gone = values(entity(properties["id"], said.pop(source), Reader()))
    others = [entity(properties["id"], each, Reader()) for each in said.values()]
    rest = values(entity(properties["id"], [each for some in said.values() for each in some], Reader()))
    kept: set[str] = {name for other in others for name in other.names}
    changes = {key: rest.get(key) for key, value in gone.items() if properties.get(key) == value != rest.get(key)}
    if "name" in changes and properties["name"] in kept:
        del changes["name"]  # another source calls it so
    changes |= lists(properties, gone, kept, rest, changes.get("name"))
    if not changes:
        return None
    types = changes.get("types")
    return {"id": properties["id"], "properties": changes, "label": named.get(types[0]) if types else None}


def values(found: Entity) -> dict[str, Any]:
    """Return the properties that statements make, as Neo4j has them, without lists of several sources."""
    made: dict[str, Any] = dict(found.properties)
    made |= {label_key("name", language): label for language, label in found.labels.items()}
    return made | {"name": found.name, "description": found.description, "types": list(found.types)}


def lists(
    properties: Properties, gone: Properties, kept: set[str], rest: Properties, name: str | None
) -> dict[str, list[str]]:
    """Return the names and types without those that only the source that goes has given."""
    first = name or properties["name"]
    own = {gone["name"], *(value for key, value in gone.items() if key.startswith("name_"))}
    names = [first, *(each for each in properties["names"] if each != first and (each in kept or each not in own))]
    found = {"names": names} if names != properties["names"] else {}
    types = [each for each in properties["types"] if each in rest["types"] or each not in gone["types"]]
    if types != properties["types"] and types:
        found["types"] = types
    return found
