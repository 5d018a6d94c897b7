"""Numbers that the graph keeps are told, compared, cited and followed back; what is no number is not taken for one."""

import pytest

from kg.stores import Stores
from retrieval.answer import Answerer
from retrieval.conversation import Conversation, Host
from retrieval.ground import Reader
from retrieval.measures import known, measure_of
from retrieval.trace import told, trace_answer

PERU, CHILE = "urn:kwk:atlas:country/PE", "urn:kwk:atlas:country/CL"


@pytest.fixture(scope="module")
def area(answerer: Answerer) -> dict[str, str]:
    """What the graph holds of two areas, as it is said."""
    found = answerer.reader.numbers([PERU, CHILE])
    return {id: f"{found[id]['area']:,.0f}" for id in (PERU, CHILE)}


@pytest.mark.parametrize("question", ["What is the area of Peru?", "How big is Peru?", "What's the size of Peru?"])
def test_a_number_is_told_and_cited(answerer: Answerer, area: dict[str, str], question: str) -> None:
    answer = answerer.ask(question)
    assert answer.text == f"The area of Peru is {area[PERU]}."
    (edge,) = answer.evidence
    assert (edge.subject_id, edge.relation, edge.object, edge.object_id) == (PERU, "area", area[PERU], "")
    assert answer.grounds[0].told() == [
        f"“{question.rstrip('?')}”: {PERU}, its area (likeness {answer.grounds[0].likeness:.2f})"
    ]


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        ("Which is larger, Peru or Chile?", "Peru."),
        ("Which is larger, Chile or Peru?", "Peru."),
        ("Which of the two is smaller, Peru or Chile?", "Chile."),
        ("Is Peru larger than Chile?", "Yes."),
        ("Is Chile larger than Peru?", "No."),
        ("Is Peru smaller than Chile?", "No."),
        ("Which is larger, Peru or Peru?", ""),
    ],
)
def test_two_are_compared_with_both_numbers(
    answerer: Answerer, area: dict[str, str], question: str, begins: str
) -> None:
    answer = answerer.ask(question)
    if begins:
        assert answer.text.startswith(begins)
        assert area[PERU] in answer.text
        assert area[CHILE] in answer.text
        assert len(answer.evidence) == 2


def test_a_number_of_what_a_relation_leads_to(answerer: Answerer, area: dict[str, str]) -> None:
    assert answerer.ask("What is the area of the country whose capital is Lima?").text == (
        f"The capital of Peru is Lima. The area of Peru is {area[PERU]}."
    )
    assert "The population of Nairobi is" in answerer.ask("How many people live in the capital of Kenya?").text


def test_a_follow_up_asks_for_a_number(host: Host, stores: Stores, area: dict[str, str]) -> None:
    conversation = Conversation()
    host.turn(conversation, "What is the currency of Peru?")
    given = host.turn(conversation, "And how large is Peru?")
    assert given.answer.text == f"The area of Peru is {area[PERU]}."
    said = "\n".join(told(trace_answer(stores.driver, host.journal.find(str(given.id)))))
    assert f"Peru — area → {area[PERU]}" in said
    assert "value: " in said


@pytest.mark.parametrize(
    "question", ["What is the capital of Peru?", "Where does Peru lie?", "Who is larger than life?", "What is Peru?"]
)
def test_what_asks_for_no_number_gets_none(answerer: Answerer, question: str) -> None:
    assert all(edge.object_id for edge in answerer.ask(question).evidence)


def test_what_the_graph_has_no_number_of_is_said(answerer: Answerer) -> None:
    assert "does not hold" in answerer.ask("What is the elevation of Peru?").text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("area", 1285220.0, "1,285,220"),
        ("latitude", -12.04318, "-12.0432"),
        ("date_of_birth", 1924 + 5 / 12, "May 1924"),
        ("date_of_birth", 1964.0, "1964 or December 1963"),  # MMKB writes Brad Pitt's birth, in December 1963, as 1964
        ("wingSpan", 2.5, "2.5"),
    ],
)
def test_a_value_is_said_as_people_say_it(name: str, value: float, said: str) -> None:
    measure = measure_of(name)
    assert measure is not None
    assert measure.said(value) == said


def test_a_property_without_wordings_is_asked_for_by_its_name() -> None:
    measure = measure_of("wingSpan")
    assert measure is not None
    assert measure.asked == ("What is the wing span of {x}?",)
    assert measure_of("gns_ufi_id") is None or "wing" not in known()


def test_numbers_are_read_and_texts_are_not(answerer: Answerer) -> None:
    reader: Reader = answerer.reader
    assert set(reader.numbers([PERU])[PERU]) == {"area", "population"}
    assert reader.numbers([]) == {}


def test_a_number_is_compared_in_the_words_that_dialogues_ask_in() -> None:
    visitors, duration = measure_of("annualVisitors"), measure_of("durationInMonths")
    assert visitors is not None
    assert "has more annual visitors" in visitors.more
    assert duration is not None
    assert "has the longer duration in months" in duration.more
