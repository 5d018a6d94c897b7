"""Of several answers the one with the largest or smallest number is named, with its edge and its number."""

import pytest

from retrieval.answer import Answerer
from retrieval.names import Named
from retrieval.superlatives import best, superlative, without
from retrieval.understood import Superlative

ONE, OTHER, THIRD = (Named(id, id.upper(), (id.upper(),), ()) for id in ("one", "other", "third"))


@pytest.mark.parametrize(
    ("text", "said", "properties", "more"),
    [
        ("What is the smallest country in Europe?", "smallest", {"area"}, False),
        ("Which country has the most people?", "most people", {"population", "population_number"}, True),
        ("Which is the MOST POPULOUS of them?", "most populous", {"population", "population_number"}, True),
        ("Who is the tallest of the Beatles?", "tallest", {"height_meters"}, True),
    ],
)
def test_superlatives_are_those_of_what_is_compared(text: str, said: str, properties: set[str], more: bool) -> None:
    found = superlative(text)
    assert found is not None
    assert (found.said, set(found.properties), found.more) == (said, properties, more)


@pytest.mark.parametrize("text", ["Which religion is most common?", "What is the capital?", "Is it a forest?"])
def test_what_no_number_is_said_of_is_no_superlative(text: str) -> None:
    assert superlative(text) is None


def test_question_without_its_superlative_still_asks() -> None:
    people = superlative("the most people")
    assert people is not None
    assert without(people, "Which country in {x} has the most people?") == "Which country in {x} ?"


def test_the_number_that_most_have_decides_and_equals_win_together() -> None:
    asked = Superlative("largest", ("area", "size"), more=True)
    numbers = {"one": {"area": 2.0, "size": 9.0}, "other": {"area": 2.0}, "third": {"area": 1.0}}
    found = best(asked, [ONE, OTHER, THIRD], numbers)
    assert found is not None
    assert (found.winners, found.name, found.value, found.of) == ((ONE, OTHER), "area", 2.0, 3)
    assert best(asked, [ONE], {}) is None


@pytest.mark.parametrize(
    ("question", "name", "number"),
    [
        ("Which is the most populous neighbour of Peru?", "Brazil", "population"),
        ("What is the largest neighbour of Peru?", "Brazil", "area"),
        ("Which neighbour of Peru has the fewest inhabitants?", "Bolivia", "population"),
    ],
)
def test_the_first_in_an_order_is_named_with_its_edge_and_its_number(
    answerer: Answerer, question: str, name: str, number: str
) -> None:
    answer = answerer.ask(question)
    assert answer.text.startswith(f"{name}. The {number} of {name} is ") and answer.grounded
    edge, value = answer.evidence
    assert {edge.subject, edge.object} == {"Peru", name}
    assert (value.subject, value.relation, value.object_id) == (name, number, "")


def test_relation_that_is_called_so_is_asked_for_itself(answerer: Answerer) -> None:
    assert answerer.ask("What is the largest city of Brazil?").text == "The largest city of Brazil is São Paulo."
