"""Wordings that a model wrote are good to build with, or are not taken; a user's lexicon comes before ours."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.build import BuildSettings, build
from dialogue.llm.lexicon import save, to_toml, wanting, word_relations
from dialogue.serialise import read_dialogues
from dialogue.types import SPLITS
from dialogue.verbalise import read_lexicon
from kg.adjacency import Adjacency
from kg.errors import DataError

GOOD: dict[str, list[str]] = {
    "kind": ["place", "place"],
    "noun": ["island", "harbour"],
    "tail": ["Where do ships land on {x}?", "What is the harbour of {x}?", "In which harbour of {x} do ships lie?"],
    "head": ["Which island has the harbour {x}?", "What island is {x} the harbour of?", "Whose harbour is {x}?"],
    "say": ["Ships land on {head} at {tail}.", "{tail} is the harbour of {head}."],
}
Graph = Callable[..., Adjacency]


def worded(reply: Any, isles: Graph, serve: Any, runner: Any) -> Any:
    graph = isles()
    with serve(reply) as fake:
        made, _, _ = runner(fake.url)(lambda endpoint: word_relations(endpoint, graph, wanting(graph)))
    return made


def test_what_the_model_worded_is_built_with(isles: Graph, serve: Any, runner: Any, tmp_path: Path) -> None:
    made = worded(lambda asked: json.dumps(GOOD), isles, serve, runner)
    assert list(made.entries) == [isles().relations[n].path for n in wanting(isles())]
    save(tmp_path / "own.toml", to_toml(made.entries, "of the isles"))
    settings = BuildSettings(rounds=60, lexicon=str(tmp_path / "own.toml"))
    build(isles(), settings, tmp_path / "out")
    build(isles(), settings, tmp_path / "two", workers=2)
    for split in SPLITS:
        assert (tmp_path / "out" / f"{split}.jsonl").read_bytes() == (tmp_path / "two" / f"{split}.jsonl").read_bytes()
    asked = [turn.value for each in read_dialogues(tmp_path / "out" / "train.jsonl") for turn in each.turns[::2]]
    assert all("harbour" in text or "ships land" in text for text in asked)
    assert json.loads((tmp_path / "out" / "build.json").read_text())["settings"]["lexicon"].endswith("own.toml")


SPOILED = {
    "hole": {"tail": ["Where do ships land?", *GOOD["tail"][1:]]},
    "kind": {"kind": ["rock", "place"]},
    "noun": {"noun": ["", "harbour"]},
    "markup": {"say": ["Ships land on {head} at <b>{tail}</b>.", GOOD["say"][1]]},
    "negated": {"say": ["Ships never land on {head} at {tail}.", GOOD["say"][1]]},
    "hedged": {"say": ["Ships perhaps land on {head} at {tail}.", GOOD["say"][1]]},
    "added_number": {"head": [*GOOD["head"][:2], "Which of the 7 isles has {x}?"]},
    "other_entity": {"head": [*GOOD["head"][:2], "Is Coral Island the one that has what {x}?"]},
    "yes_no": {"tail": [*GOOD["tail"][:2], "Is there a harbour on {x}?"]},
    "no_question": {"tail": [*GOOD["tail"][:2], "Name the harbour of {x}."]},
    "repeated": {"tail": [*GOOD["tail"][:2], GOOD["tail"][0]]},
    "malformed": {"tail": "Where is {x}?"},
}


@pytest.mark.parametrize("reason", SPOILED)
def test_a_wording_that_is_none_is_not_taken(reason: str, isles: Graph, serve: Any, runner: Any) -> None:
    made = worded(lambda asked: json.dumps(GOOD | SPOILED[reason]), isles, serve, runner)
    assert made.entries == {}
    assert reason in made.reasons


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"])))))
def test_a_lexicon_file_holds_any_text(entries: dict[str, list[str]]) -> None:
    cleaned = {"".join(c for c in name if c.isprintable()) or "x": {"say": texts} for name, texts in entries.items()}
    assert tomllib.loads(to_toml(cleaned, "heading")) == cleaned


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "no TOML"),
        ('["a"]\nkind = ["place", "place"]', "words a wrongly"),
        ('a = 3', "words a wrongly"),
        (to_toml({"a": {**GOOD, "kind": ["rock", "place"]}}, ""), "no kind 'rock'"),
        (to_toml({"a": {**GOOD, "say": []}}, ""), "a statement"),
        (to_toml({"a": {**GOOD, "tail": ["{x}?", "<image> {x}?", "a {x}?"]}}, ""), "<image>"),
        (to_toml({"a": {**GOOD, "tail": ["{x}?", "b?", "a {x}?"]}}, ""), "exactly once"),
    ],
)  # fmt: skip
def test_a_lexicon_with_a_mistake_is_told_with_its_entry(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(DataError, match=words):
        read_lexicon(tmp_path / "own.toml")
