"""A question of two relations is answered by both facts, and one of one relation is not torn apart."""

import pytest

from retrieval.answer import Answerer
from retrieval.hops import cut


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is the time zone of the capital of Guinea?",
         "The capital of Guinea is Conakry. The time zone of Conakry is Africa/Conakry."),
        ("What is the time zone of Guinea's capital?",
         "The capital of Guinea is Conakry. The time zone of Conakry is Africa/Conakry."),
        ("Which currency is used in the country whose capital is Lima?",
         "The capital of Peru is Lima. The currency of Peru is the Peruvian Sol."),
        ("What is the currency of the country that has Lima as its capital?",
         "The capital of Peru is Lima. The currency of Peru is the Peruvian Sol."),
        ("On which continent is the country in which Nairobi lies?",
         "The city of Nairobi is in Kenya. Kenya is on the continent of Africa."),
        ("What is the time zone of the capital of Antarctica?",
         "The graph does not hold the capital of Antarctica."),
    ],
)  # fmt: skip
def test_both_facts_are_told(answerer: Answerer, question: str, said: str) -> None:
    answer = answerer.ask(question)
    assert answer.text == said
    assert len(answer.evidence) == (2 if answer.grounded else 0)


def test_question_in_the_very_words_of_one_relation_is_about_no_answer_to_it(answerer: Answerer) -> None:
    answer = answerer.ask("Which country does the territory of Faroe Islands belong to?")
    assert answer.text == "The Faroe Islands is a territory of Denmark."


def test_the_second_question_is_asked_of_every_answer_to_the_first(answerer: Answerer) -> None:
    answer = answerer.ask("How many neighbours does the country whose capital is Bern have?")
    assert answer.text.endswith("That is 5 in all.")
    currencies = answerer.ask("What is the currency of the neighbours of Switzerland?").text
    assert "The currency of Liechtenstein is the Swiss Franc." in currencies
    assert currencies.count("the Euro.") == 4


@pytest.mark.parametrize(
    "masked",
    [
        "What is the place of birth of {x}",
        "What is {x}'s capital",
        "What is the name of the capital of {x}",
        "the director of {x}",
        "Who wrote {x}",
        "",
    ],
)
def test_one_relation_stays_one_question(masked: str) -> None:
    assert cut(masked) is None


@pytest.mark.parametrize(
    ("masked", "inner", "outer"),
    [
        ("Where was the director of {x} born", "What is the director of {x}", "Where was {x} born"),
        ("What is the area of {x}’s largest city", "What is the largest city of {x}", "What is the area of {x}"),
        ("What is {x}'s capital's time zone", "What is the capital of {x}", "What is {x}'s time zone"),
        ("Who directed the film in which {x} played", "in which film {x} played", "Who directed {x}"),
    ],
)  # fmt: skip
def test_the_inner_question_is_about_the_one_who_is_named(masked: str, inner: str, outer: str) -> None:
    assert cut(masked) == (inner, outer)
