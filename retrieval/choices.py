"""Which of several that a question lists: "Of Peru, Chile and Bolivia, which has the most inhabitants?"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from model.questions import HOLE
from retrieval.names import Mention, Named
from retrieval.pairs import named_in_turn
from retrieval.questions import Part
from retrieval.superlatives import as_superlative, superlative

if TYPE_CHECKING:
    from retrieval.understand import Understanding

_HOLE = re.escape(HOLE)
_NEXT = re.compile(r"(?:\s*,|,?\s+(?P<last>and|or))\s+(?:the\s+)?", re.IGNORECASE)
_THESE = r"(?:(?:the|these|those)\s+[\w\s]{1,20}[,:]\s+)?(?:the\s+)?"  # of these two, Peru and Chile
_OF_THESE = (
    # Of Peru and Chile, which …
    re.compile(
        rf"(?:out\s+of|of|among|between)\s+{_THESE}{_HOLE}\s*[,:]?\s+(?P<which>which|who|what)(?P<asks>\s.+)", re.I
    ),
    # Which of Peru and Chile …
    re.compile(rf"(?P<which>which|who|what)(?:\s+one)?\s+of\s+{_THESE}{_HOLE},?(?P<asks>\s.+)", re.I),
)
# Which is the largest, Peru or Chile? Which is the largest of Peru and Chile?
_ORDER = re.compile(
    rf"(?P<asks>(?:which|who|what)\s[^,:]+?)(?:\s*[,:]|\s+(?:(?P<of>of)|out\s+of|among|between))\s+{_THESE}{_HOLE}",
    re.I,
)


def asked_of_listed(understanding: Understanding, part: Part) -> Part | None:
    """Read a part as one that asks of the entities it lists, and of nobody else; None where it does not."""
    listing = listed(part.text, named_in_turn(understanding.named(part.text)))
    text = asked(listing[1]) if listing else None
    if listing is None or text is None:
        return None
    names = listing[0]
    ordered = as_superlative(text) if len(names) > 2 else text
    if ordered and superlative(ordered):
        return replace(part, text=ordered, among=of_one_kind(names))
    if understanding.named(text):
        return replace(part, text=text, among=tuple(dict.fromkeys(each.entity for named in names for each in named)))
    return None


def listed(text: str, names: Sequence[Sequence[Mention]]) -> tuple[list[Sequence[Mention]], str] | None:
    """Return the names that a text lists, "Peru, Chile and Bolivia", and the text with HOLE for them all."""
    found: list[Sequence[Mention]] = []
    for named in names:
        joint = _NEXT.fullmatch(text[found[-1][0].end : named[0].start]) if found else None
        found = [*found, named] if joint else [named]
        if joint and joint["last"]:
            return found, text[: found[0][0].start] + HOLE + text[named[0].end :]
    return None


def asked(masked: str) -> str | None:
    """Return what is asked of those that stand at HOLE, as a question of its own: "which has the most inhabitants"."""
    for pattern in _OF_THESE:
        if found := pattern.fullmatch(masked):
            return found["which"] + found["asks"]
    found = _ORDER.fullmatch(masked)
    best = superlative(as_superlative(found["asks"])) if found else None
    if found is None or best is None:
        return None
    if found["of"] and not found["asks"].casefold().endswith((best.said, " one")):  # the largest city of Peru and Chile
        return None
    return found["asks"]


def of_one_kind(names: Sequence[Sequence[Mention]]) -> tuple[Named, ...]:
    """Return whom each name means: one of the kind that most of the names can mean, rather by its own name."""
    kinds = Counter(kind for named in names for kind in {each.entity.types[:1] for each in named})
    best = (max(named, key=lambda each: (kinds[each.entity.types[:1]], each.main)) for named in names)
    return tuple(dict.fromkeys(each.entity for each in best))
