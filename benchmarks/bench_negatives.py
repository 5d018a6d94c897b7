"""Exact negatives from the two-hop ring a second: ours, networkx, and PyKEEN's filters, in turn on one thread.

Ours draws by Adamic-Adar from the ring, images included, and never a true answer. networkx finds the ring of each query
and draws from what is no true answer; PyKEEN corrupts tails at random and filters what is true, as its docs show.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from statistics import median

import networkx
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.stores import stores
from kg import adjacency
from kg.adjacency import Adjacency
from model.anchors import Anchors
from model.gallery import Gallery, rows
from model.mix import mix_at
from model.negatives import Sampler
from model.tiers import NAMES, RANDOM

GRAPHS, ROUNDS, BATCH, COUNT, FEW = ("atlas", "fb15k"), 5, 1024, 32, 8
CHECKED = 10_000_000  # draws in which no true answer may be
LEAST = 0.2  # seconds that a side draws in a round, or one draw would be timed while caches are cold
RING = mix_at(1.0, "shares=1", hardest=1.0, ramp=0.0)

Draw = Callable[[], int]  # draw once and return how many negatives there were


def main() -> None:
    """Measure on the graphs of KWK_HOME."""
    torch.set_num_threads(1)
    with stores() as (driver, _, _):
        graphs = [adjacency.load(driver, name) for name in GRAPHS]
    for graph in graphs:
        measure(graph)


def measure(graph: Adjacency) -> None:
    """Print the rates of all sides on a graph, and how many of ours were false."""
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(graph), min(BATCH, len(graph)), replace=False)
    sampler, asked = Sampler(graph, portraits(graph)), anchors(graph, chosen)
    start = time.perf_counter()
    sampler.draw(asked, COUNT, RING, rng)
    print(f"{graph.graph}: rings of {len(chosen)} questions found in {time.perf_counter() - start:.1f} s, then kept")
    sides: dict[str, Draw] = {
        "ours": lambda: int((sampler.draw(asked, COUNT, RING, rng).tier != RANDOM).sum()),
        "networkx": by_networkx(graph, chosen[:FEW]),
        **by_pykeen(graph, chosen),
    }
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, draw in sides.items():
            begun, worked, drawn = time.perf_counter(), time.process_time(), 0
            while time.perf_counter() - begun < LEAST:
                drawn += draw()
            rates[name].append((drawn / (time.perf_counter() - begun), drawn / (time.process_time() - worked)))
    ours = [median(each[i] for each in rates["ours"]) for i in (0, 1)]
    for name, found in rates.items():
        wall, worked = (median(each[i] for each in found) for i in (0, 1))
        print(
            f"{graph.graph} {name}: {wall:,.0f} negatives/s, {worked:,.0f} a second of processor time; "
            f"ours is {ours[0] / wall:,.2f} and {ours[1] / worked:,.2f} times that"
        )
    print(f"{graph.graph}: {false_negatives(graph, sampler, asked, rng)} false negatives in {CHECKED:,} draws")


def portraits(graph: Adjacency) -> Gallery:
    """Return a gallery in which every entity has one image, with its own number."""
    count = len(graph.entities)
    own = rows([[n] for n in range(count)])
    nothing = np.zeros((count, 1), np.float32)
    return Gallery(tuple(map(str, range(count))), {}, nothing.astype(np.float16), nothing, own, own, own, None)  # type: ignore[arg-type]


def anchors(graph: Adjacency, triples: NDArray[np.int64]) -> Anchors:
    """Ask for the tails of triples."""
    heads, relations = graph.triple_heads()[triples], graph.outgoing.relation[triples]
    tails = graph.outgoing.neighbour[triples]
    answers = [graph.tails(*each) for each in zip(heads.tolist(), relations.tolist(), strict=True)]
    return Anchors(tails, tails, relations, np.ones(len(triples), np.bool_), answers, heads)


def by_networkx(graph: Adjacency, triples: NDArray[np.int64]) -> Draw:
    """Draw from what `descendants_at_distance` finds, less the true tails; one query after the other."""
    whole = graph.to_networkx()
    links = networkx.Graph(whole.to_undirected())
    relations = [relation.path for relation in graph.relations]
    ids = [entity.id for entity in graph.entities]
    rng = random.Random(0)  # noqa: S311 - no secret
    asked = anchors(graph, triples)

    def draw() -> int:
        drawn = 0
        for head, relation, tail in zip(
            asked.subject.tolist(), asked.relation.tolist(), asked.entity.tolist(), strict=True
        ):
            true = {each for _, each, path in whole.out_edges(ids[head], keys=True) if path == relations[relation]}
            ring = list(networkx.descendants_at_distance(links, ids[tail], 2) - true)
            drawn += len(rng.choices(ring, k=COUNT)) if ring else 0
        return drawn

    return draw


def by_pykeen(graph: Adjacency, triples: NDArray[np.int64]) -> dict[str, Draw]:
    """Corrupt tails with BasicNegativeSampler and each of its filters; nothing where PyKEEN is not installed."""
    try:
        from pykeen.sampling import BasicNegativeSampler
    except ImportError:
        print("PyKEEN is not installed, so its filters are NOT measured: pip install 'kwk[dev]'")
        return {}
    columns = graph.triple_heads(), graph.outgoing.relation, graph.outgoing.neighbour
    mapped = torch.from_numpy(np.stack(columns, axis=1).astype(np.int64))
    batch = mapped[torch.from_numpy(triples)]

    def side(filterer: str) -> Draw:
        sampler = BasicNegativeSampler(
            mapped_triples=mapped, num_entities=len(graph.entities), num_relations=len(graph.relations),
            num_negs_per_pos=COUNT, corruption_scheme=("tail",), filtered=True, filterer=filterer,
        )  # fmt: skip

        def draw() -> int:
            return int(sampler.sample(batch)[1].sum())

        return draw

    return {"PyKEEN's set filter": side("python-set"), "PyKEEN's Bloom filter": side("bloom")}


def false_negatives(graph: Adjacency, sampler: Sampler, asked: Anchors, rng: np.random.Generator) -> int:
    """Count the true triples among CHECKED draws of all tiers, found by the sorted keys of the whole graph."""
    relations, entities = len(graph.relations), len(graph.entities)
    heads = graph.triple_heads().astype(np.int64)
    keys = (heads * relations + graph.outgoing.relation) * entities + graph.outgoing.neighbour  # ascending
    about = (asked.subject.astype(np.int64) * relations + asked.relation) * entities
    even = np.full(len(NAMES), 1 / len(NAMES))
    false = checked = 0
    while checked < CHECKED:
        drawn = sampler.draw(asked, 512, even, rng).image
        wanted = (about[:, None] + drawn)[drawn >= 0]
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        false += int((keys[place] == wanted).sum())
        checked += wanted.size
    return false


if __name__ == "__main__":
    main()
