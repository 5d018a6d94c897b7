"""A right answer counts, a wrong one does not, and linking and relation are told apart from what came of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from dialogue.types import Shown
from retrieval.album import Album, View
from retrieval.answer import Answerer
from retrieval.baselines import head_blind
from retrieval.evaluate import Judged, about_all_shown, alone, by_format, judge, outcome_of, parts, table
from retrieval.metrics import Outcome
from retrieval.questions import Part
from retrieval.trials import Prior, Trial
from retrieval.understood import Understood

Ask = Callable[..., Trial]
COUNTRY, CITY, ATLAS = "urn:kwk:atlas:country/", "urn:kwk:atlas:city/", "urn:kwk:atlas:"
PERU, NORWAY, SVALBARD, BRAZIL = (f"{COUNTRY}{code}" for code in ("PE", "NO", "SJ", "BR"))
LIMA = f"{CITY}3936456"
NEIGHBOURS = [f"{COUNTRY}{code}" for code in ("BO", "BR", "CL", "CO", "EC")]
BLIND = head_blind(Prior())


def flag(album: Album, entity: str, style: str = "noto") -> Shown:
    (place,) = [i for i, owners in enumerate(album.owners) if entity in owners and album.styles[i] == style]
    return Shown(album.paths[place], album.shas[place], entity)


@pytest.fixture
def trials(album: Album, ask: Ask) -> list[Trial]:
    """One question of each format about Peru."""
    capital, neighbour = f"{ATLAS}capital", f"{ATLAS}neighbour"
    peru = flag(album, PERU)
    show = "Could you show me a picture?"
    return [
        ask("What is the capital of Peru?", PERU, capital, [LIMA]),
        ask("<image>\nWhat is the capital of this country?", PERU, capital, [LIMA], form="I2T", image=peru),
        ask(f"Which country has Lima as its capital? {show}", LIMA, capital, [PERU], direction="head", form="T2I"),
        ask(
            f"<image>\nWhich countries border on this country? {show}",
            PERU,
            neighbour,
            NEIGHBOURS,
            form="I2I",
            image=peru,
        ),
    ]


def test_answers_that_the_graph_holds_are_right_in_every_format(
    answerer: Answerer, seen_view: View, unseen_view: View, trials: list[Trial]
) -> None:
    for view in (seen_view, unseen_view):
        fitting = [fit for trial in trials if (fit := view.fitting(trial))]
        found = judge(answerer, fitting, view, BLIND)
        assert [each.trial.format for each in found if each.outcome.first and each.outcome.five] == [
            "T2T",
            "I2T",
            "T2I",
            "I2I",
        ]
        assert all(each.linked and each.related and each.outcome.prior_fails for each in found)


def test_answers_that_the_graph_no_longer_holds_are_wrong(
    answerer: Answerer,
    seen_view: View,
    trials: list[Trial],
    cut: Callable[[str, str], AbstractContextManager[None]],
) -> None:
    with cut(PERU, "CAPITAL"), cut(PERU, "NEIGHBOUR"), cut(BRAZIL, "NEIGHBOUR"):
        found = judge(answerer, trials, seen_view, BLIND)
    assert not any(each.outcome.first or each.outcome.five for each in found)
    again = judge(answerer, trials, seen_view, BLIND)
    assert all(each.outcome.first for each in again)


def test_question_in_words_is_judged_without_any_picture(answerer: Answerer, trials: list[Trial]) -> None:
    (found,) = judge(answerer, trials[:1], None, BLIND)
    assert found.linked and found.related and found.outcome.first


def test_linking_and_relation_are_judged_apart(answerer: Answerer, ask: Ask) -> None:
    asked = "What is the capital of Peru?"
    wrong_subject = ask(asked, f"{COUNTRY}JP", f"{ATLAS}capital", ["elsewhere"])
    wrong_relation = ask(asked, PERU, f"{ATLAS}currency", ["elsewhere"])
    wrong_end = ask(asked, PERU, f"{ATLAS}capital", ["elsewhere"], direction="head")
    found = judge(answerer, [wrong_subject, wrong_relation, wrong_end], None, BLIND)
    assert [(each.linked, each.related) for each in found] == [(False, True), (True, False), (True, False)]


def test_question_that_is_not_understood_is_wrong_in_every_part(answerer: Answerer, ask: Ask) -> None:
    (found,) = judge(answerer, [ask("What is Xyzzy?", PERU, f"{ATLAS}capital", [LIMA])], None, BLIND)
    assert not (found.linked or found.related or found.outcome.first)


def test_picture_counts_only_where_one_was_asked_for(answerer: Answerer, seen_view: View, ask: Ask) -> None:
    trial = ask("Of which country is Lima the capital?", LIMA, f"{ATLAS}capital", [PERU], direction="head", form="T2I")
    (found,) = judge(answerer, [trial], seen_view, BLIND)
    assert found.linked and found.related
    assert not found.outcome.five


def test_picture_that_several_share_is_right_for_each(answerer: Answerer, seen_view: View, ask: Ask) -> None:
    wished = Understood(Part("", True), None, wish=True)
    for answer, right in ((NORWAY, True), (PERU, False)):
        trial = ask("?", answers=[answer], form="T2I")
        found = outcome_of(answerer, trial, wished, [SVALBARD], seen_view, prior_fails=False)
        assert (found.first, found.five) == (right, right)


def test_one_picture_takes_one_place_among_the_five(answerer: Answerer, seen_view: View, ask: Ask) -> None:
    wished = Understood(Part("", True), None, wish=True)
    trial = ask("?", answers=[PERU], form="T2I")
    five = outcome_of(answerer, trial, wished, [SVALBARD, NORWAY, PERU], seen_view, prior_fails=False)
    assert not five.first
    assert five.five  # Svalbard's are two of Norway's four; a right one is among the next


def test_what_is_true_of_any_whom_the_picture_shows_is_right(
    answerer: Answerer, album: Album, seen_view: View, ask: Ask
) -> None:
    capital = f"{ATLAS}capital"
    shared = ask("?", NORWAY, capital, ["oslo"], form="I2T", image=flag(album, NORWAY))
    answers = about_all_shown(answerer, shared, seen_view).answers
    assert answers == {"oslo", f"{CITY}2729907", f"{CITY}3143244"}  # Longyearbyen and Oslo
    own = ask("?", PERU, capital, ["lima"], form="I2T", image=flag(album, PERU))
    words = ask("?", NORWAY, capital, ["oslo"])
    unknown = ask("?", NORWAY, "urn:gone", ["oslo"], form="I2T", image=flag(album, NORWAY))
    for trial in (own, words, unknown):
        assert about_all_shown(answerer, trial, seen_view) is trial
    assert about_all_shown(answerer, words, None) is words


def outcomes(first: bool) -> Outcome:
    return Outcome("r", int(first), False)


def test_only_formats_that_were_judged_have_figures(ask: Ask) -> None:
    found = by_format([(ask("?"), outcomes(True)), (ask("?", form="T2I"), outcomes(False))])
    figures = table(found, gallery=60)
    assert set(figures) == {"t2t", "t2i"}
    assert (figures["t2t"]["micro"]["accuracy"], figures["t2t"]["micro"]["gallery"]) == (1.0, None)
    assert (figures["t2i"]["micro"]["recall1"], figures["t2i"]["micro"]["gallery"]) == (0.0, 60)


def test_wordings_kept_for_tests_are_counted_on_their_own(ask: Ask) -> None:
    found = [
        Judged(ask("?"), True, True, outcomes(True)),
        Judged(ask("?", held_out=True), True, False, outcomes(False)),
        Judged(ask("?", held_out=True, form="I2T"), False, False, outcomes(False)),
    ]
    shares = parts(found)
    assert shares["linking"] == shares["relation"]
    assert shares["linking"]["all"]["accuracy"] == shares["linking"]["t2t"]["accuracy"] == 1.0
    kept = shares["held_out_wordings"]
    assert (kept["linking"]["all"]["accuracy"], kept["relation"]["all"]["accuracy"]) == (0.5, 0.0)
    assert (kept["linking"]["i2t"]["n"], kept["answer"]["all"]["n"]) == (1, 2)
    assert alone([], lambda each: True) == {}
