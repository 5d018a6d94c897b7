"""Arrays that grow at their end, so that one look-up answers for many lists at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from model.draws import SLOT, Bits, Tables, alias


class Growing:
    """Numbers of one kind; room is doubled where it runs out."""

    def __init__(self, kind: DTypeLike) -> None:
        self._room: NDArray[Any] = np.empty(1024, kind)
        self._size = 0

    def __len__(self) -> int:
        """Return how many numbers there are."""
        return self._size

    @property
    def values(self) -> NDArray[Any]:
        """Return the numbers: a view, which the next `extend` may leave behind."""
        return self._room[: self._size]

    def extend(self, more: NDArray[Any]) -> None:
        """Add numbers at the end."""
        size = self._size + len(more)
        if size > len(self._room):
            room = np.empty(max(size, 2 * len(self._room)), self._room.dtype)
            room[: self._size] = self.values
            self._room = room
        self._room[self._size : size] = more
        self._size = size


class Pools:
    """Lists of entities with weights, numbered as they are added, as the tables that `model.draws` draws from."""

    def __init__(self) -> None:
        self._start, self._size = Growing(np.int64), Growing(np.int64)
        self._slots = Growing(SLOT)

    def __len__(self) -> int:
        """Return the number of entities in all pools."""
        return len(self._slots)

    @property
    def tables(self) -> Tables:
        """Return the pools as they are drawn from: views, which the next `add` may leave behind."""
        return Tables(self._start.values, self._size.values, self._slots.values)

    def add(self, entities: NDArray[np.int32], weights: NDArray[np.float64] | None) -> int:
        """Add a pool and return its number; without weights every entity counts alike."""
        slots = np.empty(len(entities), SLOT)
        slots["limit"], slots["own"], slots["other"] = 1.0, entities, entities
        if weights is not None and len(entities):
            alias(weights, slots)
        self._start.extend(np.array([len(self._slots)]))
        self._size.extend(np.array([len(entities)]))
        self._slots.extend(slots)
        return len(self._size) - 1

    def shares(self, pool: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return a pool's entities (P,) ascending, and how likely a draw is each, of sum 1 (P,)."""
        tables = self.tables
        slots = tables.slots[tables.start[pool] : tables.start[pool] + tables.size[pool]]
        entities, chances = slots["own"], slots["limit"].copy()
        np.add.at(chances, np.searchsorted(entities, slots["other"]), 1 - slots["limit"])
        return entities, chances / max(len(slots), 1)


class Sets:
    """Sets of numbers below `width`, numbered as they are added; membership in any of them by one bit."""

    def __init__(self, width: int) -> None:
        self._width = np.int64(max(width, 1))
        self._bytes = (max(width, 1) + 7) // 8  # of a set's bits
        self._bits = Growing(np.uint8)
        self._keys = Growing(np.int64)
        self._start = Growing(np.int64)
        self._start.extend(np.zeros(1, np.int64))

    def __len__(self) -> int:
        """Return the room that all sets take, in numbers of 8 bytes."""
        return len(self._keys) + len(self._bits) // 8

    @property
    def bits(self) -> Bits:
        """Return the sets as bits: a view, which the next `add` may leave behind."""
        return Bits(self._bits.values, self._bytes)

    def __getitem__(self, number: int) -> NDArray[np.int64]:
        """Return one set, ascending."""
        start = self._start.values
        return self._keys.values[start[number] : start[number + 1]] - number * self._width

    def add(self, ascending: NDArray[np.int32]) -> int:
        """Add a set and return its number."""
        number = len(self._start) - 1
        row = np.zeros(8 * self._bytes, np.bool_)
        row[ascending] = True
        self._bits.extend(np.packbits(row, bitorder="little"))
        self._keys.extend(number * self._width + ascending)
        self._start.extend(np.array([len(self._keys)]))
        return number
