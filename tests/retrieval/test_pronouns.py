""" "She" is the last woman who was spoken of, "he" the last man, "it" no person, and "they" each of several."""

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
from retrieval.assemble import open_host
from retrieval.conversation import Conversation, Host
from retrieval.names import Named
from retrieval.pronouns import fitting, of_it, pronoun
from retrieval.spoken import NOTHING

PEOPLE = {"/m/dir": "Delmer Oakes", "/m/she": "Greta Holm", "/m/who": "Robin Vale"}
OTHERS = {"/m/film": ("Silver Harbour", "film/film"), "/m/male": ("Male", "people/gender"),
          "/m/female": ("Female", "people/gender"), "/m/a": ("Alderby", "location/citytown"),
          "/m/b": ("Brackwater", "location/citytown")}  # fmt: skip
FACTS = [
    ("/m/film", "/film/film/directed_by", "/m/dir"),
    ("/m/dir", "/people/person/gender", "/m/male"),
    ("/m/she", "/people/person/gender", "/m/female"),
    ("/m/dir", "/people/person/place_of_birth", "/m/a"),
    ("/m/she", "/people/person/place_of_birth", "/m/b"),
    ("/m/dir", "/people/person/spouse_s./people/marriage/spouse", "/m/she"),
]


@pytest.fixture(scope="module")
def host(stores: Stores, tower: Tower, home: Path) -> Iterator[Host]:
    """What answers conversations about a film and the people who made it, in Freebase's terms."""
    name = f"test-people-{uuid.uuid4().hex[:8]}"
    people = [Entity(id, said, (said,), types=("/people/person",)) for id, said in PEOPLE.items()]
    others = [Entity(id, said, (said,), types=(f"/{kind}",)) for id, (said, kind) in OTHERS.items()]
    source = Source("people", entities=people + others, triples=[Triple(*fact) for fact in FACTS])
    load(Target(stores.driver, stores.engine, name, home), source, tower)
    yield open_host(stores, name, home, None)
    removal.remove_graph(stores.driver, stores.engine, name)


def last(host: Host, *turns: str) -> str:
    """Return what is said at the end of a conversation."""
    conversation = Conversation()
    return [host.turn(conversation, turn).answer.text for turn in turns][-1]


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (("Who directed Silver Harbour?", "Where was he born?"), "Delmer Oakes was born in Alderby."),
        (("Who is the wife of Delmer Oakes?", "Where was she born?"), "Greta Holm was born in Brackwater."),
        (("Who is the wife of Delmer Oakes?", "Where was he born?"), "Delmer Oakes was born in Alderby."),
        (("Who directed Silver Harbour?", "Who directed it?"), "Silver Harbour was directed by Delmer Oakes."),
    ],
)  # fmt: skip
def test_a_pronoun_means_the_last_whom_it_fits(host: Host, turns: tuple[str, ...], said: str) -> None:
    assert last(host, *turns) == said


def test_nobody_else_is_meant_where_nobody_fits(host: Host) -> None:
    assert last(host, "Who directed Silver Harbour?", "Where was she born?").startswith(
        "The graph knows none of the names"
    )


def test_gender_is_read_from_the_graph_and_rules_out_what_it_tells(host: Host) -> None:
    understanding = host.answerer.understanding
    director, actress, unknown, film = (understanding.names.by_id[f"/m/{id}"] for id in ("dir", "she", "who", "film"))
    spoken = [film, director, actress, unknown]
    assert fitting(understanding, "he", spoken) == [director]
    assert fitting(understanding, "she", spoken) == [actress]
    assert fitting(understanding, "she", [unknown, actress]) == [unknown]
    assert fitting(understanding, "it", spoken) == [film]
    assert fitting(understanding, "they", spoken) == spoken
    assert fitting(understanding, "she", [film]) == [film]


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (("Which countries border Portugal and speak Spanish?", "What is their currency?"),
         "The currency of Spain is the Euro."),
        (("Of Peru, Chile and Japan, which border Bolivia?", "What are their capitals?"),
         "The capital of Peru is Lima. The capital of Chile is Santiago."),
        (("What are the capitals of Peru and Kenya?", "And what are their currencies?"),
         "The currency of Peru is the Peruvian Sol. The currency of Kenya is the Kenyan Shilling."),
        (("Of Peru, Chile and Japan, which border Bolivia?", "Show me their flags"),
         "Here is a picture of Peru. The graph has no picture of Chile."),
        (("Show me the flags of Peru and Japan", "What are their capitals?"),
         "The capital of Peru is Lima. The capital of Japan is Tokyo."),
        (("Of Peru, Chile and Japan, which border Bolivia?", "Thanks!", "What are their currencies?"),
         "The currency of Peru is the Peruvian Sol. The currency of Chile is the Chilean Peso."),
        (("Which countries border Peru?", "What is the capital of Japan?", "What is their currency?"),
         "The currency of Japan is the Japanese Yen."),
    ],
)  # fmt: skip
def test_what_is_asked_of_them_is_asked_of_each(answerer: Answerer, turns: tuple[str, ...], said: str) -> None:
    spoken, text = NOTHING, ""
    for turn in turns:
        answer, spoken = answerer.turn(turn, None, spoken)
        text = answer.text
    assert text == said


@pytest.mark.parametrize(
    ("text", "said", "it"),
    [
        ("Where was she born?", "she", "Where was it born?"),
        ("Who is her husband?", "she", "Who is its husband?"),
        ("Who married her?", "she", "Who married it?"),
        ("What are their capitals?", "they", "What are its capitals?"),
        ("What is its capital?", "it", "What is its capital?"),
        ("Where is this?", None, "Where is this?"),
    ],
)
def test_relations_are_asked_for_of_it(text: str, said: str | None, it: str) -> None:
    assert (pronoun(text), of_it(text)) == (said, it)


def test_what_has_no_type_is_no_person(host: Host) -> None:
    thing = Named("x", "X", ("X",), ())
    assert fitting(host.answerer.understanding, "it", [thing]) == [thing]
