"""Near-duplicates are found all and only, and a graph of a hundred thousand equal pictures does not fill the memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest import near
from ingest.near import duplicate_groups, near_duplicates

ANY = st.integers(0, 2**64 - 1)


@st.composite
def alike(draw: st.DrawFn) -> NDArray[np.uint64]:
    """Hashes of which many differ from another in a few bits."""
    seeds = draw(st.lists(ANY, min_size=1, max_size=4))
    flips = st.sets(st.integers(0, 63), max_size=8)
    changed = [(draw(st.sampled_from(seeds)), draw(flips)) for _ in range(draw(st.integers(0, 25)))]
    return np.array([*seeds, *(seed ^ sum(1 << bit for bit in bits) for seed, bits in changed)], np.uint64)


def found(hashes: NDArray[np.uint64], radius: int) -> list[tuple[int, int]]:
    """Return the pairs in order."""
    return sorted((i, j) for part in near_duplicates(hashes, radius) for i, j in part.tolist())


def wanted(hashes: NDArray[np.uint64], radius: int) -> list[tuple[int, int]]:
    """Return the pairs by looking at each."""
    plain = [int(each) for each in hashes]
    near_by = lambda i, j: (plain[i] ^ plain[j]).bit_count() <= radius  # noqa: E731
    return [(i, j) for i in range(len(plain)) for j in range(i + 1, len(plain)) if near_by(i, j)]


@given(alike(), st.integers(0, 64))
def test_every_pair_within_the_radius_is_found_once_and_no_other(hashes: NDArray[np.uint64], radius: int) -> None:
    assert found(hashes, radius) == wanted(hashes, radius)


@pytest.mark.parametrize("radius", [0, 2, 4, 5, 9])
def test_parts_lose_no_pair(monkeypatch: pytest.MonkeyPatch, radius: int) -> None:
    monkeypatch.setattr(near, "CANDIDATES", 50)
    monkeypatch.setattr(near, "TILE", (3, 7))
    hashes = np.random.default_rng(0).integers(0, 2**64, 300, np.uint64)
    hashes[100:250] = hashes[:150] ^ np.uint64(1 << 40 | 1 << 3)
    hashes[250:] = hashes[0]
    assert found(hashes, radius) == wanted(hashes, radius)


@given(alike(), st.integers(0, 12))
def test_groups_are_what_is_tied_by_pairs(hashes: NDArray[np.uint64], radius: int) -> None:
    groups = {place: {place} for place in range(len(hashes))}
    for i, j in wanted(hashes, radius):
        joined = groups[i] | groups[j]
        for place in joined:
            groups[place] = joined
    assert duplicate_groups(hashes, radius).tolist() == [min(groups[place]) for place in range(len(hashes))]


def test_a_hundred_thousand_equal_hashes_are_one_group_in_little_memory() -> None:
    tracemalloc.start()
    try:
        assert not duplicate_groups(np.full(100_000, 2**63 + 1, np.uint64), 4).any()
        assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
        pairs = near_duplicates(np.zeros(100_000, np.uint64), 4)
        assert sum(len(next(pairs)) for _ in range(3)) > 10_000  # whoever asks for the pairs gets them part by part
        assert tracemalloc.get_traced_memory()[1] < 600 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_has_no_duplicates(count: int) -> None:
    hashes = np.zeros(count, np.uint64)
    assert found(hashes, 3) == []
    assert duplicate_groups(hashes, 3).tolist() == list(range(count))
