"""A source is one file, a file has one content, and what a command can't do it does not offer."""

from collections.abc import Callable
from pathlib import Path

import neo4j
import pytest
from click.testing import Result
from PIL import Image
from sqlalchemy import Engine

from ingest.load import load
from ingest.target import Target, Tower
from kg import graph, queries, vectors
from kg.export_commands import how_to_ingest
from kg.types import Entity, ImageFile, Source

Kwk = Callable[..., Result]
TURTLE = '<http://s.example/{0}> <http://www.w3.org/2000/01/rdf-schema#label> "{0}"@en .'


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two files of one name that say different things."""
    files = tmp_path / "a" / "map.ttl", tmp_path / "b" / "map.ttl"
    for file in files:
        file.parent.mkdir()
        file.write_text(TURTLE.format(file.parent.name))
    return files


def test_a_second_file_of_the_same_name_does_not_undo_the_first(
    two: tuple[Path, Path], kwk: Kwk, graph_name: str
) -> None:
    first, second = map(str, two)
    kwk("ingest", "rdf", first, "--graph", graph_name)
    refused = kwk("ingest", "rdf", second, "--graph", graph_name, code=1)
    assert f"a source 'map.ttl' already, from {first}" in refused.output
    assert "--name" in refused.output
    kwk("ingest", "rdf", first, "--graph", graph_name)  # again, as ever
    kwk("ingest", "rdf", second, "--graph", graph_name, "--name", "b")
    assert "3 entities" not in kwk("ingest", "rdf", second, "--graph", graph_name, "--name", "map.ttl").output
    kwk("ingest", "rdf", first, "--graph", graph_name)


def test_a_source_that_was_removed_or_has_moved_gives_its_name_free(
    two: tuple[Path, Path], kwk: Kwk, graph_name: str
) -> None:
    first, second = two
    kwk("ingest", "rdf", str(first), "--graph", graph_name)
    kwk("graphs", "remove", graph_name, "--source", "map.ttl", "--yes")
    kwk("ingest", "rdf", str(second), "--graph", graph_name)
    kwk("ingest", "rdf", str(first), "--graph", graph_name, code=1)
    second.rename(second.with_name("moved.ttl"))
    kwk("ingest", "rdf", str(first), "--graph", graph_name)


def test_tables_and_folders_of_one_name_are_told_apart_too(tmp_path: Path, kwk: Kwk, graph_name: str) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "edges.csv").write_text("head,relation,tail\nx,likes,y\n")
        (tmp_path / name / "X_EntityTriples.txt").write_text("/m/1 /a/b/c /m/2 .\n")
    for call in (("csv", "--edges", "{}/edges.csv"), ("mmkb", "--source", "{}")):
        arguments = [[each.format(tmp_path / name) for each in call] for name in "ab"]
        kwk("ingest", *arguments[0], "--graph", graph_name)
        assert "--name" in kwk("ingest", *arguments[1], "--graph", graph_name, code=1).output
        kwk("ingest", *arguments[1], "--graph", graph_name, "--name", f"second {call[0]}")


def held(driver: neo4j.Driver, name: str) -> list[list[object]]:
    """Return the pictures of a graph: entity, path, sources."""
    rows, _, _ = driver.execute_query(
        "MATCH (e:Entity {graph: $g})-[h:HAS_IMAGE]->(i) "
        "RETURN e.id, h.path, h.sources, i.width ORDER BY e.id, h.path, h.sources[0]",
        g=name,
    )
    return [row.values() for row in rows]


def test_a_picture_that_was_replaced_in_place_is_not_shown_any_more(
    driver: neo4j.Driver, engine: Engine, graph_name: str, tmp_path: Path, tower: Tower
) -> None:
    def ingest(name: str, *files: ImageFile) -> None:
        source = Source(name, [Entity("e", "E", ("E",))], images=files, image_root=tmp_path)
        load(Target(driver, engine, graph_name, tmp_path / "home"), source, tower)

    Image.effect_noise((40, 30), 20).convert("RGB").save(tmp_path / "one.png")
    Image.effect_noise((41, 30), 40).convert("RGB").save(tmp_path / "two.png")
    one, two = ImageFile("e", "one.png"), ImageFile("e", "two.png")
    ingest("first", one, two)
    ingest("second", two)
    before = {row["sha256"] for row in graph.read(driver, queries.IMAGE_SHAS, graph=graph_name)}
    Image.effect_noise((50, 30), 60).convert("RGB").save(tmp_path / "one.png")
    Image.effect_noise((51, 30), 80).convert("RGB").save(tmp_path / "two.png")
    ingest("first", one, two)
    assert held(driver, graph_name) == [
        ["e", "one.png", ["first"], 50],
        ["e", "two.png", ["first"], 51],
        ["e", "two.png", ["second"], 41],  # this source was not read again
    ]
    after = {row["sha256"] for row in graph.read(driver, queries.IMAGE_SHAS, graph=graph_name)}
    assert len(before - after) == 1
    assert not (before - after) & vectors.held(engine)


def test_two_files_that_exchange_their_contents_both_stay(
    driver: neo4j.Driver, engine: Engine, graph_name: str, tmp_path: Path, tower: Tower
) -> None:
    for number in range(2):
        Image.effect_noise((40 + number, 30), 20 + 20 * number).convert("RGB").save(tmp_path / f"{number}.png")
    files = [ImageFile("e", f"{number}.png") for number in range(2)]
    source = Source("first", [Entity("e", "E", ("E",))], images=files, image_root=tmp_path)
    target = Target(driver, engine, graph_name, tmp_path / "home")
    load(target, source, tower)
    first, second = ((tmp_path / f"{number}.png").read_bytes() for number in range(2))
    (tmp_path / "0.png").write_bytes(second)
    (tmp_path / "1.png").write_bytes(first)
    assert load(target, source, tower).new_images == 0
    assert held(driver, graph_name) == [["e", "0.png", ["first"], 41], ["e", "1.png", ["first"], 40]]


def test_pictures_alone_are_not_offered_a_bulk_load(kwk: Kwk, tmp_path: Path) -> None:
    (tmp_path / "map.tsv").write_text("")
    assert "No such option" in kwk("ingest", "images", "--map", str(tmp_path / "map.tsv"), "--bulk", code=2).output


def test_an_export_never_tells_to_read_pictures_from_anywhere() -> None:
    assert how_to_ingest([Path("/a/b"), Path("/a/c")]) == "ingest it with --image-root /a"
    assert how_to_ingest([Path("/a"), Path("/b")]).endswith("with --image-root /a, then with --image-root /b")
