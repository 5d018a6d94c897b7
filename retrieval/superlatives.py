"""Which of several has the largest or smallest number: "What is the smallest country in Europe?"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from retrieval.kinds import said_kind
from retrieval.link import Candidate, Link, Own, link
from retrieval.measures import known
from retrieval.names import Named
from retrieval.questions import Part
from retrieval.relations import Relations
from retrieval.understood import Superlative, Understood

if TYPE_CHECKING:
    from retrieval.understand import Understanding

_COMPARATIVES = (
    (re.compile(r"\bmore\b"), "most"),
    (re.compile(r"\bfewer\b"), "fewest"),
    (re.compile(r"\bless\b"), "least"),
    (re.compile(r"\b([a-z]{2,})er\b"), r"\1est"),
)


@dataclass(frozen=True, slots=True)
class Best:
    """Those of several whose number is the largest or the smallest."""

    winners: tuple[Named, ...]  # more than one where they are equal
    name: str  # the property
    value: float
    of: int  # entities that have such a number


def asked_for_best(
    understanding: Understanding, part: Part, candidates: Sequence[Candidate], own: Mapping[str, Own], whole: Link
) -> Understood | None:
    """Read a part as one that asks for the answer with the largest or smallest number of some kind.

    Not where `whole`, the part as one relation, is called so itself: the largest city of Brazil.
    """
    found = superlative(part.text)
    if found is None or _called_so(found, whole, understanding.relations):
        return None
    plain = [replace(each, masked=without(found, each.masked)) for each in candidates]
    chosen = link(plain, own, understanding.relations, understanding.likeness, understanding.weights, "")
    if chosen is None or chosen.relation is None or not chosen.held:
        return None
    masked = next(each.masked for each in plain if each.entity.id == chosen.subject.id)
    kinds, _ = said_kind(f"which {part.text.casefold().partition(found.said)[2]}")
    return Understood(
        part, chosen.subject, chosen, wish=part.wish, masked=masked, best=found, kinds=kinds or said_kind(masked)[0]
    )


def best_of_those(part: Part) -> Understood | None:
    """Read a part that names nobody as one that asks for the best of the entities that were listed before."""
    found = superlative(part.text) if part.among else None
    return Understood(part, part.among[0], wish=part.wish, best=found) if found else None


def superlative(text: str) -> Superlative | None:
    """Return the longest superlative in a text that is said of a number: "most populous", "smallest"."""
    found = _pattern().search(text)
    return _superlatives()[found["said"].casefold()] if found else None


def as_superlative(text: str) -> str:
    """Return a text that compares more than two as one that asks for the first of them: "which is the larger"."""
    if superlative(text):
        return text
    said = (pattern.sub(most, text, count=1) for pattern, most in _COMPARATIVES)
    return next((each for each in said if superlative(each)), text)


def without(found: Superlative, masked: str) -> str:
    """Return a question without its superlative: "the country in {x}", "Which country in {x}"."""
    return " ".join(re.sub(rf"(?:\b(?:has|have|with)\s+the\s+)?\b{found.said}\b", "", masked, flags=re.I).split())


def best(found: Superlative, entities: Sequence[Named], numbers: Mapping[str, Mapping[str, float]]) -> Best | None:
    """Choose by the property that most of them have; None where none has one. `numbers`: by id and property."""
    values = {
        name: {each: numbers[each.id][name] for each in entities if name in numbers.get(each.id, ())}
        for name in found.properties
    }
    name = max(values, key=lambda each: len(values[each]))
    if not values[name]:
        return None
    value = (max if found.more else min)(values[name].values())
    winners = tuple(each for each, own in values[name].items() if own == value)
    return Best(winners, name, value, len(values[name]))


def _called_so(found: Superlative, whole: Link, relations: Relations) -> bool:
    if whole.relation is None:
        return False
    asking = relations.each[whole.relation].asking(whole.direction)
    texts = (asking.noun, *(f"{form.bare} {form.suffix}" for form in asking.forms))
    return any(found.said in text.casefold() for text in texts)


@cache
def _superlatives() -> Mapping[str, Superlative]:
    """Return what is said of the most and the least of each number: "largest", "most inhabitants"."""
    names: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for name, measure in known().items():
        for more, phrases in ((True, measure.more), (False, measure.less)):
            for phrase in phrases:
                for pattern, most in _COMPARATIVES:
                    if found := pattern.search(phrase):
                        names[found.expand(most) + phrase[found.end() :], more].append(name)
                        break
    for alone in ("most", "least"):  # weighs most
        names.pop((alone, alone == "most"), None)
    return {said: Superlative(said, tuple(properties), more) for (said, more), properties in names.items()}


@cache
def _pattern() -> re.Pattern[str]:
    said = "|".join(re.escape(each) for each in sorted(_superlatives(), key=len, reverse=True))
    return re.compile(rf"\b(?P<said>{said})\b", re.IGNORECASE)
