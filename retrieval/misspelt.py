"""Names as people misspell them: those within an edit or two of a stretch of words, by the trigrams that both share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

ONE_EDIT, TWO_EDITS = 5, 8  # letters from which on a name is known by so many edits; shorter ones are too like others
NEAREST = 24  # names that are compared letter by letter
_GRAM = 3


@dataclass(frozen=True, eq=False)
class Spellings:
    """The distinct names of a graph, folded, to be found though they are misspelt."""

    names: Sequence[str]

    def near(self, text: str) -> list[tuple[str, int]]:
        """Return the names nearest to a folded text and how many edits away, none where all are too far."""
        most = edits_allowed(text)
        grams = sorted(_grams(text))
        found = [self._having[gram] for gram in grams if gram in self._having]
        if not most or not found:
            return []
        shared = np.bincount(np.concatenate(found), minlength=len(self.names))
        shared[np.abs(self._lengths - len(text)) > most] = 0
        likely = np.argsort(-shared, kind="stable")[:NEAREST]
        enough = max(len(grams) - _GRAM * most - 1, 1)  # a swap of two letters changes four trigrams, the others three
        within = [(self.names[i], edits(text, self.names[i], most)) for i in likely if shared[i] >= enough]
        least = min((distance for _, distance in within), default=most + 1)
        return [(name, distance) for name, distance in within if distance == least <= most]

    @cached_property
    def _having(self) -> dict[str, NDArray[np.int32]]:
        """Return the places of the names that have a trigram."""
        having: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(self.names):
            for gram in _grams(name):
                having[gram].append(place)
        return {gram: np.array(places, np.int32) for gram, places in having.items()}

    @cached_property
    def _lengths(self) -> NDArray[np.int32]:
        return np.array([len(name) for name in self.names], np.int32)


def edits_allowed(text: str) -> int:
    """Return how many edits away a name of this length may lie."""
    return (len(text) >= ONE_EDIT) + (len(text) >= TWO_EDITS)


def edits(one: str, other: str, most: int) -> int:
    """Count the letters to be put in, left out, exchanged or swapped with the next; `most` + 1 where it is more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return min(last[-1], most + 1)


def _grams(text: str) -> set[str]:
    """Return the trigrams of a text, its ends marked."""
    marked = f"  {text} "
    return {marked[i : i + _GRAM] for i in range(len(marked) - _GRAM + 1)}
