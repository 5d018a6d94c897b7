"""Negatives for <RET> by graph proximity (G1): tiers around the right answer, a mix that hardens, hard exclusions.

An anchor is a question with the image that answers it. Its negatives are images of entities that are

    hop1      one edge away from the answer
    hop2      two edges away
    range     at the same end of the same relation
    type      of the same type
    random    any

and never an image of any true answer, nor a near-duplicate of one, nor one that belongs to a true answer as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kg.adjacency import Adjacency
from model.gallery import Gallery, Ints

Negatives = Literal["proximity", "random", "gallery", "batch"]
KINDS: tuple[Negatives, ...] = get_args(Negatives)
TIERS = ("hop1", "hop2", "range", "type", "random")
RANDOM = len(TIERS) - 1
FARTHEST = 3  # hops that are told apart; what is farther counts as one more
TRIES = 8  # draws of the same tier before an anchor's negative is drawn at random

# The share of each tier in the hard part of a mix. Entities next to the answer are confused most, but an answer has
# few of them; the range holds what the question could have meant.
HARD_MIX = (0.3, 0.2, 0.3, 0.2, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """Questions with the images that answer them, by numbers."""

    image: Ints  # (A,) in the gallery
    entity: Ints  # (A,) whom the image shows
    relation: Ints  # (A,) -1 where nothing was asked
    asks_tail: NDArray[np.bool_]  # (A,)
    answers: Sequence[Ints]  # A lists of entities: every true answer


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What was drawn for each anchor. Where an anchor allows too few images, `image` is -1."""

    image: Ints  # (A, K)
    tier: NDArray[np.int8]  # (A, K) in TIERS
    hops: NDArray[np.int8]  # (A, K) from the anchor's entity to the image's owner; FARTHEST + 1 means farther


def mix_at(progress: float, hardest: float = 0.8, ramp: float = 0.6) -> NDArray[np.float64]:
    """Return the share of each tier after `progress` (0 to 1) of the training: random at first, then ever harder."""
    hard = hardest * min(1.0, progress / ramp)
    shares = hard * np.array(HARD_MIX)
    shares[RANDOM] += 1 - hard
    return shares


class Sampler:
    """Draws negatives from a gallery, by proximity in a graph."""

    def __init__(self, graph: Adjacency, gallery: Gallery) -> None:
        self._graph = graph
        self._gallery = gallery
        self._illustrated = gallery.illustrated
        self._first_type = first_types(graph)
        self._by_type: dict[int, Ints] = {}
        self._by_range: dict[tuple[int, bool], Ints] = {}
        self._distances: dict[int, NDArray[np.int8]] = {}
        self._rings: dict[int, tuple[Ints, Ints]] = {}
        self._excluded: dict[tuple[int, ...], Ints] = {}

    def draw(self, anchors: Anchors, count: int, shares: NDArray[np.float64], rng: np.random.Generator) -> Drawn:
        """Draw `count` negatives for each anchor; each tier has its share, an empty one leaves it to random."""
        total = len(anchors.image)
        pools = [pool for i in range(total) for pool in self._pools(anchors, i)]
        sizes = np.array([len(pool) for pool in pools], np.int64).reshape(total, len(TIERS))
        starts = (np.cumsum(sizes) - sizes.reshape(-1)).reshape(sizes.shape)
        flat = np.concatenate(pools) if pools else np.empty(0, np.int32)
        keys = self._forbidden(anchors)
        tier = rng.choice(len(TIERS), size=(total, count), p=shares).astype(np.int8)
        image = np.full((total, count), -1, np.int32)
        owner = np.full((total, count), -1, np.int32)
        for attempt in range(2 * TRIES):
            row, column = np.nonzero(image < 0)
            if not len(row):
                break
            wanted = tier[row, column]
            wanted[(sizes[row, wanted] == 0) | (attempt >= TRIES)] = RANDOM
            entity = flat[starts[row, wanted] + (rng.random(len(row)) * sizes[row, wanted]).astype(np.int64)]
            drawn = self._an_image(entity, rng)
            fine = ~np.isin(row * np.int64(len(self._gallery)) + drawn, keys)
            row, column = row[fine], column[fine]
            image[row, column], owner[row, column], tier[row, column] = drawn[fine], entity[fine], wanted[fine]
        return Drawn(image, tier, self._hops(anchors.entity, owner))

    def excluded(self, answers: Ints) -> Ints:
        """Return the images that may never be negatives where these entities are the true answers, ascending."""
        key = tuple(answers.tolist())
        if key not in self._excluded:
            own = self._gallery.images.gather(np.asarray(answers, np.int32))
            self._excluded[key] = np.unique(self._gallery.near.gather(own)) if len(own) else own
        return self._excluded[key]

    def allowed(self, anchors: Anchors) -> NDArray[np.bool_]:
        """Return which images of the gallery may be negatives of each anchor, (A, G)."""
        allowed = np.ones((len(anchors.image), len(self._gallery)), np.bool_)
        for i, answers in enumerate(anchors.answers):
            allowed[i, self.excluded(answers)] = False
        allowed[np.arange(len(anchors.image)), anchors.image] = False
        return allowed

    def distances(self, entity: int) -> NDArray[np.int8]:
        """Return every entity's hops from one, (N,)."""
        if entity not in self._distances:
            self._distances[entity] = self._graph.hops(entity, FARTHEST)
        return self._distances[entity]

    def _forbidden(self, anchors: Anchors) -> NDArray[np.int64]:
        """Return anchor · G + image of every image that an anchor excludes."""
        width = np.int64(len(self._gallery))
        parts = [i * width + self.excluded(answers) for i, answers in enumerate(anchors.answers)]
        own = np.arange(len(anchors.image)) * width + anchors.image
        return np.concatenate([*parts, own])

    def _an_image(self, entity: Ints, rng: np.random.Generator) -> Ints:
        start = self._gallery.images.start
        count = start[entity + 1] - start[entity]
        place = start[entity] + (rng.random(len(entity)) * count).astype(np.int32)
        return self._gallery.images.values[place]

    def _pools(self, anchors: Anchors, i: int) -> tuple[Ints, ...]:
        """Return the illustrated entities of each tier."""
        entity, relation = int(anchors.entity[i]), int(anchors.relation[i])
        near, farther = self._ring(entity)
        same_range = self._range(relation, bool(anchors.asks_tail[i])) if relation >= 0 else near[:0]
        return near, farther, same_range, self._type(entity), self._illustrated

    def _ring(self, entity: int) -> tuple[Ints, Ints]:
        if entity not in self._rings:
            distance = self.distances(entity)[self._illustrated]
            self._rings[entity] = self._illustrated[distance == 1], self._illustrated[distance == 2]
        return self._rings[entity]

    def _range(self, relation: int, asks_tail: bool) -> Ints:
        key = relation, asks_tail
        if key not in self._by_range:
            side = self._graph.incoming if asks_tail else self._graph.outgoing
            entities = np.repeat(np.arange(len(self._graph.entities), dtype=np.int32), np.diff(side.indptr))
            found = np.unique(entities[side.relation == relation])
            self._by_range[key] = np.intersect1d(found, self._illustrated).astype(np.int32)
        return self._by_range[key]

    def _type(self, entity: int) -> Ints:
        kind = int(self._first_type[entity])
        if kind not in self._by_type:
            same = self._illustrated[self._first_type[self._illustrated] == kind]
            self._by_type[kind] = same if kind >= 0 else same[:0]
        return self._by_type[kind]

    def _hops(self, entity: Ints, owner: Ints) -> NDArray[np.int8]:
        hops = np.full(owner.shape, FARTHEST + 1, np.int8)
        for i, each in enumerate(entity.tolist()):
            hops[i] = self.distances(each)[owner[i]]
        hops[owner < 0] = -1
        return hops


def first_types(graph: Adjacency) -> Ints:
    """Return a number for each entity's winning type, -1 where it has none. (N,)"""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(each.types[0], len(numbers)) if each.types else -1 for each in graph.entities], np.int32
    )


def histogram(drawn: Drawn) -> Mapping[str, Mapping[str, int]]:
    """Count what was drawn, by tier and by hops."""
    real = drawn.image >= 0
    tiers = np.bincount(drawn.tier[real], minlength=len(TIERS))
    hops = np.bincount(drawn.hops[real], minlength=FARTHEST + 2)
    names = [*(str(hop) for hop in range(FARTHEST + 1)), f">{FARTHEST}"]
    return {
        "tiers": dict(zip(TIERS, tiers.tolist(), strict=True)),
        "hops": dict(zip(names, hops.tolist(), strict=True)),
    }
