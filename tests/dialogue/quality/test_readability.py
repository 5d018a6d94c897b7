"""Readability under a language model, loaded from a folder as transformers saves it."""

import math
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from dialogue.quality.readability import load_reader
from kg.errors import DataError


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny language model with weights by chance."""
    folder = tmp_path_factory.mktemp("model")
    words = {word: n for n, word in enumerate(("<unk>", "lima", "is", "the", "capital", "of", "peru"))}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>").save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(words), n_positions=64, n_embd=16, n_layer=1, n_head=2, bos_token_id=None,
                        eos_token_id=None)  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def test_a_score_is_the_mean_log_probability_of_each_next_token(model: Path) -> None:
    reader = load_reader(str(model))
    texts = ["lima is the capital of peru", "peru", "peru peru", "the of"]
    scores = reader.score(texts)
    assert math.isnan(scores[1])
    for text, score in ((text, score) for text, score in zip(texts, scores, strict=True) if not math.isnan(score)):
        ids = torch.tensor([reader.tokenizer(text)["input_ids"]])
        with torch.inference_mode():  # one by one, without padding: the model's own loss
            assert score == pytest.approx(-float(reader.model(input_ids=ids, labels=ids).loss), abs=1e-4)


def test_what_is_no_model_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--readability-model"):
        load_reader(str(tmp_path))
