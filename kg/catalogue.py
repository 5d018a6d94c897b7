"""Which graphs there are, and what each holds."""

import re
from pathlib import Path
from typing import Any

import neo4j

from kg import queries, upkeep_queries
from kg.errors import DataError
from kg.graph import read

GRAPH_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def check_name(name: str) -> str:
    """Return `name` if a graph may be called so. Raises DataError."""
    if not GRAPH_NAME.fullmatch(name):
        raise DataError(
            f"A graph can't be called {name!r}: use up to 63 small letters, digits, '-' and '_', "
            "a letter or digit first."
        )
    return name


def graphs(driver: neo4j.Driver) -> list[dict[str, Any]]:
    """Return name, counts and image root of every graph, the one ingested last first."""
    return read(driver, queries.GRAPHS)


def choose(driver: neo4j.Driver, name: str | None) -> tuple[str, bool]:
    """Return the graph that a command means, and whether it was a choice among several.

    Without a name it is the only one, else the one ingested last. Raises DataError if there is none, or none so called.
    """
    names = [row["name"] for row in read(driver, queries.GRAPH_NAMES)]
    if not names:
        raise DataError("No graph has been ingested yet; `kwk ingest sample` loads the small atlas that kwk brings.")
    if name is None:
        return names[0], len(names) > 1
    if name not in names:
        raise DataError(f"There is no graph '{name}'; there are: {', '.join(names)}.")
    return name, False


def image_roots(driver: neo4j.Driver, graph: str) -> list[Path]:
    """Return the folders of a graph's pictures: the one that relative paths begin at first."""
    rows = read(driver, queries.IMAGE_ROOTS, graph=graph, source="")
    return [Path(root) for row in rows for root in (row["image_root"], *row["others"]) if root]


def relations(driver: neo4j.Driver, graph: str) -> list[dict[str, Any]]:
    """Return path, type and number of triples of every relation of a graph, the most frequent first."""
    return read(driver, queries.RELATION_COUNTS, graph=graph)


def entity_ids(driver: neo4j.Driver, graph: str) -> set[str]:
    """Return the ids of a graph's entities."""
    return {row["id"] for row in read(driver, queries.ENTITY_IDS, graph=graph)}


def find_entity(driver: neo4j.Driver, graph: str, entity: str) -> str:
    """Return the id of the entity that a person means by an id or any of its names.

    Raises DataError if there is none, and if several share the name: then it lists them.
    """
    rows = read(driver, upkeep_queries.ENTITIES_CALLED, graph=graph, entity=entity)
    if not rows:
        raise DataError(f"The graph '{graph}' has no entity {entity!r}: give its id, or its name as the graph has it.")
    best = [row for row in rows if (row["exact"], row["named"]) == (rows[0]["exact"], rows[0]["named"])]
    if len(best) > 1:
        listed = "; ".join(f"{row['id']} ({row['description'] or row['name']})" for row in best)
        raise DataError(f"Several entities of '{graph}' are called {entity!r}: give the id of one: {listed}.")
    return str(rows[0]["id"])


def find_image(driver: neo4j.Driver, graph: str, image: str) -> str:
    """Return the sha256 of the image that a person means by its path or the first digits of its sha256."""
    rows = read(driver, upkeep_queries.IMAGES_CALLED, graph=graph, image=image)
    if len(rows) != 1:
        listed = ": " + "; ".join(f"{row['sha256'][:12]} ({row['path']})" for row in rows) if rows else ""
        raise DataError(
            f"The graph '{graph}' has {'several images' if rows else 'no image'} {image!r}: give its path as "
            f"`kwk images gates --explain` prints it, or more of its sha256{listed}."
        )
    return str(rows[0]["sha256"])
