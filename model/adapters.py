"""What makes an image readable by a language model: one small class each.

To add one, write a frozen dataclass of its sizes and a module that takes `(shape, seen)` and maps grids and
descriptors of images to features of the language model's width, and name it in ADAPTERS: then `--adapter` takes it,
and a preset holds its sizes in a section of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from ingest.descriptor import CELLS
from model.qformer import QFormerShape, Querying


@dataclass(frozen=True, slots=True)
class Seen:
    """What an adapter stands between: measured images on one side, a language model on the other."""

    grid: int  # C: channels of a grid cell
    descriptor: int  # D: values of an image's descriptor
    width: int  # of the language model
    layers: int  # of the language model


class Shape(Protocol):
    """The sizes of an adapter."""

    @property
    def queries(self) -> int:
        """Return the number of <image> tokens that stand for an image."""
        ...


class Adapter(nn.Module):
    """The seam. Without gates the features stand where <image> stands.

    With gates an image is one feature; from its place to the next image it is added, times a layer's gate, to the
    input of every layer.
    """

    sizes: ClassVar[type]  # what a section of its name in a preset holds
    gates: nn.Parameter | None  # (layers,)

    def __init__(self, shape: Shape, seen: Seen) -> None:
        super().__init__()
        self.gates = None

    def forward(self, cells: Tensor, descriptors: Tensor) -> Tensor:
        """Map grids (N, CELLS, C) and descriptors (N, D) to features (N, queries, width)."""
        raise NotImplementedError


class QFormer(Adapter):
    """BLIP-2's Q-Former: learned queries attend to the cells and the descriptor; each becomes a token."""

    sizes = QFormerShape

    def __init__(self, shape: QFormerShape, seen: Seen) -> None:
        super().__init__(shape, seen)
        self.grid = nn.Linear(seen.grid, shape.width)
        self.descriptor = nn.Linear(seen.descriptor, shape.width)
        self.queries = nn.Parameter(torch.randn(shape.queries, shape.width) * 0.02)
        self.shape = shape
        self.qformer = Querying(shape)
        self.to_language = nn.Linear(shape.width, seen.width)

    def forward(self, cells: Tensor, descriptors: Tensor) -> Tensor:
        """Map grids (N, CELLS, C) and descriptors (N, D) to tokens (N, queries, width)."""
        memory = torch.cat([self.grid(cells), self.descriptor(descriptors)[:, None]], dim=1)  # (N, CELLS + 1, W)
        queries = self.queries.expand(len(cells), -1, -1)
        tokens: Tensor = self.to_language(self.qformer(queries, memory))
        return tokens


@dataclass(frozen=True, slots=True)
class LinearShape:
    """The sizes of a linear map: those of what it joins."""

    @property
    def queries(self) -> int:
        """Return the number of <image> tokens that stand for an image."""
        return CELLS + 1


class Linear(Adapter):
    """One linear map: each cell of the grid becomes a token, and the descriptor one more."""

    sizes = LinearShape

    def __init__(self, shape: LinearShape, seen: Seen) -> None:
        super().__init__(shape, seen)
        self.grid = nn.Linear(seen.grid, seen.width)
        self.descriptor = nn.Linear(seen.descriptor, seen.width)

    def forward(self, cells: Tensor, descriptors: Tensor) -> Tensor:
        """Map grids (N, CELLS, C) and descriptors (N, D) to tokens (N, CELLS + 1, width)."""
        return torch.cat([self.grid(cells), self.descriptor(descriptors)[:, None]], dim=1)


@dataclass(frozen=True, slots=True)
class BindShape:
    """The sizes of a bind network."""

    inner: int  # of its blocks
    blocks: int

    @property
    def queries(self) -> int:
        """Return the number of <image> tokens that stand for an image."""
        return 1


class Bind(Adapter):
    """ImageBind-LLM's bind network (its eq. 1), whose feature is added in every layer (its eq. 2).

    F⁰ = F·w0, then blocks F + (F·w2 ⊙ SiLU(F·w1))·w3 of the normalised F. Nothing has a bias, so that no image, which
    is a zero feature, adds zero; the gates are zero at first, so that the language model begins as it is.
    """

    sizes = BindShape

    def __init__(self, shape: BindShape, seen: Seen) -> None:
        super().__init__(shape, seen)
        self.gates = nn.Parameter(torch.zeros(seen.layers))
        self.project = nn.Linear(seen.grid + seen.descriptor, seen.width, bias=False)  # w0
        self.blocks = nn.ModuleList(BindBlock(seen.width, shape.inner) for _ in range(shape.blocks))

    def forward(self, cells: Tensor, descriptors: Tensor) -> Tensor:
        """Map grids (N, CELLS, C) and descriptors (N, D) to features (N, 1, width)."""
        feature: Tensor = self.project(torch.cat([cells.mean(dim=1), descriptors], dim=1))
        for block in self.blocks:
            feature = block(feature)
        return feature[:, None]


class BindBlock(nn.Module):
    """F + (F·w2 ⊙ SiLU(F·w1))·w3, of the normalised F."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(width, eps=1e-6)
        self.w1 = nn.Linear(width, inner, bias=False)
        self.w2 = nn.Linear(width, inner, bias=False)
        self.w3 = nn.Linear(inner, width, bias=False)

    def forward(self, feature: Tensor) -> Tensor:
        """Map features (N, width) to features (N, width)."""
        normal = self.norm(feature)
        changed: Tensor = feature + self.w3(self.w2(normal) * functional.silu(self.w1(normal)))
        return changed


ADAPTERS: Mapping[str, type[Adapter]] = {"qformer": QFormer, "linear": Linear, "bind": Bind}


def adapter_of(name: str, shape: Shape, seen: Seen) -> Adapter:
    """Make an untrained adapter."""
    return ADAPTERS[name](shape, seen)
