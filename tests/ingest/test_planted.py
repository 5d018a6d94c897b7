"""Of a planted set nothing that is broken or there twice comes through, and hardly anything that is another's."""

import json
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
from ingest.target import Target, Tower, choose_tower
from kg import graph
from kg.types import ImageFile, Source

ENTITIES = 4
COUNTRY = "urn:kwk:atlas:country/"


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
    assert found["kept"] == ENTITIES * 5 and found["intruders"] / found["kept"] <= 0.02


def test_an_open_clip_model_that_knows_the_names_keeps_strangers_out_by_them(
    driver: neo4j.Driver,
    engine: Engine,
    graph_name: str,
    small_clip: str,
    kwk: Callable[..., Result],
    tmp_path: Path,
) -> None:
    kwk("ingest", "sample", "--graph", graph_name, "--encoder", small_clip)
    planted = plant(flags(folder() / "images"), tmp_path, ENTITIES, seed=6)
    images = [ImageFile(COUNTRY + each.entity, each.path) for each in planted]
    tower = choose_tower(small_clip)
    load(
        Target(driver, engine, graph_name, tmp_path / "home"),
        Source("planted", images=images, image_root=tmp_path),
        tower,
    )
    summary = json.loads(kwk("images", "gates", "--graph", graph_name, "--json").stdout)
    assert (summary["judged"], summary["encoder"]) == (0, tower.space)
    assert summary["semantic"] and "of the graph's pictures" in summary["why"]
    rows = {row["path"].removeprefix(f"{tmp_path}/"): row for row in graph.read(driver, STANDING, graph=graph_name)}
    found = outcome(planted, rows)
    assert found["duplicates"] == found["corrupt"] == found["intruders"] == 0
    assert "in force" in kwk("images", "gates", "--graph", graph_name, "--explain", images[0].entity).stdout
