"""Whatever comes apart between the graph, the embeddings and the files is found, and mended by one command."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import neo4j
import pytest
from click.testing import Result
from PIL import Image
from sqlalchemy import Engine, text

from ingest.load import load
from ingest.target import Target, Tower
from kg import graph, queries, upkeep_queries, vectors
from kg.types import Entity, ImageFile, Source, Triple

Report = Callable[..., dict[str, list[dict[str, str]]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures."""
    for n in range(6):
        Image.effect_noise((40, 30), 10 + 15 * n).convert("RGB").save(tmp_path / f"{n}.png")
    return tmp_path


@pytest.fixture
def loaded(driver: neo4j.Driver, engine: Engine, graph_name: str, folder: Path, tower: Tower) -> Source:
    """Three entities with two pictures each, in both stores."""
    source = Source(
        "first",
        [Entity(each, each, (each,)) for each in "abc"],
        [Triple("a", "urn:knows", "b"), Triple("b", "urn:knows", "c")],
        [ImageFile("abc"[n % 3], f"{n}.png") for n in range(6)],
        folder,
    )
    load(Target(driver, engine, graph_name, folder / "home"), source, tower)
    left = vectors.held(engine) - {row["sha256"] for row in graph.read(driver, upkeep_queries.ALL_SHAS)}
    vectors.remove(engine, sorted(left))  # of tests before
    return source


@pytest.fixture
def reconcile(kwk: Callable[..., Result], graph_name: str) -> Report:
    """Call the command; return what it found and what is left."""

    def call(*options: str, code: int = 0) -> dict[str, list[dict[str, str]]]:
        told = kwk("-q", "graphs", "reconcile", "--graph", graph_name, "--json", *options, code=code).stdout
        report: dict[str, list[dict[str, str]]] = json.loads(told)
        return report

    return call


def damage(driver: neo4j.Driver, engine: Engine, graph_name: str, folder: Path) -> dict[str, int]:
    """Do each kind of damage once; return how often each is there."""
    shas = dict(
        driver.execute_query("MATCH (i:Image {graph: $g}) RETURN i.path, i.sha256", g=graph_name).records  # type: ignore[arg-type]
    )
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM embedding WHERE sha256 = :s"), {"s": bytes.fromhex(shas["0.png"])})
        connection.execute(
            text("INSERT INTO image SELECT sha256('nobody'), dhash, width, height, size, format FROM image LIMIT 1")
        )
    (folder / "1.png").unlink()
    Image.effect_noise((50, 30), 99).convert("RGB").save(folder / "2.png")
    statements = [
        "MATCH (:Entity {graph: $g})-[h:HAS_IMAGE {path: '3.png'}]->() DELETE h",
        "CREATE (:Entity {graph: $g, id: 'left', name: 'left', sources: []})",
        "MATCH (a:Entity {graph: $g, id: 'a'})-[r:KNOWS]->(b) CREATE (a)-[t:KNOWS]->(b) SET t = properties(r), "
        "t.sources = ['other']",
    ]
    for statement in statements:
        driver.execute_query(statement, g=graph_name)  # type: ignore[arg-type]
    return {
        "no_embedding": 1, "no_node": 1, "file_gone": 1, "file_changed": 1, "bare_image": 1, "orphan_entity": 1,
        "double_fact": 1,
    }  # fmt: skip


def test_a_whole_graph_agrees(loaded: Source, reconcile: Report) -> None:
    assert reconcile() == {**reconcile(), "found": [], "left": []}


def test_every_kind_of_damage_is_found_by_its_own_name_and_mended_by_one_command(
    loaded: Source, reconcile: Report, driver: neo4j.Driver, engine: Engine, graph_name: str, folder: Path
) -> None:
    planted = damage(driver, engine, graph_name, folder)
    assert Counter(each["kind"] for each in reconcile(code=1)["found"]) == planted
    mended = reconcile("--fix")
    assert Counter(each["kind"] for each in mended["found"]) == planted
    assert mended["left"] == []
    assert reconcile()["found"] == []
    files = driver.execute_query(
        "MATCH (e:Entity {graph: $g})-[h:HAS_IMAGE]->(i) RETURN h.path, e.id, h.sources, i.width ORDER BY h.path",
        g=graph_name,
    ).records
    assert [row.values() for row in files] == [
        ["0.png", "a", ["first"], 40],
        ["2.png", "c", ["first"], 50],  # as the file is now
        ["4.png", "b", ["first"], 40],
        ["5.png", "c", ["first"], 40],
    ]
    edges = driver.execute_query(
        "MATCH (:Entity {graph: $g, id: 'a'})-[r:KNOWS]->() RETURN r.sources", g=graph_name
    ).records
    assert [sorted(row[0]) for row in edges] == [["first", "other"]]
    shas = {row["sha256"] for row in graph.read(driver, queries.IMAGE_SHAS, graph=graph_name)}
    assert shas <= vectors.held(engine)


def test_what_a_source_still_has_comes_back_by_ingesting_it_again(
    loaded: Source, reconcile: Report, driver: neo4j.Driver, engine: Engine, graph_name: str, folder: Path, tower: Tower
) -> None:
    damage(driver, engine, graph_name, folder)
    reconcile("--fix")
    summary = load(Target(driver, engine, graph_name, folder / "home"), loaded, tower)
    assert (summary.new_images, summary.rejects) == (1, {"unreadable": 1})
    assert reconcile()["found"] == []


def test_a_folder_of_pictures_that_is_not_mounted_deletes_nothing(
    loaded: Source, kwk: Callable[..., Result], driver: neo4j.Driver, graph_name: str, folder: Path
) -> None:
    folder.rename(folder.with_name("moved"))
    told = kwk("graphs", "reconcile", "--graph", graph_name, "--fix", code=1)
    assert "is not there; mount or move it back" in told.output
    assert len(graph.read(driver, queries.IMAGE_SHAS, graph=graph_name)) == 6
    folder.with_name("moved").rename(folder)


def test_a_second_folder_of_pictures_is_kept_beside_the_first(
    loaded: Source, reconcile: Report, driver: neo4j.Driver, engine: Engine, graph_name: str,
    tmp_path_factory: pytest.TempPathFactory, tower: Tower, folder: Path,
) -> None:  # fmt: skip
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    Image.effect_noise((44, 33), 77).convert("RGB").save(elsewhere / "0.png")
    load(
        Target(driver, engine, graph_name, folder / "home"),
        Source("map", images=[ImageFile("a", "0.png")], image_root=elsewhere),
        tower,
    )
    assert reconcile()["found"] == []
    (elsewhere / "0.png").unlink()
    assert [each["kind"] for each in reconcile("--fix")["found"]] == ["file_gone"]
    assert len(graph.read(driver, queries.IMAGE_SHAS, graph=graph_name)) == 6


def test_maps_of_one_name_in_two_folders_both_keep_their_pictures(
    reconcile: Report, driver: neo4j.Driver, engine: Engine, graph_name: str, tower: Tower,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    home = tmp_path_factory.mktemp("home")
    target = Target(driver, engine, graph_name, home)
    load(target, Source("table", [Entity("a", "A", ("A",))]), tower)
    folders = [tmp_path_factory.mktemp("pictures") for _ in range(2)]
    for number, folder in enumerate(folders):
        Image.effect_noise((44, 33), 50 + number).convert("RGB").save(folder / f"{number}.png")
        load(target, Source("map.tsv", images=[ImageFile("a", f"{number}.png")], image_root=folder), tower)
    assert reconcile()["found"] == []
    moved = folders[0].rename(home / "moved")
    load(target, Source("map.tsv", images=[ImageFile("a", "0.png")], image_root=moved), tower)
    assert reconcile()["found"] == []
