"""A test whose fact was trained, in whatever words and direction, measures memory and is read as understanding."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.build import BuildSettings, build
from dialogue.material import Origin, prepare
from dialogue.parts import Parts, by_entity, by_triple, choose_published, keys, parts_of, published
from dialogue.serialise import read_dialogues
from dialogue.splits import NONE, TEST, TRAIN, VALID
from dialogue.truth import Truth
from dialogue.types import SPLITS
from dialogue.verify import verify
from kg.adjacency import Adjacency, Relation, Vertex
from kg.adjacency import build as adjacency
from kg.errors import DataError
from tests.dialogue.conftest import ISLANDS, make_isles

Isles = Callable[..., Adjacency]
Triple = tuple[str, str, str]


def graph_of(triples: list[Triple]) -> Adjacency:
    entities = sorted({end for head, _, tail in triples for end in (head, tail)})
    relations = sorted({relation for _, relation, _ in triples})
    return adjacency("g", [Vertex(e, (e,)) for e in entities], [Relation(r, r.upper(), r) for r in relations], triples)


triples_of_few = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["r", "s", "t"]), st.integers(0, 12)), min_size=1, max_size=60
).map(lambda found: [(f"e{head}", relation, f"e{tail}") for head, relation, tail in found])


@given(triples_of_few)
def test_what_is_said_of_two_entities_stays_together_whatever_is_said(triples: list[Triple]) -> None:
    graph = graph_of(triples)
    parts = by_triple(graph).triples
    seen: dict[frozenset[int], int] = {}
    for head, tail, part in zip(graph.triple_heads().tolist(), graph.outgoing.neighbour.tolist(), parts, strict=True):
        assert seen.setdefault(frozenset((head, tail)), part) == part


@given(triples_of_few, triples_of_few)
def test_split_of_a_triple_does_not_hang_on_the_rest_of_the_graph(some: list[Triple], more: list[Triple]) -> None:
    fewer, whole = graph_of(some), graph_of(some + more)
    everywhere = dict(zip(keys(whole), by_triple(whole).triples.tolist(), strict=True))
    assert all(everywhere[key] == part for key, part in zip(keys(fewer), by_triple(fewer).triples, strict=True))


@given(triples_of_few)
def test_train_knows_no_entity_that_is_held_out(triples: list[Triple]) -> None:
    graph = graph_of(triples)
    parts = by_entity(graph)
    assert parts.entities is not None
    ends = np.stack([parts.entities[graph.triple_heads()], parts.entities[graph.outgoing.neighbour]])
    assert (parts.triples == ends.max(0)).all()
    assert (parts.entities == TEST).sum() <= 0.2 * len(parts.entities)


def big(hub: bool = False) -> Adjacency:
    chance = np.random.default_rng(0)
    ends = chance.integers(0, 2000, (20_000, 2)).tolist()
    triples = [(f"e{a}", f"r{(a + b) % 7}", f"e{b}") for a, b in ends]
    return graph_of(triples + [(f"e{i}", "type", "hub") for i in range(2000) if hub])


@pytest.mark.parametrize("split", [by_triple, by_entity])
def test_valid_and_test_are_a_fifth_each(split: Callable[[Adjacency], Parts]) -> None:
    graph = big()
    shares = np.bincount(split(graph).triples, minlength=3) / len(graph)
    assert shares.tolist() == pytest.approx([0.6, 0.2, 0.2], abs=0.02)


def test_hub_that_touches_everything_is_never_held_out() -> None:
    graph = big(hub=True)
    parts = by_entity(graph)
    assert parts.entities is not None
    hub = [entity.id for entity in graph.entities].index("hub")
    assert parts.entities[hub] == TRAIN
    assert (parts.triples == TRAIN).mean() > 0.5


def test_published_split_is_taken_as_it_is_and_what_it_leaves_out_is_asked_nowhere(
    isles: Isles, tmp_path: Path
) -> None:
    graph, file = isles(), tmp_path / "isles-9.tsv"
    named = dict(zip(keys(graph)[:30], [*SPLITS] * 10, strict=True))
    file.write_text("".join(f"{key}\t{part}\n" for key, part in named.items()))
    assert choose_published(tmp_path, "isles", None) == choose_published(tmp_path, "isles", "isles-9") == file
    parts = published(graph, file)
    assert parts.triples[:6].tolist() == [TRAIN, VALID, TEST] * 2
    assert set(parts.triples[30:].tolist()) == {NONE}
    material = prepare(Origin(graph, parts=parts))
    asked = [code for pool in material.pools for code in pool.any_format.triples.tolist()]
    assert sorted(asked) == list(range(30))


def test_published_split_that_is_not_there_not_clear_or_of_another_graph_is_said(isles: Isles, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No split was published"):
        choose_published(tmp_path, "isles", None)
    (tmp_path / "a.tsv").write_text("0\ttrain\n1\ttest\n")
    (tmp_path / "b.tsv").write_text("0\ttrian\n")
    with pytest.raises(DataError, match="published:a or published:b"):
        choose_published(tmp_path, "isles", None)
    with pytest.raises(DataError, match="of another state"):
        published(isles(), tmp_path / "a.tsv")
    with pytest.raises(DataError, match="line 1: 'trian'"):
        published(isles(), tmp_path / "b.tsv")


@pytest.mark.parametrize("word", ["tripel", "triple:", "published:", ""])
def test_split_that_there_is_not_is_said(isles: Isles, tmp_path: Path, word: str) -> None:
    with pytest.raises(DataError, match="There is no split"):
        parts_of(isles(), word, tmp_path)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a build split by triple and one split by entity, which no test changes."""
    folder, graph = tmp_path_factory.mktemp("apart"), make_isles(8)
    for name, split in (("triple", by_triple), ("entity", by_entity)):
        build(graph, BuildSettings(rounds=500, seed=2), folder / name, parts=split(graph))
    return folder


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """What the isles hold, as verify would read it from Neo4j; pictures are not there to be hashed."""
    graph, found = make_isles(8), Truth()
    for head, relation, tail in zip(
        graph.triple_heads().tolist(),
        graph.outgoing.relation.tolist(),
        graph.outgoing.neighbour.tolist(),
        strict=True,
    ):
        found.add(graph.entities[head].id, graph.relations[relation].path, graph.entities[tail].id)
    for entity in graph.entities:
        found.names[entity.id] = list(entity.names)
        for image in entity.images:
            found.images.add((entity.id, image.path, image.sha256))
            found._contents[image.path] = image.sha256
    return found


@pytest.mark.parametrize("by", ["triple", "entity"])
def test_no_fact_and_no_answer_of_a_later_split_is_told_in_an_earlier_one(apart: Path, truth: Truth, by: str) -> None:
    assert verify(apart / by, truth, "isles").findings == []
    told: dict[str, set[Triple]] = {}
    for split in SPLITS:
        facts = [t.fact for each in read_dialogues(apart / by / f"{split}.jsonl") for t in each.turns if t.fact]
        told[split] = {triple for fact in facts for triple in fact.triples}
        for fact in facts:  # what is listed counts as told
            subject = fact.triples[0][0 if fact.direction == "tail" else 2]
            for answer in fact.answers if split == "train" else ():
                ends = (subject, answer) if fact.direction == "tail" else (answer, subject)
                told[split].add((ends[0], fact.triples[0][1], ends[1]))
    assert len(told["test"]) > 3
    assert len(told["valid"]) > 3
    assert not told["train"] & (told["test"] | told["valid"])
    assert not told["valid"] & told["test"]


def test_dialogues_split_by_entity_never_speak_of_a_held_out_one_in_train(apart: Path) -> None:
    held = json.loads((apart / "entity" / "split_entities.json").read_text())
    assert held["test"]
    assert held["valid"]
    train = (apart / "entity" / "train.jsonl").read_text("utf-8")
    assert not [entity for entity in held["test"] + held["valid"] if f'"{entity}"' in train]
    islands = [name for name in ISLANDS if f"i:{name}" in held["test"] + held["valid"]]
    assert not [name for name in islands if f"{name} Island" in train]


def test_build_says_how_it_split(apart: Path) -> None:
    record = json.loads((apart / "triple" / "build.json").read_text())["split"]
    assert record["by"] == "triple"
    assert sum(record["triples"].values()) == len(make_isles(8))
    lines = (apart / "triple" / "split.tsv").read_text().splitlines()
    assert len(lines) == record["triples"]["valid"] + record["triples"]["test"]


def test_two_workers_split_as_one_does(apart: Path, tmp_path: Path) -> None:
    graph = make_isles(8)
    build(graph, BuildSettings(rounds=500, seed=2), tmp_path / "two", workers=2, parts=by_entity(graph))
    assert {f.name: f.read_bytes() for f in (tmp_path / "two").iterdir()} == {
        f.name: f.read_bytes() for f in (apart / "entity").iterdir()
    }


@pytest.mark.parametrize("by", ["triple", "entity"])
def test_dialogue_of_test_that_got_into_train_is_found(apart: Path, truth: Truth, by: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(apart / by, tmp_path / "copy"))
    record = json.loads((copy / "test.jsonl").read_text("utf-8").splitlines()[0])
    with (copy / "train.jsonl").open("a") as file:
        file.write(json.dumps(record | {"id": "leak"}) + "\n")
    reasons = verify(copy, truth, "isles").reasons
    assert reasons["split_leak"] >= len(record["conversations"]) // 2
    assert "never_trained" not in reasons


def test_answer_of_test_that_is_listed_in_train_is_found(apart: Path, truth: Truth, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(apart / "triple", tmp_path / "copy"))
    path, found = copy / "train.jsonl", 0
    lines = path.read_text("utf-8").splitlines()
    for n, line in enumerate(lines):
        record = json.loads(line)
        for turn in record["conversations"][1::2]:
            if turn["kg"]["kind"] != "fact":
                continue
            head, relation, tail = turn["kg"]["triples"][0]
            asks_tail = turn["kg"]["direction"] == "tail"
            true = truth.tails[head, relation] if asks_tail else truth.heads[relation, tail]
            found += bool(true - {*turn["kg"]["answers"]})
            turn["kg"]["answers"] = sorted(true)
        lines[n] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    assert found
    assert verify(copy, truth, "isles").reasons == {"split_leak": found}


def test_folder_that_lost_its_split_is_said(apart: Path, truth: Truth, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(apart / "triple", tmp_path / "copy"))
    (copy / "split.tsv").unlink()
    with pytest.raises(DataError, match="does not say how"):
        verify(copy, truth, "isles")
