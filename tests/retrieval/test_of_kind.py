"""Only what is of the kind that is asked for is named, by its types or by an edge to what the kind is."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.load import load
from ingest.target import Target, Tower
from kg import removal
from kg.stores import Stores
from kg.types import Entity, Source, Triple
from retrieval.answer import Answerer
from retrieval.assemble import open_answerer
from retrieval.kinds import is_of_kind, said_kind

PERSON, TOWN, UNIVERSITY, TRADE = (
    "/people/person", "/location/citytown", "/education/university", "/people/profession"
)  # fmt: skip
ENTITIES = {
    "/m/ann": ("Ann Arden", PERSON), "/m/ben": ("Ben Brook", PERSON), "/m/cay": ("Cay Coles", PERSON),
    "/m/dee": ("Dee Dunn", PERSON), "/m/town": ("Alderby", TOWN), "/m/ford": ("Brackford", TOWN),
    "/m/west": ("Westmark", "/location/region"), "/m/east": ("Eastmark", "/location/region"),
    "/m/uni": ("Alder Hall", UNIVERSITY), "/m/politician": ("politician", TRADE), "/m/drummer": ("drummer", TRADE),
}  # fmt: skip
BORN, TRADE_OF, WITHIN = (
    "/location/location/people_born_here",
    "/people/person/profession",
    "/location/location/contains",
)
AREAS = {"/m/town": 7.0, "/m/uni": 9.0, "/m/ford": 8.0}
FACTS = [
    ("/m/town", BORN, "/m/ann"), ("/m/town", BORN, "/m/ben"), ("/m/town", BORN, "/m/cay"), ("/m/ford", BORN, "/m/dee"),
    ("/m/ann", TRADE_OF, "/m/politician"), ("/m/cay", TRADE_OF, "/m/politician"), ("/m/ben", TRADE_OF, "/m/drummer"),
    ("/m/west", WITHIN, "/m/town"), ("/m/west", WITHIN, "/m/uni"), ("/m/east", WITHIN, "/m/ford"),
]  # fmt: skip


@pytest.fixture(scope="module")
def marks(stores: Stores, tower: Tower, home: Path) -> Iterator[Answerer]:
    """What answers about two regions and who was born there, in Freebase's terms."""
    name = f"test-marks-{uuid.uuid4().hex[:8]}"
    entities = [
        Entity(id, said, (said,), types=(kind,), properties={"area": AREAS[id]} if id in AREAS else {})
        for id, (said, kind) in ENTITIES.items()
    ]
    source = Source("marks", entities=entities, triples=[Triple(*fact) for fact in FACTS])
    load(Target(stores.driver, stores.engine, name, home), source, tower)
    yield open_answerer(stores, name, home)
    removal.remove_graph(stores.driver, stores.engine, name)


@pytest.mark.parametrize(
    ("asked", "nouns", "anything"),
    [
        ("Which politicians were born in {x}?", ("politician",), "what were born in {x}?"),
        ("Name a public university in {x}", ("public university", "university"), "what is in {x}"),
        ("who is a drummer that was born in {x}", ("drummer",), "what was born in {x}"),
        ("How many actors died in {x}?", ("actor",), "what died in {x}?"),
        ("what are some cities in {x}", ("city",), "what is in {x}"),
        ("Who is an artist whose genre is {x}?", ("artist",), "what is whose genre is {x}?"),
        ("What is a place in {x}?", (), ""),
        ("What is the capital of {x}?", (), ""),
        ("Which of them are cities?", (), ""),
        ("What borders {x}?", (), ""),
        ("", (), ""),
    ],
)
def test_kind_that_is_asked_for_is_read_from_the_question(asked: str, nouns: tuple[str, ...], anything: str) -> None:
    assert said_kind(asked) == (nouns, anything)


def test_a_baseball_player_is_a_player_and_a_movie_a_film() -> None:
    assert is_of_kind(["/baseball/baseball_player"], "player")
    assert is_of_kind(["/film/film"], "movie")
    assert not is_of_kind(["/film/film"], "player")
    assert not is_of_kind([], "film")


def test_only_those_are_named_whom_an_edge_makes_of_the_kind_and_it_is_cited(marks: Answerer) -> None:
    answer = marks.ask("Which politicians were born in Alderby?")
    assert "Ann Arden" in answer.text
    assert "Cay Coles" in answer.text
    assert "Ben Brook" not in answer.text
    cited = {(edge.subject, edge.relation, edge.object) for edge in answer.evidence}
    assert cited == {
        ("Alderby", BORN, "Ann Arden"),
        ("Alderby", BORN, "Cay Coles"),
        ("Ann Arden", TRADE_OF, "politician"),
        ("Cay Coles", TRADE_OF, "politician"),
    }
    assert marks.ask("How many politicians were born in Alderby?").text.endswith("That is 2 in all.")


@pytest.mark.parametrize("asks", ["Which politicians", "How many politicians"])
def test_where_no_answer_is_of_the_kind_that_is_said(marks: Answerer, asks: str) -> None:
    answer = marks.ask(f"{asks} were born in Brackford?")
    assert answer.text == "The graph holds no answer that it calls “politician”."
    assert not answer.evidence


def test_what_the_graph_does_not_know_as_a_kind_leaves_nobody_out(marks: Answerer) -> None:
    assert "Dee Dunn" in marks.ask("Which wizards were born in Brackford?").text


def test_a_kind_whose_relation_is_not_understood_is_looked_for_among_all_that_is_there(marks: Answerer) -> None:
    answer = marks.ask("What universities are in Westmark?")
    assert [edge.object for edge in answer.evidence] == ["Alder Hall"]
    assert not marks.ask("What universities are in Eastmark?").grounded
    assert marks.ask("What is in Eastmark?").grounded


@pytest.mark.parametrize("asks", ["What is the largest town in Westmark?", "Which town in Westmark is the largest?"])
def test_the_largest_town_is_a_town_and_no_larger_university(marks: Answerer, asks: str) -> None:
    assert marks.ask(asks).text == "Alderby. The area of Alderby is 7, the only one that the graph holds."
