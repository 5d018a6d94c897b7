"""One question that asks for several things is answered in each of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.answer import Answerer
from retrieval.enumerated import each_asked


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("What is the capital and the currency of Peru?", {"Lima", "Peruvian Sol"}),
        ("What are the capital, currency and continent of Peru?", {"Lima", "Peruvian Sol", "South America"}),
        ("What is the capital of Peru and the currency of Chile?", {"Lima", "Chilean Peso"}),
        ("Tell me the capital of Peru, the currency of Chile and the capital of Japan",
         {"Lima", "Chilean Peso", "Tokyo"}),
        ("What is the capital of Peru and Chile?", {"Lima", "Santiago"}),
        ("What is the capital and the currency of Peru and Chile?",
         {"Lima", "Santiago", "Peruvian Sol", "Chilean Peso"}),
    ],
)  # fmt: skip
def test_each_thing_that_is_asked_for_is_answered(answerer: Answerer, question: str, answers: set[str]) -> None:
    answer = answerer.ask(question)
    assert {edge.object for edge in answer.evidence} == answers


@pytest.mark.parametrize(
    "text", ["What is the place of birth and death of Peru", "Which countries border Peru and Chile", "Peru", "", "the"]
)
def test_what_is_no_list_stays_one_question(text: str) -> None:
    names = [(text.index("Peru"), text.index("Peru") + 4)] if "Peru" in text else []
    assert each_asked(text, names) == [text]


@given(st.text(alphabet="theand ofWhatis,Peru?", max_size=80), st.data())
def test_nothing_is_lost_whatever_is_asked(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(len(text) - 1, 0)))
    asked = each_asked(text, [(start, min(start + 4, len(text)))])
    assert asked
    assert all(each.strip() for each in asked) or asked == [text]
