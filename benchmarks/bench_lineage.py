"""Publishing dialogues against loading facts: relationships a second, on one server, in turn.

Reads the FB15K that KWK_FB15K_DIR names. KWK_BENCH_ROUNDS says how many rounds are published; default: 30,000. Facts
are loaded whole once, for dialogues to be about, and then in turn with them as many as there are relationships to
publish, into a graph of their own: to load and to take out all of them each time would last ten minutes.
"""

import os
import statistics
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

from benchmarks.stores import stores
from dialogue.build import BuildSettings, build
from dialogue.publish import publish
from ingest.load import load
from ingest.mmkb import read_mmkb
from ingest.target import Target, choose_tower
from kg import adjacency, removal
from kg.graph import claim, read
from kg.types import Source
from kg.upkeep_queries import REMOVE_NODES

RUNS = 3
BACK = "MATCH (t:Turn)-[:RESTS_ON {triple: $triple}]->() RETURN count(DISTINCT t) AS turns"
FORTH = """
MATCH (t:Turn {graph: $graph, id: $turn})-[o:RESTS_ON]->(b)
MATCH (t)-[:RESTS_ON]->(a)
MATCH (a)-[r]-(b) WHERE r.triple = o.triple
RETURN DISTINCT r.triple AS triple, r.sources AS sources
"""
SOME = """
MATCH (t:Turn {graph: $graph})-[r:RESTS_ON]->() WHERE r.triple IS NOT NULL
WITH t, r LIMIT 100000 WITH t, r ORDER BY rand() LIMIT 200
RETURN t.id AS turn, r.triple AS triple
"""


def main() -> None:
    """Measure on the stores of KWK_HOME, in graphs of their own."""
    named = os.environ.get("KWK_FB15K_DIR")
    if not named:
        print("lineage: SKIPPED, because KWK_FB15K_DIR names no folder of FB15K")
        return
    source = read_mmkb(Path(named), "fb15k")
    facts = Source(source.name, source.entities, source.triples, relation_labels=source.relation_labels)
    rounds = int(os.environ.get("KWK_BENCH_ROUNDS", "30000"))
    with stores() as (driver, engine, home), tempfile.TemporaryDirectory() as scratch:
        target, folder = Target(driver, engine, "bench-lineage", home), Path(scratch) / "bench-lineage"
        load(target, facts, choose_tower())
        try:
            build(adjacency.load(driver, target.graph), BuildSettings(rounds, formats=("T2T",)), folder, workers=2)
            compare(target, folder, facts, rounds)
        finally:
            removal.remove_graph(driver, engine, target.graph)


def compare(target: Target, folder: Path, facts: Source, rounds: int) -> None:
    """Publish a folder and load as many facts, in turn; print both rates and their ratio."""
    beside = replace(target, graph="bench-lineage-facts")
    rates: tuple[list[float], list[float]] = ([], [])
    for n in range(RUNS):
        start = time.perf_counter()
        done = publish(target.driver, target.graph, folder)
        links = done.turns + done.rests + done.shows
        rates[0].append(links / (time.perf_counter() - start))
        start = time.perf_counter()
        publish(target.driver, target.graph, folder)
        again = time.perf_counter() - start
        if n == RUNS - 1:
            ask(target)
        some = part(facts, links)
        start = time.perf_counter()
        load(beside, some, choose_tower())
        rates[1].append(len(some.triples) / (time.perf_counter() - start))
        removal.remove_graph(target.driver, target.engine, beside.graph)
        writer = claim(target.driver, target.graph)
        for label in ("Turn", "Dialogue"):
            removal.repeat(writer, REMOVE_NODES, removal.NODES, label=label)
    published, loaded = map(statistics.median, rates)
    print(
        f"lineage of {rounds:,} rounds, {links:,} relationships: {published:,.0f}/s; {len(some.triples):,} facts "
        f"{loaded:,.0f}/s; ratio {published / loaded:.2f} (medians of {RUNS}, in turn); published again {again:.1f} s"
    )


def part(facts: Source, size: int) -> Source:
    """Return the facts of the first heads, about `size` of them, and the entities that they join."""
    triples = list(islice(facts.triples, size))
    joined = {end for triple in triples for end in (triple.head, triple.tail)}
    entities = [entity for entity in facts.entities if entity.id in joined]
    return Source(facts.name, entities, triples, relation_labels=facts.relation_labels)


def ask(target: Target) -> None:
    """Time the two queries: from a turn to its sources, and from a triple to its turns."""
    some = read(target.driver, SOME, graph=target.graph)
    seconds: tuple[list[float], list[float]] = ([], [])
    for row in some:
        start = time.perf_counter()
        assert read(target.driver, FORTH, graph=target.graph, turn=row["turn"])
        middle = time.perf_counter()
        assert read(target.driver, BACK, triple=row["triple"])[0]["turns"]
        for kept, took in zip(seconds, (middle - start, time.perf_counter() - middle), strict=True):
            kept.append(1000 * took)
    forth, back = ((statistics.median(kept), max(kept)) for kept in seconds)
    print(
        f"turn to sources {forth[0]:.1f} ms (at most {forth[1]:.0f}), triple to turns {back[0]:.1f} ms (at most "
        f"{back[1]:.0f}), each of {len(some)} by chance"
    )


if __name__ == "__main__":
    main()
