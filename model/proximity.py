"""Who is near whom in a graph: neighbours, hops, Adamic-Adar, entities of a type and at an end of a relation.

Edges count in either direction and once, whatever relations they stand for; loops do not count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kg.adjacency import Adjacency
from model.gallery import Ints, Rows

FARTHEST = 3  # hops that are told apart; what is farther counts as one more
KEPT = 2**28  # bytes of distances that are kept for the next question


class Proximity:
    """Answers questions of nearness. `illustrated` are the entities that have images, ascending."""

    def __init__(self, graph: Adjacency, illustrated: Ints) -> None:
        self.graph = graph
        self.illustrated = illustrated
        self.neighbours = neighbours(graph)
        self.first_type = first_types(graph)
        self.has_image = np.zeros(len(graph.entities), np.bool_)
        self.has_image[illustrated] = True
        degree = np.diff(self.neighbours.start)
        self._rarity = np.zeros(len(degree))
        self._rarity[degree > 1] = 1 / np.log(degree[degree > 1])
        self._distances: dict[int, NDArray[np.int8]] = {}

    def hops(self, entity: int) -> NDArray[np.int8]:
        """Return every entity's hops from one; FARTHEST + 1 means farther. (N,)"""
        if entity not in self._distances:
            if len(self._distances) * len(self.first_type) > KEPT:
                self._distances.clear()
            self._distances[entity] = self._walk(entity)
        return self._distances[entity]

    def adamic_adar(self, entity: int) -> NDArray[np.float64]:
        """Return every entity's Adamic-Adar weight with one: the sum of 1 / ln(degree) of common neighbours. (N,)"""
        near = self.neighbours[entity]
        weights = np.repeat(self._rarity[near], np.diff(self.neighbours.start)[near])
        found = np.zeros(len(self._rarity))
        found += np.bincount(self.neighbours.gather(near), weights, minlength=len(found))
        found[entity] = 0
        return found

    def at_end(self, relation: int, tail: bool) -> Ints:
        """Return the illustrated entities that are tails (or heads) of a relation, ascending."""
        side = self.graph.incoming if tail else self.graph.outgoing
        runs = np.repeat(np.arange(len(self.has_image), dtype=np.int32), np.diff(side.runs))
        found: Ints = runs[side.run_relation == relation]
        return found[self.has_image[found]]

    def of_type(self, kind: int) -> Ints:
        """Return the illustrated entities of a winning type, by its number in `first_type`, ascending."""
        found: Ints = self.illustrated[self.first_type[self.illustrated] == kind]
        return found

    def _walk(self, entity: int) -> NDArray[np.int8]:
        distance = np.full(len(self.has_image), FARTHEST + 1, np.int8)
        distance[entity] = 0
        frontier = np.array([entity], np.int32)
        for hop in range(1, FARTHEST + 1):
            reached = self.neighbours.gather(frontier)
            distance[reached[distance[reached] > hop]] = hop
            frontier = np.flatnonzero(distance == hop).astype(np.int32)
        return distance


def neighbours(graph: Adjacency) -> Rows:
    """Return each entity's distinct neighbours, ascending."""
    count = len(graph.entities)
    heads, tails = graph.triple_heads().astype(np.int64), graph.outgoing.neighbour.astype(np.int64)
    own = heads != tails
    heads, tails = heads[own], tails[own]
    pairs = np.unique(np.concatenate([heads * count + tails, tails * count + heads]))
    entity, neighbour = np.divmod(pairs, max(count, 1))
    return Rows(np.searchsorted(entity, np.arange(count + 1)).astype(np.int32), neighbour.astype(np.int32))


def first_types(graph: Adjacency) -> Ints:
    """Return a number for each entity's winning type, -1 where it has none. (N,)"""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(each.types[0], len(numbers)) if each.types else -1 for each in graph.entities], np.int32
    )
