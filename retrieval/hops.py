"""Questions of two relations: "What is the currency of the country whose capital is Lima?".

Such a question is cut into one about the entity that is named, and one about each of the answers to that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from model.questions import HOLE
from retrieval.claims import asks_how_many
from retrieval.ground import Slot
from retrieval.link import Candidate, Link, Own, link
from retrieval.measures import asked_of_one
from retrieval.questions import Part
from retrieval.understood import Understood

if TYPE_CHECKING:
    from retrieval.understand import Understanding

MOST_READ = 6  # entities that may be meant
ALONE = 0.7  # as like its relation as this, a step of two is asked for
SURE = 0.98  # as like one relation as this, nothing else is asked
MOST_BETWEEN = 6  # answers of the first relation that the second is asked of, the best connected first

_HOLE = re.escape(HOLE)
_NOUN = r"(?:(?!(?:the|of|whose|which|that|who)\b)[\w'’-]+\s+){1,5}?"  # a few words: "official language "
_PREPOSITION = r"(?:in|on|of|by|for|to|from|with|at)"
_CUTS = (
    # the director of Titanic
    (re.compile(rf"\bthe\s+(?P<noun>{_NOUN})of\s+(?:the\s+)?{_HOLE}(?!['’\w])", re.IGNORECASE),
     "What is the {noun} of {x}"),
    # Peru's capital, where nothing follows but what is asked of that
    (re.compile(rf"(?:the\s+)?{_HOLE}['’]s?\s+(?P<noun>(?:[\w-]+\s+){{0,2}}[\w-]+)(?=$|['’]s\s)"),
     "What is the {noun} of {x}"),
    # the country whose capital is Lima
    (re.compile(rf"\bthe\s+{_NOUN}whose\s+(?P<noun>{_NOUN})(?:is|are|was|were)\s+(?:the\s+)?{_HOLE}", re.IGNORECASE),
     "Whose {noun} is {x}"),
    # the country in which Lima lies
    (re.compile(rf"\bthe\s+(?P<noun>{_NOUN})(?P<by>{_PREPOSITION})\s+wh(?:ich|om)\s+(?P<rest>[^,]*?{_HOLE}[^,]*)$",
                re.IGNORECASE), "{by} which {noun} {rest}"),
    # the country that has Lima as its capital
    (re.compile(rf"\bthe\s+(?P<noun>{_NOUN})(?:which|that|who)\s+(?P<rest>[^,]*?{_HOLE}[^,]*)$", re.IGNORECASE),
     "Which {noun} {rest}"),
)  # fmt: skip
_NOTHING = re.compile(
    rf"\W*(?:(?:what|who|which|whom|is|are|was|were|tell|me|about|describe|and|of|for|the|do|you|know|name|{_HOLE})\W*)*",
    re.IGNORECASE,
)


def cut(masked: str) -> tuple[str, str] | None:
    """Cut a question with HOLE for its subject into what is asked of the subject and what of the answers to that.

    None where it asks for one relation, as far as its words tell: "the place of birth of {x}" is one.
    """
    for pattern, asks in _CUTS:
        for found in pattern.finditer(masked):
            outer = masked[: found.start()] + HOLE + masked[found.end() :]
            if _NOTHING.fullmatch(outer):
                continue
            return asks.format(x=HOLE, **found.groupdict()).replace("  ", " "), outer
    return None


def through(
    understanding: Understanding, part: Part, candidates: Sequence[Candidate], own: Mapping[str, Own], whole: Link
) -> list[Understood]:
    """Read a part as a question of two relations: first what is asked of its subject, then of each answer to that.

    Empty where it is no such question, or where one relation, `whole`, is more like it than each of the two.
    """
    first = _first(understanding, candidates, own)
    if first is None or whole.likeness >= SURE or not _better(first[1], whole):
        return []
    candidate, inner, outer_text = first
    assert inner.relation is not None  # noqa: S101 - by _first
    begun = _said(candidate.masked, inner)
    if not inner.held:
        return [begun]
    reader, relations, weights = understanding.reader, understanding.relations, understanding.weights
    (filled,) = reader.fill([Slot(inner.subject.id, inner.relation, inner.direction)], relations)
    between = [Candidate(entity, outer_text, 0.0, True) for entity in filled.others[:MOST_BETWEEN]]
    theirs = reader.own([each.entity.id for each in between], relations)
    chosen = link(between, theirs, relations, understanding.likeness, weights, part.text)
    if chosen is None:
        return []
    numbers = [asked_of_one(understanding, part, [each], chosen) for each in between]
    if any(numbers):
        return [begun, *(number for number in numbers if number)]
    if chosen.relation is None or not _better(chosen, whole):
        return []
    found = [begun]
    for each in between:
        outer = link([each], theirs, relations, understanding.likeness, weights, part.text)
        if outer is not None and (outer.relation, outer.direction) == (chosen.relation, chosen.direction):
            found.append(replace(_said(outer_text, outer), wish=part.wish, counts=asks_how_many(part.text)))
    return found


def _better(step: Link, whole: Link) -> bool:
    """Say whether one step of two explains a question better than `whole` does, which may have read that step alone."""
    return step.likeness > (ALONE if step.relation == whole.relation else whole.likeness)


def _first(
    understanding: Understanding, candidates: Sequence[Candidate], own: Mapping[str, Own]
) -> tuple[Candidate, Link, str] | None:
    """Return the best reading of the inner question, with what is asked of its answers."""
    best: tuple[Candidate, Link, str] | None = None
    for candidate in candidates[:MOST_READ]:
        if (texts := cut(candidate.masked)) is None:
            continue
        inner = replace(candidate, masked=texts[0])
        found = link([inner], own, understanding.relations, understanding.likeness, understanding.weights, texts[0])
        if found is None or found.relation is None:
            continue
        if best is None or (found.held, found.score) > (best[1].held, best[1].score):
            best = inner, found, texts[1]
    return best


def _said(masked: str, found: Link) -> Understood:
    asked = Part(masked.replace(HOLE, found.subject.name), False)
    return Understood(asked, found.subject, found, masked=masked)
