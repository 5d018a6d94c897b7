"""What strings can prove of a text, and that nothing which they can disprove is let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.llm.entail import REASONS, Source, check_pair, check_round, check_sentence
from dialogue.llm.names import Everybody, Pair
from dialogue.llm.vocabulary import vocabulary
from dialogue.material import all_wordings
from kg.adjacency import Relation, Vertex
from kg.adjacency import build as adjacency

CAPITAL, CITY = "urn:kwk:atlas:capital", "urn:kwk:atlas:largestCity"
PERU, LIMA, BOSTON, COLLEGE = ("Peru", "Republic of Peru", "PE"), ("Lima",), ("Boston",), ("Boston College",)
GRAPH = adjacency(
    "small",
    [
        Vertex("p", PERU, ("Country",)),
        Vertex("l", LIMA, ("City",)),
        Vertex("b", BOSTON, ("City",)),
        Vertex("c", COLLEGE, ("College",)),
        Vertex("o", ("The Who",), ("Band",)),
        Vertex("f", ("film",), ("Genre",)),
    ],
    [
        Relation(CAPITAL, "CAPITAL", "capital"),
        Relation(CITY, "LARGEST_CITY", "largest city"),
        Relation("v:locatedIn", "LOCATED_IN", "located in"),
    ],
    [("p", CAPITAL, "l"), ("p", CITY, "l"), ("c", "v:locatedIn", "b")],
)  # fmt: skip
KNOWN = vocabulary(GRAPH.relations, all_wordings(GRAPH, "en"))
EVERYBODY = Everybody(GRAPH)


def source(subject: tuple[str, ...] = PERU, answer: tuple[str, ...] = LIMA, relation: str = CAPITAL) -> Source:
    return Source(relation, "tail", Pair(subject, answer), KNOWN[relation], EVERYBODY)


@pytest.mark.parametrize(
    "text",
    [
        "The capital of Peru is Lima.",
        "Lima is the capital of the Republic of Peru.",
        "LIMA is Peru\u2019s capital.",
        "In Peru, Lima is the city from which the country is governed.",
    ],
)
def test_a_sentence_that_states_the_fact_is_taken(text: str) -> None:
    assert check_sentence(source(), text) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("The capital of Peru is a city.", "answer_missing"),
        ("The capital is Lima.", "subject_missing"),
        ("The capital of pe is Lima.", "subject_missing"),
        ("The capital of Peru is Limassol.", "answer_missing"),
        ("The capital of Peru isn't Lima.", "negated"),
        ("The capital of Peru isn\u2019t Lima.", "negated"),
        ("Lima might be the capital of Peru.", "hedged"),
        ("Lima, with 10 million people, is the capital of Peru.", "added_number"),
        ("Lima is the capital of Peru and Boston is a capital, too.", "other_entity"),
        ("The Who sing that Lima is the capital of Peru.", "other_entity"),
        ("Lima, on the river Rimac, is the capital of Peru.", "added_name"),
        ("Lima is known to be loved by Peru.", "unrelated"),
        ("Peru is the capital of Lima.", "reversed"),
        ("Peru is an official capital of Lima.", "reversed"),
        ("It is said that the capital of Lima is the city of Peru.", "reversed"),
        ("The largest city of Peru is Lima.", "other_relation"),
        ("Lima is the capital of Peru. \u9996\u90fd", "other_script"),
        ("Lima is the capital of Peru <image>.", "markup"),
        ("Lima is the capital of Peru\u2028.", "markup"),
        ("I'm sorry, but Lima is the capital of Peru.", "refused"),
        ("Lima is the capital of Peru." * 20, "too_long"),
    ],
)
def test_a_sentence_that_says_something_else_is_not(text: str, reason: str) -> None:
    assert check_sentence(source(), text) == reason
    assert reason in REASONS


def test_a_name_within_another_is_not_taken_for_it() -> None:
    college = source(COLLEGE, BOSTON, "v:locatedIn")
    assert check_sentence(college, "Boston College is located nearby.") == "answer_missing"
    assert check_sentence(college, "Boston College is located in Boston.") == ""
    assert check_pair(college, "Where is Boston College located?", "It is located in Boston.") == ""
    assert check_pair(college, "Where in Boston is Boston College located?", "In Boston.") == "answer_given"
    assert source(("Lima", "Peru"), LIMA).impossible


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("What is the capital of Peru?", "Lima.", ""),
        ("Peru is governed from which city?", "Peru is governed from Lima.", ""),
        ("What is the capital of Peru", "Lima.", "no_question"),
        ("What is it? The capital of Peru?", "Lima.", "no_question"),
        ("The capital of Peru?", "Lima.", "no_question"),
        ("Does Peru have a capital?", "Lima.", "yes_no"),
        ("What is Lima to Peru?", "Lima is the capital.", "answer_given"),
        ("What is the capital?", "Lima.", "subject_missing"),
        ("What is the capital of Peru?", "I know.", "answer_missing"),
        ("What is the largest city of Peru?", "Lima.", "other_relation"),
        ("Which country has Peru as its capital?", "Lima.", "reversed"),
        ("What about Peru?", "Lima.", "unrelated"),
        ("What is the capital of Peru?", "Lima, rather than Boston.", "negated"),
    ],
)
def test_questions_and_answers(question: str, answer: str, reason: str) -> None:
    assert check_pair(source(), question, answer) == reason


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_checked_without_an_error(one: str, other: str) -> None:
    for text in (one, f"{one} Peru {other} Lima", f"What {one} Peru {other}?"):
        assert check_sentence(source(), text) in {"", *REASONS}
        assert check_pair(source(), text, other) in {"", *REASONS}
        assert check_round(source(), text, other, (True, False)) in {"", *REASONS}


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4), st.text(max_size=40))
def test_any_names_are_looked_for_without_an_error(subject: list[str], answer: list[str], text: str) -> None:
    for each in Pair(subject, answer).within(f"{text} {' '.join(subject)} {' '.join(answer)}"):
        assert each.start < each.end
        assert each.whom in (0, 1)
