"""Which relations say the same, or the same the other way round: what makes a test leak although no triple does.

What a relation s says, a relation r says too, if four in five of s's pairs of entities are pairs of r: s is then a
near-duplicate of r, or its inverse where the pairs are turned round (the threshold of Akrami et al. 2020; not only
where it holds both ways, because a fact of r follows from one of s all the same).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OVERLAP = 0.8
FEWEST = 3  # pairs in common: fewer are chance

Links = dict[str, tuple[str, ...]]  # a relation -> those from which its facts follow


@dataclass(frozen=True, slots=True)
class RelationLinks:
    """The relations from whose facts those of a relation follow, as they are or turned round."""

    near_duplicate: Links
    inverse: Links


def linked(
    paths: Sequence[str], heads: NDArray[np.integer], relations: NDArray[np.integer], tails: NDArray[np.integer]
) -> RelationLinks:
    """Compare the pairs of entities of all relations. Columns are triples, each once, (E,)."""
    count = int(max(heads.max(initial=0), tails.max(initial=0))) + 1
    own = heads != tails  # a loop is its own inverse
    heads, relations, tails = heads[own].astype(np.int64), relations[own].astype(np.int64), tails[own].astype(np.int64)
    sizes = np.bincount(relations, minlength=len(paths))
    order = np.argsort(heads * count + tails, kind="stable")
    pairs, by_pair = (heads * count + tails)[order], relations[order]
    found = (
        _links(paths, sizes, relations, pairs, by_pair, heads * count + tails, same=False),
        _links(paths, sizes, relations, pairs, by_pair, tails * count + heads, same=True),
    )
    return RelationLinks(*found)


def _links(
    paths: Sequence[str],
    sizes: NDArray[np.integer],
    relations: NDArray[np.integer],
    pairs: NDArray[np.integer],
    by_pair: NDArray[np.integer],
    wanted: NDArray[np.integer],
    same: bool,
) -> Links:
    """Count for each relation and every other how many of its triples, as `wanted` pairs (E,), the other has too."""
    first, last = (np.searchsorted(pairs, wanted, side) for side in ("left", "right"))
    many = last - first
    begin = np.repeat(first - np.concatenate([[0], np.cumsum(many)[:-1]]), many)
    others = by_pair[begin + np.arange(many.sum())]
    met, common = np.unique(np.repeat(relations, many) * len(paths) + others, return_counts=True)
    links: dict[str, list[str]] = {}
    for code, n in zip(met.tolist(), common.tolist(), strict=True):
        source, implied = divmod(code, len(paths))
        if n >= max(FEWEST, OVERLAP * sizes[source]) and (same or source != implied):
            links.setdefault(paths[implied], []).append(paths[source])
    return {relation: tuple(sources) for relation, sources in links.items()}
