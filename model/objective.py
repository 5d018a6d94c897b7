"""What a training step lowers: the losses of a batch, `<RET>` against the negatives that the settings ask for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from model.data import Batch
from model.gallery import Gallery
from model.losses import info_nce, mean_of, next_token
from model.negatives import Anchors, Sampler, histogram, mix_at
from model.network import KnowBLIP
from model.settings import TrainSettings


class Objective:
    """L = L_AR + λ1·L_KNO + λ2·L_RET (KnowBLIP eq. 5) and the naming of relations, of a network on a gallery."""

    def __init__(
        self, network: KnowBLIP, settings: TrainSettings, gallery: Gallery | None, sampler: Sampler | None
    ) -> None:
        self._network, self._settings, self._gallery, self._sampler = network, settings, gallery, sampler
        self._bf16 = fast_bf16()
        self.drawn: dict[str, Counter[str]] = {"tiers": Counter(), "hops": Counter()}  # negatives so far
        if gallery:
            self._cells = torch.from_numpy(gallery.cells)
            self._descriptors = torch.from_numpy(gallery.descriptors)

    def losses(self, batch: Batch, progress: float, rng: np.random.Generator) -> dict[str, Tensor]:
        """Return a batch's losses by name; `total` is lowered. `progress` (0 to 1) hardens the negatives."""
        settings, network = self._settings, self._network
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            states = network.states(batch.ids, self._images(batch)).flatten(0, 1)  # (B·L, width)
            logits = network.logits(states[batch.predicts])
            slots = network.relation(states[batch.slots])
        told, known = next_token(logits, batch.next_ids, torch.ones_like(batch.named), batch.named)
        classes = batch.classes.clamp(min=0)
        named = mean_of(functional.cross_entropy(slots.float(), classes, reduction="none"), batch.classes >= 0)
        shown = self._retrieval(states[batch.rets].float(), batch.anchors, progress, rng)
        total = told + settings.knowledge * known + settings.retrieval * shown + settings.relation * named
        return {"total": total, "AR": told, "KNO": known, "RET": shown, "relation": named}

    def _images(self, batch: Batch) -> Tensor:
        """Return the tokens of the batch's images; each image is computed once."""
        if self._gallery is None or not len(batch.images):
            return torch.empty(0, 1, self._network.width)
        distinct, place = np.unique(batch.images, return_inverse=True)
        rows = torch.from_numpy(distinct).long()
        tokens = self._network.images(self._cells[rows].float(), self._descriptors[rows])
        return tokens[torch.from_numpy(place)]

    def _retrieval(self, states: Tensor, anchors: Anchors, progress: float, rng: np.random.Generator) -> Tensor:
        """Return L_RET with the negatives that the settings ask for."""
        if self._sampler is None or not len(states):
            return states.sum()
        network, kind = self._network, self._settings.negatives
        queries = network.retrieval_query(states)  # (A, W)
        own = network.retrieval_keys(self._descriptors[torch.from_numpy(anchors.image).long()])  # (A, W)
        scale = network.sharpness()
        positive = scale * (queries * own).sum(dim=1)
        if kind in ("gallery", "batch"):
            allowed = self._sampler.allowed(anchors)
            if kind == "batch":
                allowed, keys = allowed[:, anchors.image], own
            else:
                keys = network.retrieval_keys(self._descriptors)
            return info_nce(positive, scale * queries @ keys.T, torch.from_numpy(allowed))
        shares = mix_at(progress if kind == "proximity" else 0.0)
        drawn = self._sampler.draw(anchors, self._settings.drawn, shares, rng)
        if self._network.training:
            for key, counts in histogram(drawn).items():
                self.drawn[key].update(counts)
        distinct, place = np.unique(drawn.image, return_inverse=True)
        keys = network.retrieval_keys(self._descriptors[torch.from_numpy(distinct).long()])
        negatives = keys[torch.from_numpy(place.reshape(drawn.image.shape))]  # (A, K, W)
        cosines = torch.einsum("aw,akw->ak", queries, negatives)
        return info_nce(positive, scale * cosines, torch.from_numpy(drawn.image >= 0))


def fast_bf16() -> bool:
    """Say whether this processor multiplies bfloat16 faster than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
