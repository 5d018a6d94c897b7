"""Whom a pronoun means: "she" the last woman who was spoken of, "he" the last man, "it" no person, "they" several."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dialogue.grammar import noun_of_type
from dialogue.words import kind_of
from retrieval.ground import Slot
from retrieval.link import Candidate
from retrieval.names import Named
from retrieval.questions import Part
from retrieval.relations import IT

if TYPE_CHECKING:
    from retrieval.understand import Understanding

SPOKEN_OF = 0.3  # what counts in favour of what was spoken of before, the likeliest first
EARLIER = 0.05  # taken off each further one
_PRONOUN = re.compile(
    r"\b(?:(?P<he>he|him|his)|(?P<she>she|hers?)|(?P<they>they|them|theirs?)|(?P<it>its?))\b", re.IGNORECASE
)
_OWNS = re.compile(r"\b(?:his|their|her(?=\s+\w))\b", re.IGNORECASE)
_AGAIN = re.compile(r"\s*\b(?:again|once more|another time)$", re.IGNORECASE)
_TOLD_BY = frozenset(["gender", "sex"])  # what is asked for by relations that tell it
_RULED_OUT = {"he": frozenset(["female", "woman", "girl"]), "she": frozenset(["male", "man", "boy"])}


def pronoun(text: str) -> str | None:
    """Return the first pronoun of a text: he, she, they or it, in whichever case it stands."""
    found = _PRONOUN.search(text)
    return found.lastgroup if found else None


def meant(understanding: Understanding, part: Part, before: Sequence[Named]) -> list[Candidate]:
    """Return whom the pronoun of a part may mean, the likeliest first: for a picture, what has one."""
    before = fitting(understanding, pronoun(part.text), before)
    if part.wish:
        shown = understanding.reader.images([entity.id for entity in before])
        before = sorted(before, key=lambda entity: entity.id not in shown)
    text = _AGAIN.sub("", of_it(part.text)) or IT
    return [Candidate(each, text, SPOKEN_OF - EARLIER * place, True) for place, each in enumerate(before)]


def of_each(
    understanding: Understanding, part: Part, named: Sequence[Candidate], several: Sequence[Sequence[Named]]
) -> list[tuple[Part, Sequence[Candidate]]]:
    """Read what is asked of "them" as asked of each of several, who are given by all that each may be.

    Empty where somebody is named, or nobody meant by "them".
    """
    if pronoun(part.text) != "they" or any(each.certain for each in named):
        return []
    return [(part, meant(understanding, part, each)) for each in several]


def of_it(text: str) -> str:
    """Return a text with "it" for its pronouns, as relations are asked for."""
    return _PRONOUN.sub(
        lambda found: found[0] if found["it"] else "its" if _OWNS.match(text, found.start()) else IT, text
    )


def fitting(understanding: Understanding, said: str | None, before: Sequence[Named]) -> list[Named]:
    """Return those that a pronoun fits: "he" the last person who is not known for a woman, where there is a person."""
    people = [each for each in before if is_person(each)]
    if said == "it":
        return [each for each in before if each not in people]
    if said not in _RULED_OUT or not people:
        return list(before)
    told = genders(understanding, people)
    return [each for each in people if told[each.id].isdisjoint(_RULED_OUT[said])][:1]


def is_person(entity: Named) -> bool:
    """Say whether an entity is somebody, by its first type."""
    return bool(entity.types) and kind_of(noun_of_type(entity.types[0])) == "person"


def genders(understanding: Understanding, people: Sequence[Named]) -> Mapping[str, frozenset[str]]:
    """Return what the graph's own relations tell of people's gender, by id: one query."""
    relations = understanding.relations
    telling = [i for i, each in enumerate(relations.each) if each.asking("tail").noun in _TOLD_BY]
    slots = [Slot(each.id, relation, "tail") for each in people for relation in telling]
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for slot, filled in zip(slots, understanding.reader.fill(slots, relations), strict=True):
        found[slot.subject] |= {other.name.casefold() for other in filled.others}
    return found
