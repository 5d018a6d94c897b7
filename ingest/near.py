"""Near-duplicates among 64-bit hashes, exactly, without looking at every pair.

Two hashes that differ in at most r bits agree in one of r + 1 blocks of bits (the pigeonhole principle). So pairs are
looked for among hashes that share a block; for a radius whose blocks would be too short, all hashes are compared, tile
by tile. Either way a bounded number of candidates is in memory at a time.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

BITS = 64
CANDIDATES = 2**22  # pairs that are compared at a time
SHORTEST_BLOCK = 10  # bits; shorter blocks agree so often that comparing all pairs is as quick
TILE = (8, 8192)  # hashes by hashes that are compared at a time; a tile stays in the cache


def near_duplicates(hashes: Hashes, radius: int) -> Iterator[Places]:
    """Yield the pairs of places (K, 2) int64, i < j, whose hashes differ in at most `radius` bits, each pair once.

    A pair's hashes are first met in one of many parts, none of which holds more than a few million. Equal hashes give
    every pair, which is as many as half their number's square: `duplicate_groups` is for those.
    """
    if BITS // (radius + 1) < SHORTEST_BLOCK:
        yield from among_all(hashes, radius)
        return
    for left, right in candidates(hashes, radius):
        near = np.flatnonzero(np.bitwise_count(hashes[left] ^ hashes[right]) <= radius)
        if len(near):
            yield np.stack([np.minimum(left[near], right[near]), np.maximum(left[near], right[near])], axis=1)


def among_all(hashes: Hashes, radius: int) -> Iterator[Places]:
    """Yield the near pairs by comparing every two hashes."""
    rows, columns = TILE
    for top in range(0, len(hashes), rows):
        these = hashes[top : top + rows, None]
        for start in range(top, len(hashes), columns):
            others = hashes[start : start + columns]
            near = np.flatnonzero(np.bitwise_count(these ^ others) <= radius)
            pairs = np.stack([top + near // len(others), start + near % len(others)], axis=1)
            pairs = pairs[pairs[:, 0] < pairs[:, 1]]
            if len(pairs):
                yield pairs


def duplicate_groups(hashes: Hashes, radius: int) -> Places:
    """Return for every hash the first place of its group, (N,) int64; what is near to what is near is of one group.

    Equal hashes are compared once, so 100,000 of them cost no more than one.
    """
    distinct, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    parents = np.arange(len(distinct))
    for pairs in near_duplicates(distinct, radius):
        unite(parents, pairs)
    roots = settled(parents)
    least = np.full(len(distinct), len(hashes))
    np.minimum.at(least, roots, first)
    return np.asarray(least[roots][inverse], np.int64)


def unite(parents: Places, pairs: Places) -> None:
    """Make the two of each pair of one group, in place: every root takes the least root that it is paired with."""
    while len(pairs):
        roots = settled(parents)
        parents[:] = roots
        ends = np.sort(roots[pairs], axis=1)
        pairs = ends[ends[:, 0] != ends[:, 1]]
        np.minimum.at(parents, pairs[:, 1], pairs[:, 0])


def settled(parents: Places) -> Places:
    """Return every place's root."""
    while True:
        roots = parents[parents]
        if np.array_equal(roots, parents):
            return roots
        parents = roots


def candidates(hashes: Hashes, radius: int) -> Iterator[tuple[Places, Places]]:
    """Yield places of hashes that may be near each other, every pair once, at most CANDIDATES at a time or one row."""
    edges = np.linspace(0, BITS, radius + 2).astype(int)
    masks = [
        np.uint64(((1 << int(end - start)) - 1) << int(start)) for start, end in zip(edges, edges[1:], strict=False)
    ]
    for n, mask in enumerate(masks):
        for left, right in sharing(hashes & mask):
            differing = hashes[left] ^ hashes[right]
            fresh = np.ones(len(left), bool)
            for before in masks[:n]:  # a pair is met where its hashes first agree
                fresh &= (differing & before) != 0
            yield left[fresh], right[fresh]


def sharing(keys: Hashes) -> Iterator[tuple[Places, Places]]:
    """Yield all pairs of places with the same key, in parts."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    ends = np.searchsorted(ordered, ordered, side="right")
    after = ends - np.arange(len(keys)) - 1  # how many with the same key follow each
    yield from expanded(order, after)


def expanded(order: Places, after: Places) -> Iterator[tuple[Places, Places]]:
    """Pair each of `order` with the `after` next ones, in parts of about CANDIDATES pairs."""
    total = np.cumsum(after)
    start = 0
    while start < len(order):
        begun = int(total[start] - after[start])
        stop = max(start + 1, int(np.searchsorted(total, begun + CANDIDATES, side="right")))
        rows = np.arange(start, stop)
        left = np.repeat(rows, after[start:stop])
        offset = np.arange(len(left)) - np.repeat(total[start:stop] - after[start:stop] - begun, after[start:stop])
        yield order[left], order[left + 1 + offset]
        start = stop
