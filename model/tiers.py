"""The tiers of negatives: each says, by a pure function, which entities' images may confuse an answer, and how much.

    range      what stands at the same end of the same relation: what the question could have meant
    shares     two hops from the answer, so it shares a neighbour with it: weighted by Adamic-Adar
    neighbour  one hop from the answer
    type       of the answer's type
    random     anything with an image

A tier is added here, as one more line of TIERS with its function; mixes, histograms and `explain` know it by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.gallery import Ints
from model.proximity import Proximity


@dataclass(frozen=True, slots=True)
class Question:
    """What an image answers, by numbers."""

    entity: int  # the answer, whom the image shows
    relation: int  # -1 where nothing was asked
    asks_tail: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Illustrated entities that a tier draws from, the answer perhaps among them; without weights all count alike."""

    entities: Ints  # (P,) ascending
    weights: NDArray[np.float64] | None = None  # (P,) above zero


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier: its name, what it says of a negative, and its pool for a question.

    `about` returns what the pool depends on: questions for which it is equal share the pool.
    """

    name: str
    says: str
    about: Callable[[Proximity, Question], Hashable]
    pool: Callable[[Proximity, Question], Pool]


def same_range(near: Proximity, question: Question) -> Pool:
    """Return what stands at the same end of the same relation."""
    return Pool(near.at_end(question.relation, question.asks_tail))


def two_hops(near: Proximity, question: Question) -> Pool:
    """Return what shares a neighbour with the answer and is none, by Adamic-Adar."""
    weights = near.adamic_adar(question.entity)
    weights[near.neighbours[question.entity]] = 0
    found = near.illustrated[weights[near.illustrated] > 0]
    return Pool(found, weights[found])


def one_hop(near: Proximity, question: Question) -> Pool:
    """Return the answer's neighbours."""
    found = near.neighbours[question.entity]
    return Pool(found[near.has_image[found]])


def same_type(near: Proximity, question: Question) -> Pool:
    """Return what is of the answer's type."""
    kind = int(near.first_type[question.entity])
    return Pool(near.of_type(kind) if kind >= 0 else near.illustrated[:0])


def anything(near: Proximity, question: Question) -> Pool:
    """Return all that has an image."""
    return Pool(near.illustrated)


TIERS = (
    Tier("range", "at the same end of the same relation", lambda near, q: (q.relation, q.asks_tail), same_range),
    Tier("shares", "shares a neighbour with the answer", lambda near, q: q.entity, two_hops),
    Tier("neighbour", "a neighbour of the answer", lambda near, q: q.entity, one_hop),
    Tier("type", "of the same type", lambda near, q: int(near.first_type[q.entity]), same_type),
    Tier("random", "at random", lambda near, q: None, anything),  # the last: what an empty tier leaves its share to
)
NAMES = tuple(tier.name for tier in TIERS)
RANDOM = len(TIERS) - 1
