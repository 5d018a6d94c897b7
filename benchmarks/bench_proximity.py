"""Negatives near the answer in the graph against random ones: docs/log.md.

Every run is one line of KWK_HOME/bench/proximity.jsonl; what stands there is not run again. KWK_PROXIMITY_GRAPHS names
graphs (generated, atlas, fb15k: its triples of which both entities have images), _ARMS arms, _SEEDS seeds, by commas.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.ablation_table import over_seeds
from benchmarks.stores import stores
from ingest.sentences import minilm
from kg.adjacency import Adjacency, Relation, Vertex, build
from kg.cli import default_home
from model.anchors import Anchors
from model.gallery import Gallery, rows
from model.losses import info_nce
from model.measured import measured_gallery
from model.mix import HARD, Shares, all_random, mix_at
from model.negatives import Sampler

SEEDS, STEPS, BATCH, NEGATIVES, WIDTH, RATE = "0,1,2,3,4", 400, 64, 8, 128, 2e-3
ARMS = {  # mix, hardest share, ramp
    "random": ("random=1", 0.0, 1.0),
    "proximity": (HARD, 0.8, 0.6),
    "harder": (HARD, 1.0, 0.0),
    "adamic-adar": ("shares=1", 0.8, 0.6),
}
COMMUNITIES, MEMBERS, FEATURES, APART = 24, 10, 64, 0.5


@dataclass(frozen=True)
class World:
    """Questions of a graph whose answer has an image."""

    name: str
    graph: Adjacency
    gallery: Gallery
    questions: NDArray[np.float32]  # (E, F) features of each triple's question
    triples: NDArray[np.int64]  # (T,) those whose tail has an image


class Retrieval(nn.Module):
    """Queries and images meet at length 1."""

    def __init__(self, question: int, image: int) -> None:
        super().__init__()
        self.query = nn.Sequential(nn.Linear(question, 256), nn.GELU(), nn.Linear(256, WIDTH))
        self.key = nn.Linear(image, WIDTH)
        self.scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def forward(self, questions: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map questions (N, F) and images (M, D) to (N, W) and (M, W)."""
        return functional.normalize(self.query(questions), dim=-1), functional.normalize(self.key(images), dim=-1)


def main() -> None:
    """Run what has not been run yet, and print the arms beside each other."""
    torch.set_num_threads(1)
    place = Path(os.environ.get("KWK_HOME") or default_home()) / "bench" / "proximity.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []
    graphs, arms, seeds = (
        os.environ.get(f"KWK_PROXIMITY_{name}", usual).split(",")
        for name, usual in (("GRAPHS", "generated,atlas"), ("ARMS", "random,proximity"), ("SEEDS", SEEDS))
    )
    for graph in graphs:
        world = generated() if graph == "generated" else stored(graph)
        for seed in map(int, seeds):
            for arm in arms:
                if not any((each["graph"], each["arm"], each["seed"]) == (world.name, arm, seed) for each in done):
                    recall, count = run(world, arm, seed)
                    done.append({"graph": world.name, "arm": arm, "seed": seed, "recall": recall, "asked": count})
                    with place.open("a") as file:
                        file.write(json.dumps(done[-1]) + "\n")
                    print(json.dumps(done[-1]), flush=True)
        told(world.name, done, [int(seed) for seed in seeds])


def told(graph: str, done: Sequence[dict[str, Any]], asked: Sequence[int]) -> None:
    """Print each arm's recall and its difference to random ones, with Student's interval over the paired seeds."""
    mine = [each for each in done if each["graph"] == graph]
    recall = {(each["arm"], each["seed"]): each["recall"] for each in mine}
    for arm in ARMS:
        seeds = [seed for seed in asked if (arm, seed) in recall and ("random", seed) in recall]
        if len(seeds) < 2:
            continue
        values = np.array([recall[arm, seed] for seed in seeds]) * 100
        gain = values - np.array([recall["random", seed] for seed in seeds]) * 100
        gap = over_seeds(gain.tolist())
        print(
            f"{graph} {arm}: recall@1 among confusables {values.mean():.1f} ± {values.std(ddof=1):.1f} %, against "
            f"random {gap.mean:+.1f} [{gap.low:.1f}, {gap.high:.1f}] points, {len(seeds)} seeds"
        )


def run(world: World, arm: str, seed: int) -> tuple[float, int]:
    """Train one arm and return recall@1 among confusables over the held-out triples, and how many these are."""
    train, test = split(world, seed)
    anchors = [anchors_of(world, part, seed) for part in (train, test)]
    sampler = Sampler(world.graph, world.gallery)
    torch.manual_seed(seed)
    network = Retrieval(world.questions.shape[1], world.gallery.descriptors.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), RATE)
    questions, images = torch.from_numpy(world.questions[train]), torch.from_numpy(world.gallery.descriptors)
    order = np.random.default_rng([seed, 1])
    for step in range(STEPS):
        rng = np.random.default_rng([seed, 2, step])
        chosen = order.choice(len(train), BATCH, replace=False)
        batch = part_of(anchors[0], chosen)
        drawn = sampler.draw(batch, NEGATIVES, shares_at(arm, step / STEPS), rng)
        queries, keys = network(questions[chosen], images)
        logits = network.scale.exp().clamp(max=100) * queries @ keys.T  # (B, G)
        place = torch.from_numpy(drawn.image).long().clamp(min=0)
        positive = logits.gather(1, torch.from_numpy(batch.image).long()[:, None])[:, 0]
        loss = info_nce(positive, logits.gather(1, place), torch.from_numpy(drawn.image >= 0))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.inference_mode():
        queries, keys = network(torch.from_numpy(world.questions[test]), images)
        scores = (queries @ keys.T).numpy()
    return recall(world, sampler, anchors[1], scores)


def shares_at(arm: str, progress: float) -> Shares:
    """Return an arm's mix."""
    return all_random() if arm == "random" else mix_at(progress, *ARMS[arm])


def recall(world: World, sampler: Sampler, anchors: Anchors, scores: NDArray[np.float32]) -> tuple[float, int]:
    """Return how often the right image scores above all its confusables, and among how many triples."""
    allowed, right = sampler.allowed(anchors), []
    for i, entity in enumerate(anchors.entity.tolist()):
        weights = sampler.near.adamic_adar(entity)
        close = sampler.near.hops(entity) == 1
        if (weights > 0).any():
            close |= (weights > 0) & (weights >= np.quantile(weights[weights > 0], 0.9))
        images = world.gallery.images.gather(np.flatnonzero(close).astype(np.int32))
        images = images[allowed[i, images]]
        if len(images):
            right.append(scores[i, anchors.image[i]] > scores[i, images].max())
    return float(np.mean(right)), len(right)


def split(world: World, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part the triples into those that are learned and those that are asked, by (head, relation)."""
    graph = world.graph
    asked = graph.triple_heads()[world.triples].astype(np.int64) * len(graph.relations)
    asked += graph.outgoing.relation[world.triples]
    distinct, place = np.unique(asked, return_inverse=True)
    held = (np.random.default_rng([seed, 0]).random(len(distinct)) < 0.2)[place]
    return world.triples[~held], world.triples[held]


def anchors_of(world: World, triples: NDArray[np.int64], seed: int) -> Anchors:
    """Ask for the tails of triples; an image of each is drawn by the seed."""
    graph, images = world.graph, world.gallery.images
    heads, relations = graph.triple_heads()[triples], graph.outgoing.relation[triples]
    tails = graph.outgoing.neighbour[triples]
    rng = np.random.default_rng([seed, 3])
    image = np.array([rng.choice(images[tail]) for tail in tails.tolist()], np.int32)
    answers = [graph.tails(*each) for each in zip(heads.tolist(), relations.tolist(), strict=True)]
    return Anchors(image, tails, relations, np.ones(len(triples), np.bool_), answers, heads)


def part_of(anchors: Anchors, chosen: NDArray[np.int64]) -> Anchors:
    """Return some of the anchors."""
    columns = (anchors.image, anchors.entity, anchors.relation, anchors.asks_tail)
    answers = [anchors.answers[i] for i in chosen.tolist()]
    return Anchors(*(column[chosen] for column in columns), answers, anchors.subject[chosen])


def stored(name: str) -> World:
    """Read a graph; its questions are worded with the answer's name, as the model says it before <RET>.

    Of the atlas all triples are asked whose tail has images, of others those of which both entities have them.
    """
    with stores() as (driver, engine, _):
        graph, gallery = measured_gallery(driver, engine, name, told=False)
    tails = graph.outgoing.neighbour
    has = np.diff(gallery.images.start) > 0
    triples = np.flatnonzero(has[tails] if name == "atlas" else has[tails] & has[graph.triple_heads()])
    names = [each.name for each in graph.entities]
    texts = [
        f"{graph.relations[relation].label} of {names[head]}: {names[tail]}"
        for head, relation, tail in zip(
            graph.triple_heads()[triples].tolist(), graph.outgoing.relation[triples].tolist(), tails[triples].tolist(),
            strict=True,
        )
    ]  # fmt: skip
    features = minilm().encode(texts)
    questions = np.zeros((len(graph), features.shape[1]), np.float32)
    questions[triples] = features
    return World(name, graph, gallery, questions, triples)


def generated() -> World:
    """Make the positive control: what is near in the graph looks alike, in pictures and in words."""
    rng = np.random.default_rng(0)
    count = COMMUNITIES * MEMBERS
    community = np.repeat(np.arange(COMMUNITIES), MEMBERS)
    entities = [Vertex(f"e{n:03}", (f"E{n}",), (f"T{n % 3}",)) for n in range(count)]
    triples = {
        (f"e{a:03}", f"r{rng.integers(4)}", f"e{b:03}")
        for a in range(count)
        for b in [*rng.choice(np.flatnonzero(community == community[a]), 5), *rng.integers(count, size=1)]
        if a != b
    }
    graph = build("generated", entities, [Relation(f"r{n}", f"R{n}", f"r{n}") for n in range(4)], triples)
    looks, words = (kind_of(community, rng) for _ in range(2))
    shown = np.repeat(np.arange(count), 3)
    pictures = unit(looks[shown] + 0.15 * directions(len(shown), rng))
    own = rows([[int(entity)] for entity in shown])
    images = rows([np.flatnonzero(shown == n).astype(np.int32) for n in range(count)])
    near = rows([[n] for n in range(len(shown))])
    gallery = Gallery(
        tuple(str(n) for n in range(len(shown))), {}, np.zeros((0, 4, 1), np.float16), pictures, own, images, near,
        None,  # type: ignore[arg-type]
    )  # fmt: skip
    about = words[graph.outgoing.neighbour] + 0.3 * directions(count, rng)[graph.triple_heads()]
    questions = unit(about + 0.15 * directions(len(graph), rng))
    return World("generated", graph, gallery, questions, np.arange(len(graph)))


def kind_of(community: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a direction for each entity: its community's and half as much of its own. (N, FEATURES)"""
    return unit(directions(COMMUNITIES, rng)[community] + APART * directions(len(community), rng))


def directions(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return random directions of length 1."""
    return unit(rng.normal(size=(count, FEATURES)))


def unit(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale rows to length 1."""
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


if __name__ == "__main__":
    main()
