"""A graph with the measurements of its images, read from the stores."""

from __future__ import annotations

from collections.abc import Mapping

import neo4j
from sqlalchemy import Engine

from ingest.descriptor import measured_space
from ingest.features import measured_pictures
from ingest.target import Tower, choose_tower
from kg import adjacency, vectors
from kg.adjacency import Adjacency
from kg.progress import bar, silent
from model.gallery import Floats, Gallery, gallery, pictures_of


def measured(
    engine: Engine, graph: Adjacency, pictures: Mapping[str, str], tower: Tower, told: bool = True
) -> tuple[dict[str, Floats], dict[str, int]]:
    """Return a tower's measurements of pictures (sha256 -> path) and their dHashes, both by sha256.

    Each picture is measured once; `told` shows progress.
    """
    progress = bar if told else silent
    rows = measured_pictures(engine, graph.graph, graph.image_roots, pictures.items(), tower.load, progress)
    records = vectors.stored(engine, measured_space(tower.load()), list(rows))
    return rows, {sha: record.dhash for sha, record in records.items()}


def measured_gallery(driver: neo4j.Driver, engine: Engine, name: str, told: bool = True) -> tuple[Adjacency, Gallery]:
    """Read a graph and the gallery of all its images, as `lite` sees them. Raises DataError if it has none."""
    graph = adjacency.load(driver, name)
    pictures = pictures_of(graph) if graph.image_roots else {}
    rows, hashes = measured(engine, graph, pictures, choose_tower(), told) if pictures else ({}, {})
    return graph, gallery(graph, rows, hashes)
