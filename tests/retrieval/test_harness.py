"""Every table says what the run knew before it was asked, so that nobody takes a seen fact for an unseen one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dialogue.serialise import to_line
from dialogue.types import Dialogue, Fact, Turn
from model.checkpoint import Manifest
from retrieval.harness import Harness, read_harness, share_stated
from retrieval.trials import Trial

Ask = Callable[..., Trial]


def folder_of(made: Path, formats: list[str], by: str, *triples: tuple[str, str, str]) -> Path:
    made.mkdir()
    (made / "build.json").write_text(json.dumps({"settings": {"formats": formats}, "split": {"by": by}}))
    fact = Fact("fact", triples, "tail", ("x",), "", (), "T2T")
    turns = (Turn("human", "?"), Turn("model", "!", (), fact))
    (made / "train.jsonl").write_text(to_line(Dialogue("d", "g", "en", "walk", turns)) + "\n", "utf-8")
    return made


def manifest(dialogues: Path, graph: str = "g") -> Manifest:
    settings = {"dialogues": str(dialogues), "holdout_style": "ink"}
    return Manifest("run", graph, settings, {}, {}, {}, {}, ())


def test_mix_and_single_formats_are_told_apart(tmp_path: Path, ask: Ask) -> None:
    mix = folder_of(tmp_path / "mix", ["T2T", "I2T", "T2I", "I2I"], "format", ("a", "r", "b"))
    alone = folder_of(tmp_path / "alone", ["T2I"], "format", ("a", "r", "b"))
    found = [read_harness(manifest(each), "g", mix, [ask("?", answers=["b"])]) for each in (mix, alone)]
    assert [each.kind for each in found] == ["mix", "alone"]
    assert found[1].title.startswith("trained on T2I alone; facts trained on in another format; train states 100 %")


def test_facts_never_seen_are_counted_not_believed(tmp_path: Path, ask: Ask) -> None:
    asks = folder_of(tmp_path / "d", ["T2T", "I2T", "T2I", "I2I"], "triple", ("a", "r", "b"), ("x", "q", "c"))
    trials = [ask("?", answers=["b"]), ask("?", "c", "q", ["x"], direction="head"), ask("?", answers=["c"])]
    assert share_stated(trials, asks / "train.jsonl") == pytest.approx(2 / 3)
    assert "triple-disjoint" in read_harness(manifest(asks), "g", asks, trials).title


def test_run_of_another_graph_is_zero_shot(tmp_path: Path) -> None:
    asks = folder_of(tmp_path / "d", ["T2T"], "format")
    found = read_harness(manifest(asks, "other"), "g", asks, [])
    assert (found.kind, found.title) == ("zero-shot", "zero-shot: trained on 'other', asked on 'g'")


def test_dialogues_that_are_gone_are_said_to_be_gone(tmp_path: Path) -> None:
    asks = folder_of(tmp_path / "d", ["T2T"], "entity")
    found = read_harness(manifest(tmp_path / "gone"), "g", asks, [])
    assert isinstance(found, Harness) and found.stated is None
    assert found.title == "trained on dialogues that are gone; entities never trained on (entity-disjoint)"
