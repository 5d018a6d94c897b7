"""Figures carry the uncertainty that they have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.metrics import Outcome, difference, figures, leaf, macro, macro_interval, wilson


def outcomes(*hits: bool, relation: str = "r", prior_fails: bool = False) -> list[Outcome]:
    return [Outcome(relation, hit, hit, prior_fails) for hit in hits]


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


def test_the_prior_defeating_part_holds_only_what_the_prior_gets_wrong() -> None:
    found = figures(outcomes(True, True) + outcomes(False, prior_fails=True), images=False, gallery=None)
    assert found["micro"]["accuracy"] == pytest.approx(0.6667)
    assert found["prior_defeating"]["accuracy"] == 0.0
    assert found["prior_defeating"]["n"] == 1


def test_images_are_judged_at_one_and_at_five() -> None:
    found = leaf([Outcome("r", False, True, False), Outcome("r", True, True, False)], images=True, gallery=7)
    assert (found["recall1"], found["recall5"], found["n"], found["gallery"]) == (0.5, 1.0, 2, 7)
    assert found["ci95"][0] < 0.5 < found["ci95"][1]


def test_nothing_to_judge_gives_no_number() -> None:
    assert leaf([], images=False) == {"accuracy": None, "n": 0, "gallery": None, "ci95": None}


def test_two_runs_are_compared_on_the_questions_that_both_were_asked() -> None:
    ours = dict(enumerate(outcomes(True, True, False)))
    theirs = dict(enumerate(outcomes(True, False)))
    found = difference(ours, theirs)
    assert found is not None
    assert (found["difference"], found["n"]) == (0.5, 2)
    assert difference({}, theirs) is None
