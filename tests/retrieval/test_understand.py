"""A question is understood in the words that people choose, part by part."""

import logging

import pytest

from retrieval.answer import Answerer
from retrieval.grounds import grounds
from retrieval.link import Candidate
from retrieval.names import Named
from retrieval.understand import Understanding, bare, unknown_name

COUNTRY, ATLAS = "urn:kwk:atlas:country/", "urn:kwk:atlas:"


@pytest.fixture
def understanding(answerer: Answerer) -> Understanding:
    """How questions about the atlas are read."""
    return answerer.understanding


def asked(understanding: Understanding, question: str) -> list[tuple[str, str, bool]]:
    """Return subject, relation and wish of each part."""
    found = []
    for each in understanding.understand(question):
        relation = understanding.relations.each[each.slot.relation].path.removeprefix(ATLAS) if each.slot else ""
        found.append((each.subject.name if each.subject else "", relation, each.wish))
    return found


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What city is Peru run from?", [("Peru", "capital", False)]),
        ("who uses the euro", [("Euro", "currency", False)]),
        ("Which country owns Greenland?", [("Greenland", "sovereignState", False)]),
        ("What is the currency of Georgia?", [("Georgia", "currency", False)]),
        ("Do you have a photo of Kenya?", [("Kenya", "", True)]),
        ("What does the flag of Japan look like?", [("Japan", "", True)]),
        ("What is the capital of Peru and what is its currency?",
         [("Peru", "capital", False), ("Peru", "currency", False)]),
        ("What is the capital of Peru? And who are the neighbours of Chile?",
         [("Peru", "capital", False), ("Chile", "neighbour", False)]),
        ("Which country has Lima as its capital? Show me a picture of it.", [("Lima", "capital", True)]),
        ("Show me the flag of Peru and what is the capital of Japan?",
         [("Peru", "", True), ("Japan", "capital", False)]),
    ],
)  # fmt: skip
def test_question_in_ones_own_words_is_understood(
    understanding: Understanding, question: str, parts: list[tuple[str, str, bool]]
) -> None:
    assert asked(understanding, question) == parts


@pytest.mark.parametrize("question", ["What is the UTC offset of Lima?", "Who is the mayor of Lima?"])
def test_what_is_asked_elsewhere_has_no_slot(understanding: Understanding, question: str) -> None:
    (each,) = understanding.understand(question)
    assert each.subject is not None and each.subject.name == "Lima"
    assert each.slot is None and not each.who


def test_name_of_two_is_read_by_what_is_asked_of_it(understanding: Understanding) -> None:
    (country,) = understanding.understand("What is the capital of Luxembourg?")
    (city,) = understanding.understand("Of which country is Luxembourg the capital?")
    assert country.subject is not None and country.subject.id == f"{COUNTRY}LU"
    assert city.subject is not None and city.subject.id.startswith(f"{ATLAS}city/")


def test_nouns_are_what_the_graph_is_about(understanding: Understanding) -> None:
    assert {"country", "city", "currency", "language", "time zone", "continent"} <= set(understanding.nouns)


def test_how_it_was_understood_can_be_read(
    answerer: Answerer, understanding: Understanding, caplog: pytest.LogCaptureFixture
) -> None:
    relations = understanding.relations

    def told(question: str) -> str:
        (each,) = understanding.understand(question)
        return "; ".join(grounds(each, relations, "test-atlas").told())

    assert "country/PE, urn:kwk:atlas:capital for its tail" in told("What is the capital of Peru?")
    assert "not held" not in told("What is the capital of Peru?")
    assert told("Show me Peru") == f"“Peru”: {COUNTRY}PE, no relation"
    assert told("What is Xyzzy?").endswith(": nobody that the graph knows")
    assert "no relation" in told("Who is the president of Peru?")
    with caplog.at_level(logging.INFO, "retrieval"):
        answerer.ask("What is the capital of Peru?")
    assert "understood “What is the capital of Peru”" in caplog.text


@pytest.mark.parametrize(
    ("masked", "left"),
    [
        ("the flag of {x}", "flag of it"),
        ("of the {x}", "it"),
        ("What is {x}?", "what is it"),
        ("the", "the"),
        ("", ""),
    ],
)
def test_articles_and_marks_say_nothing(masked: str, left: str) -> None:
    assert bare(masked) == left


def test_capital_letter_within_a_question_is_a_name() -> None:
    words = frozenset({"what", "is", "the", "capital", "of"})
    somebody = [Candidate(Named("c", "capital", ("capital",), ()), "What is the {x} of Atlantis", 0.1, False)]
    assert unknown_name("What is the capital of Atlantis", somebody, words)
    assert not unknown_name("Which is the capital of it", somebody, words | {"it"})
    assert unknown_name("what is that", [], words)
