"""Tables of nodes and edges become a graph, whoever wrote them; a row that is no use says where it stood and why."""

import json
from collections.abc import Callable
from pathlib import Path

import neo4j
import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.tabular import read_tables
from kg.errors import DataError
from kg.types import Entity, ImageFile, Source, Triple


def tables(folder: Path, nodes: str | bytes = "", edges: str | bytes = "", delimiter: str | None = None) -> Source:
    """Read a node table and an edge table; an empty one is left out."""
    for name, content in (("nodes.csv", nodes), ("edges.csv", edges)):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_tables(
        [folder / "nodes.csv"] if nodes else [], [folder / "edges.csv"] if edges else [], "t", delimiter, folder
    )


def reasons(source: Source) -> list[tuple[str, int, str]]:
    """Return file, line and reason of what was rejected."""
    return [(each.file, each.line, each.reason) for each in source.rejects]


def test_a_node_says_its_name_in_every_language_its_kind_and_its_properties(tmp_path: Path) -> None:
    header = "\ufeffid,name,name_de,aliases,type,description,image,born,height,zip,types,since\r\n"
    ada = 'q1,"Lovelace, Ada",Ada,Countess | Ada King,Person;Writer,"first\r\nprogrammer",'
    ada += "a.png|b/c.png,1815,1.6,01099,x,\r\n"
    bob = "q2,Bob,,,,,,1900,2,10115,,1e3\r\n"
    source = tables(tmp_path, header + ada + bob)
    assert list(source.entities) == [
        Entity(
            "q1",
            "Lovelace, Ada",
            names=("Lovelace, Ada", "Ada", "Countess", "Ada King"),
            labels={"de": "Ada"},
            description="first\r\nprogrammer",
            types=("Person", "Writer"),
            properties={"born": 1815, "height": 1.6, "zip": "01099", "types_": "x"},
        ),
        Entity("q2", "Bob", names=("Bob",), properties={"born": 1900, "height": 2.0, "zip": "10115", "since": 1000.0}),
    ]
    assert list(source.images) == [ImageFile("q1", "a.png"), ImageFile("q1", "b/c.png")]
    assert not source.rejects


def test_neo4j_admins_headers_are_read_with_their_types_and_groups(tmp_path: Path) -> None:
    nodes = "personId:ID(Person);name;:LABEL;age:int;tags:string[];scores:float[];code:string;x:IGNORE\n"
    nodes += "1;Ada;Person;36;a;1;7;z\n2;Bob;Person;old;;;8;z\n"
    source = tables(tmp_path, nodes.replace(";a;1;7", ';"a;b";"1;2.5";7'), "", None)
    ada, bob = source.entities
    assert (ada.id, ada.types) == ("Person:1", ("Person",))
    assert ada.properties == {"age": 36, "tags": ["a", "b"], "scores": [1.0, 2.5], "code": "7"}
    assert bob.properties == {"code": "8"}
    assert reasons(source) == [("nodes.csv", 3, "malformed")]
    edges = ":START_ID(Person),:END_ID(Person),:TYPE\n1,2,KNOWS\n"
    assert list(tables(tmp_path, nodes, edges).triples) == [Triple("Person:1", "KNOWS", "Person:2")]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_whatever_parts_the_cells_is_found_out(tmp_path: Path, delimiter: str) -> None:
    source = tables(
        tmp_path, edges="head|relation|tail\na, b|knows; well|c|\n".replace("c|", "c").replace("|", delimiter)
    )
    if delimiter in (",", ";"):
        assert reasons(source) == [("edges.csv", 2, "malformed")]
    else:
        assert list(source.triples) == [Triple("a, b", "knows; well", "c")]


def test_facts_come_by_head_and_once_and_without_nodes_their_ends_are_the_entities(tmp_path: Path) -> None:
    edges = "source,target,relation\nb,a,likes\na,b,http://x.example/birthPlace\nb,a,likes\na,ü,Größe von\n"
    source = tables(tmp_path, edges=edges)
    assert list(source.triples) == [
        Triple("a", "Größe von", "ü"),
        Triple("a", "http://x.example/birthPlace", "b"),
        Triple("b", "likes", "a"),
    ]
    assert [each.id for each in source.entities] == ["a", "b", "ü"]
    assert all(not each.names for each in source.entities)  # names that give way
    assert (len(source.triples), len(source.entities)) == (3, 3)
    assert reasons(source) == [("edges.csv", 4, "duplicate")]


def test_rows_that_are_no_use_are_rejected_with_their_line_and_reason(tmp_path: Path) -> None:
    nodes = b"id,name\na,A\n\na,again\n,nobody\nx,y,z\n\xff,bad\nb\x00b,nul\nc\nd,\xe2\x80\xaebidi name\n"
    edges = b'head,relation,tail,weight\na,r,d,1\na,r,z,1\na,,d,1\na,r\na,r,d,2\n"a,r,d,1\n'
    source = tables(tmp_path, nodes, edges)
    assert [each.id for each in source.entities] == ["a", "d"]
    assert list(source.triples) == [Triple("a", "r", "d")]
    assert sorted(reasons(source)) == [
        ("edges.csv", 1, "ignored_column"),
        ("edges.csv", 3, "unknown_entity"),
        ("edges.csv", 4, "malformed"),
        ("edges.csv", 5, "malformed"),
        ("edges.csv", 6, "duplicate"),
        ("edges.csv", 7, "malformed"),
        ("nodes.csv", 4, "duplicate"),
        ("nodes.csv", 5, "malformed"),
        ("nodes.csv", 6, "malformed"),
        ("nodes.csv", 7, "encoding"),
        ("nodes.csv", 8, "malformed"),
        ("nodes.csv", 9, "malformed"),
    ]


@pytest.mark.parametrize(
    ("nodes", "edges", "words"),
    [
        ("name\nAda\n", "", "no column `id`"),
        ("", "head,tail\na,b\n", "`head`, `relation`, `tail`"),
        ("id,name,name\n1,a,b\n", "", "name twice"),
        ("\n", "", "is missing"),
        (b"\xff\xfe", "", "can't be read"),
    ],
)
def test_a_header_that_cant_be_used_is_explained(tmp_path: Path, nodes: str, edges: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        tables(tmp_path, nodes, edges)
    with pytest.raises(DataError, match="missing.csv"):
        read_tables([tmp_path / "missing.csv"], [], "t")
    with pytest.raises(DataError, match="one character"):
        tables(tmp_path, "id\na\n", delimiter="::")


@given(st.text(max_size=300), st.text(max_size=300))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_table_holds_its_rows_are_used_or_rejected(tmp_path: Path, nodes: str, edges: str) -> None:
    nodes = "id,name,n\n" + nodes.encode(errors="replace").decode()
    source = tables(tmp_path, nodes, "head,relation,tail\n" + edges.encode(errors="replace").decode())
    ids = [each.id for each in source.entities]
    assert len(ids) == len(set(ids)) == len(source.entities)
    triples = list(source.triples)
    heads = [triple.head for triple in triples]
    assert len([n for n, head in enumerate(heads) if n == 0 or heads[n - 1] != head]) == len(set(heads))
    assert all(triple.head in ids and triple.tail in ids and triple.relation for triple in triples)


def test_a_table_is_ingested_with_its_pictures_and_once_more_adds_nothing(
    tmp_path: Path, kwk: Callable[..., Result], driver: neo4j.Driver, graph_name: str
) -> None:
    Image.new("RGB", (32, 32), "red").save(tmp_path / "ada.png")
    nodes, edges = tmp_path / "nodes.tsv", tmp_path / "edges.tsv"
    nodes.write_text("id\tname\ttype\timage\tborn\nada\tAda\tPerson\tada.png|../out.png\t1815\nbob\tBob\tPerson\t\t\n")
    edges.write_text("head\trelation\ttail\nada\t`knows` \\u0060 well\tbob\n")
    arguments = ["ingest", "csv", "--nodes", str(nodes), "--edges", str(edges), "--graph", graph_name, "--json"]
    first = json.loads(kwk(*arguments).stdout)
    assert (first["entities"], first["new_triples"], first["images"]) == (2, 1, 1)
    assert sum(first["rejects"].values()) == 1
    again = json.loads(kwk(*arguments).stdout)
    assert (again["triples"], again["new_triples"], again["new_images"]) == (1, 0, 0)
    with driver.session() as session:
        row = session.run(
            "MATCH (a:Person {graph: $graph, id: 'ada'})-[r]->(:Person {id: 'bob'}) RETURN a.born AS born, "
            "r.relation AS r",
            graph=graph_name,
        ).single(strict=True)
    assert (row["born"], row["r"]) == (1815, "`knows` \\u0060 well")
