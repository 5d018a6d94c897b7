"""A checker that lets a corruption pass, or that cries over good dialogues, is worse than none."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import neo4j
import pytest

from dialogue.build import BuildSettings, build
from dialogue.parts import Parts, by_triple
from dialogue.truth import Truth, read_truth
from dialogue.verify import REASONS, Report, summary, verify
from kg.adjacency import Adjacency, load
from kg.errors import DataError

Record = dict[str, Any]
Corrupt = Callable[[Record], Record | None]  # None: this dialogue does not offer what the corruption needs


@pytest.fixture(scope="module")
def truth(driver: neo4j.Driver, archipelago: str) -> Truth:
    return read_truth(driver, archipelago)


def check(folder: Path, truth: Truth) -> Report:
    return verify(folder, truth, "archipelago")


def test_nothing_is_wrong_with_what_was_built(charted: Path, truth: Truth) -> None:
    report = check(charted, truth)
    assert report.findings == []
    assert report.rounds >= 700
    assert report.answers >= report.rounds
    assert report.images > 100


@pytest.mark.parametrize("split", [None, by_triple])
def test_build_of_what_has_images_lists_answers_that_have_none(
    driver: neo4j.Driver,
    archipelago: str,
    truth: Truth,
    split: Callable[[Adjacency], Parts] | None,
    tmp_path: Path,
) -> None:
    graph = load(driver, archipelago)
    build(graph, BuildSettings(imaged=True), tmp_path / "shown", parts=split and split(graph))
    report = check(tmp_path / "shown", truth)
    assert report.findings == []
    assert report.rounds > 10


def rounds(record: Record) -> list[tuple[Record, Record]]:
    turns = record["conversations"]
    return list(zip(turns[::2], turns[1::2], strict=True))


def first(
    record: Record, formats: str = "T2T I2T T2I I2I", answers: int = 1, named: int = 1
) -> tuple[Record, Record] | None:
    """The first round of some format with so many answers, of which so many are named."""
    for asked, given in rounds(record):
        kg = given["kg"]
        if kg["format"] in formats.split() and len(kg["answers"]) >= answers and len(kg["triples"]) == named:
            return asked, given
    return None


def wrong_answer(record: Record) -> Record | None:
    """Another name in the text, with its slot; the triple is left as it was."""
    if not (found := first(record)):
        return None
    kg = found[1]["kg"]
    start, end, entity = kg["slots"][0]
    other = "http://isles.example/id/Language1"
    if other == entity:
        return None
    found[1]["value"] = found[1]["value"][:start] + "Gullish" + found[1]["value"][end:]
    kg["slots"], kg["value"] = [[start, start + 7, other]], "Gullish"
    return record


def false_triple(record: Record) -> Record | None:
    if not (found := first(record)):
        return None
    kg = found[1]["kg"]
    kg["triple"][1] = kg["triples"][0][1] = "http://isles.example/vocabulary#sankNear"
    return record


def missing_answer(record: Record) -> Record | None:
    if not (found := first(record, answers=2)):
        return None
    found[1]["kg"]["answers"].pop()
    return record


def extra_answer(record: Record) -> Record | None:
    if not (found := first(record)):
        return None
    found[1]["kg"]["answers"].append("http://isles.example/id/Atlantis")
    return record


def image_of_another(record: Record) -> Record | None:
    if not (found := first(record, "I2T I2I")):
        return None
    image = found[0]["kg"]["images"][0]
    other = "amber-40.png" if image["file"] != "amber-40.png" else "coral-40.png"
    image["file"] = found[0]["image_list"][0] = other
    return record


def other_content(record: Record) -> Record | None:
    if not (found := first(record, "I2T I2I")):
        return None
    found[0]["kg"]["images"][0]["sha256"] = "0" * 64
    return record


def other_picture(record: Record) -> Record | None:
    """The picture and its record are of a real entity, but not of the one that is asked about."""
    if not (found := first(record, "I2T I2I")):
        return None
    image = found[0]["kg"]["images"][0]
    for other in rounds(record):
        for turn in other:
            for candidate in turn["kg"]["images"]:
                if candidate["entity"] != image["entity"]:
                    found[0]["kg"]["images"], found[0]["image_list"] = [candidate], [candidate["file"]]
                    return record
    return None


def subject_named(record: Record) -> Record | None:
    if not (found := first(record, "I2T I2I")):
        return None
    name = found[0]["kg"]["images"][0]["entity"].rpartition("/")[2]
    found[0]["value"] = f"I love {name.upper()} island. {found[0]['value']}"
    return record


def subject_named_rounds_before(record: Record) -> Record | None:
    for n, (asked, given) in enumerate(rounds(record)):
        if n and given["kg"]["format"].startswith("I"):
            name = asked["kg"]["images"][0]["entity"].rpartition("/")[2]
            record["conversations"][1]["value"] += f" Not like Insel {name}."
            return record
    return None


def slot_off(record: Record) -> Record | None:
    if not (found := first(record)):
        return None
    found[1]["kg"]["slots"][0][0] += 1
    return record


def wrong_value(record: Record) -> Record | None:
    if not (found := first(record)):
        return None
    found[1]["kg"]["value"] += "s"
    return record


def wrong_format(record: Record) -> Record | None:
    if not (found := first(record, "T2I")):
        return None
    found[1]["kg"]["format"] = "T2T"
    return record


def too_many_tokens(record: Record) -> Record | None:
    record["conversations"][0]["value"] += " <image>"
    return record


def image_dropped(record: Record) -> Record | None:
    if not (found := first(record, "T2I I2I")):
        return None
    found[1]["image_list"] = []
    return record


def other_file(record: Record) -> Record | None:
    if not (found := first(record, "T2I I2I")):
        return None
    found[1]["image_list"] = ["elsewhere.png"]
    return record


def other_subject(record: Record) -> Record | None:
    if not (found := first(record, "T2T T2I")):
        return None
    found[0]["value"] = "What is it?"
    return record


def two_questions(record: Record) -> Record | None:
    found = [given["kg"] for _, given in rounds(record)]
    found[0]["triples"].append(found[1]["triples"][0])
    found[0]["triple"] = None
    return record


def roles_swapped(record: Record) -> Record | None:
    record["conversations"][0]["from"] = "model"
    return record


def question_without_answer(record: Record) -> Record | None:
    record["conversations"].append(record["conversations"][0])
    return record


def token_of_the_model(record: Record) -> Record | None:
    record["conversations"][1]["value"] += " <RET>"
    return record


def graph_of_another(record: Record) -> Record | None:
    record["graph"] = "atlas"
    return record


def key_lost(record: Record) -> Record | None:
    del record["conversations"][1]["kg"]["answers"]
    return record


def direction_turned(record: Record) -> Record | None:
    kg = record["conversations"][1]["kg"]
    kg["direction"] = "head" if kg["direction"] == "tail" else "tail"
    return record


CORRUPTIONS: list[tuple[Corrupt, str]] = [
    (wrong_answer, "wrong_answer"),
    (false_triple, "not_in_graph"),
    (missing_answer, "missing_answer"),
    (extra_answer, "extra_answer"),
    (image_of_another, "image_of_another"),
    (other_content, "image_changed"),
    (other_picture, "other_picture"),
    (subject_named, "subject_named"),
    (subject_named_rounds_before, "subject_named"),
    (slot_off, "slot_off"),
    (wrong_value, "wrong_value"),
    (wrong_format, "wrong_format"),
    (too_many_tokens, "image_count"),
    (image_dropped, "image_count"),
    (other_file, "image_list"),
    (other_subject, "other_subject"),
    (two_questions, "other_question"),
    (roles_swapped, "wrong_roles"),
    (question_without_answer, "wrong_roles"),
    (token_of_the_model, "stray_token"),
    (graph_of_another, "other_graph"),
    (key_lost, "malformed"),
    (direction_turned, "wrong_answer"),
]


@pytest.fixture
def copy(charted: Path, tmp_path: Path) -> Path:
    """Dialogues that a test may spoil."""
    return Path(shutil.copytree(charted, tmp_path / "copy"))


@pytest.mark.parametrize(("corrupt", "reason"), CORRUPTIONS, ids=[corrupt.__name__ for corrupt, _ in CORRUPTIONS])
def test_planted_corruption_is_found_by_its_reason(corrupt: Corrupt, reason: str, copy: Path, truth: Truth) -> None:
    path = copy / "train.jsonl"
    lines = path.read_text("utf-8").splitlines()
    for n, line in enumerate(lines):
        if spoiled := corrupt(json.loads(line)):
            lines[n] = json.dumps(spoiled)
            break
    else:
        raise AssertionError("no dialogue offers what this corruption needs")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    report = check(copy, truth)
    assert reason in report.reasons
    finding = summary(report.findings)[reason]
    assert (finding.file, finding.line) == ("train.jsonl", n + 1)
    assert {each.line for each in report.findings if each.file == "train.jsonl"} == {n + 1}


def test_line_that_is_no_json_is_found(copy: Path, truth: Truth) -> None:
    with (copy / "test.jsonl").open("ab") as file:
        file.write(b'{"id": "broken\n\xff\xfe\n[]\n')
    assert check(copy, truth).reasons == {"unparsable": 2, "malformed": 1}


def test_dialogue_that_stands_twice_is_found(copy: Path, truth: Truth) -> None:
    lines = (copy / "train.jsonl").read_bytes().splitlines(keepends=True)
    with (copy / "train.jsonl").open("ab") as file:
        file.write(lines[0])
    assert check(copy, truth).reasons == {"duplicate_id": 1}


def test_round_that_leaks_between_splits_is_found(copy: Path, truth: Truth) -> None:
    record = json.loads((copy / "train.jsonl").read_bytes().splitlines()[0])
    with (copy / "test.jsonl").open("a") as file:
        file.write(json.dumps(record | {"id": "leak"}) + "\n")
    reasons = check(copy, truth).reasons
    assert set(reasons) == {"split_leak"}
    assert reasons["split_leak"] == sum(len(given["kg"]["triples"]) for _, given in rounds(record))


def test_fact_that_is_tested_and_never_trained_is_found(copy: Path, truth: Truth) -> None:
    test = json.loads((copy / "test.jsonl").read_bytes().splitlines()[0])
    triple = test["conversations"][1]["kg"]["triples"][0]
    train = (copy / "train.jsonl").read_text("utf-8").splitlines(keepends=True)
    kept = [
        line for line in train if not any(triple in given["kg"]["triples"] for _, given in rounds(json.loads(line)))
    ]
    assert len(kept) < len(train)
    (copy / "train.jsonl").write_text("".join(kept), "utf-8")
    report = check(copy, truth)
    assert set(report.reasons) == {"never_trained"}
    assert any(finding.detail == " ".join(triple) for finding in report.findings)


def test_wording_that_is_held_out_is_found_in_train(copy: Path, truth: Truth) -> None:
    wordings = json.loads((copy / "wordings.json").read_bytes())
    path = copy / "train.jsonl"
    lines = path.read_text("utf-8").splitlines()
    record = json.loads(lines[0])
    asked, given = rounds(record)[0]
    relation, direction = given["kg"]["triples"][0][1], given["kg"]["direction"]
    for form in wordings[relation][direction][:-1]:
        before, _, after = re.sub(r"\[(.*?)\]", r"\1", form).partition("{x}")
        if asked["value"].startswith(before) and after in asked["value"]:
            kept = asked["value"][len(before) : asked["value"].index(after, len(before))]
            rest = asked["value"][asked["value"].index(after, len(before)) + len(after) :]
            last = re.sub(r"\[(.*?)\]", r"\1", wordings[relation][direction][-1])
            asked["value"] = last.replace("{x}", kept) + rest
            break
    lines[0] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    assert check(copy, truth).reasons == {"held_out": 1}


def test_image_whose_file_is_gone_or_changed_is_found(copy: Path, driver: neo4j.Driver, archipelago: str) -> None:
    truth = read_truth(driver, archipelago)
    root = truth.image_root
    assert root is not None
    kept = (root / "amber-40.png").read_bytes()
    try:
        (root / "amber-40.png").unlink()
        assert set(check(copy, truth).reasons) == {"image_missing"}
        (root / "amber-40.png").write_bytes(kept + b"more")
        assert set(check(copy, read_truth(driver, archipelago)).reasons) == {"image_changed"}
    finally:
        (root / "amber-40.png").write_bytes(kept)


def test_fact_taken_out_of_the_graph_is_found_in_the_dialogues(
    copy: Path, driver: neo4j.Driver, archipelago: str
) -> None:
    truth = read_truth(driver, archipelago)
    head, relation, tail = next((h, r, t) for (h, r), tails in truth.tails.items() for t in tails if "hasMainPort" in r)
    truth.tails[head, relation].discard(tail)
    truth.heads[relation, tail].discard(head)
    assert set(check(copy, truth).reasons) == {"not_in_graph", "extra_answer"}


def test_every_reason_has_words(charted: Path) -> None:
    package = Path(__file__).parents[2] / "dialogue"
    source = "".join((package / name).read_text("utf-8") for name in ("verify.py", "verify_kinds.py"))
    used = set(re.findall(r'(?:yield (?:each, |"", )?|n, dialogue, )"([a-z_]+)"', source))
    assert used == set(REASONS)


def test_folder_without_dialogues_is_said(truth: Truth, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.jsonl"):
        check(tmp_path, truth)


def test_graph_that_was_never_ingested_is_said(driver: neo4j.Driver) -> None:
    with pytest.raises(DataError, match="ingest it first"):
        read_truth(driver, "nothing")
