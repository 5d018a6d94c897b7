"""`kwk dialogues` as its user meets it: on a graph of another vocabulary, on a graph without images, on nothing."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import neo4j
import pytest
from click.testing import Result

from dialogue.serialise import read_dialogues
from dialogue.types import SPLITS
from kg import adjacency, upkeep_queries
from kg.errors import DataError
from kg.graph import claim, read
from kg.types import Triple

Command = Callable[..., Result]


def test_vocabulary_that_nobody_foresaw_is_asked_in_its_own_words(charted: Path) -> None:
    asked = " ".join(
        turn.value
        for split in SPLITS
        for dialogue in read_dialogues(charted / f"{split}.jsonl")
        for turn in dialogue.turns[::2]
    )
    for words in (
        "main port",
        "neighbouring island",
        "lighthouse keeper",
        "home port",
        "official language",
        "built by",
    ):
        assert words in asked, words
    assert "isles.example" not in asked
    assert "Hafen" not in asked


def test_pictures_of_the_map_file_are_shown(charted: Path, islands: Path) -> None:
    files = {
        image.file
        for split in SPLITS
        for dialogue in read_dialogues(charted / f"{split}.jsonl")
        for turn in dialogue.turns
        for image in turn.images
    }
    assert len(files) == 12
    assert all((islands / file).is_file() for file in files)


def test_graph_in_memory_is_the_graph_in_neo4j(driver: neo4j.Driver, archipelago: str, islands: Path) -> None:
    graph = adjacency.load(driver, archipelago)
    number = {entity.id: i for i, entity in enumerate(graph.entities)}
    relation = {each.path: i for i, each in enumerate(graph.relations)}
    facts = read(driver, "MATCH (a)-[r]->(b) WHERE a.graph = $graph AND r.relation IS NOT NULL "
                         "RETURN a.id AS head, r.relation AS relation, b.id AS tail", graph=archipelago)  # fmt: skip
    assert len(facts) == len(graph) > 40
    for fact in facts:
        assert number[fact["tail"]] in graph.tails(number[fact["head"]], relation[fact["relation"]])
        assert number[fact["head"]] in graph.heads(relation[fact["relation"]], number[fact["tail"]])
    amber = graph.entities[number["http://isles.example/id/Amber"]]
    assert amber.names == ("Amber Island", "Insel Amber")
    assert [graph.type_labels[kind] for kind in amber.types] == ["Island"]
    assert [image.path for image in amber.images] == ["amber-200.png", "amber-40.png"]
    assert graph.image_roots == (islands,)
    assert {each.label for each in graph.relations} >= {"main port", "neighbouring island"}


def test_edge_drawn_by_hand_is_a_fact(run: Command, driver: neo4j.Driver, archipelago: str, tmp_path: Path) -> None:
    ends = {"graph": archipelago, "a": "http://isles.example/id/Amber", "b": "http://isles.example/id/Language2"}
    driver.execute_query(
        "MATCH (a:Entity {graph: $graph, id: $a}), (b:Entity {graph: $graph, id: $b}) "
        "CREATE (a)-[:OFFICIAL_LANGUAGE]->(b)",
        ends,
    )
    try:
        run("build", "--graph", archipelago, "--out", str(tmp_path / "out"), "--rounds", "400")
        text = (tmp_path / "out" / "train.jsonl").read_text("utf-8")
        assert '["http://isles.example/id/Amber","http://isles.example/vocabulary#officialLanguage","' in text
        assert '"answers":["http://isles.example/id/Language0","http://isles.example/id/Language2"]' in text
        run("verify", str(tmp_path / "out"))
    finally:
        driver.execute_query(
            "MATCH (:Entity {graph: $graph, id: $a})-[r:OFFICIAL_LANGUAGE]->(:Entity {id: $b}) DELETE r", ends
        )


def test_verify_says_that_all_is_well_and_exits_with_zero(run: Command, charted: Path) -> None:
    assert "nothing is wrong" in run("verify", str(charted)).stdout


def test_verify_exits_with_one_and_names_reason_file_and_line(run: Command, charted: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(charted, tmp_path / "copy"))
    with (copy / "valid.jsonl").open("a") as file:
        file.write("{\n")
    told = run("verify", str(copy), code=1).stdout
    assert "1 unparsable" in told
    found = json.loads(run("verify", str(copy), "--json", code=1).stdout)
    assert found["reasons"] == {"unparsable": 1}
    assert found["findings"][0]["file"] == "valid.jsonl"


def test_show_prints_who_says_what_and_which_file_is_shown(run: Command, charted: Path, islands: Path) -> None:
    dialogue = next(
        each for each in read_dialogues(charted / "train.jsonl") if each.turns[0].images and len(each.turns) > 3
    )
    told = run("show", dialogue.id, "--in", str(charted)).stdout
    assert dialogue.id in told
    assert str(islands / dialogue.turns[0].images[0].file) in told
    assert told.count("Human:") == told.count("Model:") == len(dialogue.turns) // 2
    for turn in dialogue.turns:
        assert turn.value.split("\n")[-1].replace("<image>", "[picture]") in told
    assert "Model:" in run("show", "--in", str(charted)).stdout
    assert "no dialogue 'nobody'" in run("show", "nobody", "--in", str(charted), code=1).output


def test_stats_count_what_is_in_the_files(run: Command, charted: Path) -> None:
    numbers = json.loads(run("stats", str(charted), "--json").stdout)
    dialogues = {split: list(read_dialogues(charted / f"{split}.jsonl")) for split in SPLITS}
    rounds = {split: sum(len(each.turns) // 2 for each in found) for split, found in dialogues.items()}
    assert numbers["rounds"] == {"total": sum(rounds.values()), **rounds}
    assert numbers["dialogues"]["total"] == sum(map(len, dialogues.values()))
    assert sum(numbers["question_words"].values()) == numbers["rounds"]["total"]
    assert sum(n for formats in numbers["formats"].values() for n in formats.values()) == numbers["rounds"]["total"]
    assert numbers["images"]["entities"] == 6
    assert numbers["images"]["per_entity"] == 2.0
    assert numbers["held_out_wordings_in_test"] > 0
    assert 2 <= numbers["rounds_per_dialogue"] <= 6
    assert "rounds per dialogue" in run("stats", str(charted)).stdout


def test_lineage_leads_from_a_turn_to_its_facts_and_from_a_fact_to_its_turns(
    run: Command, driver: neo4j.Driver, archipelago: str, charted: Path
) -> None:
    run("publish", str(charted))
    dialogue = next(each for each in read_dialogues(charted / "train.jsonl") if each.turns[0].images)
    fact = dialogue.turns[1].fact
    assert fact is not None
    head, relation, tail = fact.triples[0]
    rows = read(
        driver,
        "MATCH (:Dialogue {graph: $graph, id: $id})-[:HAS_TURN {i: 1}]->(t:Turn)-[r:RESTS_ON]->(e:Entity) "
        "RETURN t.triples AS triples, t.relations AS relations, r.role AS role, e.id AS entity ORDER BY role, r.i",
        graph=archipelago,
        id=dialogue.id,
    )
    assert rows[0]["triples"] == [Triple(*triple).key(archipelago) for triple in fact.triples]
    assert rows[0]["relations"][0] == relation
    assert {row["entity"] for row in rows} >= {head, tail}
    shown = read(
        driver,
        "MATCH (:Dialogue {graph: $graph, id: $id})-[:HAS_TURN {i: 0}]->(:Turn)-[:SHOWS]->(i:Image) "
        "RETURN i.sha256 AS sha",
        graph=archipelago,
        id=dialogue.id,
    )
    assert [row["sha"] for row in shown] == [image.sha256 for image in dialogue.turns[0].images]
    back = read(
        driver,
        "MATCH (:Entity {graph: $graph, id: $head})-[r {triple: $key}]->() "
        "MATCH (t:Turn)-[:RESTS_ON]->(:Entity {graph: $graph, id: $head}) WHERE r.triple IN t.triples "
        "RETURN count(DISTINCT t) AS turns",
        graph=archipelago,
        head=head,
        key=Triple(head, relation, tail).key(archipelago),
    )
    expected = sum(
        (head, relation, tail) in turn.fact.triples
        for split in SPLITS
        for each in read_dialogues(charted / f"{split}.jsonl")
        for turn in each.turns
        if turn.fact
    )
    assert back[0]["turns"] == expected


def test_publishing_again_changes_nothing_and_another_build_replaces_its_dialogues(
    run: Command, archipelago: str, charted: Path, tmp_path: Path
) -> None:
    once = json.loads(run("publish", str(charted), "--json").stdout)
    again = json.loads(run("publish", str(charted), "--json").stdout)
    assert again["written"] == 0
    assert {**once, "written": 0} == again
    copy = Path(shutil.copytree(charted, tmp_path / "copy"))
    lines = (copy / "train.jsonl").read_text("utf-8").splitlines(keepends=True)
    lines[0] = lines[0].replace('"strategy":"', '"strategy":"new ', 1)
    (copy / "train.jsonl").write_text("".join(lines), "utf-8")
    changed = json.loads(run("publish", str(copy), "--json").stdout)
    assert changed["written"] == 1
    assert (changed["turns"], changed["rests"], changed["shows"]) == (once["turns"], once["rests"], once["shows"])
    run("publish", str(charted))


def test_dialogues_of_another_graph_are_not_published_into_this_one(
    run: Command, driver: neo4j.Driver, built: Path, archipelago: str
) -> None:
    before = read(driver, upkeep_queries.NODE_COUNT, graph=archipelago)
    assert "of the graph 'isles'" in run("publish", str(built), "--graph", archipelago, code=1).output
    assert read(driver, upkeep_queries.NODE_COUNT, graph=archipelago) == before


def test_graph_that_was_not_ingested_is_said(run: Command, archipelago: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "no graph 'nowhere'" in run("build", "--graph", "nowhere", "--out", str(out), code=1).output
    assert not out.exists()


def test_graph_that_holds_no_facts_is_said(run: Command, driver: neo4j.Driver, graph_name: str, tmp_path: Path) -> None:
    claim(driver, graph_name)
    told = run("build", "--graph", graph_name, "--out", str(tmp_path / "out"), code=1).output
    assert "holds no triples" in told
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError):
        adjacency.load(driver, graph_name)


def test_graph_without_images_is_built_as_text_with_a_warning(
    run: Command, kwk: Command, graph_name: str, islands: Path, tmp_path: Path
) -> None:
    kwk("ingest", "rdf", str(islands / "islands.ttl"), "--graph", graph_name)
    out = str(tmp_path / "out")
    told = run("build", "--graph", graph_name, "--out", out, "--formats", "T2T,I2T", code=1).output
    assert "no images for I2T" in told
    assert list(tmp_path.iterdir()) == []
    warned = run("build", "--graph", graph_name, "--out", out)
    assert "Warning: no entity" in warned.stderr
    assert "nothing is wrong" in run("verify", out).stdout


def test_format_that_there_is_not_is_said(run: Command, archipelago: str, tmp_path: Path) -> None:
    told = run("build", "--graph", archipelago, "--out", str(tmp_path / "x"), "--formats", "V2T", code=1).output
    assert "no format 'V2T'" in told


def test_build_without_a_place_goes_into_dialogues(
    run: Command, archipelago: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = json.loads(run("build", "--graph", archipelago, "--rounds", "100", "--json").stdout)
    assert told["folder"] == f"dialogues/{archipelago}"
    assert (tmp_path / told["folder"] / "wordings.json").is_file()
    assert "nothing is wrong" in run("verify").stdout
    assert "exists already" in run("build", "--graph", archipelago, code=1).output


def test_help_of_the_commands_loads_nothing_heavy() -> None:
    script = "import sys, dialogue.cli; print([m for m in ('numpy', 'neo4j', 'torch', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env={
        **os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)
    })  # fmt: skip
    assert done.stdout.strip() == "[]"
