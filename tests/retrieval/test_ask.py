"""A question is answered from the graph as it is now, with exactly the edges that answer; or said to have none."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ingest.sample import folder
from kg.graph import read
from kg.stores import Stores
from model.run import Run
from retrieval.answer import Answerer
from retrieval.given import Answer

COUNTRY, CITY, CURRENCY = "urn:kwk:atlas:country/", "urn:kwk:atlas:city/", "urn:kwk:atlas:currency/"
PERU, LIMA = f"{COUNTRY}PE", f"{CITY}3936456"

Ask = Callable[..., Result]


@pytest.fixture(scope="module")
def kwk_ask(kwk: Ask, atlas: str) -> Ask:
    """Call `kwk ask` as its user does."""

    def call(*arguments: str, code: int = 0) -> Result:
        return kwk("-q", "ask", "--graph", atlas, *arguments, code=code)

    return call


def edges(answer: Answer) -> set[tuple[str, str, str]]:
    return {(edge.subject_id, edge.relation.rpartition(":")[2], edge.object_id) for edge in answer.evidence}


def test_a_fact_is_answered_with_its_edge(answerer: Answerer) -> None:
    answer = answerer.ask("What is the capital of Peru?")
    assert answer.text == "The capital of Peru is Lima."
    assert edges(answer) == {(PERU, "capital", LIMA)}
    assert answer.grounded and not answer.images


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Which countries border on Switzerland?", {"Austria", "France", "Germany", "Italy", "Liechtenstein"}),
        ("what money do they use in japan", {"Japanese Yen"}),
        ("Of which country is Nairobi the capital?", {"Kenya"}),
        ("Peru's capital?", {"Lima"}),
        ("Which continent is the Republic of Peru on?", {"South America"}),
    ],
)
def test_every_answer_that_the_graph_holds_is_named(answerer: Answerer, question: str, names: set[str]) -> None:
    answer = answerer.ask(question)
    assert all(name in answer.text for name in names), answer.text
    assert len(answer.evidence) == len(names)


def test_evidence_has_names_ids_and_the_relation_as_the_graph_has_them(kwk_ask: Ask) -> None:
    found = json.loads(kwk_ask("Of which country is Lima the capital?", "--json").stdout)
    assert kwk_ask("Of which country is Lima the capital?").stderr.count("kwk trace") == 1
    (grounds,) = found.pop("grounds")
    assert (grounds["subject"], grounds["relation"], grounds["held"]) == (LIMA, "urn:kwk:atlas:capital", True)
    assert len(found.pop("id")) == 36
    assert found == {
        "text": "The capital of Peru is Lima.",
        "images": [],
        "evidence": [
            {
                "subject": "Peru",
                "subject_id": PERU,
                "relation": "urn:kwk:atlas:capital",
                "object": "Lima",
                "object_id": LIMA,
            }
        ],
        "grounded": True,
    }


def test_an_image_is_shown_as_a_file_that_opens(kwk_ask: Ask) -> None:
    found = json.loads(kwk_ask("Show me the flag of Peru", "--json").stdout)
    (image,) = found["images"]
    assert image["entity"] == PERU
    (edge,) = found["evidence"]
    assert (edge["subject_id"], edge["relation"], edge["object_id"]) == (PERU, "HAS_IMAGE", image["sha256"])
    with Image.open(image["path"]) as picture:
        picture.load()
    assert image["path"] in kwk_ask("Show me the flag of Peru").stdout


def test_an_entity_without_a_picture_is_said_to_have_none(answerer: Answerer) -> None:
    answer = answerer.ask("Show me a picture of Lima")
    assert answer.text == "The graph has no picture of Lima."
    assert not answer.images and not answer.grounded


def test_the_answer_itself_is_shown_where_a_picture_of_it_is_asked_for(answerer: Answerer) -> None:
    answer = answerer.ask("Which country has Lima as its capital? Could you show me a picture?")
    assert [image.entity for image in answer.images] == [PERU]
    assert edges(answer) == {(PERU, "capital", LIMA)}


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What city is Peru run from?", "The capital of Peru is Lima."),
        ("Which country owns Greenland?", "Denmark"),
        ("What is the currency of Georgia?", "Georgian Lari"),
        ("who uses the euro", "Germany"),
        ("What is Peru?", "Peru: Country in South America."),
        ("and Peru?", "Peru: Country in South America."),
        ("What are the capitals of Peru and Kenya?", "The capital of Peru is Lima. The capital of Kenya is Nairobi."),
        ("What is the capital of Peru, and what is its currency?",
         "The capital of Peru is Lima. The currency of Peru is the Peruvian Sol."),
    ],
)  # fmt: skip
def test_a_question_in_ones_own_words_is_answered(answerer: Answerer, question: str, text: str) -> None:
    answer = answerer.ask(question)
    assert text in answer.text
    assert answer.grounded


@pytest.mark.parametrize(
    ("question", "country"),
    [("Do you have a photo of Kenya?", "KE"), ("What does the flag of Japan look like?", "JP"),
     ("Let me look at the flag of Nepal", "NP"), ("What does Liechtenstein's flag look like?", "LI")],
)  # fmt: skip
def test_a_wish_for_a_picture_is_heard_in_other_words(answerer: Answerer, question: str, country: str) -> None:
    answer = answerer.ask(question)
    assert [image.entity for image in answer.images] == [COUNTRY + country]
    assert answer.grounded


def test_a_picture_is_shown_of_each_that_was_named(answerer: Answerer) -> None:
    answer = answerer.ask("Show me the flags of Peru, Nepal and Japan")
    assert [image.entity for image in answer.images] == [f"{COUNTRY}{code}" for code in ("PE", "NP", "JP")]


@pytest.mark.parametrize("question", ["Show me a picture", "Show me the flag"])
def test_a_wish_that_names_nobody_is_said_back_whole(answerer: Answerer, question: str) -> None:
    assert answerer.ask(question).text.startswith(f"The graph knows none of the names in “{question}”")


def test_several_pictures_are_shown_but_not_without_end(answerer: Answerer) -> None:
    answer = answerer.ask("Which countries are on the continent of Europe? Please show me a picture.")
    assert len(answer.images) == 4
    assert len({image.entity for image in answer.images}) == 4
    assert "more" in answer.text


@pytest.mark.parametrize(
    "question",
    ["Who is the president of Peru?", "What is the UTC offset of Lima?", "When did Peru become independent?"],
)
def test_what_no_relation_of_the_graph_tells_is_said_to_be_unknown(answerer: Answerer, question: str) -> None:
    answer = answerer.ask(question)
    assert "does not hold" in answer.text and ("Peru" in answer.text or "Lima" in answer.text)
    assert not answer.evidence and not answer.grounded


def test_a_name_that_the_graph_does_not_know_is_not_taken_for_another(answerer: Answerer) -> None:
    answer = answerer.ask("What is the capital of Atlantis?")
    assert "does not hold" in answer.text
    assert not answer.evidence and not answer.grounded


def test_an_edge_that_is_deleted_is_gone_from_the_next_answer_and_back_in_the_one_after(
    answerer: Answerer, cut: Callable[[str, str], AbstractContextManager[None]]
) -> None:
    question = "What is the capital of Peru?"
    before = answerer.ask(question)
    with cut(PERU, "CAPITAL"):
        gone = answerer.ask(question)
        assert gone.text == "The graph does not hold the capital of Peru."
        assert not gone.evidence and not gone.grounded
    assert answerer.ask(question) == before


def test_an_edge_drawn_by_hand_is_in_the_next_answer(answerer: Answerer, stores: Stores, atlas: str) -> None:
    draw = (
        "MATCH (a:Entity {graph: $graph, id: $head}), (b:Entity {graph: $graph, name: 'Lima'}) "
        "CREATE (a)-[:CAPITAL]->(b)"
    )
    with stores.driver.session() as session:
        session.run(draw, graph=atlas, head=f"{COUNTRY}AQ").consume()  # Antarctica has none
        try:
            answer = answerer.ask("What is the capital of Antarctica?")
        finally:
            session.run(
                "MATCH (:Entity {graph: $graph, id: $head})-[r:CAPITAL]->() DELETE r", graph=atlas, head=f"{COUNTRY}AQ"
            ).consume()
    assert "Lima" in answer.text
    assert [edge.relation for edge in answer.evidence] == ["urn:kwk:atlas:capital"]


def another(flag: str, place: Path) -> Path:
    """Save a flag of the atlas as no file that was ingested: cut, smaller, JPEG, on a grey margin."""
    with Image.open(folder() / "images" / flag) as image:
        small = image.convert("RGB").resize((150, 150), Image.Resampling.BICUBIC)
    canvas = Image.new("RGB", (170, 160), "white")
    canvas.paste(small, (10, 5))
    canvas.save(place, quality=70)
    return place


def test_a_picture_that_was_never_ingested_is_recognised(kwk_ask: Ask, tmp_path: Path) -> None:
    file = another("flag-PE-noto.webp", tmp_path / "some.jpg")
    found = json.loads(
        kwk_ask("--image", str(file), "--json", "Which country is this, and what is its currency?").stdout
    )
    assert found["text"] == "This is Peru. The currency of Peru is the Peruvian Sol."
    assert [edge["object_id"] for edge in found["evidence"]] == [f"{CURRENCY}PEN"]
    assert found["grounded"]


def test_a_picture_answers_for_what_it_shows(answerer: Answerer, tmp_path: Path) -> None:
    with Image.open(another("flag-JP-twemoji.webp", tmp_path / "some.jpg")) as picture:
        picture.load()
        answer = answerer.ask("What is the capital of this country?", picture)
    assert edges(answer) == {(f"{COUNTRY}JP", "capital", f"{CITY}1850147")}


def test_a_picture_of_what_is_named_is_answered_by_its_name(answerer: Answerer) -> None:
    answer = answerer.ask("What is the capital of Peru?", Image.new("RGB", (60, 40), "navy"))
    assert answer.text == "The capital of Peru is Lima."


def test_who_is_shown_is_shown_again_where_that_is_wished(answerer: Answerer) -> None:
    with Image.open(folder() / "images" / "flag-KE-noto.webp") as image:
        answer = answerer.ask("Which country is this? Show me another picture of it.", image.convert("RGB"))
    assert answer.text.startswith("This is Kenya.")
    assert [image.entity for image in answer.images] == [f"{COUNTRY}KE"]


def test_a_run_is_used_where_it_is_named(kwk_ask: Ask, run_folder: Path, run: Run) -> None:
    found = json.loads(kwk_ask("--run", str(run_folder), "Show me the flag of Brazil", "--json").stdout)
    (image,) = found["images"]
    assert image["entity"] == f"{COUNTRY}BR"
    assert Path(image["path"]).is_file()
    assert "There is no run 'nobody'" in kwk_ask("--run", "nobody", "Show me the flag of Brazil", code=1).output


def test_facts_are_right_with_a_run_too(kwk_ask: Ask, run_folder: Path) -> None:
    told = kwk_ask("--run", str(run_folder), "What is the capital of Peru?").stdout
    assert told == "The capital of Peru is Lima.\n\nFrom the graph:\n  Peru — urn:kwk:atlas:capital → Lima\n"


def test_films_are_answered_for_in_words_without_any_description(films: Answerer) -> None:
    answer = films.ask("Who directed Big Fish?")
    assert "Tim Burton" in answer.text and answer.grounded
    nothing = films.ask("What is Big Fish?")
    assert "does not hold" in nothing.text and "genre" in nothing.text
    assert not nothing.grounded


def test_a_picture_of_something_else_is_said_to_be_unknown(kwk_ask: Ask, tmp_path: Path) -> None:
    image = Image.effect_noise((300, 200), 90).convert("RGB")
    pen = ImageDraw.Draw(image)
    for x in range(0, 300, 23):
        pen.ellipse((x, x // 2, x + 60, x // 2 + 40), fill=(x % 255, 250 - x % 200, 90), outline="black")
    image.save(tmp_path / "cells.png")
    found = json.loads(kwk_ask("--image", str(tmp_path / "cells.png"), "--json", "Which country is this?").stdout)
    assert "do not know" in found["text"]
    assert not found["evidence"] and not found["images"] and not found["grounded"]


def test_a_file_that_is_no_picture_is_refused_by_name(kwk_ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "notes.png"
    file.write_text("not a picture")
    result = kwk_ask("--image", str(file), "What is this?", code=1)
    assert "notes.png" in result.output


@pytest.mark.parametrize("question", ["", "   ", "x" * 3_000])
def test_what_is_no_question_is_refused_in_one_sentence(kwk_ask: Ask, question: str) -> None:
    assert kwk_ask(question, code=1).output.startswith("Error: The")


HOSTILE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "'}) DETACH DELETE n //",
            "What is the capital of Peru'}) MATCH (n) DETACH DELETE n RETURN n //?",
            "` CALL db.labels() //",
            "What is the capital of \x00Peru\u2028?",
            "<image><image><KNO><RET>",
            "((((((((((((((((a+)+)+)+)+",
        ]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE)
def test_nothing_that_is_asked_changes_the_graph(answerer: Answerer, stores: Stores, atlas: str, question: str) -> None:
    count = "MATCH (e:Entity {graph: $graph}) RETURN count(e) AS n, sum(COUNT { (e)-->() }) AS edges"
    before = read(stores.driver, count, graph=atlas)
    assert answerer.ask(question).text
    assert read(stores.driver, count, graph=atlas) == before


def test_a_reader_can_not_write(answerer: Answerer, atlas: str) -> None:
    from kg.errors import StoreError

    with pytest.raises(StoreError, match="access mode"):
        answerer.reader.rows("CREATE (n:Entity {graph: $graph, id: 'x'}) RETURN n.id AS id")


def test_where_the_time_went_is_said_apart_from_the_answer(kwk_ask: Ask) -> None:
    found = kwk_ask("--timings", "--json", "What is the capital of Peru?")
    assert json.loads(found.stdout)["text"] == "The capital of Peru is Lima."
    said = re.search(
        r"^([\d.]+) s: sentences ([\d.]+), stores ([\d.]+), the rest (-?[\d.]+)$", found.stderr, re.MULTILINE
    )
    assert said
    total, *parts = map(float, said.groups())
    assert abs(total - sum(parts)) < 0.01
    assert min(parts) >= 0
