"""What kind of answer a question asks for: "who" a person, "when" a time, "which state" a country."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from dialogue.grammar import noun_of_type
from dialogue.words import is_participle, singular
from retrieval.relations import Relations

_ASKS_FOR = (
    (re.compile(r"\b(?:who|whom)\b", re.IGNORECASE), frozenset({"place", "time", "thing", "work", "event"})),
    (re.compile(r"^(?:where)\b", re.IGNORECASE), frozenset({"person", "group", "time", "work"})),
    (re.compile(r"^(?:when)\b", re.IGNORECASE), frozenset({"person", "group", "place", "thing", "work"})),
)
_WHICH = re.compile(r"\b(?:which|what)\s+((?:[\w-]+\s+){0,2}[\w-]+)", re.IGNORECASE)
# Which politicians | were born in Chicago; name a university | in Europe; who is a drummer | that was born in London
_KIND = re.compile(
    r"\W*(?:(?P<asks>which|what|how\s+many)\s+(?!(?:is|are|was|were)\b)"
    r"|(?:(?:who|what)(?:['’]?s|\s+is|\s+are|\s+was|\s+were)|name|list|tell\s+me)\s+(?:the\s+names?\s+of\s+)?(?:an?|one|some|all)\s+)(?P<noun>(?:[\w-]+\s+){1,4})(?P<rest>.+)",
    re.IGNORECASE | re.DOTALL,
)
_ANYTHING = frozenset(
    ["thing", "place", "location", "area", "region", "site", "spot", "one", "name", "type", "kind", "sort", "title"]
    + ["work", "body", "example", "member", "subject"]
)
_SAME = {  # what people call a kind of thing -> what graphs call it
    "state": "country", "nation": "country", "territory": "country", "dependency": "country", "colony": "country",
    "town": "city", "metropolis": "city", "money": "currency", "cash": "currency", "tongue": "language",
    "landmass": "continent", "timezone": "time zone", "movie": "film", "picture": "film", "group": "band",
}  # fmt: skip
_ENDS = frozenset(
    ["is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would", "may"]
    + ["might", "must", "in", "of", "on", "to", "at", "by", "for", "from", "with", "whose"]
)
_RELATIVES = frozenset(["that", "which", "who"])


def of_other_kind(asked: str, relations: Relations) -> NDArray[np.float32]:
    """Return 1 for the columns whose answers are not of the kind that the question's words ask for, (2R,)."""
    unfit = next((kinds for word, kinds in _ASKS_FOR if word.search(asked)), frozenset())
    found = np.array([kind in unfit for kind in relations.kinds], np.float32)
    noun = asked_noun(asked, relations.nouns)
    if noun:
        found = np.maximum(found, [bool(nouns) and noun not in nouns for nouns in relations.answer_nouns])
    return found.astype(np.float32)


def said_kind(asked: str) -> tuple[tuple[str, ...], str]:
    """Return the kind of thing that a question asks for, the longest noun first, and the question for any thing.

    "Name a public university in Europe": public university, university; "what is in Europe". Empty where it says none.
    """
    found = _KIND.match(asked)
    if found is None:
        return (), ""
    words = f"{found['noun']}{found['rest']}".split()
    end = next(
        (i for i, word in enumerate(words[:5]) if word.casefold() in _ENDS | _RELATIVES or is_participle(word)), 0
    )
    said = [singular(" ".join(words[start:end]).casefold()) for start in range(end)]
    nouns = tuple(noun for noun in said if noun not in _ANYTHING)
    rest = words[end:]
    if rest and rest[0].casefold() in _RELATIVES:
        rest = rest[1:]
    elif not found["asks"]:
        rest = ["is", *rest]
    return (nouns, " ".join(["what", *rest])) if nouns and len(nouns) == len(said) else ((), "")


def is_of_kind(types: Iterable[str], noun: str) -> bool:
    """Say whether one of some types is a kind: a baseball player is a player."""
    asked = (noun, _SAME.get(noun, noun))
    owned = (noun_of_type(kind).casefold() for kind in types)
    return any(own == each or own.endswith(f" {each}") for own in owned for each in asked)


def asked_noun(asked: str, nouns: frozenset[str]) -> str:
    """Return the kind of thing after "which" or "what", if it is one of `nouns`; empty otherwise."""
    for phrase in _WHICH.findall(asked):
        words = phrase.casefold().split()
        end = next((i for i, word in enumerate(words) if word in _ENDS), len(words))
        for start in range(end):
            for stop in range(end, start, -1):
                said = singular(" ".join(words[start:stop]))
                noun = _SAME.get(said, said)
                if noun in nouns:
                    return noun
    return ""
