"""What is asked of a run is what its test split asks, each question once; and the priors know the training split."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from dialogue.serialise import read_dialogues, to_line
from dialogue.types import FORMATS, Dialogue, Fact, Format, Turn
from dialogue.wordings import Direction
from kg.errors import DataError
from retrieval.trials import Trial, commonest, read_prior, read_trials, rounds, sampled

Triple = tuple[str, str, str]


def told(text: str, triples: list[Triple], direction: Direction = "tail", form: Format = "T2T") -> tuple[Turn, Turn]:
    """Return a question and an answer that rests on some triples."""
    answers = tuple(sorted(tail if direction == "tail" else head for head, _, tail in triples))
    fact = Fact("fact", tuple(triples), direction, answers, "", (), form)
    return Turn("human", text), Turn("model", "So it is.", (), fact)


def written(folder: Path, split: str, *asked: tuple[Turn, Turn]) -> Path:
    """Write a split with one dialogue, and the wordings of the relation "r": the last of them is kept for tests."""
    turns = tuple(turn for pair in asked for turn in pair)
    folder.mkdir(exist_ok=True)
    (folder / f"{split}.jsonl").write_text(to_line(Dialogue("d", "g", "en", "walk", turns)) + "\n", "utf-8")
    (folder / "wordings.json").write_text(json.dumps({"r": {"tail": ["What has {x}?", "Whatever has {x}?"]}}))
    return folder


def test_every_question_of_the_test_split_is_asked_once_a_format(dialogues: Path) -> None:
    found = read_trials(dialogues)
    assert len({(trial.question, trial.format, trial.held_out) for trial in found}) == len(found)
    asked = {
        (fact.triples[0][0 if fact.direction == "tail" else 2], fact.triples[0][1], fact.direction, fact.format)
        for dialogue in read_dialogues(dialogues / "test.jsonl")
        for turn in dialogue.turns
        if (fact := turn.fact) is not None and fact.kind == "fact" and not fact.refers
    }
    assert {(*trial.question, trial.format) for trial in found} == asked
    assert {(trial.format, trial.held_out) for trial in found} == set(product(FORMATS, (False, True)))
    for trial in found:
        assert (trial.image is not None) == trial.format.startswith("I")
        assert trial.image is None or trial.image.entity == trial.subject


def test_every_true_answer_is_right(tmp_path: Path) -> None:
    written(tmp_path, "test", told("What has a?", [("a", "r", "b"), ("a", "r", "c")]))
    (trial,) = read_trials(tmp_path)
    assert (trial.subject, trial.relation, trial.direction) == ("a", "r", "tail")
    assert trial.answers == {"b", "c"}


def test_question_for_a_head_is_about_its_tail(tmp_path: Path) -> None:
    written(tmp_path, "test", told("Who has b?", [("a", "r", "b")], direction="head"))
    (trial,) = read_trials(tmp_path)
    assert (trial.subject, trial.answers) == ("b", {"a"})


def test_question_is_asked_once_in_a_wording_of_train_and_once_in_the_kept_one(tmp_path: Path) -> None:
    triple = [("a", "r", "b")]
    pairs = [told(text, triple) for text in ("What has a?", "Whatever has a?", "What has a? Please.")]
    written(tmp_path, "test", *pairs)
    assert [(trial.turn.value, trial.held_out) for trial in read_trials(tmp_path)] == [
        ("What has a?", False),
        ("Whatever has a?", True),
    ]


def test_folder_that_asks_nothing_says_what_to_do(tmp_path: Path) -> None:
    written(tmp_path, "test", (Turn("human", "Hello!"), Turn("model", "Hello!")))
    with pytest.raises(DataError, match="`kwk dialogues build` makes dialogues to be judged on"):
        read_trials(tmp_path)


def test_no_more_is_asked_than_was_allowed(ask: Callable[..., Trial]) -> None:
    trials = [
        ask("?", subject=str(n), form=form, number=2 * n + FORMATS.index(form) // 2, held_out=n < 8)
        for n in range(40)
        for form in ("T2T", "T2I")
    ]
    drawn = sampled(trials, 10, seed=1)
    wanted = {(form, held_out): 8 if held_out else 10 for form in ("T2T", "T2I") for held_out in (False, True)}
    assert Counter((trial.format, trial.held_out) for trial in drawn) == wanted
    assert [trial.number for trial in drawn] == sorted({trial.number for trial in drawn})
    assert drawn == sampled(trials, 10, seed=1)
    assert drawn != sampled(trials, 10, seed=2)
    assert sampled(trials, None, seed=1) == trials
    assert {trial.number for trial in sampled(trials, 1000, seed=1)} == {trial.number for trial in trials}


def test_prior_counts_a_fact_once_however_often_it_is_told(tmp_path: Path) -> None:
    often = [told("What has a?", [("a", "r", "b")])] * 3
    written(tmp_path, "train", *often, told("?", [("d", "r", "c")]), told("?", [("e", "r", "c"), ("e", "r", "a")]))
    prior = read_prior(tmp_path)
    assert prior.by_relation["r", "tail"] == ["c", "a", "b"]
    assert prior.by_subject == {"a": ["b"], "d": ["c"], "e": ["a", "c"]}
    assert prior.overall == ["c", "a", "b"]


def test_prior_tells_the_two_ends_of_a_relation_apart(tmp_path: Path) -> None:
    written(tmp_path, "train", told("?", [("a", "r", "b")]), told("?", [("c", "r", "b")], direction="head"))
    assert read_prior(tmp_path).by_relation == {("r", "tail"): ["b"], ("r", "head"): ["c"]}


def test_ties_are_the_same_on_every_machine() -> None:
    assert commonest(Counter({"b": 1, "a": 1, "c": 2})) == ["c", "a", "b"]
    assert commonest(Counter("abc"), most=2) == ["a", "b"]


def test_turns_that_rest_on_nothing_ask_nothing(tmp_path: Path) -> None:
    written(tmp_path, "test", (Turn("human", "Hi"), Turn("model", "Hi")), told("What has a?", [("a", "r", "b")]))
    assert [asked.value for asked, _, _ in rounds(tmp_path / "test.jsonl")] == ["What has a?"]
