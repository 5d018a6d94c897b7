"""A graph with the measurements of its images, read from the stores."""

from __future__ import annotations

from collections.abc import Mapping

import neo4j
from sqlalchemy import Engine

from ingest.descriptor import measured_space
from ingest.encoders import effnet_lite0
from ingest.features import measured_pictures
from kg import adjacency, vectors
from kg.adjacency import Adjacency
from kg.progress import bar, silent
from model.gallery import Floats, Gallery, gallery, pictures_of


def measured(
    engine: Engine, graph: Adjacency, pictures: Mapping[str, str], told: bool = True
) -> tuple[dict[str, Floats], dict[str, int]]:
    """Return the measurements and the dHashes of pictures (sha256 -> path), both by sha256; `told` shows progress."""
    encoder = effnet_lite0()
    progress = bar if told else silent
    rows = measured_pictures(engine, graph.graph, graph.image_roots, pictures.items(), lambda: encoder, progress)
    records = vectors.stored(engine, measured_space(encoder), list(rows))
    return rows, {sha: record.dhash for sha, record in records.items()}


def measured_gallery(driver: neo4j.Driver, engine: Engine, name: str, told: bool = True) -> tuple[Adjacency, Gallery]:
    """Read a graph and the gallery of all its images. Raises DataError if it has none."""
    graph = adjacency.load(driver, name)
    pictures = pictures_of(graph) if graph.image_roots else {}
    rows, hashes = measured(engine, graph, pictures, told) if pictures else ({}, {})
    return graph, gallery(graph, rows, hashes)
