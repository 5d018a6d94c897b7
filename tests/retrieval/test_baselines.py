"""Baselines know what they may know and no more: without that a figure beside them proves nothing."""

from collections.abc import Callable

import pytest

from dialogue.types import FORMATS, Shown
from retrieval.album import View
from retrieval.baselines import fails, head_blind, judge_baseline, nearest_image, question_blind
from retrieval.trials import Prior, Trial

Ask = Callable[..., Trial]
MakeView = Callable[..., View]
PRIOR = Prior(
    by_relation={("currency", "tail"): ["euro", "dollar"], ("currency", "head"): ["france"]},
    by_subject={"peru": ["lima", "sol"]},
    overall=["europe"],
)


def shown(place: int) -> Shown:
    return Shown(f"s{place}.png", f"s{place}", "whoever")


def test_head_blind_prior_answers_the_relation_whoever_is_asked_about(ask: Ask) -> None:
    answer = head_blind(PRIOR)
    assert answer(ask("?", "peru", "currency")) == answer(ask("?", "japan", "currency")) == ["euro", "dollar"]
    assert answer(ask("?", "euro", "currency", direction="head")) == ["france"]
    assert answer(ask("?", "peru", "continent")) == ["europe"]


def test_question_blind_prior_answers_the_subject_whatever_is_asked(ask: Ask) -> None:
    answer = question_blind(PRIOR)
    assert answer(ask("?", "peru", "currency")) == answer(ask("?", "peru", "capital")) == ["lima", "sol"]
    assert answer(ask("?", "japan", "capital")) == ["europe"]


def test_nearest_image_answers_whom_the_most_similar_pictures_show(make_view: MakeView, ask: Ask) -> None:
    view = make_view([["a"], ["b", "c"], ["a"], ["d"]], [(1, 0), (1, 0.1), (1, 1), (0, 1)])
    assert nearest_image(view)(ask("?", form="I2T", image=shown(0))) == ["b", "c", "a", "d"]


def test_nearest_image_is_never_the_query_or_its_near_duplicate(make_view: MakeView, ask: Ask) -> None:
    view = make_view([["a"], ["a"], ["b"]], [(1, 0), (1, 0), (0, 1)], alike=[[0, 1], [0, 1], [2]])
    assert nearest_image(view)(ask("?", form="I2T", image=shown(0))) == ["b"]


def test_nearest_image_has_no_answer_to_words_alone(make_view: MakeView, ask: Ask) -> None:
    assert nearest_image(make_view([["a"], ["b"]], [(1, 0), (0, 1)]))(ask("?")) == ()


def test_what_the_prior_gets_wrong_at_first_defeats_it(ask: Ask) -> None:
    blind = head_blind(PRIOR)
    assert not fails(blind, ask("?", "france", "currency", ["euro"]))
    assert fails(blind, ask("?", "peru", "currency", ["sol"]))
    assert fails(blind, ask("?", "usa", "currency", ["dollar"]))  # its second answer does not count


def test_baseline_is_judged_by_its_first_answer_and_by_its_first_five(ask: Ask) -> None:
    ranks = {"one": ["x"], "five": ["1", "2", "3", "4", "x"], "six": ["1", "2", "3", "4", "5", "x"], "none": []}
    trials = [ask("?", subject, answers=["x"], form="T2I") for subject in ranks]
    found = judge_baseline(lambda trial: ranks[trial.subject], trials, head_blind(Prior(overall=["x"])))
    assert [(each.first, each.five) for _, each in found] == [
        (True, True),
        (False, True),
        (False, False),
        (False, False),
    ]
    assert all(not each.prior_fails for _, each in found)


@pytest.mark.parametrize("form", FORMATS)
def test_baseline_counts_for_the_format_that_was_asked(ask: Ask, form: str) -> None:
    found = judge_baseline(lambda trial: ["x"], [ask("?", answers=["x"], form=form)], head_blind(Prior()))
    assert [trial.format for trial, _ in found] == [form]
    assert found[0][1].prior_fails  # a prior without any answer is wrong
