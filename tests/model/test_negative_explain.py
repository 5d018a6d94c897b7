"""An explanation that names another tier than was drawn, or hides why an image is never a negative."""

import math
from pathlib import Path

import numpy as np
import pytest

from kg.adjacency import Adjacency, Picture, Relation, Vertex, build
from kg.errors import DataError
from model.gallery import Gallery, rows
from model.mix import mix_at
from model.negative_explain import explain
from model.negative_plot import PLOT, plot

PLACES = ("Peru", "Bolivia", "Chile", "Brazil", "Chad", "Nowhere")


@pytest.fixture
def world() -> tuple[Adjacency, Gallery]:
    """Countries with a flag each; Bolivia's and Chad's are nearly the same, Nowhere has none."""
    entities = [
        Vertex(f"c{n}", (name,), ("Country",), (Picture(f"{name}.png", name),)) for n, name in enumerate(PLACES)
    ]
    borders = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 5)]
    graph = build(
        "places", entities, [Relation("urn:x:borders", "BORDERS", "bordering")],
        [(f"c{a}", "urn:x:borders", f"c{b}") for a, b in borders],
    )  # fmt: skip
    nothing = np.zeros((5, 1), np.float32)
    near = rows([[0], [1, 4], [2], [3], [1, 4]])
    own = rows([[n] for n in range(5)])
    images = rows([*([n] for n in range(5)), []])
    names = {name: n for n, name in enumerate(PLACES[:5])}
    return graph, Gallery(PLACES[:5], names, nothing.astype(np.float16), nothing, own, images, near, None)  # type: ignore[arg-type]


def test_each_negative_says_tier_hops_and_weight_and_each_excluded_image_why(world: tuple[Adjacency, Gallery]) -> None:
    found = explain(*world, ("c0", "borders", "c1"), mix_at(1.0, "neighbour=1", 1.0), 20)
    assert (found.head, found.relation, found.tail, found.image) == ("Peru", "bordering", "Bolivia", "Bolivia.png")
    assert {(each.entity, each.tier, each.hops, each.adamic_adar) for each in found.drawn} == {
        ("Peru", "neighbour", 1, 0.0),
        ("Brazil", "neighbour", 1, 0.0),
    }
    assert all(each.chance == pytest.approx(1 / 2) for each in found.drawn)
    why = {each.image: each.why for each in found.excluded}
    assert why == {
        "Bolivia.png": "the right image",
        "Chile.png": "a true answer: Chile",
        "Chad.png": "a near-duplicate of Bolivia.png",
    }


def test_weight_of_a_two_hop_negative_is_the_sum_over_common_neighbours(world: tuple[Adjacency, Gallery]) -> None:
    found = explain(*world, ("c2", "BORDERS", "c3"), mix_at(1.0, "shares=1", 1.0), 6)
    assert {(each.entity, each.hops) for each in found.drawn} == {("Peru", 2)}
    assert found.drawn[0].adamic_adar == pytest.approx(2 / math.log(2), abs=1e-4)


@pytest.mark.parametrize(
    ("triple", "told"),
    [
        (("c1", "borders", "c0"), "does not say: Bolivia · bordering · Peru"),
        (("c0", "eats", "c1"), "has no relation 'eats'"),
        (("c9", "borders", "c1"), "has no entity c9"),
        (("c0", "borders", "c5"), "Nowhere has no image"),
    ],
)
def test_triple_that_can_not_be_explained_is_refused_with_a_reason(
    world: tuple[Adjacency, Gallery], triple: tuple[str, str, str], told: str
) -> None:
    with pytest.raises(DataError, match=told):
        explain(*world, triple, mix_at(1.0), 4)


def test_what_was_drawn_is_plotted_and_a_run_without_draws_has_no_plot(tmp_path: Path) -> None:
    plot(tmp_path, {"tiers": {"range": 0}, "hops": {"1": 0}})
    assert not (tmp_path / PLOT).exists()
    plot(tmp_path, {"tiers": {"range": 3, "random": 5}, "hops": {"1": 6, "2": 2}})
    assert {"range", "random", "1 hop", "2 hops"} <= set((tmp_path / PLOT).read_text().replace(">", "<").split("<"))
