"""The bundled atlas in both stores, with the flags of some countries, and what answers questions about it."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import neo4j
import pytest
from sqlalchemy import Engine

from ingest.encoders import Encoder
from ingest.load import Target, load
from ingest.sample import folder
from kg import removal
from kg.rdf import read_rdf
from kg.settings import Addresses
from kg.stores import Stores
from retrieval.answer import Answerer
from retrieval.assemble import open_answerer

FLAGS = ("PE", "JP", "FR", "BR", "CA", "KE", "IN", "NO", "GR", "TR", "ZA", "KR", "MX", "SE", "CH", "NP")


@pytest.fixture(scope="session")
def stores(driver: neo4j.Driver, engine: Engine, addresses: Addresses) -> Stores:
    """Both stores."""
    return Stores(driver, engine, addresses)


@pytest.fixture(scope="session")
def atlas(stores: Stores, encoder: Encoder, home: Path) -> Iterator[str]:
    """The name of a graph that holds the whole atlas, and the flags of sixteen countries."""
    name = f"test-atlas-{uuid.uuid4().hex[:8]}"
    source = read_rdf([folder() / "atlas.ttl"], "atlas")
    flags = [image for image in source.images if image.entity.rpartition("/")[2] in FLAGS]
    load(Target(stores.driver, stores.engine, name, home), replace(source, images=flags), lambda: encoder)
    yield name
    removal.remove_graph(stores.driver, stores.engine, name)


@pytest.fixture(scope="session")
def answerer(stores: Stores, atlas: str, home: Path) -> Answerer:
    """What answers questions about the atlas, without a trained run."""
    return open_answerer(stores, atlas, home)
