"""What a training step lowers: the losses of its parts, `<RET>` against the negatives that the settings ask for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from model.anchors import Anchors
from model.batches import Batch, Counts
from model.gallery import Gallery, Ints
from model.losses import info_nce, mean_of, next_token
from model.mix import Shares, all_random, mix_at
from model.negatives import Drawn, Sampler, histogram
from model.network import KnowBLIP
from model.settings import TrainSettings
from model.steps import Step


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What the parts of a step have in common."""

    anchors: Anchors
    drawn: Drawn | None  # a negative's row for each anchor, where negatives are drawn
    shares: Shares  # of the tiers
    counts: Counts


class Objective:
    """L = L_AR + λ1·L_KNO + λ2·L_RET (KnowBLIP eq. 5) and the naming of relations, of a network on a gallery."""

    def __init__(
        self, network: KnowBLIP, settings: TrainSettings, gallery: Gallery | None, sampler: Sampler | None
    ) -> None:
        self._network, self._settings, self._gallery, self._sampler = network, settings, gallery, sampler
        self._device = network.scale.device
        self._bf16 = fast_bf16(self._device)
        self.drawn: dict[str, Counter[str]] = {"tiers": Counter(), "hops": Counter()}  # negatives so far
        if gallery:
            self._descriptors = torch.from_numpy(gallery.descriptors).to(self._device)

    def whole(self, step: Step, progress: float, rng: np.random.Generator) -> Whole:
        """Draw the negatives of a whole step; `progress` (0 to 1) hardens them. Every process draws the same."""
        drawn, shares = None, self._mix(progress)
        if self._sampler and len(step.anchors.image) and self._settings.draws:
            drawn = self._sampler.draw(step.anchors, self._settings.drawn, shares, rng)
            if self._network.training:
                for key, counts in histogram(drawn, self._sampler.hops(step.anchors, drawn)).items():
                    self.drawn[key].update(counts)
        return Whole(step.anchors, drawn, shares, step.counts)

    def losses(self, part: Batch, whole: Whole) -> dict[str, Tensor]:
        """Return a part's losses by name; `total` is lowered. The sum over all parts is the mean over the step."""
        settings, network = self._settings, self._network
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            states = network.states(part.ids, self._images(part), packing=part.packing)
            states = states.flatten(0, 1)  # (R·L, width)
            logits = network.logits(states[part.predicts])
            slots = network.relation(states[part.slots])
        told, known = next_token(logits, part.next_ids, torch.ones_like(part.named), part.named)
        classes = part.classes.clamp(min=0)
        named = mean_of(functional.cross_entropy(slots.float(), classes, reduction="none"), part.classes >= 0)
        shown = self._retrieval(states[part.rets].float(), part, whole)
        own, every = part.counts, whole.counts
        told = told * (own.predicted / max(every.predicted, 1))
        known = known * (own.named / max(every.named, 1))
        named = named * (own.asked / max(every.asked, 1))
        shown = shown * (own.shown / max(every.shown, 1))
        total = told + settings.knowledge * known + settings.retrieval * shown + settings.relation * named
        return {"total": total, "AR": told, "KNO": known, "RET": shown, "relation": named}

    def _images(self, part: Batch) -> Tensor:
        """Return the tokens of the part's images; each image is computed once, and its measurements alone are moved."""
        if self._gallery is None or not len(part.images):
            return torch.empty(0, 1, self._network.width, device=self._device)
        distinct, place = np.unique(part.images, return_inverse=True)
        cells = torch.from_numpy(self._gallery.cells[distinct]).to(self._device).float()
        tokens = self._network.images(cells, self._described(distinct))
        return tokens[torch.from_numpy(place).to(self._device)]

    def _described(self, images: Ints) -> Tensor:
        """Return the descriptors of images by number, (N, D)."""
        return self._descriptors[torch.from_numpy(images).long().to(self._device)]

    def _retrieval(self, states: Tensor, part: Batch, whole: Whole) -> Tensor:
        """Return L_RET of a part, with the negatives that the settings ask for.

        Negatives "batch" are the images of the whole step, in whichever process: measurements are frozen and every
        process holds them, so their keys are computed here, with gradients, instead of being gathered.
        """
        if self._sampler is None or not len(states):
            return states.sum()
        network, kind, anchors = self._network, self._settings.negatives, part.anchors
        queries = network.retrieval_query(states)  # (A, W)
        own = network.retrieval_keys(self._described(anchors.image))  # (A, W)
        scale = network.sharpness()
        positive = scale * (queries * own).sum(dim=1)
        if whole.drawn is None:
            allowed = self._sampler.allowed(anchors)
            if kind == "batch":
                allowed, keys = (
                    allowed[:, whole.anchors.image],
                    network.retrieval_keys(self._described(whole.anchors.image)),
                )
            else:
                keys = network.retrieval_keys(self._descriptors)
            weights = log_weights(self._sampler, anchors, whole.shares).to(self._device) if kind == "weighted" else None
            return info_nce(positive, scale * queries @ keys.T, torch.from_numpy(allowed).to(self._device), weights)
        drawn = whole.drawn.image[part.of_step]  # (A, K)
        distinct, place = np.unique(drawn, return_inverse=True)
        keys = network.retrieval_keys(self._described(distinct))
        negatives = keys[torch.from_numpy(place.reshape(drawn.shape)).to(self._device)]  # (A, K, W)
        cosines = torch.einsum("aw,akw->ak", queries, negatives)
        weights = None
        if self._settings.corrected:
            weights = -log_weights(self._sampler, anchors, whole.shares, drawn).to(self._device)
        return info_nce(positive, scale * cosines, torch.from_numpy(drawn >= 0).to(self._device), weights)

    def _mix(self, progress: float) -> Shares:
        settings = self._settings
        if settings.negatives == "random":
            return all_random()
        return mix_at(progress, settings.mix, settings.hardest, settings.ramp)


def log_weights(sampler: Sampler, anchors: Anchors, shares: Shares, drawn: Ints | None = None) -> Tensor:
    """Return the log of how often a mix draws each of the `drawn` images (A, K), of K draws: what corrects them.

    Without `drawn`, of how often it draws each image of the gallery, of as many draws as there are images (A, G):
    weighted so, the softmax over all is what more and more drawn negatives approach.
    """
    chances = sampler.probability(anchors, shares)
    if drawn is not None:
        chances = np.take_along_axis(chances, drawn, axis=1)
    expected = np.maximum(chances * chances.shape[1], 1e-12)
    return torch.from_numpy(np.log(expected).astype(np.float32))


def fast_bf16(device: torch.device) -> bool:
    """Say whether a device multiplies bfloat16 faster than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
