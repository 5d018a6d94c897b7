"""A language model that is asked in words sees nothing of the graph, and is right only where it names a true answer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dialogue.serialise import to_line
from dialogue.types import Dialogue, Fact, Turn
from kg.errors import DataError
from kg.progress import silent
from retrieval.language_baseline import few, language_model, named, prompt, said
from retrieval.trials import Trial

Ask = Callable[..., Trial]
TEXT = "Question: What is the main port of Amber Island? Answer: Port Amber."


@pytest.fixture(scope="module")
def small(save_language: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_language(tmp_path_factory.mktemp("language"), TEXT))


@pytest.fixture
def train(tmp_path: Path) -> Path:
    """Three relations, of which one is asked in pictures alone."""
    turns = []
    for number, form in enumerate(("T2T", "T2T", "I2T", "T2T")):
        fact = Fact("fact", ((f"s{number}", f"r{number % 3}", "x"),), "tail", ("x",), f"answer {number}", (), form)
        turns += [Turn("human", f"question {number}?"), Turn("model", "So it is.", (), fact)]
    (tmp_path / "train.jsonl").write_text(to_line(Dialogue("d", "g", "en", "walk", tuple(turns))) + "\n")
    (tmp_path / "wordings.json").write_text(json.dumps({}))
    return tmp_path / "train.jsonl"


def test_examples_are_questions_of_text_of_relations_that_differ(train: Path) -> None:
    shots = few(train, seed=1)
    assert len(shots) == 2
    assert ("question 1?", "answer 1") in shots
    assert few(train, seed=1) == shots
    assert len(few(train, seed=1, count=1)) == 1
    assert prompt([("a?", "b")], "c?") == "Question: a?\nAnswer: b\n\nQuestion: c?\nAnswer:"


def test_prompts_of_a_batch_are_gone_on_with_as_if_each_were_alone(small: str) -> None:
    prompts = [prompt([], text) for text in ("What is the main port?", "Amber?", "What is Amber Island? What?")]
    assert said(small, prompts, silent) == [said(small, [each], silent)[0] for each in prompts]


def test_answer_is_right_where_its_line_names_a_true_one(ask: Ask, small: str, train: Path) -> None:
    trials = [ask("Which port?", answers=("x",), number=1), ask("Which flag?", answers=("x",), form="I2T", number=2)]
    (text,) = said(small, [prompt(few(train, 0), "Which port?")], silent)
    names = {"x": ["nobody says this", text]}
    assert list(language_model(small, train, trials, names)(trials[0])) == ["x"]
    assert not language_model(small, train, trials, {"x": ["nobody says this"]})(trials[0])
    assert not language_model(small, train, trials, names)(trials[1])  # it sees no picture, so it was not asked


@pytest.mark.parametrize(
    ("line", "name", "right"),
    [(" capital is lima ", "Lima", True), (" limassol ", "Lima", False), (" usa ", "the", False)],
)
def test_name_counts_in_whole_words(line: str, name: str, right: bool) -> None:
    assert named(line, name) == right


def test_what_is_no_language_model_is_said(ask: Ask, train: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no language model that transformers loads"):
        language_model(str(tmp_path), train, [ask("?")], {})
