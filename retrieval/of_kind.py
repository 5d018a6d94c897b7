"""Only answers of the kind that is asked for: of "Which politicians were born in Chicago?" no singers.

An answer is of a kind by its types, or by an edge to the entity that the kind is: its profession is politician.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dialogue.words import singular
from model.questions import HOLE
from retrieval.ground import Edge, Filled, Slot
from retrieval.kinds import is_of_kind, said_kind
from retrieval.link import Candidate, Own, link
from retrieval.relations import DIRECTIONS
from retrieval.understood import Understood

if TYPE_CHECKING:
    from retrieval.understand import Understanding

_IS_ONE = (f"Who is a {HOLE}?", f"What is a {HOLE}?")
LIKE_BEING = 0.6  # a relation that is as like one of these as this says what its answers are
SURE = 0.85  # as like a relation as this is what is asked for when its kind is left out


def asked_of_kind(understanding: Understanding, each: Understood, own: Mapping[str, Own]) -> Understood:
    """Note the kind of answer that a part asks for, if it says one that its relation does not say already.

    Where no relation was understood, it is asked again for any kind of thing: "What universities are in Europe?" for
    what is in Europe.
    """
    nouns, anything = said_kind(each.masked)
    otherwise = each.claim or each.best or each.wish or each.part.among  # what is asked for is told in another way
    if not nouns or each.link is None or each.subject is None or otherwise:
        return each
    if each.link.relation is not None:
        said = understanding.relations.each[each.link.relation].asking(each.link.direction).noun
        return each if singular(said).casefold() in nouns else replace(each, kinds=nouns)
    if not any(is_of_kind(understanding.types, noun) for noun in nouns):
        return each
    again = link(
        [Candidate(each.subject, anything, 0.0, certain=True)],
        own,
        understanding.relations,
        understanding.likeness,
        understanding.weights,
        anything,
    )
    if again is None or again.relation is None or not again.held or again.likeness < SURE:
        return each
    return replace(each, link=again, kinds=nouns)


def of_kind(understanding: Understanding, each: Understood, filled: Filled) -> Filled:
    """Keep the answers of the kind that is asked for, with the edges that say so; all where the graph knows no such."""
    for noun in each.kinds if filled.edges else ():
        telling = _edges_that_tell(understanding, noun, [other.id for other in filled.others])
        told = {edge.other.id for edge in telling}
        edges = tuple(e for e in filled.edges if e.other.id in told or is_of_kind(e.other.types, noun))
        if edges:
            return Filled(edges, len(edges), telling)
        if is_of_kind(understanding.types, noun) or _columns_of_kind(understanding, noun):
            return Filled((), 0, none_of=noun)
    return filled


def _edges_that_tell(understanding: Understanding, noun: str, ids: Sequence[str]) -> tuple[Edge, ...]:
    """Return the edges by which some of the entities are what a noun names: their profession is politician."""
    slots = [
        Slot(entity, column // 2, DIRECTIONS[column % 2], among=tuple(ids))
        for entity, column in _columns_of_kind(understanding, noun)
    ]
    found = understanding.reader.fill(slots, understanding.relations) if slots else []
    return tuple(edge for filled in found for edge in filled.edges)


def _columns_of_kind(understanding: Understanding, noun: str) -> list[tuple[str, int]]:
    """Return the entities that a noun names, each with the columns whose answers are what it names."""
    named = [each.entity.id for each in understanding.names.mentions(noun) if each.end - each.start == len(noun)]
    if not named:
        return []
    likeness, _ = understanding.likeness(_IS_ONE)
    being = likeness.max(axis=0)  # (2R,)
    own = understanding.reader.own(list(dict.fromkeys(named)), understanding.relations)
    return [(id, column) for id, has in own.items() for column in has.answers if being[column] >= LIKE_BEING]
