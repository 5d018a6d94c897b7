"""Rounds that go out to another tool for annotation, and verdicts that come back: nothing is lost, nothing is believed.

ARGILLA_AND_LABEL_STUDIO_PYTHON names a Python that has `argilla` and `label-studio-sdk`, whose own classes then read
what was written.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from dialogue import argilla_format, label_studio_format
from dialogue.review_agreement import round_agreement
from dialogue.review_checks import Checks
from dialogue.review_exchange import Foreign, Imported, Item, checked, items, moment
from dialogue.review_rounds import Choice, places
from dialogue.review_views import Words
from dialogue.truth import Truth
from dialogue.verdicts import JUDGEMENTS, RoundKey, Verdict, Verdicts
from kg.errors import DataError

CHECK = """
import json, sys
folder = sys.argv[1]
if sys.argv[2] == "argilla":
    from argilla._models import DatasetModel
    from argilla._models._settings._fields import FieldModel
    from argilla._models._settings._metadata import MetadataFieldModel
    from argilla._models._settings._questions import QuestionModel
    from argilla._models._settings._task_distribution import TaskDistributionModel
    from argilla.records._io import JsonIO
    settings = json.load(open(folder + "/.argilla/settings.json"))
    for name, model in (("fields", FieldModel), ("questions", QuestionModel), ("metadata", MetadataFieldModel)):
        for each in settings[name]:
            model(**each)
    TaskDistributionModel(**settings["distribution"])
    DatasetModel(**json.load(open(folder + "/.argilla/dataset.json")))
    print(len([record.to_dict() for record in JsonIO._records_from_json(folder + "/records.json")]))
else:
    from label_studio_sdk.label_interface import LabelInterface
    interface = LabelInterface(open(folder + "/config.xml").read())
    interface.validate()
    tasks = json.load(open(folder + "/tasks.json"))
    for task in tasks:
        assert interface.validate_task({"data": task["data"]})
        assert interface.validate_prediction(task["predictions"][0], return_errors=True) == []
    print(len(tasks))
"""


def address(image: Any) -> str:
    return f"https://pictures.example/{image['file']}"


@pytest.fixture(scope="module")
def rounds(built: Path) -> list[Item]:
    return list(items(built, places(built, Choice(sample=40, seed=3))))


@pytest.fixture(scope="module")
def words() -> Words:
    return Words(Truth(names={"i:Amber": ["Amber Island"]}), {"v:hasMainPort": "main port"})


def write(tool: str, out: Path, rounds: list[Item], words: Words) -> list[Any]:
    """Write rounds for a tool; return what its file of rounds holds."""
    out.mkdir()
    if tool == "argilla":
        assert argilla_format.write(out, rounds, words, address, 2) == len(rounds)
        found: list[Any] = json.loads((out / "records.json").read_bytes())
    else:
        assert label_studio_format.write(out, rounds, words, address) == len(rounds)
        found = json.loads((out / "tasks.json").read_bytes())
    return found


def annotate(tool: str, found: list[Any], said: dict[str, str], user: Any, at: str) -> None:
    """Let a user of the tool say the same of every round, as the tool writes it down."""
    for each in found:
        if tool == "argilla":
            for question, value in said.items():
                each["responses"].setdefault(question, []).append({"value": value, "user_id": str(user)})
            continue
        kinds = {name: "textarea" if name in ("question", "answer", "note") else "choices" for name in said}
        result = [
            {"from_name": name, "to_name": "conversation", "type": kinds[name],
             "value": {"choices": [value]} if kinds[name] == "choices" else {"text": [value]}}
            for name, value in said.items()
        ]  # fmt: skip
        each.setdefault("annotations", []).append(
            {
                "id": 1,
                "completed_by": user,
                "result": result,
                "was_cancelled": False,
                "created_at": at,
                "updated_at": at,
            }
        )


TOOLS = pytest.mark.parametrize(
    ("tool", "read"), [("argilla", argilla_format.read), ("label-studio", label_studio_format.read)]
)


@TOOLS
def test_what_goes_out_comes_back_with_who_and_when(
    tool: str, read: Callable[..., Any], rounds: list[Item], words: Words, tmp_path: Path
) -> None:
    found = write(tool, tmp_path / "out", rounds, words)
    annotate(tool, found, {"verdict": "accept"}, 1, "2026-02-03T04:05:06.000007Z")
    annotate(tool, found, {"verdict": "reject", "reason": "language", "note": "“odd”"}, 2, "2026-02-03T04:05:07Z")
    annotate(tool, found, {"verdict": "refine", "question": "Q?", "answer": "A."}, 3, "2026-02-03T04:05:08Z")
    back = list(read(json.loads(json.dumps(found)), {"1": "Ana", "2": "Bo", "3": "Cy"}))
    assert len(back) == 3 * len(rounds)
    for item, three in zip(rounds, zip(back[::3], back[1::3], back[2::3], strict=True), strict=True):
        assert [each.reviewer for each in three] == ["Ana", "Bo", "Cy"]
        assert [each.judgement for each in three] == ["accept", "reject", "refine"]
        assert (three[1].reason, three[1].note) == ("language", "“odd”")
        assert (three[2].question, three[2].answer) == ("Q?", "A.")
        for each in three:
            assert RoundKey(*(each.known_by[name] for name in ("dialogue", "turn", "sha256"))) == item.key
    told = "2026-02-03T04:05:06.000007+00:00"
    assert moment(back[0].at) == (None if tool == "argilla" else told)  # Argilla writes no times to disk


@TOOLS
def test_words_that_are_markup_stay_words(
    tool: str, read: Callable[..., Any], rounds: list[Item], words: Words, tmp_path: Path
) -> None:
    record = json.loads(json.dumps(rounds[0].record))
    hostile = "<script>alert(1)</script> ![x](http://evil.example/x.png) **b**"
    record["conversations"][0]["value"] = f"{hostile} " + record["conversations"][0]["value"]
    [found] = write(tool, tmp_path / "out", [Item(rounds[0].key, record)], words)
    shown = json.dumps(found["fields"] if tool == "argilla" else found["data"]["conversation"])
    assert "<script>" not in shown.replace("\\\\<script", "")
    if tool == "argilla":
        assert "![x](" not in shown


def test_pictures_stand_where_they_stood(rounds: list[Item], words: Words) -> None:
    item = next(item for item in rounds if item.asked["image_list"])
    picture = address({"file": item.asked["image_list"][0]})
    conversation = argilla_format.record(item, words, address)["fields"]["conversation"]
    assert conversation[-2]["content"].count(f"![picture]({picture})") == 1
    assert conversation[-2]["role"] == "user"
    assert f'<img src="{picture}"' in label_studio_format.task(item, words, address)["data"]["conversation"]


def test_labelling_configuration_is_xml_whose_controls_name_what_they_control() -> None:
    root = ElementTree.fromstring(label_studio_format.config())  # noqa: S314  # our own
    names = {each.get("name") for each in root.iter() if each.get("name")}
    assert {"verdict", "reason", "question", "answer", "note", "conversation"} <= names
    assert {each.get("toName") for each in root.iter() if each.get("toName")} <= names
    choices = [each.get("value") for each in root.iter("Choice")]
    assert choices[:3] == list(JUDGEMENTS)


@pytest.mark.parametrize("tool", ["argilla", "label-studio"])
def test_the_tools_own_classes_take_what_is_written(
    tool: str, rounds: list[Item], words: Words, tmp_path: Path
) -> None:
    python = os.environ.get("ARGILLA_AND_LABEL_STUDIO_PYTHON")
    if not python or not shutil.which(python):
        pytest.skip("ARGILLA_AND_LABEL_STUDIO_PYTHON names no Python with argilla and label-studio-sdk")
    write(tool, tmp_path / "out", rounds, words)
    done = subprocess.run(
        [python, "-c", CHECK, str(tmp_path / "out"), tool], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip().splitlines()[-1:] == [str(len(rounds))], done.stderr


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["responses", "metadata", "data", "annotations", "result", "value", "kwk", "verdict", "turn",
                         "dialogue", "sha256", "completed_by", "user_id", "status", "values", "choices", "text"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(anything, max_size=4))
def test_a_file_of_anything_is_refused_and_never_breaks(found: list[Any]) -> None:
    for read in (argilla_format.read, label_studio_format.read):
        done = Imported()
        try:
            foreign = list(read(found, {}))
        except DataError:
            continue
        assert list(checked(foreign, Path(), "g", {}, Checks(Truth()), done)) == []
        assert done.read == sum(done.refused.values()) == len(done.details)


def test_verdicts_on_other_words_of_nobody_or_of_nothing_are_refused(rounds: list[Item], built: Path) -> None:
    known = {place.key: place for place in places(built, Choice())}
    item = rounds[0]
    good = item.known_by
    told = [
        Foreign(good, "Ana", "accept"), Foreign({**good, "sha256": "0" * 64}, "Ana", "accept"),
        Foreign({**good, "dialogue": "no-such"}, "Ana", "accept"), Foreign(good, "", "accept"),
        Foreign(good, "Ana", "maybe"), Foreign({**good, "graph": "other"}, "Ana", "accept"),
        Foreign(good, "Ana", "reject", "sunspots"), Foreign(good, "Ana", "refine", None, None, "x", "y"),
    ]  # fmt: skip
    done = Imported()
    taken = list(checked(told, built, "isles", known, Checks(Truth()), done))
    assert [(each.judgement, each.reason) for each in taken] == [("accept", None), ("reject", "other")]
    assert done.refused == {"other_words": 1, "no_such_round": 1, "malformed": 3, "not_true": 1}


def test_agreement_of_two_and_of_three_by_hand() -> None:
    def judged(*said: str) -> dict[str, Verdict]:
        names = {"a": "accept", "f": "refine", "r": "reject"}
        key = RoundKey("d", 1, "0" * 64)
        return {f"r{n}": Verdict(key, f"r{n}", names[each]) for n, each in enumerate(said)}  # type: ignore[arg-type]

    two = round_agreement([judged("a", "a"), judged("a", "r"), judged("r", "r"), judged("f", "a"), judged("a")])
    assert (two.rounds, two.verdicts, two.raters) == (4, 8, {2: 4})
    [pair] = two.pairs
    assert pair.agreement == pytest.approx(0.5)
    assert pair.cohen == pytest.approx((0.5 - 0.375) / (1 - 0.375))  # (2·2 + 1·0 + 1·2) / 16 by chance
    assert pair.cohen_kept == pytest.approx((0.75 - 0.5) / 0.5)
    three = round_agreement([judged("a", "a", "r"), judged("r", "r", "r")])
    assert three.fleiss == pytest.approx((2 / 3 - 20 / 36) / (1 - 20 / 36))
    assert round_agreement([]).fleiss is None


def test_a_verdict_is_appended_and_never_changed_and_the_latest_counts(engine: Engine, tmp_path: Path) -> None:
    graph = f"verdicts-{tmp_path.name}-{os.getpid()}"
    key = RoundKey("d", 1, "ab" * 32)
    mine, theirs = Verdicts(engine, graph), Verdicts(engine, graph)
    assert mine.add([Verdict(key, "Ana", "accept")]) == 1
    assert mine.add([Verdict(key, "Ana", "accept")]) == 0
    assert theirs.add([Verdict(key, "Bo", "refine", question="Q?", answer="A.")]) == 1
    assert {who: each.judgement for who, each in mine.on(key).items()} == {"Ana": "accept", "Bo": "refine"}
    assert theirs.add([Verdict(key, "Ana", "reject", "wrong", "no")]) == 1
    assert mine.on(key)["Ana"].judgement == "reject"
    assert [each.judgement for each in mine.history(key)] == ["accept", "refine", "reject"]
    old = Verdict(key, "Ana", "accept", at="2020-01-01T00:00:00+00:00")
    assert mine.add([old]) == 1
    assert mine.add([old]) == 0
    assert mine.on(key)["Ana"].judgement == "reject"
    assert mine.on(key._replace(sha256="cd" * 32)) == {}
    with engine.begin() as connection, pytest.raises(DBAPIError, match="never changed"):
        connection.execute(text("UPDATE verdict SET verdict = 'accept' WHERE graph = :graph"), {"graph": graph})


def test_reviewers_who_judge_at_once_lose_nothing(engine: Engine, tmp_path: Path) -> None:
    graph = f"at-once-{tmp_path.name}-{os.getpid()}"
    shared, other = Verdicts(engine, graph), Verdicts(engine, graph)

    def judge(n: int) -> int:
        box = shared if n % 2 else other
        return sum(box.add([Verdict(RoundKey(f"d{i}", 1, "ab" * 32), f"r{n}", "accept")]) for i in range(15))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(judge, range(6))) == [15] * 6
    for box in (shared, other, Verdicts(engine, graph)):
        assert {key.dialogue: len(each) for key, each in box.standing().items()} == {f"d{i}": 6 for i in range(15)}


def test_verdicts_from_another_tool_make_a_folder_that_verify_confirms(
    run: Callable[..., Result], charted: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(charted, tmp_path / "archipelago"))
    for name in ("train.jsonl", "valid.jsonl", "test.jsonl"):
        path = folder / name
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        path.write_text(
            "".join(json.dumps(each | {"id": f"{each['id']}-{tmp_path}"}) + "\n" for each in lines), "utf-8"
        )
    run("review-export", "label-studio", str(folder), "--out", str(tmp_path / "out"), "--sample", "60")
    found = json.loads((tmp_path / "out" / "tasks.json").read_bytes())
    assert "data:image/webp;base64," in json.dumps(found)
    annotate("label-studio", found[:30], {"verdict": "reject"}, 1, "2026-02-03T04:05:06Z")
    for each in found[30:]:
        answer = f"{each['data']['answer']} So far as I know."
        annotate("label-studio", [each], {"verdict": "refine", "answer": answer}, 2, "2026-02-03T04:05:06Z")
        annotate("label-studio", [each], {"verdict": "refine", "answer": "Nobody knows."}, 3, "2026-02-03T04:05:06Z")
    (tmp_path / "back.json").write_text(json.dumps(found))
    done = json.loads(run("review-import", str(tmp_path / "back.json"), str(folder), "--json").stdout)
    assert (done["read"], done["added"], done["refused"]) == (90, 60, {"not_true": 30})
    out = tmp_path / "reviewed"
    applied = json.loads(run("apply-review", str(folder), "--out", str(out), "--json").stdout)
    assert (applied["reviewed"], applied["dropped"]["rejected"]) == (60, 30)
    assert 0 < applied["refined"] <= 30
    assert "nothing is wrong" in run("verify", str(out)).stdout
    counts = json.loads((out / "build.json").read_bytes())
    assert counts["rounds"] == applied["rounds"]
    assert "So far as I know" in "".join((out / f"{split}.jsonl").read_text("utf-8") for split in counts["rounds"])
    before, after = ((place / "train.jsonl").read_bytes().count(b"\n") for place in (folder, out))
    assert before >= after > 0
    assert "is there already" in run("review-export", "argilla", str(folder), "--out", str(out), code=1).output
    assert "was reviewed" not in run("agreement", str(folder)).stdout
    told = run("apply-review", str(folder), "--out", str(folder), "--force", code=1).output
    assert "name another folder" in told
