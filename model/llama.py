"""A small Llama (Touvron et al. 2023, section 2.2), with the weights' names of `transformers`.

Without `transformers` itself: its import takes as long as all else that a cold `kwk ask` does, and a model so small
spends a good part of each step in its general machinery. `export.py` hands the weights back to it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.attention import attend, attend_apart, later
from model.language import Cache, Packing
from model.presets import Scratch
from model.tokens import PAD_ID

EPSILON = 1e-6  # of RMSNorm
BASE = 10_000.0  # of the rotary angles
SPREAD = 0.02  # of the weights at the start


class KeysValues:
    """What was read before: keys and values (B, H, L, D) of every layer."""

    def __init__(self) -> None:
        self._layers: list[tuple[Tensor, Tensor]] = []

    def __len__(self) -> int:
        """Return how many tokens were read."""
        return self._layers[0][0].shape[2] if self._layers else 0

    def extended(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add what a layer has read, and return all of it."""
        if layer == len(self._layers):
            self._layers.append((keys, values))
        else:
            before = self._layers[layer]
            self._layers[layer] = torch.cat([before[0], keys], dim=2), torch.cat([before[1], values], dim=2)
        return self._layers[layer]

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat every row, as `transformers`' caches do."""
        self._layers = [
            (keys.repeat_interleave(repeats, dim=0), values.repeat_interleave(repeats, dim=0))
            for keys, values in self._layers
        ]


class Llama(nn.Module):
    """A small Llama, trained from scratch: a `model.language.Language`."""

    apart = True

    def __init__(self, shape: Scratch, vocabulary: int) -> None:
        super().__init__()
        self.causal = Causal(shape, vocabulary)
        self.width = shape.width
        self.frozen: frozenset[str] = frozenset()

    @property
    def layers(self) -> nn.ModuleList:
        """Return the layers."""
        return self.causal.model.layers

    def cache(self) -> KeysValues:
        """Return a cache that holds nothing yet."""
        return KeysValues()

    def embed(self, ids: Tensor) -> Tensor:
        """Embed tokens (B, L) to (B, L, width)."""
        embedded: Tensor = self.causal.model.embed_tokens(ids)
        return embedded

    def read(self, embedded: Tensor, cache: Cache | None = None, packing: Packing | None = None) -> Tensor:
        """Read embeddings (B, L, width) after what `cache` holds; return the states (B, L, width)."""
        assert cache is None or isinstance(cache, KeysValues)  # noqa: S101 - it is this model's own
        states: Tensor = self.causal.model(embedded, cache, packing)
        return states

    def logits(self, states: Tensor) -> Tensor:
        """Map states (…, width) to logits (…, V)."""
        logits: Tensor = self.causal.lm_head(states)
        return logits


class Causal(nn.Module):
    """A decoder, and a head whose weights are those of the embedding."""

    def __init__(self, shape: Scratch, vocabulary: int) -> None:
        super().__init__()
        self.model = Decoder(shape, vocabulary)
        self.lm_head = nn.Linear(shape.width, vocabulary, bias=False)
        self.lm_head.weight = self.model.embed_tokens.weight
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=SPREAD)
        with torch.no_grad():
            self.lm_head.weight[PAD_ID] = 0


class Decoder(nn.Module):
    """Embeddings (B, L, width) through the layers to states (B, L, width)."""

    def __init__(self, shape: Scratch, vocabulary: int) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, shape.width, padding_idx=PAD_ID)
        self.layers = nn.ModuleList(Layer(shape, number) for number in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, EPSILON)
        halves = torch.arange(0, shape.width // shape.heads, 2) / (shape.width // shape.heads)
        self.register_buffer("speeds", BASE**-halves, persistent=False)  # (D / 2,) radians a place
        self.speeds: Tensor

    def forward(self, states: Tensor, cache: KeysValues | None, packing: Packing | None) -> Tensor:
        """Read embeddings after what `cache` holds, or the conversations of a packing, each apart."""
        before, length = len(cache) if cache is not None else 0, states.shape[1]
        own = torch.arange(before, before + length, device=states.device)
        places = packing.positions[:, None] if packing else own  # (R, 1, L) or (L,)
        angles = (places[..., None] * self.speeds).repeat(*[1] * places.ndim, 2)
        turns = angles.cos(), angles.sin()  # (…, L, D)
        apart = packing.lengths if packing and states.device.type == "cpu" else None  # a GPU is idle with so little
        hidden = None
        if apart is None:
            hidden = packing.mask(states.dtype) if packing else later(length, before + length, states)
        for layer in self.layers:
            states = layer(states, turns, hidden, apart, cache)
        normal: Tensor = self.norm(states)
        return normal


class Layer(nn.Module):
    """Attention, then a gated feed-forward layer, each of the normalised states and added to them."""

    def __init__(self, shape: Scratch, number: int) -> None:
        super().__init__()
        self.self_attn = SelfAttention(shape, number)
        self.mlp = FeedForward(shape)
        self.input_layernorm = nn.RMSNorm(shape.width, EPSILON)
        self.post_attention_layernorm = nn.RMSNorm(shape.width, EPSILON)

    def forward(
        self,
        states: Tensor,
        turns: tuple[Tensor, Tensor],
        hidden: Tensor | None,
        apart: tuple[int, ...] | None,
        cache: KeysValues | None,
    ) -> Tensor:
        """Map states (B, L, width) to states (B, L, width)."""
        states = states + self.self_attn(self.input_layernorm(states), turns, hidden, apart, cache)
        changed: Tensor = states + self.mlp(self.post_attention_layernorm(states))
        return changed


class SelfAttention(nn.Module):
    """Attention with rotary places (Su et al. 2021)."""

    def __init__(self, shape: Scratch, number: int) -> None:
        super().__init__()
        self.heads, self.number = shape.heads, number
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(shape.width, shape.width, bias=False) for _ in range(4)
        )

    def forward(
        self,
        states: Tensor,
        turns: tuple[Tensor, Tensor],
        hidden: Tensor | None,
        apart: tuple[int, ...] | None,
        cache: KeysValues | None,
    ) -> Tensor:
        """Attend in states (B, L, width): conversations of the lengths `apart`, or where nothing is `hidden`."""
        query, key, value = (
            project(states).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        query, key = turned(query, *turns), turned(key, *turns)
        if cache is not None:
            key, value = cache.extended(self.number, key, value)
        found = attend(query, key, value, hidden) if apart is None else attend_apart(query, key, value, apart)
        joined: Tensor = self.o_proj(found.transpose(1, 2).flatten(2))
        return joined


class FeedForward(nn.Module):
    """SwiGLU (Shazeer 2020, eq. 6)."""

    def __init__(self, shape: Scratch) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.inner, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.inner, bias=False)
        self.down_proj = nn.Linear(shape.inner, shape.width, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """Map states (B, L, width) to states (B, L, width)."""
        mapped: Tensor = self.down_proj(functional.silu(self.gate_proj(states)) * self.up_proj(states))
        return mapped


def turned(states: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn the pairs of values (d, d + D/2) of states (B, H, L, D) by the angles of their places (…, L, D)."""
    first, second = states.chunk(2, dim=-1)
    return states * cosines + torch.cat([-second, first], dim=-1) * sines
