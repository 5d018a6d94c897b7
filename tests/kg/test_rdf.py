"""Any vocabulary of RDF becomes a graph: labels in their languages, typed literals, pictures."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdflib import OWL, RDF, RDFS, SKOS, XSD, BNode, Dataset, Graph, Literal, URIRef
from rdflib.compare import isomorphic

from kg.errors import DataError
from kg.rdf import read_rdf
from kg.rdf_blank import blank_names
from kg.rdf_lines import LineParser
from kg.rdf_terms import BadTerm, literal, literal_parts, node
from kg.spool import Sorter, Spool
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


def held(source: Source) -> Source:
    """Return a source with its streams read into lists."""
    return replace(source, **{name: list(getattr(source, name)) for name in ("entities", "triples", "images")})


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
        "image_addresses": ["https://example.org/leo.jpg"],
    }  # fmt: skip


def test_facts_stand_between_entities_and_what_describes_the_vocabulary_is_none(source: Source) -> None:
    assert Triple("urn:zoo:leo", "urn:zoo:livesIn", "urn:zoo:den") in source.triples
    assert {triple.relation for triple in source.triples} == {"urn:zoo:livesIn", "urn:zoo:knows"}
    assert {entity.name for entity in source.entities} == {"Leo", "Mia", "somebody", "den"}
    assert source.relation_labels == {"urn:zoo:livesIn": {"en": "lives in", "de": "wohnt in"}}
    assert source.type_labels["urn:zoo:Animal"] == {"en": "animal"}


@pytest.mark.parametrize(
    "described", ["owl:inverseOf :eats", "rdfs:domain :Animal", "rdfs:range :Animal", "rdfs:subPropertyOf :eats"]
)
def test_property_that_has_no_type_is_no_entity_and_gives_its_label(tmp_path: Path, described: str) -> None:
    file = tmp_path / "zoo.ttl"
    file.write_text(f"{TURTLE}:knows {described} ; rdfs:label 'knows of'@en .", "utf-8")
    found = read_rdf([file], "zoo")
    assert {entity.name for entity in found.entities} == {"Leo", "Mia", "somebody", "den"}
    assert found.relation_labels["urn:zoo:knows"] == {"en": "knows of"}
    assert "urn:zoo:knows" in found.vocabulary


def test_pictures_are_paths_below_the_file_and_no_address_on_the_web_is_dropped(source: Source) -> None:
    assert list(source.images) == [
        ImageFile("urn:zoo:leo", "pictures/leo 1.png"),
        ImageFile("urn:zoo:mia", "mia.png"),
    ]
    assert source.rejects == []


def test_reading_the_same_file_twice_gives_the_same_graph_blank_nodes_too(tmp_path: Path, source: Source) -> None:
    assert held(read_rdf([tmp_path / "zoo.ttl"], "zoo")) == held(source)


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
    assert list(again.images) == list(source.images)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.ttl", "this is no turtle", "a.ttl is not valid turtle"),
        ("a.xyz", "", "no suffix that tells"),
        ("a.ttl", "<a> <b> <c>", "ends in the middle of a statement"),
    ],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=says):
        read_rdf([tmp_path / name], "x")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_rdf([tmp_path / "none.nt"], "x")
    (tmp_path / "a.nt").touch()
    with pytest.raises(DataError, match="There is no folder .*pictures"):
        read_rdf([tmp_path / "a.nt"], "x", tmp_path / "pictures")


def said_again(source: Source) -> Graph:
    """Return the graph that a source's facts, what else was said, and its vocabulary make."""
    lines = [f"{node(t.head)} <{t.relation}> {node(t.tail)} ." for t in source.triples]
    lines += [f"{node(e.id)} {each} ." for e in source.entities for each in e.said]
    lines += [f"{node(subject)} {each} ." for subject, said in source.vocabulary.items() for each in said]
    return Graph().parse(data="\n".join(lines), format="nt")


def test_nothing_that_a_file_says_is_lost(tmp_path: Path, source: Source) -> None:
    assert isomorphic(said_again(source), Graph().parse(tmp_path / "zoo.ttl"))


def test_what_is_an_object_alone_has_no_name_that_could_overwrite_a_better_one(source: Source) -> None:
    den = named(source, "den")
    assert (den.names, den.said) == ((), ())
    assert named(source, "Leo").names


HARD = """
@prefix : <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix schema: <http://schema.org/> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
:x rdfs:label "Köln"@de, "科隆"@zh, "كولونيا"@ar, "Кёльн"@ru, "ケルン"@ja, "Keln"@sr-Latn , "Cologne"@en ;
   rdfs:label "Cologne"@EN-gb ;
   :size 007, "007"^^xsd:integer, 1e400, "NaN"^^xsd:double, "-INF"^^xsd:float, 123456789012345678901234567890 ;
   :open true, "0"^^xsd:boolean ; :when "2020-02-30T25:00:00"^^xsd:dateTime ; :code "x"^^:mine , "x", "x"@en ;
   :part :y, "a text of the same predicate", [ :part ( 1 "two" :three [ rdfs:label "deep" ] ) ] ;
   <http://example.com/part> "another vocabulary's part" ; :name "n", "m" ; :name_en "no label" ; :sources "s" ;
   a :T, :U, owl:NamedIndividual, [ a owl:Restriction ; owl:onProperty :part ] ; rdfs:label :not_a_text ;
   schema:image [ schema:contentUrl <a.png> ], "b.png", <https://example.org/c.png>, <data:image/png;base64,AAAA> ;
   schema:description "long %s\\n\\t\\\\ end\\u0001" .
:part a rdf:Property ; rdfs:domain [ owl:unionOf ( :T :U ) ] .
_:lonely :knows _:lonely .
""".replace("%s", "word " * 5000)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:NTSerializer", "ignore:.*XMLSchema:UserWarning")
@pytest.mark.parametrize("suffix", ["ttl", "nt", "nt.gz", "nq", "rdf", "trig", "jsonld", "ttl.gz"])
def test_hard_things_survive_in_every_format(tmp_path: Path, suffix: str) -> None:
    kinds = {"nt": "nt", "rdf": "xml", "trig": "trig", "jsonld": "json-ld", "ttl": "turtle", "nq": "nquads"}
    hard = HARD.replace("\\u0001", "") if suffix == "rdf" else HARD  # XML has no such character
    hard = hard.replace("123456789012345678901234567890", "1") if suffix == "jsonld" else hard  # nor rdflib's JSON
    graph = Graph().parse(data=hard, publicID=tmp_path.as_uri() + "/")
    kind = kinds[suffix.removesuffix(".gz")]
    data = Dataset() if kind in ("trig", "nquads") else graph
    if isinstance(data, Dataset):
        for triple in graph:
            data.add(triple)
    text = data.serialize(format=kind, encoding="utf-8")
    path = tmp_path / f"hard.{suffix}"
    path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    source = read_rdf([path], "hard")
    read = Dataset(default_union=True) if kind in ("trig", "nquads") else Graph()
    read.parse(data=text, format=kind, publicID=path.as_uri())
    assert isomorphic(said_again(source), flat(read))
    assert source.rejects == []


def flat(graph: Graph) -> Graph:
    """Return all triples of a graph or data set as one graph."""
    made = Graph()
    for triple in graph.triples((None, None, None)):
        made.add(triple[:3])
    return made


def test_labels_keep_their_languages_and_typed_values_their_types(tmp_path: Path) -> None:
    (tmp_path / "hard.ttl").write_text(HARD, "utf-8")
    found = named(read_rdf([tmp_path / "hard.ttl"], "x"), "Cologne")
    assert found.labels == {
        "de": "Köln", "zh": "科隆", "ar": "كولونيا", "ru": "Кёльн", "ja": "ケルン", "sr-latn": "Keln", "en": "Cologne",
        "en-gb": "Cologne",
    }  # fmt: skip
    assert found.properties["open"] == ["0", "true"]
    assert {"name_", "name_en_", "sources_", "http://example.org/part"} <= found.properties.keys()
    assert found.properties["image_addresses"] == ["https://example.org/c.png"]


def test_files_of_several_formats_are_one_source_whose_blank_nodes_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "a.nt").write_text("_:b <urn:p> <urn:x> .\n")
    (tmp_path / "b.nt").write_text("_:b <urn:p> <urn:y> .\n<urn:x> <urn:p> <urn:y> .\n")
    (tmp_path / "c.ttl").write_text("[] <urn:p> <urn:z> .")
    source = read_rdf([tmp_path / name for name in ("a.nt", "b.nt", "c.ttl")], "all")
    assert len({triple.head for triple in source.triples}) == 4
    assert "_:b" in {triple.head for triple in source.triples}


def test_a_bad_line_of_n_triples_is_dropped_by_its_number_and_the_rest_goes_on(tmp_path: Path) -> None:
    lines: list[bytes] = [b"<urn:s:%d> <urn:p> <urn:s:%d> ." % (n, n + 1) for n in range(1000)]
    bad = {
        7: (b"<urn:s> <urn:p> ", "malformed"),
        99: (b'<urn:s> <urn:p> "\xff" .', "encoding"),
        500: (b'<urn:s> <urn:p> "\\uD800" .', "malformed"),
        501: (b"<urn:s> <urn:\\u0060> <urn:o> .", "malformed"),
        502: (b"<urn:s> <urn:p%s> <urn:o> ." % (b"p" * 70_000), "too_long"),
        503: (b"<urn:s> <urn:\x00p> <urn:o> .", "malformed"),
        504: (b"\x00" * 5000, "malformed"),
        999: (b"<urn:s> <urn:p> <urn:o> . <urn:s>", "malformed"),
    }
    for n, (line, _) in bad.items():
        lines[n] = line
    (tmp_path / "x.nt").write_bytes(b"\xef\xbb\xbf# begins\r\n\n" + b"\r\n".join(lines))
    source = read_rdf([tmp_path / "x.nt"], "x")
    assert len(source.triples) == 1000 - len(bad)
    assert [(each.line, each.reason) for each in source.rejects] == [(n + 3, bad[n][1]) for n in sorted(bad)]
    assert all(len(each.detail) < 1000 and each.detail.encode() for each in source.rejects)


def test_a_compressed_file_that_was_cut_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(b"<urn:s> <urn:p> <urn:o> .\n" * 1000)
    (tmp_path / "x.nt.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="x.nt.gz can't be read to its end"):
        read_rdf([tmp_path / "x.nt.gz"], "x")


BOMB = """<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "{value}"> {more}]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">
<rdf:Description rdf:about="urn:x"><rdfs:label>{use}</rdfs:label></rdf:Description></rdf:RDF>"""


@pytest.mark.parametrize(
    "text",
    [
        BOMB.format(value="ha" * 9, more='<!ENTITY b "&a;&a;&a;">', use="&b;"),
        BOMB.format(value="ha" * 900, more="", use="&a;" * 900),
        BOMB.format(value="x", more='<!ENTITY b SYSTEM "file:///etc/passwd">', use="&b;"),
        BOMB.format(value="x", more='<!ENTITY % b SYSTEM "http://127.0.0.1:1/x"> %b;', use="&a;"),
    ],
)
def test_an_xml_file_can_neither_grow_nor_read_another_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.rdf").write_text(text)
    with pytest.raises(DataError, match="declares the XML entity"):
        read_rdf([tmp_path / "x.rdf"], "x")


def test_an_ontology_that_names_its_namespaces_by_entities_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.owl").write_text(BOMB.format(value="short", more="", use="&a;"))
    assert [each.name for each in read_rdf([tmp_path / "x.owl"], "x").entities] == ["short"]


@pytest.mark.parametrize(
    "context", ['"https://schema.org/"', '["http://127.0.0.1:1/c", {}]', '{"@import": "c.jsonld"}']
)
def test_no_context_is_fetched_for_json_ld(tmp_path: Path, context: str) -> None:
    (tmp_path / "x.jsonld").write_text(f'{{"@context": {context}, "@id": "urn:x", "name": "X"}}')
    with pytest.raises(DataError, match="nothing is fetched"):
        read_rdf([tmp_path / "x.jsonld"], "x")


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
iris = st.sampled_from([*(f"http://e.x/{c}" for c in "abcd"), "urn:x:é", "http://e.x/a#b", "http://f.x/a"]).map(URIRef)
labels = st.sampled_from(["b0", "b1", "b2"]).map(BNode)
known = st.sampled_from(
    [RDF.type, RDFS.label, SKOS.altLabel, OWL.sameAs, URIRef("https://schema.org/image"), URIRef("http://schema.org/description")]
)  # fmt: skip
types = st.sampled_from([XSD.integer, XSD.double, XSD.boolean, XSD.dateTime, XSD.string, URIRef("urn:type"), RDF.JSON])
literals = (
    st.builds(Literal, text)
    | st.builds(Literal, text, lang=st.sampled_from(["en", "de", "zh-Hans", "sr-Latn"]))
    | st.builds(Literal, text | st.integers().map(str), datatype=types, normalize=st.just(False))
)
vocabulary = st.sampled_from([OWL.Class, RDF.Property])
statements = st.tuples(iris | labels, iris | known, iris | labels | literals | vocabulary)


@settings(max_examples=150, deadline=None)
@given(st.lists(statements, max_size=25))
@pytest.mark.filterwarnings("ignore")
def test_any_graph_is_said_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, Any, Any]]
) -> None:
    graph = Graph()
    for row in rows:
        graph.add(row)
    path = tmp_path_factory.mktemp("rdf") / "x.nt"
    graph.serialize(path, format="nt", encoding="utf-8")
    source = read_rdf([path], "x")
    assert source.rejects == []
    assert isomorphic(said_again(source), Graph().parse(path, format="nt"))
    heads = [triple.head for triple in source.triples]
    assert len(source.triples) == len(heads) == len(set(source.triples))
    assert heads == sorted(heads)
    ids = [each.id for each in source.entities]
    assert ids == sorted(set(ids))
    assert len(source.entities) == len(ids)
    assert {*heads, *(triple.tail for triple in source.triples)} <= set(ids)
    assert all(each.name.strip() for each in source.entities)


line = st.text('<>_:."\\\\u0041\\n ab\\t@en-^#é\u2028', max_size=40) | st.tuples(
    st.sampled_from(["<u:a>", "_:b", "<a>", "<u:a b>", "<u:\\u00e9>"]),
    st.sampled_from([" ", "  ", "\t", ""]),
    st.sampled_from(["<u:p>", "<u:p#>", "_:p"]),
    st.sampled_from([" ", "\t"]),
    st.sampled_from(["<u:a>", "_:b.c", '"x"@en-GB', '"x"@', '"x"^^<u:d>', '"x"^^<d>']) | text.map('"{}"'.format),
    st.sampled_from([" .", ".", "", " . # c", " <u:g> ."]),
).map("".join)  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(line, st.booleans())
@example("<u:a> <u:b> <u:c> <u:g> .", False)
@example("<u:a><u:b><u:c>.", True)
def test_the_short_way_reads_a_line_as_rdflib_does(line: str, quads: bool) -> None:
    def outcome(read: Callable[[str], object]) -> object:
        try:
            return read(line)
        except BadTerm as exc:
            return exc.reason

    parser = LineParser(quads)
    assert outcome(parser.read) == outcome(parser.by_rdflib)


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["", "en", "zh-Hant-TW"]),
    st.sampled_from(["", "urn:t"]),
)
def test_a_literal_is_one_line_and_comes_back_as_it_was(content: str, language: str, datatype: str) -> None:
    datatype = "" if language else datatype
    term = literal(content, language, datatype)
    assert len(f"<u:s> <u:p> {term} .".splitlines()) == 1
    assert literal_parts(term) == (content, language, datatype)


@given(st.lists(st.binary(max_size=6).filter(lambda line: b"\n" not in line), max_size=400))
def test_what_does_not_fit_into_memory_comes_back_in_order_and_once(rows: list[bytes]) -> None:
    sorter = Sorter(run_bytes=150)
    for row in rows:
        sorter.append(row)
    assert list(sorter.sorted()) == sorted(set(rows))


def test_lines_on_disk_are_read_by_several_at_once_and_leave_no_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    rows = [str(n).encode() * 9 for n in range(100_000)]
    for row in rows:
        spool.append(row)
    assert len(spool) == len(rows)
    assert all(a == b == c for a, b, c in zip(spool, spool, rows, strict=True))
    assert list(tmp_path.iterdir()) == []


def renamed(rows: list[tuple[str, str, str]]) -> set[tuple[str, ...]]:
    """Return statements with the names that blank nodes get."""
    names = blank_names(rows)
    assert len(set(names.values())) == len(names)
    return {tuple(names.get(term, term) for term in row) for row in rows}


ends = st.sampled_from(["_:b0", "_:b1", "_:b2", "_:b3", "<urn:a>"])


@given(st.lists(st.tuples(ends, st.sampled_from(["<urn:p>", "<urn:q>"]), ends), unique=True), st.permutations(range(4)))
def test_blank_nodes_are_named_by_what_is_said_of_them_however_a_file_calls_them(
    rows: list[tuple[str, str, str]], order: list[int]
) -> None:
    other = {f"_:b{n}": f"_:other{order[n]}" for n in range(4)}
    again = [(other.get(s, s), p, other.get(o, o)) for s, p, o in rows]
    assert renamed(rows) == renamed(list(reversed(again)))


def test_thousands_of_blank_nodes_are_named_in_time(tmp_path: Path) -> None:
    nested = " ".join(f"[ :q {n % 7} ; :r [ :v 1 ] ]," for n in range(1_500))
    (tmp_path / "x.ttl").write_text(f"@prefix : <urn:x:> .\n:s :p {nested} ( {'1 ' * 1_500} ) .")
    source = read_rdf([tmp_path / "x.ttl"], "x")
    assert len(source.entities) == 2 + 3 * 1_500
