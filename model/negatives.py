"""Negatives for <RET> by graph proximity (G1): drawn from tiers around the right answer, with hard exclusions.

An anchor is a question with the image that answers it. Its negatives are images of entities of the tiers
(`model.tiers`), in the shares of a mix (`model.mix`), and never an image that answers the question as well
(`model.exclusions`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kg.adjacency import Adjacency
from model.anchors import Anchors
from model.arena import Growing, Pools, Sets
from model.draws import Images, draw
from model.exclusions import Exclusions
from model.gallery import Gallery, Ints
from model.mix import Shares
from model.proximity import FARTHEST, Proximity
from model.tiers import NAMES, RANDOM, TIERS, Question

Negatives = Literal["proximity", "random", "gallery", "weighted", "batch"]
KINDS: tuple[Negatives, ...] = get_args(Negatives)
TRIES = 8  # draws of the same tier before an anchor's negative is drawn at random, and at random before there is none
KEPT = 2**25  # entities in pools and images in exclusions that are kept for the next batch: 12 and 8 bytes each


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What was drawn for each anchor. Where an anchor allows too few images, `image` and `owner` are -1."""

    image: Ints  # (A, K)
    owner: Ints  # (A, K) the entity whose image was drawn
    tier: NDArray[np.int8]  # (A, K) in TIERS


class Sampler:
    """Draws negatives from a gallery, by proximity in a graph."""

    def __init__(self, graph: Adjacency, gallery: Gallery) -> None:
        self.near = Proximity(graph, gallery.illustrated)
        self.exclusions = Exclusions(graph, gallery)
        self._gallery = gallery
        self._forget()

    def draw(self, anchors: Anchors, count: int, shares: Shares, rng: np.random.Generator) -> Drawn:
        """Draw `count` negatives for each anchor, with replacement.

        Each tier has its share. Where it is empty, or TRIES draws of it are all excluded, the share goes to random.
        """
        excluded, pools = self._known(anchors, shares)
        images, reach = Images(self._gallery.images.start, self._gallery.images.values), np.cumsum(shares)
        tables, barred = self._pools.tables, self._excluded.bits
        seed = rng.integers(2**64, dtype=np.uint64)
        image, owner, tier = draw(seed, reach, tables, pools, barred, excluded, images, count, TRIES)
        shape = len(anchors.image), count
        return Drawn(image.reshape(shape), owner.reshape(shape), tier.reshape(shape))

    def probability(self, anchors: Anchors, shares: Shares) -> NDArray[np.float64]:
        """Return how likely one draw is to be each image of the gallery, (A, G): what `draw` does, exactly.

        A tier of which the share m is allowed goes to random with probability (1 - m)^TRIES.
        """
        excluded, pools = self._known(anchors, shares)
        found = np.zeros((len(anchors.image), len(self._gallery)))
        for i in range(len(anchors.image)):
            left = 0.0  # what goes to random
            for tier in np.flatnonzero(shares):
                chances = self._chances(int(pools[i, tier]), int(excluded[i]))
                allowed = chances.sum()
                lost = (1 - min(allowed, 1.0)) ** TRIES if tier != RANDOM and allowed > 0 else float(tier != RANDOM)
                left += shares[tier] * lost
                found[i] += shares[tier] * (1 - lost) * chances / max(allowed, 1e-300)
            if left:
                chances = self._chances(int(pools[i, RANDOM]), int(excluded[i]))
                found[i] += left * chances / max(chances.sum(), 1e-300)
        return found

    def allowed(self, anchors: Anchors) -> NDArray[np.bool_]:
        """Return which images of the gallery may be negatives of each anchor, (A, G)."""
        allowed = np.ones((len(anchors.image), len(self._gallery)), np.bool_)
        for i, number in enumerate(self._known(anchors, np.zeros(len(TIERS)))[0].tolist()):
            allowed[i, self._excluded[number]] = False
        return allowed

    def hops(self, anchors: Anchors, drawn: Drawn) -> NDArray[np.int8]:
        """Return the hops from each anchor's entity to the owners of what was drawn, (A, K); -1 where nothing was."""
        hops = np.empty(drawn.owner.shape, np.int8)
        for i, entity in enumerate(anchors.entity.tolist()):
            hops[i] = self.near.hops(entity)[drawn.owner[i]]
        hops[drawn.owner < 0] = -1
        return hops

    def _known(self, anchors: Anchors, shares: Shares) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the number of each anchor's exclusions (A,) and of its pools (A, tiers), made where they are new."""
        if len(self._pools) + len(self._excluded) > KEPT:
            self._forget()
        wanted = tuple(np.union1d(np.flatnonzero(shares), [RANDOM]).tolist())
        places = self._places.setdefault(wanted, {})
        for i, key in enumerate(anchors.keys):
            if key not in places:
                places[key] = len(self._numbers) // (1 + len(TIERS))
                self._numbers.extend(np.array(self._new(anchors, i, wanted)))
        found = self._numbers.values.reshape(-1, 1 + len(TIERS))[[places[key] for key in anchors.keys]]
        return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1:])

    def _new(self, anchors: Anchors, i: int, wanted: Sequence[int]) -> list[int]:
        """Return the numbers of an anchor's exclusions and pools; that of a tier which is not wanted means nothing."""
        image, subject, relation = int(anchors.image[i]), int(anchors.subject[i]), int(anchors.relation[i])
        question = Question(int(anchors.entity[i]), relation, bool(anchors.asks_tail[i]))
        images = self.exclusions.images(image, subject, relation, question.asks_tail, anchors.answers[i])
        numbers = [self._excluded.add(images)] + [0] * len(TIERS)
        for n in wanted:
            tier = TIERS[n]
            key = tier.name, tier.about(self.near, question)
            if key not in self._by_tier:
                pool = tier.pool(self.near, question)
                self._by_tier[key] = self._pools.add(pool.entities, pool.weights)
            numbers[1 + n] = self._by_tier[key]
        return numbers

    def _forget(self) -> None:
        self._pools, self._excluded = Pools(), Sets(len(self._gallery))
        self._numbers = Growing(np.int64)  # of exclusions, then of each tier's pool, anchor by anchor
        self._places: dict[tuple[int, ...], dict[bytes, int]] = {}  # tiers that are wanted -> anchor -> place there
        self._by_tier: dict[Hashable, int] = {}  # (tier, what it depends on) -> number of its pool

    def _chances(self, pool: int, excluded: int) -> NDArray[np.float64]:
        """Return how likely a draw from a pool is each image of the gallery, zero where it is excluded. (G,)"""
        entities, chances = self._pools.shares(pool)
        images = self._gallery.images
        count = images.start[entities + 1] - images.start[entities]
        found: NDArray[np.float64] = np.zeros(len(self._gallery))
        np.add.at(found, images.gather(entities), np.repeat(chances / count, count))
        found[self._excluded[excluded]] = 0
        return found


def histogram(drawn: Drawn, hops: NDArray[np.int8]) -> Mapping[str, Mapping[str, int]]:
    """Count what was drawn, by tier and by hops (A, K)."""
    real = drawn.image >= 0
    by_tier = np.bincount(drawn.tier[real], minlength=len(TIERS))
    by_hops = np.bincount(hops[real], minlength=FARTHEST + 2)
    names = [*(str(hop) for hop in range(FARTHEST + 1)), f">{FARTHEST}"]
    return {
        "tiers": dict(zip(NAMES, by_tier.tolist(), strict=True)),
        "hops": dict(zip(names, by_hops.tolist(), strict=True)),
    }
