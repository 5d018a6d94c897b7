"""Subject and relation are chosen together, and nothing is made of nothing."""

import numpy as np
import pytest

from retrieval.answer import Answerer
from retrieval.link import Candidate, Own, Weights, ids_of, is_generic, link, mentioned
from retrieval.names import Named, NameIndex

COUNTRY = "urn:kwk:atlas:country/"


def test_no_candidate_is_no_link(answerer: Answerer) -> None:
    understanding = answerer.understanding
    assert link([], {}, understanding.relations, understanding.likeness, Weights(), "What?") is None


def test_entity_of_no_type_without_edges_has_no_relation(answerer: Answerer) -> None:
    understanding = answerer.understanding
    stranger = Candidate(Named("x", "X", ("X",), ()), "What is the capital of {x}", 0.5, True)
    assert stranger.noun == ""
    found = link([stranger], {}, understanding.relations, understanding.likeness, Weights(), "What?")
    assert found is not None
    assert (found.relation, found.held, found.score) == (None, False, 0.5)


def test_relation_that_an_entity_usually_has_is_understood_though_it_is_not_held(answerer: Answerer) -> None:
    understanding = answerer.understanding
    peru = understanding.names.by_id[f"{COUNTRY}PE"]
    asked = Candidate(peru, "What is the capital of {x}", 0.5, True)
    found = link([asked], {peru.id: Own({}, 0)}, understanding.relations, understanding.likeness, Weights(), "What?")
    assert found is not None and found.relation is not None
    assert understanding.relations.each[found.relation].path == "urn:kwk:atlas:capital"
    assert not found.held


def test_belief_of_a_run_decides_between_relations(answerer: Answerer) -> None:
    understanding = answerer.understanding
    relations = understanding.relations
    peru = understanding.names.by_id[f"{COUNTRY}PE"]
    own = answerer.reader.own([peru.id], relations)
    asked = Candidate(peru, "What is the capital of {x}", 0.5, True)
    sure = np.zeros(2 * len(relations.each), np.float32)
    currency = relations.by_path["urn:kwk:atlas:currency"]
    sure[2 * currency] = 2
    found = link([asked], own, relations, understanding.likeness, Weights(unlike=-1, elsewhere=2), "?", lambda _: sure)
    assert found is not None
    assert (found.relation, found.direction, found.held) == (currency, "tail", True)


def test_name_of_words_that_questions_are_made_of_is_hardly_meant(answerer: Answerer) -> None:
    understanding = answerer.understanding
    found = mentioned("What is the capital of Peru", understanding.names, understanding.relations.vocabulary, Weights())
    assert found[0].entity.name == "Peru" and found[0].certain
    assert found[0].masked == "What is the capital of {x}"
    (mention, *_) = understanding.names.mentions("Peru")
    assert not is_generic("Peru", mention, understanding.relations.vocabulary)
    assert is_generic("Peru", mention, frozenset({"peru"}))
    assert ids_of([*found, *found]) == ids_of(found)


@pytest.mark.parametrize(
    ("text", "generic"),
    [
        ("Did Tom act in Cast Away", False),
        ("Cast Away stars whom", False),
        ("Did Tom act in cast away", True),
        ("DID TOM ACT IN CAST AWAY", True),
        ("Did Tom act in Cast", True),
    ],
)
def test_common_words_that_are_written_as_a_name_are_one(text: str, generic: bool) -> None:
    index = NameIndex([Named("film", "Cast Away", ("Cast Away", "Cast"), ())])
    *_, mention = index.mentions(text)
    assert is_generic(text, mention, frozenset({"cast", "away"})) is generic


def test_fact_held_from_the_other_end_is_found_where_the_relation_asked_for_is_not(films: Answerer) -> None:
    understanding = films.understanding
    relations, film = understanding.relations, understanding.names.by_id["/m/1"]
    asked = Candidate(film, "Who directed {x}", 0.5, True)
    directs = relations.by_path["/film/director/film"]
    own = {film.id: Own({2 * directs + 1: 1}, 1)}
    found = link([asked], own, relations, understanding.likeness, understanding.weights, "Who directed Big Fish")
    assert found is not None
    assert (found.relation, found.direction, found.held) == (directs, "head", True)
