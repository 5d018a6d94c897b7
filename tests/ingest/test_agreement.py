"""Agreement: the published values, worked by hand where no paper has them, and undefined where it is undefined."""

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.agreement import Agreement, Ballot, agreement, cohen_kappa, decisions, fleiss_kappa, free_marginal_kappa

# Fleiss (1971), table 1: 30 patients, 6 psychiatrists each. Depression, personality disorder, schizophrenia, neurosis,
# other.
DIAGNOSES = [
    (0, 0, 0, 6, 0), (0, 3, 0, 0, 3), (0, 1, 4, 0, 1), (0, 0, 0, 0, 6), (0, 3, 0, 3, 0), (2, 0, 4, 0, 0),
    (0, 0, 4, 0, 2), (2, 0, 3, 1, 0), (2, 0, 0, 4, 0), (0, 0, 0, 0, 6), (1, 0, 0, 5, 0), (1, 1, 0, 4, 0),
    (0, 3, 3, 0, 0), (1, 0, 0, 5, 0), (0, 2, 0, 3, 1), (0, 0, 5, 0, 1), (3, 0, 0, 1, 2), (5, 1, 0, 0, 0),
    (0, 2, 0, 4, 0), (1, 0, 2, 0, 3), (0, 0, 0, 0, 6), (0, 1, 0, 5, 0), (0, 2, 0, 1, 3), (2, 0, 0, 4, 0),
    (1, 0, 0, 4, 1), (0, 5, 0, 1, 0), (4, 0, 0, 0, 2), (0, 2, 0, 4, 0), (1, 0, 5, 0, 0), (0, 0, 0, 0, 6),
]  # fmt: skip
# The worked example of most textbooks: 10 subjects, 14 raters, 5 categories
FOURTEEN = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip


def test_fleiss_of_the_paper_of_1971() -> None:
    assert fleiss_kappa(DIAGNOSES) == pytest.approx(0.4302445, abs=5e-8)  # the paper rounds it to 0.430


def test_fleiss_of_the_textbook() -> None:
    assert fleiss_kappa(FOURTEEN) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_with_unequal_numbers_of_raters_by_hand() -> None:
    # observed: (1 + 1/3 + 0) / 3 = 4/9; shares 4/7 and 3/7, chance 25/49; the item with one rater says nothing
    by_hand = (Fraction(4, 9) - Fraction(25, 49)) / (1 - Fraction(25, 49))
    assert fleiss_kappa([(2, 0), (1, 2), (1, 1), (1, 0)]) == pytest.approx(float(by_hand))


def test_cohen_by_hand() -> None:
    assert cohen_kappa([[20, 5], [10, 15]]) == pytest.approx(0.4)  # 0.7 observed, 0.5 by chance
    assert cohen_kappa([[0, 4, 1], [0, 8, 0], [0, 1, 5]]) == pytest.approx(107 / 221)  # 13/19 and 140/361


def test_kappa_that_is_undefined_is_not_given_as_a_number() -> None:
    assert fleiss_kappa([]) is None
    assert fleiss_kappa([(1, 0), (0, 1)]) is None  # nobody judged anything that another did
    assert fleiss_kappa([(3, 0), (3, 0)]) is None  # nobody ever said the other thing
    assert cohen_kappa([[0, 0], [0, 0]]) is None
    assert cohen_kappa([[5, 0], [0, 0]]) is None
    assert agreement([]) == Agreement(0, 0, 0, {}, None, None, None, ())


def test_votes_are_compared_picture_by_picture_and_entity_by_entity() -> None:
    ballots = [
        Ballot(3, {"ana": 0, "bo": 0}),
        Ballot(2, {"ana": 1, "bo": 0}),
        Ballot(4, {"ana": None, "bo": None}),
        Ballot(5, {"ana": 2}),
    ]
    found = agreement(ballots)
    assert (found.entities, found.pictures, found.votes, found.raters) == (3, 9, 6, {2: 3})
    assert found.agreement == pytest.approx(2 / 3)
    # Nine pictures: one chosen by both, one by each alone, six by nobody. Chance: (2·2 + 7·7) / 81.
    cohen = (Fraction(7, 9) - Fraction(53, 81)) / (1 - Fraction(53, 81))
    [pair] = found.pairs
    assert (pair.first, pair.second, pair.entities, pair.pictures) == ("ana", "bo", 3, 9)
    assert pair.cohen == pytest.approx(float(cohen))
    assert pair.agreement == pytest.approx(2 / 3)
    assert found.fleiss == pytest.approx(float(cohen))  # both have the same marginals here
    chance = (Fraction(1, 4) + Fraction(1, 3) + Fraction(1, 5)) / 3
    assert found.free_marginal == pytest.approx(float((Fraction(2, 3) - chance) / (1 - chance)))


VOTES = st.integers(1, 6).flatmap(
    lambda candidates: st.builds(
        Ballot,
        st.just(candidates),
        st.dictionaries(st.sampled_from("abcdef"), st.none() | st.integers(0, candidates - 1)),
    )
)


@given(st.lists(VOTES, max_size=12))
def test_any_votes_give_figures_within_their_bounds(ballots: list[Ballot]) -> None:
    found = agreement(ballots)
    for value in (found.fleiss, found.free_marginal, *(pair.cohen for pair in found.pairs)):
        assert value is None or -1 - 1e-9 <= value <= 1 + 1e-9
    assert len(found.pairs) == len({names for b in ballots for names in combinations(sorted(b.votes), 2)})
    assert sum(count for count in found.raters.values()) == found.entities


@given(st.lists(VOTES, max_size=8))
def test_reviewers_who_vote_alike_agree_wholly(ballots: list[Ballot]) -> None:
    alike = [Ballot(b.candidates, {"x": choice, "y": choice}) for b in ballots for choice in b.votes.values()]
    found = agreement(alike)
    assert found.agreement in (None, 1)
    assert found.free_marginal is None or found.free_marginal == pytest.approx(1)
    assert found.fleiss is None or found.fleiss == pytest.approx(1)


def test_one_vote_is_one_decision_on_each_candidate() -> None:
    assert list(decisions(Ballot(3, {"a": 1, "b": 1, "c": None}))) == [(0, 3), (2, 1), (0, 3)]
    assert free_marginal_kappa([Ballot(3, {"a": 1, "b": 1})]) == pytest.approx(1)
