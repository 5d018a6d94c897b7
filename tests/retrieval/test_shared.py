"""What two share is named with the edges of both, and nothing that only one of them has."""

import pytest

from retrieval.answer import Answerer

PERU, BOLIVIA, CHILE = (f"urn:kwk:atlas:country/{code}" for code in ("PE", "BO", "CL"))


@pytest.mark.parametrize(
    ("question", "names", "both"),
    [
        ("Which languages do Peru and Bolivia both speak?", {"Spanish", "Quechua"}, {PERU, BOLIVIA}),
        ("Which languages are spoken in both Peru and Bolivia?", {"Spanish", "Quechua"}, {PERU, BOLIVIA}),
        ("Which countries border both Peru and Chile?", {"Bolivia"}, {PERU, CHILE}),
        ("Which neighbours do Peru and Chile have together?", {"Bolivia"}, {PERU, CHILE}),
    ],
)
def test_answers_that_two_share_are_named_with_the_edges_of_both(
    answerer: Answerer, question: str, names: set[str], both: set[str]
) -> None:
    answer = answerer.ask(question)
    assert answer.grounded
    assert all(name in answer.text for name in names)
    assert {edge.subject_id for edge in answer.evidence} == both
    assert {edge.object for edge in answer.evidence} == names
    assert len(answer.evidence) == 2 * len(names)


def test_both_ends_of_a_relation_can_be_shared(answerer: Answerer) -> None:
    answer = answerer.ask("Which country has both Spanish and Quechua as official languages?")
    assert answer.text.endswith("That holds for both Spanish and Quechua.")
    assert {edge.subject for edge in answer.evidence} == {"Peru", "Bolivia"}


def test_two_that_share_nothing_have_no_answer(answerer: Answerer) -> None:
    answer = answerer.ask("Which language do Japan and Peru both speak?")
    assert answer.text == "The graph holds nothing that is so of both Japan and Peru."
    assert not answer.evidence and not answer.grounded


def test_pictures_and_proposals_about_both_are_of_each(answerer: Answerer) -> None:
    answer = answerer.ask("Show me the flags of both Peru and Chile")
    assert answer.text == "Here is a picture of Peru. The graph has no picture of Chile."
    shown = answerer.ask("Which countries border both Peru and Chile? Show me its flag.")
    assert shown.text == "Bolivia. That holds for both Peru and Chile. The graph has no picture of Bolivia."


def test_courtesies_are_returned_and_asked_past(answerer: Answerer) -> None:
    assert answerer.ask("Hello!").text.startswith("Hello.")
    assert answerer.ask("Thank you very much.").text == "You are welcome."
    assert answerer.ask("Hi, what is the capital of Peru?").text == "The capital of Peru is Lima."
