"""A run as a Hugging Face folder: what `transformers` knows it loads, the rest stands beside it as safetensors.

language/       the language model with its tokenizer: AutoModelForCausalLM, AutoTokenizer
qformer/        the Q-Former, where the run has one: Blip2QFormerModel
rest.safetensors, manifest.json, README.md
"""

from __future__ import annotations

import json
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerFast

from kg.errors import CheckpointError, DataError
from model.adapters import QFormer
from model.checkpoint import Manifest, record_of, save_tensors, write_whole
from model.language import Llama
from model.run import Run
from model.tokens import END, PAD, SPECIAL

LANGUAGE, QFORMER, REST, CARD = "language", "qformer", "rest.safetensors", "README.md"


def export(run: Run, out: Path) -> list[str]:
    """Write a run into `out`, which must be empty or absent; return the names of its parts.

    Raises DataError if something is there, CheckpointError if the language model is none that `transformers` loads.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} is not empty; name another folder with --out.")
    network = run.network
    if not isinstance(network.language, Llama):
        raise CheckpointError(f"{run.folder} is built on another's language model; its adapter can't stand alone yet.")
    out.mkdir(parents=True, exist_ok=True)
    parts: dict[str, PreTrainedModel] = {LANGUAGE: network.language.causal}
    own = {"language.causal."}
    if isinstance(network.adapter, QFormer):
        parts[QFORMER] = network.adapter.qformer
        own.add("adapter.qformer.")
    for name, part in parts.items():
        part.save_pretrained(out / name)
    tokenizer(run).save_pretrained(out / LANGUAGE)
    rest = {name: each for name, each in network.state_dict().items() if not name.startswith(tuple(own))}
    save_tensors(out / REST, rest)
    write_whole(out / "manifest.json", json.dumps(record_of(run.manifest), ensure_ascii=False, indent=1).encode())
    write_whole(out / CARD, card(run.manifest, [*parts]).encode())
    return [*parts, REST, "manifest.json", CARD]


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
