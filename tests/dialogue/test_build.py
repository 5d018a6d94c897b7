"""A build that is not the same twice, leaves half a folder, eats a user's files, or trains less than it tests."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from dialogue import folder as folders
from dialogue.build import BuildSettings, build
from dialogue.folder import choose_folder, count_lines, new_folder, read_settings
from dialogue.serialise import read_dialogues
from dialogue.types import FORMATS, KINDS, SPLITS
from kg.adjacency import Adjacency, Relation, Vertex
from kg.adjacency import build as adjacency
from kg.errors import DataError

Isles = Callable[..., Adjacency]
FILES = [f"{split}.jsonl" for split in SPLITS]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_same_settings_write_the_same_bytes_on_one_worker_and_on_two(isles: Isles, built: Path, tmp_path: Path) -> None:
    build(isles(), BuildSettings(rounds=600, seed=3), tmp_path / "again")
    build(isles(), BuildSettings(rounds=600, seed=3), tmp_path / "two", workers=2)
    assert contents(tmp_path / "again") == contents(built) == contents(tmp_path / "two")
    build(isles(), BuildSettings(rounds=600, seed=4), tmp_path / "other")
    assert contents(tmp_path / "other") != contents(built)


def test_every_fact_that_is_tested_is_trained_in_another_form(built: Path) -> None:
    asked: dict[str, set[tuple[tuple[str, str, str], str]]] = {}
    for split in SPLITS:
        facts = (turn.fact for each in read_dialogues(built / f"{split}.jsonl") for turn in each.turns if turn.fact)
        asked[split] = {(triple, fact.format) for fact in facts for triple in fact.triples}
    trained = {triple for triple, _ in asked["train"]}
    for split, others in (("valid", ("train", "test")), ("test", ("train", "valid"))):
        assert len(asked[split]) > 10
        assert {triple for triple, _ in asked[split]} <= trained
        assert not asked[split] & (asked[others[0]] | asked[others[1]])


def test_graph_with_images_is_asked_in_all_four_formats(built: Path) -> None:
    turns = [turn for split in SPLITS for each in read_dialogues(built / f"{split}.jsonl") for turn in each.turns]
    assert {turn.fact.format for turn in turns if turn.fact} == set(FORMATS)


def test_settings_and_counts_stand_beside_the_dialogues(built: Path) -> None:
    saved = read_settings(built)
    assert saved["graph"] == "isles"
    assert saved["settings"] == {
        "rounds": 600,
        "seed": 3,
        "formats": list(FORMATS),
        "kinds": list(KINDS),
        "lexicon": None,
        "languages": ["en"],
        "imaged": False,
        "relations": [],
    }
    for split in SPLITS:
        found = list(read_dialogues(built / f"{split}.jsonl"))
        assert saved["dialogues"][split] == len(found)
        assert saved["rounds"][split] == sum(len(each.turns) // 2 for each in found)
    assert sum(saved["rounds"].values()) >= 600
    assert count_lines(built) == sum(saved["dialogues"].values())
    ids = [each.id for split in SPLITS for each in read_dialogues(built / f"{split}.jsonl")]
    assert len(ids) == len(set(ids))


def test_build_of_what_has_images_asks_only_for_triples_that_have_them_at_both_ends(
    isles: Isles, tmp_path: Path
) -> None:
    graph = isles()
    shown = {entity.id for entity in graph.entities if entity.images}
    build(graph, BuildSettings(imaged=True, kinds=("fact",)), tmp_path / "shown")
    found = (each for split in SPLITS for each in read_dialogues(tmp_path / "shown" / f"{split}.jsonl"))
    facts = [turn.fact for each in found for turn in each.turns if turn.fact]
    assert {fact.format for fact in facts} == set(FORMATS)
    assert all({head, tail} <= shown for fact in facts for head, _, tail in fact.triples)


def test_build_of_some_relations_asks_for_no_others(isles: Isles, tmp_path: Path) -> None:
    graph = isles()
    only = graph.relations[0].path
    build(graph, BuildSettings(relations=(only,), kinds=("fact",)), tmp_path / "some")
    found = (each for split in SPLITS for each in read_dialogues(tmp_path / "some" / f"{split}.jsonl"))
    triples = {triple for each in found for turn in each.turns if turn.fact for triple in turn.fact.triples}
    asked = {path for _, path, _ in triples}
    assert asked == {only}
    assert len(triples) > 5


def test_graph_without_images_builds_text_that_is_all_trained(isles: Isles, tmp_path: Path) -> None:
    made = build(isles(0), BuildSettings(formats=("T2T",)), tmp_path / "text")
    assert made.rounds["train"] >= len(isles(0))
    assert made.rounds["valid"] == made.rounds["test"] == 0
    assert (tmp_path / "text" / "test.jsonl").read_bytes() == b""


def test_formats_that_were_not_asked_for_do_not_occur(isles: Isles, tmp_path: Path) -> None:
    build(isles(), BuildSettings(rounds=300, formats=("T2T", "I2T")), tmp_path / "some")
    for split in SPLITS:
        turns = [turn for each in read_dialogues(tmp_path / "some" / f"{split}.jsonl") for turn in each.turns]
        assert {turn.fact.format for turn in turns if turn.fact} <= {"T2T", "I2T"}


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"rounds": 1}, {"seed": -1}, {"seed": 1 << 40}, {"formats": ()}):
        with pytest.raises(DataError):
            BuildSettings(**wrong)  # type: ignore[arg-type]


def test_folder_that_exists_is_kept_unless_forced(isles: Isles, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(isles(), BuildSettings(rounds=50), out)
    before = contents(out)
    with pytest.raises(DataError, match="--force"):
        build(isles(), BuildSettings(rounds=60), out)
    assert contents(out) == before
    build(isles(), BuildSettings(rounds=60), out, force=True)
    assert contents(out) != before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_folder_of_other_things_is_never_replaced(isles: Isles, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(DataError, match="no build.json"):
        build(isles(), BuildSettings(rounds=50), tmp_path / "thesis", force=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"
    with pytest.raises(DataError, match="is a file"):
        build(isles(), BuildSettings(rounds=50), tmp_path / "thesis" / "chapter.txt", force=True)


def test_failure_leaves_nothing_and_the_old_dialogues_in_place(isles: Isles, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(isles(), BuildSettings(rounds=50), out)
    before = contents(out)
    with pytest.raises(KeyboardInterrupt), new_folder(out, force=True) as partial:
        (partial / "train.jsonl").write_text("half")
        raise KeyboardInterrupt
    assert contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_remains_of_a_killed_build_do_not_get_into_the_next(isles: Isles, tmp_path: Path) -> None:
    stale = tmp_path / ".out.partial"
    stale.mkdir()
    (stale / "train.jsonl").write_text("of a build that was killed\n")
    (stale / "junk").write_text("more")
    build(isles(), BuildSettings(rounds=50), tmp_path / "out")
    assert sorted(contents(tmp_path / "out")) == sorted([*FILES, "build.json", "wordings.json"])
    assert "killed" not in (tmp_path / "out" / "train.jsonl").read_text()


def test_two_builds_into_one_folder_do_not_mix(isles: Isles, tmp_path: Path) -> None:
    partial = tmp_path / ".out.partial"
    partial.mkdir()
    with FileLock(partial / ".lock"), pytest.raises(DataError, match="Another build"):
        build(isles(), BuildSettings(rounds=50), tmp_path / "out")
    assert not (tmp_path / "out").exists()


FULL = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.path[:0] = {path!r}
from dialogue.folder import new_folder
from kg.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    with new_folder(Path({out!r})) as folder, (folder / "train.jsonl").open("w") as file:
        for _ in range(10_000):
            file.write("a line of a dialogue" * 10)
except DataError as exc:
    print(exc)
"""


def test_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    script = FULL.format(path=sys.path, out=str(tmp_path / "out"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "no room left" in done.stdout
    assert "nothing was left" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_place_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="can't be written"), new_folder(tmp_path / "file" / "below"):
        raise AssertionError("unreachable")


def test_reason_of_any_other_trouble_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Stale file handle"), new_folder(tmp_path / "out"):
        raise OSError(errno.ESTALE, "Stale file handle")


def test_graph_of_one_fact_has_no_dialogue(tmp_path: Path) -> None:
    lonely = adjacency("g", [Vertex("a", ("A",)), Vertex("b", ("B",))], [Relation("r", "R", "r")], [("a", "r", "b")])
    with pytest.raises(DataError, match="no two facts"):
        build(lonely, BuildSettings(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_command_without_a_folder_takes_the_one_built_last(built: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="kwk dialogues build"):
        choose_folder(None, None, tmp_path)
    for name, moment in (("old", 1_000), ("new", 2_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / folders.SETTINGS).write_text(json.dumps({"graph": name}))
        os.utime(tmp_path / name / folders.SETTINGS, (moment, moment))
    assert choose_folder(None, None, tmp_path) == tmp_path / "new"
    assert choose_folder(None, "old", tmp_path) == tmp_path / "old"
    assert choose_folder(built, "old", tmp_path) == built
    with pytest.raises(DataError, match=r"build\.json"):
        read_settings(tmp_path)
    with pytest.raises(DataError, match="holds no dialogues"):
        count_lines(tmp_path)
