"""Facts reach Neo4j once each, whoever says them, and whatever happens on the way."""

from collections.abc import Iterator
from typing import Any

import neo4j
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j.exceptions import IncompleteCommit

from kg import facts as facts_
from kg import graph, queries
from kg.errors import StoreError
from kg.settings import Addresses, Neo4jAddress
from kg.types import Triple

TYPES = {"/a/knows": "KNOWS", "/a/likes": "LIKES"}
FACTS = [Triple("x", "/a/knows", "y"), Triple("x", "/a/likes", "y"), Triple("y", "/a/knows", "x")]


@pytest.fixture
def writer(driver: neo4j.Driver, graph_name: str) -> graph.Writer:
    """The right to write a new graph of three entities."""
    made = graph.claim(driver, graph_name)
    rows = [
        {"id": each, "properties": {"name": each}, "makeshift": {}, "names": [each], "label": None, "said": []}
        for each in "xyz"
    ]
    made.run(queries.WRITE_ENTITIES, rows=rows, source="test", labels=[])
    return made


def facts_in(writer: graph.Writer) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return what the bare driver finds."""
    records, _, _ = writer.driver.execute_query(
        "MATCH (a:Entity {graph: $g})-[r]->(b:Entity) RETURN a.id, type(r), b.id, r.sources ORDER BY a.id, type(r)",
        g=writer.graph,
    )
    return [(*record.values()[:3], tuple(record.values()[3])) for record in records]


def write(writer: graph.Writer, facts: list[Triple], source: str = "first") -> int:
    """Write facts as a loader does."""
    triples = sorted(facts, key=lambda fact: fact.head)
    return sum(facts_.write(writer, source, TYPES, batch) for batch in facts_.batches(writer.graph, triples, 2))


def test_the_same_facts_written_twice_stand_once(writer: graph.Writer) -> None:
    assert write(writer, [*FACTS, FACTS[0]]) == 3
    assert write(writer, FACTS) == 0
    assert facts_in(writer) == [
        ("x", "KNOWS", "y", ("first",)),
        ("x", "LIKES", "y", ("first",)),
        ("y", "KNOWS", "x", ("first",)),
    ]


def test_a_fact_that_two_sources_say_names_both_and_stands_once(writer: graph.Writer) -> None:
    write(writer, FACTS[:1])
    assert write(writer, FACTS, "second") == 2
    assert write(writer, FACTS, "second") == 0
    assert facts_in(writer)[0] == ("x", "KNOWS", "y", ("first", "second"))
    assert facts_in(writer)[1] == ("x", "LIKES", "y", ("second",))


def test_an_edge_of_the_users_own_is_never_touched(writer: graph.Writer) -> None:
    writer.driver.execute_query(
        "MATCH (a:Entity {graph: $g, id: 'x'}), (b:Entity {graph: $g, id: 'y'}) CREATE (a)-[:KNOWS {mine: true}]->(b)",
        g=writer.graph,
    )
    assert write(writer, FACTS) == 3
    records, _, _ = writer.driver.execute_query(
        "MATCH (:Entity {graph: $g})-[r {mine: true}]->() RETURN properties(r)", g=writer.graph
    )
    assert [record[0] for record in records] == [{"mine": True}]


def test_an_edge_that_was_deleted_is_restored_by_its_source(writer: graph.Writer) -> None:
    write(writer, FACTS)
    writer.driver.execute_query("MATCH (:Entity {graph: $g})-[r:LIKES]->() DELETE r", g=writer.graph)
    assert write(writer, FACTS) == 1
    assert len(facts_in(writer)) == 3


def test_a_writer_that_was_overtaken_stops_and_writes_nothing(writer: graph.Writer) -> None:
    newer = graph.claim(writer.driver, writer.graph)
    with pytest.raises(StoreError, match="Another command began to write"):
        write(writer, FACTS)
    assert facts_in(writer) == []
    assert write(newer, FACTS) == 3


def test_a_batch_whose_answer_was_lost_is_sent_again_and_stands_once(writer: graph.Writer) -> None:
    lost: Iterator[bool] = iter([True, True, False])

    def work(tx: graph.Tx) -> str:
        tx.run("MATCH (e:Entity {graph: $g, id: 'z'}) SET e.tries = coalesce(e.tries, 0) + 1", g=writer.graph).consume()
        if next(lost):
            raise IncompleteCommit("the server went away")  # what the driver raises out of its commit
        return "in"

    assert writer.write(work) == "in"
    records, _, _ = writer.driver.execute_query("MATCH (e {graph: $g, id: 'z'}) RETURN e.tries", g=writer.graph)
    assert records[0][0] == 1  # the two tries before were rolled back


def test_a_hub_is_split_over_batches_and_loses_no_fact() -> None:
    facts = [Triple("hub", "/a/knows", f"t{n}") for n in range(25)] + [Triple("leaf", "/a/knows", "t0")]
    batches = list(facts_.batches("g", facts, 10))
    assert [len(batch) for batch in batches] == [10, 10, 6]
    assert facts_held(batches) == sorted(facts, key=repr)


def facts_held(batches: list[facts_.Batch]) -> list[Triple]:
    """Return the facts that batches hold."""
    return sorted(
        (
            Triple(head, batch.relations[number], tail)
            for batch in batches
            for head, keys, numbers, tails in batch.rows
            for _, number, tail in zip(keys, numbers, tails, strict=True)
        ),
        key=repr,
    )


@given(st.lists(st.builds(Triple, *[st.text("abc", min_size=1, max_size=2)] * 3)), st.integers(1, 7))
def test_batches_hold_every_distinct_fact_once(facts: list[Triple], size: int) -> None:
    batches = list(facts_.batches("g", sorted(facts, key=lambda fact: fact.head), size))
    assert facts_held(batches) == sorted(set(facts), key=repr)
    assert [batch.n for batch in batches] == list(range(len(batches)))
    assert all(0 < len(batch) <= size for batch in batches)


def test_a_wrong_password_is_told_in_one_sentence_that_does_not_hold_it(addresses: Addresses) -> None:
    wrong = Neo4jAddress(addresses.neo4j.uri, "neo4j", "not-the-password")
    with pytest.raises(StoreError, match="does not let us in") as caught:
        graph.connect(wrong)
    assert "not-the-password" not in str(caught.value)


def test_a_query_that_neo4j_refuses_is_a_store_error(driver: neo4j.Driver) -> None:
    nonsense: Any = "RETURN $missing"
    with pytest.raises(StoreError, match="could not answer"):
        graph.read(driver, nonsense)


def test_reading_can_not_write(driver: neo4j.Driver) -> None:
    with pytest.raises(StoreError, match="could not answer"):
        graph.read(driver, "CREATE (n:Entity) RETURN n")
