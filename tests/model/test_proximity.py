"""Proximity, exclusions and chances against networkx and brute force, on graphs that hypothesis makes up."""

import math
from dataclasses import replace

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.adjacency import Adjacency, Relation, Vertex, build
from kg.errors import DataError
from model import tiers
from model.anchors import Anchors
from model.exclusions import says_the_same
from model.gallery import Gallery, rows
from model.mix import HARD, all_random, mix_at, parse_mix
from model.negatives import Sampler
from model.proximity import Proximity
from model.tiers import NAMES, Pool, Question, Tier

SIZE = 12
Triples = set[tuple[int, int, int]]
triples = st.sets(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, 3), st.integers(0, SIZE - 1)), min_size=1, max_size=40
)
images = st.lists(st.lists(st.integers(0, SIZE), max_size=2, unique=True), min_size=SIZE, max_size=SIZE)
pairs = st.sets(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), max_size=4)


def graph_of(found: Triples, paths: tuple[str, ...] = ("r0", "r1", "r2", "r3")) -> Adjacency:
    entities = [Vertex(f"e{n:02}", (f"E{n}",), (f"T{n % 3}",) if n % 4 else ()) for n in range(SIZE)]
    said = [(f"e{a:02}", paths[r], f"e{b:02}") for a, r, b in found]
    return build("small", entities, [Relation(path, path.upper(), path) for path in paths], said)


def gallery_of(owned: list[list[int]], alike: set[tuple[int, int]]) -> Gallery:
    """Make a gallery without pixels: who owns which image, and which are nearly the same."""
    owners: list[list[int]] = [[] for _ in range(SIZE + 1)]
    near: list[set[int]] = [{n} for n in range(SIZE + 1)]
    for entity, found in enumerate(owned):
        for image in found:
            owners[image].append(entity)
    for a, b in alike:
        near[a].add(b)
        near[b].add(a)
    nothing = np.zeros((SIZE + 1, 1), np.float32)
    return Gallery(
        tuple(str(n) for n in range(SIZE + 1)), {}, nothing.astype(np.float16), nothing,
        rows(owners), rows([sorted(found) for found in owned]), rows([sorted(each) for each in near]),
        None,  # type: ignore[arg-type]
    )  # fmt: skip


def links_of(graph: Adjacency) -> "networkx.Graph[int]":
    number = {entity.id: n for n, entity in enumerate(graph.entities)}
    links: networkx.Graph[int] = networkx.Graph()
    links.add_nodes_from(range(SIZE))
    links.add_edges_from((number[a], number[b]) for a, b in graph.to_networkx().edges() if a != b)
    return links


def anchors_of(graph: Adjacency, gallery: Gallery) -> Anchors:
    """Ask for every tail that has an image."""
    found = [
        (int(gallery.images[tail][0]), tail, relation, head)
        for head, relation, tail in zip(
            graph.triple_heads().tolist(),
            graph.outgoing.relation.tolist(),
            graph.outgoing.neighbour.tolist(),
            strict=True,
        )
        if len(gallery.images[tail])
    ]
    columns = np.array(found, np.int32).reshape(-1, 4).T
    answers = [graph.tails(head, relation) for _, _, relation, head in found]
    return Anchors(columns[0], columns[1], columns[2], np.ones(len(found), bool), answers, columns[3])


@given(triples)
def test_hops_and_weights_are_those_of_networkx(found: Triples) -> None:
    graph = graph_of(found)
    near, links = Proximity(graph, np.arange(SIZE, dtype=np.int32)), links_of(graph)
    for entity in range(SIZE):
        away = networkx.single_source_shortest_path_length(links, entity)
        assert near.hops(entity).tolist() == [min(away.get(other, 9), 4) for other in range(SIZE)]
        others = [(entity, other) for other in range(SIZE) if other != entity]
        expected = {other: weight for _, other, weight in networkx.adamic_adar_index(links, others)}
        np.testing.assert_allclose(np.delete(near.adamic_adar(entity), entity), list(expected.values()), atol=1e-12)
        ring = tiers.two_hops(near, Question(entity, 0, True))
        assert set(ring.entities.tolist()) == networkx.descendants_at_distance(links, entity, 2)
        assert ring.weights is not None
        np.testing.assert_allclose(ring.weights, [expected[other] for other in ring.entities.tolist()])


@given(triples, images, pairs, st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)  # the first draw compiles
def test_no_excluded_image_is_ever_drawn_and_every_tier_holds(
    found: Triples, owned: list[list[int]], alike: set[tuple[int, int]], seed: int
) -> None:
    graph, gallery = graph_of(found), gallery_of(owned, alike)
    anchors, sampler = anchors_of(graph, gallery), Sampler(graph, gallery)
    drawn = sampler.draw(anchors, 20, np.full(len(NAMES), 1 / len(NAMES)), np.random.default_rng(seed))
    links = links_of(graph)
    for i, row in enumerate(drawn.image.tolist()):
        head, relation, tail = int(anchors.subject[i]), int(anchors.relation[i]), int(anchors.entity[i])
        true = {b for a, r, b in found if (a, r) == (head, relation)}
        out = {image for image in range(SIZE + 1) if true & set(gallery.owners[image].tolist())}
        out |= {b for a, b in alike | {(b, a) for a, b in alike} if a in out}
        assert not out & set(row)
        for image, owner, tier in zip(row, drawn.owner[i].tolist(), drawn.tier[i].tolist(), strict=True):
            if image < 0:
                continue
            assert image in gallery.images[owner]
            away = networkx.single_source_shortest_path_length(links, tail).get(owner)
            assert {
                "range": any(r == relation and b == owner for _, r, b in found),
                "shares": away == 2,
                "neighbour": away == 1,
                "type": graph.entities[owner].types == graph.entities[tail].types != (),
                "random": True,
            }[NAMES[tier]]


@pytest.mark.parametrize("mix", [mix_at(1.0), mix_at(1.0, "shares=1", 1.0), mix_at(0.3, "neighbour=1"), all_random()])
def test_images_are_drawn_as_often_as_their_chance_says(mix: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    found = {tuple(row) for row in rng.integers([SIZE, 4, SIZE], size=(30, 3)).tolist()}
    graph = graph_of(found)
    gallery = gallery_of([[n, SIZE] if n % 5 == 0 else [n] for n in range(SIZE)], {(1, 2)})
    anchors, sampler = anchors_of(graph, gallery), Sampler(graph, gallery)
    chances = sampler.probability(anchors, mix)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    drawn = sampler.draw(anchors, 20_000, mix, np.random.default_rng(0))
    assert (drawn.image < 0).mean() < 1e-4  # what was refused every time
    counts = np.stack([np.bincount(row[row >= 0], minlength=SIZE + 1) for row in drawn.image])
    spread = np.sqrt(20_000 * chances * (1 - chances))
    assert (abs(counts - 20_000 * chances) <= 5 * spread + 1e-6).all()


def test_picture_of_what_the_graph_calls_the_same_is_no_negative() -> None:
    graph = graph_of({(0, 0, 1), (1, 1, 2), (3, 1, 2), (4, 0, 5)}, ("r0", "http://x.org/owl#sameAs", "r2", "r3"))
    order = [relation.path for relation in graph.relations]
    gallery = gallery_of([[n] for n in range(SIZE)], set())
    asked = order.index("r0")
    answers = graph.tails(0, asked)
    excluded = Sampler(graph, gallery).exclusions.images(1, 0, asked, True, answers)
    assert excluded.tolist() == [1, 2, 3]  # whom the graph calls the same, over two steps as well
    assert [says_the_same(path) for path in ("skos:exactMatch", "/a/b.same_as", "/film/film/directed_by")] == [
        True, True, False,
    ]  # fmt: skip


def test_answer_by_a_relation_that_says_the_same_turned_round_is_no_negative() -> None:
    both = {(n, 0, n + 5) for n in range(5)} | {(n + 5, 1, n) for n in range(5)}
    graph = graph_of(both | {(11, 1, 0)})  # as if (0, r0, 11) had been forgotten
    gallery = gallery_of([[n] for n in range(SIZE)], set())
    excluded = Sampler(graph, gallery).exclusions.images(5, 0, 0, True, graph.tails(0, 0))
    assert excluded.tolist() == [5, 11]


def test_new_tier_needs_one_function_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_three(near: Proximity, question: Question) -> Pool:
        return Pool(near.illustrated[:3], np.array([1.0, 2.0, 3.0]))

    mine = replace(tiers.TIERS[0], name="mine", about=lambda near, question: None, pool=first_three)
    assert isinstance(mine, Tier)
    monkeypatch.setattr("model.negatives.TIERS", (mine, *tiers.TIERS[1:]))
    graph, gallery = graph_of({(5, 0, 6), (6, 1, 7)}), gallery_of([[n] for n in range(SIZE)], set())
    sampler = Sampler(graph, gallery)
    drawn = sampler.draw(anchors_of(graph, gallery), 3_000, np.array([1.0, 0, 0, 0, 0]), np.random.default_rng(0))
    assert np.bincount(drawn.image[0], minlength=3)[:3] / 3_000 == pytest.approx([1 / 6, 1 / 3, 1 / 2], abs=0.04)


def test_mix_is_read_scaled_and_refused_with_what_is_wrong() -> None:
    assert parse_mix("range = 1, shares=3") == {"range": 0.25, "shares": 0.75}
    assert math.isclose(sum(parse_mix(HARD).values()), 1)
    np.testing.assert_allclose(mix_at(0.0, "shares=1", 0.5, ramp=0.0), [0, 0.5, 0, 0, 0.5])
    for wrong, told in (
        ("far=1", "no tier 'far'"),
        ("range", "no share"),
        ("range=0", "above zero"),
        ("type=nan", "or more"),
    ):
        with pytest.raises(DataError, match=told):
            parse_mix(wrong)
