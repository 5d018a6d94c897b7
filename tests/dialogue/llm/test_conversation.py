"""Whole conversations come back with their pictures, and on their facts, or not at all."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.build import BuildSettings, build
from dialogue.draws import Draws
from dialogue.llm.refine import CHARACTERISTICS, EXCELLENT, QUALITIES, Seed, Seeds, draw_examples
from dialogue.llm.rewrite import RewriteSettings, Rewritten
from dialogue.llm.runs import next_round, rewrite_whole
from dialogue.truth import Truth
from dialogue.verify import verify
from kg.adjacency import Adjacency
from kg.errors import DataError

Turns = list[dict[str, str]]
Change = Callable[[Turns], Any]


def conversation(asked: Any) -> Turns:
    """Answer as a good model would: one round a fact, each picture where the list says."""
    text = asked.text.split("Input images:\n")[-1]
    shown = dict(re.findall(r"<img(\d+)> (.*?) </img", text))
    turns = []
    for line in re.findall(r"^\d+\. <.*$", text, re.MULTILINE):
        found = re.fullmatch(r"\d+\. <(.*)> <(.*)> <(.*)>; subject: (.*?); answer: (.*?)(;.*)?", line)
        assert found is not None, line
        _, relation, _, subject, answer, more = found.groups()
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", relation.split(":")[-1]).lower()
        human = re.search(r"the human shows <img(\d+)>", more or "")
        model = re.search(r"the assistant shows <img(\d+)>", more or "")
        name = f"<img{human[1]}> {shown[human[1]]} </img{human[1]}>" if human else subject
        given = f"As for {words}, it is {answer}."
        turns.append(
            {
                "human": f"Which {words} goes with {name}?",
                "assistant": given + (f" <img{model[1]}> {shown[model[1]]} </img{model[1]}>" if model else ""),
            }
        )
    return turns


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, isles: Callable[..., Adjacency]) -> Path:
    folder = tmp_path_factory.mktemp("small") / "isles"
    build(isles(8), BuildSettings(rounds=150, seed=5), folder)
    return folder


@pytest.fixture
def whole(small: Path, isles: Any, runner: Any, settings_for: Any, tmp_path: Path) -> Callable[..., Rewritten]:
    def call(url: str, seeds: Path | None = None) -> Rewritten:
        settings, llm = RewriteSettings(whole=True), settings_for(url)
        return rewrite_whole(isles(8), small, tmp_path / "out", True, settings, seeds, llm, runner(url))

    return call


def changed(change: Change) -> Callable[[Any], str]:
    def reply(asked: Any) -> str:
        turns = conversation(asked)
        return json.dumps({"turns": change(turns) or turns})

    return reply


def test_a_conversation_comes_back_with_its_pictures(
    serve: Any, whole: Any, isles: Any, truth_of: Callable[..., Truth], tmp_path: Path
) -> None:
    with serve(changed(lambda turns: None)) as fake:
        done = whole(fake.url)
    assert verify(tmp_path / "out", truth_of(isles(8)), "isles").findings == []
    assert done.rounds > 20
    text = (tmp_path / "out" / "train.jsonl").read_text()
    assert "goes with <image>?" in text
    assert "<img" not in text
    assert "too_short" in done.kept


def first_image(turns: Turns, change: Callable[[str], str]) -> None:
    for turn in turns:
        for side, text in turn.items():
            if "<img" in text:
                turn[side] = change(text)
                return


def swap(turns: Turns) -> None:
    for turn in turns:
        if "<img" in turn["human"]:
            tag = re.search(r"<img.*</img\d+>", turn["human"])
            assert tag is not None
            turn["human"] = turn["human"].replace(tag[0], "it")
            turn["assistant"] += f" {tag[0]}"
            return


def name_it(turns: Turns) -> None:
    for turn in turns:
        if found := re.search(r"<img\d+> (.*?) </img", turn["human"]):
            turn["human"] = f"{found[1]} is here. {turn['human']}"
            return


SPOILED: dict[str, Change] = {
    "wrong_rounds": lambda turns: turns[:-1],
    "malformed": lambda turns: "a text",
    "broken_tag": lambda turns: first_image(turns, lambda text: re.sub(r"</img\d+>", "</img>", text)),
    "unknown_image": lambda turns: first_image(turns, lambda text: re.sub(r"(</?img)\d+>", r"\g<1>77>", text)),
    "description_changed": lambda turns: first_image(turns, lambda text: re.sub(r"> .*? <", "> a nice beach <", text)),
    "repeated_image": lambda turns: first_image(turns, lambda text: f"{text} {re.findall(r'<img.*?</img.>', text)[0]}"),
    "missing_image": lambda turns: first_image(turns, lambda text: re.sub(r"<img.*?</img\d+>", "it", text)),
    "misplaced_image": swap,
    "subject_named": name_it,
    "answer_missing": lambda turns: turns[-1].update(assistant="I know it well."),
    "added_number": lambda turns: turns[-1].update(assistant=turns[-1]["assistant"] + " That was in 1900."),
    "no_question": lambda turns: turns[0].update(human=turns[0]["human"].replace("?", ".")),
}  # fmt: skip


@pytest.mark.parametrize("reason", SPOILED)
def test_a_spoiled_conversation_is_not_taken_and_is_told_by_its_reason(
    reason: str, serve: Any, whole: Any, small: Path, tmp_path: Path
) -> None:
    with serve(changed(SPOILED[reason])) as fake:
        done = whole(fake.url)
    assert done.tally.reasons["conversation"][reason] > 0
    assert reason in done.kept


def test_a_question_may_refer_to_the_subject_of_the_round_before(serve: Any, whole: Any, tmp_path: Path) -> None:
    def refer(turns: Turns) -> None:
        for turn in turns[1:]:
            if "<img" not in turn["human"]:
                turn["human"] = re.sub(r"goes with .*\?", "does it have?", turn["human"])

    with serve(changed(refer)) as fake:
        done = whole(fake.url)
    text = (tmp_path / "out" / "train.jsonl").read_text()
    assert done.rounds > 0
    assert '"refers":true,"images"' in text
    assert done.tally.reasons["conversation"]["subject_missing"] > 0, "of another subject, it says nothing"


def seed(quality: str | None, *shown: str, name: str = "d") -> Seed:
    return Seed(name, (), ("1. <a> <b> <c>",), (("q?", "a."),), quality, shown)


labels = st.tuples(st.sampled_from(QUALITIES), st.sets(st.sampled_from(CHARACTERISTICS)))


@given(st.lists(labels, max_size=12), st.integers(0, 1000))
def test_examples_always_cover_what_they_must(given_labels: list[tuple[str, set[str]]], chance: int) -> None:
    seeds = [seed(quality, *sorted(shown), name=str(n)) for n, (quality, shown) in enumerate(given_labels)]
    try:
        drawn = draw_examples(seeds, Draws(chance))
    except DataError:
        good = [each for each in seeds if each.quality != "Poor"]
        possible = any(
            {c for each in trio for c in each.characteristics} >= set(CHARACTERISTICS)
            and any(each.quality == EXCELLENT for each in trio)
            for i, one in enumerate(good)
            for j, two in enumerate(good[:i])
            for trio in ((one, two, three) for three in good[:j])
        )
        assert not possible
        return
    if drawn:
        assert len({each.dialogue for each in drawn}) == 3
        assert any(each.quality == EXCELLENT for each in drawn)
        assert {c for each in drawn for c in each.characteristics} == set(CHARACTERISTICS)
        assert all(each.quality != "Poor" for each in drawn)


def test_three_rounds_of_seeds_and_no_more(serve: Any, small: Path, isles: Any, runner: Any, tmp_path: Path) -> None:
    seeds = Seeds(tmp_path / "seeds")
    with serve(changed(lambda turns: None)) as fake:
        for number in (1, 2, 3):
            written, _, _, _ = next_round(isles(8), small, seeds, 4, 0, runner(fake.url))
            assert written == 4
            with pytest.raises(DataError, match="without a label"):
                seeds.next_round()
            assert ("Example 1" in fake.seen[-1]["messages"][-1]["content"]) == (number > 1)
            for place, quality in enumerate(("Excellent", "Satisfactory", "Satisfactory", "Poor")):
                seeds.label(number, place, quality, CHARACTERISTICS[place : place + 2])
    with pytest.raises(DataError, match="all 3 rounds"):
        seeds.next_round()
    assert len(seeds.kept()) == 9
    assert len({each.dialogue for one in seeds.rounds() for each in one}) == 12, "no dialogue comes twice"


def test_a_label_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    seeds = Seeds(tmp_path)
    seeds.write(1, [seed(None), seed(None)])
    path = seeds.path(1)
    path.write_text(path.read_text().replace('"quality": null', '"quality": "Superb"', 1))
    with pytest.raises(DataError, match="line 1 .*'Superb'"):
        seeds.rounds()
