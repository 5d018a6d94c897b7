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

from model.adapters import Adapter

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


class Cache(Protocol):
    """What a language model has read, which is not read again; each kind of model has its own."""

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat every row, so that each can be gone on with in as many ways."""
        ...


class Language(Protocol):
    """The seam. Token numbers are those of `model.tokens`, the special ones first."""

    width: int
    frozen: frozenset[str]  # names of the tensors that no run saves
    apart: bool  # whether, on a CPU, it attends in each conversation of a row apart

    @property
    def layers(self) -> nn.ModuleList:
        """Return the layers."""
        ...

    def cache(self) -> Cache:
        """Return a cache that holds nothing yet."""
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
