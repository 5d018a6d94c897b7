"""KnowBLIP: frozen image measurements, an adapter, a language model; heads for <RET> and <KNO>.

The vision tower is frozen, so its output is computed once and comes in as a measurement (`ingest.descriptor`); the
sentence encoder is frozen too, and its features of the question come in beside the tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.adapters import Seen, adapter_of
from model.language import Cache, Language, Packing, adding, gate
from model.llama import Llama
from model.presets import Preset
from model.tokens import IMAGE_ID

TEMPERATURE = 0.07  # of the retrieval loss at the start, as CLIP's
SHARPEST = 100.0  # the scale never grows beyond this


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a network must be told beside its preset."""

    vocabulary: int
    relations: int
    grid: int  # C: channels of a grid cell
    descriptor: int  # values of an image's descriptor
    question: int  # values of a question's features


class KnowBLIP(nn.Module):
    """The trainable parts. A relation and a direction make a class: 2·relation + (1 if the head is asked for)."""

    def __init__(self, preset: Preset, sizes: Sizes, language: Language | None = None) -> None:
        """Make an untrained network, around a small Llama from scratch where no language model is given."""
        super().__init__()
        if language is None:
            assert preset.scratch is not None  # noqa: S101 - a preset without one names a language model
            language = Llama(preset.scratch, sizes.vocabulary)
        self.language: Language = language
        self.sizes = sizes
        self.width = width = language.width
        seen = Seen(sizes.grid, sizes.descriptor, width, len(language.layers))
        self.adapter = adapter_of(preset.adapter, preset.adapters[preset.adapter], seen)
        if self.adapter.gates is not None:
            gate(language.layers, self.adapter)
        self.w_ret = nn.Linear(width, preset.retrieval_width)
        self.w_img = nn.Linear(sizes.descriptor, preset.retrieval_width)
        self.scale = nn.Parameter(torch.tensor(1 / TEMPERATURE).log())
        self.relation = nn.Linear(width, 2 * sizes.relations)
        self.wording = WordingHead(sizes.question)

    def learned(self) -> dict[str, Tensor]:
        """Return the tensors that a run saves: all but those of a frozen language model."""
        frozen = {f"language.{name}" for name in self.language.frozen}
        return {name: tensor for name, tensor in self.state_dict().items() if name not in frozen}

    def load_learned(self, tensors: Mapping[str, Tensor]) -> None:
        """Take up tensors that a run saved. Raises RuntimeError if they are others, or of other shapes."""
        lacking, unknown = self.load_state_dict(tensors, strict=False)
        lacking = [name for name in lacking if name.removeprefix("language.") not in self.language.frozen]
        if lacking or unknown:
            raise RuntimeError(
                f"without {', '.join(lacking) or 'nothing'}, with unknown {', '.join(unknown) or 'nothing'}"
            )

    def images(self, cells: Tensor, descriptors: Tensor) -> Tensor:
        """Map images, as grids (N, CELLS, C) and descriptors (N, D), to what the model reads. (N, Q, width)"""
        features: Tensor = self.adapter(cells, descriptors)
        return features

    def states(
        self,
        ids: Tensor,
        images: Tensor,
        cache: Cache | None = None,
        before: Tensor | None = None,
        packing: Packing | None = None,
    ) -> Tensor:
        """Read tokens (B, L), padded at their ends; `images` (N, Q, width) belong to the <image>s, in order.

        With `cache` what it holds was read before, and `before` (B, width) is the last image then. Return
        (B, L, width). Attention looks back alone, so what is padded changes nothing before it. With `packing` a row
        holds several conversations, which don't see each other.
        """
        embedded = self.embed(ids, images)
        if self.adapter.gates is None:
            return self.language.read(embedded, cache, packing)
        with adding(in_force(ids, images, before, packing)):
            return self.language.read(embedded, cache, packing)

    def embed(self, ids: Tensor, images: Tensor) -> Tensor:
        """Embed tokens (B, L), with the images where <image> stands unless they are added in the layers."""
        embedded = self.language.embed(ids)
        if self.adapter.gates is not None:
            return embedded
        return embedded.masked_scatter((ids == IMAGE_ID)[..., None], images.to(embedded.dtype))

    def logits(self, states: Tensor) -> Tensor:
        """Map states (…, width) to next-token logits (…, V)."""
        return self.language.logits(states)

    def retrieval_query(self, states: Tensor) -> Tensor:
        """Map <RET> states (N, width) to where images are compared, of length 1: W_RET of eq. 3."""
        return functional.normalize(self.w_ret(states), dim=-1)

    def retrieval_keys(self, descriptors: Tensor) -> Tensor:
        """Map images' descriptors (N, D) to where <RET> looks for them, of length 1: W_img of eq. 3."""
        return functional.normalize(self.w_img(descriptors), dim=-1)

    def sharpness(self) -> Tensor:
        """Return the factor on cosines: 1/τ, learned."""
        return self.scale.exp().clamp(max=SHARPEST)


def in_force(ids: Tensor, images: Tensor, before: Tensor | None = None, packing: Packing | None = None) -> Tensor:
    """Return for each token (B, L) the last image at its place or before it, of `images` (N, 1, width). (B, L, width)

    Before the first it is `before` (B, width), or the zero image. Images of other conversations don't count.
    """
    shown = (ids == IMAGE_ID).cumsum(dim=1)  # (B, L) images of the row so far
    rows = shown[:, -1].cumsum(dim=0) - shown[:, -1]  # (B,) images in the rows before
    first = images.new_zeros(len(ids), images.shape[-1]) if before is None else before.to(images.dtype)
    table = torch.cat([first, images[:, 0]])  # (B + N, width)
    own = torch.arange(len(ids), device=ids.device)[:, None]
    earlier = 0 if packing is None else images_before(ids, shown, packing.positions)
    return table[torch.where(shown > earlier, len(ids) - 1 + rows[:, None] + shown, own)]


def images_before(ids: Tensor, shown: Tensor, positions: Tensor) -> Tensor:
    """Return how many images of its row stand before each token's conversation, (B, L)."""
    starts = torch.arange(ids.shape[1], device=ids.device) - positions
    return (shown - (ids == IMAGE_ID).long()).gather(1, starts)


class WordingHead(nn.Module):
    """Name relation and direction by the nearest known wording.

    Both sides are features of a frozen sentence encoder; a learned map, the identity at first, says which differences
    between two sentences matter. Because it compares rather than classifies, a wording can be added without training.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.map = nn.Linear(width, width, bias=False)
        nn.init.eye_(self.map.weight)
        self.scale = nn.Parameter(torch.tensor(20.0).log())

    def forward(self, questions: Tensor, wordings: Tensor) -> Tensor:
        """Compare questions (N, F) with wordings (M, F); return scaled cosines (N, M)."""
        a = functional.normalize(self.map(questions), dim=-1)
        b = functional.normalize(self.map(wordings), dim=-1)
        cosines: Tensor = self.scale.exp().clamp(max=SHARPEST) * a @ b.T
        return cosines
