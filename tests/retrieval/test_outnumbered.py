"""Of two the one that the graph holds more of is named, with the edges of both; what it can't count is not guessed."""

import pytest

from retrieval.answer import Answerer
from retrieval.outnumbered import predicate

SWITZERLAND, PORTUGAL = "urn:kwk:atlas:country/CH", "urn:kwk:atlas:country/PT"


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("Which borders on more countries, Switzerland or Portugal?", "Switzerland."),
        ("Which of the two, Portugal or Switzerland, has fewer neighbours?", "Portugal."),
        ("Of Switzerland and Portugal, which borders on more countries?", "Switzerland."),
        ("Does Switzerland border on more countries than Portugal?", "Yes."),
        ("Has Portugal more neighbours than Switzerland?", "No."),
        ("Do more countries border on Switzerland than on Portugal?", "Yes."),
        ("For which of the two are more neighbours on record, Portugal or Switzerland?", "Switzerland."),
    ],
)
def test_two_are_compared_by_the_edges_that_each_has(answerer: Answerer, question: str, begins: str) -> None:
    answer = answerer.ask(question)
    assert answer.text.startswith(begins) and answer.grounded
    assert {edge.relation for edge in answer.evidence} == {answer.evidence[0].relation}
    ends = [
        (SWITZERLAND in (e.subject_id, e.object_id), PORTUGAL in (e.subject_id, e.object_id)) for e in answer.evidence
    ]
    assert (ends.count((True, False)), ends.count((False, True))) == (5, 1)
    assert "That is 5 in all." in answer.text and "That is one." in answer.text


def test_two_that_have_as_many_are_equal(answerer: Answerer) -> None:
    assert answerer.ask("Which has more capitals, Norway or Portugal?").text.startswith("Neither: they are equal.")


@pytest.mark.parametrize("question", ["Does Peru have more cars than Chile?", "Is Peru more famous than Chile?"])
def test_what_the_graph_does_not_count_is_not_compared(answerer: Answerer, question: str) -> None:
    answer = answerer.ask(question)
    assert answer.text.startswith("The graph does not hold an answer to") and not answer.evidence


def test_number_of_a_property_is_compared_as_before(answerer: Answerer) -> None:
    assert "population" in answerer.ask("Which has more inhabitants, Peru or Chile?").text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Which has more ports, Peru or Chile?", "{x} has more ports"),
        ("Which of the two, Peru or Chile, has more ports?", "{x} has more ports"),
        ("Does Peru have more ports than the Chile?", "{x} have more ports"),
        ("Are more ports in Peru than in Chile?", "more ports in {x}"),
        ("Of these two, Peru and Chile, which has more ports?", "{x} has more ports"),
        ("Peru and Chile", None),
        ("Which ports have Peru, Cuba, or Chile?", None),
    ],
)
def test_what_is_said_of_either_is_found(text: str, said: str | None) -> None:
    spans = [(text.index(name), text.index(name) + len(name)) for name in ("Peru", "Chile")]
    assert predicate(text, spans) == said
