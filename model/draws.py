"""The compiled loops of drawing negatives: tables that a draw reads one place of, and the draws of a whole batch.

They are compiled by numba at their first use and kept on disk.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

SLOT = np.dtype([("limit", np.float64), ("own", np.int32), ("other", np.int32)])


class Tables(NamedTuple):
    """Pools by number, as slots: what lies in a slot below `limit` is `own`, above it `other`."""

    start: NDArray[np.int64]  # (P,) the first slot of each pool
    size: NDArray[np.int64]  # (P,)
    slots: NDArray[Any]  # of SLOT


class Bits(NamedTuple):
    """Sets by number: a bit for each number below some width."""

    bits: NDArray[np.uint8]
    size: int  # bytes of a set


class Images(NamedTuple):
    """The images of each entity e: values[start[e] : start[e + 1]]."""

    start: NDArray[np.int32]
    values: NDArray[np.int32]


class Found(NamedTuple):
    """What was drawn for each place; -1 where nothing was, and the last tier."""

    image: NDArray[np.int32]
    owner: NDArray[np.int32]
    tier: NDArray[np.int8]


@njit(cache=True)
def alias(weights: NDArray[np.float64], slots: NDArray[Any]) -> None:  # pragma: no cover - compiled
    """Fill the slots of a pool, whose `own` and `other` are its entities, so that a draw of one is as its weight.

    Vose, "A linear algorithm for generating random numbers with a given distribution", 1991.
    """
    count = len(weights)
    scaled = weights * (count / weights.sum())
    order = np.empty(count, np.int64)  # those below 1 from its front on, the others from its end
    small, large = 0, count
    for i in range(count):
        if scaled[i] < 1:
            order[small] = i
            small += 1
        else:
            large -= 1
            order[large] = i
    while small > 0 and large < count:
        small -= 1
        less, more = order[small], order[large]
        slots[less].limit = scaled[less]
        slots[less].other = slots[more].own
        scaled[more] += scaled[less] - 1
        if scaled[more] < 1:
            large += 1
            order[small] = more
            small += 1


@njit(cache=True)
def draw(
    seed: np.uint64,
    reach: NDArray[np.float64],
    tables: Tables,
    pools: NDArray[np.int64],
    barred: Bits,
    sets: NDArray[np.int64],
    images: Images,
    count: int,
    tries: int,
) -> Found:  # pragma: no cover - compiled
    """Draw `count` images that are not barred for each row of `pools` (A, tiers) and `sets` (A,), A·count in all.

    `reach` is where the shares of the tiers add up to. A tier without entities gives way to the last, and so does one
    of which so many `tries` were barred; after as many of the last a place stays empty.

    What a loop reads, it reads for all places before the next loop looks at it: waiting for one slot after the other to
    come from memory would take most of the time.
    """
    total, last = len(sets) * count, len(reach) - 1
    image, owner = np.full(total, -1, np.int32), np.full(total, -1, np.int32)
    tier = np.full(total, last, np.int8)
    if total == 0 or tables.size[pools[0, last]] == 0:  # nothing has an image
        return Found(image, owner, tier)
    slots, within = np.empty(total, np.int64), np.empty(total)  # which slot, and where in it
    limit, own, other = np.empty(total), np.empty(total, np.int32), np.empty(total, np.int32)
    left, rows = np.arange(total), np.repeat(np.arange(len(sets)), count)  # left: places without an image
    drawn = np.uint64(0)  # chances that were used
    for attempt in range(2 * tries):
        for n in range(len(left)):
            row, which = rows[left[n]], tier[left[n]]
            if attempt == 0:
                which, part, drawn = 0, chance(seed, drawn), drawn + np.uint64(1)
                while which < last and part >= reach[which]:
                    which += 1
            if attempt == tries or tables.size[pools[row, which]] == 0:
                which = last
            pool, tier[left[n]] = pools[row, which], which
            at, drawn = chance(seed, drawn) * tables.size[pool], drawn + np.uint64(1)
            slots[n], within[n] = tables.start[pool] + int(at), at - int(at)
        for n in range(len(left)):
            slot = tables.slots[slots[n]]
            limit[n], own[n], other[n] = slot.limit, slot.own, slot.other
        refused = 0
        for n in range(len(left)):
            place, below = left[n], within[n] < limit[n]
            entity = own[n] if below else other[n]
            first = images.start[entity]
            many = images.start[entity + 1] - first
            if many > 1:  # where the draw lies in its part of the slot is at random too
                low, high = (0.0, limit[n]) if below else (limit[n], 1.0)
                first += min(int((within[n] - low) / (high - low) * many), many - 1)
            chosen = images.values[first]
            if barred.bits[sets[rows[place]] * barred.size + (chosen >> 3)] >> (chosen & 7) & 1:
                left[refused] = place
                refused += 1
            else:
                image[place], owner[place] = chosen, entity
        left = left[:refused]
        if not refused:
            break
    return Found(image, owner, tier)


@njit(cache=True)
def chance(seed: np.uint64, number: np.uint64) -> float:  # pragma: no cover - compiled
    """Return a number in [0, 1), by its place in a row that the seed begins.

    SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
    """
    mixed = seed + number * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
