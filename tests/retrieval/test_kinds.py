"""A question is answered with another kind of thing than it asks for."""

import numpy as np
import pytest

from retrieval.answer import Answerer
from retrieval.kinds import asked_noun, of_other_kind
from retrieval.relations import column

NOUNS = frozenset({"country", "city", "language", "currency", "time zone", "film"})


@pytest.mark.parametrize(
    ("asked", "noun"),
    [
        ("Which country is Lima in?", "country"),
        ("which states border on Peru", "country"),
        ("In which time zone is Lima?", "time zone"),
        ("What foreign money do I need in Peru?", "currency"),
        ("What is the language of Peru?", ""),
        ("Which is the country of Lima?", ""),
        ("Which of the cities is the capital?", ""),
        ("Where is Lima?", ""),
        ("Which whatnot is it, and which city?", "city"),
        ("", ""),
    ],
)
def test_kind_of_thing_is_read_from_the_question(asked: str, noun: str) -> None:
    assert asked_noun(asked, NOUNS) == noun


def test_other_kinds_of_things_do_not_answer(answerer: Answerer) -> None:
    relations = answerer.understanding.relations
    unfit = of_other_kind("Which state speaks for Aruba in the world?", relations)
    language = column(relations.by_path["urn:kwk:atlas:officialLanguage"], "tail")
    state = column(relations.by_path["urn:kwk:atlas:sovereignState"], "tail")
    assert unfit[language] == 1
    assert unfit[state] == 0


def test_question_without_such_a_word_rules_nothing_out(answerer: Answerer) -> None:
    relations = answerer.understanding.relations
    assert not of_other_kind("the capital of Peru", relations).any()


def test_who_does_not_ask_for_a_place(answerer: Answerer) -> None:
    relations = answerer.understanding.relations
    unfit = of_other_kind("Who is the capital of Peru?", relations)
    assert unfit[column(relations.by_path["urn:kwk:atlas:capital"], "tail")] == 1
    assert unfit.dtype == np.float32
