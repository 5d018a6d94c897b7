"""What the graph calls its relations and types: readable, unique, stable, and safe in Cypher."""

import re
import unicodedata
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kg.naming import (
    RESERVED_RELATIONS,
    RESERVED_TYPES,
    curated_names,
    relation_label,
    relation_types,
    type_labels,
)

ACTED = "/film/actor/film./film/performance/film"
# Nasty on purpose: quotes, backticks, controls, bidi overrides, joiners, fillers, surrogate-free astral letters.
hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    st.sampled_from("aZ9_-/.#: `'\"\\{}$\n\x00\u202e\u200d\u3164\ufe0fßıŉ国भाé"), max_size=25
)


def unsafe(name: str) -> bool:
    """Say whether a name could break out of Cypher or fool the eye."""
    return not name.isidentifier() or any(
        unicodedata.category(c)[0] in "CZP" and c != "_" or unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE")
        for c in name
    )


def test_curated_names_fit_into_the_browser_and_are_never_shared() -> None:
    names = curated_names()
    assert len(names) >= 60
    assert len(set(names.values())) == len(names)
    for path, name in names.items():
        assert path.startswith("/")
        assert re.fullmatch(r"[A-Z][A-Z_]*[A-Z]", name)
        assert len(name) <= 16
        assert name not in RESERVED_RELATIONS


def test_frequent_relations_read_as_a_person_would_say_them() -> None:
    names = relation_types([ACTED, "/people/person/nationality", "/location/location/contains"], {})
    assert names == {
        ACTED: "ACTED_IN",
        "/people/person/nationality": "NATIONALITY",
        "/location/location/contains": "CONTAINS",
    }


def test_relation_without_a_curated_name_is_called_by_its_last_segments() -> None:
    compound = "/base/zoo/animal/lives_in./base/zoo/stay/zoo"
    assert relation_types([compound], {}) == {compound: "LIVES_IN__ZOO"}
    folded = "/base/zoo/zoo/animals./base/zoo/stay/animal"
    assert relation_types([folded], {}) == {folded: "ANIMAL"}
    several = "/base/zoo/animal/keeper_s"
    assert relation_types([several], {}) == {several: "KEEPER"}


def test_colliding_relations_both_get_a_longer_name() -> None:
    names = relation_types(["/a/zoo/animal", "/b/circus/animal"], {})
    assert names == {"/a/zoo/animal": "ZOO_ANIMAL", "/b/circus/animal": "CIRCUS_ANIMAL"}


def test_name_once_given_never_changes_and_never_goes_to_another_relation() -> None:
    taken = {"/a/zoo/animal": "ANIMAL", "/x/y/gone": "CIRCUS_ANIMAL"}
    names = relation_types(["/a/zoo/animal", "/b/circus/animal"], taken)
    assert names["/a/zoo/animal"] == "ANIMAL"
    assert names["/b/circus/animal"] == "B_CIRCUS_ANIMAL"


def test_curated_name_waits_for_its_relation_in_a_graph_that_grows() -> None:
    before = relation_types(["/zoo/keeper/nationality"], {})
    assert before == {"/zoo/keeper/nationality": "KEEPER_NATIONALITY"}
    assert relation_types(["/people/person/nationality"], before) == {"/people/person/nationality": "NATIONALITY"}


def test_predicate_iris_become_words() -> None:
    assert relation_types(["urn:x:officialLanguage"], {}) == {"urn:x:officialLanguage": "OFFICIAL_LANGUAGE"}
    for iri, name in {
        "http://e.org/ns#officialLanguage": "OFFICIAL_LANGUAGE",
        "<http://dbpedia.org/ontology/birthPlace>": "BIRTH_PLACE",
        "<isLocatedIn>": "IS_LOCATED_IN",
        "http://e.org/HTTPServerName/": "HTTP_SERVER_NAME",
        "http://e.org/%E5%9B%BD%E5%AE%B6": "国家",
        "http://e.org/größe": "GRÖSSE",
        "wdt:P36": "P36",
    }.items():
        assert relation_types([iri], {}) == {iri: name}


def test_number_of_a_wikidata_property_gives_way_to_its_label() -> None:
    assert relation_types(["wdt:P36"], {}, {"wdt:P36": "capital city"}) == {"wdt:P36": "CAPITAL_CITY"}
    assert relation_types(["urn:x:seat"], {}, {"urn:x:seat": "Sitz"}) == {"urn:x:seat": "SEAT"}


def test_relations_that_kwk_itself_writes_can_not_be_taken_by_data() -> None:
    names = relation_types(["urn:x:hasImage", "urn:x:shows"], {})
    assert not set(names.values()) & RESERVED_RELATIONS


def test_labels_of_relations_are_noun_phrases() -> None:
    assert relation_label("/people/person/nationality") == "nationality"
    assert relation_label("/location/country/form_of_government") == "form of government"
    assert relation_label("/people/person/spouse_s./people/marriage/type_of_union") == "type of union of spouse"
    assert relation_label("urn:x:officialLanguage") == "official language"
    assert relation_label("wdt:P36", {"wdt:P36": " capital\u202e of\n"}) == "capital of"
    assert relation_label("") == "relation"


def test_types_become_camel_case_labels() -> None:
    expected = {
        "/location/country": "Country",
        "/tv/tv_actor": "TvActor",
        "/film/actor": "Actor",
        "http://e.org/ns#bigCity": "BigCity",
    }
    assert type_labels(expected, {}) == expected
    assert type_labels(["/film/actor", "/stage/actor"], {}) == {
        "/film/actor": "FilmActor",
        "/stage/actor": "StageActor",
    }
    assert type_labels(["wd:Q6256"], {}, {"wd:Q6256": "sovereign state"}) == {"wd:Q6256": "SovereignState"}


def test_labels_that_kwk_itself_uses_can_not_be_taken_by_data() -> None:
    names = type_labels(["/common/image", "urn:x:Entity", "urn:x:run"], {})
    assert not set(names.values()) & RESERVED_TYPES


@given(st.lists(hostile, unique=True), st.randoms())
def test_hostile_predicates_get_safe_unique_names_in_any_order(paths: list[str], random: Random) -> None:
    names = relation_types(paths, {})
    assert set(names) == set(paths)
    assert len(set(names.values())) == len(names)
    assert not set(names.values()) & RESERVED_RELATIONS
    assert not [name for name in names.values() if unsafe(name)]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in names.values() if name.isascii())
    assert all(len(name) <= 140 for name in names.values())
    random.shuffle(paths)
    assert relation_types(paths, {}) == names


@given(st.lists(hostile, unique=True), st.lists(hostile, unique=True))
def test_second_batch_of_hostile_predicates_leaves_the_first_alone(first: list[str], second: list[str]) -> None:
    taken = relation_types(first, {})
    names = relation_types([*second, *first], taken)
    assert {path: names[path] for path in first} == taken
    assert len(set(names.values())) == len(names)


@given(st.lists(hostile, unique=True), st.randoms())
def test_hostile_types_get_safe_unique_labels_in_any_order(types: list[str], random: Random) -> None:
    names = type_labels(types, {})
    assert set(names) == set(types)
    assert len(set(names.values())) == len(names)
    assert not set(names.values()) & RESERVED_TYPES
    assert not [name for name in names.values() if unsafe(name)]
    random.shuffle(types)
    assert type_labels(types, {}) == names


@given(hostile)
def test_hostile_predicate_always_has_a_printable_label(path: str) -> None:
    label = relation_label(path)
    assert label.strip() == label
    assert label
    assert label.replace("\u200d", "").replace("\u200c", "").isprintable()
