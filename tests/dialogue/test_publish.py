"""Lineage that is half written, never forgets, or can't be asked backwards, is no lineage."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import neo4j
import pytest
from click.testing import Result

from dialogue.lineage import Rows, rests
from dialogue.serialise import read_dialogues
from dialogue.types import SPLITS, Dialogue, Fact, Query, Shown, Turn
from kg import tour_checks
from kg.graph import read
from kg.types import Triple

Command = Callable[..., Result]

COUNT = "RETURN COUNT { (:Dialogue {graph: $graph}) } AS dialogues"
KILLED = "import dialogue.publish as p; p.BATCH = 3; from kg.cli import main; main()"


def fact(kind: Any, triples: list[tuple[str, str, str]], answers: list[str], query: Query | None = None) -> Fact:
    direction = query.path[-1][1] if query else "tail"
    return Fact(kind, tuple(triples), direction, tuple(answers), "", (), "T2T", query)


def resting(each: Fact) -> list[tuple[str, str, str | None]]:
    rows = rests(each, [Triple(*triple).key("g") for triple in each.triples])
    names = {Triple(*triple).key("g"): " ".join(triple) for triple in each.triples}
    return [(entity, role, names.get(key)) for entity, role, _, key in rows]


def test_turn_of_every_kind_rests_on_its_subjects_and_on_the_far_end_of_each_triple() -> None:
    assert resting(fact("fact", [("a", "r", "b"), ("a", "r", "c")], ["b", "c", "d"])) == [
        ("a", "subject", None),
        ("b", "answer", "a r b"),
        ("c", "answer", "a r c"),
    ]
    hops = Query(("a",), (("r", "tail"), ("s", "head")))
    assert resting(fact("multi_hop", [("a", "r", "b"), ("c", "s", "b")], ["c"], hops)) == [
        ("a", "subject", None),
        ("b", "way", "a r b"),
        ("c", "answer", "c s b"),
    ]
    no = Query(("a",), (("r", "tail"),), claim="z")
    assert resting(fact("yes_no", [("a", "r", "b")], ["b"], no)) == [
        ("a", "subject", None),
        ("b", "answer", "a r b"),
        ("z", "claim", None),
    ]
    two = Query(("a", "b"), (("r", "tail"),), by="height")
    assert resting(fact("comparison", [], ["a"], two)) == [("a", "subject", None), ("b", "subject", None)]
    nothing = Query(("a",), (("r", "head"),))
    assert resting(fact("unanswerable", [], [], nothing)) == [("a", "subject", None)]
    count = Query(("b",), (("r", "head"),))
    assert resting(fact("count", [("a", "r", "b"), ("c", "r", "b")], ["a", "c"], count)) == [
        ("b", "subject", None),
        ("a", "answer", "a r b"),
        ("c", "answer", "c r b"),
    ]
    self_loop = Query(("a",), (("r", "head"),))
    assert resting(fact("yes_no", [("a", "r", "a")], ["a"], self_loop))[1] == ("a", "answer", "a r a")


def test_row_keeps_what_is_asked_and_turns_of_all_dialogues_are_numbered_through() -> None:
    asked = fact("unanswerable", [], [], Query(("a",), (("r", "tail"),)))
    answered = fact("fact", [("a", "r", "b")], ["b"])
    shown = (Shown("b.png", "5ha", "b"),)
    rows = Rows()
    rows.add(Dialogue("c", "g", "en", "star", (Turn("human", "?"), Turn("model", "No.", (), asked))), "test", "0")
    rows.add(Dialogue("d", "g", "en", "star", (Turn("human", "?"), Turn("model", "B", shown, answered))), "test", "1")
    key = Triple("a", "r", "b").key("g")
    assert rows.dialogues[0][-1][0] == [0, "human", "?", None]
    assert json.loads(rows.dialogues[0][-1][1][3][-1])["subjects"] == ["a"]
    assert rows.rests == {"a": [[1, "subject", 0, None], [3, "subject", 0, None]], "b": [[3, "answer", 0, key]]}
    assert rows.shows == {"5ha": [[3, 0, "b"]]}
    assert rows.links == 4 + 3 + 1


def published(run: Command, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("publish", str(folder), "--json").stdout)
    return found


@pytest.fixture
def folder(charted: Path, tmp_path: Path) -> Path:
    """The dialogues of the archipelago, where a test may change them, under the same name."""
    return Path(shutil.copytree(charted, tmp_path / charted.name))


def test_dialogues_that_an_earlier_larger_build_held_are_gone(run: Command, charted: Path, folder: Path) -> None:
    whole = published(run, charted)
    lines = (folder / "train.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "train.jsonl").write_text("".join(lines[:-7]), "utf-8")
    smaller = published(run, folder)
    assert (smaller["written"], smaller["removed"]) == (0, 7)
    assert smaller["dialogues"] == whole["dialogues"] - 7
    assert smaller["turns"] == whole["turns"] - sum(len(json.loads(line)["conversations"]) for line in lines[-7:])
    assert published(run, charted) == whole | {"written": 7, "removed": 0}


def test_another_folder_of_the_same_graph_keeps_its_dialogues(run: Command, charted: Path, tmp_path: Path) -> None:
    whole = published(run, charted)
    other = Path(shutil.copytree(charted, tmp_path / "other"))
    for split in SPLITS:
        text = (other / f"{split}.jsonl").read_text("utf-8")
        (other / f"{split}.jsonl").write_text(text.replace('"id":"', '"id":"other-'), "utf-8")
    both = published(run, other)
    assert both["dialogues"] == 2 * whole["dialogues"]
    (other / "train.jsonl").write_text((other / "train.jsonl").read_text("utf-8").splitlines(keepends=True)[0], "utf-8")
    for split in ("valid", "test"):
        (other / f"{split}.jsonl").write_text("")
    assert published(run, other)["dialogues"] == whole["dialogues"] + 1
    assert published(run, charted)["written"] == 0


def test_publishing_that_was_killed_is_completed_by_the_next(
    run: Command, driver: neo4j.Driver, home: Path, archipelago: str, charted: Path
) -> None:
    read_write(driver, archipelago)
    whole = published(run, charted)
    for after in (1, 40):
        read_write(driver, archipelago)
        arguments = ["--home", str(home), "-q", "dialogues", "publish", str(charted)]
        with subprocess.Popen([sys.executable, "-c", KILLED, *arguments]) as process:
            while process.poll() is None and read(driver, COUNT, graph=archipelago)[0]["dialogues"] < after:
                pass
            process.send_signal(signal.SIGKILL)
        assert 0 < read(driver, COUNT, graph=archipelago)[0]["dialogues"] <= whole["dialogues"]
        again = published(run, charted)
        assert {**again, "written": 0} == {**whole, "written": 0}


def read_write(driver: neo4j.Driver, graph: str) -> None:
    driver.execute_query("MATCH (n {graph: $graph}) WHERE n:Turn OR n:Dialogue DETACH DELETE n", graph=graph)


def test_every_fact_leads_to_all_its_turns_by_an_index_and_every_turn_back(
    run: Command, driver: neo4j.Driver, archipelago: str, charted: Path
) -> None:
    published(run, charted)
    turns: dict[str, set[str]] = {}
    for split in SPLITS:
        for each in read_dialogues(charted / f"{split}.jsonl"):
            for i, turn in enumerate(each.turns):
                for triple in turn.fact.triples if turn.fact else ():
                    turns.setdefault(Triple(*triple).key(archipelago), set()).add(f"{each.id}#{i}")
    query = (
        "MATCH (t:Turn)-[r:RESTS_ON {triple: $triple}]->() USING INDEX r:RESTS_ON(triple) RETURN DISTINCT t.id AS turn"
    )
    driver.execute_query("CALL db.prepareForReplanning(60)")  # to a server that counted no turn yet all plans are alike
    plan = driver.execute_query("EXPLAIN " + query, triple="").summary.plan
    assert "RelationshipIndexSeek" in json.dumps(plan)
    for key, expected in list(turns.items())[:20]:
        assert {row["turn"] for row in read(driver, query, triple=key)} == expected
        (row,) = read(driver, tour_checks.origins(archipelago, min(expected)))
        assert len(row["facts"]) >= 1
        assert read(driver, tour_checks.teachers(archipelago, key))


def test_every_turn_in_the_graph_leads_where_its_line_says(
    run: Command, driver: neo4j.Driver, archipelago: str, charted: Path
) -> None:
    published(run, charted)
    said = set()
    for split in SPLITS:
        for each in read_dialogues(charted / f"{split}.jsonl"):
            for i, turn in enumerate(each.turns):
                keys = [Triple(*triple).key(archipelago) for triple in turn.fact.triples] if turn.fact else []
                led = [(entity, role, n, key) for entity, role, n, key in rests(turn.fact, keys)] if turn.fact else []
                shown = [(image.sha256, image.entity, n, None) for n, image in enumerate(turn.images)]
                said |= {(each.id, i, f"{each.id}#{i}", turn.value, *one) for one in (*led, *shown)}
    query = (
        "MATCH (d:Dialogue {graph: $graph})-[h:HAS_TURN]->(t)-[r:RESTS_ON|SHOWS]->(n) WHERE d.folder = $folder RETURN "
        "d.id, h.i, t.id, t.value, coalesce(n.sha256, n.id), coalesce(r.role, r.entity), r.i, r.triple"
    )
    assert {tuple(row.values()) for row in read(driver, query, graph=archipelago, folder=charted.name)} == said
