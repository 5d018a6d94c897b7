"""Of several that a question lists only these are answers: the first in an order, or those of which it is so."""

import pytest

from model.questions import HOLE
from retrieval.answer import Answerer
from retrieval.choices import asked, listed, of_one_kind
from retrieval.names import Mention, Named


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Of Peru and Chile, which is larger?", "Peru. The area of Peru is "),
        ("Of Peru, Chile and Bolivia, which has the most inhabitants?", "Peru. The population of Peru is "),
        ("Which is the largest, Peru, Chile or Bolivia?", "Peru. The area of Peru is "),
        ("Which is larger, Chile, Bolivia or Peru?", "Peru. The area of Peru is "),
        ("Which of Peru, Chile and Bolivia is the smallest?", "Chile. The area of Chile is "),
        ("Which is the smallest of Peru, Chile and the Netherlands?", "The Netherlands. The area of "),
        ("Of these three, Luxembourg, Mexico and Peru, which has more people?", "Mexico. The population of Mexico is "),
        ("Of Peru and Chile, which has fewer neighbours?", "Chile. "),
        ("Which of Peru, Chile and Bolivia border Brazil?", "Of them: Peru and Bolivia."),
        ("Which one of these countries, Kenya, Peru or Japan, uses the yen?", "Of them: Japan."),
        ("Which of Peru, Chile and Bolivia border Brazil and speak Quechua?", "Peru and Bolivia. "),
        ("What is the largest city of Peru and Chile?", "The largest city of Peru is Lima. "),
    ],
)  # fmt: skip
def test_one_of_those_that_are_listed_is_chosen(answerer: Answerer, question: str, said: str) -> None:
    answer = answerer.ask(question)
    assert answer.grounded
    assert answer.text.startswith(said) or answer.text == said


def test_the_number_of_the_first_is_cited(answerer: Answerer) -> None:
    answer = answerer.ask("Which has the most inhabitants, Peru, Chile or Bolivia?")
    assert answer.text.endswith("the highest of 3 that the graph holds.")
    assert [(edge.subject, edge.relation) for edge in answer.evidence] == [("Peru", "population")]


@pytest.mark.parametrize(
    ("masked", "text"),
    [
        ("Of {x}, which is the largest", "which is the largest"),
        ("between {x} who was born in Lima", "who was born in Lima"),
        ("Which of the two, {x}, is the oldest", "Which is the oldest"),
        ("Which is the most populous country, {x}", "Which is the most populous country"),
        ("Who is the oldest of {x}", "Who is the oldest"),
        ("What is the largest city of {x}", None),
        ("Which languages are spoken in {x}", None),
        ("What is the capital of {x}", None),
        ("{x}", None),
    ],
)
def test_what_is_asked_of_those_listed_is_a_question_of_its_own(masked: str, text: str | None) -> None:
    assert asked(masked) == text


def mention(text: str, name: str, kind: str, main: bool = True) -> Mention:
    return Mention(
        Named(f"{name} {kind}", name, (name,), (kind,)), text.index(name), text.index(name) + len(name), 1, main
    )


def test_a_list_ends_with_and_or_or() -> None:
    text = "Of A, B and the C, which is in D"
    names = [[mention(text, name, "country")] for name in ("A", "B", "C", "D")]
    found = listed(text, names)
    assert found is not None
    assert (len(found[0]), found[1]) == (3, f"Of {HOLE}, which is in D")
    assert listed("A, B", [[mention("A, B", name, "country")] for name in ("A", "B")]) is None
    assert listed("", []) is None


def test_names_are_read_as_of_one_kind() -> None:
    text = "Luxembourg or Peru"
    city, country = (mention(text, "Luxembourg", kind) for kind in ("city", "country"))
    peru = mention(text, "Peru", "country")
    assert of_one_kind([[city, country], [peru]]) == (country.entity, peru.entity)
