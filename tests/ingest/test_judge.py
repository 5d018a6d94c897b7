"""A graph is judged once, its verdicts stand where Cypher reaches them, and what experts chose stays chosen."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import neo4j
import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from sqlalchemy import Engine, text

from ingest.judge import GateSummary, judge
from kg import graph, vectors
from kg.errors import DataError, StoreError
from kg.types import ImageRecord

Kwk = Callable[..., Result]
Floats = NDArray[np.float32]

WIDTH = 32


@dataclass
class Bench:
    """A graph whose images are made of numbers: each entity has a direction of its own, which its images are near."""

    driver: neo4j.Driver
    engine: Engine
    name: str
    space: str = field(default_factory=lambda: f"test-{uuid.uuid4().hex[:8]}")
    width: int = WIDTH
    encode_text: Callable[[Sequence[str]], Floats] | None = None
    drawn: int = 0

    def add(self, entity: str, count: int, embedded: bool = True, **properties: Any) -> list[str]:
        """Add an entity, or images to it; return their sha256."""
        writer = graph.claim(self.driver, self.name)
        named = {"name": entity, "names": [entity], "description": ""} | properties
        writer.run("MERGE (e:Entity {graph: $graph, id: $id}) SET e += $named", id=entity, named=named)
        rng = np.random.default_rng(self.drawn)
        files = [f"{entity}/{n}.png" for n in range(self.drawn, self.drawn + count)]
        self.drawn += count
        records = [
            ImageRecord(entity, file, rng.bytes(32).hex(), int(rng.integers(2**63)), 9, 8, "PNG", 7) for file in files
        ]
        features = direction(entity) * 3 + rng.normal(size=(count, WIDTH)).astype(np.float32)
        space = self.space if embedded else f"{self.space}-other"
        vectors.store(self.engine, (self.name, "test"), records, space, features)
        graph.write_images(writer, records, "test")
        return [record.sha256 for record in records]

    def judge(self, **options: Any) -> GateSummary:
        return judge(self.driver, self.engine, self.name, self, **options)

    def edges(self, entity: str) -> dict[str, dict[str, Any]]:
        """Return what stands on an entity's HAS_IMAGE, by sha256."""
        rows = graph.read(
            self.driver,
            "MATCH (:Entity {graph: $graph, id: $id})-[h:HAS_IMAGE]->(i) RETURN i.sha256 AS sha, properties(h) AS h",
            graph=self.name,
            id=entity,
        )
        return {row["sha"]: row["h"] for row in rows}

    def everything(self) -> list[dict[str, Any]]:
        """Return what stands on every HAS_IMAGE."""
        return graph.read(
            self.driver,
            "MATCH (e:Entity {graph: $graph})-[h:HAS_IMAGE]->(i) "
            "RETURN e.id AS entity, i.sha256 AS sha, properties(h) AS h ORDER BY entity, sha",
            graph=self.name,
        )

    def vote(self, sha: str, *voters: str) -> None:
        self.driver.execute_query(
            "MATCH (:Entity {graph: $g})-[h:HAS_IMAGE]->(:Image {sha256: $sha}) "
            "SET h.voters = $voters, h.voted = [v IN $voters | '2026-01-01T00:00:00Z']",
            g=self.name, sha=sha, voters=voters,
        )  # fmt: skip


def direction(entity: str) -> Floats:
    """Return the direction of what an entity looks like."""
    rng = np.random.default_rng(int.from_bytes(entity.encode()[:12], "big"))
    return rng.normal(size=WIDTH).astype(np.float32)


def knowing(texts: Sequence[str]) -> Floats:
    """A text tower that knows what "a photo of NAME" looks like."""
    return np.stack([direction(text.removeprefix("a photo of ").split(",")[0]) for text in texts])


def guessing(texts: Sequence[str]) -> Floats:
    """A text tower that knows nothing."""
    return np.stack([np.random.default_rng(len(text) + n).normal(size=WIDTH) for n, text in enumerate(texts)])


@pytest.fixture
def bench(driver: neo4j.Driver, engine: Engine, graph_name: str) -> Iterator[Bench]:
    bench = Bench(driver, engine, graph_name)
    yield bench
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM embedding WHERE space LIKE :space"), {"space": f"{bench.space}%"})


def test_scores_ranks_and_reasons_stand_on_the_relationship(bench: Bench) -> None:
    bench.add("ann", 12)
    summary = bench.judge()
    assert (summary.judged, summary.images, dict(summary.gates)) == (1, 12, {"kept": 5, "dropped": 7})
    assert (dict(summary.reasons), summary.semantic, summary.why) == (
        {"typicality": 7}, False, "the encoder has no text tower",
    )  # fmt: skip
    edges = bench.edges("ann").values()
    assert sorted(edge["typicality_rank"] for edge in edges) == list(range(1, 13))
    for edge in edges:
        assert (edge["gate"], edge["reason"]) == (
            ("kept", "") if edge["typicality_rank"] <= 5 else ("dropped", "typicality")
        )
        assert edge["typicality"] == pytest.approx(0.2 * edge["dhash_score"] + 0.8 * edge["clip_score"], abs=1e-8)
        assert (edge["encoder"], edge["among"]) == (bench.space, 12)
        assert edge["sources"] == ["test"] and edge["path"].startswith("ann/")
        assert edge.keys().isdisjoint({"semantic", "semantic_rank", "duplicate_of"})


def test_nothing_is_judged_twice_and_what_changed_is_judged_whole(bench: Bench) -> None:
    bench.add("ann", 7)
    (gone, *_) = bench.add("bo", 7)
    assert bench.judge().judged == 2
    fence = graph.read(bench.driver, "MATCH (g:Graph {name: $graph}) RETURN g.fence AS fence", graph=bench.name)
    assert bench.judge().judged == 0
    assert graph.read(bench.driver, "MATCH (g:Graph {name: $graph}) RETURN g.fence AS fence", graph=bench.name) == fence
    before = bench.edges("bo")
    bench.add("ann", 1)
    assert bench.judge().judged == 1
    assert {edge["among"] for edge in bench.edges("ann").values()} == {8}
    assert bench.edges("bo") == before
    bench.driver.execute_query("MATCH (i:Image {graph: $g, sha256: $sha}) DETACH DELETE i", g=bench.name, sha=gone)
    assert bench.judge().judged == 1
    assert {edge["among"] for edge in bench.edges("bo").values()} == {6}
    everything = bench.everything()
    assert bench.judge(again=True).judged == 2
    assert bench.everything() == everything


def test_features_of_another_encoder_are_never_mixed_in(bench: Bench) -> None:
    bench.add("ann", 4)
    elsewhere = bench.add("ann", 2, embedded=False)
    summary = bench.judge()
    assert dict(summary.gates) == {"kept": 4, "unjudged": 2}
    edges = bench.edges("ann")
    assert all(edges[sha]["gate"] == "unjudged" and "typicality" not in edges[sha] for sha in elsewhere)
    other = Bench(bench.driver, bench.engine, bench.name, f"{bench.space}-other")
    assert dict(other.judge().gates) == {"kept": 2, "unjudged": 4}
    assert {edge.get("encoder") for edge in bench.edges("ann").values()} == {other.space, None}


def test_an_encoder_that_saw_none_of_the_images_changes_nothing_and_says_so(bench: Bench) -> None:
    bench.add("ann", 7)
    bench.judge()
    before = bench.everything()
    stranger = Bench(bench.driver, bench.engine, bench.name, "never-used")
    with pytest.raises(DataError, match="None of the 7 images .* 'never-used'"):
        stranger.judge()
    assert bench.everything() == before
    assert bench.judge().judged == 0


def test_a_graph_without_images_is_no_error(bench: Bench) -> None:
    bench.add("ann", 0)
    summary = bench.judge()
    assert (summary.judged, summary.images, dict(summary.gates)) == (0, 0, {})


def test_what_experts_chose_is_never_dropped_and_no_gate_erases_a_vote(bench: Bench) -> None:
    bench.add("ann", 12)
    bench.judge()
    last = max(bench.edges("ann").items(), key=lambda item: int(item[1]["typicality_rank"]))[0]
    bench.vote(last, "x")
    assert bench.judge().judged == 0 and bench.edges("ann")[last]["gate"] == "dropped"
    bench.vote(last, "x", "y")
    assert bench.judge().judged == 1
    for again in (False, True):
        bench.judge(again=again)
        edge = bench.edges("ann")[last]
        assert (edge["gate"], edge["reason"], edge["voters"]) == ("chosen", "", ["x", "y"])
        assert edge["typicality_rank"] == 12
    bench.vote(last, "x")
    bench.judge()
    edge = bench.edges("ann")[last]
    assert (edge["gate"], edge["reason"], edge["voters"]) == ("dropped", "typicality", ["x"])


def test_an_image_that_the_review_page_gave_back_is_judged_by_the_gates_again(bench: Bench) -> None:
    bench.add("ann", 12)
    bench.judge()
    last = max(bench.edges("ann").items(), key=lambda item: int(item[1]["typicality_rank"]))[0]
    bench.driver.execute_query(
        "MATCH ()-[h:HAS_IMAGE]->(:Image {graph: $g, sha256: $sha}) SET h.gate = 'kept', h.reason = ''",
        g=bench.name, sha=last,
    )  # fmt: skip
    assert bench.judge().judged == 1
    assert bench.edges("ann")[last]["gate"] == "dropped"


def test_votes_that_none_fits_leave_no_image_chosen(bench: Bench) -> None:
    first, *_ = bench.add("ann", 3, no_image_voters=["u", "v", "w"], no_image_voted=["1", "1", "1"])
    bench.vote(first, "x", "y")
    bench.judge()
    assert bench.edges("ann")[first]["gate"] == "kept"


def test_an_image_without_embedding_can_be_chosen(bench: Bench) -> None:
    bench.add("ann", 3)
    (unseen,) = bench.add("ann", 1, embedded=False)
    bench.vote(unseen, "x", "y")
    assert dict(bench.judge().gates) == {"kept": 3, "chosen": 1}


def test_the_semantic_gate_is_in_force_where_the_text_tower_knows_the_graph(bench: Bench) -> None:
    for n in range(60):
        bench.add(f"thing {n}", 7 if n < 3 else 1)
    bench.encode_text = knowing
    summary = bench.judge()
    assert summary.semantic and "of 60 of the graph's pictures" in summary.why
    edges = bench.edges("thing 0").values()
    assert sorted(edge["semantic_rank"] for edge in edges) == list(range(1, 8))
    assert {edge["reason"] for edge in edges if edge["semantic_rank"] > 5} == {"semantic"}
    (node,) = graph.read(bench.driver, "MATCH (g:Graph {name: $graph}) RETURN properties(g) AS p", graph=bench.name)
    assert node["p"]["gates_in_force"] and node["p"]["gates_bound"] > 0.5 and node["p"]["gates_auc"] > 0.9
    assert node["p"]["gates_wording"] == "a photo of {name}" and node["p"]["gates_why"] == summary.why
    bench.encode_text = None
    assert bench.judge().judged == 0
    bench.add("thing 0", 1)
    without = bench.judge()
    assert (without.semantic, without.judged) == (False, 60)  # not some entities by text, and the others without
    assert all("semantic" not in row["h"] for row in bench.everything())


def test_a_text_tower_that_guesses_drops_nothing(bench: Bench) -> None:
    for n in range(60):
        bench.add(f"thing {n}", 7 if n < 3 else 1)
    bench.encode_text = guessing
    summary = bench.judge()
    assert not summary.semantic and "chance is 50%" in summary.why
    assert dict(summary.reasons) == {"typicality": 6}
    assert all("semantic" not in row["h"] for row in bench.everything())


def test_a_tower_is_not_believed_on_the_strength_of_three_entities(bench: Bench) -> None:
    for n in range(3):
        bench.add(f"thing {n}", 7)
    bench.encode_text = knowing
    assert not bench.judge().semantic


def test_a_run_whose_graph_was_claimed_by_another_stops(bench: Bench) -> None:
    bench.add("ann", 7)
    writer = graph.claim(bench.driver, bench.name)
    graph.claim(bench.driver, bench.name)
    with pytest.raises(StoreError, match="Another command began"):
        bench.judge(writer=writer)
    assert {edge["gate"] for edge in bench.edges("ann").values()} == {"unjudged"}
    assert bench.judge().judged == 1


def test_a_run_that_was_cut_off_is_completed_by_the_next(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(6):
        bench.add(f"thing {n}", 7)
    monkeypatch.setattr("ingest.judge.BATCH", 7)
    written = 0

    @contextmanager
    def cut(title: str, total: int) -> Iterator[Callable[[int], None]]:
        def advance(done: int) -> None:
            nonlocal written
            written += done
            if written > 20:
                raise InterruptedError

        yield advance

    with pytest.raises(InterruptedError):
        bench.judge(progress=cut)
    assert bench.judge().judged == 3
    everything = bench.everything()
    bench.judge(again=True)
    assert bench.everything() == everything


def test_gates_need_no_torch() -> None:
    code = "import sys, ingest.judge, ingest.explain; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_table_of_an_entity_says_why(bench: Bench, kwk: Kwk) -> None:
    bench.add("Ann [bold]", 12)
    bench.add("Ann Lee", 2)
    bench.add("Bo", 0)
    bench.judge()
    first = max(bench.edges("Ann [bold]").items(), key=lambda item: int(item[1]["typicality_rank"]))[0]
    bench.vote(first, "x")
    shown = kwk("images", "gates", "--graph", bench.name, "--explain", "ann [BOLD]").stdout
    assert "Ann [bold] (Ann [bold])" in shown and shown.count("dropped") == 7
    assert "out of force: the encoder has no text tower" in shown
    told = json.loads(kwk("images", "gates", "--graph", bench.name, "--explain", "Ann [bold]", "--json").stdout)
    assert [image["typicality_rank"] for image in told["images"]] == list(range(1, 13))
    assert told["images"][-1]["votes"] == 1 and told["images"][-1]["voters"] == ["x"]
    unknown = kwk("images", "gates", "--graph", bench.name, "--explain", "ann", code=1).output
    assert "no entity" in unknown and "Ann Lee (Ann Lee, 2 images)" in unknown
    assert "has no images" in kwk("images", "gates", "--graph", bench.name, "--explain", "Bo", code=1).output
    assert "no entity" in kwk("images", "gates", "--graph", bench.name, "--explain", " ", code=1).output


def test_the_page_of_an_entity_needs_nothing_else_and_trusts_no_name(
    bench: Bench, kwk: Kwk, tmp_path: Path
) -> None:  # fmt: skip
    bench.add("<script>alert(1)</script>", 2)
    bench.judge()
    out = tmp_path / "page.html"
    asked = ("images", "gates", "--graph", bench.name, "--explain", "<script>alert(1)</script>", "--out")
    kwk(*asked, str(out))
    page = out.read_text("utf-8")
    assert page.count("<figure") == 2 and "<script" not in page and "http" not in page
    assert page.count("<small>The file ") == 2  # of pictures that are gone it says so
    assert "can't be written" in kwk(*asked, str(tmp_path / "no" / "page.html"), code=1).output
    assert "--out goes with --explain" in kwk("images", "gates", "--out", str(out), code=2).output


def test_a_name_that_several_have_is_asked_back(bench: Bench, kwk: Kwk) -> None:
    bench.add("p1", 1, name="Paris", names=["Paris"])
    bench.add("p2", 2, name="Paris", names=["Paris"])
    bench.judge()
    asked = kwk("images", "gates", "--graph", bench.name, "--explain", "Paris", code=1).output
    assert "may mean several" in asked and asked.index("p2") < asked.index("p1")
    assert "p1" in kwk("images", "gates", "--graph", bench.name, "--explain", "p1").output
