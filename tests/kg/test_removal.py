"""What is removed leaves both stores, and nothing goes that another source, another graph or the user holds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import neo4j
import pytest
from click.testing import Result
from PIL import Image
from sqlalchemy import Engine

from ingest.load import load
from ingest.target import Target, Tower
from kg import catalogue, queries, removal, vectors
from kg.errors import DataError
from kg.graph import read
from kg.rdf import read_rdf
from kg.types import Entity, ImageFile, Source, Triple


@pytest.fixture
def two_sources(
    driver: neo4j.Driver, engine: Engine, graph_name: str, tmp_path: Path, tower: Tower
) -> tuple[Source, Source]:
    """Two sources in the graph of this test: they share an entity, a fact and a picture; a third fact is the user's."""
    for n, colour in enumerate(("red", "green", "blue")):
        Image.effect_noise((40, 30), 20 + 20 * n).convert("RGB").save(tmp_path / f"{colour}.png")
    peru, lima, sol = (Entity(each, each.title(), (each.title(),)) for each in ("peru", "lima", "sol"))
    first = Source(
        "first",
        [replace(peru, said=("<urn:a> <urn:b>",)), lima],
        [Triple("peru", "urn:capital", "lima")],
        [ImageFile("peru", "red.png"), ImageFile("lima", "green.png")],
        tmp_path,
        vocabulary={"urn:capital": ("<urn:p> <urn:q>",)},
    )
    second = Source(
        "second",
        [peru, lima, sol],
        [Triple("peru", "urn:capital", "lima"), Triple("peru", "urn:currency", "sol")],
        [ImageFile("peru", "red.png"), ImageFile("sol", "blue.png")],
        tmp_path,
    )
    for source in (first, second):
        load(Target(driver, engine, graph_name, tmp_path / "home"), source, tower)
    return first, second


def state(driver: neo4j.Driver, name: str) -> dict[str, list[str]]:
    """Return entities, facts and pictures with their sources, in words."""
    nodes = read(driver, "MATCH (e:Entity {graph: $graph}) RETURN e.id AS id, e.sources AS sources", graph=name)
    edges = read(
        driver,
        "MATCH (a:Entity {graph: $graph})-[r]->(b) RETURN a.id AS a, type(r) AS type, coalesce(b.id, r.path) AS b, "
        "r.sources AS sources",
        graph=name,
    )
    return {
        "nodes": sorted(f"{row['id']} {row['sources']}" for row in nodes),
        "edges": sorted(f"{row['a']} {row['type']} {row['b']} {row['sources']}" for row in edges),
    }


def test_a_source_takes_with_it_only_what_nobody_else_says(
    two_sources: tuple[Source, Source], driver: neo4j.Driver, engine: Engine, graph_name: str
) -> None:
    driver.execute_query(
        "MATCH (a:Entity {graph: $g, id: 'sol'}), (b:Entity {graph: $g, id: 'lima'}) CREATE (a)-[:SPENT_IN]->(b)",
        g=graph_name,
    )
    removed = removal.remove_source(driver, engine, graph_name, "second")
    assert state(driver, graph_name) == {
        "nodes": ["lima ['first']", "peru ['first']", "sol []"],  # the user's edge holds it
        "edges": [
            "lima HAS_IMAGE green.png ['first']",
            "peru CAPITAL lima ['first']",
            "peru HAS_IMAGE red.png ['first']",
            "sol SPENT_IN lima None",
        ],
    }
    assert (removed.edges, removed.images) == (4, 1)
    removal.remove_source(driver, engine, graph_name, "first")
    assert state(driver, graph_name) == {"nodes": ["lima []", "sol []"], "edges": ["sol SPENT_IN lima None"]}
    assert read(driver, "MATCH (v:Vocabulary {graph: $graph}) RETURN v", graph=graph_name) == []


def test_a_source_that_was_removed_comes_back_whole(
    two_sources: tuple[Source, Source], driver: neo4j.Driver, engine: Engine, graph_name: str, tmp_path: Path,
    tower: Tower,
) -> None:  # fmt: skip
    before = state(driver, graph_name)
    removal.remove_source(driver, engine, graph_name, "second")
    load(Target(driver, engine, graph_name, tmp_path / "home"), two_sources[1], tower)
    assert state(driver, graph_name) == before


def test_what_only_the_removed_source_said_of_a_shared_entity_goes_too(
    driver: neo4j.Driver, engine: Engine, graph_name: str, tmp_path: Path, tower: Tower
) -> None:
    (tmp_path / "one.ttl").write_text(
        "@prefix : <http://z.example/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        ':leo a :Lion ; rdfs:label "Leo"@en ; :weight 190 ; :livesIn :zoo .\n'
    )
    (tmp_path / "two.ttl").write_text(
        "@prefix : <http://z.example/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        ':leo rdfs:label "Leo"@en, "León"@es ; :weight 200 ; :colour "tawny" ; :keptBy :zoo .\n'
    )
    target = Target(driver, engine, graph_name, tmp_path / "home")

    def leo() -> dict[str, object]:
        query = "MATCH (e:Entity {graph: $graph, id: 'http://z.example/leo'}) RETURN properties(e) AS p, labels(e) AS l"
        [row] = read(driver, query, graph=graph_name)
        return row["p"] | {"labels": sorted(row["l"])}

    load(target, read_rdf([tmp_path / "one.ttl"], "one"), tower)
    alone = leo()
    load(target, read_rdf([tmp_path / "two.ttl"], "two"), tower)
    driver.execute_query(
        "MATCH (e:Entity {graph: $g, id: 'http://z.example/leo'}) SET e.mine = 'noted by hand'", g=graph_name
    )
    assert (leo()["weight"], leo()["name_es"], leo()["colour"]) == (200, "León", "tawny")
    removal.remove_source(driver, engine, graph_name, "two")
    assert leo() == alone | {"mine": "noted by hand"}


def test_an_entity_goes_with_its_edges_and_the_pictures_that_are_its_own(
    two_sources: tuple[Source, Source], driver: neo4j.Driver, engine: Engine, graph_name: str
) -> None:
    shas = {row["path"]: row["sha256"] for row in read(driver, "MATCH (i:Image {graph: $graph}) RETURN i.path AS path, "
                                                       "i.sha256 AS sha256", graph=graph_name)}  # fmt: skip
    removed = removal.remove_entity(driver, engine, graph_name, catalogue.find_entity(driver, graph_name, "Sol"))
    assert (removed.nodes, removed.images) == (1, 1)
    assert shas["blue.png"] not in vectors.held(engine)
    assert {shas["red.png"], shas["green.png"]} <= vectors.held(engine)
    assert [line for line in state(driver, graph_name)["edges"] if "sol" in line] == []


def test_an_image_goes_from_all_entities_and_from_postgres(
    two_sources: tuple[Source, Source], driver: neo4j.Driver, engine: Engine, graph_name: str
) -> None:
    sha = catalogue.find_image(driver, graph_name, "red.png")
    removal.remove_image(driver, engine, graph_name, sha)
    assert sha not in vectors.held(engine)
    assert sha not in {row["sha256"] for row in read(driver, queries.IMAGE_SHAS, graph=graph_name)}


def test_what_can_not_be_removed_is_told_with_what_is_there(
    two_sources: tuple[Source, Source], driver: neo4j.Driver, engine: Engine, graph_name: str
) -> None:
    with pytest.raises(DataError, match="no source 'third'; it has: (first, second|second, first)"):
        removal.remove_source(driver, engine, graph_name, "third")
    with pytest.raises(DataError, match="no entity 'Atlantis'"):
        catalogue.find_entity(driver, graph_name, "Atlantis")
    with pytest.raises(DataError, match=r"no image 'x.png'"):
        catalogue.find_image(driver, graph_name, "x.png")


def test_two_entities_of_one_name_are_both_named_when_one_is_meant(driver: neo4j.Driver, graph_name: str) -> None:
    driver.execute_query("CREATE (:Graph {name: $g})", g=graph_name)
    for each in ("ga-us", "ga-cc"):
        driver.execute_query(
            "CREATE (:Entity {graph: $g, id: $id, name: 'Georgia', names: ['Georgia'], description: $id})",
            g=graph_name, id=each,
        )  # fmt: skip
    with pytest.raises(DataError, match="ga-cc .*ga-us"):
        catalogue.find_entity(driver, graph_name, "Georgia")
    assert catalogue.find_entity(driver, graph_name, "ga-us") == "ga-us"


def test_the_command_removes_a_part_and_refuses_two_at_once(
    two_sources: tuple[Source, Source], kwk: Callable[..., Result], graph_name: str
) -> None:
    kwk("graphs", "remove", graph_name, "--source", "a", "--entity", "b", code=2)
    assert "Removed the entity sol" in kwk("graphs", "remove", graph_name, "--entity", "Sol", "--yes").stdout
    assert f"Removed '{graph_name}': " in kwk("graphs", "remove", graph_name, "--yes").stdout
