"""Readability of texts (principle 1): the mean log-probability of a token under a causal language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kg.errors import DataError

LONGEST = 512  # tokens of a text; the rest is left out
BATCH = 8


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """A language model that scores texts."""

    name: str
    tokenizer: Any
    model: Any

    def score(self, texts: Sequence[str]) -> list[float]:
        """Return the mean log-probability (natural) of a token of each text, given those before it in the text.

        Texts that have one token at most have nothing to be predicted: they get nan.
        """
        longest = min(LONGEST, getattr(self.model.config, "max_position_embeddings", LONGEST)) - 1
        encoded = [self.tokenizer(text, add_special_tokens=False)["input_ids"][:longest] for text in texts]
        begin = self.tokenizer.bos_token_id
        encoded = [[begin, *ids] if begin is not None else ids for ids in encoded]
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))
        scores = [float("nan")] * len(texts)
        for start in range(0, len(order), BATCH):
            rows = [i for i in order[start : start + BATCH] if len(encoded[i]) > 1]
            for i, value in zip(rows, self._batch([encoded[i] for i in rows]), strict=True):
                scores[i] = value
        return scores

    def _batch(self, batch: list[list[int]]) -> list[float]:
        if not batch:
            return []
        longest = max(map(len, batch))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in batch])  # (B, L)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch])
        with torch.inference_mode():
            logits = self.model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()  # (B, L - 1, V)
            chosen = logits.gather(-1, ids[:, 1:, None]).squeeze(-1) - logits.logsumexp(-1)
        told = mask[:, 1:]
        means: list[float] = ((chosen * told).sum(1) / told.sum(1)).tolist()
        return means


def load_reader(name: str) -> Reader:
    """Load a causal language model: a name on the hub, a folder, or a .gguf file. Raises DataError."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = Path(name)
    where, extra = (str(path.parent), {"gguf_file": path.name}) if path.suffix == ".gguf" else (name, {})
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, **extra)
        model = AutoModelForCausalLM.from_pretrained(where, **extra)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as exc:
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0]
        raise DataError(f"--readability-model {name!r} is no language model that transformers loads: {reason}") from exc
    model.requires_grad_(False).train(False)
    return Reader(name, tokenizer, model)
