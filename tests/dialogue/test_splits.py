"""A test whose answer was trained in the same form proves nothing; a fact that was never trained is no test."""

import hashlib
from collections import Counter
from collections.abc import Callable

import pytest

from dialogue.splits import NONE, TEST, TRAIN, VALID, available, formats_in, split_table, spread
from kg.adjacency import Adjacency

Isles = Callable[..., Adjacency]


def keys(count: int) -> list[str]:
    return [hashlib.sha1(str(n).encode(), usedforsecurity=False).hexdigest() for n in range(count)]


@pytest.mark.parametrize("formats", [(0, 1, 2, 3), (0, 1, 2), (0,)])
def test_one_format_of_every_triple_is_trained(formats: tuple[int, ...]) -> None:
    for key in keys(2000):
        code = spread(key, formats)
        assert formats_in(code, TRAIN)
        assert sorted(n for split in (TRAIN, VALID, TEST) for n in formats_in(code, split)) == list(formats)
        assert sorted(formats_in(code, NONE)) == [n for n in range(4) if n not in formats]


@pytest.mark.parametrize("formats", [(0, 1, 2, 3), (0, 1, 2)])
def test_formats_spread_as_the_paper_has_it(formats: tuple[int, ...]) -> None:
    counts: Counter[int] = Counter()
    for key in keys(5000):
        for split in (TRAIN, VALID, TEST):
            counts[split] += len(formats_in(spread(key, formats), split))
    shares = [counts[split] / counts.total() for split in (TRAIN, VALID, TEST)]
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.015)


def test_triple_without_images_is_trained_and_nothing_else(isles: Isles) -> None:
    assert available(False, False) == (0,)
    assert set(split_table(isles(shown=0)).tolist()) == {spread("0" * 40, (0,))}


def test_split_of_a_triple_does_not_hang_on_the_rest_of_the_graph(isles: Isles) -> None:
    whole, fewer = isles(8), isles(4)  # other islands lose their images
    ends = zip(whole.triple_heads(), whole.outgoing.neighbour, strict=True)
    shown = [bool(entity.images) for entity in fewer.entities]
    same = [n for n, pair in enumerate(ends) if all(shown[e] == bool(whole.entities[e].images) for e in pair)]
    assert len(same) > 10
    assert [split_table(fewer)[n] for n in same] == [split_table(whole)[n] for n in same]
