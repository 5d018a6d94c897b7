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


def two_named(mentions: Sequence[Mention]) -> tuple[list[Mention], list[Mention]] | None:
    """Return the mentions of the first and of the second of two names in a text; None where there are not just two."""
    found = longest(mentions)
    spans = sorted({(each.start, each.end) for each in found})
    if len(spans) != 2:
        return None
    first, second = ([each for each in found if (each.start, each.end) == span] for span in spans)
    return first, second


def pair_named(understanding: Understanding, text: str) -> tuple[list[Mention], list[Mention]] | None:
    """Return whom each of the two names in a text may mean; None where it has not just two."""
    pair = two_named(understanding.named(text))
    return (pair[0][:MOST_READ], pair[1][:MOST_READ]) if pair else None


def linked(
    understanding: Understanding, mentions: Sequence[Mention], masks: Sequence[str], own: Mapping[str, Own]
) -> Link | None:
    """Read questions with HOLE for a name that may mean several entities; None where no entity is meant."""
    candidates = [Candidate(each.entity, masked, 0.0, True) for each in mentions for masked in masks]
    return link(candidates, own, understanding.relations, understanding.likeness, understanding.weights, masks[0])


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
