"""Figures carry the uncertainty that they have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.metrics import DEPTHS, Outcome, difference, figures, leaf, rank_of


def outcomes(*hits: bool, relation: str = "r", prior_fails: bool = False) -> list[Outcome]:
    return [Outcome(relation, int(hit), prior_fails) for hit in hits]


def test_the_prior_defeating_part_holds_only_what_the_prior_gets_wrong() -> None:
    found = figures(outcomes(True, True) + outcomes(False, prior_fails=True), images=False, gallery=None)
    assert found["micro"]["accuracy"] == pytest.approx(0.6667)
    assert found["prior_defeating"]["accuracy"] == 0.0
    assert found["prior_defeating"]["n"] == 1


def test_images_are_judged_at_one_and_at_five() -> None:
    found = leaf([Outcome("r", 4, False), Outcome("r", 1, False)], images=True, gallery=7)
    assert (found["recall1"], found["recall5"], found["n"], found["gallery"]) == (0.5, 1.0, 2, 7)
    assert found["mrr"] == 0.625
    assert found["ci95"][0] < 0.5 < found["ci95"][1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.booleans(), max_size=12), min_size=1, max_size=30))
def test_recall_and_mrr_are_what_counting_by_hand_gives(lists: list[list[bool]]) -> None:
    found = leaf([Outcome("r", rank_of(hits), False) for hits in lists], images=True, gallery=12)
    for depth in DEPTHS:
        assert found[f"recall{depth}"] == pytest.approx(np.mean([any(hits[:depth]) for hits in lists]), abs=1e-4)
    by_hand = np.mean([max((1 / (i + 1) for i, hit in enumerate(hits) if hit), default=0.0) for hits in lists])
    assert found["mrr"] == pytest.approx(by_hand, abs=1e-4)
    low, high = found["mrr_ci95"]
    assert low <= found["mrr"] + 1e-4 and high >= found["mrr"] - 1e-4


def test_exact_image_is_counted_only_where_the_gallery_has_it() -> None:
    found = leaf(
        [Outcome("r", 1, False, exact=1), Outcome("r", 1, False, exact=0), Outcome("r", 1, False)], images=True
    )
    assert (found["recall1"], found["exact1"], found["exact_n"]) == (1.0, 0.5, 2)


def test_nothing_to_judge_gives_no_number() -> None:
    assert leaf([], images=False) == {"accuracy": None, "n": 0, "gallery": None, "ci95": None}


def test_two_runs_are_compared_on_the_questions_that_both_were_asked() -> None:
    ours = dict(enumerate(outcomes(True, True, False)))
    theirs = dict(enumerate(outcomes(True, False)))
    found = difference(ours, theirs)
    assert found is not None
    assert (found["difference"], found["n"]) == (0.5, 2)
    assert (found["only_ours"], found["only_theirs"], found["p"]) == (1, 0, 1.0)
    assert difference({}, theirs) is None
