"""A typed "<RET>" that moves the model, a name that comes back changed, a tokenizer of another model."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from kg.errors import CheckpointError
from model import tokens
from model.tokens import FIRST_WORD, SPECIAL, load_tokenizer, train_tokenizer

TEXTS = ["Which island is north of Amber Island?", "It is Basalt Island.", "Whose keeper is Keeper Number 7?"]


@pytest.fixture(scope="module")
def small() -> Tokenizer:
    return train_tokenizer(TEXTS, 300)


def test_each_special_token_has_one_number_and_comes_first(small: Tokenizer) -> None:
    numbers = [getattr(tokens, f"{name}_ID") for name in ("PAD", "HUMAN", "MODEL", "END", "IMAGE", "RET", "KNO")]
    assert numbers == list(range(FIRST_WORD)) == [small.token_to_id(token) for token in SPECIAL]
    assert len(set(SPECIAL)) == len(SPECIAL)


@given(st.text())
def test_any_text_comes_back_as_it_was(small: Tokenizer, text: str) -> None:
    ids = small.encode(text).ids
    assert small.decode(ids) == text
    assert all(number >= FIRST_WORD for number in ids)


@pytest.mark.parametrize("token", SPECIAL)
def test_special_token_that_a_user_types_is_text(small: Tokenizer, token: str, tmp_path: Path) -> None:
    small.save(str(tmp_path / "tokenizer.json"))
    for tokenizer in (small, load_tokenizer(tmp_path / "tokenizer.json")):
        ids = tokenizer.encode(f"Show me {token}, now{token}").ids
        assert min(ids) >= FIRST_WORD
        assert tokenizer.decode(ids) == f"Show me {token}, now{token}"


def test_saved_tokenizer_reads_as_before(small: Tokenizer, tmp_path: Path) -> None:
    small.save(str(tmp_path / "tokenizer.json"))
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    assert [loaded.encode(text).ids for text in TEXTS] == [small.encode(text).ids for text in TEXTS]
    assert loaded.get_vocab_size() == small.get_vocab_size() == 300


def test_tokenizer_with_other_special_tokens_is_refused(tmp_path: Path) -> None:
    other = Tokenizer(BPE())
    other.train_from_iterator(TEXTS, BpeTrainer(vocab_size=100, special_tokens=["<s>", "</s>"], show_progress=False))
    other.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(CheckpointError, match=r"special tokens \['<s>'.*train the run again"):
        load_tokenizer(tmp_path / "tokenizer.json")


def test_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    for name in ("tokenizer.json", "absent.json"):
        with pytest.raises(CheckpointError, match=f"{name} holds no tokenizer"):
            load_tokenizer(tmp_path / name)
