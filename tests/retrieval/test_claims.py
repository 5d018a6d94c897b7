"""Yes or no, and how many: what was proposed is confirmed by its edge or denied by the edges that answer instead."""

import pytest

from retrieval.answer import Answerer
from retrieval.claims import asks_how_many, asks_whether


@pytest.mark.parametrize(
    ("question", "text", "edges"),
    [
        ("Is Lima the capital of Peru?", "Yes. The capital of Peru is Lima.", 1),
        ("Does Switzerland border on Austria?", "Yes.", 1),
        (
            "Is Nairobi the capital of Peru?",
            "Not Nairobi, as far as the graph holds it. The capital of Peru is Lima.",
            1,
        ),
        ("Is the euro the currency of Peru?", "The currency of Peru is the Peruvian Sol.", 1),
    ],
)
def test_what_is_proposed_is_confirmed_or_denied_with_its_edge(
    answerer: Answerer, question: str, text: str, edges: int
) -> None:
    answer = answerer.ask(question)
    assert text in answer.text
    assert answer.text.startswith("Yes") == text.startswith("Yes")
    assert len(answer.evidence) == edges


def test_how_many_is_answered_with_a_number_and_every_edge(answerer: Answerer) -> None:
    answer = answerer.ask("How many countries border on Switzerland?")
    assert answer.text.endswith("That is 5 in all.")
    assert len(answer.evidence) == 5


@pytest.mark.parametrize(
    ("text", "whether"),
    [
        ("Is Lima the capital of Peru", True),
        ("does Peru border on Chile", True),
        ("And was Gandhi born in India", True),
        ("Is Lima or Cusco the capital of Peru", False),
        ("What is the capital of Peru", False),
        ("Do you know the capital of Peru", False),
        ("Isabel Allende", False),
    ],
)
def test_a_question_of_yes_or_no_is_told_from_others(text: str, whether: bool) -> None:
    assert asks_whether(text) is whether
    assert not asks_how_many(text)
