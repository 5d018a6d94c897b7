"""What several predicates are true of is named with the edges of each, and what one of them is not true of is not."""

import pytest

from retrieval.answer import Answerer
from retrieval.predicates import predicates

SPANISH_AT_BRAZIL = {"Argentina", "Bolivia", "Colombia", "Paraguay", "Peru", "Uruguay", "Venezuela"}
OTHERS_AT_BRAZIL = {"French Guiana", "Guyana", "Suriname"}


@pytest.mark.parametrize(
    ("question", "names", "about"),
    [
        ("Which countries border Brazil and speak Spanish?", SPANISH_AT_BRAZIL, {"Brazil", "Spanish"}),
        ("Which neighbours of Brazil speak Spanish?", SPANISH_AT_BRAZIL, {"Brazil", "Spanish"}),
        ("Name the countries that border on Brazil and speak Spanish", SPANISH_AT_BRAZIL, {"Brazil", "Spanish"}),
        ("Which country uses the euro and has Berlin as its capital?", {"Germany"}, {"Berlin", "Euro"}),
        ("Which country has Berlin as its capital and the euro as its currency?", {"Germany"}, {"Berlin", "Euro"}),
        ("Which countries in South America speak Portuguese?", {"Brazil"}, {"South America", "Portuguese"}),
        ("Which countries speak Spanish, border Brazil and border Chile?", {"Argentina", "Bolivia", "Peru"},
         {"Brazil", "Chile", "Spanish"}),
    ],
)  # fmt: skip
def test_only_what_every_predicate_is_true_of_is_named(
    answerer: Answerer, question: str, names: set[str], about: set[str]
) -> None:
    answer = answerer.ask(question)
    assert answer.grounded
    begins = answer.text.partition(". ")[0]
    assert all(name in begins for name in names)
    ends = {frozenset((edge.subject, edge.object)) for edge in answer.evidence}
    assert ends == {frozenset((name, each)) for name in names for each in about}


def test_the_facts_about_the_first_are_told_for_all(answerer: Answerer) -> None:
    text = answerer.ask("Which countries use the euro and border on Germany?").text
    assert text.startswith(
        "France, Austria, Belgium, the Netherlands and Luxembourg. The currency of France is the Euro."
    )
    assert text.endswith("The same goes for the others.")
    assert answerer.ask("How many countries border Brazil and speak Spanish?").text.endswith("That is 7 in all.")


@pytest.mark.parametrize(
    ("question", "names", "about"),
    [
        ("Which countries border Brazil but do not speak Spanish?", OTHERS_AT_BRAZIL, {"Brazil"}),
        ("Which neighbours of Brazil don't speak Spanish?", OTHERS_AT_BRAZIL, {"Brazil"}),
        ("Which languages are spoken in Peru but not in Chile?", {"Quechua"}, {"Peru"}),
        ("Which countries border Germany and use the euro but do not speak French?", {"Austria", "Netherlands"},
         {"Germany", "Euro"}),
        ("Which countries border Chile but not Brazil?", set(), set()),
    ],
)  # fmt: skip
def test_what_is_denied_is_left_out_and_told_as_what_the_graph_does_not_hold(
    answerer: Answerer, question: str, names: set[str], about: set[str]
) -> None:
    answer = answerer.ask(question)
    ends = {frozenset((edge.subject, edge.object)) for edge in answer.evidence}
    assert ends == {frozenset((name, each)) for name in names for each in about}
    assert answer.text.count("The graph does not hold “") == bool(names)


def test_what_nothing_fits_has_no_answer(answerer: Answerer) -> None:
    answer = answerer.ask("Which countries border Brazil and speak Japanese?")
    assert answer.text == "The graph holds nothing that fits all of that."
    assert not answer.evidence and not answer.grounded


def test_what_is_denied_of_a_list_is_told_of_the_rest_with_the_edges_that_rule_out(answerer: Answerer) -> None:
    answer = answerer.ask("Of Peru, Chile and Bolivia, which do not border Brazil?")
    assert answer.text == "Chile. The graph does not hold “Brazil borders on Chile”."
    assert {frozenset((edge.subject, edge.object)) for edge in answer.evidence} == {
        frozenset(("Brazil", "Peru")), frozenset(("Brazil", "Bolivia")),
    }  # fmt: skip
    assert answerer.ask("Which of Peru and Bolivia do not border Brazil?").text.startswith("None of them, as far")


def test_what_is_denied_of_everything_is_told_as_it_is(answerer: Answerer) -> None:
    answer = answerer.ask("Which countries do not border Portugal?")
    assert answer.text.startswith("The graph holds what is so, and not what is not. ")
    assert {edge.subject for edge in answer.evidence} | {edge.object for edge in answer.evidence} == {
        "Portugal",
        "Spain",
    }


@pytest.mark.parametrize(
    "masked",
    [
        "Which films did {x} and {x} act in",
        "Which countries border {x}, {x} and {x}",
        "Which countries border {x} and are rich",
        "What is the capital of {x} and the currency of {x}",
        "Does {x} border {x} and speak {x}",
        "Which is larger, {x} or {x}",
        "Which continent is {x} on",
        "",
    ],
)
def test_one_predicate_is_not_cut(masked: str) -> None:
    assert predicates(masked) == []


@pytest.mark.parametrize(
    ("masked", "last", "denied"),
    [
        ("Who was born in {x} and died in {x}", "Who died in {x}", [False, False]),
        ("Which films are by {x} but do not star {x}", "Which films star {x}", [False, True]),
        ("Which actors are not from {x} and live in {x}", "Which actors live in {x}", [True, False]),
        ("Which films did {x} but not {x} act in", "Which films did {x} act in", [False, True]),
        ("Which towns are in {x} but aren't in {x}", "Which towns are in {x}", [False, True]),
    ],
)
def test_every_predicate_is_a_question_of_its_own(masked: str, last: str, denied: list[bool]) -> None:
    found = predicates(masked)
    assert [each.denied for each in found] == denied
    assert last in found[-1].masks
