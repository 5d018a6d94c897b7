"""The bundled sample: whoever has kwk has a true, complete atlas with pictures, and may pass it on."""

import re
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef

from ingest.sample import folder
from ingest.sample.recipe.curation import city_choices, country_choices, sovereigns
from ingest.sample.recipe.turtle import Text, document
from ingest.sample.recipe.vocabulary import vocabulary

ATLAS = Namespace("urn:kwk:atlas:")
SCHEMA = Namespace("https://schema.org/")
LANGUAGES = {"en", "de", "fr", "es", "zh"}
STYLES = {"noto", "twemoji", "flagicons", "flagiconsSquare"}
BASE = "https://atlas.invalid/"
MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def atlas() -> Graph:
    graph = Graph()
    graph.parse(folder() / "atlas.ttl", publicID=BASE)
    return graph


@pytest.fixture(scope="module")
def countries(atlas: Graph) -> list[URIRef]:
    return [country for country in atlas.subjects(RDF.type, ATLAS.Country) if isinstance(country, URIRef)]


def named(atlas: Graph, kind: str, name: str) -> URIRef:
    (found,) = (
        node for node in atlas.subjects(RDFS.label, Literal(name, lang="en")) if (node, RDF.type, ATLAS[kind]) in atlas
    )
    assert isinstance(found, URIRef)
    return found


def label(atlas: Graph, node: object, lang: str = "en") -> str | None:
    labels = (text for text in atlas.objects(node, RDFS.label) if isinstance(text, Literal))  # type: ignore[arg-type]
    return next((str(text) for text in labels if text.language == lang), None)


def pictures(atlas: Graph, country: URIRef) -> list[Path]:
    return [folder() / str(image).removeprefix(BASE) for image in atlas.objects(country, SCHEMA.image)]


def test_the_atlas_holds_the_countries_cities_and_the_rest_it_promises(atlas: Graph) -> None:
    kinds = Counter(atlas.objects(None, RDF.type))
    counts = {str(kind).removeprefix(ATLAS): count for kind, count in kinds.items() if str(kind).startswith(ATLAS)}
    assert counts == {"Country": 250, "City": 728, "TimeZone": 291, "Currency": 153, "Language": 115, "Continent": 7}
    assert len(set(atlas.subjects(ATLAS.capital))) == 243


@pytest.mark.parametrize(
    ("kind", "name", "relation", "answers"),
    [
        ("Country", "Peru", "capital", {"Lima"}),
        ("Country", "Japan", "capital", {"Tokyo"}),
        ("Country", "Brazil", "capital", {"Brasília"}),
        ("Country", "Australia", "capital", {"Canberra"}),
        ("Country", "United States", "capital", {"Washington"}),
        ("Country", "Japan", "currency", {"Japanese Yen"}),
        ("Country", "Germany", "currency", {"Euro"}),
        ("Country", "Bulgaria", "currency", {"Euro"}),
        ("Country", "Peru", "continent", {"South America"}),
        ("Country", "Portugal", "neighbour", {"Spain"}),
        ("Country", "Iceland", "neighbour", set()),
        ("Country", "Switzerland", "officialLanguage", {"German", "French", "Italian", "Romansh"}),
        ("Country", "Mexico", "officialLanguage", {"Spanish"}),
        ("Country", "Turkey", "largestCity", {"Istanbul"}),
        ("Country", "Greenland", "sovereignState", {"Denmark"}),
        ("City", "Munich", "country", {"Germany"}),
        ("City", "Lima", "timeZone", {"America/Lima"}),
    ],
)
def test_facts_that_everybody_knows_are_true(
    atlas: Graph, kind: str, name: str, relation: str, answers: set[str]
) -> None:
    assert {label(atlas, tail) for tail in atlas.objects(named(atlas, kind, name), ATLAS[relation])} == answers


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("Country", ("Peru", "Peru", "Pérou", "Perú", "秘鲁")),
        ("Country", ("Bolivia", "Bolivien", "Bolivie", "Bolivia", "玻利维亚")),
        ("Country", ("Russia", "Russland", "Russie", "Rusia", "俄罗斯")),
        ("Country", ("Algeria", "Algerien", "Algérie", "Argelia", "阿尔及利亚")),
        ("Currency", ("Japanese Yen", "Japanischer Yen", "yen japonais", "yen japonés", "日元")),
        ("Language", ("Spanish", "Spanisch", "espagnol", "español", "西班牙语")),
        ("City", ("Munich", "München", "Munich", "Múnich", "慕尼黑")),
    ],
)
def test_names_are_the_common_ones_in_five_languages(atlas: Graph, kind: str, names: tuple[str, ...]) -> None:
    node = named(atlas, kind, names[0])
    assert tuple(label(atlas, node, lang) for lang in ("en", "de", "fr", "es", "zh")) == names


@pytest.mark.parametrize("kind", ["Country", "Continent", "Language"])
def test_countries_continents_and_languages_have_one_name_in_each_of_five_languages(atlas: Graph, kind: str) -> None:
    for node in atlas.subjects(RDF.type, ATLAS[kind]):
        labels = [text.language for text in atlas.objects(node, RDFS.label) if isinstance(text, Literal)]
        assert sorted(map(str, labels)) == sorted(LANGUAGES), node


def test_every_entity_has_one_english_name_and_a_description(atlas: Graph) -> None:
    for kind in ("Country", "City", "Continent", "Currency", "Language", "TimeZone"):
        for node in atlas.subjects(RDF.type, ATLAS[kind]):
            labels = Counter(text.language for text in atlas.objects(node, RDFS.label) if isinstance(text, Literal))
            assert labels["en"] == 1 and max(labels.values()) == 1, node
            assert atlas.value(node, SCHEMA.description), node


def test_aliases_add_names_people_use_and_never_repeat_the_name(atlas: Graph) -> None:
    for name, alias in [("United Kingdom", "UK"), ("United States", "USA"), ("Myanmar", "Burma")]:
        assert Literal(alias, lang="en") in set(atlas.objects(named(atlas, "Country", name), SKOS.altLabel))
    assert not [node for node, alias in atlas.subject_objects(SKOS.altLabel) if (node, RDFS.label, alias) in atlas]


def test_every_property_in_use_is_declared_and_named_in_five_languages(atlas: Graph) -> None:
    used = {predicate for predicate in atlas.predicates() if str(predicate).startswith(ATLAS)}
    declared = set(atlas.subjects(RDF.type, OWL.ObjectProperty)) | set(atlas.subjects(RDF.type, OWL.DatatypeProperty))
    assert used == declared
    for predicate in declared:
        assert re.fullmatch(r"[a-z]+[A-Za-z0-9]*", str(predicate).removeprefix(ATLAS))
        labels = {text.language for text in atlas.objects(predicate, RDFS.label) if isinstance(text, Literal)}
        assert labels == LANGUAGES, predicate


def test_every_entity_that_is_mentioned_is_described_and_of_the_declared_kind(atlas: Graph) -> None:
    for relation in atlas.subjects(RDF.type, OWL.ObjectProperty):
        assert isinstance(relation, URIRef)
        domain, range_ = atlas.value(relation, RDFS.domain), atlas.value(relation, RDFS.range)
        for head, tail in atlas.subject_objects(relation):
            assert (head, RDF.type, domain) in atlas, (head, relation)
            assert (tail, RDF.type, range_) in atlas, (relation, tail)


def test_literals_have_the_declared_datatypes(atlas: Graph) -> None:
    for relation in atlas.subjects(RDF.type, OWL.DatatypeProperty):
        assert isinstance(relation, URIRef)
        expected = atlas.value(relation, RDFS.range)
        for _, value in atlas.subject_objects(relation):
            assert isinstance(value, Literal)
            assert (value.datatype or URIRef("http://www.w3.org/2001/XMLSchema#string")) == expected, (relation, value)


def test_neighbours_are_mutual(atlas: Graph) -> None:
    pairs = set(atlas.subject_objects(ATLAS.neighbour))
    assert len(pairs) > 600
    assert pairs == {(second, first) for first, second in pairs}
    assert all(first != second for first, second in pairs)


def test_a_capital_and_a_largest_city_lie_in_their_own_country(atlas: Graph) -> None:
    for relation in (ATLAS.capital, ATLAS.largestCity):
        for country, city in atlas.subject_objects(relation):
            assert (city, ATLAS.country, country) in atlas, (country, city)


def test_each_country_has_two_to_four_pictures_that_decode_at_224_pixels(atlas: Graph, countries: list[URIRef]) -> None:
    for country in countries:
        found = pictures(atlas, country)
        styles = {path.stem.split("-")[-1] for path in found}
        assert 2 <= len(found) <= 4 and len(styles) == len(found) and styles <= STYLES, country
        for path in found:
            with Image.open(path) as image:
                image.load()
                assert (image.format, image.size, image.mode) == ("WEBP", (224, 224), "RGB"), path


def test_no_country_shows_the_same_picture_in_two_styles(atlas: Graph, countries: list[URIRef]) -> None:
    for country in countries:
        found = pictures(atlas, country)
        assert len({path.read_bytes() for path in found}) == len(found), country


def test_a_picture_is_that_of_two_countries_only_where_a_territory_flies_its_states_flag(
    atlas: Graph, countries: list[URIRef]
) -> None:
    bearers: dict[bytes, list[URIRef]] = defaultdict(list)
    for country in countries:
        for path in pictures(atlas, country):
            bearers[path.read_bytes()].append(country)
    shared = {country for codes in bearers.values() if len(codes) > 1 for country in codes}
    territories = {country for country in shared if atlas.value(country, ATLAS.sovereignState)}
    assert {str(code)[-2:] for code in territories} == {"BV", "HM", "MF", "SJ", "UM"}
    assert shared - territories == {atlas.value(territory, ATLAS.sovereignState) for territory in territories}


def test_the_pictures_are_the_ones_named_and_stay_below_six_megabytes(atlas: Graph, countries: list[URIRef]) -> None:
    present = set((folder() / "images").iterdir())
    assert present == {path for country in countries for path in pictures(atlas, country)}
    assert sum(path.stat().st_size for path in present) <= MOST_BYTES


def test_the_files_name_their_licences_and_no_machine() -> None:
    licences = (folder() / "LICENSES.md").read_text(encoding="utf-8")
    for word in (
        "GeoNames",
        "CC BY 4.0",
        "LGPL-2.1-or-later",
        "Twemoji",
        "Noto Emoji",
        "flag-icons",
        "UNICODE LICENSE V3",
    ):
        assert word in licences
    texts = [path for path in folder().rglob("*") if path.suffix in {".md", ".ttl", ".py", ".toml", ".tsv", ".txt"}]
    assert len(texts) >= 5
    for path in texts:
        assert not re.search(
            r"/(home|root|work|tmp)/|https?://[^/]*registry|localhost", path.read_text(encoding="utf-8")
        ), path


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_a_name_with_quotes_or_line_breaks_survives_the_rebuild(name: str) -> None:
    graph = Graph().parse(data=document({"city:1": {"rdfs:label": [Text(name, "en")]}}), format="turtle")
    assert list(graph.objects(ATLAS["city/1"], RDFS.label)) == [Literal(name, lang="en")]


def test_a_rebuild_writes_the_same_bytes_whatever_order_the_facts_come_in() -> None:
    facts: list[tuple[str, list[Text | Decimal]]] = [
        ("atlas:area", [Decimal(3)]),
        ("rdfs:label", [Text("Pérou", "fr"), Text("Peru", "de")]),
        ("atlas:x", []),
    ]
    written = document({"country:PE": dict(facts)})
    assert written == document({"country:PE": {name: values[::-1] for name, values in reversed(facts)}})
    assert written.endswith('country:PE\n    rdfs:label "Peru"@de, "Pérou"@fr ;\n    atlas:area 3.0 .\n')


def test_what_was_decided_by_hand_is_in_the_atlas(atlas: Graph) -> None:
    for choice in city_choices():
        city = ATLAS[f"city/{choice.id}"]
        assert {lang: label(atlas, city, lang) for lang in choice.labels} == choice.labels
        assert (city, ATLAS.country, ATLAS[f"country/{choice.country}"]) in atlas
    choices = country_choices()
    for code, state in sovereigns(choices).items():
        assert (ATLAS[f"country/{code}"], ATLAS.sovereignState, ATLAS[f"country/{state}"]) in atlas
    for code, city in choices["capital"].items():
        assert (ATLAS[f"country/{code}"], ATLAS.capital, ATLAS[f"city/{city}"]) in atlas
    declared = Graph().parse(data=document(vocabulary()), format="turtle")
    assert not [fact for fact in declared if fact not in atlas]
