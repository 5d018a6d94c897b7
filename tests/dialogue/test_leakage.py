"""A leak that the report shows as zero is trusted, and a paper is written on it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dialogue.build import BuildSettings, build
from dialogue.leakage import LINES, leakage, write_leakage
from dialogue.parts import Parts, by_entity, by_triple
from dialogue.relation_links import linked
from kg.adjacency import Adjacency, Picture, Relation, Vertex
from kg.adjacency import build as adjacency
from kg.errors import DataError

TOWNS = 60


def mirrored() -> Adjacency:
    """Towns and their mayors: said twice, and once the other way round."""
    entities, triples = [], []
    for n in range(TOWNS):
        image = (Picture(f"{n}.png", f"{n:064d}"),) if n % 2 else ()
        entities += [Vertex(f"t{n}", (f"Town {n}",), ("Town",), image), Vertex(f"m{n}", (f"Mayor {n}",), ("Person",))]
        triples += [(f"t{n}", "mayor", f"m{n}"), (f"t{n}", "headOf", f"m{n}"), (f"m{n}", "governs", f"t{n}")]
        triples += [(f"t{n}", "twinOf", f"t{n ^ 1}"), (f"t{n}", "near", f"t{(n + 2) % TOWNS}")]
    relations = [Relation(path, path.upper(), path) for path in ("mayor", "headOf", "governs", "twinOf", "near")]
    return adjacency("towns", entities, relations, triples, {"Town": "Town", "Person": "Person"})


def at_random(graph: Adjacency) -> Parts:
    """A split as nobody should make it: each triple by its own luck."""
    return Parts("published", np.random.default_rng(1).choice(3, len(graph), p=(0.6, 0.2, 0.2)).astype(np.uint8))


def built(folder: Path, parts: Parts | None, graph: Adjacency | None = None) -> dict[str, dict[str, float]]:
    build(graph or mirrored(), BuildSettings(rounds=900, seed=1), folder, parts=parts)
    shares: dict[str, dict[str, float]] = leakage(folder)["leakage"]["test"]
    return shares


def test_relations_that_say_the_same_are_known_in_both_directions() -> None:
    graph = mirrored()
    paths = [relation.path for relation in graph.relations]
    found = linked(paths, graph.triple_heads(), graph.outgoing.relation, graph.outgoing.neighbour)
    assert found.near_duplicate == {"mayor": ("headOf",), "headOf": ("mayor",)}
    assert found.inverse == {
        "governs": ("headOf", "mayor"),
        "mayor": ("governs",),
        "headOf": ("governs",),
        "twinOf": ("twinOf",),
    }


def test_relation_that_is_a_part_of_another_gives_it_away_and_not_the_other_way_round() -> None:
    heads = np.arange(30)
    wide, narrow = (
        np.stack([heads, np.zeros(30, int), heads + 100]),
        np.stack([heads[:5], np.ones(5, int), heads[:5] + 100]),
    )
    found = linked(["wide", "narrow"], *np.concatenate([wide, narrow], 1))
    assert found.near_duplicate == {"wide": ("narrow",)}
    assert found.inverse == {}


def test_split_by_chance_leaks_by_inverse_and_duplicate_and_ours_does_not(tmp_path: Path) -> None:
    graph = mirrored()
    leaky = built(tmp_path / "chance", at_random(graph))["all"]
    assert leaky["triple"] == 0
    assert leaky["inverse"] > 0.05
    assert leaky["near_duplicate"] > 0.05
    assert leaky["pair"] > leaky["inverse"]
    for name, parts in (("triple", by_triple(graph)), ("entity", by_entity(graph))):
        shares = built(tmp_path / name, parts)
        assert shares["all"]["rounds"] > 50
        for group in shares.values():
            assert not any(group[line] for line in ("triple", "inverse", "near_duplicate", "pair", "question"))


def test_split_by_format_trains_each_triple_and_says_so(tmp_path: Path) -> None:
    shares = built(tmp_path / "format", None)
    assert {group["triple"] for group in shares.values()} == {1.0}
    assert set(shares) > {"all", "T2I"}
    assert shares["all"]["rounds"] == sum(group["rounds"] for name, group in shares.items() if name != "all")


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """Dialogues split by triple, which a test may spoil."""
    built(tmp_path / "clean", by_triple(mirrored()))
    return tmp_path / "clean"


def test_dialogues_of_test_copied_into_train_leak_in_every_line(clean: Path) -> None:
    with (clean / "train.jsonl").open("ab") as train:
        train.write((clean / "test.jsonl").read_bytes())
    shares = leakage(clean)["leakage"]["test"]["all"]
    always = [line for line in LINES if line not in ("inverse", "near_duplicate", "image")]
    assert min(shares[line] for line in always) > 0.9  # a round may name no answer, or have no triple
    assert min(shares["inverse"], shares["near_duplicate"], shares["image"]) > 0


def test_folder_without_a_report_is_compared_by_what_it_says(clean: Path, tmp_path: Path) -> None:
    with_graph = leakage(clean)
    copy = Path(shutil.copytree(clean, tmp_path / "copy"))
    for name in ("wordings.json", "build.json"):
        (copy / name).unlink()
    alone = leakage(copy)
    assert alone["split"] == {"by": "unknown"}
    assert alone["rounds"] == with_graph["rounds"]
    assert alone["relations"]["near_duplicate"]


def test_command_tells_what_the_file_tells(clean: Path) -> None:
    from dialogue.leakage_commands import told

    found = write_leakage(clean)
    assert json.loads(json.dumps(found)) == json.loads((clean / "leakage.json").read_text())
    lines = told(found)
    assert "Split by triple" in lines[0]
    assert sum(line.startswith("near_duplicate") for line in lines) == 2


def test_line_that_is_no_dialogue_is_named(clean: Path, tmp_path: Path) -> None:
    with (clean / "test.jsonl").open("a") as file:
        file.write('{"conversations": [1, 2]}\n')
    with pytest.raises(DataError, match=r"test\.jsonl, line \d+ is no dialogue"):
        leakage(clean)
    with pytest.raises(DataError, match=r"holds no train\.jsonl"):
        leakage(tmp_path)
