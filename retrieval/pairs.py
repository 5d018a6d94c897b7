"""Questions that name two: who they are, and how what is asked of one is asked of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from retrieval.claims import longest
from retrieval.link import Candidate, Link, Own, link
from retrieval.names import Mention
from retrieval.relations import column

if TYPE_CHECKING:
    from retrieval.understand import Understanding

MOST_READ = 6  # entities that may be meant by a name


def named_in_turn(mentions: Sequence[Mention]) -> list[list[Mention]]:
    """Return the mentions of each name in a text, the first name first; a longer name covers those within it."""
    found = longest(mentions)
    spans = sorted({(each.start, each.end) for each in found})
    return [[each for each in found if (each.start, each.end) == span] for span in spans]


def two_named(mentions: Sequence[Mention]) -> tuple[list[Mention], list[Mention]] | None:
    """Return the mentions of the first and of the second of two names in a text; None where there are not just two."""
    names = named_in_turn(mentions)
    return (names[0], names[1]) if len(names) == 2 else None


def pair_named(understanding: Understanding, text: str) -> tuple[list[Mention], list[Mention]] | None:
    """Return whom each of the two names in a text may mean; None where it has not just two."""
    pair = two_named(understanding.named(text))
    return (pair[0][:MOST_READ], pair[1][:MOST_READ]) if pair else None


def linked(
    understanding: Understanding,
    mentions: Sequence[Mention],
    masks: Sequence[str],
    own: Mapping[str, Own],
    asked: str = "",
) -> Link | None:
    """Read questions with HOLE for a name that may mean several entities; None where no entity is meant.

    `asked` is the question as it was put where each of these is a piece of it.
    """
    candidates = [Candidate(each.entity, masked, 0.0, True) for each in mentions for masked in masks]
    relations, weights = understanding.relations, understanding.weights
    return link(candidates, own, relations, understanding.likeness, weights, asked or masks[0])


def asked_of(best: Link, mentions: Sequence[Mention], own: Mapping[str, Own]) -> Link:
    """Return what is asked of the better read of two, asked of one of some entities: the one that has most of it."""
    links = [replace(best, subject=each.entity) for each in mentions]
    found = max(links, key=lambda each: count(own, each))
    return replace(found, held=count(own, found) > 0)


def count(own: Mapping[str, Own], found: Link) -> int:
    """Return how many answers the graph has to what was read."""
    assert found.relation is not None  # noqa: S101 - by the caller
    has = own.get(found.subject.id)
    return has.answers.get(column(found.relation, found.direction), 0) if has else 0
