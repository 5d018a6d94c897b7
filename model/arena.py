"""Arrays that grow at their end, so that one look-up answers for many lists at once."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


class Growing(Generic[T]):
    """Numbers of one kind; room is doubled where it runs out."""

    def __init__(self, kind: type[T]) -> None:
        self._room: NDArray[T] = np.empty(1024, kind)
        self._size = 0

    def __len__(self) -> int:
        """Return how many numbers there are."""
        return self._size

    @property
    def values(self) -> NDArray[T]:
        """Return the numbers: a view, which the next `extend` may leave behind."""
        return self._room[: self._size]

    def extend(self, more: NDArray[T]) -> None:
        """Add numbers at the end."""
        size = self._size + len(more)
        if size > len(self._room):
            room = np.empty(max(size, 2 * len(self._room)), self._room.dtype)
            room[: self._size] = self.values
            self._room = room
        self._room[self._size : size] = more
        self._size = size


class Pools:
    """Lists of entities with weights, numbered as they are added; any number of draws from any of them at once.

    Pool p holds `reach` from p to p + 1, ascending: where the weights of its entities, of sum 1, add up to. The entity
    of a draw u in [0, 1) from pool p of n entities is the first that reaches beyond p + u. It is found from `guide`,
    which has the first that reaches beyond p + j / n for each j < n: on average less than one step before it (Chen and
    Asau, "On generating random variates from an empirical distribution", 1974).
    """

    def __init__(self) -> None:
        self._entities, self._reach = Growing(np.int32), Growing(np.float64)
        self._start, self._size = Growing(np.int64), Growing(np.int64)
        self._guide = Growing(np.int64)

    def __len__(self) -> int:
        """Return the number of entities in all pools."""
        return len(self._entities)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Return the number of entities of each pool."""
        return self._size.values

    def add(self, entities: NDArray[np.int32], weights: NDArray[np.float64] | None) -> int:
        """Add a pool and return its number; without weights every entity counts alike."""
        number = len(self._size)
        count = len(entities)
        reach = np.arange(1, count + 1) / max(count, 1) if weights is None else np.cumsum(weights)
        if weights is not None and count:
            reach /= reach[-1]
        start = len(self._entities)
        marks = np.searchsorted(reach, np.arange(count) / max(count, 1), side="right")
        self._guide.extend(start + np.minimum(marks, max(count - 1, 0)))
        self._start.extend(np.array([start]))
        self._size.extend(np.array([count]))
        self._entities.extend(entities)
        self._reach.extend(number + reach)
        return number

    def draw(self, pool: NDArray[np.int64], chance: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return an entity of each pool (N,), none of which is empty, for chances (N,) in [0, 1)."""
        start, size, reach = self._start.values[pool], self._size.values[pool], self._reach.values
        place = self._guide.values[start + (chance * size).astype(np.int64)]
        wanted, last = pool + chance, start + size - 1  # p + u may round to p + 1
        short = np.flatnonzero((reach[place] <= wanted) & (place < last))
        while len(short):
            place[short] += 1
            short = short[(reach[place[short]] <= wanted[short]) & (place[short] < last[short])]
        drawn: NDArray[np.int32] = self._entities.values[place]
        return drawn

    def shares(self, pool: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return a pool's entities (P,) and how likely a draw is each, of sum 1 (P,)."""
        part = slice(self._start.values[pool], self._start.values[pool] + self._size.values[pool])
        return self._entities.values[part], np.diff(self._reach.values[part], prepend=pool)


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

    def hold(self, sets: NDArray[np.int64], numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Say of each number (N,) whether it is in the set (N,) beside it."""
        byte = self._bits.values[sets * self._bytes + (numbers >> 3)]
        held: NDArray[np.bool_] = (byte >> (numbers & 7).astype(np.uint8) & 1).view(np.bool_)
        return held
