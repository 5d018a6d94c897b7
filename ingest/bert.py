"""BERT's encoder as torch has it, with the weights of a checkpoint.

Without `transformers`, whose import takes longer than all else that a cold `kwk ask` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

_EMBEDDINGS = {
    "words.weight": "embeddings.word_embeddings.weight",
    "places.weight": "embeddings.position_embeddings.weight",
    "segments.weight": "embeddings.token_type_embeddings.weight",
    "norm.weight": "embeddings.LayerNorm.weight",
    "norm.bias": "embeddings.LayerNorm.bias",
}
_IN_A_LAYER = {
    "self_attn.out_proj": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "linear1": "intermediate.dense",
    "linear2": "output.dense",
    "norm2": "output.LayerNorm",
}


class Bert(nn.Module):
    """BERT's encoder (Devlin et al. 2019, section 3), to be used and not trained, from a checkpoint's own settings."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width, epsilon = config["hidden_size"], config["layer_norm_eps"]
        self.words, self.places, self.segments = (
            nn.Embedding(config[size], width, _weight=torch.empty(config[size], width))  # or they are drawn at random
            for size in ("vocab_size", "max_position_embeddings", "type_vocab_size")
        )
        self.norm = nn.LayerNorm(width, epsilon)
        layer = nn.TransformerEncoderLayer(
            width,
            config["num_attention_heads"],
            config["intermediate_size"],
            activation=config["hidden_act"],
            layer_norm_eps=epsilon,
            batch_first=True,
        )
        self.encoder = nn.TransformerEncoder(layer, config["num_hidden_layers"], enable_nested_tensor=False)
        self.requires_grad_(False).train(False)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Encode word pieces `ids` (B, L), of which `mask` (B, L) is 1 where they are text, to states (B, L, D)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        embedded = self.norm(self.words(ids) + self.segments.weight[0] + self.places(places))
        states: Tensor = self.encoder(embedded, src_key_padding_mask=mask == 0)
        return states

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Take the weights of a checkpoint, which has them by BERT's names. Raises KeyError where one is lacking."""
        own = {name: _of_checkpoint(name, weights) for name in self.state_dict()}
        self.load_state_dict(own, assign=True)


def _of_checkpoint(name: str, weights: Mapping[str, Tensor]) -> Tensor:
    """Return the tensor of the encoder that goes by this name here; queries, keys and values are one."""
    if name in _EMBEDDINGS:
        return weights[_EMBEDDINGS[name]]
    _, _, number, rest = name.split(".", 3)
    layer = f"encoder.layer.{number}"
    if rest.startswith("self_attn.in_proj_"):
        kind = rest.removeprefix("self_attn.in_proj_")
        return torch.cat([weights[f"{layer}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")])
    module, kind = rest.rsplit(".", 1)
    return weights[f"{layer}.{_IN_A_LAYER[module]}.{kind}"]
