"""What the graph holds is read as it is now, bounded in size and in time."""

import pytest

from kg import adjacency
from kg.errors import StoreError
from kg.stores import Stores
from retrieval import ground, queries
from retrieval.answer import Answerer
from retrieval.ground import Filled, Slot

COUNTRY, ATLAS = "urn:kwk:atlas:country/", "urn:kwk:atlas:"
PERU = f"{COUNTRY}PE"


def slot(answerer: Answerer, subject: str, relation: str, direction: str = "tail") -> Slot:
    return Slot(subject, answerer.understanding.relations.by_path[ATLAS + relation], direction)  # type: ignore[arg-type]


def test_slots_of_a_turn_are_filled_in_their_order(answerer: Answerer) -> None:
    relations = answerer.understanding.relations
    asked = [
        slot(answerer, PERU, "neighbour"),
        slot(answerer, "nobody", "capital"),
        slot(answerer, f"{COUNTRY}JP", "capital"),
    ]
    neighbours, nobody, capital = answerer.reader.fill(asked, relations)
    assert {edge.other.name for edge in neighbours.edges} == {"Bolivia", "Brazil", "Chile", "Colombia", "Ecuador"}
    assert nobody == Filled((), 0)
    assert [(edge.head, edge.relation, edge.other.name) for edge in capital.edges] == [
        (f"{COUNTRY}JP", f"{ATLAS}capital", "Tokyo")
    ]
    assert answerer.reader.fill([], relations) == []


def test_answers_beyond_the_limit_are_counted_and_the_best_connected_kept(answerer: Answerer) -> None:
    relations = answerer.understanding.relations
    asked = [slot(answerer, "urn:kwk:atlas:continent/AF", "continent", "head")]
    (every,) = answerer.reader.fill(asked, relations)
    (few,) = answerer.reader.fill(asked, relations, limit=2)
    assert few.edges == every.edges[:2]
    assert few.total == every.total == len(every.edges) > 50


def test_entity_has_its_own_relations_and_their_counts(answerer: Answerer) -> None:
    relations = answerer.understanding.relations
    own = answerer.reader.own([PERU, "nobody"], relations)
    assert set(own) == {PERU}
    assert own[PERU].answers[2 * relations.by_path[f"{ATLAS}neighbour"]] == 5
    assert own[PERU].degree >= sum(own[PERU].answers.values())
    assert answerer.reader.own([], relations) == {}


def test_pictures_of_entities_are_found(answerer: Answerer) -> None:
    norway, svalbard = f"{COUNTRY}NO", f"{COUNTRY}SJ"
    images = answerer.reader.images([norway, svalbard, "nobody"])
    assert {entity: len(found) for entity, found in images.items()} == {norway: 4, svalbard: 2}
    assert len({image.path for image in images[svalbard]}) == 2
    assert {image.sha256 for image in images[svalbard]} < {image.sha256 for image in images[norway]}
    assert answerer.reader.images([]) == {}


def test_description_is_empty_where_the_graph_says_nothing(answerer: Answerer, films: Answerer) -> None:
    assert answerer.reader.description(PERU) == "Country in South America."
    assert answerer.reader.description("nobody") == films.reader.description("/m/1") == ""


def test_query_that_takes_too_long_is_ended(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "TIMEOUT", 0.1)
    endless = "UNWIND range(1, 1000000000000) AS n WITH n WHERE n % 2 = 3 RETURN count(n) AS n"
    with pytest.raises(StoreError, match="(?i)timed out|timeout|terminated"):
        answerer.reader.rows(endless)


def test_query_that_is_wrong_is_said_in_a_sentence(answerer: Answerer, atlas: str) -> None:
    with pytest.raises(StoreError, match=f"could not answer a question about the graph '{atlas}'"):
        answerer.reader.rows("MATCH (n RETURN n")


def test_an_image_that_was_dropped_is_shown_to_nobody_and_the_experts_choice_comes_first(
    answerer: Answerer, stores: Stores, atlas: str
) -> None:
    def standing(path: str, **properties: str | int | None) -> None:
        stores.driver.execute_query(
            "MATCH (:Entity {graph: $g, id: $id})-[h:HAS_IMAGE {path: $path}]->() SET h += $properties",
            g=atlas, id=PERU, path=path, properties=properties,
        )  # fmt: skip

    before = answerer.reader.images([PERU])[PERU]
    first, second, third, fourth = (image.path for image in before)
    try:
        standing(first, gate="dropped")
        standing(second, gate="kept", typicality_rank=2)
        standing(third, gate="kept", typicality_rank=1)
        standing(fourth, gate="chosen", typicality_rank=9)
        assert [image.path for image in answerer.reader.images([PERU])[PERU]] == [fourth, third, second]
        known = {row["path"] for row in answerer.reader.rows(queries.PICTURES) if row["entity"] == PERU}
        assert known == {second, third, fourth}
        (shown,) = [each for each in adjacency.load(stores.driver, atlas).entities if each.id == PERU]
        assert [image.path for image in shown.images] == [fourth, third, second]
    finally:
        for image in before:
            standing(image.path, gate="unjudged", typicality_rank=None)
