"""A source reaches both stores whole, once, under names that never change; killed or doubled it ends the same."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import neo4j
import pytest
from click.testing import Result
from PIL import Image
from sqlalchemy import Engine, text

from ingest.load import Summary, load
from ingest.target import Target, Tower
from kg import catalogue, graph, queries, removal, vectors
from kg.errors import DataError
from kg.types import Entity, ImageFile, Source, Triple

Kwk = Callable[..., Result]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Three entities, three facts, three pictures of which two are the same bytes, and a broken one."""
    for name, colour in (("a.png", "red"), ("b.png", "blue"), ("c.png", "red")):
        Image.new("RGB", (30, 20), colour).save(tmp_path / name)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    return Source(
        name="first",
        entities=[
            Entity("p", "Peru", ("Peru", "Perú"), {"en": "Peru", "zh-Hans": "秘鲁"}, "country", ("/location/country",)),
            Entity("l", "Lima", ("Lima",), types=("/geo/city", "/geo/capital"), properties={"population": 10}),
            Entity("s", "Sol", ("Sol",), types=("/money/currency",)),
        ],
        triples=[
            Triple("p", "/location/country/capital", "l"),
            Triple("p", "/location/country/currency", "s"),
            Triple("l", "/geo/city/country", "p"),
        ],
        images=[
            ImageFile("p", "a.png"),
            ImageFile("p", "b.png"),
            ImageFile("l", "c.png"),
            ImageFile("s", "broken.png"),
        ],
        image_root=tmp_path,
        relation_labels={"/location/country/capital": {"en": "capital", "de": "Hauptstadt"}},
    )


@pytest.fixture
def put(
    driver: neo4j.Driver, engine: Engine, graph_name: str, tmp_path: Path, tower: Tower
) -> Callable[[Source], Summary]:
    """Load a source into the graph of this test."""
    return lambda source: load(Target(driver, engine, graph_name, tmp_path / "home"), source, tower)


def snapshot(driver: neo4j.Driver, name: str) -> list[str]:
    """Return all that a graph holds, in a form that two loads can be compared by."""
    records, _, _ = driver.execute_query("MATCH (n {graph: $g}) RETURN labels(n) AS l, properties(n) AS p", g=name)
    nodes = [json.dumps([sorted(row["l"]), row["p"]], sort_keys=True, default=str) for row in records]
    records, _, _ = driver.execute_query(
        "MATCH (a {graph: $g})-[r]->(b) RETURN a.id AS a, type(r) AS t, coalesce(b.id, b.sha256) AS b, "
        "properties(r) AS p",
        g=name,
    )
    return sorted(nodes) + sorted(json.dumps(list(row.values()), sort_keys=True, default=str) for row in records)


def test_a_source_reaches_both_stores(
    put: Callable[[Source], Summary], source: Source, driver: neo4j.Driver, engine: Engine, graph_name: str
) -> None:
    summary = put(source)
    assert (summary.triples, summary.new_triples, summary.images, summary.new_images) == (3, 3, 3, 3)
    assert summary.rejects == {"not_an_image": 1}
    assert summary.rejects_file
    [reject] = [json.loads(line) for line in Path(summary.rejects_file).read_text().splitlines()]
    assert (reject["file"], reject["reason"]) == ("broken.png", "not_an_image")
    [row] = [row for row in catalogue.graphs(driver) if row["name"] == graph_name]
    assert (row["entities"], row["triples"], row["relations"], row["images"], row["illustrated"]) == (3, 3, 3, 2, 2)
    records, _, _ = driver.execute_query(
        "MATCH (p:Country {graph: $g})-[r:CAPITAL]->(l {id: 'l'}) RETURN p, r, l", g=graph_name
    )
    [found] = records
    assert found["p"]["name_zh_hans"] == "秘鲁"
    assert found["p"]["names"] == ["Peru", "Perú"]
    assert found["l"]["types"] == ["/geo/city", "/geo/capital"]
    assert found["l"]["population"] == 10
    key = list(source.triples)[0].key(graph_name)
    assert dict(found["r"]) == {"triple": key, "relation": "/location/country/capital", "sources": ["first"]}
    shas = [row["sha256"] for row in graph.read(driver, queries.IMAGE_SHAS, graph=graph_name)]
    assert len(vectors.stored(engine, vectors_space(engine, shas), shas)) == 2


def vectors_space(engine: Engine, shas: list[str]) -> str:
    """Return the one space in which these images have embeddings."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT DISTINCT space FROM embedding WHERE encode(sha256, 'hex') = ANY(:shas)"), {"shas": shas}
        )
        [space] = [str(row[0]) for row in rows]
        return space


def test_a_second_run_changes_nothing(
    put: Callable[[Source], Summary], source: Source, driver: neo4j.Driver, graph_name: str
) -> None:
    put(source)
    before = snapshot(driver, graph_name)
    again = put(source)
    assert (again.new_triples, again.new_images, again.images) == (0, 0, 3)
    after = [line for line in snapshot(driver, graph_name) if '"Graph"' not in line]
    assert after == [line for line in before if '"Graph"' not in line]


def test_a_relation_keeps_its_type_when_a_later_source_would_name_it_otherwise(
    put: Callable[[Source], Summary], source: Source, driver: neo4j.Driver, graph_name: str
) -> None:
    put(source)
    before = {row["path"]: row["type"] for row in graph.read(driver, queries.RELATIONS, graph=graph_name)}
    put(replace(source, name="second", triples=[*source.triples, Triple("s", "/finance/state/capital", "l")]))
    after = {row["path"]: row["type"] for row in graph.read(driver, queries.RELATIONS, graph=graph_name)}
    assert {path: after[path] for path in before} == before
    assert len(set(after.values())) == 4


def test_an_entity_whose_winning_type_changes_loses_the_old_label(
    put: Callable[[Source], Summary], source: Source, driver: neo4j.Driver, graph_name: str
) -> None:
    put(source)
    put(replace(source, entities=[replace(list(source.entities)[1], types=("/geo/capital", "/geo/city"))]))
    records, _, _ = driver.execute_query("MATCH (e:Entity {graph: $g, id: 'l'}) RETURN labels(e)", g=graph_name)
    assert sorted(records[0][0]) == ["Capital", "Entity"]


def test_an_english_name_stays_when_a_source_in_other_languages_comes(
    put: Callable[[Source], Summary], source: Source, driver: neo4j.Driver, graph_name: str
) -> None:
    put(source)
    spanish = Source("second", [Entity("p", "República", ("República",), {"es": "República"})])
    assert put(spanish).changed_entities == 1
    query = "MATCH (e:Entity {graph: $g, id: 'p'}) RETURN e.name, e.names, e.name_es"
    [row] = driver.execute_query(query, g=graph_name).records
    assert row.values() == ["Peru", ["Peru", "Perú", "República"], "República"]
    assert [put(each).changed_entities for each in (spanish, source, spanish)] == [0, 0, 0]
    put(Source("third", [Entity("p", "Republic", ("Republic",), {"en": "Republic"})]))
    [row] = driver.execute_query(query, g=graph_name).records
    assert row.values() == ["Republic", ["Republic", "Peru", "Perú", "República"], "República"]


def test_a_name_of_many_words_is_found_in_the_full_text_index(
    put: Callable[[Source], Summary], source: Source, driver: neo4j.Driver, graph_name: str
) -> None:
    put(source)
    driver.execute_query("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()")
    records, _, _ = driver.execute_query(
        "CALL db.index.fulltext.queryNodes('entity_names', 'Perú') YIELD node WHERE node.graph = $g RETURN node.id",
        g=graph_name,
    )
    assert [record[0] for record in records] == ["p"]


def test_a_graph_can_not_be_called_anything(put: Callable[[Source], Summary], driver: neo4j.Driver) -> None:
    for name in ("", "Big", "a b", "x`y", "../up", "a" * 64):
        with pytest.raises(DataError, match="can't be called"):
            catalogue.check_name(name)


def test_removing_a_graph_leaves_what_another_shows(
    put: Callable[[Source], Summary], source: Source, driver: neo4j.Driver, engine: Engine, graph_name: str,
    tmp_path: Path, tower: Tower,
) -> None:  # fmt: skip
    put(source)
    other = graph_name + "-other"
    load(Target(driver, engine, other, tmp_path), replace(source, images=list(source.images)[:1]), tower)
    shas = [row["sha256"] for row in graph.read(driver, queries.IMAGE_SHAS, graph=graph_name)]
    space = vectors_space(engine, shas)
    removed = removal.remove_graph(driver, engine, graph_name)
    assert removed.images == 1
    assert len(vectors.stored(engine, space, shas)) == 1
    assert snapshot(driver, graph_name) == []
    removal.remove_graph(driver, engine, other)
    assert vectors.stored(engine, space, shas) == {}


@pytest.mark.fb15k
def test_the_real_fb15k_is_whole_when_counted_by_the_bare_driver(
    fb15k_folder: Path, kwk: Kwk, driver: neo4j.Driver, engine: Engine
) -> None:
    kwk("-q", "ingest", "fb15k", "--source", str(fb15k_folder))
    counts = {
        "relationships": "MATCH (:Entity {graph: 'fb15k'})-[r]->(:Entity) RETURN count(r)",
        "distinct triples": "MATCH (:Entity {graph: 'fb15k'})-[r]->(:Entity) RETURN count(DISTINCT r.triple)",
        "entities": "MATCH (e:Entity {graph: 'fb15k'}) RETURN count(e)",
        "types": "MATCH (:Entity {graph: 'fb15k'})-[r]->(:Entity) RETURN count(DISTINCT type(r))",
        "images": "MATCH (:Entity {graph: 'fb15k'})-[:HAS_IMAGE]->(i:Image) RETURN count(DISTINCT i)",
        "illustrated": "MATCH (e:Entity {graph: 'fb15k'})-[:HAS_IMAGE]->() RETURN count(DISTINCT e)",
    }
    found = {what: driver.execute_query(query).records[0][0] for what, query in counts.items()}  # type: ignore[arg-type]
    assert found == {
        "relationships": 381_186, "distinct triples": 381_186, "entities": 14_787, "types": 1_056, "images": 1_030,
        "illustrated": 294,
    }  # fmt: skip
    again = json.loads(kwk("-q", "ingest", "fb15k", "--source", str(fb15k_folder), "--json").stdout)
    assert (again["new_triples"], again["new_images"]) == (0, 0)
    shas = [row["sha256"] for row in graph.read(driver, queries.IMAGE_SHAS, graph="fb15k")]
    assert len(vectors.stored(engine, vectors_space(engine, shas), shas)) == 1_030
    removal.remove_graph(driver, engine, "fb15k")
