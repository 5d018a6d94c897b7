"""A picture under the wrong owner, a near-duplicate that is not seen, a held-out style that is fitted on."""

import numpy as np
import pytest

from ingest.descriptor import CELLS, COLOURS
from kg.adjacency import Picture, Relation, Vertex, build
from kg.errors import DataError
from model.gallery import NEAR_BITS, cells_of, gallery, near_duplicates, pictures_of, rows, style_of


@pytest.mark.parametrize(
    ("path", "style"),
    [
        ("flag-PE-noto.webp", "noto"),
        ("images/flag-PE-twemoji.webp", "twemoji"),
        ("m.0x/noto_0.jpg", "noto"),
        ("m.0x/google_12.jpg", "google"),
        ("plain.png", "plain"),
        ("a-b/c-ink_3.tar.png", "ink_3.tar"),
    ],
)
def test_style_stands_at_the_end_of_a_files_name(path: str, style: str) -> None:
    assert style_of(path) == style


def test_rows_give_back_the_lists_that_were_packed() -> None:
    lists = [[3, 1], [], [5], [2, 2, 9]]
    packed = rows(lists)
    assert [packed[i].tolist() for i in range(4)] == lists
    assert packed.gather(np.array([3, 1, 0], np.int32)).tolist() == [2, 2, 9, 3, 1]
    assert packed.gather(np.empty(0, np.int32)).tolist() == []
    assert rows([]).values.dtype == np.int32
    assert len(rows([]).start) == 1


def three() -> tuple[list[str], np.ndarray]:
    shas = [letter * 64 for letter in "abc"]
    grid = np.random.default_rng(0).normal(size=(3, CELLS * 5))
    grid /= np.linalg.norm(grid, axis=1, keepdims=True)
    return shas, np.concatenate([grid, np.zeros((3, COLOURS))], axis=1).astype(np.float32)


def test_gallery_knows_owners_and_images_both_ways() -> None:
    (a, b, c), measured = three()
    entities = [
        Vertex("one", ("One",), (), (Picture("a.png", a), Picture("c.png", c))),
        Vertex("three", ("Three",), (), (Picture("gone.png", "f" * 64),)),  # of which nothing was measured
        Vertex("two", ("Two",), (), (Picture("again.png", c), Picture("b.png", b), Picture("same.png", b))),
    ]
    graph = build("g", entities, [Relation("r", "R", "r")], [("one", "r", "two")])
    found = gallery(graph, dict(zip((c, a, b), measured, strict=True)), {a: 0, b: 1, c: 2})
    assert found.sha256 == (a, b, c)
    assert len(found) == 3
    assert [found.images[n].tolist() for n in range(3)] == [[0, 2], [], [1, 2]]
    assert [found.owners[n].tolist() for n in range(3)] == [[0], [2], [0, 2]]
    assert found.illustrated.tolist() == [0, 2]
    assert found.cells.shape == (3, CELLS, 5)
    np.testing.assert_allclose(np.linalg.norm(found.descriptors, axis=1), 1, rtol=1e-5)
    again = gallery(graph, dict(zip((c, a, b), measured, strict=True)), {a: 0, b: 1, c: 2}, found.descriptor)
    np.testing.assert_array_equal(again.descriptors, found.descriptors)


def test_graph_without_a_picture_that_can_be_read_is_said() -> None:
    graph = build("bare", [Vertex("a", ("A",)), Vertex("b", ("B",))], [Relation("r", "R", "r")], [("a", "r", "b")])
    with pytest.raises(DataError, match="'bare' has no image.*ingest images first"):
        gallery(graph, {}, {})


def test_grid_has_a_mean_square_of_one_whatever_the_tower() -> None:
    _, measured = three()
    cells = cells_of(measured)
    np.testing.assert_allclose((cells**2).mean(axis=(1, 2)), 1, rtol=1e-4)
    np.testing.assert_allclose(cells[1].reshape(-1) / np.sqrt(CELLS * 5), measured[1, : CELLS * 5], rtol=1e-5)


def test_near_duplicates_are_near_by_both_measures() -> None:
    alike, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    descriptors = np.array([alike, alike, alike, other], np.float32)
    bits = (1 << NEAR_BITS) - 1
    hashes = np.array([0, bits, (bits << 1) | 1, 0], np.uint64)  # 0, 6, 7 and 0 bits away from the first
    near = [found.tolist() for found in near_duplicates(descriptors, hashes)]
    assert near == [[0, 1], [0, 1, 2], [1, 2], [3]]


def test_style_that_is_held_out_is_not_among_the_pictures() -> None:
    images = (Picture("a-ink.png", "a" * 64), Picture("a-oil.png", "b" * 64), Picture("copy-ink.png", "b" * 64))
    graph = build(
        "g", [Vertex("a", ("A",), (), images), Vertex("b", ("B",))], [Relation("r", "R", "r")], [("a", "r", "b")]
    )
    assert pictures_of(graph) == {"a" * 64: "a-ink.png", "b" * 64: "a-oil.png"}
    assert pictures_of(graph, lambda path: style_of(path) == "oil") == {"a" * 64: "a-ink.png", "b" * 64: "copy-ink.png"}
    assert pictures_of(graph, lambda path: style_of(path) == "ink") == {"b" * 64: "a-oil.png"}
