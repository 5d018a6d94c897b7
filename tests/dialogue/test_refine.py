"""New words for a round: what stays true is taken with its slots found again, what does not is refused."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.refine import clean, listed, refine, slots
from dialogue.review_apply import Review, Rules, lean, without
from dialogue.review_board import Board
from dialogue.review_checks import Checks, checks_of
from dialogue.review_rounds import Choice, Place, content_key, places
from dialogue.truth import Truth
from dialogue.verdicts import RoundKey, Verdict, outcome
from kg.adjacency import Adjacency
from kg.errors import DataError

Record = dict[str, Any]


def truth_of(graph: Adjacency) -> Truth:
    """What Neo4j would tell of a graph that is in no store; its pictures are taken as they are said to be."""
    truth = Truth()
    relations = graph.outgoing.relation
    for n, head in enumerate(graph.triple_heads().tolist()):
        tail = int(graph.outgoing.neighbour[n])
        truth.add(graph.entities[head].id, graph.relations[relations[n]].path, graph.entities[tail].id)
    truth.names = {entity.id: [*entity.names[1:], entity.names[0]] for entity in graph.entities}
    for entity in graph.entities:
        for image in entity.images:
            truth.images.add((entity.id, image.path, image.sha256))
            truth._contents[image.path] = image.sha256
    return truth


TRAIN = "train.jsonl"


@pytest.fixture(scope="module")
def truth(isles: Callable[..., Adjacency]) -> Truth:
    return truth_of(isles())


@pytest.fixture(scope="module")
def checks(truth: Truth, built: Path) -> Checks:
    return checks_of(built, truth, "isles")


@pytest.fixture(scope="module")
def records(built: Path) -> list[Record]:
    return [json.loads(line) for line in (built / "train.jsonl").read_text("utf-8").splitlines()]


def texts(record: Record, turn: int) -> tuple[str, str]:
    """Return question and answer."""
    return record["conversations"][turn - 1]["value"], record["conversations"][turn]["value"]


def test_slots_are_found_again_in_other_words(records: list[Record], truth: Truth, checks: Checks) -> None:
    for record in records[:40]:
        assert checks.complaints(record, TRAIN) == []
        question, answer = texts(record, 1)
        changed = refine(record, 1, question, f"{answer} That is what I know.", checks, TRAIN)
        given = changed["conversations"][1]
        for start, end, entity in given["kg"]["slots"]:
            assert given["value"][start:end] in truth.names[entity]
        assert checks.complaints(changed, TRAIN) == []
        assert record["conversations"][1]["value"] == answer


def test_another_name_of_the_answer_is_taken_and_its_value_follows(
    records: list[Record], truth: Truth, checks: Checks
) -> None:
    record = next(
        r for r in records
        if len(r["conversations"][1]["kg"]["slots"]) == 1
        and r["conversations"][1]["kg"]["slots"][0][2].startswith("i:")
        and len(r["conversations"]) == 4
    )  # fmt: skip
    entity = record["conversations"][1]["kg"]["slots"][0][2]
    other = truth.names[entity][0]
    question, answer = texts(record, 1)
    start, end, _ = record["conversations"][1]["kg"]["slots"][0]
    changed = refine(record, 1, question, f"{answer[:start]}{other}{answer[end:]}", checks, TRAIN)
    assert changed["conversations"][1]["kg"]["value"] == other


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        (None, "I don't know.", "no longer names"),
        (None, "", "says nothing"),
        ("", None, "says nothing"),
        (None, "{} <image>", "no picture"),
        ("{}\x00", None, r"U\+0000"),
        ("{}\ud800", None, r"U\+D800"),
        ("{} <RET>", None, "<KNO> or <RET>"),
        ("And what of this one?", None, "neither names nor shows"),
        ("x" * 9000, None, "characters"),
        (None, None, "Nothing is changed"),
    ],
)
def test_words_that_break_the_round_are_refused_with_a_sentence(
    question: str | None, answer: str | None, why: str, records: list[Record], truth: Truth, checks: Checks
) -> None:
    record = next(r for r in records if r["conversations"][1]["kg"]["format"] == "T2T")
    asked, given = texts(record, 1)
    with pytest.raises(DataError, match=why):
        refine(
            record,
            1,
            asked if question is None else question.format(asked),
            given if answer is None else answer.format(given),
            checks,
            TRAIN,
        )


def test_words_that_name_what_a_later_round_shows_are_refused(
    records: list[Record], truth: Truth, checks: Checks
) -> None:
    for record in records:
        if len(record["conversations"]) > 2 and record["conversations"][3]["kg"]["format"].startswith("I"):
            shown = record["conversations"][2]["kg"]["images"][0]["entity"]
            asked, given = texts(record, 1)
            with pytest.raises(DataError, match="in round 2"):
                refine(record, 1, asked, f"{given} Unlike {truth.names[shown][0]}.", checks, TRAIN)
            return
    raise AssertionError("no second round shows its subject")


def test_a_name_that_stands_twice_is_the_one_that_it_became() -> None:
    truth = Truth(names={"n": ["New York"]})
    assert slots("New York is in New York.", "New York lies in New York.", [[15, 23, "n"]], truth) == [[17, 25, "n"]]
    assert slots("New York is in it.", "New York is in New York.", [[0, 8, "n"]], truth) == [[0, 8, "n"]]
    assert slots("A, B and A.", "B, A and A.", [[0, 1, "a"], [3, 4, "b"]], Truth())[1] == [0, 1, "b"]


@given(
    st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6), min_size=1, max_size=4), st.data()
)
def test_slots_never_overlap_and_always_span_their_names(names: list[str], data: st.DataObject) -> None:
    old = listed(names)
    known, at = [], 0
    for n, name in enumerate(names):
        at = old.index(name, at)
        known.append([at, at + len(name), f"e{n}"])
        at += len(name)
    new = " ".join(data.draw(st.permutations([*names, "und", "x"])))
    try:
        found = slots(old, new, known, Truth())
    except DataError:
        return
    spans = sorted((start, end) for start, end, _ in found)
    assert all(first[1] <= second[0] for first, second in zip(spans, spans[1:], strict=False))
    for (start, end, _), name in zip(found, names, strict=True):
        assert new[start:end].casefold() == name.casefold()


@given(st.text(max_size=80))
def test_whatever_is_typed_is_kept_or_refused_and_never_breaks(typed: str) -> None:
    try:
        kept = clean(typed, "answer", typed.count("<image>"))
    except DataError:
        return
    kept.encode()
    assert "\x00" not in kept
    assert kept.count("<image>") == typed.count("<image>")


KEY = RoundKey("d", 1, "0" * 64)


def said(*judgements: str) -> list[Verdict]:
    """Verdicts by the first letter; a digit after it is what a refinement says."""
    names = {"a": "accept", "f": "refine", "r": "reject"}
    return [
        Verdict(KEY, f"r{n}", names[each[0]], answer=each[1:] or None, at=f"2026-01-01T00:00:0{n}")  # type: ignore[arg-type]
        for n, each in enumerate(judgements)
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), "accept"), (("a",), "accept"), (("r",), "reject"), (("a", "r"), "tied"), (("a", "r", "r"), "reject"),
        (("a", "a", "r"), "accept"), (("f1", "a"), "refine"), (("f1", "a", "a"), "accept"), (("f1", "r"), "tied"),
        (("f1", "f2", "r"), "refine"),
    ],
)  # fmt: skip
def test_several_verdicts_come_to_what_most_reviewers_say(given: tuple[str, ...], expected: str) -> None:
    assert outcome(said(*given))[0] == expected


def test_of_several_refinements_the_one_that_most_wrote_is_taken_then_the_latest() -> None:
    assert outcome(said("f1", "f2", "f1"))[1].answer == "1"  # type: ignore[union-attr]
    assert outcome(said("f1", "f2"))[1].answer == "2"  # type: ignore[union-attr]


def test_a_round_that_refers_to_a_dropped_one_goes_with_it(built: Path, checks: Checks) -> None:
    referring = 0
    for split in ("train", "valid", "test"):
        for line in (built / f"{split}.jsonl").read_text("utf-8").splitlines():
            record = json.loads(line)
            assert lean(record, {}, checks, f"{split}.jsonl") == {}
            for turn in range(3, len(record["conversations"]), 2):
                if record["conversations"][turn]["kg"].get("refers"):
                    referring += 1
                    found = lean(record, {turn - 2: "rejected"}, checks, f"{split}.jsonl")
                    rest = without(record, found)
                    assert checks.complaints(rest, f"{split}.jsonl") == []
                    if turn == 3:
                        assert found[3] == "depends"
    assert referring


def test_a_verdict_stays_with_its_words(records: list[Record]) -> None:
    record = records[0]
    key = content_key(record, 1)
    other = copy.deepcopy(record)
    other["conversations"][1]["value"] += "!"
    assert content_key(other, 1) != key
    assert content_key(other, 3) == content_key(record, 3)


def test_a_sample_depends_on_the_seed_and_nothing_else(built: Path) -> None:
    first = places(built, Choice(sample=20, seed=1))
    assert first == places(built, Choice(sample=20, seed=1))
    assert len(first) == 20
    assert first != places(built, Choice(sample=20, seed=2))
    assert {place.key for place in first} <= {place.key for place in places(built, Choice(sample=60, seed=1))}
    with pytest.raises(DataError, match="no such rounds"):
        places(built, Choice(kinds=("sonnet",)))


def test_a_line_that_is_no_dialogue_is_named(tmp_path: Path) -> None:
    for bad in (
        '{"id":1}',
        "[]",
        "{",
        '{"id":"x","graph":"g","lang":"en","conversations":[{"from":"human"}]}',
        "[" * 9999,
    ):
        (tmp_path / "train.jsonl").write_text(bad + "\n")
        with pytest.raises(DataError, match=r"train\.jsonl, line 1"):
            places(tmp_path, Choice())


class Told:
    """Verdicts that are in no store."""

    graph = "isles"

    def __init__(self) -> None:
        self.known: dict[RoundKey, dict[str, Verdict]] = {}

    def standing(self) -> dict[RoundKey, dict[str, Verdict]]:
        return self.known

    def add(self, key: RoundKey, who: str) -> None:
        self.known.setdefault(key, {})[who] = Verdict(key, who, "accept")


def test_rounds_get_their_reviews_evenly_whoever_comes() -> None:
    rounds = [Place(RoundKey("d", 2 * n + 1, f"{n:064d}"), "train.jsonl", 0) for n in range(12)]
    told = Told()
    board = Board(rounds, told, needed=2)  # type: ignore[arg-type]
    counts = []
    for turn in range(24):
        who = f"r{turn % 3}"
        n = board.following(who)
        assert n is not None
        told.add(rounds[n].key, who)
        numbers = [len(told.known.get(place.key, {})) for place in rounds]
        counts.append(max(numbers) - min(numbers))
    assert max(counts) == 1
    assert [board.following(f"r{n}") for n in range(3)] == [None] * 3
    progress = board.progress("r0")
    assert (progress.complete, progress.mine, progress.reviewers) == (12, 8, 3)


def test_two_who_look_at_once_get_different_rounds_and_one_who_left_holds_nothing() -> None:
    rounds = [Place(RoundKey("d", 2 * n + 1, f"{n:064d}"), "train.jsonl", 0) for n in range(2)]
    now = [0.0]
    board = Board(rounds, Told(), needed=1, clock=lambda: now[0])  # type: ignore[arg-type]
    assert (board.following("a"), board.following("b")) == (0, 1)
    assert board.following("a") == 0
    now[0] = 10_000.0
    assert board.following("c") == 0


def test_review_that_leaves_ties_open_keeps_or_drops_them_as_it_is_told(
    built: Path, records: list[Record], checks: Checks
) -> None:
    record = records[0]
    key = content_key(record, 1)
    standing = {key: {v.reviewer: v for v in said("a", "r")}}
    for keep, expected in ((True, {}), (False, {1: "tied"})):
        review = Review(built, standing, checks, Rules(keep_ties=keep))
        drops = review.verdict(record, "train.jsonl", {})[1]
        assert {turn: why for turn, why in drops.items() if why != "depends"} == expected
