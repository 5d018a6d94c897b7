"""Distinct n-grams of more text than fits into memory as text (TextBind, section 4.3): sum over n of unique / total."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dialogue.quality.text import words

SIZES = (2, 3, 4)
_BUFFER = 1 << 20  # words that are kept before their n-grams are told apart
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, made odd
_STIR = np.uint64(0xBF58476D1CE4E5B9)

Keys = NDArray[np.uint64]


class NGrams:
    """Counts the n-grams of texts, n = 2 to 4, as 64-bit hashes: 27 million collide once with a chance of 2 in 100,000.

    An n-gram does not reach from one text into the next.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._pending: list[int] = []
        self._unique: dict[int, Keys] = {n: np.empty(0, np.uint64) for n in SIZES}
        self.total: dict[int, int] = dict.fromkeys(SIZES, 0)

    def add(self, text: str) -> int:
        """Take in a text; return how many words it has."""
        return self.take(words(text))

    def take(self, found: Sequence[str]) -> int:
        """Take in the words of a text; return how many there are."""
        ids = self._ids
        self._pending += [ids.setdefault(word, len(ids) + 1) for word in found]
        self._pending.append(0)  # parts two texts
        if len(self._pending) >= _BUFFER:
            self._settle()
        return len(found)

    def unique(self) -> dict[int, int]:
        """Return how many different n-grams there were, by n."""
        self._settle()
        return {n: len(found) for n, found in self._unique.items()}

    def diversity(self) -> float:
        """Return the sum over n of unique / total; 3 if nothing was ever said twice, 0 of no text."""
        unique = self.unique()
        return sum(unique[n] / self.total[n] for n in SIZES if self.total[n])

    def _settle(self) -> None:
        ids = np.array(self._pending, np.uint64)
        self._pending.clear()
        keys = stirred(ids)
        inside = ids != 0
        for n in SIZES:
            if len(ids) < n:
                continue
            keys = stirred(keys[:-1] * _ODD + ids[n - 1 :])
            inside = inside[:-1] & (ids[n - 1 :] != 0)
            self.total[n] += int(inside.sum())
            self._unique[n] = np.union1d(self._unique[n], keys[inside])


def stirred(keys: Keys) -> Keys:
    """Mix the bits of 64-bit keys (the finaliser of splitmix64)."""
    keys = (keys ^ (keys >> np.uint64(30))) * _STIR
    return np.asarray(keys ^ (keys >> np.uint64(27)), np.uint64)


def diversity(texts: Iterable[str]) -> float:
    """Return the sum over n = 2 to 4 of different n-grams over all n-grams of texts."""
    found = NGrams()
    for text in texts:
        found.add(text)
    return found.diversity()
