"""An answer is a sentence that people would say, however many answers there are."""

import pytest

from dialogue.verbalise import wordings
from retrieval import say
from retrieval.names import Named
from retrieval.relations import Relation

CAPITAL, NEIGHBOUR, BORN = (
    Relation(path, path, path, wordings(path))
    for path in ("urn:kwk:atlas:capital", "urn:kwk:atlas:neighbour", "/location/location/people_born_here")
)


def test_one_fact_is_one_sentence_from_either_end() -> None:
    assert say.fact(CAPITAL, "tail", "Peru", ["Lima"], 1) == "The capital of Peru is Lima."
    assert say.fact(CAPITAL, "head", "Lima", ["Peru"], 1) == "The capital of Peru is Lima."


def test_all_answers_are_named_and_those_beyond_a_dozen_counted() -> None:
    names = [f"C{n}" for n in range(14)]
    two = say.fact(NEIGHBOUR, "tail", "Peru", names[:2], 2)
    assert two.endswith("of Peru are C0 and C1.")
    many = say.fact(NEIGHBOUR, "tail", "Peru", names, 1_234)
    assert "C11 and 1,222 more." in many and "C12" not in many


def test_several_answers_from_the_other_end_share_one_sentence() -> None:
    told = say.fact(CAPITAL, "head", "Lima", ["Peru", "Old Peru"], 2)
    assert told == "The capital of Peru is Lima. The same holds for Old Peru."
    many = say.fact(CAPITAL, "head", "Lima", [f"C{n}" for n in range(12)], 33)
    assert many.endswith("C10, C11 and 21 more.")


def test_several_facts_are_told_of_the_first_answer_and_go_for_the_others() -> None:
    assert say.of_all(["Peru"], 1, ["A.", "B."], []) == "Peru. A. B."
    assert say.of_all(["Peru", "Cuba"], 2, ["A."], ["B."]).endswith(
        "A. The graph does not hold “B”. The same goes for the other."
    )
    assert say.of_all(["Peru", "Cuba"], 9, ["A."], []).endswith("and 7 more. A. The same goes for the others.")


def test_what_is_not_held_is_said_in_the_words_of_the_question() -> None:
    assert say.not_held(CAPITAL, "tail", "Peru") == "The graph does not hold the capital of Peru."
    told = say.not_held(CAPITAL, "head", "Lima")
    assert told == "The graph does not hold an answer to “Which country has Lima as its capital?”"


def test_what_is_held_instead_is_listed_but_not_without_end() -> None:
    nouns = [f"n{i}" for i in range(10)]
    assert say.not_understood("Who?", "Peru", []) == "The graph does not hold an answer to “Who?”."
    assert say.not_understood("Who?", "Peru", nouns[:2]).endswith(" About Peru it holds: n0, n1.")
    assert say.not_understood("Who?", "Peru", nouns).endswith("n7, ….")


def test_names_stand_with_the_article_that_they_take() -> None:
    country = "urn:kwk:atlas:Country"
    labels = {country: "Country"}
    assert say.said(Named("nl", "Netherlands", ("Netherlands",), (country,)), labels) == "the Netherlands"
    assert say.said(Named("pe", "Peru", ("Peru",), (country,)), labels) == "Peru"
    assert say.said(Named("x", "Peru", ("Peru",), ()), {}) == "Peru"


@pytest.mark.parametrize(
    ("names", "here", "none"),
    [
        (["Peru"], "Here is a picture of Peru.", "The graph has no picture of Peru."),
        (["Peru", "Chile"], "Here are pictures of Peru and Chile.", "The graph has no picture of Peru or Chile."),
    ],
)
def test_pictures_are_given_or_said_to_be_lacking(names: list[str], here: str, none: str) -> None:
    assert say.here(names) == here
    assert say.no_picture(names) == none


def test_description_ends_as_a_sentence() -> None:
    assert say.described("Peru", "Country in South America.") == "Peru: Country in South America."
    assert say.described("Peru", "A country") == "Peru: A country."
    assert say.shown_is("Peru") == "This is Peru."


def test_noun_that_points_at_its_subject_is_not_said_of_it() -> None:
    told = say.fact(BORN, "tail", "Denver", ["Trey Parker", "John Davis"], 2)
    assert told == "Trey Parker is a native of Denver. The same holds for John Davis."
    assert say.not_held(BORN, "tail", "Iceland").startswith("The graph does not hold an answer to “Wh")


def test_what_two_share_is_named_and_the_rest_counted() -> None:
    names = [f"c{n}" for n in range(14)]
    assert say.shared(["Peru", "Chile"], names[:2], 2) == "C0 and c1. That holds for both Peru and Chile."
    assert "c11 and 2 more. " in say.shared(["Peru", "Chile"], names, 14)
    assert say.shared(["Peru", "Chile"], [], 0) == "The graph holds nothing that is so of both Peru and Chile."


def test_those_of_a_list_that_answer_are_named_without_the_others() -> None:
    assert say.of_them(["Peru", "Chile"], 2) == "Of them: Peru and Chile."
    assert say.of_them([], 0).startswith("None of them")
