"""Draw a sample of what passes by once: which it is depends on a seed and on each item's key, not on their order."""

import hashlib
import heapq
from collections.abc import Iterable
from typing import Generic, TypeVar

Item = TypeVar("Item")


def lot(seed: int, key: str) -> int:
    """Return the number that a key draws: the lowest of all numbers are the sample."""
    data = f"{seed}\0{key}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())


class Sample(Generic[Item]):
    """Keeps those `size` items whose keys draw the lowest lots; a key that comes twice counts once."""

    def __init__(self, size: int, seed: int = 0) -> None:
        self.size, self.seed, self.seen = size, seed, 0
        self._heap: list[tuple[int, str]] = []  # the highest lot first, negative
        self._items: dict[str, Item] = {}

    def add(self, key: str, item: Item) -> None:
        """Take in an item, or leave it."""
        self.seen += 1
        if key in self._items:
            return
        drawn = -lot(self.seed, key)
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, (drawn, key))
        elif self._heap and drawn > self._heap[0][0]:
            _, gone = heapq.heapreplace(self._heap, (drawn, key))
            del self._items[gone]
        else:
            return
        self._items[key] = item

    def extend(self, pairs: Iterable[tuple[str, Item]]) -> None:
        """Take in many items by their keys."""
        for key, item in pairs:
            self.add(key, item)

    def items(self) -> list[tuple[str, Item]]:
        """Return keys and items, by their lots."""
        return [(key, self._items[key]) for _, key in sorted(self._heap, reverse=True)]
