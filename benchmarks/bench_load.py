"""FB15K into Neo4j against one MERGE a triple and against the fastest safe loader; a second ingest against the first.

Reads the FB15K that KWK_FB15K_DIR names. A peer that takes minutes is run on a part of the triples, and compared by
its rate.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import neo4j

from benchmarks.stores import stores
from ingest.load import load
from ingest.mmkb import read_mmkb
from ingest.target import Target, batches, choose_tower
from kg import graph, removal
from kg.entity_rows import entity_row
from kg.naming import relation_types, type_labels
from kg.types import Source, Triple

RUNS = 5
PART = 20_000  # triples that the slow peer is given

# One MERGE a triple, with our schema and our properties.
MERGE = """
MATCH (a:Entity {graph: $graph, id: $head}) MATCH (b:Entity {graph: $graph, id: $tail})
MERGE (a)-[r:$($type) {triple: $triple}]->(b) SET r.relation = $relation, r.sources = $sources
"""

# The fastest loader that was measured to be safe to repeat (triples grouped by head, dynamic types), with our
# properties.
HEAD_GUARD = """
UNWIND $heads AS h MATCH (a:Entity {graph: $graph, id: h[0]})
WITH a, h, COLLECT { MATCH (a)-[r]->(b) RETURN type(r) + ' ' + b.id } AS have
UNWIND h[1] AS x WITH a, x, have WHERE NOT ($ty[x[1]] + ' ' + x[0]) IN have
MATCH (b:Entity {graph: $graph, id: x[0]})
CREATE (a)-[r:$($ty[x[1]])]->(b) SET r.relation = $rel[x[1]], r.triple = x[2], r.sources = $sources
"""

ENTITIES = """
UNWIND $rows AS row
MERGE (e:Entity {graph: $graph, id: row.id}) SET e += row.properties SET e:$([l IN [row.label] WHERE l IS NOT NULL])
"""


def main() -> None:
    """Measure on the stores of KWK_HOME, in a graph of their own."""
    named = os.environ.get("KWK_FB15K_DIR")
    if not named:
        print("load: SKIPPED, because KWK_FB15K_DIR names no folder of FB15K")
        return
    with stores() as (driver, engine, home):
        target = Target(driver, engine, "bench-load", home)
        bench(target, read_mmkb(Path(named), "fb15k"))
        removal.remove_graph(driver, engine, target.graph)


def bench(target: Target, source: Source) -> None:
    """Run the four sides in turn and print medians and ratios."""
    facts_only = Source(source.name, source.entities, source.triples, relation_labels=source.relation_labels)
    tower = choose_tower()
    types = relation_types({triple.relation for triple in source.triples}, {})
    triples = list(source.triples)
    sides: dict[str, Callable[[], object]] = {
        "ours": lambda: load(target, facts_only, tower),
        "again": lambda: load(target, facts_only, tower),
        "guard": lambda: head_guard(target, facts_only, types),
        "merge": lambda: merge_part(target, facts_only, types, random.Random(0).sample(triples, PART)),  # noqa: S311
    }
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(RUNS):
        for side, run in sides.items():
            if side != "again":
                removal.remove_graph(target.driver, target.engine, target.graph)
            start = time.perf_counter()
            run()
            seconds[side].append(time.perf_counter() - start)
    ours, again, guard, merge = (statistics.median(seconds[side]) for side in sides)
    entities = statistics.median(merge_entities)
    whole = entities + (merge - entities) * len(triples) / PART
    print(f"FB15K, {len(triples):,} triples, {len(source.entities):,} entities, medians of {RUNS}, in turn:")
    print(f"  ours {ours:.1f} s; again {again:.1f} s, {again / ours:.0%} of the first")
    print(f"  head guard with the same properties {guard:.1f} s: ours takes {ours / guard:.2f} of its time")
    print(
        f"  one MERGE a triple, 1,000 a transaction: {merge:.1f} s for {PART:,}, so {whole:.0f} s: {whole / ours:.1f}"
    )


merge_entities: list[float] = []  # seconds that the peer took for the entities alone


def entities(target: Target, source: Source) -> graph.Writer:
    """Write the entities with all their properties and labels, as every loader has to."""
    writer = graph.claim(target.driver, target.graph)
    kinds = type_labels({each.types[0] for each in source.entities if each.types}, {})
    for part in batches(source.entities, 5_000):
        rows = []
        for each in part:
            row = entity_row(each, kinds, source.name)
            said = {"names": row["names"], "sources": [source.name]}
            rows.append({"id": each.id, "label": row["label"], "properties": dict(each.properties) | said})
            rows[-1]["properties"] |= {"name": each.name, "description": each.description, "types": list(each.types)}
        writer.run(ENTITIES, rows=rows)
    return writer


def head_guard(target: Target, source: Source, types: dict[str, str]) -> None:
    """Load by the head guard, 10,000 triples a transaction."""
    writer = entities(target, source)
    relations = sorted(types)
    number = {relation: i for i, relation in enumerate(relations)}
    names = {"ty": [types[relation] for relation in relations], "rel": relations, "sources": ["bench"]}
    heads: dict[str, list[list[object]]] = {}
    for each in source.triples:
        heads.setdefault(each.head, []).append([each.tail, number[each.relation], each.key(target.graph)])
    batch: list[list[object]] = []
    size = 0
    for head, facts in heads.items():
        batch.append([head, facts])
        size += len(facts)
        if size >= 10_000:
            writer.run(HEAD_GUARD, heads=batch, **names)
            batch, size = [], 0
    writer.run(HEAD_GUARD, heads=batch, **names)


def merge_part(target: Target, source: Source, types: dict[str, str], triples: Sequence[Triple]) -> None:
    """Load some triples one MERGE at a time, as the driver's documentation shows."""
    start = time.perf_counter()
    entities(target, source)
    merge_entities.append(time.perf_counter() - start)
    with target.driver.session() as session:
        for first in range(0, len(triples), 1000):
            session.execute_write(merge, triples[first : first + 1000], types, target.graph)


def merge(tx: neo4j.ManagedTransaction, triples: Sequence[Triple], types: dict[str, str], name: str) -> None:
    """Write facts one MERGE at a time."""
    for triple in triples:
        tx.run(
            MERGE, graph=name, head=triple.head, tail=triple.tail, type=types[triple.relation],
            triple=triple.key(name), relation=triple.relation, sources=["bench"],
        )  # fmt: skip


if __name__ == "__main__":
    main()
