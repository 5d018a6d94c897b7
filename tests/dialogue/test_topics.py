"""Pictures that a conversation looks at together belong together, or there is nothing to compare."""

import numpy as np
import pytest

from dialogue.material import Origin, prepare
from dialogue.splits import TRAIN
from dialogue.topics_of_images import image_topics, large_enough
from dialogue.walk import Task, walk
from kg.adjacency import Adjacency, Picture, Relation, Vertex
from kg.adjacency import build as adjacency


@pytest.fixture(scope="module")
def flags() -> Adjacency:
    """Eighty countries with a picture each, of four kinds; a port each."""
    entities = [
        Vertex(f"c{n:02}", (f"Country {n}",), ("Country",), (Picture(f"{n}.png", f"{n:064x}"),)) for n in range(80)
    ]
    entities += [Vertex(f"p{n:02}", (f"Port {n}",), ("Port",)) for n in range(80)]
    triples = [(f"c{n:02}", "v:hasMainPort", f"p{n:02}") for n in range(80)]
    triples += [(f"c{n:02}", "v:neighbour", f"c{(n + 1) % 80:02}") for n in range(80)]
    return adjacency("flags", entities, [Relation(r, r, r) for r in ("v:hasMainPort", "v:neighbour")], triples)


@pytest.fixture(scope="module")
def features() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(0)
    centres = np.eye(4, 16, dtype=np.float32)
    return {f"{n:064x}": centres[n % 4] + 0.05 * chance.normal(size=16).astype(np.float32) for n in range(80)}


def test_like_images_make_a_topic(flags: Adjacency, features: dict[str, np.ndarray]) -> None:
    topics = image_topics(flags, features)
    assert len(topics) >= 4
    assert all(len({entity % 4 for entity, _ in topic}) == 1 for topic in topics)
    assert topics == image_topics(flags, features)


def test_conversation_shows_two_to_four_images_of_one_topic(flags: Adjacency, features: dict[str, np.ndarray]) -> None:
    material = prepare(Origin(flags, kinds=("fact",), topics=image_topics(flags, features)))
    found = [walk(material, 0, Task(TRAIN, n, turn=10_001 + 2 * n)).plan for n in range(400)]
    plans = [plan for plan in found if plan is not None and plan.strategy == "topic"]
    assert len(plans) > 20
    for plan in plans:
        shown = [each.subject for each in plan.rounds if each.format & 1]
        assert len(shown) >= 2
        assert len({entity % 4 for entity in shown[:2]}) == 1


def test_clusters_that_are_too_small_or_show_one_thing_are_dropped() -> None:
    images = [(n, 0) for n in range(40)] + [(99, place) for place in range(40)] + [(50, 0)]
    labels = [0] * 40 + [1] * 40 + [2]
    assert large_enough(images, labels) == (tuple(images[:40]),)


def test_graph_with_few_images_has_no_topics(flags: Adjacency, features: dict[str, np.ndarray]) -> None:
    assert image_topics(flags, {}) == ()
    assert image_topics(flags, dict(list(features.items())[:3])) == ()
