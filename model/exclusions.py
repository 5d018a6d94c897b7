"""Which images are never negatives: those that would answer the question too, and those that look like one of them.

That is: the right image; every image of a true answer; of what answers the question by a relation that says the same,
or the same turned round; of what the graph calls the same thing (owl:sameAs and its like); and near-duplicates of all
these. An image of several entities is out as soon as one of them is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from dialogue.relation_links import RelationLinks, linked
from kg.adjacency import Adjacency
from model.gallery import Gallery, Ints

SAME = frozenset(("sameas", "same_as", "exactmatch", "exact_match", "equivalentto", "saidtobethesameas"))
_SEGMENT = re.compile(r"[/#:.]")
NOBODY = np.empty(0, np.int32)


class Exclusions:
    """The true answers of questions about a graph, and the images that go with them."""

    def __init__(self, graph: Adjacency, gallery: Gallery) -> None:
        self._graph, self._gallery = graph, gallery
        self._number = {relation.path: n for n, relation in enumerate(graph.relations)}

    def images(self, image: int, subject: int, relation: int, asks_tail: bool, answers: Ints) -> Ints:
        """Return the images that are no negatives of a question, ascending; `image` is the right one.

        `subject` and `relation` are -1 where nothing was asked, `answers` the entities that are known to be right.
        """
        true = np.concatenate(list(self.true(subject, relation, asks_tail, answers).values()))
        own = np.append(self._gallery.images.gather(np.unique(true)), np.int32(image))
        return np.unique(self._gallery.near.gather(own))

    def true(self, subject: int, relation: int, asks_tail: bool, answers: Ints) -> Mapping[str, Ints]:
        """Return the entities that answer a question, by how that is known; the first reason that holds."""
        found = {
            "a true answer": np.asarray(answers, np.int32),
            "a true answer by a relation that says the same": self._implied(subject, relation, asks_tail),
        }
        found["the same thing as a true answer"] = self._same(np.concatenate(list(found.values())))
        return found

    def _implied(self, subject: int, relation: int, asks_tail: bool) -> Ints:
        if subject < 0 or relation < 0:
            return NOBODY
        graph, path = self._graph, self._graph.relations[relation].path
        alike = [self._number[each] for each in self._links.near_duplicate.get(path, ())]
        turned = [self._number[each] for each in self._links.inverse.get(path, ())]
        parts = [_others(graph, subject, each, asks_tail) for each in alike]
        parts += [_others(graph, subject, each, not asks_tail) for each in turned]
        return np.unique(np.concatenate(parts)) if parts else NOBODY

    def _same(self, entities: Ints) -> Ints:
        if self._thing is None or not len(entities):
            return NOBODY
        things = np.isin(self._thing, self._thing[entities])
        return np.setdiff1d(np.flatnonzero(things), entities).astype(np.int32)

    @cached_property
    def _links(self) -> RelationLinks:
        graph = self._graph
        paths = [relation.path for relation in graph.relations]
        return linked(paths, graph.triple_heads(), graph.outgoing.relation, graph.outgoing.neighbour)

    @cached_property
    def _thing(self) -> Ints | None:
        """Return a number for the thing that each entity is, (N,); None where the graph says of no two the same."""
        graph = self._graph
        says_same = np.array([says_the_same(relation.path) for relation in graph.relations], np.bool_)
        chosen = says_same[graph.outgoing.relation]
        if not chosen.any():
            return None
        heads, tails = graph.triple_heads()[chosen], graph.outgoing.neighbour[chosen]
        count = len(graph.entities)
        edges = coo_array((np.ones(len(heads), np.int8), (heads, tails)), shape=(count, count))
        return np.asarray(connected_components(edges, directed=False)[1], np.int32)


def says_the_same(path: str) -> bool:
    """Say whether a relation, by its path or IRI, states that both ends are one thing."""
    return _SEGMENT.split(path)[-1].lower() in SAME


def _others(graph: Adjacency, subject: int, relation: int, asks_tail: bool) -> Ints:
    return graph.tails(subject, relation) if asks_tail else graph.heads(relation, subject)


def reasons(gallery: Gallery, image: int, true: Mapping[str, Ints]) -> Mapping[int, tuple[str, int]]:
    """Return why each image is excluded, and the entity or, for a near-duplicate, the image that is the cause."""
    found: dict[int, tuple[str, int]] = {image: ("the right image", image)}
    for reason, entities in true.items():
        for entity in entities.tolist():
            for each in gallery.images[entity].tolist():
                found.setdefault(each, (reason, entity))
    own: Sequence[int] = list(found)
    for each in own:
        for other in gallery.near[each].tolist():
            found.setdefault(other, ("a near-duplicate of an excluded image", each))
    return found
