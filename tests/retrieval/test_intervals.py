"""Intervals are as wide as the luck that they stand for, and tests as strict as brute force says."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval import intervals
from retrieval.intervals import bootstrap_macros, bootstrap_means, macro, macro_interval, mcnemar, quantiles, wilson


def test_wilson_is_as_published() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, table I: 0.2553 to 0.3662
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_within_its_interval(counts: tuple[int, int]) -> None:
    hits, n = counts
    low, high = wilson(hits, n)
    assert 0 <= low <= (hits / n if n else low) <= high <= 1


def test_a_rare_relation_counts_as_much_as_a_common_one() -> None:
    hits = np.array([True] * 9 + [False])
    groups = ["common"] * 9 + ["rare"]
    assert macro(hits, groups) == 0.5
    low, high = macro_interval(hits, groups)
    assert low < 0.5 < high


def test_relation_that_was_asked_once_makes_no_figure_sure() -> None:
    low, high = macro_interval(np.array([True] * 9), ["common"] * 8 + ["rare"])
    assert low < 0.9
    assert high == 1.0
    assert macro_interval(np.array([True] * 9), ["common"] * 9)[0] > low


def test_bootstrap_agrees_with_all_resamples_there_are() -> None:
    values = np.array([0.0, 0.25, 1.0, 1.0])
    every = np.array([np.mean(chosen) for chosen in product(values, repeat=4)])
    means = bootstrap_means(values)
    assert means.mean() == pytest.approx(every.mean(), abs=0.02)
    assert means.std() == pytest.approx(every.std(), abs=0.02)
    assert quantiles(means) == pytest.approx(quantiles(every), abs=0.07)


def test_bootstrap_in_parts_is_the_bootstrap_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values, groups = np.random.default_rng(0).random(50), [str(n % 7) for n in range(50)]
    whole = bootstrap_means(values), bootstrap_macros(values, groups)
    monkeypatch.setattr(intervals, "ROOM", 500)
    np.testing.assert_allclose(whole[0], bootstrap_means(values))
    np.testing.assert_allclose(whole[1], bootstrap_macros(values, groups))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), min_size=1, max_size=30))
def test_macro_of_resamples_spans_the_macro(rows: list[tuple[str, float]]) -> None:
    groups, values = [group for group, _ in rows], np.array([value for _, value in rows])
    found = bootstrap_macros(values, groups)
    assert len(found) == intervals.RESAMPLES
    assert values.min() - 1e-9 <= found.min() and found.max() <= values.max() + 1e-9


@settings(deadline=None)  # the first brings scipy in
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_mcnemar_is_the_binomial_by_hand(pairs: list[tuple[bool, bool]]) -> None:
    ours, theirs = (np.array([pair[side] for pair in pairs], np.bool_) for side in (0, 1))
    less, n = min((ours & ~theirs).sum(), (theirs & ~ours).sum()), int((ours != theirs).sum())
    by_hand = min(1.0, 2 * sum(comb(n, k) for k in range(less + 1)) / 2**n)
    assert mcnemar(ours, theirs) == pytest.approx(by_hand)
