"""What a user would lose if the graph in memory were not the graph in Neo4j."""

import os
from pathlib import Path

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.adjacency import Adjacency, Picture, Relation, Vertex, build
from kg.errors import DataError

numbers = st.integers(0, 7)
facts = st.lists(st.tuples(numbers, st.integers(0, 3), numbers), max_size=60)


def graph_of(triples: list[tuple[int, int, int]], entities: int = 8, relations: int = 4) -> Adjacency:
    return build(
        "test",
        [Vertex(f"e{i}", (f"Entity {i}",)) for i in range(entities)],
        [Relation(f"r{i}", f"R{i}", f"relation {i}") for i in range(relations)],
        [(f"e{head}", f"r{relation}", f"e{tail}") for head, relation, tail in triples],
    )


@given(facts)
def test_every_true_answer_is_found_in_both_directions_and_nothing_else(triples: list[tuple[int, int, int]]) -> None:
    graph = graph_of(triples)
    assert len(graph) == len(set(triples))
    for entity in range(8):
        for relation in range(4):
            tails = sorted({t for h, r, t in triples if (h, r) == (entity, relation)})
            heads = sorted({h for h, r, t in triples if (r, t) == (relation, entity)})
            assert graph.tails(entity, relation).tolist() == tails
            assert graph.heads(relation, entity).tolist() == heads


@given(facts)
def test_both_sides_give_a_triple_the_same_number(triples: list[tuple[int, int, int]]) -> None:
    graph = graph_of(triples)
    heads = graph.triple_heads()
    wanted = sorted(set(triples))
    assert list(zip(heads, graph.outgoing.relation, graph.outgoing.neighbour, strict=True)) == wanted
    for entity in range(8):
        for place in range(graph.incoming.indptr[entity], graph.incoming.indptr[entity + 1]):
            seen = (graph.incoming.neighbour[place], graph.incoming.relation[place], entity)
            assert seen == wanted[graph.incoming.triple[place]]


@given(facts, numbers)
def test_hop_distance_is_the_shortest_path(triples: list[tuple[int, int, int]], source: int) -> None:
    graph = graph_of(triples)
    found = networkx.single_source_shortest_path_length(graph.to_networkx().to_undirected(), f"e{source}")
    for cap in (1, 2, 5):
        expected = [min(found.get(f"e{i}", 99), cap + 1) for i in range(8)]
        assert graph.hops(source, cap).tolist() == expected


@given(facts)
def test_degree_counts_both_directions(triples: list[tuple[int, int, int]]) -> None:
    distinct = set(triples)
    expected = [sum(h == e for h, _, _ in distinct) + sum(t == e for _, _, t in distinct) for e in range(8)]
    assert graph_of(triples).degree().tolist() == expected


def test_order_of_input_does_not_change_the_arrays() -> None:
    entities = [Vertex("b", ("B",)), Vertex("a", ("A",), images=(Picture("a.png", "00"),))]
    relations = [Relation("s", "S", "s"), Relation("r", "R", "r")]
    triples = [("b", "s", "a"), ("a", "r", "b"), ("a", "r", "a"), ("b", "s", "a")]
    one = build("g", entities, relations, triples)
    other = build("g", entities[::-1], relations[::-1], triples[::-1])
    assert one.entities == other.entities
    assert one.entities[0].images == (Picture("a.png", "00"),)
    assert [relation.path for relation in one.relations] == ["r", "s"]
    assert np.array_equal(one.outgoing.neighbour, other.outgoing.neighbour)
    assert np.array_equal(one.incoming.triple, other.incoming.triple)


def test_networkx_gets_names_and_every_parallel_relation() -> None:
    graph = graph_of([(0, 0, 1), (0, 1, 1), (1, 0, 0)]).to_networkx()
    assert graph.nodes["e0"]["name"] == "Entity 0"
    assert sorted(graph.edges(keys=True)) == [("e0", "e1", "r0"), ("e0", "e1", "r1"), ("e1", "e0", "r0")]


def test_triple_of_an_unknown_entity_is_an_error_that_names_it() -> None:
    with pytest.raises(DataError, match="'e9'"):
        graph_of([(0, 0, 9)])


def test_graph_without_triples_answers_with_nothing() -> None:
    graph = graph_of([])
    assert len(graph) == 0
    assert graph.tails(0, 0).tolist() == []
    assert graph.hops(3, 2).tolist() == [3, 3, 3, 0, 3, 3, 3, 3]


@pytest.mark.fb15k
@pytest.mark.skipif(not os.environ.get("KWK_FB15K_DIR"), reason="KWK_FB15K_DIR names no FB15K data")
def test_fb15k_fits_in_a_few_megabytes() -> None:
    from ingest.mmkb import read_mmkb

    source = read_mmkb(Path(os.environ["KWK_FB15K_DIR"]))
    graph = build(
        "fb15k",
        [Vertex(e.id, e.names, e.types) for e in source.entities],
        [Relation(path, path, path) for path in {t.relation for t in source.triples}],
        ((t.head, t.relation, t.tail) for t in source.triples),
    )
    arrays = [getattr(side, name) for side in (graph.outgoing, graph.incoming) for name in side.__slots__]
    assert sum(array.nbytes for array in arrays) < 20_000_000
    assert len(graph) == len(source.triples)
