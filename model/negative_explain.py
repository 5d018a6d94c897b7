"""Which negatives would be drawn for a triple, and why; which images never are, and why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from kg.adjacency import Adjacency, Relation
from kg.errors import DataError
from model.anchors import Anchors
from model.exclusions import reasons
from model.gallery import Gallery
from model.mix import Shares
from model.negatives import Drawn, Sampler
from model.tiers import NAMES, TIERS


@dataclass(frozen=True, slots=True)
class Negative:
    """An image that was drawn."""

    image: str  # its path
    entity: str  # whose image it was drawn as
    tier: str
    why: str
    hops: int  # from the right answer; FARTHEST + 1 means farther
    adamic_adar: float  # with the right answer
    chance: float  # that one draw is this image


@dataclass(frozen=True, slots=True)
class Excluded:
    """An image that is never drawn."""

    image: str
    entity: str  # the first whose image it is
    why: str


@dataclass(frozen=True, slots=True)
class Explained:
    """The negatives of a triple of which the tail is asked for."""

    head: str
    relation: str
    tail: str
    image: str  # the right one
    images: int  # in the gallery
    shares: Mapping[str, float]
    drawn: tuple[Negative, ...]
    excluded: tuple[Excluded, ...]


def explain(
    graph: Adjacency, gallery: Gallery, triple: tuple[str, str, str], shares: Shares, count: int, seed: int = 0
) -> Explained:
    """Draw `count` negatives for (head id, relation, tail id) and explain them. Raises DataError for a false triple."""
    head, tail = (entity_number(graph, each) for each in (triple[0], triple[2]))
    relation = relation_number(graph, triple[1])
    answers = graph.tails(head, relation)
    names = [each.name for each in graph.entities]
    words = f"{names[head]} · {graph.relations[relation].label} · {names[tail]}"
    if tail not in answers:
        raise DataError(f"The graph '{graph.graph}' does not say: {words}.")
    if not len(gallery.images[tail]):
        raise DataError(f"{names[tail]} has no image, so there is nothing to tell from others.")
    image = int(gallery.images[tail][0])
    column = [np.array([value], np.int32) for value in (image, tail, relation, head)]
    anchors = Anchors(column[0], column[1], column[2], np.array([True]), [answers], column[3])
    sampler = Sampler(graph, gallery)
    drawn = sampler.draw(anchors, count, shares, np.random.default_rng(seed))
    paths = paths_of(graph, gallery)
    true = sampler.exclusions.true(head, relation, True, answers)
    return Explained(
        head=names[head],
        relation=graph.relations[relation].label,
        tail=names[tail],
        image=paths[image],
        images=len(gallery),
        shares={name: round(float(share), 4) for name, share in zip(NAMES, shares, strict=True) if share},
        drawn=negatives(sampler, anchors, drawn, sampler.probability(anchors, shares)[0], names, paths),
        excluded=tuple(
            Excluded(paths[each], names[int(gallery.owners[each][0])], why_not(reason, cause, names, paths))
            for each, (reason, cause) in reasons(gallery, image, true).items()
        ),
    )


def negatives(
    sampler: Sampler, anchors: Anchors, drawn: Drawn, chances: Shares, names: list[str], paths: list[str]
) -> tuple[Negative, ...]:
    """Return what was drawn for the only anchor, the likeliest first."""
    entity = int(anchors.entity[0])
    weights, hops = sampler.near.adamic_adar(entity), sampler.hops(anchors, drawn)[0]
    found = [
        Negative(
            image=paths[image],
            entity=names[owner],
            tier=TIERS[tier].name,
            why=TIERS[tier].says,
            hops=int(hop),
            adamic_adar=round(float(weights[owner]), 4),
            chance=float(chances[image]),
        )
        for image, owner, tier, hop in zip(drawn.image[0], drawn.owner[0], drawn.tier[0], hops, strict=True)
        if image >= 0
    ]
    return tuple(sorted(found, key=lambda each: -each.chance))


def why_not(reason: str, cause: int, names: list[str], paths: list[str]) -> str:
    """Return a reason of `model.exclusions.reasons` in words."""
    if reason.startswith("a near-duplicate"):
        return f"a near-duplicate of {paths[cause]}"
    return reason if reason == "the right image" else f"{reason}: {names[cause]}"


def entity_number(graph: Adjacency, entity: str) -> int:
    """Return an entity's number by its id. Raises DataError."""
    for number, each in enumerate(graph.entities):
        if each.id == entity:
            return number
    raise DataError(f"The graph '{graph.graph}' has no entity {entity}.")


def relation_number(graph: Adjacency, relation: str) -> int:
    """Return a relation's number by its path, type in Neo4j, label, or the last part of its path. Raises DataError."""
    meanings: tuple[Callable[[Relation], str], ...] = (
        lambda each: each.path,
        lambda each: each.type,
        lambda each: each.label,
        lambda each: re.split("[/#:.]", each.path)[-1],
    )
    for meant in meanings:
        found = [n for n, each in enumerate(graph.relations) if meant(each) == relation]
        if len(found) == 1:
            return found[0]
        if found:
            paths = ", ".join(graph.relations[n].path for n in found)
            raise DataError(f"Several relations of '{graph.graph}' are called {relation!r}: give a path of {paths}.")
    raise DataError(f"The graph '{graph.graph}' has no relation {relation!r}; `kwk graphs relations` lists them.")


def paths_of(graph: Adjacency, gallery: Gallery) -> list[str]:
    """Return the path of each image of a gallery."""
    found = [""] * len(gallery)
    for entity in graph.entities:
        for picture in entity.images:
            if picture.sha256 in gallery.number and not found[gallery.number[picture.sha256]]:
                found[gallery.number[picture.sha256]] = picture.path
    return found
