"""What several predicates are true of: "Which countries border Brazil but do not speak Spanish?"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from model.questions import HOLE
from retrieval.claims import asks_how_many
from retrieval.pairs import MOST_READ, linked, named_in_turn
from retrieval.questions import Part, masked_mention
from retrieval.understood import Understood

if TYPE_CHECKING:
    from retrieval.understand import Understanding

MOST = 4  # predicates of one question
_HOLE = re.escape(HOLE)
_PREPOSITION = r"(?:in|on|of|by|for|to|from|with|at)"
_SOUGHT = re.compile(
    r"(?:(?:and|so|but)\s+)?(?:"
    r"(?:(?:(?:what|which|who)\s+(?:is|are)|name|list|find|tell\s+me)\s+)?(?:all\s+)?(?:the|an?|any|some|all)\s+"
    r"(?:(?!of\b)[\w-]+\s+){1,3}(?:that|which|who)\b"
    rf"|(?:{_PREPOSITION}\s+)?(?:which|what|who|whom|where|how\s+many)\b(?!\s+(?:is|are|was|were)\s+(?:the|an?)\b))",
    re.IGNORECASE,
)
_AND = r"(?:,?\s+(?:and|but|yet)(?:\s+(?:also|which|that|who))*|,(?:\s+(?:which|that|who))?)\s+"
_NOT = r"(?:(?:do|does|did)(?:\s+not|n['’]t)|(?P<stays>is|are|was|were|has|have|had)(?:\s+(?:not|no)|n['’]t))\b"
_DENIES = re.compile(rf"\b{_NOT}", re.IGNORECASE)
_JOINT = re.compile(rf"{_AND}|(?<={_HOLE})\s+(?={_NOT.replace('?P<stays>', '?:')}|not\b)", re.IGNORECASE)
_NAMES = re.compile(rf"{_HOLE}{_AND}(?:{_PREPOSITION}\s+)?{_HOLE}", re.IGNORECASE)  # Peru and Chile: one predicate
_NOT_THAT = re.compile(rf"not\s+(?:{_PREPOSITION}\s+)?(?={_HOLE})", re.IGNORECASE)
# Which neighbours of Brazil | speak Spanish
_PHRASE = re.compile(
    rf"\W*(?:which|what|how\s+many)\s+(?:[\w-]+\s+){{1,3}}?{_PREPOSITION}\s+{_HOLE}(?=\s+(?!and\b|but\b|or\b|{_HOLE})\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Predicate:
    """What is said of what is sought: questions with HOLE for whom it names, of which the likeliest counts."""

    masks: tuple[str, ...]
    denied: bool = False


def asked_of_all(understanding: Understanding, part: Part) -> list[Understood]:
    """Read a part as one that seeks what several predicates are true of; empty where it is none.

    Of those that are not denied each is one question, of whose answers those are meant that answer the others too.
    Where the graph has no answer to one at all, that one is asked alone. One that is denied alone is asked as it is, to
    say of whom it is true.
    """
    names = named_in_turn(understanding.named(part.text))
    if not 1 <= len(names) <= MOST:
        return []
    masked = part.text
    for named in reversed(names):
        masked = masked_mention(masked, named[0].start, named[0].end)
    said = predicates(masked)
    if len(said) != len(names) or (len(said) > 1 and all(each.denied for each in said)):
        return []
    own = understanding.reader.own([each.entity.id for named in names for each in named], understanding.relations)
    links = [
        linked(understanding, named[:MOST_READ], each.masks, own, part.text)
        for each, named in zip(said, names, strict=True)
    ]
    read = [link for link in links if link and link.relation is not None]
    if len(read) < len(said):
        return []
    together = tuple(link for each, link in zip(said, read, strict=True) if not each.denied)
    never = tuple(link for each, link in zip(said, read, strict=True) if each.denied)
    counts = asks_how_many(part.text)
    asked = [
        Understood(part, link.subject, link, wish=part.wish, counts=counts, together=together, never=never)
        for link in together or never
    ]
    return next(([each] for each in asked if each.slot is None), asked)


def predicates(masked: str) -> list[Predicate]:
    """Cut a question with HOLE for each name where one predicate ends and the next begins.

    Empty where it has but one, unless that is denied. Each begins as the first does, with as much of that as makes a
    question.
    """
    sought = _SOUGHT.match(masked)
    first, *others = _JOINT.split(_PHRASE.sub(r"\g<0> and", masked, count=1))
    if sought is None or _NAMES.search(masked) or any(each.count(HOLE) != 1 for each in (first, *others)):
        return []
    found = [_predicate([first])]
    before = found[0].masks[0].partition(HOLE)[0]
    heads = [before[: word.end()] for word in re.finditer(r"\S+", before) if word.end() >= sought.end()]
    for each in others:
        if but := _NOT_THAT.match(each):
            found[-1:] = _but_not(found[-1], each[but.end() :].removeprefix(HOLE))
        else:
            found.append(_predicate([f"{head} {each}" for head in heads]))
    return found if others or found[0].denied else []


def _predicate(masks: list[str]) -> Predicate:
    plain = [_DENIES.sub(lambda found: found["stays"] or "", each, count=1) for each in masks]
    return Predicate(tuple(" ".join(each.split()) for each in plain), denied=plain != masks)


def _but_not(said: Predicate, after: str) -> list[Predicate]:
    """Return a predicate of one name, and the same of another that is denied: "border Brazil but not Peru"."""
    pieces = [each.partition(HOLE) for each in said.masks]
    masks = tuple(f"{before}{HOLE}{end or after}" for before, _, end in pieces)
    return [replace(said, masks=masks), Predicate(masks, denied=not said.denied)]
