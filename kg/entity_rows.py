"""An entity as a row, and what it looks like in a graph that holds nothing else: the same for every way of loading."""

from collections.abc import Mapping
from typing import Any

from kg.rdf_entity import label_key
from kg.types import Entity

Row = dict[str, Any]


def entity_row(entity: Entity, named: Mapping[str, str], source: str) -> Row:
    """Return an entity as a row: `properties` are what the source says, `makeshift` what stands until one does.

    `named` maps each winning type to its label.
    """
    properties: Row = dict(entity.properties)
    properties |= {label_key("name", language): text for language, text in entity.labels.items()}
    makeshift = {"name": entity.name, "names": [entity.name], "description": "", "types": []}
    if entity.names:
        properties["name"] = entity.name
    if entity.description:
        properties["description"] = entity.description
    if entity.types:
        properties["types"] = list(entity.types)
    return {
        "id": entity.id,
        "properties": properties,
        "makeshift": makeshift,
        "names": list(entity.names),
        "label": named[entity.types[0]] if entity.types else None,
        "said": [f"{source}\t{fragment}" for fragment in entity.said],
    }


def first_properties(row: Row, source: str) -> Row:
    """Return what queries.WRITE_ENTITIES makes of a row where no source has named the entity before, but its id."""
    properties: Row = row["makeshift"] | row["properties"]
    if row["names"]:
        properties["names"] = row["names"]
    if row["said"]:
        properties["said"] = row["said"]
    return properties | {"sources": [source]}
