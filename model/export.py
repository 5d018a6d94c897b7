"""A run as a Hugging Face folder: what `transformers` knows it loads, the rest stands beside it as safetensors.

language/       the language model with its tokenizer: AutoModelForCausalLM, AutoTokenizer
qformer/        the Q-Former, where the run has one: Blip2QFormerModel
rest.safetensors, manifest.json, README.md
"""

from __future__ import annotations

import json
from pathlib import Path

from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast
from transformers.models.blip_2.configuration_blip_2 import Blip2QFormerConfig
from transformers.models.blip_2.modeling_blip_2 import Blip2QFormerModel

from kg.errors import CheckpointError, DataError
from model.adapters import QFormer
from model.checkpoint import Manifest, record_of, save_tensors, write_whole
from model.llama import Llama
from model.presets import Scratch
from model.qformer import QFormerShape
from model.run import Run
from model.tokens import END, END_ID, PAD, PAD_ID, SPECIAL

LANGUAGE, QFORMER, REST, CARD = "language", "qformer", "rest.safetensors", "README.md"


def export(run: Run, out: Path) -> list[str]:
    """Write a run into `out`, which must be empty or absent; return the names of its parts.

    Raises DataError if something is there, CheckpointError if the language model is none that `transformers` loads.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} is not empty; name another folder with --out.")
    network, scratch = run.network, run.preset.scratch
    if not isinstance(network.language, Llama) or scratch is None:
        raise CheckpointError(f"{run.folder} is built on another's language model; its adapter can't stand alone yet.")
    out.mkdir(parents=True, exist_ok=True)
    config = llama_config(scratch, network.sizes.vocabulary, 4 * run.preset.max_length)
    parts: dict[str, PreTrainedModel] = {LANGUAGE: filled(LlamaForCausalLM(config), network.language.causal)}
    own = {"language.causal."}
    if isinstance(network.adapter, QFormer):
        parts[QFORMER] = filled(Blip2QFormerModel(qformer_config(network.adapter.shape)), network.adapter.qformer)
        own.add("adapter.qformer.")
    for name, part in parts.items():
        part.save_pretrained(out / name)
    tokenizer(run).save_pretrained(out / LANGUAGE)
    rest = {name: each for name, each in network.state_dict().items() if not name.startswith(tuple(own))}
    save_tensors(out / REST, rest)
    write_whole(out / "manifest.json", json.dumps(record_of(run.manifest), ensure_ascii=False, indent=1).encode())
    write_whole(out / CARD, card(run.manifest, [*parts]).encode())
    return [*parts, REST, "manifest.json", CARD]


def filled(model: PreTrainedModel, own: nn.Module) -> PreTrainedModel:
    """Give a model of `transformers` the weights of our own, which have the same names."""
    model.load_state_dict(own.state_dict())
    return model


def llama_config(shape: Scratch, vocabulary: int, positions: int) -> LlamaConfig:
    """Return the configuration of a small Llama."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=positions,
        tie_word_embeddings=True,
        pad_token_id=PAD_ID,
        bos_token_id=None,
        eos_token_id=END_ID,
    )


def qformer_config(shape: QFormerShape) -> Blip2QFormerConfig:
    """Return the configuration of a Q-Former: every layer looks at the image."""
    return Blip2QFormerConfig(
        vocab_size=1,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        encoder_hidden_size=shape.width,
        cross_attention_frequency=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def tokenizer(run: Run) -> PreTrainedTokenizerFast:
    """Return the run's tokenizer as `transformers` has it; there a special token in a text is read as one."""
    special = [token for token in SPECIAL if token not in (PAD, END)]
    made: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=run.tokenizer, pad_token=PAD, eos_token=END, additional_special_tokens=special
    )
    return made


def card(manifest: Manifest, parts: list[str]) -> str:
    """Return the model card: what the run was trained on and how, and what it reached."""
    settings, data = manifest.settings, manifest.data
    table = [f"| {name} | {value} |" for name, value in (*settings.items(), *data.items()) if value is not None]
    losses = [f"| {name} | {loss:.3f} |" for name, loss in manifest.losses.get("valid", {}).items()]
    return "\n".join(
        [
            "---",
            "library_name: transformers",
            "tags: [knowledge-graph, kwk]",
            "---",
            f"# {manifest.id}",
            "",
            f"A KnowBLIP trained by kwk on the graph '{manifest.graph}': {manifest.step:,} steps, ended by "
            f"{manifest.finished or 'nothing yet'}. The weights are from step {manifest.best_step or manifest.step:,}.",
            "",
            "```python",
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            f'model = AutoModelForCausalLM.from_pretrained("{LANGUAGE}")',
            f'tokenizer = AutoTokenizer.from_pretrained("{LANGUAGE}")',
            "```",
            "",
            f"Parts that transformers loads: {', '.join(parts)}. `{REST}` has the others.",
            "",
            "| settings and data | |",
            "|---|---|",
            *table,
            "",
            "| validation loss | |",
            "|---|---|",
            *losses,
            "",
        ]
    )
