"""Filters: what stays, what goes and why, and that what is left still verifies."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dialogue.quality.decide import Record, decide, told
from dialogue.quality.filtering import Filtered, Filters, filtered
from dialogue.quality.judges import Line, Tools, judge_for
from dialogue.quality.rules import parse
from dialogue.quality.survey import Sizes, survey
from dialogue.quality.thinners import grouping_for
from dialogue.truth import Truth
from dialogue.verify import verify
from kg.adjacency import Adjacency
from kg.errors import DataError

from .conftest import talk
from .conftest import told as asked


def nothing(done: int) -> None:
    """Show no progress."""


def truth_of(graph: Adjacency) -> Truth:
    """Return a graph in memory as what is verified against."""
    truth = Truth()
    side = graph.outgoing
    for head, entity in enumerate(graph.entities):
        for at in range(side.indptr[head], side.indptr[head + 1]):
            truth.add(entity.id, graph.relations[side.relation[at]].path, graph.entities[side.neighbour[at]].id)
    truth.names = {entity.id: list(entity.names) for entity in graph.entities}
    truth.images = {(entity.id, image.path, image.sha256) for entity in graph.entities for image in entity.images}
    truth._contents = {image.path: image.sha256 for entity in graph.entities for image in entity.images}
    return truth


def run(folder: Path, out: Path | None, *keep: str, drop: tuple[str, ...] = (), seed: int = 0) -> Filtered:
    """Filter a folder by rules as a command takes them."""
    rules = (*(parse(text, True) for text in keep), *(parse(text, False) for text in drop))
    found = survey(folder, seed, Sizes())
    thinners = ("V4", "V5", "V6", "V10")
    judges = tuple(judge_for(rule, Tools()) for rule in rules if rule.name not in thinners)
    groupings = tuple((rule, grouping_for(rule, found, letters, None)) for rule in rules if rule.name in thinners)
    return filtered(folder, Filters(rules, judges, groupings, seed), out, False, nothing)


def letters(texts: Any) -> Any:
    """Embed texts by their first letter: a sentence encoder of which every cluster is known."""
    rows = np.zeros((len(texts), 26), np.float32)
    for row, text in zip(rows, texts, strict=True):
        row[(ord(text[:1].lower() or "a") - 97) % 26] = 1
    return rows


@pytest.mark.parametrize(
    ("keep", "drop"),
    [
        (("V3=2",), ()),
        (("V8=..4",), ()),
        (("V7=1..2",), ()),
        ((), ("V7=3..",)),
        (("T5",), ()),
        ((), ("T5=repeated_image,no_image",)),
        (("V10=60",), ()),
        (("V4=20",), ()),
        (("V5=20",), ()),
        (("V3=2", "V10=50"), ("T5=repeated_answer",)),
    ],
)
def test_what_is_left_still_verifies(
    built: Path, isles: Callable[[], Adjacency], tmp_path: Path, keep: tuple[str, ...], drop: tuple[str, ...]
) -> None:
    out = tmp_path / "left"
    done = run(built, out, *keep, drop=drop)
    before, left = sum(done.before.values()), sum(done.dialogues.values())
    gone = [json.loads(line) for line in (out / "dropped.jsonl").read_text("utf-8").splitlines()]
    assert 0 < left < before
    assert len(gone) == before - left == sum(sum(reasons.values()) for reasons in done.dropped.values())
    assert all(entry["reason"] and entry["detail"] for entry in gone)
    report = verify(out, truth_of(isles()), "isles")
    assert report.findings == []
    assert report.dialogues == left
    for split in ("train", "valid", "test"):
        lines = set((built / f"{split}.jsonl").read_bytes().splitlines())
        assert lines.issuperset((out / f"{split}.jsonl").read_bytes().splitlines())
    settings = json.loads((out / "build.json").read_bytes())
    assert settings["dialogues"] == done.dialogues
    assert settings["filtered"][-1]["rules"] == list(done.rules)


def test_the_same_seed_drops_the_same_and_another_does_not(built: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(built, tmp_path / name, "V10=60", seed=seed)
    texts = [(tmp_path / name / "train.jsonl").read_bytes() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]


def test_each_filter_can_be_switched_off_to_see_what_it_does(built: Path) -> None:
    both = run(built, None, "V3=2", "V8=3..")
    labels = ["--keep V3=2", "--keep V8=3.."]
    assert list(both.each) == labels
    for label, other in zip(labels, reversed(labels), strict=True):
        alone = run(built, None, other.removeprefix("--keep "))
        assert both.each[label]["kept_without"] == sum(alone.dialogues.values())
        assert both.each[other]["drops_alone"] == sum(alone.before.values()) - sum(alone.dialogues.values())


def test_an_even_draw_evens_the_tasks(built: Path, tmp_path: Path) -> None:
    from dialogue.quality.balance import balance

    run(built, tmp_path / "even", "V10=40")
    before, after = (balance(survey(folder, 0, Sizes()).tasks) for folder in (built, tmp_path / "even"))
    assert after.evenness > before.evenness
    assert after.variance < before.variance


def test_train_keeps_the_last_dialogue_that_states_a_fact_of_the_test() -> None:
    rule = parse("V10=1", True)
    records = [
        Record("train", str(n), n, 1, facts, groups={rule.label: (0,)}) for n, facts in enumerate(((1,), (2,), (3,)))
    ]
    records.append(Record("test", "t", 0, 1, (3,)))
    decision = decide(records, [rule])
    assert 2 not in decision.dropped
    assert decision.needed == 1
    assert told(decision, records) == {"train": {"V10": 1}}


def test_a_fact_that_train_lost_takes_its_test_with_it_but_not_one_it_never_had() -> None:
    rule = parse("V8=3..", True)
    records = [
        Record("train", "a", 0, 1, (1,), refused={rule.label: ("V8", "V8 is 2")}),
        Record("test", "b", 0, 1, (1,)),
        Record("test", "c", 0, 1, (9,)),
    ]
    assert decide(records, [rule]).dropped == {
        0: ("V8", "V8 is 2"),
        1: ("untrained", "train no longer states a fact of it"),
    }
    assert decide(records, [rule], off={rule.label}).dropped == {}


def test_a_dialogue_that_verify_found_something_in_goes_with_its_reason() -> None:
    rule = parse("V2.facts", True)
    judge = judge_for(rule, Tools(found={("test.jsonl", 2): "missing_answer"}))
    lines = [Line("test.jsonl", n, talk(str(n), asked("Q?", "Lima."))) for n in (1, 2)]
    assert list(judge.judge(lines)) == [True, (False, "missing_answer")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "V12=1",
        "V8",
        "V8=",
        "V8=a",
        "V8=5..2",
        "V10=0",
        "V10=2.5",
        "V10=1..3",
        "V10=..3",
        "V10=1e400",
        "V8=1e-",
        "V8=nan",
        "V2.facts=1",
        "T5=no_image",
        "V3=..",
    ],
)
def test_a_rule_that_says_nothing_is_refused_in_words(text: str) -> None:
    with pytest.raises(DataError):
        parse(text, True)


@pytest.mark.parametrize(
    ("text", "keep", "stay", "go"),
    [
        ("V8=3", True, (3, 9), (2,)),
        ("v8=3..5", True, (3, 5), (2, 6)),
        ("V8=..5", True, (5, -1), (6,)),
        ("V8=..2", False, (3,), (2, 1)),
        ("V1.text=-6.5..", True, (-6.5, 0), (-7, float("nan"))),
        ("T2", True, (30,), (29.9,)),
    ],
)
def test_values_that_stay_are_those_that_were_named(
    text: str, keep: bool, stay: tuple[float, ...], go: tuple[float, ...]
) -> None:
    rule = parse(text, keep)
    assert all(rule.admits(value) for value in stay)
    assert not any(rule.admits(value) for value in go)


def test_what_a_filter_needs_and_was_not_given_is_named() -> None:
    for text, missing in (("V1.text=-5", "--readability-model"), ("T2", "--encoder"), ("V9=1", "images"),
                          ("V2.facts", "--graph")):  # fmt: skip
        with pytest.raises(DataError, match=missing):
            judge_for(parse(text, True), Tools())


def test_a_filter_that_leaves_nothing_writes_nothing(built: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No dialogue"):
        run(built, tmp_path / "none", "V8=500..")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="is the folder that is filtered"):
        run(built, built, "V8=3..")


def test_a_filtered_folder_can_be_filtered_again(built: Path, tmp_path: Path) -> None:
    run(built, tmp_path / "once", "V3=2")
    run(tmp_path / "once", tmp_path / "twice", "V8=3..")
    history = json.loads((tmp_path / "twice" / "build.json").read_bytes())["filtered"]
    assert [each["rules"] for each in history] == [["--keep V3=2"], ["--keep V8=3.."]]
