"""Numbers that a graph keeps as properties: how they are asked for, alone and of two, and how they are said.

retrieval/measures.toml holds what people say of the commonest; any other is asked for by its own name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING

from dialogue.compare import compared
from dialogue.kind_words import kind_words, property_words
from model.questions import HOLE
from retrieval.link import Candidate, Link
from retrieval.names import Named
from retrieval.pairs import two_named
from retrieval.questions import Part
from retrieval.relations import IT
from retrieval.understood import Measured, Understood

if TYPE_CHECKING:
    from retrieval.understand import Understanding

MOST_READ = 6  # entities that may be meant
LIKE = 0.7  # as like one of a measure's questions as this, a question asks for it
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_TWO = re.compile(r"\b(?:more|less|fewer|first|than|[a-z]{2,}er)\b", re.IGNORECASE)
_JOINT = re.compile(r",?\s+(?:or|and|(?:[\w\s]{0,30}\b)?than)\s+(?:the\s+)?", re.IGNORECASE)
_NO_NUMBER = re.compile(
    r"(?:and\s+|so\s+|but\s+)?(?:(?:in|at|to|from|by|of|with)\s+)?(?:where|who|whom|whose)\b", re.IGNORECASE
)
_WHETHER = re.compile(r"(?:is|was|are|were|does|do|did|has|have)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measure:
    """How one property is spoken of; questions have HOLE for whom they are about."""

    says: str
    asked: tuple[str, ...]
    more: tuple[str, ...]
    less: tuple[str, ...]
    months: bool = False

    def said(self, value: float) -> str:
        """Return a value as one says it: 1,285,216; May 1924."""
        if not self.months:
            return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0")
        year, month = int(value), round((value - int(value)) * 12)
        if month:
            return f"{MONTHS[month - 1]} {year}"
        return f"{year} or December {year - 1}"  # MMKB writes both as the same number


@cache
def known() -> Mapping[str, Measure]:
    """Return the measures of measures.toml by the property."""
    found = tomllib.loads((files("retrieval") / "measures.toml").read_text(encoding="utf-8"))
    return {
        name: Measure(
            each["says"], tuple(each["asked"]), tuple(each["more"]), tuple(each["less"]), each.get("months", False)
        )
        for each in found["measure"]
        for name in each["names"]
    }


@cache
def measure_of(name: str) -> Measure | None:
    """Return how a property is spoken of, None if it can't be."""
    if name in known():
        return known()[name]
    label = property_words(name)
    if label is None:
        return None
    more = [f"has the higher {label}"]
    if words := kind_words("en"):  # as dialogues ask: has the longer duration, has more visitors
        more += [compared(words, label).removeprefix("Which of the two ").partition(",")[0]]
    return Measure(label, (f"What is the {label} of {HOLE}?",), tuple(dict.fromkeys(more)), (f"has the lower {label}",))


def asked_of_one(
    understanding: Understanding, part: Part, candidates: Sequence[Candidate], chosen: Link
) -> Understood | None:
    """Read a part as a question for a number, unless a relation is more like it."""
    if _NO_NUMBER.match(part.text):
        return None
    candidates = candidates[:MOST_READ]
    values = understanding.reader.numbers([each.entity.id for each in candidates])
    best: tuple[float, Candidate, Measured] | None = None
    for candidate in candidates:
        for name in values.get(candidate.entity.id, ()):
            measure = measure_of(name)
            if measure is None:
                continue
            alike = likeness(understanding, candidate.masked, measure.asked)
            if alike >= max(LIKE, chosen.likeness) and (best is None or alike + candidate.prior > best[0]):
                best = alike + candidate.prior, candidate, Measured(name, round(alike, 4))
    if best is None:
        return None
    _, candidate, measured = best
    return Understood(part, candidate.entity, masked=candidate.masked, pictured=candidate.pictured, measured=measured)


def asked_of_two(understanding: Understanding, part: Part) -> Understood | None:
    """Read a part as a comparison of two: "Which is larger, Peru or Chile?", "Is Peru larger than Chile?"."""
    text = part.text
    if not _TWO.search(text):
        return None
    if (pair := two_named(understanding.named(text))) is None:
        return None
    first, second = (each[:MOST_READ] for each in pair)
    between = text[first[0].end : second[0].start]
    if not _JOINT.fullmatch(between):
        return None
    masked = text[: first[0].start] + HOLE + between + HOLE + text[second[0].end :]
    values = understanding.reader.numbers([each.entity.id for each in (*first, *second)])
    whether = _WHETHER.match(text) is not None
    best: tuple[float, Understood] | None = None
    for one, other in product([each.entity for each in first], [each.entity for each in second]):
        alike_kind = 0.1 * bool(set(one.types[:1]) & set(other.types[:1]))
        for name in values.get(one.id, {}).keys() & values.get(other.id, {}).keys():
            for more in (True, False):
                alike = likeness(understanding, masked, _said_of_two(name, more, whether))
                if alike >= LIKE and (best is None or alike + alike_kind > best[0]):
                    measured = Measured(name, round(alike, 4), other, more, whether)
                    best = alike + alike_kind, Understood(part, one, masked=masked, measured=measured)
    return best[1] if best else None


def _said_of_two(name: str, more: bool, whether: bool) -> tuple[str, ...]:
    measure = measure_of(name)
    if measure is None:
        return ()
    said = measure.more if more else measure.less
    if whether:
        return tuple(f"{HOLE} {each} than {HOLE}" for each in said)
    return tuple(
        f"{which} {each}, {HOLE} or {HOLE}?" for each in said for which in ("Which", "Which of the two", "Who")
    )


def likeness(understanding: Understanding, masked: str, asked: Sequence[str]) -> float:
    """Return how like a masked question is to the likest of some others, about 0 to 1."""
    if not asked:
        return 0.0
    vectors = understanding.encode([text.replace(HOLE, IT) for text in (masked, *asked)])
    return float((vectors[1:] @ vectors[0]).max())


def winner(one: Named, measured: Measured, values: Mapping[str, float]) -> Named | None:
    """Return of which of two the proposition is true, None if their numbers are equal; `values` by id."""
    assert measured.against is not None  # noqa: S101 - of two
    first, second = values[one.id], values[measured.against.id]
    if first == second:
        return None
    return one if (first > second) == measured.more else measured.against
