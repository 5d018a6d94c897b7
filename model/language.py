"""Language models behind one seam: tokens to embeddings, embeddings to states, states to logits.

What an image adds to every layer (`model.adapters`, gates) is added by hooks before the layers. They read it from a
context variable, so that two threads that share a model don't see each other's images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.cache_utils import Cache

from model.adapters import Adapter
from model.attention import APART
from model.presets import Scratch
from model.tokens import END_ID, PAD_ID

_ADDED: ContextVar[Tensor | None] = ContextVar("added", default=None)


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """Where conversations lie in rows that hold several of them."""

    owners: Tensor  # (R, L) int64: whose a token is; -1 for padding
    positions: Tensor  # (R, L) int64: a token's place in its conversation
    lengths: tuple[int, ...]  # of the conversations, row after row, with a row's padding as one more

    def mask(self, dtype: torch.dtype) -> Tensor:
        """Return what is added to attention's logits: a token sees its own conversation, back alone. (R, 1, L, L)"""
        seen = (self.owners[:, :, None] == self.owners[:, None, :]).tril()
        hidden = torch.full((), torch.finfo(dtype).min, dtype=dtype, device=seen.device)
        return torch.where(seen, torch.zeros_like(hidden), hidden)[:, None]

    def to(self, device: torch.device) -> Packing:
        """Return the same on a device."""
        return Packing(self.owners.to(device), self.positions.to(device), self.lengths)


class Language(Protocol):
    """The seam. Token numbers are those of `model.tokens`, the special ones first."""

    width: int
    frozen: frozenset[str]  # names of the tensors that no run saves
    apart: bool  # whether, on a CPU, it attends in each conversation of a row apart

    @property
    def layers(self) -> nn.ModuleList:
        """Return the layers."""
        ...

    def embed(self, ids: Tensor) -> Tensor:
        """Embed tokens (B, L) to (B, L, width)."""
        ...

    def read(self, embedded: Tensor, cache: Cache | None = None, packing: Packing | None = None) -> Tensor:
        """Read embeddings (B, L, width) after what `cache` holds; return the states (B, L, width)."""
        ...

    def logits(self, states: Tensor) -> Tensor:
        """Map states (…, width) to logits (…, V)."""
        ...


class Llama(nn.Module):
    """A small Llama, trained from scratch."""

    apart = True

    def __init__(self, shape: Scratch, vocabulary: int, positions: int) -> None:
        super().__init__()
        self.causal = LlamaForCausalLM(llama_config(shape, vocabulary, positions))
        self.width = shape.width
        self.frozen: frozenset[str] = frozenset()

    @property
    def layers(self) -> nn.ModuleList:
        """Return the layers."""
        layers: nn.ModuleList = self.causal.model.layers
        return layers

    def embed(self, ids: Tensor) -> Tensor:
        """Embed tokens (B, L) to (B, L, width)."""
        embedded: Tensor = self.causal.model.embed_tokens(ids)
        return embedded

    def read(self, embedded: Tensor, cache: Cache | None = None, packing: Packing | None = None) -> Tensor:
        """Read embeddings (B, L, width) after what `cache` holds; return the states (B, L, width)."""
        apart = packing is not None and embedded.device.type == "cpu"  # a GPU is idle with what is so small
        unread = embedded.new_zeros(1, 1, 1, 1)  # of this shape, or one would be made of all pairs of a row's tokens
        output = self.causal.model(
            inputs_embeds=embedded,
            attention_mask=unread if apart else packing.mask(embedded.dtype) if packing else None,
            position_ids=packing.positions if packing else None,
            past_key_values=cache,
            use_cache=cache is not None,
            lengths=packing.lengths if apart and packing else None,
        )
        states: Tensor = output.last_hidden_state
        return states

    def logits(self, states: Tensor) -> Tensor:
        """Map states (…, width) to logits (…, V)."""
        logits: Tensor = self.causal.lm_head(states)
        return logits


def llama_config(shape: Scratch, vocabulary: int, positions: int) -> LlamaConfig:
    """Return the configuration of a small Llama."""
    config = LlamaConfig(
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
    config._attn_implementation = APART  # plain matmuls: torch's fused attention has a slow backward on CPU
    return config


@contextmanager
def adding(features: Tensor) -> Iterator[None]:
    """Let layers that are `gated` add features (B, L, width) to their inputs, while the block lasts."""
    token = _ADDED.set(features)
    try:
        yield
    finally:
        _ADDED.reset(token)


def gate(layers: nn.ModuleList, adapter: Adapter) -> None:
    """Make layers add what `adding` holds, times their gate: T_j = T_I·g + T_W^j (ImageBind-LLM eq. 2)."""

    def before(number: int) -> Callable[[nn.Module, Any, Any], tuple[Any, Any] | None]:
        def add(layer: nn.Module, args: Any, kwargs: Any) -> tuple[Any, Any] | None:
            added = _ADDED.get()
            if added is None or adapter.gates is None:
                return None
            states, *rest = args
            return (states + (adapter.gates[number] * added).to(states.dtype), *rest), kwargs

        return add

    for number, layer in enumerate(layers):
        layer.register_forward_pre_hook(before(number), with_kwargs=True)
