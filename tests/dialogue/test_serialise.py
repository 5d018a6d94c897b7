"""A dialogue file that a trainer can't read, or that says something else than was composed, is worth nothing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.serialise import from_line, read_dialogues, to_line
from dialogue.types import FORMATS, KINDS, Dialogue, Fact, Query, Shown, Span, Turn
from kg.errors import DataError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
triples = st.tuples(texts, texts, texts)
images = st.lists(st.builds(Shown, texts, texts, texts), max_size=2).map(tuple)
queries = st.builds(
    Query,
    subjects=st.lists(texts, min_size=1, max_size=2).map(tuple),
    path=st.lists(st.tuples(texts, st.sampled_from(["tail", "head"])), max_size=2).map(tuple),
    claim=st.none() | texts,
    by=st.none() | texts,
) | st.builds(
    Query,
    subjects=st.tuples(texts, texts),
    path=st.just(()),
    by=texts,
    values=st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(-9, 9).map(float)),
    wins=st.sampled_from(["larger", "smaller"]),
)
facts = st.builds(
    Fact,
    kind=st.sampled_from(KINDS),
    triples=st.lists(triples, max_size=3).map(tuple),
    direction=st.sampled_from(["tail", "head"]),
    answers=st.lists(texts, max_size=4).map(tuple),
    value=texts,
    slots=st.lists(st.builds(Span, st.integers(0, 99), st.integers(0, 99), texts), max_size=3).map(tuple),
    format=st.sampled_from(FORMATS),
    query=st.none() | queries,
    refers=st.booleans(),
)
turns = st.builds(Turn, st.just("human"), texts, images) | st.builds(Turn, st.just("model"), texts, images, facts)
dialogues = st.builds(
    Dialogue, texts, texts, texts, texts, st.lists(turns, max_size=4).map(tuple), parallel=st.none() | texts
)


@given(dialogues)
def test_whatever_is_said_comes_back_from_its_line(dialogue: Dialogue) -> None:
    line = to_line(dialogue)
    assert from_line(line) == dialogue
    assert "\n" not in line


@given(dialogues)
def test_line_has_the_keys_that_the_format_names(dialogue: Dialogue) -> None:
    record = json.loads(to_line(dialogue))
    assert list(record) == ["schema", "id", "graph", "lang", "parallel", "strategy", "conversations"]
    for turn, said in zip(record["conversations"], dialogue.turns, strict=True):
        assert list(turn) == ["from", "value", "image_list", "kg"]
        assert turn["image_list"] == [image["file"] for image in turn["kg"]["images"]]
        if said.fact is not None:
            more = ["query"] * (said.fact.query is not None) + ["refers"] * said.fact.refers
            assert list(turn["kg"]) == [
                "kind", "triple", "triples", "direction", "answers", "value", "slots", "format", *more, "images"
            ]  # fmt: skip
            one = list(said.fact.triples[0]) if len(said.fact.triples) == 1 else None
            assert turn["kg"]["triple"] == one


def test_line_that_is_no_dialogue_is_named_with_its_place(tmp_path: Path) -> None:
    good = to_line(Dialogue("d", "g", "en", "star", ()))
    for bad in ("{", "[]", "3", '{"schema":2}', '{"schema":1,"id":"x"}', good.replace("1", "7", 1)):
        path = tmp_path / "train.jsonl"
        path.write_text(f"{good}\n{bad}\n", encoding="utf-8")
        with pytest.raises(DataError, match=r"train\.jsonl, line 2"):
            list(read_dialogues(path))


def test_missing_file_is_a_sentence_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        list(read_dialogues(tmp_path / "nowhere.jsonl"))
