"""Of a planted set nothing that is broken or there twice comes through, and hardly anything that is another's."""

from collections.abc import Callable
from pathlib import Path

import neo4j
import pytest
from click.testing import Result
from sqlalchemy import Engine

from benchmarks.bench_gates import STANDING, outcome, source_of
from benchmarks.planted import CORRUPT, DUPLICATES, INTRUDERS, OWN, flags, plant
from ingest.load import load
from ingest.sample import folder
from ingest.target import Target, Tower
from kg import graph

ENTITIES = 4


@pytest.mark.parametrize("one_source", [False, True])
def test_other_things_pictures_copies_and_broken_files_do_not_come_through(
    driver: neo4j.Driver,
    engine: Engine,
    graph_name: str,
    tower: Tower,
    kwk: Callable[..., Result],
    tmp_path: Path,
    one_source: bool,
) -> None:
    planted = plant(flags(folder() / "images"), tmp_path / "set", ENTITIES, seed=5, one_source=one_source)
    assert len(planted) == ENTITIES * (OWN + INTRUDERS + DUPLICATES + CORRUPT) == ENTITIES * 25
    summary = load(Target(driver, engine, graph_name, tmp_path), source_of(planted, tmp_path / "set"), tower)
    assert sum(summary.rejects.values()) == ENTITIES * CORRUPT
    kwk("images", "gates", "--graph", graph_name)
    found = outcome(planted, {row["path"]: row for row in graph.read(driver, STANDING, graph=graph_name)})
    assert found["copies"] == ENTITIES * DUPLICATES and found["duplicates"] == 0
    assert found["broken"] == ENTITIES * CORRUPT and found["corrupt"] == 0
    assert found["kept"] == ENTITIES * 5 and found["intruders"] == 0
