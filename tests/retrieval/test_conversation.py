"""A conversation: pronouns, "the second one" and "and of Chile?" are answered in the light of what was said before."""

from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image

from ingest.load import load
from ingest.sample import folder
from ingest.target import Target, Tower
from kg import removal
from kg.stores import Stores
from kg.types import Entity, Source, Triple
from retrieval.assemble import open_host
from retrieval.conversation import Conversation, Host, digest_of

PERU = "urn:kwk:atlas:country/PE"


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (("What is the capital of Peru?", "And its currency?"), "The currency of Peru is the Peruvian Sol."),
        (("What is the capital of Peru?", "And of Chile?"), "The capital of Chile is Santiago."),
        (("What is the currency of Peru?", "What about Japan?"), "The currency of Japan is the Japanese Yen."),
        (("Which countries border on Switzerland?", "What is the capital of the second one?"),
         "The capital of Germany is Berlin."),
        (("What is the capital of Peru?", "What is it?"), "Lima: Capital of Peru. About Lima the graph holds: "),
        (("What are the capitals of Peru and Kenya?", "What is the first one?"),
         "Lima: Capital of Peru. About Lima the graph holds: "),
        (("Which languages do Peru and Bolivia both speak?", "Thanks!", "Which countries speak the second one?"),
         "An official language of Peru is Quechua."),
        (("Which countries border Peru?", "Which of them speak Portuguese?"), "Of them: Brazil."),
        (("Which countries border Germany?", "Which of these use the euro?", "And which of them border Italy?"),
         "Of them: "),
        (("Which countries border Peru?", "Which of those speak Japanese?"), "None of them, as far as"),
        (("Which countries border Peru?", "Which of them do not speak Spanish?"),
         "Brazil. The graph does not hold “An official language of Brazil is Spanish”."),
        (("Which countries border Peru?", "Which of them speak Spanish and border Brazil?"), "Bolivia and Colombia. "),
        (("Of Peru, Chile and Brazil, which is the largest?", "What is its capital?"), "The capital of Brazil is"),
        (("Which countries border Germany?", "Which of them in South America is the largest?"), "None of them, as far"),
        (("Which countries border Peru?", "Which of them is the largest?", "What is its capital?"),
         "The capital of Brazil is Brasília."),
        (("What is the capital of Peru?", "And its currency?", "And of Brazil?"),
         "The currency of Brazil is the Brazilian Real."),
    ],
)  # fmt: skip
def test_a_follow_up_is_understood(host: Host, turns: tuple[str, ...], said: str) -> None:
    conversation = Conversation()
    texts = [host.turn(conversation, turn).answer.text for turn in turns]
    assert texts[-1].startswith(said)


def test_what_is_asked_of_those_listed_before_is_answered_with_these_alone(host: Host) -> None:
    conversation = Conversation()
    first = host.turn(conversation, "Which countries border on Switzerland?").answer
    second = host.turn(conversation, "Which of them speak German?").answer
    found = {edge.subject for edge in second.evidence}
    assert "Germany" in found and "Austria" in found and "Switzerland" not in found
    assert found < {edge.object for edge in first.evidence}
    assert {edge.object for edge in second.evidence} == {"German"}


def test_the_best_of_what_was_listed_is_grounded_in_its_number(host: Host) -> None:
    conversation = Conversation()
    host.turn(conversation, "Which countries border on Peru?")
    (reason,) = host.turn(conversation, "Which of them is the largest?").answer.grounds
    assert reason.relation == "area" and reason.held
    assert reason.told() == [f"“which is the largest”: {reason.subject}, its area"]
    rows = host.answerer.reader.rows(reason.query)  # type: ignore[arg-type]
    assert len(rows) == 5


def test_a_question_that_names_its_subject_is_not_taken_for_a_follow_up(host: Host) -> None:
    conversation = Conversation()
    host.turn(conversation, "What is the currency of Peru?")
    answer = host.turn(conversation, "Show me the flag of Brazil").answer
    assert answer.text == "Here is a picture of Brazil."
    assert len(answer.images) == 1


def test_a_picture_is_asked_for_of_what_has_one(host: Host) -> None:
    conversation = Conversation()
    host.turn(conversation, "What is the capital of Peru?")
    assert [image.entity for image in host.turn(conversation, "Show me its flag").answer.images] == [PERU]


def test_no_image_is_shown_twice_while_there_is_another(host: Host) -> None:
    conversation = Conversation()
    own = {image.sha256 for image in host.answerer.reader.images([PERU])[PERU]}
    shown = [host.turn(conversation, "Show me the flag of Peru").answer.images[0].sha256 for _ in own]
    assert len(own) > 1
    assert set(shown) == own
    assert host.turn(conversation, "Show me the flag of Peru").answer.images[0].sha256 in own


def test_another_one_is_a_picture_after_a_picture_and_nothing_after_a_fact(host: Host) -> None:
    conversation = Conversation()
    (first,) = host.turn(conversation, "Show me the flag of Peru").answer.images
    (second,) = host.turn(conversation, "and another one?").answer.images
    assert (first.entity, second.entity) == (PERU, PERU) and first.sha256 != second.sha256
    host.turn(conversation, "What is the capital of Peru?")
    assert not host.turn(conversation, "another one").answer.grounded


def test_a_picture_is_spoken_of_in_the_next_turn(host: Host) -> None:
    conversation = Conversation()
    with Image.open(folder() / "images" / "flag-PE-noto.webp") as flag:
        first = host.turn(conversation, "Which country is this?", flag.convert("RGB"))
    assert "Peru" in first.answer.text
    assert host.turn(conversation, "What is its capital?").answer.text == "The capital of Peru is Lima."


def test_it_means_nothing_where_nothing_was_spoken_of(host: Host) -> None:
    answer = host.turn(Conversation(), "What is its capital?").answer
    assert not answer.grounded and not answer.evidence


def test_every_turn_is_written_down_in_its_place(host: Host) -> None:
    conversation = Conversation()
    for question in ("What is the capital of Peru?", "And its currency?"):
        host.turn(conversation, question)
    rows = [host.journal.find(str(given.id)) for given in conversation.given]
    assert [row["turn"] for row in rows] == [0, 1]
    assert {row["conversation"] for row in rows} == {conversation.id}
    assert rows[1]["said"]["evidence"][0]["object"] == "Peruvian Sol"


def test_what_is_ingested_is_in_the_next_answer_without_a_restart(
    stores: Stores, atlas: str, home: Path, tower: Tower, tmp_path: Path
) -> None:
    host = open_host(stores, atlas, home, None)
    question = "What is the capital of Nowhereland?"
    assert not host.turn(Conversation(), question).answer.grounded
    source = Source(
        "more",
        entities=[Entity("urn:x:nowhere", "Nowhereland", ("Nowhereland",), types=("Country",)),
                  Entity("urn:x:nil", "Nilport", ("Nilport",), types=("City",))],
        triples=[Triple("urn:x:nowhere", "urn:kwk:atlas:capital", "urn:x:nil")],
    )  # fmt: skip
    load(Target(stores.driver, stores.engine, atlas, home), source, tower)
    try:
        assert host.turn(Conversation(), question).answer.text == "The capital of Nowhereland is Nilport."
    finally:
        removal.remove_source(stores.driver, stores.engine, atlas, "more")
    assert not host.turn(Conversation(), question).answer.grounded


def test_pictures_are_told_apart_by_their_pixels() -> None:
    black, white = Image.new("RGB", (4, 2)), Image.new("RGB", (4, 2), "white")
    assert digest_of(black) == digest_of(black.copy()) != digest_of(white)
    assert digest_of(black) != digest_of(Image.new("RGB", (2, 4)))
    assert isinstance(Conversation().id, UUID)
