"""Any vocabulary of RDF becomes a graph: labels in their languages, typed literals, pictures."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import RDF, RDFS, Graph, Literal, URIRef

from kg.errors import DataError
from kg.rdf import read_rdf
from kg.types import Entity, ImageFile, Source, Triple

TURTLE = """
@prefix : <urn:zoo:> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix schema: <https://schema.org/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:livesIn a owl:ObjectProperty ; rdfs:label "lives in"@en, "wohnt in"@de .
:Animal a owl:Class ; rdfs:label "animal"@en .
:leo a :Lion, :Animal ; rdfs:label "Leo"@en, "Löwe Leo"@de ; skos:altLabel "King" ; :livesIn :den ; :weight 190.5 ;
    :age 7 ; :born "2001-02-03"^^xsd:date ; :nick "L", "LL" ; :id "x" ; schema:description "Ein Löwe"@de, "a lion"@en ;
    schema:image <pictures/leo%201.png>, <https://example.org/leo.jpg> ; owl:sameAs <urn:other:leo> .
:mia a :Animal ; rdfs:label "Mia" ; :knows :leo, [ rdfs:label "somebody" ] ; foaf:depiction <mia.png> .
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """The zoo, read."""
    (tmp_path / "zoo.ttl").write_text(TURTLE, "utf-8")
    return read_rdf([tmp_path / "zoo.ttl"], "zoo")


def named(source: Source, name: str) -> Entity:
    """Return the one entity of a name."""
    [found] = [entity for entity in source.entities if entity.name == name]
    return found


def test_labels_aliases_types_and_literals_arrive_as_they_were_meant(source: Source) -> None:
    leo = named(source, "Leo")
    assert leo.labels == {"en": "Leo", "de": "Löwe Leo"}
    assert set(leo.names) == {"Leo", "Löwe Leo", "King"}
    assert leo.names[0] == "Leo"
    assert leo.types == ("urn:zoo:Lion", "urn:zoo:Animal")  # the rarer says more
    assert leo.description == "a lion"
    assert leo.properties == {
        "weight": 190.5, "age": 7, "born": "2001-02-03", "nick": ["L", "LL"], "id_": "x", "same_as": ["urn:other:leo"],
    }  # fmt: skip


def test_facts_stand_between_entities_and_what_describes_the_vocabulary_is_none(source: Source) -> None:
    assert Triple("urn:zoo:leo", "urn:zoo:livesIn", "urn:zoo:den") in source.triples
    assert {triple.relation for triple in source.triples} == {"urn:zoo:livesIn", "urn:zoo:knows"}
    assert {entity.name for entity in source.entities} == {"Leo", "Mia", "somebody", "urn:zoo:den".rpartition("/")[2]}
    assert source.relation_labels == {"urn:zoo:livesIn": {"en": "lives in", "de": "wohnt in"}}
    assert source.type_labels["urn:zoo:Animal"] == {"en": "animal"}


def test_pictures_are_paths_below_the_file_and_addresses_on_the_web_are_told(source: Source) -> None:
    assert list(source.images) == [
        ImageFile("urn:zoo:leo", "pictures/leo 1.png"),
        ImageFile("urn:zoo:mia", "mia.png"),
    ]
    assert [reject.reason for reject in source.rejects] == ["remote_image"]


def test_reading_the_same_file_twice_gives_the_same_graph_blank_nodes_too(tmp_path: Path, source: Source) -> None:
    assert read_rdf([tmp_path / "zoo.ttl"], "zoo") == source


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:NTSerializer")
@pytest.mark.parametrize("suffix", ["nt", "rdf", "trig", "jsonld"])
def test_every_format_gives_the_same_facts(tmp_path: Path, source: Source, suffix: str) -> None:
    graph = Graph()
    graph.parse(tmp_path / "zoo.ttl", publicID=(tmp_path / "zoo.ttl").as_uri())
    kinds = {"nt": "nt", "rdf": "xml", "trig": "trig", "jsonld": "json-ld"}
    graph.serialize(tmp_path / f"again.{suffix}", format=kinds[suffix])
    again = read_rdf([tmp_path / f"again.{suffix}"], "zoo")
    assert len(again.triples) == len(source.triples)
    assert named(again, "Leo") == named(source, "Leo")
    assert again.images == source.images


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [("a.ttl", "this is no turtle", "a.ttl is not valid turtle"), ("a.xyz", "", "no suffix that tells")],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=says):
        read_rdf([tmp_path / name], "x")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_rdf([tmp_path / "none.nt"], "x")


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(words, st.sampled_from(["en", "de", None]), st.integers() | st.floats() | st.booleans())))
def test_no_label_or_literal_crashes_the_reader(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str | None, float]]
) -> None:
    graph = Graph()
    for n, (label, language, value) in enumerate(rows):
        subject = URIRef(f"urn:x:{n}")
        graph.add((subject, RDF.type, URIRef("urn:x:T")))
        graph.add((subject, RDFS.label, Literal(label, lang=language)))
        graph.add((subject, URIRef("urn:x:value"), Literal(value)))
    path = tmp_path_factory.mktemp("rdf") / "x.nt"
    graph.serialize(path, format="nt", encoding="utf-8")
    source = read_rdf([path], "x")
    assert len(source.entities) == len(rows)
    assert all(entity.name.strip() for entity in source.entities)
