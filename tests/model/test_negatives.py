"""A negative that answers the question after all, a tier that is not what it says, a curriculum that never hardens."""

from dataclasses import dataclass

import networkx
import numpy as np
import pytest

from ingest.descriptor import COLOURS
from kg.adjacency import Adjacency, Picture, Relation, Vertex, build
from model.anchors import Anchors
from model.gallery import Gallery, gallery
from model.mix import all_random, mix_at
from model.negatives import Drawn, Sampler, histogram
from model.proximity import FARTHEST
from model.tiers import NAMES, RANDOM

EVEN = np.full(len(NAMES), 1 / len(NAMES))
ENTITIES, PICTURED = 60, 45


@dataclass(frozen=True)
class World:
    """A random graph, its pictures, questions about it, and the same graph for networkx."""

    graph: Adjacency
    gallery: Gallery
    anchors: Anchors
    hops: dict[int, dict[int, int]]  # entity -> entity -> edges between them, by networkx

    def answers_of(self, image: int) -> set[int]:
        return set(self.gallery.owners[image].tolist())


def measured(count: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 32 + COLOURS)).astype(np.float32)
    rows[:, :32] /= np.linalg.norm(rows[:, :32], axis=1, keepdims=True)
    return rows


def make_world(seed: int) -> World:
    """Make a graph in which some pictures belong to two entities, and some are nearly another's."""
    rng = np.random.default_rng(seed)
    shas = [f"{n:064x}" for n in range(PICTURED + 10)]
    pictures: list[list[str]] = [[shas[n]] if n < PICTURED else [] for n in range(ENTITIES)]
    for n in range(10):  # a second picture for some
        pictures[n].append(shas[PICTURED + n])
    pictures[20].append(shas[21])  # a picture of two entities
    pictures[22].append(shas[23])
    entities = [
        Vertex(f"e{n:02}", (f"Entity {n}",), (f"T{n % 4}",) if n % 7 else (), tuple(Picture(s, s) for s in pictures[n]))
        for n in range(ENTITIES)
    ]
    triples = {
        (f"e{a:02}", f"r{r}", f"e{b:02}")
        for a, r, b in zip(
            rng.integers(ENTITIES, size=130), rng.integers(4, size=130), rng.integers(ENTITIES, size=130), strict=True
        )
        if a != b
    }
    graph = build("world", entities, [Relation(f"r{n}", f"R{n}", f"r{n}") for n in range(5)], triples)
    rows = measured(len(shas), seed)
    hashes = {sha: int(rng.integers(1 << 63)) for sha in shas}
    for copy, original in ((30, 31), (PICTURED, 5)):  # nearly the same picture, of other entities
        rows[copy] = rows[original] + 1e-4 * rng.normal(size=rows.shape[1])
        hashes[shas[copy]] = hashes[shas[original]] ^ 0b101
    found = gallery(graph, dict(zip(shas, rows, strict=True)), hashes)
    links = networkx.Graph()
    links.add_nodes_from(range(ENTITIES))
    number = {entity.id: n for n, entity in enumerate(graph.entities)}
    links.add_edges_from((number[a], number[b]) for a, b in graph.to_networkx().edges())
    hops = dict(networkx.all_pairs_shortest_path_length(links))
    return World(graph, found, anchors_of(graph, found), hops)


def anchors_of(graph: Adjacency, found: Gallery) -> Anchors:
    """Ask for every pictured tail, and for every pictured head, of every triple."""
    image, entity, relation, asks_tail, answers, subject = [], [], [], [], [], []
    heads = graph.triple_heads().tolist()
    for n, head in enumerate(heads):
        kind, tail = int(graph.outgoing.relation[n]), int(graph.outgoing.neighbour[n])
        for asked, right, about, asks in (
            (graph.tails(head, kind), tail, head, True),
            (graph.heads(kind, tail), head, tail, False),
        ):
            if len(found.images[right]):
                image.append(int(found.images[right][0]))
                entity.append(right)
                relation.append(kind)
                asks_tail.append(asks)
                answers.append(np.asarray(asked, np.int32))
                subject.append(about)
    image.append(int(found.images[3][0]))  # a picture that nobody asked for
    entity.append(3)
    relation.append(-1)
    asks_tail.append(False)
    answers.append(np.array([3], np.int32))
    subject.append(-1)
    return Anchors(
        np.array(image, np.int32),
        np.array(entity, np.int32),
        np.array(relation, np.int32),
        np.array(asks_tail),
        answers,
        np.array(subject, np.int32),
    )


@pytest.fixture(scope="module", params=[1, 2])
def world(request: pytest.FixtureRequest) -> World:
    return make_world(request.param)


def draw(world: World, shares: np.ndarray = EVEN, seed: int = 0, count: int = 24) -> Drawn:
    return Sampler(world.graph, world.gallery).draw(world.anchors, count, shares, np.random.default_rng(seed))


def hops_of(world: World, drawn: Drawn) -> np.ndarray:
    return Sampler(world.graph, world.gallery).hops(world.anchors, drawn)


def share(name: str) -> np.ndarray:
    """Return the mix of one tier alone."""
    return np.array([float(name == each) for each in NAMES])


def forbidden(world: World, i: int) -> set[int]:
    """Return what must not be a negative, found without the sampler: pictures of answers, and their near-duplicates."""
    own = {
        image for image in range(len(world.gallery)) if world.answers_of(image) & set(world.anchors.answers[i].tolist())
    } | {int(world.anchors.image[i])}
    near = {int(other) for image in own for other in world.gallery.near[image]}
    return own | near


def test_negative_never_shows_a_true_answer_nor_what_looks_like_it(world: World) -> None:
    drawn = draw(world)
    assert any(len(forbidden(world, i)) > 3 for i in range(len(world.anchors.image)))
    for i, row in enumerate(drawn.image):
        assert (row >= 0).all()
        assert not set(row.tolist()) & forbidden(world, i)
        answers = set(world.anchors.answers[i].tolist())
        assert not any(world.answers_of(image) & answers for image in row.tolist())


def test_whole_gallery_leaves_out_the_same_images(world: World) -> None:
    allowed = Sampler(world.graph, world.gallery).allowed(world.anchors)
    for i, row in enumerate(allowed):
        assert set(np.flatnonzero(~row).tolist()) == forbidden(world, i)


def test_each_tier_is_what_it_says(world: World) -> None:
    drawn = draw(world)
    hops = hops_of(world, drawn)
    anchors, graph = world.anchors, world.graph
    seen = set()
    for (i, k), tier in np.ndenumerate(drawn.tier):
        name, entity, owner = NAMES[tier], int(anchors.entity[i]), int(drawn.owner[i, k])
        seen.add(name)
        assert owner in world.answers_of(int(drawn.image[i, k]))
        assert hops[i, k] == min(world.hops[entity].get(owner, FARTHEST + 1), FARTHEST + 1)
        match name:
            case "neighbour":
                assert hops[i, k] == 1
            case "shares":
                assert hops[i, k] == 2
            case "range":
                side = graph.incoming if anchors.asks_tail[i] else graph.outgoing
                assert int(anchors.relation[i]) in side.relation[side.indptr[owner] : side.indptr[owner + 1]]
            case "type":
                assert graph.entities[owner].types == graph.entities[entity].types != ()
    assert seen == set(NAMES)


def test_picture_that_nobody_asked_for_has_no_range(world: World) -> None:
    drawn = draw(world, share("range"))
    assert (drawn.tier[-1] == RANDOM).all()
    assert (drawn.tier[:-1] == NAMES.index("range")).any()


def test_same_seed_draws_the_same_and_another_seed_others(world: World) -> None:
    first, again, other = draw(world, seed=4), draw(world, seed=4), draw(world, seed=5)
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.tier, again.tier)
    np.testing.assert_array_equal(first.owner, again.owner)
    assert (first.image != other.image).any()


def test_negatives_harden_as_training_goes_on(world: World) -> None:
    mixes = [mix_at(progress) for progress in (0.0, 0.2, 0.4, 0.6, 1.0)]
    for mix in mixes:
        assert mix.sum() == pytest.approx(1)
        assert (mix >= 0).all()
    assert mixes[0][RANDOM] == 1
    assert mixes[-1][RANDOM] == pytest.approx(0.2)
    shares = [mix[RANDOM] for mix in mixes]
    assert shares == sorted(shares, reverse=True)
    near = [float((hops_of(world, draw(world, mix)) == 1).mean()) for mix in (mixes[0], mixes[-1])]
    assert near[1] > 1.5 * near[0]


def test_random_baseline_draws_by_no_proximity(world: World) -> None:
    drawn = draw(world, all_random())
    assert (drawn.tier == RANDOM).all()
    assert histogram(drawn, hops_of(world, drawn))["tiers"] == dict.fromkeys(NAMES, 0) | {"random": drawn.image.size}


def test_share_of_a_tier_is_drawn_where_it_has_images(world: World) -> None:
    drawn = draw(world, share("type"))
    typed = np.array([bool(world.graph.entities[e].types) for e in world.anchors.entity.tolist()])
    assert (drawn.tier[typed] == NAMES.index("type")).mean() > 0.9
    assert (drawn.tier[~typed] == RANDOM).all()


def test_histogram_counts_what_was_drawn(world: World) -> None:
    drawn = draw(world)
    hops = hops_of(world, drawn)
    counts = histogram(drawn, hops)
    assert sum(counts["tiers"].values()) == sum(counts["hops"].values()) == drawn.image.size
    assert counts["tiers"]["range"] == int((drawn.tier == 0).sum())
    assert counts["hops"]["2"] == int((hops == 2).sum())
    assert counts["hops"][f">{FARTHEST}"] == int((hops == FARTHEST + 1).sum())


def test_graph_with_too_few_images_draws_none_rather_than_a_wrong_one() -> None:
    pictures = [(Picture("a.png", "a" * 64), Picture("b.png", "b" * 64)), (), ()]
    entities = [Vertex(f"e{n}", (f"E{n}",), ("T",), found) for n, found in enumerate(pictures)]
    graph = build("g", entities, [Relation("r", "R", "r")], [("e0", "r", "e1"), ("e1", "r", "e2")])
    rows = measured(2)
    found = gallery(graph, {"a" * 64: rows[0], "b" * 64: rows[1]}, {"a" * 64: 0, "b" * 64: (1 << 64) - 1})
    none = np.array([0], np.int32)
    anchors = Anchors(none, none, none, np.array([True]), [none], np.array([1], np.int32))
    sampler = Sampler(graph, found)
    drawn = sampler.draw(anchors, 5, EVEN, np.random.default_rng(0))
    hops = sampler.hops(anchors, drawn)
    assert (drawn.image == drawn.owner).all()
    assert (drawn.image == hops).all()
    assert (drawn.image == -1).all()
    assert not sampler.probability(anchors, EVEN).any()
    distances = ["0", "1", "2", "3", ">3"]
    assert histogram(drawn, hops) == {"tiers": dict.fromkeys(NAMES, 0), "hops": dict.fromkeys(distances, 0)}
    assert not Sampler(graph, found).allowed(anchors).any()


def test_right_image_is_no_negative_even_where_no_answer_is_known(world: World) -> None:
    one = Anchors(
        world.anchors.image[:1], world.anchors.entity[:1], world.anchors.relation[:1], world.anchors.asks_tail[:1],
        [np.empty(0, np.int32)], np.array([-1], np.int32),
    )  # fmt: skip
    sampler = Sampler(world.graph, world.gallery)
    drawn = sampler.draw(one, 500, EVEN, np.random.default_rng(0))
    assert int(one.image[0]) not in drawn.image
    assert np.flatnonzero(~sampler.allowed(one)[0]).tolist() == world.gallery.near[int(one.image[0])].tolist()


def test_batch_without_anchors_draws_nothing(world: World) -> None:
    none = np.empty(0, np.int32)
    drawn = Sampler(world.graph, world.gallery).draw(
        Anchors(none, none, none, np.empty(0, bool), [], none), 4, EVEN, np.random.default_rng(0)
    )
    assert drawn.image.shape == drawn.tier.shape == drawn.owner.shape == (0, 4)
