"""Facts taken out of the graph: how often they are answered as if they were still known (at most 2 % is asked for)."""

import os
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import neo4j

from dialogue.verbalise import question
from dialogue.wordings import HELD_OUT
from ingest.load import load
from ingest.sample import folder
from ingest.target import Target, choose_tower
from kg import removal, vectors
from kg.errors import CheckpointError
from kg.graph import connect
from kg.rdf import read_rdf
from kg.services import ensure
from kg.settings import ServiceSettings
from kg.stores import Stores
from kg.types import Source
from model import checkpoint
from model.run import Run
from model.run import load as load_run
from retrieval.answer import Answerer
from retrieval.assemble import open_answerer

GRAPH = "bench-removed"
FACTS = 200
SEED = 0

REMOVE = """
UNWIND $facts AS fact
MATCH (s:Entity {graph: $graph, id: fact.subject})-[r]-(o:Entity {graph: $graph})
WHERE r.relation = fact.relation AND (startNode(r) = s OR fact.symmetric)
DELETE r
"""


def main() -> None:
    """Load the atlas without its images, take facts out, ask for each in every wording; with and without a run."""
    home = Path(os.environ["KWK_HOME"])
    addresses = ensure(ServiceSettings(home), lambda text: None)
    driver, engine = connect(addresses.neo4j), vectors.connect(addresses.postgres)
    stores = Stores(driver, engine, addresses)
    try:
        source = replace(read_rdf([folder() / "atlas.ttl"], GRAPH), images=[])
        load(Target(driver, engine, GRAPH, home), source, choose_tower())
        runs: list[Run | None] = [None]
        try:
            runs.append(load_run(checkpoint.find(home, None, "atlas")))
        except CheckpointError:
            print("No run on 'atlas' is there; without one alone.")
        answerers = [open_answerer(stores, GRAPH, home, run) for run in runs]
        facts = take_out(driver, source)
        for run, answerer in zip(runs, answerers, strict=True):
            report(f"with the run {run.manifest.id}" if run else "without a run", answerer, facts)
    finally:
        removal.remove_graph(driver, engine, GRAPH)
        driver.close()


def take_out(driver: neo4j.Driver, source: Source) -> list[tuple[str, str]]:
    """Delete every edge that answers one of FACTS questions, both ways where the relation is symmetric."""
    asked = sorted({(triple.head, triple.relation) for triple in source.triples})
    chosen = random.Random(SEED).sample(asked, FACTS)  # noqa: S311
    facts = [
        {"subject": subject, "relation": relation, "symmetric": relation.endswith(":neighbour")}
        for subject, relation in chosen
    ]
    with driver.session() as session:
        session.run(REMOVE, graph=GRAPH, facts=facts).consume()
    names = {entity.id: entity.name for entity in source.entities}
    return [(relation, names[subject]) for subject, relation in chosen]


def report(title: str, answerer: Answerer, facts: list[tuple[str, str]]) -> None:
    """Ask for each fact in each wording and print how often an edge is cited, by wording."""
    relations = answerer.understanding.relations
    known: Counter[str] = Counter()
    for relation, name in facts:
        worded = relations.each[relations.by_path[relation]].wordings
        forms = len(worded.tail.forms)
        for form in range(forms):
            answer = answerer.ask(question(worded, "tail", form, name))
            kind = "kept for tests" if form == forms + HELD_OUT else f"wording {form + 1}"
            known[kind] += bool(answer.evidence)
            if answer.evidence:
                print(f"  {question(worded, 'tail', form, name)} -> {answer.text}")
    counts = ", ".join(f"{kind}: {n} ({n / len(facts):.1%})" for kind, n in sorted(known.items()))
    print(f"{len(facts)} facts taken out, answered as if known, {title}: {counts}")
