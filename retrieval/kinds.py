"""What kind of answer a question asks for: "who" a person, "when" a time, "which state" a country."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from dialogue.words import singular
from retrieval.relations import Relations

_ASKS_FOR = (
    (re.compile(r"\b(?:who|whom)\b", re.IGNORECASE), frozenset({"place", "time", "thing", "work", "event"})),
    (re.compile(r"^(?:where)\b", re.IGNORECASE), frozenset({"person", "group", "time", "work"})),
    (re.compile(r"^(?:when)\b", re.IGNORECASE), frozenset({"person", "group", "place", "thing", "work"})),
)
_WHICH = re.compile(r"\b(?:which|what)\s+((?:[\w-]+\s+){0,2}[\w-]+)", re.IGNORECASE)
_SAME = {  # what people call a kind of thing -> what graphs call it
    "state": "country", "nation": "country", "territory": "country", "dependency": "country", "colony": "country",
    "town": "city", "metropolis": "city", "money": "currency", "cash": "currency", "tongue": "language",
    "landmass": "continent", "timezone": "time zone", "movie": "film", "picture": "film", "group": "band",
}  # fmt: skip
_ENDS = frozenset(
    ["is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would", "may"]
    + ["might", "must", "in", "of", "on", "to", "at", "by", "for", "from", "with"]
)


def of_other_kind(asked: str, relations: Relations) -> NDArray[np.float32]:
    """Return 1 for the columns whose answers are not of the kind that the question's words ask for, (2R,)."""
    unfit = next((kinds for word, kinds in _ASKS_FOR if word.search(asked)), frozenset())
    found = np.array([kind in unfit for kind in relations.kinds], np.float32)
    noun = asked_noun(asked, relations.nouns)
    if noun:
        found = np.maximum(found, [bool(nouns) and noun not in nouns for nouns in relations.answer_nouns])
    return found.astype(np.float32)


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
