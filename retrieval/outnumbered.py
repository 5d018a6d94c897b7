"""Which of two has more answers to one question: "Does Peru border on more countries than Chile?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from model.questions import HOLE
from retrieval.pairs import asked_of, count, linked, pair_named
from retrieval.questions import Part
from retrieval.understood import Outnumbered, Understood

if TYPE_CHECKING:
    from retrieval.understand import Understanding

LIKE = 0.6  # as like a relation as this, a comparison is one of its answers
_QUANTITY = re.compile(r"\b(?:more|fewer|less)\b", re.IGNORECASE)
_MORE = re.compile(r"\b(?:(?P<more>more)|fewer|less)\s+(?!than\b)(?P<what>[\w\s'’-]+)", re.IGNORECASE)
_OR = re.compile(r",?\s+(?:or|and)\s+(?:the\s+)?", re.IGNORECASE)
_THAN = re.compile(r"(?P<says>\s+.+)?\s+than\s+(?:(?:in|on|of|by|for|to|from|with|at)\s+)?(?:the\s+)?", re.IGNORECASE)
_AUXILIARY = re.compile(r"\W*(?:(?:and|so|but)\s+)?(?:is|are|was|were|does|do|did|has|have|had)\s+", re.IGNORECASE)
_WHICH = re.compile(
    r"\W*(?:(?:and|so|but)\s+)?(?:for\s+|of\s+)?(?:which|who|what)(?:\s+(?:one|country|of\s+(?:the|these|them)(?:\s+two)?))?"
    r"[\s,:]+",
    re.IGNORECASE,
)
_OF_THESE = re.compile(
    r"(?:out\s+of|of|among|between)\s+(?:(?:the|these|those)\s+[\w\s]{1,20}[,:]\s+)?(?:the\s+)?", re.I
)
_HAS = re.compile(rf"{re.escape(HOLE)}\s+(?:has|have|had|are|is|were|was)\s+$", re.IGNORECASE)
_ON_RECORD = re.compile(r"\s+on\s+record\b", re.IGNORECASE)


def asked_of_more(understanding: Understanding, part: Part) -> list[Understood]:
    """Read a part as a comparison of two by how many answers they have: one to each. Empty where it is none.

    Where nothing of that kind is known of the two, it is one part without a relation.
    """
    if not _QUANTITY.search(part.text) or (pair := pair_named(understanding, part.text)) is None:
        return []
    first, second = pair
    spans = [(each[0].start, each[0].end) for each in pair]
    said = predicate(part.text, spans)
    found = _MORE.search(said) if said else None
    if said is None or found is None:
        return []
    own = understanding.reader.own([each.entity.id for each in (*first, *second)], understanding.relations)
    masks = _asking(said, found)
    chosen = [linked(understanding, mentions, masks, own) for mentions in (first, second)]
    best = max((each for each in chosen if each), key=lambda each: (each.held, each.score), default=None)
    if best is None:
        return []
    if best.likeness < LIKE or not best.held:
        has = own[best.subject.id].answers if best.subject.id in own else {}
        return [Understood(part, best.subject, replace(best, relation=None, held=False), has=has, masked=masks[0])]
    one, other = (asked_of(best, mentions, own) for mentions in (first, second))
    ours, theirs = (count(own, each) for each in (one, other))
    whether = _OR.fullmatch(part.text[spans[0][1] : spans[1][0]]) is None
    verdict = Outnumbered(other.subject, ours, theirs, more=found["more"] is not None, whether=whether)
    of_other = Part(masks[0].replace(HOLE, other.subject.name), False)
    return [
        Understood(part, one.subject, one, masked=masks[0], counts=True, outnumbered=verdict),
        Understood(of_other, other.subject, other, masked=masks[0], counts=True),
    ]


def predicate(text: str, spans: Sequence[tuple[int, int]]) -> str | None:
    """Return what a comparison says of one of two names: "{x} borders on more countries"; None if it is none."""
    before, between = text[: spans[0][0]], text[spans[0][1] : spans[1][0]]
    if (auxiliary := _AUXILIARY.match(before)) and (than := _THAN.fullmatch(between)):
        says = than["says"] or ""
        return f"{before[auxiliary.end() :]}{HOLE}{says}"
    after = text[spans[1][1] :]
    rest = after if _OF_THESE.fullmatch(before) else before + after
    if not _OR.fullmatch(between) or not (which := _WHICH.match(rest)):
        return None
    return f"{HOLE} {rest[which.end() :].strip(' ,:?!.')}"


def _asking(said: str, found: re.Match[str]) -> list[str]:
    """Return a predicate as questions about one, which a relation may be like."""
    what = _ON_RECORD.sub("", found["what"]).strip()
    masks = [f"{said[: found.start()]}which {what}{said[found.end() :]}"]
    return [*masks, f"What are the {what} of {HOLE}?"] if _HAS.search(said[: found.start()]) else masks
