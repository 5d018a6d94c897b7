"""What is so of both of two: "Which films did Tom Hanks and Meg Ryan both act in?"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from model.questions import HOLE
from retrieval.claims import asks_whether
from retrieval.pairs import asked_of, linked, pair_named
from retrieval.questions import Part
from retrieval.understood import Understood

if TYPE_CHECKING:
    from retrieval.understand import Understanding

_BOTH = re.compile(r"\b(?:both|together)\b", re.IGNORECASE)
_AND = re.compile(r",?\s+and\s+(?:(?:in|on|of|by|for|to|from|with|at)\s+)?(?:the\s+)?", re.IGNORECASE)


def says_both(part: Part) -> bool:
    """Say whether a part asks for what two share, in so many words: not for a picture of each, nor yes or no."""
    return bool(_BOTH.search(part.text)) and not part.wish and not asks_whether(part.text)


def asked_of_both(understanding: Understanding, part: Part) -> list[Understood]:
    """Read a part as one question to two, of whose answers those are meant that they share. Empty where it is none.

    Where nothing of that kind is known of the two, it is asked of one.
    """
    if not says_both(part) or (pair := pair_named(understanding, part.text)) is None:
        return []
    (start, end), (begins, ends) = ((each[0].start, each[0].end) for each in pair)
    if not _AND.fullmatch(part.text[end:begins]):
        return []
    masked = " ".join(_BOTH.sub("", part.text[:start] + HOLE + part.text[ends:]).split())
    own = understanding.reader.own([each.entity.id for named in pair for each in named], understanding.relations)
    read = [found for named in pair if (found := linked(understanding, named, [masked], own))]
    best = max(read, key=lambda each: (each.held, each.score))
    has = own[best.subject.id].answers if best.subject.id in own else {}
    if not best.held:
        return [Understood(part, best.subject, best, has=has, masked=masked)]
    one, other = (asked_of(best, named, own) for named in pair)
    return [Understood(part, each.subject, each, masked=masked, together=(one, other)) for each in (one, other)]
