"""A question that is taken for another because of whom it is about, or of how politely it was put."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.types import IMAGE
from ingest.sentences import SentenceEncoder
from model.questions import essence, idle_sentences, masked, question_features, sentences, tidy, views

PERU = ("Peru", "Republic of Peru", "PE")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("What is the capital of Peru?", "What is the capital of {x}?"),
        ("What is the capital of the Republic of Peru?", "What is the capital of the {x}?"),
        ("Is Peruvian spoken in Peru?", "Is Peruvian spoken in {x}?"),
        ("Peru: its  capital?\n\nAnd Peru's flag?", "{x}: its capital?\nAnd Peru's flag?"),
        ("What is the capital?", "What is the capital?"),
    ],
)
def test_longest_name_of_the_subject_is_taken_out(text: str, rest: str) -> None:
    assert masked(text, PERU) == rest


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (f"Which country has {IMAGE} as its flag?", "Which country has {x} as its flag?"),
        (f"{IMAGE}\nWhat is the capital of this country?", "What is the capital of {x}?"),
        (f"What is the capital of the country in this picture? {IMAGE}", "What is the capital of {x}?"),
        (f"{IMAGE} Who rules this old island in this picture?", "Who rules {x}?"),
        (f"Which currency has this country? {IMAGE}", "Which currency has {x}?"),
        (f"What is it? {IMAGE}", "What is it?"),
    ],
)
def test_picture_of_the_subject_is_taken_out(text: str, rest: str) -> None:
    assert masked(text, (), "country") == rest
    assert IMAGE not in masked(text)


def test_name_that_holds_signs_of_a_pattern_is_only_a_name() -> None:
    assert masked("Who sang C++ (live)?", ["C++ (live)", ""]) == "Who sang {x}?"


@given(st.text(max_size=40), st.lists(st.text(max_size=5), max_size=3))
def test_no_text_breaks_the_mask(text: str, names: list[str]) -> None:
    rest = masked(text, names)
    assert tidy(rest) == rest
    assert essence(rest, ()) == " ".join(sentences(rest))


def test_what_is_said_to_everybody_names_no_relation() -> None:
    picture = "Could you show me a picture?"
    asked = [(f"What is the {word} of {{x}}? {picture}", word) for word in ("capital", "currency", "anthem")]
    asked += [("And the flag? Thanks.", "flag"), ("And the anthem? Thanks.", "anthem")]
    idle = idle_sentences(asked)
    assert idle == {picture}
    assert essence(f"What is the capital of {{x}}?\n{picture}", idle) == "What is the capital of {x}?"
    assert essence(picture, idle) == picture  # unless nothing would be left
    assert "What is the capital of {x}?" not in idle


def test_question_is_read_about_x_and_about_what_x_is() -> None:
    assert views("Where is {x}?", "island") == ("Where is X?", "Where is this island?")
    assert views("{x}: its port?", "island") == ("X: its port?", "This island: its port?")
    assert views("Where is {x}?", "") == ("Where is X?", "Where is this thing?")


def test_features_are_both_views_of_length_one_together(sentences: SentenceEncoder) -> None:
    questions = ["Where is {x}?", "Who keeps {x}?", "Where is {x}?"]
    features = question_features(sentences, questions, ["island", "island", "port"])
    assert features.shape == (3, 2 * sentences.width)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(features[0, : sentences.width], features[2, : sentences.width], atol=1e-6)
    assert not np.allclose(features[0], features[2], atol=1e-3)


def test_no_question_has_no_features(sentences: SentenceEncoder) -> None:
    assert question_features(sentences, [], []).shape == (0, 2 * sentences.width)
