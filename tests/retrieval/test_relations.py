"""A question is compared with how each relation is asked for; what the graph has no relation for is known too."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dialogue.verbalise import lexicon
from dialogue.wordings import HELD_OUT
from ingest.sentences import minilm
from kg.stores import Stores
from retrieval.answer import Answerer
from retrieval.relations import (
    BY_NOUN,
    FREEBASE_BACKWARDS,
    FREEBASE_BACKWARDS_TO_THE_LETTER,
    FREEBASE_WORDING,
    Relations,
    asked_elsewhere,
    column,
    described,
    lacking,
    read_relations,
)

ATLAS = "urn:kwk:atlas:"


@pytest.fixture
def relations(answerer: Answerer) -> Relations:
    """The relations of the atlas."""
    return answerer.understanding.relations


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/film/film/genre", "film: genre"),
        ("/film/film_genre/films_in_this_genre", "film genre: films in this genre"),
        ("/location/location/adjoin_s./location/adjoining_relationship/adjoins",
         "location: adjoin s; adjoining relationship: adjoins"),
        ("/genre", "genre"),
    ],
)  # fmt: skip
def test_freebase_path_is_read_as_words(path: str, words: str) -> None:
    assert described(path) == words


def test_wording_kept_for_tests_helps_no_question(relations: Relations) -> None:
    for relation in relations.each:
        for direction in ("tail", "head"):
            last = relation.asking(direction).forms[-1]
            assert last.bare + "it" + last.suffix not in relations.texts


def test_question_is_most_like_the_relation_that_it_asks_for(relations: Relations) -> None:
    asked = {
        "What is the capital of it?": ("capital", "tail"),
        "Which country has it as its capital?": ("capital", "head"),
        "what money do they use in it": ("currency", "tail"),
        "Name a time zone of it": ("timeZone", "tail"),
    }
    found = relations.likeness(minilm().encode(list(asked)))
    assert found.shape == (len(asked), 2 * len(relations.each))
    for row, (name, direction) in zip(found, asked.values(), strict=True):
        assert int(row.argmax()) == column(relations.by_path[ATLAS + name], direction)  # type: ignore[arg-type]


def test_noun_alone_counts_less_than_a_question(relations: Relations) -> None:
    places = [place for place, text in enumerate(relations.texts) if text.startswith("Name a ")]
    assert {round(float(relations.weights[place]), 2) for place in places} >= {BY_NOUN}


def test_what_the_graph_answers_is_not_asked_elsewhere(relations: Relations) -> None:
    general = asked_elsewhere()
    assert 0 < len(relations.elsewhere) < len(general)
    assert "Who is the president of it?" in general
    vectors = minilm().encode(["Who is the president of it?", "What is the capital of it?"])
    president, capital = relations.likeness_elsewhere(vectors)
    assert president == pytest.approx(1, abs=1e-2)
    assert capital < 0.8


def test_relation_is_usual_for_entities_of_its_subjects_types(relations: Relations) -> None:
    usual = relations.usual((f"{ATLAS}Country",))
    capital = relations.by_path[f"{ATLAS}capital"]
    assert usual[column(capital, "tail")] and not usual[column(capital, "head")]
    assert relations.usual((f"{ATLAS}Country",)) is usual
    assert not relations.usual(()).any()


def test_words_of_questions_are_known(relations: Relations) -> None:
    assert {"what", "capital", "which", "country"} <= relations.vocabulary
    assert "peru" not in relations.vocabulary
    assert len(relations.kinds) == 2 * len(relations.each)


def test_wordings_are_encoded_once_and_read_back_the_same(
    relations: Relations, stores: Stores, atlas: str, home: Path
) -> None:
    def never(texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError("encoded again")

    again = read_relations(stores.driver, atlas, never, minilm().space, home / "cache")
    assert again.texts == relations.texts
    assert again.subjects == relations.subjects
    np.testing.assert_allclose(again.vectors, relations.vectors, atol=2e-3)
    assert all(isinstance(json.loads(file.read_text("utf-8")), dict) for file in (home / "cache").glob("ends-*.json"))


def test_freebase_is_asked_forwards_and_by_its_path(films: Answerer) -> None:
    found = films.understanding.relations
    assert all(relation.freebase for relation in found.each)
    directed = found.by_path["/film/film/directed_by"]
    assert found.backwards[column(directed, "head")] == pytest.approx(FREEBASE_BACKWARDS)
    assert found.backwards[column(directed, "tail")] == 0
    assert "it was directed by who" in [text.casefold() for text in found.texts]
    assert "film: directed by" in found.texts
    assert FREEBASE_WORDING in {round(float(weight), 3) for weight in found.weights}
    vectors = minilm().encode(["Who is the president of it?"])
    assert float(found.likeness_elsewhere(vectors)[0]) == pytest.approx(FREEBASE_WORDING, abs=1e-2)


def test_question_worded_to_the_letter_is_understood_backwards_too(films: Answerer) -> None:
    found = films.understanding.relations
    film = found.by_path["/film/director/film"]
    letter, likeness = minilm().encode(["Who directed it?", "by whom is it, as far as you know?"]), found.likeness
    exact, vague = likeness(letter)[:, column(film, "head")]
    assert exact >= 1 - FREEBASE_BACKWARDS_TO_THE_LETTER - 1e-2
    assert vague < exact - FREEBASE_BACKWARDS


def test_what_other_relations_of_freebase_tell_is_asked_elsewhere(films: Answerer, relations: Relations) -> None:
    found = films.understanding.relations
    assert "Where was it born?" in lacking(found.each)
    assert "Who directed it?" not in lacking(found.each)
    assert lacking(relations.each) == []
    (born,) = found.likeness_elsewhere(minilm().encode(["Where was it born?"]))
    assert born == pytest.approx(FREEBASE_WORDING, abs=1e-2)


def test_wording_kept_for_tests_is_not_asked_elsewhere(films: Answerer) -> None:
    last = lexicon()["/people/person/place_of_birth"].tail.forms[HELD_OUT]
    assert last.bare + "it" + last.suffix not in lacking(films.understanding.relations.each)
