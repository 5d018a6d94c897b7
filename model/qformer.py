"""BLIP-2's Q-Former (Li et al. 2023, section 3.1) as it is used here: queries and an image, no text.

With the weights' names of `transformers`, and without its import, for the reason that `llama.py` gives.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from kg.errors import DataError
from model.attention import attend

EPSILON = 1e-12  # of its layer norms
SPREAD = 0.02  # of the weights at the start


@dataclass(frozen=True, slots=True)
class QFormerShape:
    """The sizes of a Q-Former."""

    queries: int
    width: int
    layers: int
    heads: int
    inner: int  # width of its feed-forward layers

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise DataError(f"width {self.width} is no multiple of heads {self.heads}")


class Querying(nn.Module):
    """Queries (N, Q, width) attend to each other and to a memory (N, M, width), layer by layer."""

    def __init__(self, shape: QFormerShape) -> None:
        super().__init__()
        self.layernorm = nn.LayerNorm(shape.width, EPSILON)
        layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.encoder = nn.ModuleDict({"layer": layers})
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=SPREAD)
                nn.init.zeros_(module.bias)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """Map queries (N, Q, width) to what they found, (N, Q, width)."""
        states: Tensor = self.layernorm(queries)
        for layer in self.encoder["layer"].children():
            states = layer(states, memory)
        return states


class Layer(nn.Module):
    """Attention among the queries, attention to the memory, a feed-forward layer; each is added, then normalised."""

    def __init__(self, shape: QFormerShape) -> None:
        super().__init__()
        self.attention, self.crossattention = Attention(shape), Attention(shape)
        self.intermediate_query = nn.ModuleDict({"dense": nn.Linear(shape.width, shape.inner)})
        self.output_query = ending(shape.inner, shape.width)

    def forward(self, states: Tensor, memory: Tensor) -> Tensor:
        """Map states (N, Q, width) to states (N, Q, width)."""
        states = self.attention(states, states)
        states = self.crossattention(states, memory)
        inner = functional.gelu(self.intermediate_query["dense"](states))
        changed: Tensor = self.output_query["LayerNorm"](states + self.output_query["dense"](inner))
        return changed


class Attention(nn.Module):
    """Attention of several heads; what is found is added, then normalised."""

    def __init__(self, shape: QFormerShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.attention = nn.ModuleDict(
            {part: nn.Linear(shape.width, shape.width) for part in ("query", "key", "value")}
        )
        self.output = ending(shape.width, shape.width)

    def forward(self, states: Tensor, memory: Tensor) -> Tensor:
        """Attend from states (N, Q, width) to a memory (N, M, width); return (N, Q, width)."""
        query, key, value = (
            self.attention[part](read).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part, read in (("query", states), ("key", memory), ("value", memory))
        )
        found = attend(query, key, value).transpose(1, 2).flatten(2)
        changed: Tensor = self.output["LayerNorm"](states + self.output["dense"](found))
        return changed


def ending(inner: int, width: int) -> nn.ModuleDict:
    """Return what ends a part of a layer: a map, and the norm of the sum."""
    return nn.ModuleDict({"dense": nn.Linear(inner, width), "LayerNorm": nn.LayerNorm(width, EPSILON)})
