"""What was ingested is given back: RDF as it was read, other graphs so that reading them again gives the same graph."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import neo4j
import networkx
import pyarrow.parquet
import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rdflib import Dataset, Graph
from rdflib.compare import isomorphic

from kg import export_cypher
from kg.export_said import Names, statements
from kg.rdf import read_rdf
from kg.rdf_files import exact_literals
from kg.rdf_terms import is_iri
from kg.types import Entity
from tests.kg.test_rdf import HARD, TURTLE, flat, words
from tests.kg.test_rdf import statements as rows_of_rdf

Kwk = Callable[..., Result]
FORMATS = {"ttl": "turtle", "nt": "nt", "rdf": "xml", "trig": "trig"}


def parsed(path: Path) -> Graph:
    """Return what rdflib alone reads of a file."""
    kind = FORMATS[path.suffix[1:]]
    with exact_literals(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's own
        graph = Dataset(default_union=True) if kind == "trig" else Graph()
        graph.parse(path, format=kind, publicID=path.as_uri())
        return flat(graph)


def held(driver: neo4j.Driver, name: str) -> tuple[Any, ...]:
    """Return all that Neo4j holds of a graph, but for its name and when it came."""
    hidden = {"graph", "triple"}

    def rows(query: str) -> list[Any]:
        records, _, _ = driver.execute_query(query, g=name)  # type: ignore[arg-type]
        return [record.values() for record in records]

    def plain(properties: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in properties.items() if key not in hidden}

    nodes = rows("MATCH (e:Entity {graph: $g}) RETURN labels(e), properties(e) ORDER BY e.id")
    facts = rows(
        "MATCH (a:Entity {graph: $g})-[r]->(b:Entity) RETURN a.id AS a, type(r) AS kind, properties(r), b.id AS b "
        "ORDER BY a, kind, b, r.relation"
    )
    images = rows(
        "MATCH (a:Entity {graph: $g})-[r:HAS_IMAGE]->(i) RETURN a.id, r.path, i.sha256, i.path ORDER BY a.id, i.sha256"
    )
    vocabulary = rows("MATCH (v:Vocabulary {graph: $g}) RETURN v.id, v.said ORDER BY v.id")
    relations = rows("MATCH (r:Relation {graph: $g}) RETURN r.path, r.type ORDER BY r.path")
    return (
        [(sorted(labels), plain(properties)) for labels, properties in nodes],
        [(a, kind, plain(properties), b) for a, kind, properties, b in facts],
        images,
        vocabulary,
        relations,
    )


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """A graph with everything in it, pictures too."""
    folder = tmp_path / "zoo"
    (folder / "pictures").mkdir(parents=True)
    Image.new("RGB", (30, 20), "red").save(folder / "pictures" / "leo 1.png")
    Image.new("RGB", (30, 20), "blue").save(folder / "mia.png")
    (folder / "zoo.ttl").write_text(TURTLE + HARD.replace("\\u0001", ""), "utf-8")
    return folder / "zoo.ttl"


def ingest(kwk: Kwk, path: Path, name: str, root: Path | None = None) -> dict[str, Any]:
    """Ingest RDF under one source name, whatever the file is called."""
    more = ["--image-root", str(root)] if root else []
    out = kwk("-q", "ingest", "rdf", str(path), "--graph", name, "--name", "source", "--json", *more).stdout
    return dict(json.loads(out))


@pytest.mark.filterwarnings("ignore:.*XMLSchema:UserWarning")
@pytest.mark.parametrize("suffix", FORMATS)
def test_rdf_out_and_in_again_is_the_identity(
    tmp_path: Path, zoo: Path, kwk: Kwk, graph_name: str, driver: neo4j.Driver, suffix: str
) -> None:
    ingest(kwk, zoo, graph_name)
    before = held(driver, graph_name)
    out = tmp_path / "elsewhere" / f"out.{suffix}"
    out.parent.mkdir()
    kwk("graphs", "export", "rdf", "--graph", graph_name, "--out", str(out))
    assert isomorphic(parsed(out), parsed(zoo))
    assert len(before[2]) == 2

    again = ingest(kwk, out, graph_name, zoo.parent)  # nothing of it is new
    assert (again["new_triples"], again["new_images"], again["changed_entities"]) == (0, 0, 0)
    assert held(driver, graph_name) == before
    kwk("graphs", "remove", graph_name, "--yes")
    assert ingest(kwk, out, graph_name, zoo.parent)["rejects"] == {"unreadable": 1}  # b.png was never there
    assert held(driver, graph_name) == before


def stored(found: Entity, source: str = "s") -> dict[str, Any]:
    """Return the properties that an entity has in Neo4j."""
    return {
        "graph": "g", "id": found.id, "name": found.name, "names": list(found.names) or [found.name],
        "description": found.description, "types": list(found.types), "sources": [source],
        **{f"name_{tag.replace('-', '_')}": label for tag, label in found.labels.items()}, **found.properties,
        **({"said": [f"{source}\t{line}" for line in found.said]} if found.said else {}),
    }  # fmt: skip


def read_again(said: set[tuple[str, str]], names: Names, each: str, path: Path) -> Entity:
    """Return the entity that statements make."""
    lines = [f"{names.node(each)} <{predicate}> {value} ." for predicate, value in said]
    lines.append(f"{names.node(each)} <urn:fact> <urn:o> .")
    lines.append(f'<urn:marker> <urn:kwk:prefix> "{names.prefix}" .')
    path.write_text("\n".join(lines), "utf-8", newline="\n")
    source = read_rdf([path], "s")
    assert source.rejects == []
    return next(found for found in source.entities if found.id == each)


@settings(max_examples=100, deadline=None)
@given(st.lists(rows_of_rdf, max_size=20))
@pytest.mark.filterwarnings("ignore")
def test_what_nobody_changed_goes_out_word_for_word(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, Any, Any]]
) -> None:
    graph = Graph()
    for row in rows:
        graph.add(row)
    path = tmp_path_factory.mktemp("rdf") / "x.nt"
    graph.serialize(path, format="nt", encoding="utf-8")
    names = Names("urn:kwk:g:")
    for found in read_rdf([path], "s").entities:
        said = {f"<{predicate}> {value}" for predicate, value in statements(stored(found), names)}
        assert said == set(found.said)
    assert not names.used


value = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | words
edits = st.dictionaries(
    st.sampled_from(["name", "name_en", "name_zh_hans", "description", "b", "weight", "odd key/`é"])
    | words.filter(lambda key: not key.startswith("name") and key not in ("id", "graph", "said", "sources", "types")),
    words,
    max_size=4,
) | st.dictionaries(st.sampled_from(["a", "d", "weight", "height"]), value | st.lists(words, max_size=3), max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.lists(rows_of_rdf, max_size=12), edits, st.none() | st.lists(words, max_size=3), st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_what_was_changed_in_neo4j_goes_out_as_it_is_now(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[Any, Any, Any]],
    changes: dict[str, Any],
    more: list[str] | None,
    remove: bool,
) -> None:
    graph = Graph()
    for row in rows:
        if str(row[1]) not in ("http://f.x/a", "http://e.x/a#b"):  # their keys rest on what else there is
            graph.add(row)
    folder = tmp_path_factory.mktemp("rdf")
    graph.serialize(folder / "x.nt", format="nt", encoding="utf-8")
    for found in read_rdf([folder / "x.nt"], "s").entities:
        now = stored(found) | changes
        if more is not None:
            now |= {"types": [*now["types"], *more], "names": [*now["names"], *more]}
        if remove:
            now = {key: each for key, each in now.items() if key in found.properties or key not in ("d", "weight")}
        names = Names("urn:kwk:g:")
        again = stored(read_again(statements(now, names), names, found.id, folder / "y.nt"))
        assert blankless(now["names"]) <= blankless(again["names"])
        assert blankless(again["names"]) <= blankless([*now["names"], *each_label(again)])
        for key in now.keys() | again.keys() - {"said", "names"}:
            if key in ("types", "same_as", "image_addresses"):
                assert set(again.get(key, ())) == set(now.get(key, ())), key
            elif key not in ("said", "names"):
                assert again.get(key) == now.get(key), key


def blankless(names: list[str]) -> set[str]:
    """Return names with single blanks."""
    return {" ".join(name.split()) for name in names} - {""}


def each_label(properties: dict[str, Any]) -> list[str]:
    """Return the name and the labels of an entity."""
    return [found for key, found in properties.items() if key.startswith("name_") or key == "name"]


odd = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(
    odd,
    st.lists(odd.map(str.strip).filter(bool), min_size=1, max_size=4, unique=True),
    st.lists(odd, max_size=3, unique=True),
    st.dictionaries(odd.filter(lambda k: not k.startswith("name")), value | st.lists(odd, max_size=3), max_size=3),
)
def test_an_entity_of_no_rdf_at_all_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, each: str, labels: list[str], types: list[str], more: dict[str, Any]
) -> None:
    own = {"id", "graph", "said", "sources", "types", "description", "same_as", "image_addresses"}
    now = {key: found for key, found in more.items() if key not in own}
    now |= {"id": each, "graph": "g", "name": labels[0], "names": labels, "description": each, "types": types}
    names = Names("urn:kwk:g:")
    said = statements(now, names)
    again = stored(read_again(said, names, each, tmp_path_factory.mktemp("rdf") / "y.nt"))
    assert {key: found for key, found in again.items() if key not in ("sources", "said")} == now
    assert is_iri(each) or "said" not in again


FB = {
    "FB15K_EntityTriples.txt": "/m/0peru /location/country/capital /m/0lima .\n/m/0peru /a/b/c./d/e/f /m/0lima .\n",
    "FB15K_NumericalTriples.txt": "/m/0lima\t<http://rdf.freebase.com/ns/location.geocode.latitude>\t-12.05\n"
    "/m/0lima\t<http://rdf.freebase.com/ns/topic_server.population_number>\t10000000.0\n",
    "FB15k_mid2name.txt": "/m/0peru\tPeru-GB\n/m/0lima\tLima_(city)\n",
    "DB15K_SameAsLink.txt": "/m/0peru <SameAs> <http://dbpedia.org/resource/Peru> .\n",
    "entity2wikidata.json": json.dumps(
        {"/m/0peru": {"label": "Peru", "description": "country", "alternatives": ["Z", "Perú"], "wikidata_id": "Q419"}}
    ),
}


@pytest.fixture
def mmkb(tmp_path: Path) -> Path:
    """A folder in MMKB's layout, with a picture."""
    folder = tmp_path / "mmkb"
    (folder / "image-graph_images" / "m.0peru").mkdir(parents=True)
    Image.new("RGB", (30, 20), "red").save(folder / "image-graph_images" / "m.0peru" / "a 1.png")
    for name, content in FB.items():
        (folder / name).write_text(content, "utf-8")
    return folder


def unsaid(nodes: list[Any]) -> list[Any]:
    """Return nodes without their sources."""
    return [(labels, {key: each for key, each in own.items() if key != "sources"}) for labels, own in nodes]


def test_a_graph_without_iris_comes_back_under_its_own_ids(
    mmkb: Path, tmp_path: Path, kwk: Kwk, graph_name: str, driver: neo4j.Driver
) -> None:
    kwk("-q", "ingest", "fb15k", "--source", str(mmkb), "--graph", graph_name)
    before = held(driver, graph_name)
    out = kwk("graphs", "export", "rdf", "--graph", graph_name, "--out", str(tmp_path / "fb.ttl"))
    assert f"--image-root {mmkb / 'image-graph_images'}" in out.output
    assert f"<urn:kwk:{graph_name}:/location/country/capital>" in (tmp_path / "fb.ttl").read_text("utf-8")
    kwk("graphs", "remove", graph_name, "--yes")
    kwk(
        "-q", "ingest", "rdf", str(tmp_path / "fb.ttl"), "--graph", graph_name, "--name", "fb15k",
        "--image-root", str(mmkb / "image-graph_images"),
    )  # fmt: skip
    after = held(driver, graph_name)
    assert unsaid(after[0]) == unsaid(before[0])
    assert after[1:] == before[1:]


def test_an_edge_drawn_by_hand_and_a_name_that_was_mended_are_exported(
    zoo: Path, tmp_path: Path, kwk: Kwk, graph_name: str, driver: neo4j.Driver
) -> None:
    ingest(kwk, zoo, graph_name)
    driver.execute_query(
        "MATCH (a:Entity {graph: $g, id: 'urn:zoo:leo'}), (b:Entity {graph: $g, id: 'urn:zoo:den'}) "
        "SET a.name = 'Leonardo', b.name = 'Den' CREATE (b)-[:LIVES_IN]->(a), (b)-[:`Is Home \u00b4Of`]->(a)",
        g=graph_name,
    )
    driver.execute_query("MATCH (:Entity {graph: $g, id: 'urn:zoo:mia'})-[r]->() DELETE r", g=graph_name)
    kwk("graphs", "export", "rdf", "--graph", graph_name, "--out", str(tmp_path / "out.ttl"))
    found = {(str(s), str(p), str(o)) for s, p, o in parsed(tmp_path / "out.ttl")}
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    assert ("urn:zoo:leo", label, "Leonardo") in found
    assert ("urn:zoo:leo", label, "Leo") not in found
    assert ("urn:zoo:leo", label, "Löwe Leo") in found
    assert ("urn:zoo:den", label, "Den") in found
    assert ("urn:zoo:den", "urn:zoo:livesIn", "urn:zoo:leo") in found
    assert ("urn:zoo:den", f"urn:kwk:{graph_name}:Is%20Home%20%C2%B4Of", "urn:zoo:leo") in found
    assert not any(p == "urn:zoo:knows" and s == "urn:zoo:mia" for s, p, _ in found)


def test_parquet_graphml_and_cypher_hold_the_whole_graph(
    zoo: Path, tmp_path: Path, kwk: Kwk, graph_name: str, driver: neo4j.Driver
) -> None:
    ingest(kwk, zoo, graph_name)
    driver.execute_query(
        "MATCH (a:Entity {graph: $g, id: 'urn:zoo:leo'}) SET a.note = $note, "
        "a.`odd \\u005cu0060 key` = [date('2020-01-02')], a.far = 1.0 / 0.0, a.least = -9223372036854775808",
        g=graph_name, note="it's \\ \\u0027 `x`\n\x00\U0001f981\u2028",
    )  # fmt: skip
    before = held(driver, graph_name)
    entities, triples = len(before[0]), len(before[1])

    folder = tmp_path / "tables"
    kwk("graphs", "export", "parquet", "--graph", graph_name, "--out", str(folder))
    tables = {file.stem: pyarrow.parquet.read_table(file).to_pylist() for file in folder.iterdir()}
    assert {name: len(rows) for name, rows in tables.items()} == {
        "entities": entities, "triples": triples, "images": 2,
    }  # fmt: skip
    [leo] = [row for row in tables["entities"] if row["id"] == "urn:zoo:leo"]
    assert dict(leo["labels"])["de"] == "Löwe Leo"
    assert json.loads(leo["properties"])["weight"] == 190.5
    assert {row["path"] for row in tables["images"]} == {"pictures/leo 1.png", "mia.png"}

    kwk("graphs", "export", "graphml", "--graph", graph_name, "--out", str(tmp_path / "zoo.graphml"))
    drawn = networkx.read_graphml(tmp_path / "zoo.graphml")
    assert (drawn.number_of_nodes(), drawn.number_of_edges()) == (entities, triples)
    assert drawn.nodes["urn:zoo:leo"]["weight"] == 190.5
    assert drawn.nodes["urn:zoo:leo"]["age"] == 7
    assert {edge["type"] for *_, edge in drawn.edges("urn:zoo:leo", data=True)} == {"LIVES_IN"}

    script = kwk("-q", "graphs", "export", "cypher", "--graph", graph_name, "--out", "-").stdout
    kwk("graphs", "remove", graph_name, "--yes")
    lines = [line for line in script.split("\n") if line and not line.startswith("//")]
    assert all(line.endswith(";") for line in lines)
    for line in lines:
        driver.execute_query(line)  # type: ignore[arg-type]
    assert held(driver, graph_name) == before


def test_nothing_is_overwritten_unless_it_is_asked_for(zoo: Path, tmp_path: Path, kwk: Kwk, graph_name: str) -> None:
    ingest(kwk, zoo, graph_name)
    out = tmp_path / "out.nt"
    out.write_text("mine")
    again = ("graphs", "export", "rdf", "--graph", graph_name, "--out", str(out))
    assert "--force" in kwk(*again, code=1).output
    assert out.read_text() == "mine"
    kwk(*again, "--force")
    assert isomorphic(parsed(out), parsed(zoo))
    assert "make it first" in kwk(*again[:-1], str(tmp_path / "no" / "x.nt"), code=1).output
    assert "--out" in kwk("graphs", "export", "parquet", "--graph", graph_name, code=1).output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.nt", "zoo"]
    stream = kwk("-q", "graphs", "export", "rdf", "--graph", graph_name, "--format", "nt").stdout
    (tmp_path / "stream.nt").write_text(stream, "utf-8")
    assert isomorphic(parsed(tmp_path / "stream.nt"), parsed(zoo))


@given(st.text())
def test_a_text_of_cypher_is_one_line_that_ends_where_it_should(content: str) -> None:
    written = export_cypher.text(content.encode("utf-8", "replace").decode())
    assert len(written.splitlines()) == 1
    inner = written[1:-1].replace("\\\\", "").replace("\\'", "")
    assert "'" not in inner


def test_a_node_in_the_middle_of_a_page_boundary_is_exported_once(
    tmp_path: Path, kwk: Kwk, graph_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.export.PAGE", 3)
    lines = [f"<urn:n:{n}> <urn:p> <urn:n:{n * 7 % 20}> ." for n in range(20)]
    (tmp_path / "x.nt").write_text("\n".join(lines) + "\n")
    ingest(kwk, tmp_path / "x.nt", graph_name)
    kwk("graphs", "export", "rdf", "--graph", graph_name, "--out", str(tmp_path / "y.nt"))
    assert sorted((tmp_path / "y.nt").read_text().splitlines()) == sorted(lines)


def test_two_files_that_speak_of_the_same_things_both_come_back(
    tmp_path: Path, kwk: Kwk, graph_name: str, driver: neo4j.Driver
) -> None:
    head = "@prefix : <urn:z:> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix o: <urn:other:> .\n"
    first = (
        ':a a :T ; rdfs:label "A"@en, "Ä"@de ; rdfs:comment "first" ; :part 1, 2 ; :size 7 ; :knows :b . :b :knows :a .'
    )
    second = ':a a :U ; rdfs:label "A two"@en ; rdfs:comment "second" ; o:part "x" ; :size 8 ; :likes :b . :b a :T .'
    whole = Graph()
    for n, text in enumerate((first, second)):
        (tmp_path / f"{n}.ttl").write_text(head + text, "utf-8")
        whole.parse(tmp_path / f"{n}.ttl")
        kwk("-q", "ingest", "rdf", str(tmp_path / f"{n}.ttl"), "--graph", graph_name)
    kwk("graphs", "export", "rdf", "--graph", graph_name, "--out", str(tmp_path / "out.ttl"))
    assert isomorphic(parsed(tmp_path / "out.ttl"), whole)

    driver.execute_query(
        "MATCH (a:Entity {graph: $g, id: 'urn:z:a'}) SET a.size = 9, a.types = ['urn:z:U']", g=graph_name
    )
    kwk("graphs", "export", "rdf", "--graph", graph_name, "--out", str(tmp_path / "out.ttl"), "--force")
    found = {(str(s), str(p), str(o)) for s, p, o in parsed(tmp_path / "out.ttl")}
    assert {o for s, p, o in found if (s, p) == ("urn:z:a", "urn:z:size")} == {"9"}
