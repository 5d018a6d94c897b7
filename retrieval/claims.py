"""Questions that propose an answer, to be confirmed or denied: "Is Lima the capital of Peru?"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

from model.questions import HOLE
from retrieval.link import Candidate, Link, Weights, link
from retrieval.names import Mention, Named
from retrieval.questions import Part
from retrieval.understood import Understood

if TYPE_CHECKING:
    from retrieval.understand import Understanding

_ASKS = re.compile(
    r"(?:and\s+|so\s+|but\s+)?(?:is|are|was|were|does|do|did|has|have|had)\b(?!\s+(?:you|there)\b)", re.IGNORECASE
)
_ALTERNATIVES = re.compile(r"\b(?:or|which|what|who|whom|whose|where|when|how)\b", re.IGNORECASE)
_COMPARES = re.compile(r"\b(?:more|less|fewer|[a-z]{2,}er)\b.*\bthan\b", re.IGNORECASE)
_COUNTS = re.compile(
    r"(?:and\s+|so\s+|but\s+)?(?:how\s+many\b|what\s+is\s+the\s+number\s+of\b|count\s+the\b)", re.IGNORECASE
)
MOST = 6  # names that are paired


def asks_whether(text: str) -> bool:
    """Say whether a text can be answered by yes or no."""
    return bool(_ASKS.match(text)) and not _ALTERNATIVES.search(text) and not _COMPARES.search(text)


def asks_how_many(text: str) -> bool:
    """Say whether a text asks for a number of answers."""
    return _COUNTS.match(text) is not None


def proposed(text: str, mentions: Sequence[Mention], weights: Weights) -> Iterator[tuple[Candidate, Named]]:
    """Yield each way to read one of two names as the subject and the other as the proposed answer.

    The proposed answer is asked for in its place: "Is Lima the capital of Peru?" is read as "Is what the capital of
    {x}?".
    """
    for subject, answer in permutations(longest(mentions)[:MOST], 2):
        if subject.start < answer.end and answer.start < subject.end:
            continue
        first, second = sorted(((subject, HOLE), (answer, "what")), key=lambda each: each[0].start)
        between = text[first[0].end : second[0].start]
        masked = text[: first[0].start] + first[1] + between + second[1] + text[second[0].end :]
        prior = weights.main * subject.main + weights.words * min(subject.words, 5)
        yield Candidate(subject.entity, masked, prior, True), answer.entity


def whether(understanding: Understanding, part: Part) -> Understood | None:
    """Read a part as one that proposes an answer; None where it names no two that a relation could tie.

    A reading that the graph confirms counts first, then one whose subject has such facts, then one that asks
    for the tail: "Is Nairobi the capital of Peru?" is about Peru.
    """
    readings = list(proposed(part.text, understanding.named(part.text), understanding.weights))
    own = understanding.reader.own([candidate.entity.id for candidate, _ in readings], understanding.relations)
    read: list[tuple[Link, Named, Understood]] = []
    for candidate, claim in readings:
        chosen = link([candidate], own, understanding.relations, understanding.likeness, understanding.weights, "")
        if chosen is not None and chosen.relation is not None:
            understood = Understood(part, chosen.subject, chosen, masked=candidate.masked, claim=claim)
            read.append((chosen, claim, understood))
    slots = [understood.slot for _, _, understood in read]
    filled = iter(understanding.reader.fill([slot for slot in slots if slot], understanding.relations))
    confirmed = [bool(slot and next(filled).confirming(read[n][1].id).edges) for n, slot in enumerate(slots)]

    def rank(place: int) -> tuple[bool, bool, bool, float]:
        chosen = read[place][0]
        return confirmed[place], chosen.held, chosen.direction == "tail", chosen.score

    return read[max(range(len(read)), key=rank)][2] if read else None


def longest(mentions: Sequence[Mention]) -> list[Mention]:
    """Return the mentions that no longer one covers."""

    def covered(each: Mention) -> bool:
        own = each.end - each.start
        return any(o.start <= each.start and each.end <= o.end and o.end - o.start > own for o in mentions)

    return [each for each in mentions if not covered(each)]
